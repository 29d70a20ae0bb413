"""An exchange as the plot of its coming: when each frame was there, what it was of, how text and arguments grew. Bounded, however
long the stream; a stream without times is told by its frames. Knows nothing of how it is drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import msgspec

from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.frames import SeenFrame
from streamnorm.conformance.printable import cut, printable, several
from streamnorm.events import (
    ArgumentsDelta,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallStarted,
)
from streamnorm.normalizer import DIALECTS, Normalizer

__all__ = ["Growth", "Timeline", "timeline_of"]

#: The most frames, calls, and points of a line that are kept of one exchange.
FRAMES: Final = 240
LINES: Final = 8
POINTS: Final = 60

#: Characters of a call's name that are shown.
_NAME: Final = 40

#: Times under so many milliseconds are told in them.
_SHORT: Final = 100

#: What a frame is of, in one letter. `.` is a frame that says nothing of the answer.
TEXT, REASONING, ARGUMENTS, DONE, OTHER = "t", "r", "a", "d", "."


class Growth(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How much had come of one call's arguments, or of the text, after which frame: points (frame, characters). The last is the
    whole. `fragments`: in how many deltas."""

    name: str
    kind: str
    points: tuple[tuple[int, int], ...]
    fragments: int


class Timeline(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """`shown` are numbers of frames, from 1, all of them where there are no more than `FRAMES`; `kinds` has a letter for each.
    `times` are milliseconds after the start, for the frames shown; None where no times are known. `first`: the frame with the
    first text, reasoning or argument, 0 where none came. `pause`: the frames around the longest pause, and its milliseconds."""

    frames: int
    shown: tuple[int, ...]
    kinds: str
    times: tuple[int, ...] | None
    first: int
    first_at: int | None
    pause: tuple[int, int, int] | None
    growth: tuple[Growth, ...]
    more: int

    @property
    def words(self) -> str:
        """The same in a sentence, for whom the plot is nothing."""
        return "; ".join(self._said())

    def _said(self) -> Iterator[str]:
        frames = several(self.frames, "frame")
        if self.times is None:
            yield f"{frames}, no times are known"
            if self.first:
                yield f"the first token in frame {self.first}"
        else:
            yield f"{frames} in {_seconds(self.times[-1] if self.times else 0)}"
            if self.first_at is not None:
                yield f"the first token after {_seconds(self.first_at)}, in frame {self.first}"
            if self.pause is not None:
                yield f"the longest pause {_seconds(self.pause[2])}, before frame {self.pause[1]}"
        for line in self.growth:
            what = f"arguments of {line.name}" if line.kind == ARGUMENTS else line.name
            yield f"{what}: {several(line.points[-1][1], 'character')} in {several(line.fragments, 'fragment')}"
        if self.more:
            yield several(self.more, "more call")


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < _SHORT else f"{milliseconds / 1000:.2f} s"


def timeline_of(evidence: Evidence) -> Timeline | None:
    """The plot of an exchange; None where its body has no frames."""
    frames = evidence.frames
    if not frames:
        return None
    grown = _grown(evidence)
    of_frame = {frame: kind for kind, _, parts in grown for frame, _ in parts}
    shown = _thinned(len(frames), FRAMES)
    times = _times(evidence)
    first = min(of_frame, default=0)
    return Timeline(
        frames=len(frames),
        shown=tuple(shown),
        kinds="".join(_kind(frames[number - 1], of_frame) for number in shown),
        times=None if times is None else tuple(times[number - 1] for number in shown),
        first=first,
        first_at=times[first - 1] if times is not None and first else None,
        pause=None if times is None else _pause(times),
        growth=tuple(_growth(*each) for each in grown[:LINES]),
        more=max(0, len(grown) - LINES),
    )


#: What grew: its kind, its name, and the parts, each with its frame.
_Grown = tuple[str, str, list[tuple[int, int]]]


def _grown(evidence: Evidence) -> list[_Grown]:
    """As the bytes say it where the dialect is chat, and nothing put right; else as streamnorm reads it."""
    if evidence.dialect == "chat":
        found = _grown_in_chat(evidence)
    elif evidence.dialect in DIALECTS:
        found = _grown_as_read(evidence)
    else:
        found = {}
    return [(kind, name, parts) for (kind, name, _), parts in found.items() if parts]


_Parts = dict[tuple[str, str, int], list[tuple[int, int]]]


def _grown_in_chat(evidence: Evidence) -> _Parts:
    found: _Parts = {(TEXT, "text", 0): [], (REASONING, "reasoning", 0): []}
    for delta in evidence.chat.deltas:
        content = delta.delta.get("content")
        thought = delta.delta.get("reasoning_content") or delta.delta.get("reasoning")
        if isinstance(content, str) and content:
            found[TEXT, "text", 0].append((delta.frame, len(content)))
        if isinstance(thought, str) and thought:
            found[REASONING, "reasoning", 0].append((delta.frame, len(thought)))
    for at, call in enumerate(evidence.chat.calls):
        parts = [(frame, len(text)) for frame, text in call.fragments()]
        found[ARGUMENTS, call.name or "a call without a name", at] = parts
    for frame, part in evidence.chat.legacy:
        text = part.get("arguments")
        if isinstance(text, str) and text:
            found.setdefault((ARGUMENTS, "function_call", -1), []).append((frame, len(text)))
    return found


def _grown_as_read(evidence: Evidence) -> _Parts:
    found: _Parts = {(TEXT, "text", 0): [], (REASONING, "reasoning", 0): []}
    names: dict[tuple[int, int], str] = {}
    normalizer = Normalizer(dialect=evidence.dialect, max_frame=len(evidence.body) + 1)
    for frame in evidence.frames:
        for event in normalizer.feed(evidence.body[frame.start : frame.end]):
            match event:
                case TextDelta() | RefusalDelta():
                    found[TEXT, "text", 0].append((frame.number, len(event.text)))
                case ReasoningDelta():
                    found[REASONING, "reasoning", 0].append((frame.number, len(event.text)))
                case ToolCallStarted():
                    names[event.choice, event.index] = event.name
                case ArgumentsDelta():
                    name = names.get((event.choice, event.index), "")
                    parts = found.setdefault((ARGUMENTS, name, event.index), [])
                    parts.append((frame.number, len(event.fragment)))
                case _:
                    pass
    return found


def _growth(kind: str, name: str, parts: list[tuple[int, int]]) -> Growth:
    total = itertools.accumulate(length for _, length in parts)
    points = list(zip((frame for frame, _ in parts), total, strict=True))
    return Growth(
        name=cut(printable(name), _NAME),
        kind=kind,
        points=tuple(points[at - 1] for at in _thinned(len(points), POINTS)),
        fragments=len(parts),
    )


def _thinned(count: int, most: int) -> list[int]:
    """Numbers from 1 to the count, evenly so many of them, with the first and the last."""
    if count <= most:
        return list(range(1, count + 1))
    return [1 + at * (count - 1) // (most - 1) for at in range(most)]


def _times(evidence: Evidence) -> list[int] | None:
    if "times" in evidence.lost or not any(piece.seconds for piece in evidence.pieces):
        return None
    return [round(evidence.seconds_of(frame) * 1000) for frame in evidence.frames]


def _pause(times: list[int]) -> tuple[int, int, int] | None:
    """The longest time between two frames; nothing where there is none."""
    waits = (
        (later - earlier, at) for at, (earlier, later) in enumerate(itertools.pairwise(times), 1)
    )
    wait, at = max(waits, default=(0, 0), key=lambda each: each[0])
    return (at, at + 1, wait) if wait > 0 else None


def _kind(frame: SeenFrame, of_frame: dict[int, str]) -> str:
    return DONE if frame.is_done else of_frame.get(frame.number, OTHER)
