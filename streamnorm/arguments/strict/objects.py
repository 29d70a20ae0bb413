"""Checks on what objects name, require and let in, and on schemas that say too little to tell objects apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from streamnorm.arguments.strict.checks import Check, Seen
from streamnorm.arguments.strict.mends import close, imply_type, require_all
from streamnorm.arguments.strict.rewrites import order_properties
from streamnorm.arguments.strict.sense import ANNOTATIONS, constants, is_array, is_object
from streamnorm.arguments.strict.walk import Document, Place
from streamnorm.arguments.strict.words import kind, quoted

__all__ = [
    "closed",
    "free_form",
    "required",
    "same_first_key",
    "unconstrained",
    "unordered",
]

#: Where a schema that allows anything is another rule's business: the keyword itself says that anything may follow.
_REST: Final = frozenset(
    {
        *("additionalItems", "additionalProperties", "contentSchema"),
        *("unevaluatedItems", "unevaluatedProperties"),
    }
)


def objects(document: Document, *, where: str = "") -> Iterator[Place]:
    """The schemas that describe a whole object; `where`: at the `root`, `nested` in it, or all."""
    for place in document.schemas:
        if place.whole and is_object(place.keywords):
            place_is = "root" if place.parent is None else "nested"
            if where in ("", place_is):
                yield place


def closed(*, where: str = "", open_only: bool = False, absent_only: bool = False) -> Check:
    """`additionalProperties: false` on every object; `open_only`: only what says otherwise, `absent_only`: what says nothing."""

    def check(document: Document) -> Iterator[Seen]:
        for place in objects(document, where=where):
            if "additionalProperties" not in place.keywords:
                if not open_only:
                    yield Seen(
                        place.pointer,
                        "the object does not say `additionalProperties: false`, so JSON Schema lets any other member in",
                        "add `additionalProperties: false`",
                        close(document, place),
                    )
            elif place.keywords["additionalProperties"] is not False and not absent_only:
                told = place.keywords["additionalProperties"]
                yield Seen(
                    place.pointer,
                    f"`additionalProperties` is {'true' if told is True else kind(told)}: members that are not named "
                    "in advance cannot be held to a grammar",
                    "name the members, or make an array of objects with a key and a value; then say "
                    "`additionalProperties: false`",
                )

    return check


def required(*, where: str = "", type_arrays: bool = True) -> Check:
    """Every property is required. `type_arrays`: as `require_all` has it."""
    mend = require_all(type_arrays=type_arrays)
    null = '`type: [..., "null"]`' if type_arrays else '`anyOf` with `{"type": "null"}`'

    def check(document: Document) -> Iterator[Seen]:
        for place in objects(document, where=where):
            listed = set(place.keywords.get("required", []))
            absent = [name for name in place.keywords.get("properties", {}) if name not in listed]
            if absent:
                more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
                named = ", ".join(map(quoted, absent[:3])) + more
                yield Seen(
                    place.pointer,
                    f"{named} {'are' if len(absent) > 1 else 'is'} not in `required`, and strict mode knows no optional "
                    "property",
                    f"list every property in `required`; let what was optional be null: {null}",
                    mend(document, place),
                )

    return check


def unconstrained(document: Document) -> Iterator[Seen]:
    for place in document.places:
        if place.keyword in _REST or place.schema is False or not place.whole:
            continue
        keywords = place.keywords
        fix = "say what is meant: a `type`, an `enum`, a `$ref` or an `anyOf`"
        if not {"type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"} & keywords.keys():
            if place.parent is None:
                continue  # the root has a rule of its own
            said = sorted(keywords.keys() - ANNOTATIONS)
            told = f"only {', '.join(map(quoted, said[:3]))}" if said else "nothing of the value"
            yield Seen(
                place.pointer,
                f"the schema says {told} and names no type, so anything is valid and no grammar can be made of it",
                fix,
                imply_type(document, place) if keywords else None,
            )
        elif is_array(keywords) and not {"items", "prefixItems"} & keywords.keys():
            yield Seen(
                place.pointer, "the array does not say what its items are", "add `items`: " + fix
            )


def free_form(document: Document) -> Iterator[Seen]:
    for place in objects(document):
        if "properties" not in place.keywords and place.keywords.get("additionalProperties") in (
            None,
            False,
        ):
            yield Seen(
                place.pointer,
                "the object has no `properties`: in strict mode it can only ever be {}",
                "name its properties; say `properties: {}` where it is meant to be empty; for free-form data take a string "
                "that holds JSON",
            )


def same_first_key(document: Document) -> Iterator[Seen]:
    for place in document.schemas:
        first: dict[str, list[Any]] = {}
        for branch in place.keywords.get("anyOf", []):
            resolved = document.resolved(branch)
            named = resolved.get("properties") if isinstance(resolved, dict) else None
            if isinstance(named, dict) and named:
                key = next(iter(named))
                first.setdefault(key, []).append(constants(named[key]))
        for key, values in first.items():
            if len(values) > 1 and not _disjoint(values):
                yield Seen(
                    place.pointer,
                    f"{len(values)} objects of one `anyOf` begin with the property {quoted(key)}, so the first key does "
                    "not tell which of them is meant",
                    "begin each with a property of another name, or with one that has a constant of its own in each",
                )


def _disjoint(values: list[set[Any]]) -> bool:
    return all(values) and len(set[Any]().union(*values)) == sum(map(len, values))


def unordered(document: Document) -> Iterator[Seen]:
    for place in objects(document):
        if place.keywords.get("properties") and "propertyOrdering" not in place.keywords:
            yield Seen(
                place.pointer,
                "`propertyOrdering` is absent: older models then write the properties in an order of their own",
                "add `propertyOrdering` with the names in order",
                order_properties(document, place),
            )
