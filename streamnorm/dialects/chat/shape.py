"""The tolerant reading of a chunk: any JSON in, general wire types out, each repair of shape noted on the way.

It sees one frame at a time and knows nothing of the stream. The repairs are found by a table, (kind, key, JSON type), so a
field that nobody ever got wrong costs one look-up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from streamnorm.dialects.chat.wire import Chunk
from streamnorm.findings import Findings
from streamnorm.repairs.base import ShapeRepair
from streamnorm.repairs.framing import JsonNonFinite, Utf8Invalid
from streamnorm.repairs.shape import SHAPE_REPAIRS

__all__ = ["NotJson", "load", "read"]

Table = dict[tuple[str, type], tuple[type[ShapeRepair], ...]]


class NotJson(ValueError):
    """The frame's data is no JSON text that we read; the message says why."""


def load(data: bytes, findings: Findings) -> Any:
    """The JSON value in `data`, with its text repaired: invalid UTF-8 becomes U+FFFD, NaN and infinities null."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        findings.note(Utf8Invalid.code)

    def null(constant: str) -> None:
        findings.note(JsonNonFinite.code, f"{constant} where JSON has no such number")

    def finite(number: str) -> float | None:
        value = float(number)
        return value if math.isfinite(value) else null(number[:40])

    try:
        return json.loads(text, parse_constant=null, parse_float=finite)
    except RecursionError:
        raise NotJson("the JSON is nested too deeply") from None
    except ValueError as error:
        raise NotJson(f"not JSON: {error}") from None


def read(obj: dict[str, Any], findings: Findings) -> tuple[Chunk, bool]:
    """`obj` as a chunk, and whether a repair changed it. `obj` itself is repaired in place.

    Raises `msgspec.ValidationError` where a field still has a type that no repair knows.
    """
    changed = _mend(obj, "chunk", findings)
    choices = obj["choices"]
    if isinstance(choices, list):
        for choice in choices:
            if isinstance(choice, dict):
                changed |= _read_choice(choice, findings)
    return msgspec.convert(_without_repeats(obj), Chunk), changed


def _read_choice(choice: dict[str, Any], findings: Findings) -> bool:
    changed = _mend(choice, "choice", findings)
    for name in ("delta", "message"):
        delta = choice.get(name)
        if not isinstance(delta, dict):
            continue
        changed |= _mend(delta, "delta", findings)
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            for call in calls:
                if isinstance(call, dict):
                    changed |= _mend(call, "call", findings)
                    if isinstance(function := call.get("function"), dict):
                        changed |= _mend(function, "function", findings)
    return changed


def _mend(owner: dict[str, Any], kind: str, findings: Findings) -> bool:
    changed = False
    for key in _REQUIRED.get(kind, ()):
        if key not in owner:
            owner[key] = None
    table = _TABLES[kind]
    for key, value in list(owner.items()):
        repairs = table.get((key, type(value)))
        if repairs:
            for repair in repairs:
                if repair.mend(owner, value, findings):
                    findings.note(repair.code)
                    changed = True
    return changed


def _without_repeats(obj: dict[str, Any]) -> dict[str, Any]:
    """A message beside a delta repeats it, or is its running sum: it is kept as an unknown field and not read."""
    choices = obj["choices"]
    if not isinstance(choices, list):
        return obj
    if not any(isinstance(c, dict) and "message" in c and c.get("delta") for c in choices):
        return obj
    slim = [
        {key: value for key, value in c.items() if key != "message"}
        if isinstance(c, dict) and c.get("delta")
        else c
        for c in choices
    ]
    return {**obj, "choices": slim}


#: What a repair of a null also repairs when it is missing.
_REQUIRED: Final = {"chunk": ("object", "choices"), "choice": ("delta",)}


def _tables(repairs: Iterable[type[ShapeRepair]]) -> dict[str, Table]:
    tables: dict[str, Table] = {kind: {} for kind in ("chunk", "choice", "delta", "call", "function")}
    for repair in repairs:
        for kind in repair.types:
            place = (repair.key, kind)
            tables[repair.on][place] = (*tables[repair.on].get(place, ()), repair)
    return tables


_TABLES: Final = _tables(SHAPE_REPAIRS)
