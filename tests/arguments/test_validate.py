"""Validation: jsonschema's verdicts, sentences a model can act on, and an end to every schema."""

from __future__ import annotations

import json
import sys
import threading
from functools import cache
from typing import Any

import jsonschema
import pytest
from corpus import CAPTURES, facts, require
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.validators import validator_for
from referencing import Registry

from streamnorm.arguments.fast import fast_verdict
from streamnorm.arguments.keywords import FORMATS, formats_of
from streamnorm.arguments.problems import pointer_to, shown
from streamnorm.arguments.schemas import read_schema
from streamnorm.arguments.validate import ArgumentsValidator, Validation, ValidationProblem
from streamnorm.errors import LocalError, ToolError

DRAFT = jsonschema.Draft202012Validator


def validator(schema: Any, **options: Any) -> ArgumentsValidator:
    return ArgumentsValidator(schema, tool="get_weather", engine="jsonschema", **options)


def verdict(schema: Any, arguments: Any) -> Validation:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return validator(schema).validate(text)


def told(validation: Validation) -> set[tuple[str, str]]:
    return {
        ("" if problem.keyword == "false" else problem.pointer, problem.keyword)
        for problem in validation.errors
    }


def told_by_jsonschema(schema: Any, value: Any) -> set[tuple[str, str]]:
    draft = validator_for(schema, default=DRAFT)
    oracle = draft(schema, format_checker=formats_of(draft), registry=Registry())
    return {
        # jsonschema does not say where a schema `false` refused; we do.
        (pointer_to(error.absolute_path), error.validator) if error.validator else ("", "false")
        for error in oracle.iter_errors(value)
    }


# The captures.


def requests() -> list[tuple[str, Any]]:
    """The JSON body of every request in the captures."""
    found = []
    for path in sorted(require(CAPTURES).rglob("*.json")):
        if path.name == "index.json" or path.name.endswith(".expected.json"):
            continue
        try:
            record = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue
        if isinstance(record, dict):
            body = record if path.name.endswith(".request.json") else record.get("request")
            for key in ("body", "json"):
                if isinstance(body, dict) and isinstance(body.get(key), dict):
                    body = body[key]
            found.append((path.name, body))
    return found


@cache
def captured_schemas() -> dict[str, Any]:
    """Each different schema of a tool, by its text."""
    schemas: dict[str, Any] = {}
    for _, body in requests():
        if not isinstance(body, dict):
            continue
        for tool in [*(body.get("tools") or ()), *(body.get("functions") or ())]:
            inner = tool.get("function") if isinstance(tool.get("function"), dict) else tool
            schema = inner.get("parameters", inner.get("input_schema"))
            if isinstance(schema, dict):
                schemas[json.dumps(schema, sort_keys=True)] = schema
    return schemas


def example(schema: Any, root: Any) -> Any:
    """A value that the schema allows, as far as its plain keywords say."""
    if not isinstance(schema, dict):
        return "anything"
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return example(target, root)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if schema.get(keyword):
            return example(schema[keyword][0], root)
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: example(inner, root) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {}), root)] * max(1, schema.get("minItems", 1))
    if kind in ("integer", "number"):
        return schema.get("minimum", schema.get("maximum", 1))
    return {"boolean": True, "null": None}.get(kind, "x" * max(1, schema.get("minLength", 1)))


def mutations(value: Any) -> list[Any]:
    """The value with one place changed, for each place and several changes."""
    made: list[Any] = [None, True, 3, -1, 0.5, "", "three", [], {}, ["x"], {"x": 1}]
    if isinstance(value, dict):
        made.append({**value, "unheard_of": 1})
        for name, inner in value.items():
            made.append({key: each for key, each in value.items() if key != name})
            made += [{**value, name: changed} for changed in mutations(inner)]
    elif isinstance(value, list):
        made.append([*value, *value])
        for index, inner in enumerate(value):
            made += [[*value[:index], changed, *value[index + 1 :]] for changed in mutations(inner)]
    return made


def test_every_captured_schema_is_judged_as_jsonschema_judges_it_and_the_fast_engine_agrees() -> (
    None
):
    pytest.importorskip("jsonschema_rs")
    judged = quick = valid = 0
    for schema in captured_schemas().values():
        try:
            validator_for(schema, default=DRAFT).check_schema(schema)
        except jsonschema.SchemaError:
            with pytest.raises(ToolError, match=r"get_weather.* at `/properties/"):
                validator(schema)
            continue
        slow = validator(schema)
        fast = ArgumentsValidator(schema, tool="get_weather", engine="fast")
        quickly = fast_verdict(read_schema(schema, tool="get_weather"))
        quick += quickly is not None
        good = example(schema, schema)
        for value in [good, *mutations(good)]:
            if not isinstance(value, dict):
                continue
            text = json.dumps(value)
            expected = told_by_jsonschema(schema, value)
            found = slow.validate(text)
            assert told(found) == expected
            assert found.ok == (not expected)
            assert found.value == (None if expected else value)
            assert fast.validate(text) == found
            if quickly is not None:
                assert quickly(value, text) in (found.ok, None)
            assert all(str(problem).endswith((".", "?")) for problem in found.errors)
            judged += 1
            valid += found.ok
    assert judged > 4_000
    assert valid > 500
    assert quick > 140  # the fast engine does the work on all but a few


# Schemas that hypothesis makes.

NAMES = st.sampled_from(["a", "b", "c", "ab"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, 2.0, -0.0])
    | st.sampled_from(["", "a", "ab", "abc", "2025-01-31", "a@b", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
PLAIN = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "minimum": st.integers(-2, 2),
        "exclusiveMaximum": st.sampled_from([0, 1.5]),
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "pattern": st.sampled_from(["^a", "b$", "^(a+)+$", "(a|b)*c"]),
        "format": st.sampled_from([*FORMATS, "date-time", "uri", "regex"]),
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "uniqueItems": st.booleans(),
        "minProperties": st.integers(0, 2),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
        "x-own": VALUES,
    },
)  # fmt: skip


def holding(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(NAMES, inner, max_size=3)
    keywords = {
        "properties": named,
        "patternProperties": st.dictionaries(
            st.sampled_from(["^a", "b", "(a+)+$"]), inner, max_size=2
        ),
        "dependentSchemas": named,
        "allOf": some,
        "anyOf": some,
        "oneOf": some,
        "prefixItems": some,
        **dict.fromkeys(("additionalProperties", "contains", "else", "if", "items", "not"), inner),
        **dict.fromkeys(
            ("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"), inner
        ),
        "minContains": st.integers(0, 2),
        "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b"]),
    }
    return PLAIN | st.fixed_dictionaries({}, optional=keywords)


SUBSCHEMAS = st.recursive(st.booleans() | PLAIN, holding, max_leaves=6)
SCHEMAS = st.builds(
    lambda schema, a, b: (
        {**schema, "$defs": {"a": a, "b": b}} if isinstance(schema, dict) else schema
    ),
    holding(SUBSCHEMAS) | SUBSCHEMAS,
    PLAIN | st.booleans(),
    PLAIN,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=3)


@given(SCHEMAS, OBJECTS)
def test_any_schema_is_judged_as_jsonschema_judges_it(schema: Any, value: Any) -> None:
    found = validator(schema).validate(json.dumps(value))
    assert told(found) == told_by_jsonschema(schema, value)
    assert all(str(problem) for problem in found.errors)


@given(SCHEMAS, OBJECTS)
def test_the_fast_engine_says_the_same_of_any_schema(schema: Any, value: Any) -> None:
    pytest.importorskip("jsonschema_rs")
    text = json.dumps(value)
    found = validator(schema).validate(text)
    assert ArgumentsValidator(schema, tool="get_weather", engine="fast").validate(text) == found
    quickly = fast_verdict(read_schema(schema, tool="get_weather"))
    if quickly is not None:
        assert quickly(value, text) == found.ok


NUMBERS = (
    st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([2**53, 2**53 + 1, 10**15, 9999999999999999, 1e15, 1e16, 1e20, 1e300, -0.0, 0, 0.1, 1 / 7])
)  # fmt: skip


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["integer", "number", "string"]),
            "enum": st.lists(NUMBERS, min_size=1, max_size=3),
            **dict.fromkeys(("const", "minimum", "maximum", "exclusiveMinimum"), NUMBERS),
        },
    ),
    NUMBERS,
    st.integers(-1, 1),
)
def test_the_fast_engine_says_the_same_of_any_number(schema: Any, number: Any, nudge: int) -> None:
    pytest.importorskip("jsonschema_rs")
    schema = {"properties": {"a": schema, "b": {"uniqueItems": True}}}
    text = json.dumps({"a": number + nudge, "b": [number, number + nudge, float(number)]})
    quickly = fast_verdict(read_schema(schema, tool="get_weather"))
    if quickly is not None:
        assert quickly(json.loads(text), text) in (validator(schema).validate(text).ok, None)


@given(SCHEMAS, OBJECTS, st.sampled_from([4, 6, 7, "2019-09"]))
def test_the_draft_is_the_one_that_the_schema_names(schema: Any, value: Any, number: Any) -> None:
    if not isinstance(schema, dict):
        return
    uri = f"http://json-schema.org/draft-0{number}/schema#"
    uri = uri if isinstance(number, int) else f"https://json-schema.org/draft/{number}/schema"
    schema = {**schema, "$schema": uri}
    try:
        validator_for(schema).check_schema(schema)
    except jsonschema.SchemaError:
        with pytest.raises(ToolError):
            validator(schema)
        return
    try:
        found = validator(schema)
    except ToolError:
        # A reference that this draft has no keyword for, to a schema that it has not checked.
        return
    assert told(found.validate(json.dumps(value))) == told_by_jsonschema(schema, value)


# What a model is told.

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 2},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "from": {"type": "string", "format": "date"},
        "where": {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "object",
                    "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
                    "required": ["lat", "lon"],
                },
                {"type": "object", "properties": {"zip": {"type": "string"}}, "required": ["zip"]},
            ]
        },
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "maxItems": 3},
        "id": {"const": "w/1~2"},
        "code": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "step": {"multipleOf": 5},
        "never": False,
        "scale": {"oneOf": [{"type": "integer"}, {"minimum": 2}]},
        "labels": {"propertyNames": {"maxLength": 3}},
    },
    "required": ["city"],
    "additionalProperties": False,
}

SENTENCES = [
    ({"city": "Oslo", "days": "three"}, "type", '`/days` must be an integer, but is the string "three".'),
    ({"city": "Oslo", "days": 0}, "minimum", "`/days` must be at least 1, but is the number 0."),
    ({"city": "O"}, "minLength", '`/city` must have at least 2 characters, but is the string "O".'),
    ({}, "required", "`/city` is required, but is missing; it must be a string."),
    (
        {"city": "Oslo", "dayz": 3},
        "additionalProperties",
        '`/dayz` is not allowed: only "city", "days", "unit", "from", "where", "tags", "id", "code", "step", "never", '
        '"scale" and "labels" are known; did you mean "days"?',
    ),
    (
        {"city": "Oslo", "unit": "kelvin"},
        "enum",
        '`/unit` must be one of "celsius" or "fahrenheit", but is the string "kelvin".',
    ),
    (
        {"city": "Oslo", "from": "tomorrow"},
        "format",
        '`/from` must be a date such as 2025-01-31, but is the string "tomorrow".',
    ),
    (
        {"city": "Oslo", "where": {"lat": 1}},
        "anyOf",
        '`/where` must meet one of 3 schemas, but is the object {"lat": 1}; nearest is number 2, where '
        "`/where/lon` is required, but is missing; it must be a number.",
    ),
    ({"city": "Oslo", "where": 3}, "anyOf", "`/where` must be null or an object, but is the number 3."),
    (
        {"city": "Oslo", "tags": ["a", "a"]},
        "uniqueItems",
        '`/tags` must have no two equal items, but is the array ["a", "a"].',
    ),
    ({"city": "Oslo", "id": 1}, "const", '`/id` must be "w/1~2", but is the number 1.'),
    (
        {"city": "Oslo", "code": "abc"},
        "pattern",
        '`/code` must match the regular expression ^[A-Z]{3}$, but is the string "abc".',
    ),
    ({"city": "Oslo", "step": 7}, "multipleOf", "`/step` must be a multiple of 5, but is the number 7."),
    (
        {"city": "Oslo", "never": True},
        "false",
        "`/never` must be left out: nothing is allowed there, but is true.",
    ),
    (
        {"city": "Oslo", "scale": 3},
        "oneOf",
        "`/scale` must meet exactly one of 2 schemas, but the number 3 meets more.",
    ),
    (
        {"city": "Oslo", "labels": {"long": 1}},
        "maxLength",
        "A property's name in `/labels` must have at most 3 characters, but is the string \"long\".",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "keyword", "sentence"), SENTENCES)
def test_a_problem_is_one_sentence_for_the_model(
    arguments: Any, keyword: str, sentence: str
) -> None:
    found = verdict(WEATHER, arguments)
    assert not found.ok
    assert found.value is None
    assert [(problem.keyword, str(problem)) for problem in found.errors] == [(keyword, sentence)]
    (problem,) = found.errors
    assert problem.seen
    assert problem.expected
    assert "\n" not in sentence


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = verdict(WEATHER, {"days": 99, "unit": 1, "extra": None})
    assert told(found) == {
        ("", "required"),
        ("", "additionalProperties"),
        ("/days", "maximum"),
        ("/unit", "type"),
        ("/unit", "enum"),
    }


def test_the_telling_of_problems_has_an_end() -> None:
    found = verdict(
        {"additionalProperties": {"type": "string"}}, {f"k{n}": n for n in range(1_000)}
    )
    assert not found.ok
    assert len(found.errors) == 64


def test_extras_beside_patterns_are_those_that_match_none() -> None:
    schema = {
        "patternProperties": {"^x-": {}},
        "properties": {"a": {}},
        "additionalProperties": False,
    }
    found = verdict(schema, {"a": 1, "x-b": 1, "c": 1})
    assert [str(problem) for problem in found.errors] == ['`/c` is not allowed: only "a" is known.']


@pytest.mark.parametrize(
    "value", [None, True, 3, 10**500, 0.5, "x" * 500, ["y" * 50] * 50, {"k" * 90: {"k": 1}}]
)
def test_what_is_shown_of_a_value_is_short(value: Any) -> None:
    assert 0 < len(shown(value)) < 200


# What is no JSON object.

NO_OBJECTS = [
    ("", "json", "The arguments are empty; give a JSON object, {} where there are none."),
    ("  \n", "json", "The arguments are empty; give a JSON object, {} where there are none."),
    ('{"city": ', "json", 'expecting value at character 10, near "{\\"city\\": ".'),
    ("{'city': 1}", "json", "at character 2"),
    ('{"a": NaN}', "json", "The arguments are not valid JSON: NaN is no JSON number."),
    ('{"a": -Infinity}', "json", "The arguments are not valid JSON: -Infinity is no JSON number."),
    ('{"a": 1e400}', "json", "The arguments are not valid JSON: the number 1e400 is too large."),
    ('{"a": ' + "1" * 5_000 + "}", "json", "a number has too many digits"),
    ('{"a": 1} {"a": 2}', "json", "extra data at character 10"),
    ("\ufeff{}", "json", "character 1"),
    ("[]", "object", "The arguments must be a JSON object, but are the array []."),
    ("null", "object", "The arguments must be a JSON object, but are null."),
    ('"{}"', "object", 'but are the string "{}".'),
    ("[" * 100_000, "budget", "nested deeper than 64 levels"),
    ('{"a":' * 65 + "1" + "}" * 65, "budget", "nested deeper than 64 levels"),
    ('{"a": "' + "x" * 4_000_000 + '"}', "budget", "could not be checked within the work allowed"),
]


@pytest.mark.parametrize(("text", "keyword", "words"), NO_OBJECTS, ids=lambda each: str(each)[:20])
def test_what_is_no_json_object_is_told_so(text: str, keyword: str, words: str) -> None:
    found = validator({"type": "object"}).validate(text)
    assert not found.ok
    assert [problem.keyword for problem in found.errors] == [keyword]
    assert words in str(found.errors[0])


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 64 + "1" + "}" * 64,
        json.dumps({"a": ["[{" * 200, '"[', "\\" * 9]}),
        '{"a":"\\"[["}',
    ],
)
def test_brackets_in_strings_are_no_levels(text: str) -> None:
    assert validator(True).validate(text).ok


@given(st.text('{}[]",:\\ab01eE.-+ntrufalsN \n\ud800', max_size=40))
def test_no_text_raises(text: str) -> None:
    found = validator(WEATHER).validate(text)
    assert found.ok == (not found.errors)


def test_a_key_given_twice_is_noted_and_no_error() -> None:
    text = '{"city": "Oslo", "where": {"zip": "1", "zip": "2"}, "city": "Bergen"}'
    found = validator(WEATHER).validate(text)
    assert found.ok
    assert found.value == json.loads(text)
    assert {(note.pointer, note.keyword) for note in found.notes} == {
        ("/city", "duplicate"),
        ("/where/zip", "duplicate"),
    }
    assert "`/where/zip` is given more than once; the last value counts." in map(str, found.notes)


def test_half_of_a_surrogate_pair_is_a_string_to_both_engines() -> None:
    pytest.importorskip("jsonschema_rs")
    schema = {"properties": {"a": {"type": "string", "maxLength": 1}}}
    for engine in ("jsonschema", "fast"):
        found = ArgumentsValidator(schema, tool="t", engine=engine).validate('{"a": "\\ud800"}')  # type: ignore[arg-type]
        assert found.value == {"a": "\ud800"}


# Schemas that are none.

NO_SCHEMAS = [
    ([], "", "neither an object nor a boolean"),
    ({"type": "objekt"}, "/type", '"objekt" does not meet'),
    ({"properties": {"a": {"type": "int"}}}, "/properties/a/type", '"int"'),
    ({"properties": {"a/b~": {"minimum": "1"}}}, "/properties/a~1b~0/minimum", '"1"'),
    ({"required": "city"}, "/required", '"city"'),
    ({"properties": {"a": {"pattern": "("}}}, "/properties/a/pattern", "no regular expression"),
    ({"properties": {"a": {"pattern": r"^\p{L}+$"}}}, "/properties/a/pattern", "bad escape"),
    ({"patternProperties": {"[": {}}}, "/patternProperties/[", "no regular expression"),
    ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "/properties/a/$ref", "leads nowhere"),
    ({"$ref": "#b"}, "/$ref", "leads nowhere"),
    ({"$ref": "#/x", "x": 3}, "/$ref", "leads to 3"),
    ({"allOf": [{"$ref": "http://127.0.0.1:9/schema.json"}]}, "/allOf/0/$ref", "put what it names under $defs"),
    ({"$ref": "file:///etc/passwd"}, "/$ref", "leads nowhere"),
    ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, "/$ref", "leads nowhere"),
    ({"$id": "http://127.0.0.1:9/", "$ref": "other.json"}, "/$ref", "leads nowhere"),
    ({"$schema": "http://json-schema.org/draft-03/schema#"}, "/$schema", "draft 3"),
    (
        {"properties": {"a": {"$schema": "http://json-schema.org/draft-04/schema#"}}},
        "/properties/a/$schema",
        "use one draft",
    ),
    ({"default": {1, 2}}, "/default", "not JSON"),
    ({"maximum": float("nan")}, "/maximum", "not JSON"),
    ({"properties": {1: {}}}, "/properties", "not a string"),
    ({"enum": list(range(200_000))}, "", "more than 100,000 values"),
    ({"properties": {str(n): {} for n in range(20_000)}}, "", "more than 10,000 objects"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "pointer", "words"), NO_SCHEMAS, ids=lambda each: str(each)[:40]
)
def test_what_is_no_schema_is_an_error_that_names_the_tool_and_the_place(
    schema: Any, pointer: str, words: str
) -> None:
    with pytest.raises(ToolError) as raised:
        validator(schema)
    message = str(raised.value)
    assert "'get_weather'" in message
    assert f" at `{pointer}`: " in message if pointer else "no schema: " in message
    assert words in message


def test_a_schema_inside_itself_is_refused() -> None:
    schema: dict[str, Any] = {"properties": {}}
    schema["properties"]["a"] = schema
    with pytest.raises(ToolError, match=r"inside itself; use \$ref"):
        validator(schema)


def test_a_schema_that_is_changed_afterwards_judges_as_before() -> None:
    schema = {"properties": {"a": {"type": "string"}}}
    before = validator(schema)
    schema["properties"]["a"]["type"] = "integer"
    assert before.validate('{"a": "x"}').ok


def test_references_may_lead_anywhere_in_the_schema() -> None:
    schema = {
        "properties": {
            "a": {"$ref": "#/$defs/text"},
            "b": {"$ref": "#/components/schemas/count"},
            "c": {"$ref": "#/properties/a"},
            "d": {"$ref": "#named"},
            "e": {"$ref": "#"},
        },
        "$defs": {"text": {"type": "string"}, "other": {"$anchor": "named", "type": "null"}},
        "components": {"schemas": {"count": {"type": "integer", "pattern": "^a"}}},
    }
    value = {"a": 1, "b": "x", "c": 2, "d": 0, "e": {"a": 3, "e": {"b": 1.5}}}
    assert told(verdict(schema, value)) == told_by_jsonschema(schema, value)
    assert len(told(verdict(schema, value))) == 7


# Hostile schemas: each of facts/faults.json, and each way we found around the count.


def doubling(keyword: str, levels: int = 20, last: Any = None) -> Any:
    defs = {
        f"d{n}": {keyword: [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(levels)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{levels}": last or {"type": "string"}}}


def doubling_unseen(levels: int = 22) -> Any:
    """`unevaluatedProperties` looks through `dependentSchemas` without judging them."""
    defs = {
        f"d{n}": {"dependentSchemas": {name: {"$ref": f"#/$defs/d{n + 1}"} for name in "ab"}}
        for n in range(levels)
    }
    return {
        "unevaluatedProperties": False,
        "$ref": "#/$defs/d0",
        "$defs": {**defs, f"d{levels}": {}},
    }


DEEPER = {"properties": {"a": {"$ref": "#/$defs/n"}}}
LONG = {"a": "x" * 500_000}
MANY = {f"k{n}": n for n in range(3_000)}

HOSTILE: dict[str, tuple[Any, Any, str]] = {
    "SCH-02 pattern": ({"properties": {"a": {"pattern": "(a+)+$"}}}, {"a": "a" * 4_000 + "!"}, "pattern"),
    "SCH-02 pattern, long": (
        {"additionalProperties": {"pattern": "(a+)+$"}},
        {f"k{n}": "a" * 1_000 for n in range(100)},
        "budget",
    ),
    "SCH-02 pattern with memory": (
        {"properties": {"a": {"pattern": r"(a+)+\1$"}}}, {"a": "a" * 60 + "!"}, "budget"
    ),
    "SCH-02 names": (
        {"patternProperties": {"(a+)+$": {}}, "additionalProperties": False}, {"a" * 60 + "!": 1}, "additionalProperties"
    ),
    "SCH-02 names, unevaluated": (
        {"patternProperties": {"(a+)+$": {}}, "unevaluatedProperties": False}, {"a" * 60 + "!": 1}, "budget"
    ),
    "SCH-03 anyOf": (doubling("anyOf"), {"a": 1}, "budget"),
    "SCH-03 oneOf": (doubling("oneOf"), {"a": 1}, "budget"),
    "SCH-03 allOf": (doubling("allOf", last={"type": "object"}), {"a": 1}, "budget"),
    "SCH-03 with depth": (
        {**DEEPER, "$defs": {"n": {"anyOf": [{**DEEPER, "required": ["x"]}, {**DEEPER, "required": ["y"]}]}}},
        json.loads('{"a":' * 40 + "1" + "}" * 40),
        "budget",
    ),
    "SCH-03 unseen": (doubling_unseen(), {"a": 1, "b": 1}, "budget"),
    "SCH-05 itself": ({"$ref": "#"}, {}, "budget"),
    "SCH-05 in turns": (
        {"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, {}, "budget"
    ),
    "SCH-05 dynamic": ({"$dynamicRef": "#d", "$dynamicAnchor": "d"}, {}, "budget"),
    "huge enum, often": (
        {"additionalProperties": {"enum": [str(n) for n in range(20_000)]}}, dict.fromkeys(MANY, "x"), "budget"
    ),
    "huge enum of objects": (
        {"properties": {"a": {"enum": [{"k": [n] * 50} for n in range(1_500)]}}}, {"a": {"k": [0] * 49 + [1]}}, "budget"
    ),
    "one value quoted in many errors": ({"properties": {"a": {"anyOf": [{"type": "null"}] * 3_000}}}, LONG, "budget"),
    "and by a schema false": ({"properties": {"a": {"anyOf": [False] * 3_000}}}, LONG, "anyOf"),
    "many names": (
        {"additionalProperties": {"required": [f"r{n}" for n in range(20_000)]}},
        {name: {} for name in MANY},
        "budget",
    ),
    "many items": ({"properties": {"a": {"items": {"items": {}}}}}, {"a": [[0] * 1_000] * 1_000}, "budget"),
    "an anchor to search for": (
        {"additionalProperties": {"$ref": "#x"}, "$defs": {"x": {"$anchor": "x"}, **{str(n): {} for n in range(5_000)}}},
        MANY,
        "budget",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("engine", ["jsonschema", "auto"])
def test_a_hostile_schema_fails_closed(case: str, engine: Any) -> None:
    schema, value, keyword = HOSTILE[case]
    text = json.dumps(value)
    judge = ArgumentsValidator(schema, tool="get_weather", engine=engine)
    found = judge.validate(text)
    if not found.ok or engine == "jsonschema":
        assert {problem.keyword for problem in found.errors} == {keyword}
    else:  # jsonschema-rs needs so much less work that it came to an end
        assert keyword == "budget"
        assert DRAFT(schema, registry=Registry()).is_valid(value)
    if keyword == "budget" and not found.ok:
        assert "get_weather" in str(found.errors[0])


def test_the_catalogue_of_faults_has_no_schema_that_is_not_tried_here() -> None:
    catalogued = {fault["id"] for fault in facts("faults.json") if fault["area"] == "schema"}
    elsewhere = {"SCH-01", "SCH-04", "SCH-06", "SCH-07", "SCH-08"}
    assert catalogued == {case[:6] for case in HOSTILE if case.startswith("SCH")} | elsewhere


def test_a_thousand_objects_are_told_apart_in_no_time() -> None:  # SCH-04
    schema = {"properties": {"a": {"uniqueItems": True}}}
    objects = [{"k": n} for n in range(1_000)]
    assert verdict(schema, {"a": objects}).ok
    assert told(verdict(schema, {"a": [*objects, {"k": 5.0}]})) == {("/a", "uniqueItems")}


@pytest.mark.parametrize("name", FORMATS)
def test_the_formats_that_are_asserted_are_asserted(name: str) -> None:  # SCH-07
    found = verdict({"properties": {"a": {"format": name}}}, {"a": "nope"})
    assert told(found) == {("/a", "format")}


@given(st.lists(VALUES, max_size=4))
def test_items_are_equal_where_jsonschema_finds_them_equal(items: list[Any]) -> None:
    schema = {"properties": {"a": {"uniqueItems": True}}}
    assert verdict(schema, {"a": items}).ok == DRAFT(schema).is_valid({"a": items})


def test_numbers_beyond_every_float_are_judged_exactly() -> None:
    schema = {"additionalProperties": {"multipleOf": 0.5, "maximum": 1e308}}
    assert told(verdict(schema, {"a": 10**400})) == {("/a", "maximum")}


def test_a_budget_can_be_larger_and_smaller() -> None:
    value = {f"k{n}": n for n in range(2_000)}
    schema = {"additionalProperties": {"type": "integer", "anyOf": [{"type": "integer"}] * 4}}
    text = json.dumps(value)
    assert validator(schema, budget_ms=1_000).validate(text).ok
    assert told(validator(schema, budget_ms=1).validate(text)) == {("", "budget")}
    assert validator({}, levels=3).validate('{"a":{"b":{}}}').ok
    assert told(validator({}, levels=2).validate('{"a":{"b":{}}}')) == {("", "budget")}
    with pytest.raises(LocalError, match="more than nothing"):
        validator({}, budget_ms=0)


def test_deep_recursion_by_the_caller_fails_closed() -> None:
    tree = {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"a": {"$ref": "#/$defs/n"}}}}}
    judge = validator(tree)
    text = '{"a":' * 63 + "{}" + "}" * 63

    def deeper(frames: int) -> Validation:
        return deeper(frames - 1) if frames else judge.validate(text)

    assert judge.validate(text).ok
    assert told(deeper(sys.getrecursionlimit() - 350)) == {("", "budget")}


def test_threads_do_not_spend_each_others_budget() -> None:
    judge = validator({"additionalProperties": {"type": "integer"}}, budget_ms=30)
    text = json.dumps({f"k{n}": n for n in range(1_000)})
    verdicts: list[bool] = []

    def judge_often() -> None:
        verdicts.extend(judge.validate(text).ok for _ in range(20))

    threads = [threading.Thread(target=judge_often) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 120


# Engines.


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(LocalError, match="one of auto, jsonschema, fast"):
        ArgumentsValidator({}, tool="t", engine="quick")  # type: ignore[arg-type]


def test_without_jsonschema_rs_fast_is_refused_and_auto_does_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    monkeypatch.setattr("streamnorm.arguments.fast.find_spec", lambda name: None)
    monkeypatch.setattr("streamnorm.arguments.validate.fast_is_installed", lambda: False)
    with pytest.raises(LocalError, match=r'install "streamnorm\[fast\]"'):
        ArgumentsValidator({}, tool="t", engine="fast")
    assert ArgumentsValidator({}, tool="t", engine="auto").validate("{}").ok


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": "^a$"}}},
        {"properties": {"a": {"multipleOf": 0.1}}},
        {"properties": {"a": {"$ref": "#"}}},
        {"properties": {"a": {"maximum": 9007199254740993}}},
        {"$schema": "http://json-schema.org/draft-04/schema#"},
    ],
)
def test_where_the_engines_differ_jsonschema_alone_is_asked(schema: Any) -> None:
    pytest.importorskip("jsonschema_rs")
    assert fast_verdict(read_schema(schema, tool="t")) is None
    text = '{"a": 0.3}'
    fast = ArgumentsValidator(schema, tool="t", engine="fast")
    assert fast.validate(text) == validator(schema).validate(text)


def test_a_value_that_was_parsed_elsewhere_is_judged_the_same() -> None:
    judge = validator(WEATHER)
    assert judge.validate_value({"city": "Oslo"}).value == {"city": "Oslo"}
    assert told(judge.validate_value({"city": 1})) == {("/city", "type")}
    assert told(judge.validate_value([])) == {("", "object")}
    for no_json in ({"city": float("nan")}, {"city": {1}}, {"city": object()}):
        assert told(judge.validate_value(no_json)) == {("", "json")}


def test_a_problem_is_a_frozen_value() -> None:
    problem = verdict(WEATHER, {}).errors[0]
    assert problem == verdict(WEATHER, {}).errors[0]
    assert isinstance(problem, ValidationProblem)
    with pytest.raises(AttributeError):
        problem.pointer = "/x"  # type: ignore[misc]
