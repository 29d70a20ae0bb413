"""A body that does not stream: what is conformant stays as it came, what is not is put right in its place."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from bodies import call, completion, conformant_bodies
from corpus import CAPTURES, require
from hypothesis import given
from hypothesis import strategies as st
from strategies import VALUES, conformant_streams, tell
from test_captures import everything

from streamnorm import Normalizer
from streamnorm.client.completion import STREAM_FOR_BODY, read_completion
from streamnorm.client.errors import OpenAIError, ReportedError, StreamInvalid, StreamTruncated
from streamnorm.client.types import ChatCompletion

RESPONSE = httpx.Response(200, request=httpx.Request("POST", "http://host/v1/chat/completions"))


def read(body: Any, **options: Any) -> ChatCompletion:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_completion(data, Normalizer(**options), RESPONSE)


def codes(completion: ChatCompletion) -> set[str]:
    return {finding.code for finding in completion.findings}


@given(conformant_bodies())
def test_a_conformant_body_is_untouched(body: dict[str, Any]) -> None:
    read_back = read(body)
    assert read_back == ChatCompletion.from_dict(body)
    assert read_back.to_dict() == body
    assert codes(read_back) == set()


@given(conformant_bodies())
def test_its_result_is_that_of_the_same_message_streamed(body: dict[str, Any]) -> None:
    result = read(body).result
    assert result is not None
    for ours, choice in zip(result.choices, body["choices"], strict=True):
        message = choice["message"]
        assert (ours.message.content or "") == (message.get("content") or "")
        assert [made.id for made in ours.message.tool_calls] == [
            made["id"] for made in message.get("tool_calls") or ()
        ]


def test_arguments_as_an_object_become_text_and_each_call_keeps_its_own() -> None:
    calls = [{"function": {"name": "get", "arguments": {"city": city}}} for city in "ab"]
    answer = read(completion({"content": None, "tool_calls": calls}, "stop"))
    made = answer.choices[0].message.tool_calls
    assert made is not None
    assert [each.function.arguments for each in made] == ['{"city":"a"}', '{"city":"b"}']
    assert len({each.id for each in made}) == 2
    assert [each.type for each in made] == ["function", "function"]
    assert answer.choices[0].finish_reason == "tool_calls"
    assert codes(answer) == {
        "finish-stop-with-calls",
        "role-missing",
        "tool-arguments-object",
        "tool-id-missing",
        "tool-type-missing",
    }


def test_two_calls_alike_stay_two() -> None:
    calls = [call("c", "get", "{}"), call("c", "get", "{}")]
    made = read(completion({"role": "assistant", "tool_calls": calls}, "tool_calls"))
    assert len(made.choices[0].message.tool_calls or ()) == 2


@pytest.mark.parametrize("name", ["reasoning", "reasoning_text", "thinking"])
def test_reasoning_goes_by_one_name(name: str) -> None:
    answer = read(completion({"role": "assistant", "content": "4", name: "2+2"}))
    message = answer.choices[0].message
    assert message.reasoning_content == "2+2"
    assert name not in message.model_extra


def test_content_in_parts_becomes_text() -> None:
    parts = [{"type": "thinking", "thinking": "so"}, {"type": "text", "text": "Hi"}]
    message = read(completion({"role": "assistant", "content": parts})).choices[0].message
    assert (message.content, message.reasoning_content) == ("Hi", "so")


def test_a_legacy_call_becomes_a_tool_call_or_stays_as_asked() -> None:
    legacy = {
        "role": "assistant",
        "content": None,
        "function_call": {"name": "f", "arguments": "{}"},
    }
    body = completion(legacy, "function_call")
    message = read(body).choices[0].message
    assert message.function_call is None
    assert [made.function.name for made in message.tool_calls or ()] == ["f"]
    assert read(body, legacy=True).to_dict() == body


def test_a_call_in_the_text_is_taken_out() -> None:
    text = '<tool_call>\n{"name": "get", "arguments": {"a": 1}}\n</tool_call>'
    body = completion({"role": "assistant", "content": text})
    tools = [call("", "get", "")]
    del tools[0]["id"], tools[0]["function"]["arguments"]
    message = read(body, tools=tools, repairs=["leak-hermes"]).choices[0].message
    assert message.content is None
    assert [json.loads(made.function.arguments) for made in message.tool_calls or ()] == [{"a": 1}]


def test_choices_without_an_index_do_not_mix() -> None:
    choices = [{"message": {"role": "assistant", "content": text}} for text in "xy"]
    answer = read(completion({}) | {"choices": choices})
    assert [(each.index, each.message.content) for each in answer.choices] == [(0, "x"), (1, "y")]
    assert "choice-index-missing" in codes(answer)


def test_choices_stay_in_the_order_they_came_in() -> None:
    body = completion({})
    body["choices"] = [
        {"index": at, "message": {"role": "assistant", "content": str(at)}, "finish_reason": "stop"}
        for at in (2, 0, 1)
    ]
    assert read(body).to_dict() == body


@pytest.mark.parametrize("wrapper", ["result", "data"])
def test_a_wrapper_is_taken_off(wrapper: str) -> None:
    body = completion({"role": "assistant", "content": "Hi"})
    answer = read({wrapper: body})
    assert answer.to_dict() == body
    assert codes(answer) == {"chunk-wrapped"}


def test_tools_are_validated() -> None:
    tool = {
        "type": "function",
        "function": {
            "name": "get",
            "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}},
        },
    }
    body = completion({"role": "assistant", "tool_calls": [call("c", "get", '{"n": "x"}')]}, "stop")
    result = read(body, tools=[tool]).result
    assert result is not None
    validation = result.message.tool_calls[0].validation
    assert validation is not None
    assert not validation.ok


@pytest.mark.parametrize(
    ("body", "words", "code"),
    [
        ({"error": {"message": "overloaded", "code": 429, "type": "busy"}}, "overloaded", "429"),
        ([{"error": {"message": "overloaded", "code": 503}}], "overloaded", "503"),
        ({"detail": "no such model"}, "no such model", None),
        ({"object": "error", "message": "too long", "code": 40303}, "too long", "40303"),
        ({"choices": [], "error": {"message": "filtered"}}, "filtered", None),
    ],
)
def test_an_error_in_the_body_is_raised_with_the_servers_words(
    body: Any, words: str, code: str | None
) -> None:
    with pytest.raises(ReportedError, match=words) as raised:
        read(body)
    assert raised.value.code == code


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b"[]", b'"x"', b'{"choices":null}']
)
def test_what_is_no_completion_is_named(body: bytes) -> None:
    with pytest.raises(StreamInvalid) as raised:
        read(body)
    assert body[:5].decode() in str(raised.value)


def test_a_stream_in_place_of_a_body_is_read_all_the_same() -> None:
    require(CAPTURES / "index.json")
    read_streams = 0
    for name, body in everything()[::9]:
        told = tell(body)
        if not told.complete or not body.startswith(b"data:"):
            continue
        read_streams += 1
        answer = read(body)
        assert STREAM_FOR_BODY in codes(answer)
        assert answer.result == told.result, name
        for ours, choice in zip(told.result.choices, answer.choices, strict=True):
            assert (choice.message.content or "") == (ours.message.content or "")
            made = [
                (each.id, each.function.arguments)
                for each in choice.message.tool_calls or ()
                if each.type == "function"
            ]
            assert made == [
                (each.id, each.arguments)
                for each in ours.message.tool_calls
                if each.type == "function"
            ], name
    assert read_streams > 70


@given(conformant_streams())
def test_a_stream_that_breaks_off_is_truncated(stream: Any) -> None:
    with pytest.raises(StreamTruncated) as raised:
        read(stream.body[: stream.last_finish - 2])
    assert raised.value.partial is not None


_ODD = st.recursive(
    VALUES | st.sampled_from(["assistant", "stop", "function", {}, [], [{}]]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "delta", "tool_calls", "function", "index", "content", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["choices", "id", "object", "usage", "error"]), _ODD) | _ODD)
def test_any_json_is_a_completion_or_one_of_our_errors(body: Any) -> None:
    try:
        answer = read(body)
    except OpenAIError:
        return
    assert isinstance(answer, ChatCompletion)
    repr(answer), answer.model_dump_json()


@given(st.binary(max_size=80))
def test_any_bytes_too(body: bytes) -> None:
    with pytest.raises(OpenAIError):
        read(body)
