"""Validation: jsonschema's verdicts, sentences a model can act on, and an end to every schema."""

from __future__ import annotations

import json
import sys
import threading
import time
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
            with pytest.raises(ToolError, match="get_weather.* at `/properties/"):
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
