"""What can be put right without loss, one function a way. Each looks at one place and gives the mend, or None where it would
change what was meant: then a person has to decide. Nothing changes before `Mend.apply` is called. Here are the mends that
narrow: what is valid afterwards was valid before, once the nulls that stand for absence are taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from streamnorm.arguments.strict.sense import ANNOTATIONS, admits_null, frozen
from streamnorm.arguments.strict.walk import IN_PLACE, Document, Place
from streamnorm.arguments.strict.words import escaped

__all__ = ["Mend", "Mender", "close", "imply_type", "null_type", "require_all", "rewrite"]


@dataclass(frozen=True, eq=False)
class Mend:
    """One change. `touches`: the schemas it rewrites; no other mend may run on them before the next look. `narrows`: less is
    valid afterwards (members that nobody named; an absent member is a null), where otherwise the meaning is the same.
    `nulls`: the names whose null stands for absence from now on.
    """

    words: str
    apply: Callable[[], None]
    touches: tuple[dict[str, Any], ...]
    narrows: bool = False
    nulls: tuple[str, ...] = ()


Mender = Callable[[Document, Place], Mend | None]


def rewrite(
    place: Place, words: str, contents: dict[str, Any], *, dissolved: Sequence[Any] = ()
) -> Mend:
    """The schema becomes `contents`; the object stays the same one, so that whoever holds it sees the change. `dissolved`: the
    schemas that are then no longer in it."""

    def apply() -> None:
        place.schema.clear()
        place.schema.update(contents)

    gone = tuple(schema for schema in dissolved if isinstance(schema, dict))
    return Mend(words, apply, (place.schema, *gone))


def _narrowing(place: Place, words: str, more: dict[str, Any]) -> Mend:
    return Mend(words, lambda: place.schema.update(more), (place.schema,), narrows=True)


def _live(document: Document, place: Place) -> bool:
    """It may be narrowed: nothing else in the schema counts on what it lets through."""
    return place.pointer not in document.once(frozen)


def close(document: Document, place: Place) -> Mend | None:
    """`additionalProperties: false`, where nothing says that more members are meant."""
    keywords = place.keywords
    open_words = {"additionalProperties", "patternProperties", "unevaluatedProperties"}
    if not open_words.isdisjoint(keywords) or not _live(document, place):
        return None
    named = keywords.get("properties")
    if named is None or not IN_PLACE.isdisjoint(keywords):
        return None
    if not named.keys() >= set(keywords.get("required", [])):
        return None
    if not _at_most(keywords.get("minProperties", 0), len(named)):
        return None
    return _narrowing(
        place,
        "additionalProperties is false: no member but those named",
        {"additionalProperties": False},
    )


def _at_most(bound: Any, count: int) -> bool:
    return isinstance(bound, int | float) and bound <= count


def imply_type(document: Document, place: Place) -> Mend | None:
    """The type that `properties` or `items` speak of, where none is named."""
    keywords = place.keywords
    if "type" in keywords or not (IN_PLACE | {"enum", "const"}).isdisjoint(keywords):
        return None
    if not _live(document, place) or document.pinned(place.pointer):
        return None
    for word, named in (("properties", "object"), ("items", "array")):
        if word in keywords:
            words = f"type is {named!r}, which `{word}` speaks of"
            return _narrowing(place, words, {"type": named})
    return None


def require_all(*, type_arrays: bool = True) -> Mender:
    """Every property is required, and one that was optional may be null instead. `type_arrays`: the target takes
    `type: [..., "null"]`; otherwise null is a branch of `anyOf`."""

    def mender(document: Document, place: Place) -> Mend | None:
        keywords = place.keywords
        named = keywords.get("properties", {})
        counted = {"maxProperties", "minProperties", "patternProperties"}
        if not counted.isdisjoint(keywords) or not _live(document, place):
            return None
        listed = keywords.get("required", [])
        known = set(listed)
        optional = [name for name in named if name not in known]
        nulls = [name for name in optional if not admits_null(document, named[name])]
        for name in nulls:
            at = f"{place.pointer}/properties/{escaped(name)}"
            if named[name] is False or document.pinned(at):
                return None
        changed = [_with_null(named[name], type_arrays=type_arrays) for name in nulls]

        def apply() -> None:
            place.schema["required"] = [*listed, *optional]
            for name, schema in zip(nulls, changed, strict=True):
                named[name].clear()
                named[name].update(schema)

        words = f"required: {_listed(optional)}"
        if nulls:
            words += f"; null stands for absence in {_listed(nulls)}"
        touches = (place.schema, *(named[name] for name in nulls))
        return Mend(words, apply, touches, narrows=True, nulls=tuple(nulls))

    return mender


def _with_null(schema: dict[str, Any], *, type_arrays: bool) -> dict[str, Any]:
    """A schema for what `schema` takes, and null."""
    rest = schema.keys() - ANNOTATIONS
    if rest == {"anyOf"}:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if rest == {"enum"}:
        return {**schema, "enum": [*schema["enum"], None]}
    if type_arrays and "type" in schema and IN_PLACE.isdisjoint(rest):
        return null_type(schema)
    told = {key: value for key, value in schema.items() if key in ANNOTATIONS}
    meant = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
    return {**told, "anyOf": [meant, {"type": "null"}]}


def null_type(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with a type, for what it takes and null."""
    named = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    changed = {**schema, "type": [*named, *([] if "null" in named else ["null"])]}
    if "const" in schema:
        changed["enum"] = [changed.pop("const")]
    if "enum" in changed and None not in changed["enum"]:
        changed["enum"] = [*changed["enum"], None]
    return changed


def _listed(names: list[str]) -> str:
    shown = [repr(name if len(name) <= 40 else f"{name[:37]}...") for name in names[:8]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
