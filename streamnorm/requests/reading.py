"""What a caller passes (mappings, sequences, models of pydantic, our own chunks and messages) as plain JSON values of its own:
whatever is done to them, the caller's stay as they are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from streamnorm.errors import RequestError

__all__ = ["pointer", "read", "worded"]

#: Levels of a body. Deeper than any schema that a provider takes, and below what Python's own stack bears.
MAX_DEPTH: Final = 200

#: Characters of a value that a sentence or a finding shows.
_SHOWN: Final = 120


def read(value: Any, where: str = "", depth: int = 0) -> Any:
    """`value` as dicts, lists, strings, numbers, booleans and None, copied. A model is what its `model_dump` gives of the fields
    that were set.

    Raises RequestError where something is no JSON: another type, a key that is no string, NaN, half a surrogate pair, more
    than `MAX_DEPTH` levels. `where` is the JSON Pointer to `value`.
    """
    match value:
        case None | True | False:
            return value
        case str():
            return _text(value, where)
        case int():
            return int(value)
        case float():
            if not math.isfinite(value):
                raise RequestError(f"{_at(where)}{value} is no JSON number: send a finite one")
            return float(value)
    if depth >= MAX_DEPTH:
        raise RequestError(
            f"{_at(where[:_SHOWN])}more than {MAX_DEPTH} levels: does it hold itself?"
        )
    match value:
        case Mapping():
            return {
                _key(key, where): read(inner, pointer(where, key), depth + 1)
                for key, inner in value.items()
            }
        case bytes() | bytearray() | memoryview():
            pass
        case Sequence() | Iterator():
            return [read(inner, f"{where}/{at}", depth + 1) for at, inner in enumerate(value)]
        case _ if not isinstance(value, type) and callable(getattr(value, "model_dump", None)):
            return read(_dumped(value, where), where, depth + 1)
    raise RequestError(
        f"{_at(where)}a {type(value).__name__} is no JSON: give a dict, a list, a string, a number or a message object"
    )


def _dumped(model: Any, where: str) -> Any:
    try:
        return model.model_dump(exclude_unset=True, by_alias=True, mode="json", warnings=False)
    except (TypeError, ValueError) as error:
        raise RequestError(
            f"{_at(where)}a {type(model).__name__} cannot be dumped: {error}"
        ) from None


def _text(value: str, where: str) -> str:
    text = str.__str__(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise RequestError(
                f"{_at(where)}character {error.start} is half of a surrogate pair, which no UTF-8 can carry: take it out"
            ) from None
    return text


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise RequestError(f"{_at(where)}the key {worded(key)} is no string")
    return _text(key, where)


def _at(where: str) -> str:
    return f"{where}: " if where else "the request: "


def pointer(where: str, key: Any) -> str:
    """The JSON Pointer (RFC 6901) to what `where` has under `key`."""
    return f"{where}/{str(key).replace('~', '~0').replace('/', '~1')}"


def worded(value: Any) -> str:
    """A value for a sentence or a finding: its JSON, short."""
    text = _json_start(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _json_start(value: Any) -> str:
    """At least the beginning of its JSON: a long list of messages is not written out to show a line of it."""
    if isinstance(value, str):
        return json.dumps(value[:_SHOWN], ensure_ascii=False)[: -1 if len(value) > _SHOWN else None]
    try:
        return "".join(islice(json.JSONEncoder(ensure_ascii=False).iterencode(value), _SHOWN))
    except TypeError:
        return repr(type(value).__name__)
