"""Limits that count over a whole schema. What is counted is counted once for a document, whatever the rules ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from streamnorm.arguments.strict.checks import Check, Seen
from streamnorm.arguments.strict.sense import levels
from streamnorm.arguments.strict.walk import Document

__all__ = ["Counts", "at_most", "counts", "long_enums"]


class Counts(NamedTuple):
    """`properties`, `enum_values`: how many in all. `characters`: of the names of properties and definitions, and of the strings
    in `enum` and `const`. `levels`: objects inside objects, the root being 1, references followed."""

    properties: int
    enum_values: int
    characters: int
    levels: int


def counts(document: Document) -> Counts:
    properties = enum_values = characters = 0
    for place in document.places:
        if place.keyword == "properties":
            properties += 1
        if place.keyword in ("properties", "$defs", "definitions"):
            characters += len(place.name)
        values = place.keywords.get("enum", [])
        enum_values += len(values)
        characters += sum(len(value) for value in values if isinstance(value, str))
        constant = place.keywords.get("const")
        characters += len(constant) if isinstance(constant, str) else 0
    return Counts(properties, enum_values, characters, document.once(levels))


def at_most(limit: int, count: Callable[[Counts], int], what: str, fix: str) -> Check:
    """Of `what`, the schema as a whole has no more than `limit`."""

    def check(document: Document) -> Iterator[Seen]:
        seen = count(document.once(counts))
        if seen > limit:
            yield Seen("", f"the schema has {seen:,} {what}, and at most {limit:,} are taken", fix)

    return check


def long_enums(*, values: int, characters: int) -> Check:
    """An enum of strings with more than `values` of them has no more than so many `characters` in all."""

    def check(document: Document) -> Iterator[Seen]:
        for place in document.schemas:
            listed = [each for each in place.keywords.get("enum", []) if isinstance(each, str)]
            total = sum(map(len, listed))
            if len(listed) > values and total > characters:
                yield Seen(
                    place.pointer,
                    f"the enum has {len(listed):,} strings of {total:,} characters in all; above {values} strings at most "
                    f"{characters:,} are taken",
                    "shorten the values, or take a plain string and check it yourself",
                )

    return check
