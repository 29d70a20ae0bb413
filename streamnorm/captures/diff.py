"""Two streams as the events they tell, and where these are not the same. How the bytes were cut, and which ids were given out,
makes no difference. Knows no files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import msgspec

from streamnorm.events import Event
from streamnorm.normalizer import Normalizer

__all__ = ["Difference", "Told", "differences", "tell"]

#: Members of events that are other in each recording, by the event.
VOLATILE: Final = {
    "start": ("id", "model", "created"),
    "tool_call_started": ("id",),
    "tool_call_finished": ("id",),
}

#: Events that say one thing in parts, by their tag, and which member holds the part.
_PARTS: Final = {
    "text": "text",
    "reasoning": "text",
    "refusal": "text",
    "arguments": "fragment",
}

#: The most lines that are aligned, from the first that differs. The work is quadratic in them.
_ALIGNED: Final = 1_000


class Told(msgspec.Struct, frozen=True):
    """What a stream told: its events and its findings, in order, as plain values."""

    events: tuple[dict[str, Any], ...]
    findings: tuple[dict[str, Any], ...]


class Difference(msgspec.Struct, frozen=True):
    """What the one told and the other did not, or told otherwise: `a` or `b` is None where nothing stands against it. `at` is
    the number of the first of them, from 1."""

    at: int
    a: dict[str, Any] | None
    b: dict[str, Any] | None


def tell(pieces: Iterable[bytes], normalizer: Normalizer, *, every: bool = False) -> Told:
    """What a stream tells. every: with what is other each time (ids, times, the model's name)."""
    events = _merged(_line(event, every=every) for event in _events(pieces, normalizer))
    told = tuple(events)
    findings = ({"finding": each.code, "count": each.count} for each in normalizer.findings)
    return Told(told, tuple(findings))


def _events(pieces: Iterable[bytes], normalizer: Normalizer) -> Iterator[Event]:
    for piece in pieces:
        yield from normalizer.feed(piece)
    yield from normalizer.close()


def _line(event: Event, *, every: bool) -> dict[str, Any]:
    line: dict[str, Any] = msgspec.to_builtins(event)
    left_out = ("validation", *(() if every else VOLATILE.get(line["event"], ())))
    return {name: value for name, value in line.items() if name not in left_out}


def _merged(lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Parts of one thing that follow each other become one line."""
    for _, group in groupby(enumerate(lines), key=_thing):
        same = [line for _, line in group]
        member = _PARTS.get(same[0]["event"])
        yield {**same[0], member: "".join(line[member] for line in same)} if member else same[0]


def _thing(numbered: tuple[int, dict[str, Any]]) -> Any:
    """What a line is a part of. One that is whole is like no other."""
    number, line = numbered
    member = _PARTS.get(line["event"])
    return {**line, member: None} if member else number


def differences(a: Iterable[dict[str, Any]], b: Iterable[dict[str, Any]]) -> list[Difference]:
    """Where two sequences of lines are not the same, in order. What is far behind the first difference is not aligned: it is
    set line against line."""
    ours, theirs = list(a), list(b)
    start = _common(ours, theirs)
    keys, other = (_keys(lines[start : start + _ALIGNED]) for lines in (ours, theirs))
    matcher = difflib.SequenceMatcher(None, keys, other, autojunk=False)
    found: list[Difference] = []
    for kind, begin, end, first, last in matcher.get_opcodes():
        if kind != "equal":
            found += _against(
                ours[start + begin : start + end],
                theirs[start + first : start + last],
                start + begin,
            )
    behind = start + _ALIGNED
    return found + _against(ours[behind:], theirs[behind:], behind)


def _common(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> int:
    """How many lines are the same at the beginning."""
    for at, (ours, theirs) in enumerate(zip(a, b, strict=False)):
        if ours != theirs:
            return at
    return min(len(a), len(b))


def _keys(lines: list[dict[str, Any]]) -> list[bytes]:
    return [msgspec.json.encode(line, order="deterministic") for line in lines]


def _against(a: list[dict[str, Any]], b: list[dict[str, Any]], at: int) -> list[Difference]:
    """Line against line; those left over against nothing."""
    longer = max(len(a), len(b))
    pairs = zip(a + [None] * (longer - len(a)), b + [None] * (longer - len(b)), strict=True)
    return [
        Difference(at + number, ours, theirs)
        for number, (ours, theirs) in enumerate(pairs, start=1)
        if ours != theirs
    ]
