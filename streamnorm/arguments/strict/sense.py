"""What a schema means, as far as a check or a mend has to know it: whether it takes null, whether two exclude each other, where
it comes back to itself, and where narrowing it would change what another part of it says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from streamnorm.arguments.strict.walk import IN_PLACE, TYPES, Document, Place

__all__ = [
    "ANNOTATIONS",
    "ARRAY_WORDS",
    "OBJECT_WORDS",
    "admits_null",
    "exclusive",
    "frozen",
    "is_array",
    "is_object",
    "levels",
    "recursions",
    "types_of",
]

#: Keywords that say something to the reader and nothing to a validator.
ANNOTATIONS: Final = frozenset(
    {
        *("$comment", "default", "deprecated", "description", "discriminator", "example"),
        *("examples", "propertyOrdering", "readOnly", "title", "writeOnly"),
    }
)
OBJECT_WORDS: Final = frozenset(
    {
        *("additionalProperties", "dependentRequired", "maxProperties", "minProperties"),
        *("patternProperties", "properties", "propertyNames", "required"),
        "unevaluatedProperties",
    }
)
ARRAY_WORDS: Final = frozenset(
    {
        *("additionalItems", "contains", "items", "maxContains", "maxItems", "minContains"),
        *("minItems", "prefixItems", "unevaluatedItems", "uniqueItems"),
    }
)

#: Branches that are compared each with each. More than anyone writes by hand are told apart by a tag all have, or not at all.
MAX_COMPARED: Final = 64

#: Keywords whose subschemas count what is valid, or turn it round: to narrow one of them may widen the whole.
_UNTOUCHED: Final = frozenset(
    {
        *("additionalItems", "additionalProperties", "allOf", "contains", "contentSchema"),
        *("dependencies", "dependentSchemas", "else", "if", "not", "oneOf", "patternProperties"),
        *("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
    }
)
#: Keywords that see more of an object or an array than one member, so that a member taken out may change their verdict.
_OVERSEEING: Final = frozenset(
    {
        *("contains", "dependencies", "dependentRequired", "dependentSchemas"),
        *("patternProperties", "unevaluatedItems", "unevaluatedProperties"),
    }
)


def types_of(schema: Any) -> frozenset[str]:
    """The types that `type` names; all where it is absent."""
    named = schema.get("type", TYPES) if isinstance(schema, dict) else TYPES
    return frozenset([named] if isinstance(named, str) else named)


def is_object(schema: dict[str, Any]) -> bool:
    """It describes an object: it says so, or has `properties` and no type."""
    return "object" in types_of(schema) if "type" in schema else "properties" in schema


def is_array(schema: dict[str, Any]) -> bool:
    """It says that it describes an array."""
    return "type" in schema and "array" in types_of(schema)


def admits_null(document: Document, schema: Any, depth: int = 0) -> bool:
    """Null is surely valid. False also where that cannot be told, as behind a reference that leads out."""
    if isinstance(schema, bool) or depth > 16:
        return schema is True
    if not IN_PLACE.isdisjoint(schema.keys() - {"$ref", "anyOf", "allOf"}):
        return False
    if "$ref" in schema and document.resolved(schema) is schema:
        return False
    if "null" not in types_of(schema) or None not in schema.get("enum", [None]):
        return False
    if schema.get("const") is not None:
        return False
    parts = [
        any(admits_null(document, branch, depth + 1) for branch in schema.get("anyOf", [True])),
        all(admits_null(document, branch, depth + 1) for branch in schema.get("allOf", [])),
    ]
    if "$ref" in schema:
        parts.append(admits_null(document, document.resolved(schema), depth + 1))
    return all(parts)


def exclusive(document: Document, branches: list[Any]) -> bool:
    """No value is valid under two of the branches: their types differ, or all are objects that tell themselves apart by a
    property that each requires, with a constant of its own."""
    plain = [document.resolved(branch) for branch in branches]
    if not branches or not all(isinstance(branch, dict) for branch in plain):
        return False
    if _tagged(plain):
        return True
    return len(plain) <= MAX_COMPARED and all(
        _types_apart(one, other) or _tagged([one, other]) for one, other in combinations(plain, 2)
    )


def _types_apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return _numbers(types_of(one)).isdisjoint(_numbers(types_of(other)))


def _numbers(types: frozenset[str]) -> frozenset[str]:
    """Every integer is a number."""
    return types | {"integer"} if "number" in types else types


def _tagged(branches: list[dict[str, Any]]) -> bool:
    if not all(branch.get("type") == "object" for branch in branches):
        return False
    first = branches[0].get("required", [])
    return any(_is_tag(name, branches) for name in first if isinstance(name, str))


def _is_tag(name: str, branches: list[dict[str, Any]]) -> bool:
    seen: set[Any] = set()
    for branch in branches:
        values = constants(branch.get("properties", {}).get(name))
        if name not in branch.get("required", []) or not values or not seen.isdisjoint(values):
            return False
        seen |= values
    return True


def constants(schema: Any) -> set[Any]:
    """The strings that are all a schema allows; none where it allows anything else."""
    if not isinstance(schema, dict):
        return set()
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return set(values) if all(isinstance(value, str) for value in values) else set()


# Where a schema must stay as it is.


def frozen(document: Document) -> frozenset[str]:
    """The pointers of the places that must not be narrowed, for what a value means would change elsewhere: inside a negation, a
    condition or a choice of exactly one, beneath a schema whose keywords see each other's work, and whatever these refer to."""
    if document.opaque:
        return frozenset(document.by_pointer)
    waiting = [
        place
        for place in document.places
        if place.keyword in _UNTOUCHED or (place.keywords and _entangled(place.keywords))
    ]
    found: set[str] = set()
    while waiting:
        place = waiting.pop()
        if place.pointer not in found:
            found.add(place.pointer)
            waiting.extend(_onward(document, place))
    return frozenset(found)


def _entangled(keywords: dict[str, Any]) -> bool:
    in_place = IN_PLACE & keywords.keys()
    members = (OBJECT_WORDS | ARRAY_WORDS) & keywords.keys()
    if len(in_place) > 1 or (in_place and members) or not _OVERSEEING.isdisjoint(keywords):
        return True
    if keywords.get("uniqueItems", False) is not False:
        return True
    fixed = [*keywords.get("enum", []), keywords.get("const")]
    return any(isinstance(value, dict | list) for value in fixed)


def _onward(document: Document, place: Place) -> Iterator[Place]:
    yield from document.inner.get(place.pointer, ())
    target = document.references.get(place.pointer)
    if target is not None:
        yield document.by_pointer[target]


# What a schema is when its references are followed.


def recursions(document: Document) -> list[Place]:
    """The schemas whose `$ref` leads back to where the way to it began: one for each way round that is met first."""
    found: dict[str, Place] = {}
    done: set[str] = set()
    for start in document.places:
        if start.pointer in done:
            continue
        on_way: dict[str, Iterator[Place]] = {start.pointer: _onward(document, start)}
        way = [start]
        while way:
            step = next(on_way[way[-1].pointer], None)
            if step is None:
                done.add(way[-1].pointer)
                del on_way[way.pop().pointer]
            elif step.pointer in on_way:
                reference = _last_reference(way, document)
                found[reference.pointer] = reference
            elif step.pointer not in done:
                on_way[step.pointer] = _onward(document, step)
                way.append(step)
    return [place for place in document.places if place.pointer in found]


def _last_reference(way: list[Place], document: Document) -> Place:
    return next(place for place in reversed(way) if place.pointer in document.references)


def levels(document: Document) -> int:
    """Objects inside objects, the root being level 1. References are followed, those that lead back once."""
    depth: dict[str, int] = {}
    open_: set[str] = set()
    waiting = [(document.places[0], False)]
    while waiting:
        place, leaving = waiting.pop()
        if leaving:
            inner = max((depth.get(p.pointer, 0) for p in _used(document, place)), default=0)
            depth[place.pointer] = inner + is_object(place.keywords)
        elif place.pointer not in open_:
            open_.add(place.pointer)
            waiting.append((place, True))
            waiting.extend((inner, False) for inner in _used(document, place))
    return depth[""]


def _used(document: Document, place: Place) -> Iterator[Place]:
    """What a definition says counts where it is used."""
    for step in document.inner.get(place.pointer, ()):
        if step.keyword not in ("$defs", "definitions"):
            yield step
    target = document.references.get(place.pointer)
    if target is not None:
        yield document.by_pointer[target]
