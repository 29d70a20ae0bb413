"""Checks on `$ref`: where it leads, and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator

from streamnorm.arguments.strict.checks import Check, Seen
from streamnorm.arguments.strict.mends import Mender
from streamnorm.arguments.strict.sense import recursions
from streamnorm.arguments.strict.walk import Document, is_local
from streamnorm.arguments.strict.words import quoted

__all__ = [
    "external_references",
    "merged_references",
    "references_alone",
    "without_recursion",
]


def external_references(document: Document) -> Iterator[Seen]:
    for place in document.schemas:
        reference = place.keywords.get("$ref")
        if reference is not None and not is_local(reference):
            yield Seen(
                place.pointer,
                f"`$ref` leads out of the document, to {quoted(reference)}; nobody fetches it",
                "copy what it names into `$defs` and refer to it as `#/$defs/...`",
            )


def references_alone(mend: Mender) -> Check:
    """Nothing stands beside a `$ref`."""

    def check(document: Document) -> Iterator[Seen]:
        for place in document.schemas:
            beside = sorted(place.keywords.keys() - {"$ref"})
            if "$ref" in place.keywords and beside and place.parent is not None:
                yield Seen(
                    place.pointer,
                    f"{', '.join(map(quoted, beside[:3]))} beside `$ref`: such a schema is refused, whatever stands there",
                    "put the `$ref` alone into an `anyOf` of one, or move what is beside it to where it leads",
                    mend(document, place),
                )

    return check


def merged_references(mend: Mender) -> Check:
    """`allOf` and `$ref` do not come together."""

    def check(document: Document) -> Iterator[Seen]:
        for place in document.schemas:
            parts = [place.schema, *place.keywords.get("allOf", [])]
            if "allOf" in place.keywords and any(
                isinstance(part, dict) and "$ref" in part for part in parts
            ):
                yield Seen(
                    place.pointer,
                    "`allOf` is combined with `$ref`, which is not compiled",
                    "write the `$ref` alone, or what it leads to in its place",
                    mend(document, place),
                )

    return check


def without_recursion(document: Document) -> Iterator[Seen]:
    for place in document.once(recursions):
        yield Seen(
            place.pointer,
            f"`$ref` leads back to where it stands, by {quoted(place.keywords['$ref'])}: no recursive schema is compiled",
            "write the levels out as far as they are needed, or take a flat list whose items name their parent",
        )
