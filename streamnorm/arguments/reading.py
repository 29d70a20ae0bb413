"""The argument text of a call, read strictly: RFC 8259 and finite numbers, and a note of what JSON allows and no reader keeps."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from math import isfinite
from typing import Any, Final

from streamnorm.arguments.problems import ValidationProblem, pointer_to, shown, subject

__all__ = ["deeper_than", "read_strictly", "why_not_json"]

#: Keys given twice that are told.
MAX_NOTES: Final = 64


class NotFinite(ValueError):  # noqa: N818 - as json.JSONDecodeError is, it is a ValueError
    """A number that JSON does not have, or that no float holds."""


class _Doubled(Exception):  # noqa: N818 - a detour within this module
    """An object has a key twice: it is to be read again, more slowly, and noted where."""


def read_strictly(text: str) -> tuple[Any, tuple[ValidationProblem, ...]]:
    """The value and the notes. Raises ValueError for what is not JSON by RFC 8259, and for a number beyond every float."""
    try:
        return _decode(text), ()
    except _Doubled:
        return _read_doubled(text)


def _read_doubled(text: str) -> tuple[Any, tuple[ValidationProblem, ...]]:
    doubled: list[tuple[dict[str, Any], list[str]]] = []

    def noted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            doubled.append((made, [name for name, count in counts.items() if count > 1]))
        return made

    value = _decoder(noted).decode(text)
    places = _places(value)
    return value, tuple(
        _doubled(places.get(id(made), ""), name)
        for made, names in doubled[:MAX_NOTES]
        for name in names[:MAX_NOTES]
    )


def _decoder(make: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=make, parse_constant=_refuse, parse_float=_finite)


def _made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Doubled
    return made


def _doubled(pointer: str, name: str) -> ValidationProblem:
    place = pointer + pointer_to([name])
    return ValidationProblem(
        pointer=place,
        keyword="duplicate",
        seen=f"the key {shown(name)} more than once",
        expected="each key once",
        sentence=f"{subject(place)} is given more than once; the last value counts.",
    )


def _places(value: Any) -> dict[int, str]:
    """The pointer of each object in a value, by its id."""
    places: dict[int, str] = {}
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        pointer, inner = waiting.pop()
        if isinstance(inner, dict):
            places[id(inner)] = pointer
            waiting += [(pointer + pointer_to([name]), each) for name, each in inner.items()]
        elif isinstance(inner, list):
            waiting += [(f"{pointer}/{index}", each) for index, each in enumerate(inner)]
    return places


def why_not_json(text: str, error: ValueError) -> str:
    """What `read_strictly` raised, in words that end a sentence."""
    if isinstance(error, json.JSONDecodeError):
        near = text[max(0, error.pos - 20) : error.pos + 20]
        reason = error.msg[:1].lower() + error.msg[1:]
        return f"{reason} at character {error.pos + 1}, near {shown(near)}"
    if isinstance(error, NotFinite):
        return str(error)
    return "a number has too many digits"  # Python's own limit: they take quadratic time to read


def _refuse(constant: str) -> Any:
    raise NotFinite(f"{constant} is no JSON number")


def _finite(number: str) -> float:
    value = float(number)
    if not isfinite(value):
        raise NotFinite(f"the number {number[:20]} is too large")
    return value


_decode: Final = _decoder(_made).decode

_brackets_and_strings = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL).finditer


def deeper_than(levels: int, text: str) -> bool:
    """Whether a JSON text is nested deeper."""
    if text.count("{") + text.count("[") <= levels:
        return False
    depth = 0
    for match in _brackets_and_strings(text):
        bracket = text[match.start()]
        if bracket in "{[":
            depth += 1
            if depth > levels:
                return True
        elif bracket != '"':
            depth -= 1
    return False
