"""The strict linter held against the catalogue of rules and real strict tools; and the law of `to_strict`: what it leaves is what
the linter finds, and what is valid afterwards was valid before, without the nulls that stand for absence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from corpus import CAPTURES, facts, require

from streamnorm.arguments.strict import (
    TARGETS,
    StrictSchema,
    Violation,
    lint_strict,
    to_strict,
)
from streamnorm.errors import LocalError

SIX = ("openai", "anthropic", "gemini", "groq", "cerebras", "bedrock")


def tall(count: int) -> dict[str, Any]:
    names = [f"p{number}" for number in range(count)]
    return closed({name: {"type": "string"} for name in names})


def closed(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **more,
    }


#: The catalogue describes these failing schemas in words: they are long.
GENERATED = {
    "OAI-S07": tall(5001),
    "OAI-S09": closed({"x" * 120_001: {"type": "string"}}),
    "OAI-S10": closed({"e": {"type": "integer", "enum": list(range(1001))}}),
    "OAI-S11": closed({"e": {"type": "string", "enum": [f"{n:0100}" for n in range(251)]}}),
}
#: The catalogue's own notes say of these: warn.
WARNED = {"OAI-S31", "OAI-S32"}


def ids(violations: list[Violation] | tuple[Violation, ...]) -> list[str]:
    return [violation.rule for violation in violations]


def test_each_rule_of_the_catalogue_catches_its_example_under_its_own_id() -> None:
    for rule in facts("strict_rules.json")["rules"]:
        schema = rule["failing_schema"] or GENERATED[rule["id"]]
        caught = [v for v in lint_strict(schema, rule["provider"]) if v.rule == rule["id"]]
        assert caught, rule["id"]
        for violation in caught:
            assert violation.level == ("SHOULD" if rule["id"] in WARNED else rule["level"])
            assert len(violation.reason.split()) >= 8, "a sentence"
            assert violation.fix
            assert points_into(schema, violation.pointer)


def points_into(value: Any, pointer: str) -> bool:
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(step)]
        elif step in value:
            value = value[step]
        else:
            return False
    return True


def test_the_failing_examples_break_nothing_else_with_their_provider() -> None:
    """Two exceptions: a rule that every schema of its target breaks, and a schema that breaks one rule twice."""
    for rule in facts("strict_rules.json")["rules"]:
        schema = rule["failing_schema"] or GENERATED[rule["id"]]
        also = set(ids(lint_strict(schema, rule["provider"]))) - {rule["id"]}
        assert also <= {"GEM-S04", "GRQ-S02"}, rule["id"]


def test_the_accepted_examples_are_accepted() -> None:
    for schema in facts("strict_rules.json")["accepted_examples"]:
        assert lint_strict(schema) == []


#: Who holds a strict schema to OpenAI's rules: itself, and those that hand it on or have the same endpoint.
HELD = ("chatgpt-codex", "openai", "openrouter", "xiaomi")


def taken_as_strict() -> list[dict[str, Any]]:
    """The tools and response formats that recorded requests sent as strict, and that were taken: each once."""
    found = {}
    for path in sorted(require(CAPTURES).rglob("*.json")):
        if path.name == "index.json" or path.parent.name not in HELD:
            continue
        recorded = json.loads(path.read_text("utf-8"))
        request = recorded.get("request") if isinstance(recorded, dict) else None
        for offered in strict_parts(request if isinstance(request, dict) else {}):
            written = json.dumps(offered, sort_keys=True)
            if "<removed>" not in written:  # a recording that lost a part of the schema
                found[written] = offered
    return list(found.values())


def strict_parts(request: dict[str, Any]) -> list[dict[str, Any]]:
    text = request.get("text") if isinstance(request.get("text"), dict) else {}
    parts = [*(request.get("tools") or []), request.get("response_format"), text.get("format")]
    dicts = [part for part in parts if isinstance(part, dict)]
    return [
        part
        for part in dicts
        if part.get("function", part.get("json_schema", part)).get("strict") is True
    ]


def test_the_strict_schemas_of_recorded_requests_break_no_rule() -> None:
    taken = taken_as_strict()
    assert len(taken) >= 30
    for offered in taken:
        assert lint_strict(offered) == [], offered
        assert to_strict(offered) == StrictSchema(offered, (), ())


def test_a_schema_that_lost_a_part_is_told_as_such() -> None:
    broken = closed({"password": "<removed>"})
    (violation,) = lint_strict(broken)
    assert (violation.rule, violation.pointer) == ("SCHEMA-01", "/properties/password")
    assert violation.reason == "a string is no schema"
    assert to_strict(broken).schema == broken


# The shapes of what is handed in.


LOOSE = {"type": "object", "properties": {"unit": {"type": "string"}}}


@pytest.mark.parametrize(
    ("tool", "pointer"),
    [
        (LOOSE, ""),
        (
            {"type": "function", "function": {"name": "f", "parameters": LOOSE}},
            "/function/parameters",
        ),
        ({"type": "function", "name": "f", "parameters": LOOSE}, "/parameters"),
        ({"name": "f", "parameters": LOOSE}, "/parameters"),
        ({"name": "f", "input_schema": LOOSE}, "/input_schema"),
        ({"name": "f", "inputSchema": LOOSE}, "/inputSchema"),
        ({"name": "f", "parametersJsonSchema": LOOSE}, "/parametersJsonSchema"),
        (
            {"toolSpec": {"name": "f", "inputSchema": {"json": LOOSE}}},
            "/toolSpec/inputSchema/json",
        ),
        (
            {"type": "json_schema", "json_schema": {"name": "f", "schema": LOOSE}},
            "/json_schema/schema",
        ),
        ({"type": "json_schema", "name": "f", "schema": LOOSE}, "/schema"),
    ],
)
def test_pointers_begin_at_what_was_given(tool: dict[str, Any], pointer: str) -> None:
    assert [v.pointer for v in lint_strict(tool)] == [pointer, pointer]
    strict = to_strict(tool)
    assert strict.left == ()
    assert [change.pointer for change in strict.changes] == [pointer, pointer]
    assert lint_strict(strict.schema) == []
    assert strict.restore({"unit": None}) == {}


def test_a_tool_without_a_schema_has_only_its_name() -> None:
    assert lint_strict({"type": "function", "function": {"name": "now"}}) == []
    assert ids(lint_strict({"type": "function", "name": "to day"})) == ["OAI-S30"]
    assert to_strict({"type": "function", "name": "now"}).ok


def test_a_default_is_a_matter_of_response_formats_only() -> None:
    schema = closed({"a": {"type": "string", "default": "x"}})
    assert ids(lint_strict(schema)) == ["OAI-S31"]
    assert ids(lint_strict({"name": "f", "schema": schema})) == ["OAI-S31"]
    assert lint_strict({"name": "f", "parameters": schema}) == []


def test_an_unknown_target_is_told_with_the_nearest() -> None:
    for call in (lint_strict, to_strict):
        with pytest.raises(LocalError, match=r"'opnai'; did you mean 'openai'\?"):
            call({}, "opnai")
    with pytest.raises(LocalError, match="known: openai, "):
        lint_strict({}, "zzz")
    assert set(SIX) < set(TARGETS)


# What is seen.


@pytest.mark.parametrize(
    ("keyword", "value", "pointer"),
    [
        ("items", [LOOSE], "/items/0"),
        ("prefixItems", [LOOSE], "/prefixItems/0"),
        ("anyOf", [{}, LOOSE], "/anyOf/1"),
        ("oneOf", [LOOSE], "/oneOf/0"),
        ("items", LOOSE, "/items"),
        ("patternProperties", {"a/b~": LOOSE}, "/patternProperties/a~1b~0"),
        ("$defs", {"A": LOOSE}, "/$defs/A"),
        ("definitions", {"A": LOOSE}, "/definitions/A"),
        ("additionalProperties", LOOSE, "/additionalProperties"),
        ("unevaluatedItems", LOOSE, "/unevaluatedItems"),
    ],
)
def test_an_object_is_found_wherever_a_schema_may_stand(
    keyword: str, value: Any, pointer: str
) -> None:
    schema = closed({"x": {"type": ["object", "array"], keyword: value}})
    found = {v.pointer for v in lint_strict(schema) if v.rule == "OAI-S06"}
    assert f"/properties/x{pointer}" in found


@pytest.mark.parametrize(
    "keyword",
    ["allOf", "not", "if", "contains", "dependentSchemas", "propertyNames", "dependencies"],
)
def test_what_states_a_part_only_need_not_be_a_strict_object(keyword: str) -> None:
    value = {"a": LOOSE} if keyword.startswith("depend") else [LOOSE]
    held = value if keyword in ("allOf",) or keyword.startswith("depend") else LOOSE
    schema = closed({"x": {"type": "string", keyword: held}})
    assert "OAI-S06" not in ids(lint_strict(schema))


def test_what_is_no_schema_is_not_looked_into() -> None:
    data = {"type": "object", "properties": {"a": {}}}
    schema = closed({"x": {"type": "object", "enum": [data], "properties": {}}})
    schema["properties"]["x"] |= {"additionalProperties": False, "required": []}
    schema["examples"] = [data]
    assert lint_strict(schema) == []


def test_levels_are_counted_through_references() -> None:
    chain = {f"D{n}": closed({"x": {"$ref": f"#/$defs/D{n + 1}"}}) for n in range(9)}
    assert lint_strict(
        closed({"x": {"$ref": "#/$defs/D0"}}, **{"$defs": chain | {"D9": closed({})}})
    )[0].reason.startswith("the schema has 11 levels")
    recursive = closed({"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}})
    assert lint_strict(recursive) == []


def test_a_reference_that_leads_round_through_others_is_recursive() -> None:
    schema = closed(
        {"a": {"$ref": "#/$defs/A"}, "b": closed({"c": {"$ref": "#/properties/a"}})},
        **{"$defs": {"A": closed({"b": {"$ref": "#/properties/b"}})}},
    )
    assert ids(lint_strict(schema, "anthropic")) == ["ANT-S02"]
    plain = closed({"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/$defs/A"}})
    plain["$defs"] = {"A": closed({})}
    assert lint_strict(plain, "anthropic") == []


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "schema",
    [
        None, 1, "x", [], True, False, {}, {"type": 1}, {"type": []}, {"type": "objekt"},
        {"properties": []}, {"required": "a"}, {"required": [1]}, {"anyOf": {}}, {"items": 1},
        {"$ref": 1}, {"$ref": "#/nowhere"}, {"$ref": "#"}, {"$ref": "#/$defs/%zz"}, {1: 2},
        {"enum": {}}, {"enum": [[]]}, {"const": float("nan")}, {"minItems": "x"}, {"minItems": None},
        {"minProperties": "x", "type": "object", "properties": {}}, {"format": []},
        {"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"}, {"$id": "x", "$ref": "x#/y"},
        {"type": "object", "properties": {"a": {"$dynamicRef": "#a", "default": 10**5000}}},
        {"function": {}}, {"name": "x"}, {"name": "x", "parameters": None}, {"description": 1},
        {"type": "object", "properties": {"a": {"allOf": []}, "b": {"oneOf": [False]}}},
        {"nullable": True}, {"$schema": 7}, {"$schema": "http://json-schema.org/draft-04/schema#"},
        {"type": "integer", "exclusiveMinimum": True}, {"default": {"a": {1, 2}}}, {"type": [[]]},
        {"dependencies": {"a": ["b"], "c": 1}}, {"properties": {"a": {"required": True}}},
    ],
)  # fmt: skip
def test_no_schema_makes_it_raise(schema: Any, target: str) -> None:
    found = lint_strict(schema, target)
    strict = to_strict(schema, target)
    assert list(strict.left) == lint_strict(strict.schema, target)
    assert isinstance(found, list)
    strict.restore({"a": [None, {"a": None}]})


# Hostile schemas, as in the catalogue of faults.


def doubled(levels: int, keyword: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {keyword: [schema, schema]}
    return schema


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def holding_itself() -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    schema["properties"]["self"] = schema
    return schema


def deep_value() -> Any:
    value: Any = 0
    for _ in range(100_000):
        value = [value]
    return value


def references_doubled(levels: int) -> dict[str, Any]:
    definitions = {f"D{n}": {"anyOf": [{"$ref": f"#/$defs/D{n + 1}"}] * 2} for n in range(levels)}
    return closed(
        {"a": {"$ref": "#/$defs/D0"}}, **{"$defs": definitions | {f"D{levels}": {"type": "null"}}}
    )


HOSTILE = {
    "a reference to the network": closed({"a": {"$ref": "http://127.0.0.1:1/s.json"}}),
    "a reference to a file": closed({"a": {"$ref": "file:///etc/passwd"}}),
    "a pattern that explodes": closed({"a": {"type": "string", "pattern": "^(a+)+$"}}),
    "a pattern that is none": closed({"a": {"type": "string", "pattern": "(["}}),
    "anyOf doubled": closed({"a": doubled(20, "anyOf")}),
    "oneOf doubled": closed({"a": doubled(20, "oneOf")}),
    "allOf doubled": closed({"a": doubled(20, "allOf")}),
    "references doubled": references_doubled(40),
    "a reference to the root": {"$ref": "#"},
    "references in a ring": {
        "$ref": "#/$defs/A",
        "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}},
    },
    "deep": nested(50_000),
    "deep, but just seen": nested(99),
    "a schema that holds itself": holding_itself(),
    "a deep default": closed({"a": {"type": "array", "default": deep_value()}}),
    "a deep enum": closed({"a": {"enum": [deep_value()]}}),
    "a huge enum": closed({"a": {"enum": [str(n) for n in range(30_000)]}}),
    "many properties": {
        "type": "object",
        "properties": {f"p{n}": {"type": "object", "properties": {}} for n in range(15_000)},
    },
    "many branches": closed({"a": {"oneOf": [{"type": "object"}] * 15_000}}),
    "uniqueItems on objects": closed({"a": {"type": "array", "items": LOOSE, "uniqueItems": True}}),
}


@pytest.mark.parametrize("target", SIX)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_does_not_make_it_raise(name: str, target: str) -> None:
    lint_strict(HOSTILE[name], target)
    strict = to_strict(HOSTILE[name], target)
    assert strict.left == tuple(lint_strict(strict.schema, target))


def test_a_schema_too_large_to_look_at_is_never_fine() -> None:
    for name in ("anyOf doubled", "deep", "a schema that holds itself"):
        for target in TARGETS:
            assert "SCHEMA-02" in ids(lint_strict(HOSTILE[name], target))
    assert to_strict(HOSTILE["deep"]).schema is HOSTILE["deep"]


def test_a_reason_is_short_whatever_the_schema_holds() -> None:
    schema = closed({"a": {"type": "string", "format": "x" * 10_000}}, **{"y" * 10_000: 1})
    for target in TARGETS:
        assert all(len(v.reason) < 400 for v in lint_strict(schema, target))
