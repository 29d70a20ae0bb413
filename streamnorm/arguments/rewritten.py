"""The keywords whose work cannot be counted from outside, written anew with jsonschema's verdicts: those that search with `re`,
the one that compares each item with each, and the schema `false`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]

from streamnorm.arguments.budget import METER, Meter, OverBudget
from streamnorm.arguments.patterns import Pattern
from streamnorm.arguments.paying import Errors, Keyword, judging, length, size_of

__all__ = ["additional_properties", "pattern", "pattern_properties", "refuse_all", "unique_items"]


def refuse_all(_validator: Any, _value: Any, _instance: Any, _schema: Any) -> Errors:
    METER.get().spend(1)
    yield ValidationError("nothing is allowed here")


def _compiled(meter: Meter, source: str) -> Pattern:
    found = meter.patterns.get(source)
    if found is None:
        raise OverBudget(f"the pattern {source!r}, which was not looked at before")
    return found


def pattern(validator: Any, source: Any, instance: Any, _schema: Any) -> Errors:
    meter = METER.get()
    meter.spend(1)
    if validator.is_type(instance, "string") and not _compiled(meter, source).search(
        instance, meter
    ):
        yield ValidationError("does not match")


def pattern_properties(validator: Any, patterns: Any, instance: Any, _schema: Any) -> Errors:
    meter = METER.get()
    meter.spend(1)
    if not validator.is_type(instance, "object"):
        return
    for source, subschema in patterns.items():
        wanted = _compiled(meter, source)
        for name, value in instance.items():
            meter.spend(1)
            if wanted.search(name, meter):
                yield from validator.descend(value, subschema, path=name, schema_path=source)


def additional_properties(keyword: Keyword) -> Keyword:
    """jsonschema's own, but for the patterns of `patternProperties`, which it would join and search with `re`."""
    plain: Callable[..., Errors] = judging(keyword)

    def run(validator: Any, allowed: Any, instance: Any, schema: Any) -> Errors | None:
        if "patternProperties" in schema:
            return searched(validator, allowed, instance, schema)
        if type(instance) is dict and instance.keys() <= schema.get("properties", {}).keys():
            METER.get().spend(1 + length(instance))
            return None
        return plain(validator, allowed, instance, schema)

    def searched(validator: Any, allowed: Any, instance: Any, schema: Any) -> Errors:
        patterns = schema["patternProperties"]
        meter = METER.get()
        meter.spend(1 + length(instance))
        if not validator.is_type(instance, "object"):
            return
        compiled = [_compiled(meter, source) for source in patterns]
        known = schema.get("properties", {})
        extras = [
            name
            for name in instance
            if name not in known and not any(each.search(name, meter) for each in compiled)
        ]
        if isinstance(allowed, dict):
            for name in extras:
                meter.spend(1)
                yield from validator.descend(instance[name], allowed, path=name)
        elif not allowed and extras:
            yield ValidationError(json.dumps(extras))

    return run


def unique_items(validator: Any, wanted: Any, instance: Any, _schema: Any) -> Errors:
    """By hashing each item: to compare each with each is quadratic."""
    meter = METER.get()
    meter.spend(1)
    if not wanted or not validator.is_type(instance, "array"):
        return
    seen = set()
    for item in instance:
        meter.spend(size_of(item, meter.left))
        seen.add(_key(item))
    if len(seen) != len(instance):
        yield ValidationError("has equal items")


def _key(value: Any) -> Any:
    """Equal for values that JSON Schema holds to be equal: 1 is 1.0, and not true."""
    match value:
        case bool():
            return (value, "boolean")
        case dict():
            return frozenset((name, _key(inner)) for name, inner in value.items())
        case list():
            return tuple(map(_key, value))
    return value
