"""The tolerant reading of a chunk: any JSON in, general wire types out, each repair of shape noted on the way.

It sees one frame at a time and knows nothing of the stream. The repairs are found by a table, (kind, key, JSON type), so a
field that nobody ever got wrong costs one look-up.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from streamnorm.dialects.chat.wire import REFUSED, Chunk
from streamnorm.findings import Findings
from streamnorm.repairs.base import ShapeRepair
from streamnorm.repairs.framing import JsonNonFinite
from streamnorm.repairs.order import SurrogateLone
from streamnorm.repairs.shape import SHAPE_REPAIRS

__all__ = ["NotJsonError", "load", "read"]

#: Half of a surrogate pair, in a string and in JSON text.
HALF: Final = re.compile("[\ud800-\udfff]")
HALF_ESCAPED: Final = re.compile(r"\\u[dD][89a-fA-F]")

#: Fields that hold text in pieces, and what they are fields of.
TEXT_OWNERS: Final = frozenset({"delta", "message", "function", "function_call", "custom"})
TEXT_KEYS: Final = frozenset({"content", "reasoning_content", "refusal", "arguments", "input"})

#: By key and JSON type: the repairs of one kind of object.
Table = dict[tuple[str, type], tuple[type[ShapeRepair], ...]]


class NotJsonError(ValueError):
    """The frame's data is no JSON text that we read; the message says why."""


def load(data: bytes, findings: Findings) -> tuple[Any, bool]:
    """The JSON value in `data`; NaN and infinities become null, half characters U+FFFD, except in the text of deltas, where
    the other half may still come. The second value says that there may be some."""
    try:
        return msgspec.json.decode(data), False
    except REFUSED:
        pass
    text = data.decode("utf-8", "replace")

    def null(constant: str) -> None:
        findings.note(JsonNonFinite.code, f"{constant} where JSON has no such number")

    def finite(number: str) -> float | None:
        value = float(number)
        if math.isfinite(value):
            return value
        null(number[:40])
        return None

    try:
        value = json.loads(text, parse_constant=null, parse_float=finite)
        if HALF_ESCAPED.search(text):
            return without_halves(value, findings), True
        return value, False
    except RecursionError:
        raise NotJsonError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise NotJsonError(f"not JSON: {error}") from None


def without_halves(value: Any, findings: Findings, *, owner: str = "", key: str = "") -> Any:
    """`value` with half characters replaced, except in the text of deltas."""
    if isinstance(value, str):
        if (key in TEXT_KEYS and owner in TEXT_OWNERS) or not HALF.search(value):
            return value
        findings.note(SurrogateLone.code)
        return HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [without_halves(item, findings, owner=key) for item in value]
    if isinstance(value, dict):
        return {
            without_halves(name, findings): without_halves(item, findings, owner=key, key=name)
            for name, item in value.items()
        }
    return value


def read(obj: dict[str, Any], findings: Findings) -> tuple[Chunk, bool]:
    """`obj` as a chunk, and whether a repair changed it. `obj` itself is repaired in place.

    Raises `msgspec.ValidationError` where a field still has a type that no repair knows.
    """
    changed = _mend(obj, "chunk", findings)
    choices = obj["choices"]
    readable = obj
    if isinstance(choices, list):
        for position, choice in enumerate(choices):
            if not isinstance(choice, dict):
                continue
            changed |= _read_choice(choice, findings)
            if "message" in choice and choice.get("delta"):
                readable = _without_message(readable, position)
    return msgspec.convert(readable, Chunk), changed


def _read_choice(choice: dict[str, Any], findings: Findings) -> bool:
    changed = _mend(choice, "choice", findings)
    changed |= _read_delta(choice.get("delta"), findings)
    if "message" in choice:
        changed |= _read_delta(choice["message"], findings)
    return changed


def _read_delta(delta: Any, findings: Findings) -> bool:
    if not isinstance(delta, dict):
        return False
    changed = _mend(delta, "delta", findings)
    calls = delta.get("tool_calls")
    if isinstance(calls, list):
        for call in calls:
            if isinstance(call, dict):
                changed |= _mend(call, "call", findings)
                function = call.get("function")
                if isinstance(function, dict):
                    changed |= _mend(function, "function", findings)
    return changed


def _mend(owner: dict[str, Any], kind: str, findings: Findings) -> bool:
    required, table = _TABLES[kind]
    for key in required:
        if key not in owner:
            owner[key] = None
    if table.keys().isdisjoint(zip(owner, map(type, owner.values()), strict=True)):
        return False
    changed = False
    for key, value in list(owner.items()):
        for repair in table.get((key, type(value)), ()):
            if repair.mend(owner, value):
                findings.note(repair.code)
                changed = True
    return changed


def _without_message(obj: dict[str, Any], position: int) -> dict[str, Any]:
    """A message beside a delta repeats it, or is its running sum: it stays an unknown field, and is not read."""
    choices = obj["choices"].copy()
    choices[position] = {key: value for key, value in choices[position].items() if key != "message"}
    return {**obj, "choices": choices}


#: What a repair of a null also repairs when it is missing.
_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "chunk": ("object", "choices"),
    "choice": ("delta",),
    "delta": (),
    "call": (),
    "function": (),
}


def _tables(repairs: Iterable[type[ShapeRepair]]) -> dict[str, tuple[tuple[str, ...], Table]]:
    tables: dict[str, tuple[tuple[str, ...], Table]] = {
        kind: (required, {}) for kind, required in _REQUIRED.items()
    }
    for repair in repairs:
        table = tables[repair.on][1]
        for kind in repair.types:
            place = (repair.key, kind)
            table[place] = (*table.get(place, ()), repair)
    return tables


_TABLES: Final = _tables(SHAPE_REPAIRS)
