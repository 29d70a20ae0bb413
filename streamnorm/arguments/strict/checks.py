"""The ideas behind the rules, one function each, shared by all targets: each looks at a document and yields what a rule would
refuse, where, why, what to write instead, and the mend where there is one without loss."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from streamnorm.arguments.strict.mends import Mend, Mender, imply_type
from streamnorm.arguments.strict.rewrites import inline_root
from streamnorm.arguments.strict.walk import Document, Place
from streamnorm.arguments.strict.words import kind, quoted

__all__ = [
    "Check",
    "Seen",
    "about_the_endpoint",
    "bounded_items",
    "branches",
    "formats",
    "keyword",
    "only",
    "root_is_object",
    "root_without",
    "simple_enums",
    "type_arrays",
]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One breach of a rule. `pointer` is within the schema."""

    pointer: str
    reason: str
    fix: str
    mend: Mend | None = None


Check = Callable[[Document], Iterator[Seen]]


def keyword(
    *words: str, why: str, fix: str, mend: Mender | None = None, idle: Collection[Any] = ()
) -> Check:
    """None of `words` may stand in a schema, unless with a value of `idle`."""

    def check(document: Document) -> Iterator[Seen]:
        for place in document.schemas:
            found = [
                word
                for word in words
                if word in place.keywords and not _is_idle(place.keywords[word], idle)
            ]
            if found:
                named = ", ".join(f"`{word}`" for word in found)
                stand = "stand" if len(found) > 1 else "stands"
                yield Seen(
                    place.pointer,
                    f"{named} {stand} here: {why}",
                    fix,
                    mend(document, place) if mend else None,
                )

    return check


def _is_idle(value: Any, idle: Collection[Any]) -> bool:
    return any(type(value) is type(other) and value == other for other in idle)


def only(
    allowed: Collection[str], *, elsewhere: Collection[str], mends: dict[str, Mender]
) -> Check:
    """No keyword but those `allowed`, and those that rules of their own speak of."""

    def check(document: Document) -> Iterator[Seen]:
        for place in document.schemas:
            for word in place.keywords:
                if word not in allowed and word not in elsewhere:
                    mend = mends.get(word)
                    yield Seen(
                        place.pointer,
                        f"{quoted(word)} stands here, and is not among the keywords that are read; the call is "
                        "refused, or goes on without what it asks",
                        "leave it out, or say it in the description; validate the arguments yourself",
                        mend(document, place) if mend else None,
                    )

    return check


def root_is_object(document: Document) -> Iterator[Seen]:
    root = document.places[0]
    named = root.keywords.get("type")
    if named != "object":
        told = quoted(named) if isinstance(named, str) else kind(named) if named else "no type"
        yield Seen(
            "",
            f"the root has {told}: arguments are always one object, so the root has to say `type: object`",
            "put what is here under a property of an object",
            _root_mend(document, root),
        )


def _root_mend(document: Document, root: Place) -> Mend | None:
    if "$ref" in root.keywords:
        return inline_root(document, root)
    return imply_type(document, root) if "properties" in root.keywords else None


def root_without(*words: str) -> Check:
    def check(document: Document) -> Iterator[Seen]:
        for word in words:
            if word in document.places[0].keywords:
                yield Seen(
                    "",
                    f"`{word}` stands at the root: the root may only be one object, no choice between several",
                    "put the choice under a property of the root, or make a tool of each branch",
                )

    return check


def formats(*known: str) -> Check:
    """`format` only with these values."""

    def check(document: Document) -> Iterator[Seen]:
        for place in document.schemas:
            if "format" in place.keywords and place.keywords["format"] not in known:
                yield Seen(
                    place.pointer,
                    f"`format` is {quoted(place.keywords['format'])}, and only these are known: {', '.join(known)}",
                    "leave it out and say it in the description, or as a `pattern` where that is supported; validate "
                    "the arguments yourself",
                )

    return check


def simple_enums(document: Document) -> Iterator[Seen]:
    for place in document.schemas:
        values = place.keywords.get("enum", [])
        compound = next((value for value in values if isinstance(value, dict | list)), None)
        if compound is not None:
            yield Seen(
                place.pointer,
                f"`enum` lists {kind(compound)}; only strings, numbers, booleans and null may be listed",
                "take an `anyOf` of objects whose properties are constants",
            )


def bounded_items(*words: str) -> Check:
    """Of the bounds on arrays none of `words`, and `minItems` only 0 or 1. `uniqueItems: false` bounds nothing."""

    def check(document: Document) -> Iterator[Seen]:
        for place in document.schemas:
            keywords = place.keywords
            found = [f"`{word}`" for word in words if keywords.get(word, False) is not False]
            least = keywords.get("minItems", 0)
            if isinstance(least, bool) or least not in (0, 1):
                found.append(f"`minItems` {quoted(least)}")
            if found:
                yield Seen(
                    place.pointer,
                    f"{', '.join(found)}: of the bounds on arrays only `minItems` 0 or 1 is compiled",
                    "leave it out and say it in the description; validate the arguments yourself",
                )

    return check


def branches(most: int) -> Check:
    """`anyOf` has no more than `most` branches."""

    def check(document: Document) -> Iterator[Seen]:
        for place in document.schemas:
            count = len(place.keywords.get("anyOf", []))
            if count > most:
                yield Seen(
                    place.pointer,
                    f"`anyOf` has {count:,} branches, and at most {most} are taken",
                    "lay branches together, or make several tools",
                )

    return check


def type_arrays(mend: Mender) -> Check:
    """`type` names one type."""

    def check(document: Document) -> Iterator[Seen]:
        for place in document.schemas:
            if isinstance(place.keywords.get("type"), list):
                yield Seen(
                    place.pointer,
                    "`type` is an array: only one type may be named there",
                    "take an `anyOf` with a branch for each type",
                    mend(document, place),
                )

    return check


def about_the_endpoint(reason: str, fix: str) -> Check:
    """No rule on the schema, but one that whoever sends it has to know: said once for each schema."""

    def check(_document: Document) -> Iterator[Seen]:
        yield Seen("", reason, fix)

    return check
