"""Bodies of requests: drawn at random, some as any host would take them and some as no host would."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from streamnorm import Profile, load_profile, provider_ids

PROFILES: dict[str, Profile | None] = {
    "nobody's": None,
    **{provider: load_profile(provider) for provider in provider_ids()},
}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 99), st.floats(allow_nan=False, width=16), texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["f", "get_weather", "find"])
ids = st.sampled_from(
    [
        *("", "call_1", "call_2", "call_abcdefghijklmnopqrstuvwx", "abc123DEF", "abc123DEG"),
        *("toolu_01A09q90qw90lq917835lq9", "functions.get_weather:0", "x" * 60, "é" * 9),
        "0b6a2f9c-13a5-4c0e-9c0b-3f8d2f1a7e55",
    ]
)
arguments = st.one_of(
    st.sampled_from(["", "{}", '{"a":1}', '{"a":', "[]", " ", "NaN"]),
    st.dictionaries(texts, scalars, max_size=2),
    st.none(),
)
parts = st.lists(
    st.one_of(
        st.builds(lambda text: {"type": "text", "text": text}, texts),
        st.just({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
    ),
    max_size=3,
)
contents = st.one_of(st.none(), texts, parts, values)


def some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


functions_called = some({"name": names}, {"arguments": arguments, "parsed_arguments": values})
calls = some(
    {"function": functions_called},
    {
        "id": ids | st.none(),
        "type": st.just("function"),
        "index": st.integers(0, 3),
        "extra_content": st.just({"google": {"thought_signature": "c2ln"}}),
    },
)
assistants = some(
    {"role": st.just("assistant")},
    {
        "content": contents,
        "tool_calls": st.lists(calls, max_size=3) | st.none(),
        "function_call": functions_called | st.none(),
        "refusal": st.none() | texts,
        "audio": st.none(),
        "annotations": st.just([]),
        "name": names,
        "reasoning_content": texts | st.none(),
        "reasoning": texts | st.none(),
        "reasoning_details": st.just([{"type": "reasoning.text", "text": "hm"}]),
        "parsed": st.none(),
    },
)
results = some(
    {"role": st.sampled_from(["tool", "function"]), "name": names},
    {"content": contents, "tool_call_id": ids | st.none()},
)
others = some(
    {"role": st.sampled_from(["system", "developer", "user"]), "content": contents},
    {"name": names},
)
schemas = st.one_of(
    st.none(),
    st.just({}),
    st.just({"type": "object"}),
    st.just(
        {
            "type": "object",
            "properties": {
                "place": {"type": "string", "minLength": 1, "description": "where"},
                "pair": {"type": "array", "items": [{"type": "number"}, {"type": "string"}]},
                "either": {"type": "string", "anyOf": [{"pattern": "^a"}, {"type": "string"}]},
                "inner": {"type": "object", "properties": {"pattern": {"type": "string"}}},
            },
            "required": ["place"],
        }
    ),
)
functions = some(
    {"name": names},
    {"parameters": schemas, "strict": st.booleans() | st.none(), "description": texts},
)
tools = st.builds(lambda function: {"type": "function", "function": function}, functions)
models = st.sampled_from(
    [
        *("m", "o3-mini", "gpt-5-mini", "kimi-k2-0905", "kimi-k3", "deepseek-reasoner", "glm-4.6"),
        *("grok-4", "claude-4", "deepseek-ai/deepseek-v3", "moonshotai/kimi-k2"),
    ]
)
named = st.builds(lambda name: {"type": "function", "function": {"name": name}}, names)
bodies = some(
    {
        "model": models,
        "messages": st.lists(st.one_of(assistants, results, others, assistants), max_size=6),
    },
    {
        "tools": st.lists(tools, max_size=3) | st.none(),
        "functions": st.lists(functions, max_size=2),
        "function_call": st.sampled_from(["auto", "none", {"name": "f"}]),
        "tool_choice": st.sampled_from(["auto", "none", "required", "any", None]) | named,
        "parallel_tool_calls": st.booleans(),
        "stream": st.booleans(),
        "stream_options": st.just({"include_usage": True}),
        "max_tokens": st.integers(1, 99),
        "max_completion_tokens": st.integers(1, 99) | st.none(),
        "temperature": st.floats(0, 2) | st.none() | st.integers(0, 2),
        "n": st.integers(1, 2) | st.none(),
        "seed": st.integers(0, 9),
        "random_seed": st.integers(0, 9),
        "response_format": st.sampled_from([{"type": "json_object"}, {"type": "text"}]),
        "thinking": st.sampled_from([{"type": "enabled"}, {"type": "disabled"}]),
        "data_sources": st.just([]),
        "store": st.booleans(),
        "stop": texts,
        "logit_bias": st.just({}),
        "frequency_penalty": st.floats(-2, 2),
        "user": texts,
    },
)
#: Anything at all where something is expected.
garbage = st.dictionaries(
    st.sampled_from(
        [
            *("model", "messages", "tools", "functions", "tool_choice", "function_call", "n"),
            *("temperature", "stream", "seed", "max_tokens", "response_format", "thinking"),
        ]
    )
    | texts,
    values
    | st.lists(
        st.dictionaries(
            st.sampled_from(["role", "content", "tool_calls", "tool_call_id", "function", "name"])
            | texts,
            values | st.sampled_from(["assistant", "tool", "function", "user", "developer"]),
            max_size=4,
        ),
        max_size=4,
    )
    | st.lists(assistants | results | others | calls, max_size=3),
    max_size=6,
)


def text_of(body: Any) -> bytes:
    """As it is sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
