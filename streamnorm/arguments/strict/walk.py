"""A schema in, every place in it where a schema stands out: 2020-12 and the drafts before it, each place once, with its JSON
Pointer. A `$ref` is followed inside the document only, nothing is fetched, and the work is bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from streamnorm.arguments.strict.words import escaped, kind, quoted

__all__ = [
    "IN_PLACE",
    "MAX_DEPTH",
    "MAX_PLACES",
    "TYPES",
    "Document",
    "Place",
    "copied",
    "is_local",
]

_T = TypeVar("_T")

#: Schemas inside schemas. Providers stop at ten objects; each may take a keyword or two on the way.
MAX_DEPTH: Final = 100
#: Places where a schema stands. The largest that any provider takes has 5,000 properties.
MAX_PLACES: Final = 20_000

#: Keywords that hold one schema, a list of them, or schemas by name. `items` held a list before 2020-12.
ONE: Final = frozenset(
    {
        *("additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if"),
        *("items", "not", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
    }
)
LISTED: Final = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
NAMED: Final = frozenset(
    {
        *("$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties"),
        "properties",
    }
)
#: Keywords whose schemas see the same value as the schema they stand in, and references, which do too.
IN_PLACE: Final = frozenset(
    {
        *("$dynamicRef", "$recursiveRef", "$ref", "allOf", "anyOf", "dependencies"),
        *("dependentSchemas", "else", "if", "not", "oneOf", "then"),
    }
)
#: Keywords whose schemas ask a question, or say a part of something: what a whole object needs is not asked of them.
_PARTIAL: Final = frozenset(
    {
        *("allOf", "contains", "dependencies", "dependentSchemas", "else", "if", "not"),
        *("propertyNames", "then"),
    }
)

#: What the value of a keyword has to be, where a check would stumble over anything else.
_SHAPES: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    **dict.fromkeys(NAMED, ((dict,), "an object")),
    **dict.fromkeys(LISTED - {"items"}, ((list,), "an array")),
    "items": ((dict, bool, list), "a schema"),
    "enum": ((list,), "an array"),
    "required": ((list,), "an array of names"),
    "type": ((str, list), "a type or an array of types"),
    "$ref": ((str,), "a string"),
    "format": ((str,), "a string"),
    "pattern": ((str,), "a string"),
    "description": ((str,), "a string"),
}
TYPES: Final = ("string", "number", "integer", "boolean", "object", "array", "null")


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One place where a schema stands. `keyword` and `name`: the keyword that holds it and its name or index there, both empty
    at the root. `whole`: no keyword on the way to it asks a question or states a part only."""

    schema: Any
    pointer: str
    keyword: str
    name: str
    depth: int
    whole: bool
    parent: Place | None

    @property
    def keywords(self) -> dict[str, Any]:
        """What the schema says: nothing where it is `true` or `false`."""
        return self.schema if isinstance(self.schema, dict) else {}


class Document:
    """All places of a schema, in the order in which they are written.

    `malformed`: where something stands that is no schema, and in words what. `cut`: the pointer at which the walk ended,
    for size or depth; None where it saw all.
    """

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.places: list[Place] = []
        self.malformed: list[tuple[str, str]] = []
        self.cut: str | None = None
        self._judged: dict[Any, Any] = {}
        self._walk()

    def once(self, judge: Callable[[Document], _T]) -> _T:
        """What `judge` says of this document. It is asked once."""
        if judge not in self._judged:
            self._judged[judge] = judge(self)
        found: _T = self._judged[judge]
        return found

    @cached_property
    def schemas(self) -> list[Place]:
        """The places that hold an object, and so keywords."""
        return [place for place in self.places if isinstance(place.schema, dict)]

    @cached_property
    def by_pointer(self) -> dict[str, Place]:
        return {place.pointer: place for place in self.places}

    @cached_property
    def inner(self) -> dict[str, list[Place]]:
        """By the pointer of a schema: the places directly inside it, where there are any."""
        found: dict[str, list[Place]] = {}
        for place in self.places:
            if place.parent is not None:
                found.setdefault(place.parent.pointer, []).append(place)
        return found

    @cached_property
    def references(self) -> dict[str, str]:
        """By the pointer of a schema with a `$ref`: the pointer of the place it leads to, in this document. A reference to
        somewhere else, or to nothing, is not among them."""
        found = {}
        for place in self.schemas:
            target = self._target(place.keywords.get("$ref"))
            if target is not None:
                found[place.pointer] = target
        return found

    def _target(self, reference: Any) -> str | None:
        if not is_local(reference):
            return None
        pointer = unquote(reference[1:])
        return pointer if pointer in self.by_pointer else None

    def resolved(self, schema: Any) -> Any:
        """What the chain of `$ref`s that begins in `schema` leads to; the last schema of it where it leads out or round."""
        for _ in range(MAX_DEPTH):
            reference = schema.get("$ref") if isinstance(schema, dict) else None
            target = self._target(reference)
            if target is None:
                break
            schema = self.by_pointer[target].schema
        return schema

    @cached_property
    def _pinned(self) -> frozenset[str]:
        """Each place that a reference leads to, and each pointer on the way to it."""
        pinned: set[str] = set()
        for pointer in set(self.references.values()):
            at = pointer
            while at not in pinned:
                pinned.add(at)
                at = at.rpartition("/")[0]
        return frozenset(pinned)

    @cached_property
    def opaque(self) -> bool:
        """A reference may mean something else than a pointer from the root, or what it means is known only on the way."""
        return any(_renames(place) for place in self.schemas)

    def pinned(self, pointer: str) -> bool:
        """A reference leads to this pointer or through it, so what is there must neither move nor widen."""
        if pointer == "":
            return self.opaque or "" in self.references.values()
        return self.opaque or pointer in self._pinned

    def _walk(self) -> None:
        waiting = [Place(self.schema, "", "", "", 1, True, None)]
        while waiting:
            place = waiting.pop()
            if len(self.places) >= MAX_PLACES or place.depth > MAX_DEPTH:
                self.cut = place.pointer
                return
            self.places.append(place)
            if isinstance(place.schema, dict):
                inner = list(self._inside(place))
                waiting.extend(reversed(inner))
            elif not isinstance(place.schema, bool):
                self.malformed.append((place.pointer, f"{kind(place.schema)} is no schema"))

    def _inside(self, place: Place) -> Iterator[Place]:
        for keyword, value in place.schema.items():
            if not isinstance(keyword, str):
                self.malformed.append((place.pointer, f"the key {keyword!r} is no string"))
                continue
            at = f"{place.pointer}/{escaped(keyword)}"
            wrong = _wrong(keyword, value)
            if wrong:
                self.malformed.append((at, wrong))
            elif keyword in NAMED:
                for name, schema in value.items():
                    if keyword == "dependencies" and isinstance(schema, list):
                        continue  # names, as `dependentRequired` has them
                    yield _inner(place, f"{at}/{escaped(str(name))}", keyword, str(name), schema)
            elif keyword in LISTED and isinstance(value, list):
                for index, schema in enumerate(value):
                    yield _inner(place, f"{at}/{index}", keyword, str(index), schema)
            elif keyword in ONE:
                yield _inner(place, at, keyword, "", value)


def _inner(parent: Place, pointer: str, keyword: str, name: str, schema: Any) -> Place:
    whole = parent.whole and keyword not in _PARTIAL
    return Place(schema, pointer, keyword, name, parent.depth + 1, whole, parent)


def _renames(place: Place) -> bool:
    keywords = place.keywords
    if "$dynamicRef" in keywords or "$recursiveRef" in keywords:
        return True
    if place.parent is not None and ("$id" in keywords or "id" in keywords):
        return True
    reference = keywords.get("$ref", "")
    return "#" in reference and not is_local(reference)


def _wrong(keyword: str, value: Any) -> str:
    """What is wrong with the value of a keyword, in words; empty where it is as it has to be."""
    shape = _SHAPES.get(keyword)
    if shape is not None and not isinstance(value, shape[0]):
        return f"{kind(value)} where `{keyword}` takes {shape[1]}"
    if keyword == "required" and not all(isinstance(name, str) for name in value):
        return "`required` names something that is no string"
    return _wrong_type([value] if isinstance(value, str) else value) if keyword == "type" else ""


def _wrong_type(named: list[Any]) -> str:
    if not named:
        return "`type` names no type, so nothing is valid"
    for each in named:
        if isinstance(each, str) and each.isupper() and each.lower() in TYPES:
            return (
                f"`type` is {each!r}, a spelling of OpenAPI's; JSON Schema writes {each.lower()!r}"
            )
        if not isinstance(each, str) or each not in TYPES:
            return f"`type` is {quoted(each)}, and JSON Schema knows {', '.join(TYPES)}"
    return ""


def copied(schema: Any) -> Any:
    """The schema with every schema in it its own object, so that one can be changed and no other changes. Only for what a
    `Document` has walked to its end; values that are no schemas are shared."""
    if not isinstance(schema, dict):
        return schema
    return {keyword: _copied_value(keyword, value) for keyword, value in schema.items()}


def _copied_value(keyword: str, value: Any) -> Any:
    if keyword in NAMED and isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    if keyword in LISTED and isinstance(value, list):
        return [copied(inner) for inner in value]
    if keyword in ONE:
        return copied(value)
    return list(value) if isinstance(value, list) else value


def is_local(reference: Any) -> bool:
    """A JSON Pointer in the fragment: a reference to a place in the same document."""
    return isinstance(reference, str) and (reference == "#" or reference.startswith("#/"))
