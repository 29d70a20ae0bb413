"""A rejection says that no continuation could be valid, and that is so."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Told, chunk, continuing, judge, opening, sse, tell

from streamnorm import LocalError, Normalizer
from streamnorm.arguments.live import LiveArguments, Path, pointer_of
from streamnorm.arguments.reject import Applicable, Rejector
from streamnorm.events import ArgumentsDelta, ArgumentsRejected, ToolCallFinished

Schema = Any


def draft_of(schema: dict[str, Any]) -> Any:
    return jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)


def rejector(schema: dict[str, Any]) -> Rejector:
    whole = draft_of(schema)(schema)

    def check(value: Any, part: Schema, _: Path) -> str | None:
        return next((error.message for error in whole.descend(value, part)), None)

    return Rejector(Applicable(schema, draft_of(schema)), check)


def rejected(schema: dict[str, Any], text: str) -> tuple[int, Path] | None:
    """How much of a text had come, and where in it the value is, when it was first rejected."""
    watch, live = rejector(schema), LiveArguments()
    live.names = []
    for at, char in enumerate(text, start=1):
        completed = live.feed(char)
        for _, path in live.names:
            if watch.name(path):
                return at, path
        for done in completed:
            if watch.value(done.path, done.value):
                # What follows a number is no part of it.
                return at - (type(done.value) in (int, float)), done.path
    return None


CITY = {
    "type": "object",
    "properties": {
        "unit": {"enum": ["celsius", "fahrenheit"]},
        "days": {"$ref": "#/$defs/days"},
        "places": {"type": "array", "items": {"type": "string", "maxLength": 5}},
        "where": {
            "type": "object",
            "properties": {"lat": {"type": "number"}},
            "additionalProperties": False,
        },
        "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "$defs": {"days": {"type": "integer", "minimum": 1}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"unit": "kelvin"|, "days": 1}', "/unit"),
        ('{"days": 0|}', "/days"),
        ('{"days": 1.5|, "unit": "celsius"}', "/days"),
        ('{"places": ["Rome", "Reykjavik"|]}', "/places/1"),
        ('{"where": {"lat": 1, "lon"|: 2}}', "/where/lon"),
        ('{"city"|: "Rome"}', "/city"),
        ('{"either": 1|}', "/either"),
        ("[]|", ""),
    ],
)
def test_it_is_said_as_soon_as_it_is_certain(text: str, where: str) -> None:
    before, _, after = text.partition("|")
    found = rejected(CITY, before + after)
    assert found is not None
    at, path = found
    assert pointer_of(path) == where
    assert at == len(before)


@pytest.mark.parametrize(
    "schema",
    [
        {
            "anyOf": [
                {"properties": {"a": {"type": "string"}}},
                {"properties": {"a": {"type": "null"}}},
            ]
        },
        {
            "if": {"required": ["b"]},
            "then": {"properties": {"a": {"type": "integer"}}},
            "else": {"properties": {"a": False}},
        },
        {"not": {"properties": {"a": {"type": "integer"}}}},
        {"additionalProperties": False, "patternProperties": {"^a": {}}},
        {"properties": {"a": {"$ref": "https://example.com/schema"}}},
        {
            "$id": "https://example.com/",
            "properties": {"a": {"$ref": "#/$defs/a"}},
            "$defs": {"a": {"$id": "x", "type": "string"}},
        },
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "properties": {"a": {"$ref": "#/definitions/any", "type": "string"}},
            "definitions": {"any": {}},
        },
        {"required": ["z"], "properties": {"a": {}}},
        {"minProperties": 5},
    ],
)
def test_what_depends_on_the_rest_is_left_to_the_end(schema: dict[str, Any]) -> None:
    found = None
    live, watch = (
        LiveArguments(),
        Rejector(Applicable(schema, draft_of(schema)), lambda value, part, path: None),
    )
    live.names = []
    for char in '{"a": 1':
        live.feed(char)
        found = found or next((path for _, path in live.names if watch.name(path)), None)
    assert found is None
    if "https" not in json.dumps(schema):
        assert rejected(schema, '{"a": 1, ') is None


SCALARS = st.sampled_from([None, True, 0, 1, 2.5, "", "a", "bc"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
INSTANCES = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def _plain(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "properties": some,
        "additionalProperties": inner | st.booleans(),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=1),
        "items": inner,
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
        "contains": inner,
        "propertyNames": inner,
    }
    return st.fixed_dictionaries({}, optional=keywords)


def _referring(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """As above, with references to schemas that refer to nothing: one that comes back to itself says nothing."""
    reference = st.sampled_from(["#/$defs/x", "#/$defs/y"])
    return st.tuples(_plain(inner), st.none() | reference).map(
        lambda made: made[0] if made[1] is None else {**made[0], "$ref": made[1]}
    )


LEAVES = (
    st.booleans()
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "object", "array", "null"])}
    )
    | st.fixed_dictionaries({"enum": st.lists(SCALARS, min_size=1, max_size=2)})
)
PLAIN = st.recursive(LEAVES, _plain, max_leaves=6)
SCHEMAS = st.recursive(LEAVES, _referring, max_leaves=8)


@settings(max_examples=600, deadline=None)
@given(
    SCHEMAS.filter(lambda schema: isinstance(schema, dict)),
    PLAIN,
    PLAIN,
    INSTANCES,
    st.lists(INSTANCES, max_size=6),
)
def test_what_is_rejected_has_no_valid_continuation(
    schema: dict[str, Any],
    x: Schema,
    y: Schema,
    value: dict[str, Any],
    others: list[dict[str, Any]],
) -> None:
    schema = {**schema, "$defs": {"x": x, "y": y}}
    text = json.dumps(value)
    found = rejected(schema, text)
    if found is None:
        return
    validator = jsonschema.Draft202012Validator(schema)
    at, path = found
    assert not validator.is_valid(value)
    for other in others:
        # Another way to go on: what came stays, as far as it was whole, and the rest is another's.
        kept = dict(list(value.items())[: list(value).index(path[0]) + 1]) if path else value
        longer = {**kept, **{name: item for name, item in other.items() if name not in kept}}
        if json.dumps(longer)[:at] == text[:at]:
            assert not validator.is_valid(longer)


# In a stream.

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def spoken(fragments: list[str], name: str = "get_weather") -> bytes:
    deltas = [opening(0, "call_1", name), *(continuing(0, part) for part in fragments)]
    return sse(
        [
            chunk({"role": "assistant"}),
            *(chunk({"tool_calls": [delta]}) for delta in deltas),
            chunk({}, "tool_calls"),
        ]
    )


def rejections(told: Told) -> list[tuple[str, str]]:
    return [
        (event.pointer, event.message)
        for event in told.events
        if isinstance(event, ArgumentsRejected)
    ]


@pytest.mark.parametrize(
    ("fragments", "pointer"),
    [
        (['{"city": "Rome", "unit": "kel', 'vin", "x', '": 1}'], "/unit"),
        (['{"town', '": "Rome", "city": 1}'], "/town"),
        (['{"city": {"na', 'me": "Rome"}}'], "/city"),
    ],
)
def test_a_stream_tells_of_a_rejection_once_and_at_the_fragment_that_made_it_certain(
    fragments: list[str], pointer: str
) -> None:
    told = judge(spoken(fragments), tools=[WEATHER])
    assert [place for place, _ in rejections(told)] == [pointer]
    at = next(n for n, event in enumerate(told.events) if isinstance(event, ArgumentsRejected))
    assert told.events[at - 1] == ArgumentsDelta(0, 0, fragments[1])
    (call,) = told.result.message.tool_calls
    assert call.validation is not None
    assert not call.validation.ok
    assert told.codes == {"tool-arguments-invalid"}


def test_valid_arguments_are_told_as_valid() -> None:
    told = judge(spoken(['{"city": "Ro', 'me"}']), tools=[WEATHER])
    assert rejections(told) == []
    (finished,) = [event for event in told.events if isinstance(event, ToolCallFinished)]
    assert finished.validation is not None
    assert finished.validation.value == {"city": "Rome"}
    assert told.codes == set()
    assert judge(spoken(['{"city": "Rome"}'])).result.message.tool_calls[0].validation is None


def test_a_tool_that_was_not_offered_is_told_when_its_name_is_known() -> None:
    told = judge(spoken(['{"city": "Rome"}'], "get_wether"), tools=[WEATHER])
    ((pointer, message),) = rejections(told)
    assert pointer == ""
    assert 'Did you mean "get_weather"?' in message
    assert told.codes == {"tool-unknown"}


def test_what_is_missing_is_told_at_the_end() -> None:
    told = judge(spoken(['{"unit": "celsius"}']), tools=[WEATHER])
    # The whole object is a value like others, and its end is when it is certain that nothing more comes.
    assert [place for place, _ in rejections(told)] == [""]
    assert told.codes == {"tool-arguments-invalid"}


def test_any_cut_gives_the_same_verdicts() -> None:
    body = spoken(['{"city": "Rome", "x": {}, "unit": "kelvin"}', " "])
    whole = tell(body, tools=[WEATHER], live=True)
    for at in range(0, len(body), 7):
        assert tell([body[:at], body[at:]], tools=[WEATHER], live=True) == whole


def test_a_schema_that_is_none_is_refused_before_the_stream() -> None:
    wrong = {"type": "function", "function": {"name": "f", "parameters": {"type": "objekt"}}}
    with pytest.raises(LocalError, match="'f'"):
        Normalizer(tools=[wrong])
