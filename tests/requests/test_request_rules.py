"""Each rule, by the bytes that are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from request_bodies import PROFILES, text_of

from streamnorm import Profile, load_profile
from streamnorm.errors import RequestError
from streamnorm.profiles import REQUEST_RULES, RequestClaim
from streamnorm.requests import Learned, RequestFinding, explain, learn, prepare
from streamnorm.requests.catalogue import PASSED
from streamnorm.requests.options import OPTIONS

USER = {"role": "user", "content": "hi"}
TOOL = {
    "type": "function",
    "function": {"name": "f", "parameters": {"type": "object", "properties": {}}},
}
OTHER = {
    "type": "function",
    "function": {"name": "g", "parameters": {"type": "object", "properties": {}}},
}
NAMED = {"type": "function", "function": {"name": "g"}}


def call(id_: Any = "abc123DEF", arguments: Any = "{}", name: str = "f") -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, **more, "tool_calls": list(calls)}


def result(content: Any = "ok", id_: Any = "abc123DEF", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id_, "content": content, **more}


def with_messages(*messages: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages)}


def with_fields(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [USER], **fields}


def with_parameters(schema: Any, **more: Any) -> dict[str, Any]:
    function = {"name": "f", **more, "parameters": schema}
    return with_fields(tools=[{"type": "function", "function": function}])


def of_a_host_with(rule: str, **options: Any) -> Profile:
    """A profile that names this rule alone."""
    plain = load_profile("together")
    model = OPTIONS.get(rule)
    made = model.model_validate(options) if model else None
    claim = RequestClaim(rule=rule, source="here", checked=plain.checked, options=made)
    return plain.model_copy(update={"request": [claim]})


class Case(NamedTuple):
    rule: str
    host: str | Profile | None
    given: dict[str, Any]
    sent: dict[str, Any]


def case(rule: str, host: str | Profile | None, given: Any, sent: Any) -> Any:
    name = host if isinstance(host, str) else "own" if host else "nobody's"
    return pytest.param(Case(rule, host, given, sent), id=f"{rule}-{name}")


def changed(body: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """With these fields; `...` takes one out."""
    return {key: value for key, value in {**body, **fields}.items() if value is not ...}


ASKED = with_fields(tools=[TOOL, OTHER])
STREAMED = with_fields(stream=True, stream_options={"include_usage": True})
DEEP = {
    "type": "object",
    "properties": {"a": {"type": "object", "properties": {}}},
    "required": ["a"],
}
CLOSED = {
    "type": "object",
    "properties": {"a": {"type": "object", "properties": {}, "additionalProperties": False}},
    "required": ["a"],
    "additionalProperties": False,
}
THINKING = {"model": "deepseek-reasoner", "messages": [USER, calling(call()), result()]}
PARTS = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
JSON_MODE = {"type": "json_object"}

CASES = [
    case("stream_options-rejected", "mistral", STREAMED, changed(STREAMED, stream_options=...)),
    case(
        "stream_options-rejected",
        "azure-openai",
        changed(STREAMED, data_sources=[]),
        changed(STREAMED, data_sources=[], stream_options=...),
    ),
    case(
        "parallel_tool_calls-rejected",
        "cerebras",
        changed(ASKED, parallel_tool_calls=True),
        ASKED,
    ),
    case(
        "parallel_tool_calls-rejected",
        "openai",
        changed(ASKED, model="o3-mini", parallel_tool_calls=True),
        changed(ASKED, model="o3-mini"),
    ),
    case(
        "parallel_tool_calls-rejected", None, with_fields(parallel_tool_calls=True), with_fields()
    ),
    case(
        "parallel_tool_calls-rejected",
        "nvidia-nim",
        changed(ASKED, model="moonshotai/kimi-k2", max_tokens=9),
        changed(ASKED, model="moonshotai/kimi-k2", max_tokens=9, parallel_tool_calls=False),
    ),
    case(
        "assistant-content-null-vs-empty",
        "cloudflare",
        with_messages(USER, calling(call()), result()),
        with_messages(USER, calling(call(), content=""), result()),
    ),
    case(
        "assistant-content-null-vs-empty",
        "bedrock-openai",
        with_messages(USER, calling(call(), content=""), result()),
        with_messages(USER, calling(call()), result()),
    ),
    case(
        "assistant-content-null-vs-empty",
        "vllm",
        with_messages(USER, {"role": "assistant", "tool_calls": [call()]}, result()),
        with_messages(
            USER, {"role": "assistant", "tool_calls": [call()], "content": None}, result()
        ),
    ),
    case(
        "assistant-content-null-vs-empty",
        of_a_host_with("assistant-content-null-vs-empty", refuses=["null"], write="absent"),
        with_messages(USER, calling(call()), result()),
        with_messages(USER, {"role": "assistant", "tool_calls": [call()]}, result()),
    ),
    case(
        "empty-assistant-message-rejected",
        "mistral",
        with_messages(USER, {"role": "assistant", "content": ""}, USER),
        with_messages(USER, USER),
    ),
    case(
        "developer-role-rejected",
        "deepseek",
        with_messages({"role": "developer", "content": "x"}, USER),
        with_messages({"role": "system", "content": "x"}, USER),
    ),
    case(
        "max_tokens-vs-max_completion_tokens",
        "openai",
        with_fields(max_tokens=5) | {"model": "gpt-5-mini"},
        with_fields(max_completion_tokens=5) | {"model": "gpt-5-mini"},
    ),
    case(
        "max_tokens-vs-max_completion_tokens",
        "xai",
        with_fields(max_tokens=5, max_completion_tokens=3),
        with_fields(max_tokens=3),
    ),
    case(
        "tool_choice-required-vs-any",
        "mistral",
        changed(ASKED, tool_choice="required"),
        changed(ASKED, tool_choice="any"),
    ),
    case(
        "tool_choice-required-vs-any",
        "empower",
        changed(ASKED, tool_choice=NAMED),
        changed(ASKED, tools=[OTHER], tool_choice="any"),
    ),
    case(
        "tool_choice-required-vs-any",
        "mistral",
        changed(
            ASKED,
            tool_choice={
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [NAMED]},
            },
        ),
        changed(ASKED, tools=[OTHER], tool_choice="auto"),
    ),
    case(
        "tool_choice-required-vs-any",
        "together",
        changed(ASKED, tool_choice="any"),
        changed(ASKED, tool_choice="required"),
    ),
    case(
        "tool_choice-unsupported-values",
        "deepinfra",
        changed(ASKED, tool_choice=NAMED),
        changed(ASKED, tool_choice="auto"),
    ),
    case(
        "tool_choice-unsupported-values",
        "deepseek",
        changed(ASKED, tool_choice="auto", thinking={"type": "enabled"}),
        changed(ASKED, thinking={"type": "enabled"}),
    ),
    case(
        "tool_choice-unsupported-values",
        "deepseek",
        changed(ASKED, tool_choice="none", model="deepseek-reasoner"),
        with_fields() | {"model": "deepseek-reasoner"},
    ),
    case(
        "tool_choice-none-garbles",
        "mistral",
        changed(ASKED, tool_choice="none", parallel_tool_calls=True),
        with_fields(),
    ),
    case(
        "strict-unsupported",
        "xai",
        with_parameters(DEEP, strict=True),
        with_parameters(DEEP),
    ),
    case(
        "schema-keywords-rejected",
        "cerebras",
        with_parameters(
            {
                "type": "object",
                "properties": {
                    "pattern": {"type": "string", "pattern": "^a", "minLength": 2},
                    "b": {"type": "string", "format": "date", "description": "When."},
                },
                "required": ["pattern", "b"],
                "additionalProperties": False,
            },
            strict=True,
        ),
        with_parameters(
            {
                "type": "object",
                "properties": {
                    "pattern": {"type": "string", "description": "pattern: ^a, minLength: 2"},
                    "b": {"type": "string", "description": "When. (format: date)"},
                },
                "required": ["pattern", "b"],
                "additionalProperties": False,
            },
            strict=True,
        ),
    ),
    case(
        "schema-keywords-rejected",
        "moonshot",
        with_parameters(
            {
                "type": "object",
                "properties": {
                    "a": {"type": "string", "anyOf": [{"minLength": 2}, {"enum": ["x"]}]},
                    "b": {"type": "array", "items": [{"type": "number"}, {"type": "string"}]},
                },
            }
        ),
        with_parameters(
            {
                "type": "object",
                "properties": {
                    "a": {
                        "anyOf": [
                            {"minLength": 2, "type": "string"},
                            {"enum": ["x"], "type": "string"},
                        ]
                    },
                    "b": {
                        "type": "array",
                        "items": {"anyOf": [{"type": "number"}, {"type": "string"}]},
                        "description": 'items, one after the other: [{"type": "number"}, {"type": "string"}]',
                    },
                },
            }
        ),
    ),
    case(
        "additionalProperties-false-required",
        "openai",
        with_parameters(DEEP, strict=True),
        with_parameters(CLOSED, strict=True),
    ),
    case(
        "noarg-schema-must-be-object",
        None,
        with_fields(tools=[{"type": "function", "function": {"name": "f"}}]),
        with_fields(tools=[TOOL]),
    ),
    case("noarg-schema-must-be-object", None, with_parameters({}), with_fields(tools=[TOOL])),
    case(
        "noarg-schema-must-be-object",
        None,
        with_parameters({"type": "object", "additionalProperties": False}),
        with_parameters({"type": "object", "additionalProperties": False, "properties": {}}),
    ),
    case(
        "content-must-be-string",
        "deepseek",
        with_messages({"role": "user", "content": PARTS}),
        with_messages({"role": "user", "content": "a\nb"}),
    ),
    case(
        "content-must-be-string",
        "groq",
        with_messages({"role": "system", "content": PARTS}, {"role": "user", "content": PARTS}),
        with_messages({"role": "system", "content": "a\nb"}, {"role": "user", "content": PARTS}),
    ),
    case(
        "tool-call-id-format",
        "mistral",
        with_messages(USER, calling(call("call_1")), result(id_="call_1")),
        with_messages(USER, calling(call("yytTGoYmC")), result(id_="yytTGoYmC")),
    ),
    case(
        "tool-call-id-format",
        None,
        with_messages(USER, calling(call("")), result(id_="")),
        with_messages(USER, calling(call("DCNDVknUd")), result(id_="DCNDVknUd")),
    ),
    case(
        "replay-strip-stream-only-keys",
        None,
        with_messages(
            USER,
            {
                **calling({"index": 0, **call()}, refusal=None, audio=None, annotations=[]),
                "function_call": None,
            },
            result(),
        ),
        with_messages(USER, calling(call()), result()),
    ),
    case(
        "replay-strip-stream-only-keys",
        "groq",
        with_messages(USER, calling({**call(), "extra_content": {}}, channel="final"), result()),
        with_messages(USER, calling(call()), result()),
    ),
    case(
        "arguments-must-be-valid-json-string",
        None,
        with_messages(USER, calling(call(arguments={"a": "é"}), call("abc123DEG", arguments=""))),
        with_messages(USER, calling(call(arguments='{"a":"é"}'), call("abc123DEG"))),
    ),
    case(
        "arguments-must-be-valid-json-string",
        "vllm",
        with_messages(USER, calling(call(arguments='{"a":')), result()),
        with_messages(USER, calling(call(arguments='{"_raw":"{\\"a\\":"}')), result()),
    ),
    case(
        "tool-result-must-be-string",
        None,
        with_messages(USER, calling(call()), result({"a": [1, None]})),
        with_messages(USER, calling(call()), result('{"a":[1,null]}')),
    ),
    case(
        "tool-result-must-be-string",
        "empower",
        with_messages(USER, calling(call()), result(PARTS)),
        with_messages(USER, calling(call()), result('"a\\nb"')),
    ),
    case(
        "tool-vs-function-role",
        None,
        with_messages(USER, calling(call()), {**result(), "role": "function", "name": "f"}),
        with_messages(USER, calling(call()), result(name="f")),
    ),
    case(
        "tool-vs-function-role",
        "ollama",
        with_messages(USER, calling(call(), content=""), result()),
        with_messages(USER, calling(call(), content=""), result(name="f")),
    ),
    case(
        "tool-vs-function-role",
        "together",
        with_messages(USER, {"role": "function", "name": "f", "content": "ok"}),
        with_messages(
            USER,
            calling(call("e9khqPDBI")),
            {"role": "tool", "name": "f", "content": "ok", "tool_call_id": "e9khqPDBI"},
        ),
    ),
    case(
        "tool-vs-function-role",
        "together",
        with_fields(functions=[TOOL["function"]], function_call={"name": "f"}),
        with_fields(
            tools=[TOOL],
            tool_choice={"type": "function", "function": {"name": "f"}},
            parallel_tool_calls=False,
        ),
    ),
    case(
        "no-user-after-tool",
        "mistral",
        with_messages(USER, calling(call()), result(), USER),
        with_messages(
            USER, calling(call()), result(), {"role": "assistant", "content": "OK."}, USER
        ),
    ),
    case(
        "multiple-system-messages",
        of_a_host_with("multiple-system-messages"),
        with_messages(
            USER, {"role": "system", "content": "a"}, {"role": "system", "content": PARTS}
        ),
        with_messages({"role": "system", "content": [{"type": "text", "text": "a"}, *PARTS]}, USER),
    ),
    case(
        "consecutive-assistant-rejected",
        "empower",
        with_messages(USER, {"role": "assistant", "content": "a"}, calling(call()), result('"ok"')),
        with_messages(
            USER, {"role": "assistant", "content": "a", "tool_calls": [call()]}, result('"ok"')
        ),
    ),
    case(
        "reasoning-must-be-replayed",
        "deepseek",
        THINKING,
        changed(THINKING, messages=[USER, calling(call()) | {"reasoning_content": " "}, result()]),
    ),
    case(
        "reasoning-must-be-replayed",
        "moonshot",
        with_messages(USER, {"role": "assistant", "content": "a", "reasoning": "hm"}),
        with_messages(USER, {"role": "assistant", "content": "a", "reasoning_content": "hm"}),
    ),
    case(
        "reasoning-must-not-be-replayed",
        "cerebras",
        with_messages(USER, {"role": "assistant", "reasoning_content": "hm", "content": "a"}),
        with_messages(USER, {"role": "assistant", "content": "a"}),
    ),
    case(
        "tool_stream-flag",
        "zai",
        changed(ASKED, model="glm-4.6", stream=True),
        changed(ASKED, model="glm-4.6", stream=True, tool_stream=True),
    ),
    case(
        "unknown-fields-rejected",
        "mistral",
        with_messages({**USER, "name": "Ann"}) | {"store": False},
        with_messages(USER),
    ),
    case(
        "unknown-fields-rejected",
        "mistral",
        with_messages(USER, {"role": "assistant", "content": None, "refusal": "No."}),
        with_messages(USER, {"role": "assistant", "content": "No."}),
    ),
    case(
        "unknown-fields-rejected",
        "xai",
        with_fields(stop="x") | {"model": "grok-4-fast"},
        with_fields() | {"model": "grok-4-fast"},
    ),
    case(
        "temperature-limits", "moonshot", with_fields(temperature=2), with_fields(temperature=1.0)
    ),
    case(
        "temperature-limits",
        "deepinfra",
        with_fields(temperature=0) | {"model": "mistralai/Mistral-7B-Instruct-v0.1"},
        with_fields(temperature=0.0001) | {"model": "mistralai/Mistral-7B-Instruct-v0.1"},
    ),
    case(
        "n-greater-than-one",
        "moonshot",
        with_fields(n=2, temperature=0.1),
        with_fields(n=2, temperature=0.3),
    ),
    case(
        "response_format-with-tools", None, with_fields(tools=[], tool_choice="auto"), with_fields()
    ),
    case("response_format-with-tools", "groq", changed(ASKED, response_format=JSON_MODE), ASKED),
    case(
        "response_format-with-tools",
        "groq",
        with_fields(stream=True, response_format=JSON_MODE),
        with_fields(stream=True),
    ),
    case("seed-renamed", "mistral", with_fields(seed=1), with_fields(random_seed=1)),
    case(
        "functions-only-legacy",
        of_a_host_with("functions-only-legacy"),
        with_messages(
            USER,
            calling(call(), call("abc123DEG", name="g"), content="I look."),
            result("one"),
            result("two", "abc123DEG"),
        )
        | {"tools": [TOOL], "tool_choice": "required", "parallel_tool_calls": True},
        with_messages(
            USER,
            {
                "role": "assistant",
                "content": "I look.",
                "function_call": {"name": "f", "arguments": "{}"},
            },
            {"role": "function", "content": "one", "name": "f"},
            {
                "role": "assistant",
                "content": None,
                "function_call": {"name": "g", "arguments": "{}"},
            },
            {"role": "function", "content": "two", "name": "g"},
        )
        | {"functions": [TOOL["function"]], "function_call": {"name": "f"}},
    ),
    case("max_tokens-default-too-low", "nvidia-nim", with_fields(), with_fields(max_tokens=16384)),
]

#: Rules that refuse a request instead of changing it.
REFUSALS = {
    "tools-unsupported-model": ("perplexity", ASKED, "takes no tools"),
    "n-greater-than-one": ("anthropic-compat", with_fields(n=2), "one choice a request"),
    "functions-only-legacy": (
        of_a_host_with("functions-only-legacy"),
        changed(ASKED, tool_choice="required"),
        "one function's name",
    ),
    "tool_choice-required-vs-any": (
        "mistral",
        changed(ASKED, tool_choice={"type": "function", "function": {"name": "h"}}),
        'no tool is called "h"; there are "f", "g"',
    ),
}


def profile_of(host: str | Profile | None) -> Profile | None:
    return load_profile(host) if isinstance(host, str) else host


@pytest.mark.parametrize("given", CASES)
def test_a_rule_changes_the_bytes_that_are_sent(given: Case) -> None:
    sent = prepare(given.given, profile_of(given.host))
    assert sent.content.decode() == text_of(given.sent).decode()
    assert {finding.code for finding in sent.findings} >= {f"request-{given.rule}"}
    for finding in sent.findings:
        assert finding.rule == REQUEST_RULES[finding.code.removeprefix("request-")]


@pytest.mark.parametrize("given", CASES)
def test_what_a_rule_asks_for_is_left_as_it_is(given: Case) -> None:
    sent = prepare(given.sent, profile_of(given.host))
    assert sent.content == text_of(given.sent)
    assert sent.findings == ()


@pytest.mark.parametrize("rule", REFUSALS)
def test_a_rule_refuses_what_cannot_be_done(rule: str) -> None:
    host, body, says = REFUSALS[rule]
    with pytest.raises(RequestError, match=says):
        prepare(body, profile_of(host))


def test_every_rule_is_shown_here() -> None:
    shown = {param.values[0].rule for param in CASES} | REFUSALS.keys()
    assert shown | PASSED.keys() == REQUEST_RULES.keys()
    assert shown.isdisjoint(PASSED)


@pytest.mark.parametrize("host", PROFILES)
def test_a_plain_request_goes_out_as_it_came(host: str) -> None:
    """What any host takes, with calls in its history and none offered."""
    body = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            USER,
            {"role": "assistant", "content": "ä\u2028"},
            USER,
            {"role": "assistant", "content": "I look.", "tool_calls": [call()]},
            result('"ok"', name="f"),
        ],
        "temperature": 0.5,
        "max_tokens": 100,
        "stream": True,
        "extra": {"thinking": [1.0, 1e3, -0.0, None]},
    }
    if host == "xai":
        del body["messages"][-1]["name"]  # type: ignore[index]
    sent = prepare(body, PROFILES[host])
    assert sent.content == text_of(body)
    assert sent.findings == ()
    assert sent.call_ids == {"abc123DEF": "abc123DEF"}


def test_the_tools_for_judging_arguments_are_the_callers_own() -> None:
    body = with_parameters(DEEP, strict=True)
    sent = prepare(body, load_profile("cerebras"))
    assert sent.tools == tuple(body["tools"])
    assert sent.body["tools"] != body["tools"]
    legacy = prepare(with_fields(functions=[TOOL["function"]]), load_profile("together"))
    assert legacy.tools == (TOOL["function"],)
    assert legacy.legacy


def test_no_keyword_that_a_strict_host_refuses_is_left() -> None:
    """Held against what the linter knows of the same host."""
    from streamnorm.arguments.strict import lint_strict

    words: dict[str, Any] = {"minLength": 1, "maxLength": 5, "pattern": "a", "format": "date"}
    items = {"type": "array", "items": {"type": "string", **words}, "minItems": 1, "maxItems": 3}
    schema = {"type": "object", "properties": {"a": items}, "required": ["a"]}
    body = with_parameters(schema, strict=True)
    assert lint_strict(body["tools"][0], "cerebras")
    assert lint_strict(prepare(body, load_profile("cerebras")).body["tools"][0], "cerebras") == []


def test_the_seed_that_answers_calls_in_the_older_role_works_everywhere() -> None:
    """Tool calls answered by `function` messages, and the assistant's own turn never kept (seed 000)."""
    asked = [USER]
    for number in range(2):
        answer = {
            "tool_call_id": f"call_{number}",
            "role": "function",
            "name": "f",
            "content": "{}",
        }
        asked.append(answer)
    body = {"model": "m", "messages": asked}
    for host in (None, "openai"):
        assert prepare(body, profile_of(host)).body == body, "known there, or nobody knows"
    sent = prepare(body, load_profile("groq"))
    assert [message["role"] for message in sent.body["messages"]] == [
        *("user", "assistant", "tool", "tool")
    ]
    assert [c["id"] for c in sent.body["messages"][1]["tool_calls"]] == ["call_0", "call_1"]
    assert "the arguments are not known" in explain(sent)


def test_message_objects_are_taken_as_they_come() -> None:
    """The SDK's own messages, and ours."""
    from openai.types.chat import ChatCompletionMessage

    from streamnorm.dialects.chat.types import ChoiceDelta

    wire = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "tool_calls": [call()],
    }
    expected = with_messages(USER, calling(call()), result())
    for message in (ChatCompletionMessage.model_validate(wire), ChoiceDelta.from_dict(wire)):
        sent = prepare({"model": "m", "messages": iter((USER, message, result()))})
        assert json.loads(sent.content) == expected


def test_a_refusal_that_names_what_we_added_is_tried_again_without_it_once() -> None:
    learned = Learned()
    profile = load_profile("together")
    wishes = {"stream_options": {"include_usage": True}}
    base_url = "https://api.example.com/v1"

    def ask(**fields: Any) -> Any:
        return prepare(
            with_fields(stream=True, **fields),
            profile,
            wishes=wishes,
            base_url=base_url,
            learned=learned,
        )

    words = '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"]}]}'
    first = ask()
    assert first.body["stream_options"] == {"include_usage": True}
    assert learn(500, words, first) is None
    assert learn(400, "no_stream_options_here", first) is None
    assert learn(400, '{"error":"model not found"}', first) is None
    mine = ask(stream_options={"include_usage": False})
    assert learn(422, words, mine) is None, "the caller wrote it"
    second = learn(422, words, first)
    assert second is not None
    assert second.body == with_fields(stream=True)
    assert learn(422, words, second) is None
    assert "stream_options" not in ask().body, "remembered"
    assert ask(stream_options={}).body["stream_options"] == {}, "but the caller may try"


def test_an_answer_in_the_older_style_has_one_call_unless_the_host_refuses_to_promise_it() -> None:
    sent = prepare(with_fields(functions=[TOOL["function"]]), load_profile("together"))
    assert sent.body["parallel_tool_calls"] is False
    again = learn(400, "Unsupported parameter: parallel_tool_calls", sent)
    assert again is not None
    assert "parallel_tool_calls" not in again.body
    assert again.legacy


def test_a_request_is_explained_with_its_reasons() -> None:
    sent = prepare(with_fields(seed=1), load_profile("mistral"))
    told = explain(sent)
    assert told.startswith("For Mistral, 1 change.\n{\n")
    assert '"random_seed": 1' in told
    assert told.splitlines()[-1] == (
        "/seed was 1: sent as random_seed. Send the seed under this host's own name for it. "
        "(PyPI litellm==1.109.1 wheel: litellm/llms/mistral/chat/transformation.py)"
    )
    assert "hi" not in repr(sent)
    assert explain(prepare(with_fields())).startswith("For a provider that has no profile, nothing")
    assert isinstance(sent.findings[0], RequestFinding)
