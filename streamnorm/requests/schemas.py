"""A tool's schema in, one that the host takes out: without the keywords and shapes that it refuses. What that loses stands in
the description, and the arguments are held against the original."""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from typing import Any, Final

from streamnorm.arguments.strict.mends import close
from streamnorm.arguments.strict.sense import is_object
from streamnorm.arguments.strict.walk import Document, Place, copied
from streamnorm.requests.work import ABSENT

__all__ = ["closed", "rewritten"]

#: One thing that was changed: where in the schema, what stood there, what was done.
_Change = tuple[str, Any, str]


def closed(schema: Any) -> tuple[dict[str, Any], list[_Change]] | None:
    """Every object that names its members lets in no other; None for what is no schema."""
    document = _document(schema)
    if document is None:
        return None
    changes: list[_Change] = []
    for place in document.schemas:
        mend = close(document, place) if place.whole and is_object(place.keywords) else None
        if mend is not None:
            mend.apply()
            changes.append((f"{place.pointer}/additionalProperties", ABSENT, "added: false"))
    return document.schema, changes


def rewritten(
    schema: Any, keywords: Set[str], shapes: Set[str]
) -> tuple[dict[str, Any], list[_Change]] | None:
    """The schema without `keywords` and `shapes`; None for what is no schema."""
    document = _document(schema)
    if document is None:
        return None
    changes: list[_Change] = []
    for place in document.schemas:
        if "type-beside-anyOf" in shapes:
            changes += _type_into_branches(place)
        if "tuple-items" in shapes:
            changes += _one_item_schema(place)
    # Anew, for what was moved stands elsewhere now.
    for place in Document(document.schema).schemas:
        changes += _without(place, keywords)
    return document.schema, changes


def _document(schema: Any) -> Document | None:
    """A copy of the schema, walked; None where it is none, which the server will say better."""
    walked = Document(schema)
    if not isinstance(schema, dict) or walked.malformed or walked.cut is not None:
        return None
    return Document(copied(schema))


def _without(place: Place, keywords: Set[str]) -> Iterator[_Change]:
    refused = {key: value for key, value in place.keywords.items() if key in keywords}
    if not refused:
        return
    for key, value in refused.items():
        del place.schema[key]
        yield (f"{place.pointer}/{key}", value, "moved into the description")
    _tell(place.schema, ", ".join(f"{key}: {_text(value)}" for key, value in refused.items()))


def _type_into_branches(place: Place) -> Iterator[_Change]:
    """`type` in each branch of `anyOf` that names none, instead of beside it; branches that name one keep theirs."""
    schema = place.schema
    branches = schema.get("anyOf")
    if "type" not in schema or not isinstance(branches, list):
        return
    named = schema.pop("type")
    for branch in branches:
        if isinstance(branch, dict) and "type" not in branch and "$ref" not in branch:
            branch["type"] = named
    yield (f"{place.pointer}/type", named, "moved into the branches of anyOf")


def _one_item_schema(place: Place) -> Iterator[_Change]:
    """For a list of item schemas, one schema with a choice of them, and as many items at most as there were."""
    schema = place.schema
    for word in ("items", "prefixItems"):
        listed = schema.get(word)
        if not isinstance(listed, list):
            continue
        del schema[word]
        rest = schema.pop("additionalItems" if word == "items" else "items", None)
        choice = [*listed, *([rest] if isinstance(rest, dict) else [])]
        if choice:
            schema["items"] = choice[0] if len(choice) == 1 else {"anyOf": choice}
        _tell(schema, f"{word}, one after the other: {_text(listed)}")
        yield (f"{place.pointer}/{word}", listed, "sent as a choice of item schemas")


def _tell(schema: dict[str, Any], words: str) -> None:
    before = schema.get("description")
    schema["description"] = f"{before} ({words})" if before else words


#: Characters of a keyword's value that a description takes over.
_MAX_TOLD: Final = 400


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_TOLD else f"{text[: _MAX_TOLD - 3]}..."
