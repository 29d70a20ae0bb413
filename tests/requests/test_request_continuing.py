"""A conversation that was recorded with one provider can go on with any other: what each takes is written down here once more,
apart from the profiles, from the same reports."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from corpus import facts

from streamnorm import load_profile
from streamnorm.requests import prepare

#: How providers number the calls of one conversation: 24 characters after `call_`, with `toolu_`, 9 letters and digits, a UUID,
#: nothing at all, 60 characters that begin alike, the name of the function, and the number in the turn.
IDS: dict[str, Callable[[int], str | None]] = {
    "openai": lambda n: f"call_{n:024d}",
    "toolu": lambda n: f"toolu_01A09q90qw90lq917835lq{n}",
    "nine": lambda n: f"abcdEFG{n:02d}",
    "uuid": lambda n: f"0b6a2f9c-13a5-4c0e-9c0b-3f8d2f1a{n:04d}",
    "empty": lambda n: "",
    "absent": lambda n: None,
    "long": lambda n: "chatcmpl-tool-" + "0123456789" * 4 + f"{n:06d}",
    "dotted": lambda n: f"functions.get_weather:{n}",
    "like cut": lambda n: f"tooluse_{n}" * 5,
}


def recorded(style: str) -> list[dict[str, Any]]:
    """Five turns of a user: two calls at once, text, an answer that was cut off, a call by an odd server, and a question."""
    id_of = IDS[style]

    def call(number: int, arguments: Any) -> dict[str, Any]:
        made = {"id": id_of(number), "type": "function", "index": number % 2}
        if made["id"] is None:
            del made["id"]
        return {**made, "function": {"name": "get_weather", "arguments": arguments}}

    def result(number: int, content: Any) -> dict[str, Any]:
        answer = {"role": "tool", "tool_call_id": id_of(number), "content": content}
        return {key: value for key, value in answer.items() if value is not None}

    return [
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": "Paris and Rome?"},
        {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "annotations": [],
            "function_call": None,
            "reasoning_content": "Two cities.",
            "tool_calls": [call(0, '{"city":"Paris"}'), call(1, '{"city":"Rome"}')],
        },
        result(0, "sunny"),
        result(1, {"sky": "grey"}),
        {
            "role": "user",
            "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "Oslo?"}],
        },
        {"role": "assistant", "content": "I do not know."},
        {"role": "user", "content": "Look it up."},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "Well?"},
        {"role": "assistant", "tool_calls": [call(2, {"city": "Oslo"})]},
        result(2, '{"sky":"blue"}'),
        {"role": "assistant", "content": "Blue."},
        {"role": "user", "content": "Here?"},
        {"role": "assistant", "content": None, "tool_calls": [call(3, "")]},
        {**result(3, "fog"), "name": "get_weather", "role": "function" if id_of(3) else "tool"},
    ]


def in_the_older_style() -> list[dict[str, Any]]:
    """The same with `function_call`, and one result whose call nobody kept."""
    named = {"role": "function", "name": "get_weather"}
    return [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Paris?"},
        {
            "role": "assistant",
            "content": None,
            "function_call": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
        },
        {**named, "content": "sunny"},
        {"role": "user", "content": "Rome?"},
        {**named, "tool_call_id": "call_" + "r" * 50, "content": "grey"},
        {**named, "tool_call_id": "call_" + "s" * 50, "content": "wet"},
        {"role": "assistant", "content": "Grey."},
        {"role": "user", "content": "Oslo?"},
        {
            "role": "assistant",
            "content": "",
            "function_call": {"name": "get_weather", "arguments": ""},
        },
        {**named, "content": None},
        {"role": "assistant", "content": "Blue."},
        {"role": "user", "content": "Bonn?"},
        {"role": "assistant", "content": "No."},
        {"role": "user", "content": "Why?"},
    ]


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "minLength": 1}},
                "required": ["city"],
            },
        },
    },
    {"type": "function", "function": {"name": "now"}},
]
ASKED: dict[str, Any] = {
    "tools": TOOLS,
    "tool_choice": "required",
    "parallel_tool_calls": True,
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_completion_tokens": 100,
    "temperature": 1.5,
    "seed": 7,
    "store": False,
    "service_tier": "auto",
    "frequency_penalty": 0.5,
    "stop": ["\n\n"],
}
MODELS = {
    "openai": "o3-mini",
    "azure-openai": "o3-mini",
    "moonshot": "kimi-k2-0905-preview",
    "deepseek": "deepseek-reasoner",
    "xai": "grok-4",
    "zai": "glm-4.6",
}


def takes_any_host(body: dict[str, Any]) -> None:
    """What the protocol itself asks of a conversation with calls, and what follows from it everywhere."""
    waiting: list[str] = []
    seen: set[str] = set()
    for message in body["messages"]:
        assert message["role"] in ("system", "developer", "user", "assistant", "tool")
        if message["role"] == "tool":
            assert isinstance(message["content"], str)
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, "a call without its result"
        assert "function_call" not in message
        for call in message.get("tool_calls", ()):
            assert call["type"] == "function"
            assert "index" not in call
            assert call["id"]
            assert call["id"] not in seen
            seen.add(call["id"])
            waiting.append(call["id"])
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
    assert not waiting
    for tool in body["tools"]:
        assert tool["function"]["parameters"]["type"] == "object"
        assert "properties" in tool["function"]["parameters"]


def assistants(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in body["messages"] if message["role"] == "assistant"]


def callers(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in assistants(body) if message.get("tool_calls")]


def call_ids(body: dict[str, Any]) -> list[str]:
    return [call["id"] for message in callers(body) for call in message["tool_calls"]]


def roles(body: dict[str, Any]) -> list[str]:
    return [message["role"] for message in body["messages"]]


def functions(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [tool["function"] for tool in body["tools"]]


def openai(body: dict[str, Any]) -> None:
    assert all(len(id_) <= 40 for id_ in call_ids(body))
    assert "max_tokens" not in body
    assert body["max_completion_tokens"] == 100
    assert "parallel_tool_calls" not in body, "not for the o-series"
    known = {"role", "content", "name", "refusal", "audio", "tool_calls", "reasoning_content"}
    assert all(message.keys() <= known for message in assistants(body))
    assert functions(body)[0]["parameters"]["additionalProperties"] is False


def azure(body: dict[str, Any]) -> None:
    assert "max_tokens" not in body
    assert body["stream_options"], "refused with data_sources only"


def empower(body: dict[str, Any]) -> None:
    assert body["tool_choice"] == "any"
    assert all(json.loads(m["content"]) != "" for m in body["messages"] if m["role"] == "tool")
    assert all(message.get("content") or message.get("tool_calls") for message in assistants(body))
    assert "assistant assistant" not in " ".join(roles(body))


def mistral(body: dict[str, Any]) -> None:
    assert all(re.fullmatch("[a-zA-Z0-9]{9}", id_) for id_ in call_ids(body))
    assert body["tool_choice"] == "any"
    assert body["random_seed"] == 7
    assert body["max_tokens"] == 100
    unknown = {"stream_options", "seed", "store", "service_tier", "max_completion_tokens"}
    assert unknown.isdisjoint(body)
    assert not any("strict" in function for function in functions(body))
    assert "tool user" not in " ".join(roles(body))
    assert all(message.get("content") or message.get("tool_calls") for message in assistants(body))
    for message in assistants(body):
        assert message.keys() <= {"role", "content", "tool_calls", "prefix"}


def groq(body: dict[str, Any]) -> None:
    assert all(isinstance(m["content"], str) for m in body["messages"] if m["role"] == "system")
    for message in assistants(body):
        assert message.keys() <= {"role", "content", "name", "tool_calls"}


def deepseek(body: dict[str, Any]) -> None:
    assert "developer" not in roles(body)
    assert all(isinstance(m["content"], str | None) for m in body["messages"] if "content" in m)
    assert "tool_choice" not in body, "no choice while thinking"
    assert all(message["reasoning_content"] for message in callers(body))


def xai(body: dict[str, Any]) -> None:
    assert "developer" not in roles(body)
    assert not any("name" in message for message in body["messages"])
    assert not any("strict" in function for function in functions(body))
    assert {"stop", "frequency_penalty", "max_completion_tokens"}.isdisjoint(body)


def alibaba(body: dict[str, Any]) -> None:
    assert "developer" not in roles(body)
    assert not any("reasoning_content" in message for message in assistants(body))


def zai(body: dict[str, Any]) -> None:
    assert "developer" not in roles(body)
    assert body["tool_stream"] is True
    assert body["max_tokens"] == 100


def moonshot(body: dict[str, Any]) -> None:
    assert body["tool_choice"] == "auto"
    assert body["temperature"] <= 1
    assert all(isinstance(m["content"], str | None) for m in body["messages"] if "content" in m)


def cerebras(body: dict[str, Any]) -> None:
    assert "developer" not in roles(body)
    assert {"parallel_tool_calls", "frequency_penalty", "service_tier"}.isdisjoint(body)
    assert not any("reasoning_content" in message for message in assistants(body))
    schema = functions(body)[0]["parameters"]
    assert schema["additionalProperties"] is False
    assert "minLength" not in schema["properties"]["city"]


def ollama(body: dict[str, Any]) -> None:
    assert all(isinstance(message["content"], str) for message in callers(body))
    assert all(message["name"] for message in body["messages"] if message["role"] == "tool")
    assert not any("strict" in function for function in functions(body))


def vllm(body: dict[str, Any]) -> None:
    assert all("content" in message for message in callers(body))
    assert not any("strict" in function for function in functions(body))


def sglang(body: dict[str, Any]) -> None:
    assert all("content" in message for message in callers(body))


def openrouter(body: dict[str, Any]) -> None:
    assert body["max_tokens"] == 100
    assert "max_completion_tokens" not in body


def fireworks(body: dict[str, Any]) -> None:
    assert "stream_options" not in body


def nothing_more(body: dict[str, Any]) -> None:
    """No limit of its own is known."""


LIMITS: dict[str, Callable[[dict[str, Any]], None]] = {
    "openai": openai,
    "azure-openai": azure,
    "empower": empower,
    "mistral": mistral,
    "groq": groq,
    "deepseek": deepseek,
    "gemini-openai": nothing_more,
    "xai": xai,
    "alibaba": alibaba,
    "zai": zai,
    "moonshot": moonshot,
    "minimax": nothing_more,
    "openrouter": openrouter,
    "together": nothing_more,
    "fireworks": fireworks,
    "cerebras": cerebras,
    "ollama": ollama,
    "vllm": vllm,
    "sglang": sglang,
    "llamacpp": nothing_more,
}


def test_the_limits_of_every_tier_1_provider_are_written_here() -> None:
    assert {p["id"] for p in facts("providers.json") if p["tier"] == 1} == LIMITS.keys()


@pytest.mark.parametrize("host", LIMITS)
@pytest.mark.parametrize("style", [*IDS, "older"])
def test_a_conversation_goes_on_with_another_provider(style: str, host: str) -> None:
    history = in_the_older_style() if style == "older" else recorded(style)
    body = {"model": MODELS.get(host, "m"), "messages": history, **ASKED}
    if style == "older":
        body |= {"functions": [tool["function"] for tool in TOOLS], "function_call": "auto"}
        body["tool_choice"] = "required"
        del body["tools"]
    before = copy.deepcopy(body)
    # By itself it leaves the older style to a host that knows it.
    sent = prepare(body, load_profile(host), style="tools")
    assert body == before
    assert sent.legacy == (style == "older")
    takes_any_host(sent.body)
    LIMITS[host](sent.body)
    # Nobody's words were lost on the way, and no call.
    text = json.dumps(sent.body, ensure_ascii=False)
    for words in ("Paris", "sunny", "Oslo", "grey", "Blue."):
        assert words in text
    assert len(call_ids(sent.body)) == 4
    again = prepare(sent.body, load_profile(host))
    assert again.content == sent.content


def test_what_was_sent_grows_at_its_end_only() -> None:
    """So that a server's cache of the prompt still holds: the ids of earlier turns stay the same."""
    profile = load_profile("mistral")
    for style in IDS:
        history = recorded(style)
        longer = [
            *history,
            {"role": "assistant", "content": "Fog."},
            {"role": "user", "content": "?"},
        ]
        first = prepare({"messages": history}, profile).body["messages"]
        assert prepare({"messages": longer}, profile).body["messages"][: len(first)] == first
