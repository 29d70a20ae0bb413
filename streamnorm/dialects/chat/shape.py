"""The tolerant reading of a chunk: any JSON object in, general wire types out, each repair of shape noted on the way.

It sees one frame at a time and knows nothing of the stream. The repairs are found by a table, (kind, key, JSON type), so a
field that nobody ever got wrong costs one look-up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from streamnorm.dialects.chat.wire import Chunk
from streamnorm.findings import Findings
from streamnorm.repairs.base import ShapeRepair
from streamnorm.repairs.shape import SHAPE_REPAIRS

__all__ = ["read"]

#: By key and JSON type: the repairs of one kind of object.
Table = dict[tuple[str, type], tuple[type[ShapeRepair], ...]]


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
