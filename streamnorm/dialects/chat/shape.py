"""The tolerant reading of a chunk: any JSON object in, general wire types out, each repair of shape noted on the way.

It sees one frame at a time and knows nothing of the stream. There are two ways, and they tell the same story. `read_clean`
lets the clean types say which field they refuse, and repairs that one: cheap, and enough where the rest is clean. `read`
looks at every field, by a table: (kind of object, key, JSON type).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec

from streamnorm.dialects.chat.wire import Chunk, CleanChunk
from streamnorm.findings import Findings
from streamnorm.repairs.base import ShapeRepair
from streamnorm.repairs.shape import SHAPE_REPAIRS, MessageForDelta

__all__ = ["OURS", "Refused", "Tables", "read", "read_clean", "tables"]

#: Fields of one chunk that are repaired one at a time; more is for the other way.
MAX_REFUSALS: Final = 8

#: Where msgspec says that a refused field is: at the end of a message, as `$.choices[0].delta.content`.
_REFUSAL: Final = re.compile(r" - at `\$(?P<path>[\w.\[\]]*)\.(?P<key>\w+)`$")
_STEP: Final = re.compile(r"\w+")

#: The kind of the object at a path.
_KINDS: Final = {
    "": "chunk",
    "choices": "choice",
    "choices.delta": "delta",
    "choices.delta.tool_calls": "call",
    "choices.delta.tool_calls.function": "function",
}

#: By key and JSON type: the repairs of one kind of object.
Table = dict[tuple[str, type], tuple[type[ShapeRepair], ...]]

#: By kind of object: the keys that must be there, and its table.
Tables = dict[str, tuple[tuple[str, ...], Table]]

#: A refused field: the steps to its owner, the repairs of such owners, its key.
Refused = tuple[tuple[int | str, ...], Table, str]


def read_clean(obj: dict[str, Any], findings: Findings, known: list[Refused]) -> CleanChunk | None:
    """`obj` as a clean chunk, if repairs of shape can make it one; None where it is for `read` to say, which goes on with
    what was repaired here. `known`: the fields that earlier chunks of the stream had wrong, which are looked at first."""
    for place in known:
        _mend_refused(place, obj, findings)
    for _ in range(MAX_REFUSALS):
        try:
            return msgspec.convert(obj, CleanChunk)
        except (msgspec.ValidationError, UnicodeError) as error:
            refused = _place_of(str(error))
            if refused is None or not _mend_refused(refused, obj, findings):
                return None
            known[:] = [refused, *known[: MAX_REFUSALS - 1]]
    return None


def _mend_refused(place: Refused, obj: dict[str, Any], findings: Findings) -> bool:
    """Repair the field at `place`; false where there is none, or it is right."""
    path, table, key = place
    owner: Any = obj
    try:
        for step in path:
            owner = owner[step]
        value = owner[key]
    except (LookupError, TypeError):
        return False
    for repair in table.get((key, type(value)), ()):
        if repair is not MessageForDelta and repair.mend(owner, value):
            findings.note(repair.code)
            return True
    return False


@lru_cache(maxsize=256)
def _place_of(refusal: str) -> Refused | None:
    """The field that a refusal names, if it is one of the objects that repairs know."""
    found = _REFUSAL.search(refusal)
    if found is None:
        return None
    steps = [int(step) if step.isdigit() else step for step in _STEP.findall(found["path"])]
    kind = _KINDS.get(".".join(step for step in steps if isinstance(step, str)))
    return None if kind is None else (tuple(steps), OURS[kind][1], found["key"])


def read(obj: dict[str, Any], findings: Findings, known: Tables) -> Chunk:
    """`obj` as a chunk; `obj` itself is repaired in place, by the repairs of the tables.

    Raises `msgspec.ValidationError` where a field still has a type that no repair knows.
    """
    _mend(obj, known["chunk"], findings)
    choices = obj["choices"]
    readable = obj
    if isinstance(choices, list):
        for position, choice in enumerate(choices):
            if not isinstance(choice, dict):
                continue
            _mend(choice, known["choice"], findings)
            _mend_delta(choice.get("delta"), findings, known)
            _mend_delta(choice.get("message"), findings, known)
            if "message" in choice and choice.get("delta"):
                readable = _without_message(readable, position)
    return msgspec.convert(readable, Chunk)


def _mend_delta(delta: Any, findings: Findings, known: Tables) -> None:
    if not isinstance(delta, dict):
        return
    _mend(delta, known["delta"], findings)
    calls = delta.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            _mend(call, known["call"], findings)
            function = call.get("function")
            if isinstance(function, dict):
                _mend(function, known["function"], findings)


def _mend(owner: dict[str, Any], known: tuple[tuple[str, ...], Table], findings: Findings) -> None:
    required, table = known
    for key in required:
        if key not in owner:
            owner[key] = None
    for key in list(owner):
        # A repair before this one may have taken it away, or put it right.
        value = owner.get(key)
        for repair in table.get((key, type(value)), ()) if key in owner else ():
            if repair.mend(owner, value):
                findings.note(repair.code)


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


def tables(repairs: Iterable[type[ShapeRepair]]) -> Tables:
    """The tables of these repairs, which run in this order."""
    made: Tables = {kind: (required, {}) for kind, required in _REQUIRED.items()}
    for repair in repairs:
        table = made[repair.on][1]
        for kind in repair.types:
            place = (repair.key, kind)
            table[place] = (*table.get(place, ()), repair)
    return made


#: The tables of our own repairs.
OURS: Final = tables(SHAPE_REPAIRS)
