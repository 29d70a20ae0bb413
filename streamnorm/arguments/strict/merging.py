"""A schema with `allOf` in, one schema that says the same out: only where no keyword is said twice in two ways, and none sees
what another schema says that it did not see before."""

from __future__ import annotations

from typing import Any, Final

from streamnorm.arguments.strict.sense import ANNOTATIONS

__all__ = ["merged"]

#: Keywords that look at what their neighbours say: of each group, the keywords must come from one schema.
_GROUPS: Final = (
    frozenset({"if", "then", "else"}),
    frozenset(
        {
            *("additionalItems", "contains", "items", "maxContains", "minContains"),
            *("prefixItems", "unevaluatedItems"),
        }
    ),
)
#: The keywords that look at `properties` beside them.
_WATCHING: Final = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties"})


def merged(schema: dict[str, Any]) -> dict[str, Any] | None:
    """What `schema` says, without `allOf`; None where the parts cannot be laid together as they are."""
    parts = [
        {key: value for key, value in schema.items() if key != "allOf"},
        *(branch for branch in schema["allOf"] if branch is not True),
    ]
    if not all(isinstance(part, dict) for part in parts) or not _independent(parts):
        return None
    whole: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if key not in whole:
                whole[key] = value
            elif not _laid_over(whole, key, value):
                return None
    return whole


def _independent(parts: list[dict[str, Any]]) -> bool:
    meant = [part.keys() - ANNOTATIONS - {"$defs", "$schema", "definitions"} for part in parts]
    speaking = [keys for keys in meant if keys]
    if any("$ref" in keys for keys in meant) and len(speaking) > 1:
        return False  # before 2019-09 nothing beside a `$ref` counts
    if any("$ref" in keys and len(keys) > 1 for keys in meant):
        return False
    watched = [keys for keys in meant if not keys.isdisjoint(_WATCHING | {"properties"})]
    if len(watched) > 1 and any(not keys.isdisjoint(_WATCHING) for keys in watched):
        return False
    return all(sum(not keys.isdisjoint(group) for keys in meant) <= 1 for group in _GROUPS)


def _laid_over(whole: dict[str, Any], key: str, value: Any) -> bool:
    """Add what another part says of a keyword that is there already; False where that takes a decision."""
    there = whole[key]
    if key in ANNOTATIONS:
        return key != "default" or _same(there, value)  # the outer one is nearer to the reader
    if key == "required":
        whole[key] = [*there, *(name for name in value if name not in there)]
        return True
    if key in ("properties", "$defs", "definitions"):
        if not there.keys().isdisjoint(value):
            return False
        whole[key] = {**there, **value}
        return True
    return _same(there, value)


def _same(one: Any, other: Any) -> bool:
    """Equal scalars of one type, or lists of such. Whether objects are equal is not asked: they may be large."""
    if isinstance(one, list) and isinstance(other, list):
        scalars = not any(isinstance(value, dict | list) for value in one)
        return scalars and len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict | list):
        return False
    return type(one) is type(other) and bool(one == other)
