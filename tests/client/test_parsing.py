"""Content and arguments become instances as the OpenAI SDK makes them."""

from __future__ import annotations

from typing import Any, Optional

import pydantic
import pytest
from bodies import call, completion
from pydantic.dataclasses import dataclass

import streamnorm
from streamnorm.client.errors import ContentFilterFinishReasonError, LengthFinishReasonError
from streamnorm.client.parsing import (
    checked_tools,
    is_parseable,
    parse_completion,
    response_format_param,
)
from streamnorm.client.types import ChatCompletion

openai = pytest.importorskip("openai", minversion="3.52")

from openai._models import construct_type  # noqa: E402 - after the skip
from openai.lib._parsing import _completions as theirs  # noqa: E402
from openai.types.chat import ChatCompletion as TheirCompletion  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")


class Step(pydantic.BaseModel):
    text: str
    next: Optional[Step] = None  # noqa: UP045 - as people write it


class Weather(pydantic.BaseModel):
    """The weather of a city."""

    city: str
    days: list[int] = []
    steps: list[Step] = []


@dataclass
class Point:
    x: int
    y: int = 0


OBJECT = {"name": "any", "strict": True, "parameters": {"type": "object"}}
LOOSE = {"type": "function", "function": {"name": "any", "parameters": {"type": "object"}}}
STRICT = {"type": "function", "function": OBJECT}


@pytest.mark.parametrize("kind", [Weather, Step, Point])
def test_a_class_becomes_the_same_response_format(kind: type) -> None:
    assert response_format_param(kind) == theirs.type_to_response_format_param(kind)


@pytest.mark.parametrize("kind", [int, dict, object])
def test_a_class_that_has_no_schema_is_refused_as_theirs_is(kind: type) -> None:
    for refuse in (response_format_param, theirs.type_to_response_format_param):
        with pytest.raises(TypeError):
            refuse(kind)


def test_a_dict_stays() -> None:
    assert response_format_param({"type": "json_object"}) == {"type": "json_object"}


@pytest.mark.parametrize("tool", [LOOSE, {"type": "custom", "custom": {"name": "x"}}])
def test_only_strict_functions_can_be_parsed(tool: dict[str, Any]) -> None:
    words = []
    for check in (checked_tools, theirs.validate_input_tools):
        with pytest.raises(ValueError, match=r"strict|function") as raised:
            check([STRICT, tool])
        words.append(str(raised.value))
    assert words[0] == words[1]


def test_strict_ones_pass() -> None:
    tools = [STRICT, streamnorm.pydantic_function_tool(Weather)]
    assert checked_tools(iter(tools)) == tools
    assert checked_tools(None) == []


@pytest.mark.parametrize(
    ("kind", "tools", "parseable"),
    [
        (Weather, [], True),
        (None, [LOOSE], False),
        (None, [STRICT], True),
        ({"type": "json_object"}, [], False),
        (None, [streamnorm.pydantic_function_tool(Weather)], True),
    ],
)
def test_what_there_is_to_parse(kind: Any, tools: list[Any], parseable: bool) -> None:
    assert is_parseable(kind, tools) is parseable


def parsed_by_both(
    body: dict[str, Any], kind: Any, tools: list[Any], their_tools: list[Any]
) -> tuple[Any, Any]:
    here = parse_completion(ChatCompletion.from_dict(body), response_format=kind, tools=tools)
    there = theirs.parse_chat_completion(
        response_format=openai.omit if kind is None else kind,
        input_tools=their_tools,
        chat_completion=construct_type(type_=TheirCompletion, value=body),  # type: ignore[arg-type]
    )
    return here, there


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (
            Weather,
            '{"city": "Oslo", "days": [1, 2], "steps": [{"text": "a", "next": {"text": "b"}}]}',
        ),
        (Point, '{"x": 1}'),
        (None, "plain"),
        (Weather, ""),
        (Weather, None),
    ],
)
def test_content_is_parsed_as_theirs_is(kind: Any, content: str | None) -> None:
    body = completion({"role": "assistant", "content": content, "refusal": None})
    here, there = parsed_by_both(body, kind, [], [])
    assert repr(here) == repr(there)
    assert here.choices[0].message.parsed == there.choices[0].message.parsed
    assert here.to_dict(exclude_none=True) == there.to_dict(exclude_none=True, warnings=False)


def test_arguments_are_parsed_as_theirs_are() -> None:
    calls = [
        call("a", "Weather", '{"city": "Oslo"}'),
        call("b", "any", '{"k": [1]}'),
        call("c", "loose", "{}"),
    ]
    body = completion({"role": "assistant", "content": None, "tool_calls": calls}, "tool_calls")
    ours, other = streamnorm.pydantic_function_tool(Weather), openai.pydantic_function_tool(Weather)
    here, there = parsed_by_both(body, None, [ours, STRICT], [other, STRICT])
    assert repr(here) == repr(there)
    parsed = [each.function.parsed_arguments for each in here.choices[0].message.tool_calls or ()]
    assert parsed == [Weather(city="Oslo"), {"k": [1]}, None]
    assert here.to_dict(exclude_none=True) == there.to_dict(exclude_none=True, warnings=False)


def test_the_sdks_own_tools_work_too() -> None:
    body = completion({"role": "assistant", "tool_calls": [call("a", "Weather", '{"city": "x"}')]})
    parsed = parse_completion(
        ChatCompletion.from_dict(body), tools=[openai.pydantic_function_tool(Weather)]
    )
    calls = parsed.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.parsed_arguments == Weather(city="x")  # type: ignore[union-attr]


def test_a_refusal_is_not_parsed() -> None:
    body = completion({"role": "assistant", "content": "{}", "refusal": "no"})
    assert (
        parse_completion(ChatCompletion.from_dict(body), response_format=Weather)
        .choices[0]
        .message.parsed
        is None
    )


@pytest.mark.parametrize(
    ("finish", "kind"),
    [("length", LengthFinishReasonError), ("content_filter", ContentFilterFinishReasonError)],
)
def test_a_cut_answer_is_an_error(finish: str, kind: type[Exception]) -> None:
    cut = ChatCompletion.from_dict(completion({"role": "assistant", "content": '{"ci'}, finish))
    with pytest.raises(kind) as raised:
        parse_completion(cut, response_format=Weather)
    assert raised.value.completion is cut  # type: ignore[attr-defined]


def test_what_was_not_promised_is_pydantics_error() -> None:
    body = ChatCompletion.from_dict(completion({"role": "assistant", "content": '{"town": 1}'}))
    with pytest.raises(pydantic.ValidationError):
        parse_completion(body, response_format=Weather)


def test_a_custom_call_is_kept() -> None:
    """Where the SDK breaks: it logs the name of a custom call, and the call has no such attribute by then."""
    custom = {"id": "b", "type": "custom", "custom": {"name": "grep", "input": "x"}}
    body = ChatCompletion.from_dict(completion({"role": "assistant", "tool_calls": [custom]}))
    assert (
        parse_completion(body).choices[0].message.tool_calls == body.choices[0].message.tool_calls
    )
