"""The laws of `to_strict`, over generated schemas and instances, with jsonschema as the judge."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry

from streamnorm.arguments.strict import TARGETS, lint_strict, to_strict

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.sampled_from([None, True, 0, 1, 2.5, "", "x", "yy"])
REFERENCES = st.sampled_from(["#", "#/$defs/D", "#/$defs/E", "#/properties/a"])

LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 1},
        {"type": "string", "minLength": 0, "description": "d"},
        {"type": "string", "enum": ["x", "yy"]},
        {"type": "integer", "minimum": 1},
        {"type": "integer", "exclusiveMaximum": 2},
        {"type": "number", "default": 1},
        {"type": ["string", "null"]},
        {"type": ["integer", "string"], "minimum": 1},
        {"type": ["object", "null"], "properties": {"a": {"type": "integer"}}},
        {"type": "null"},
        {"const": "x"},
        {"const": None},
        {"enum": ["x", None, {"a": None}]},
        {},
        True,
        False,
        {"type": "array"},
        {"type": "object"},
    ]
)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    properties = draw(st.dictionaries(NAMES, inner, max_size=3))
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if draw(st.integers(0, 5)) == 0:
        del schema["type"]
    if properties and draw(st.booleans()):
        schema["required"] = draw(st.lists(st.sampled_from(sorted(properties)), unique=True))
    more: dict[str, st.SearchStrategy[Any]] = {
        "additionalProperties": st.booleans() | inner,
        "minProperties": st.integers(0, 2),
        "maxProperties": st.integers(1, 3),
        "patternProperties": st.fixed_dictionaries({"^a": inner}),
        "unevaluatedProperties": st.just(False),
        "dependentRequired": st.just({"a": ["b"]}),
        "propertyNames": st.just({"maxLength": 1}),
        "enum": st.just([{"a": None}, {}]),
        "required": st.just(["z"]),
    }
    if draw(st.integers(0, 2)) == 0:
        word = draw(st.sampled_from(sorted(more)))
        schema[word] = draw(more[word])
    return schema


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "array", "items": draw(inner)}
    more = {
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "uniqueItems": st.booleans(),
        "contains": inner,
        "minItems": st.integers(0, 1),
    }
    if draw(st.integers(0, 2)) == 0:
        word = draw(st.sampled_from(sorted(more)))
        schema[word] = draw(more[word])
    return schema


@st.composite
def in_place(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Choices, sums, negations, conditions; alone or beside other keywords."""
    word = draw(st.sampled_from(["anyOf", "anyOf", "oneOf", "allOf", "not", "if"]))
    schema: dict[str, Any] = {}
    if word in ("not", "if"):
        schema[word] = draw(inner)
    else:
        schema[word] = draw(st.lists(inner, min_size=1, max_size=3))
    if word == "if":
        schema["then"] = draw(inner)
    if draw(st.integers(0, 2)) == 0:
        beside = draw(objects(inner) | st.just({"type": "object"}) | LEAVES)
        if isinstance(beside, dict):
            schema = {**beside, **schema}
    return schema


REFERRING = st.builds(lambda ref: {"$ref": ref}, REFERENCES) | st.builds(
    lambda ref: {"$ref": ref, "description": "d"}, REFERENCES
)


def solid(depth: int) -> st.SearchStrategy[Any]:
    """Schemas in which a reference stands only inside an object or an array, so that jsonschema comes to an end."""
    if not depth:
        return LEAVES
    inner = st.deferred(lambda: solid(depth - 1))
    step = inner | inner | REFERRING
    tagged = st.builds(
        lambda tag, more: {
            "type": "object",
            "properties": {"k": {"const": tag}, "v": more},
            "required": ["k"],
        },
        st.sampled_from("xyz"),
        step,
    )
    return st.one_of(LEAVES, objects(step), objects(step), arrays(step), in_place(inner), tagged)


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    inner = solid(3)
    outward = st.sampled_from([{"$ref": "#"}, {"$ref": "#/$defs/D"}, {"$ref": "#/$defs/E"}])
    root = draw(objects(inner | outward))
    root["properties"].setdefault("a", draw(inner))
    root["$defs"] = {"D": draw(objects(inner)), "E": draw(objects(inner) | arrays(inner))}
    return root


def valid(schema: Any, value: Any) -> bool:
    return bool(Draft202012Validator(schema, registry=Registry()).is_valid(value))


def instance(draw: st.DrawFn, schema: Any, root: Any, depth: int = 0) -> Any:
    """A value that has a good chance with `schema`."""
    if not isinstance(schema, dict) or depth > 6:
        return draw(SCALARS)
    if "$ref" in schema:
        return instance(draw, resolve(schema["$ref"], root), root, depth + 1)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema and draw(st.integers(0, 4)):
            branch = draw(st.sampled_from(schema[word])) if schema[word] else {}
            return instance(draw, branch, root, depth + 1)
    if "const" in schema:
        return copy.deepcopy(schema["const"])
    if schema.get("enum"):
        return copy.deepcopy(draw(st.sampled_from(schema["enum"])))
    types = schema.get("type", "object" if "properties" in schema else [])
    kind = draw(st.sampled_from([types] if isinstance(types, str) else types or ["string"]))
    match kind:
        case "object":
            named = schema.get("properties", {})
            asked = schema.get("required", [])
            value = {
                name: instance(draw, inner, root, depth + 1)
                for name, inner in named.items()
                if name in asked or draw(st.booleans())
            }
            if draw(st.integers(0, 7)) == 0:
                value[draw(NAMES)] = draw(SCALARS)
            return value
        case "array":
            prefix = schema.get("prefixItems", [])
            items = [*prefix, *[schema.get("items", {})] * draw(st.integers(0, 2))]
            return [instance(draw, item, root, depth + 1) for item in items]
        case "null":
            return None
        case "string":
            return draw(st.sampled_from(["x", "yy", ""]))
        case "boolean":
            return draw(st.booleans())
        case _:
            return draw(st.sampled_from([1, 0, 2, 2.5]))


def resolve(reference: str, root: Any) -> Any:
    for step in reference.split("/")[1:]:
        root = root[int(step)] if isinstance(root, list) else root[step]
    return root


@settings(max_examples=120, deadline=None)
@given(schemas(), st.sampled_from(TARGETS), st.data())
def test_what_is_valid_afterwards_was_valid_before(
    schema: dict[str, Any], target: str, data: st.DataObject
) -> None:
    before = json.dumps(schema)
    strict = to_strict(schema, target)
    assert json.dumps(schema) == before
    for _ in range(4):
        value = data.draw(st.composite(lambda draw: instance(draw, strict.schema, strict.schema))())
        if valid(strict.schema, value):
            held = json.dumps(value)
            original = strict.restore(value)
            assert valid(schema, original), (strict.schema, value, original)
            assert json.dumps(value) == held


@settings(max_examples=80, deadline=None)
@given(schemas(), st.sampled_from(TARGETS))
def test_what_is_left_is_what_the_linter_finds(schema: dict[str, Any], target: str) -> None:
    strict = to_strict(schema, target)
    assert list(strict.left) == lint_strict(strict.schema, target)
    assert not any(violation.fixable for violation in strict.left)
    Draft202012Validator.check_schema(strict.schema)
    if not any(violation.fixable for violation in lint_strict(schema, target)):
        assert strict.schema == schema
        assert strict.changes == ()


@settings(max_examples=50, deadline=None)
@given(schemas(), st.sampled_from(TARGETS))
def test_strict_twice_is_strict_once(schema: dict[str, Any], target: str) -> None:
    once = to_strict(schema, target)
    twice = to_strict(once.schema, target)
    assert twice.schema == once.schema
    assert twice.changes == ()


@st.composite
def plain_schemas(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    """What most tools have: named properties, some of them optional, lists, enums; nothing that says it stays open."""
    kind = draw(st.integers(0, 5)) if depth else 5
    if kind == 0:
        return {"type": "string"}
    if kind == 1:
        return {"type": "string", "enum": ["x", "yy"]}
    if kind == 2:
        return {"type": ["integer", "null"]}
    if kind == 3 and depth < 3:
        return {"type": "array", "items": draw(plain_schemas(depth + 1))}
    if kind >= 4 and depth < 3:
        inner = plain_schemas(depth + 1)
        properties = draw(st.dictionaries(NAMES, inner, max_size=3))
        required = [name for name in properties if draw(st.booleans())]
        return {"type": "object", "properties": properties, "required": required}
    return {"type": "number"}


def filled(schema: dict[str, Any], value: Any) -> Any:
    """`value` as the strict schema wants it: null for what is absent."""
    if isinstance(value, dict):
        named = schema.get("properties", {})
        return {
            name: filled(inner, value[name]) if name in value else None
            for name, inner in named.items()
        }
    if isinstance(value, list):
        return [filled(schema["items"], inner) for inner in value]
    return value


@settings(max_examples=80, deadline=None)
@given(plain_schemas(), st.data())
def test_nothing_is_lost_of_what_the_schema_names(
    schema: dict[str, Any], data: st.DataObject
) -> None:
    strict = to_strict(schema)
    assert strict.ok
    assert strict.left == ()
    value = data.draw(st.composite(lambda draw: instance(draw, schema, schema))())
    value = only_named(schema, value)
    if valid(schema, value):
        full = filled(schema, value)
        assert valid(strict.schema, full)
        restored = strict.restore(full)
        # Where null was allowed before, absence is told by null; both were valid.
        assert restored == value or valid(schema, restored)
        assert without_nulls(restored) == without_nulls(value)


def only_named(schema: Any, value: Any) -> Any:
    if isinstance(value, dict):
        named = schema.get("properties", {})
        return {name: only_named(named[name], value[name]) for name in value if name in named}
    if isinstance(value, list):
        return [only_named(schema["items"], inner) for inner in value]
    return value


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value
