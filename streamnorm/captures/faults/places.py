"""Where a fault happens: a replay's steps, read up to a frame, a byte or a time of the body. Pieces are parted where a fault
touches them, and nowhere else. What a frame says is not looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from streamnorm.captures.script import Finish, Head, Send, Step, Wait

__all__ = ["FrameEnds", "HeldFrame", "Place", "Rest", "Where", "joined"]

Where = Literal["frame", "byte", "time"]

#: The largest frame that is held, in bytes; one that is larger is handed on unchanged.
MAX_HELD: Final = 16 * 1024 * 1024

_BOM: Final = b"\xef\xbb\xbf"
#: Bytes of a line that say whether it is a data line, with a byte order mark before them.
_TELLING: Final = len(_BOM) + len(b"data:")
_line_end = re.compile(rb"\r\n?|\n")


class Place(msgspec.Struct, frozen=True):
    """`frame`: where the frame of that number begins, from 1; in a body that is no SSE each line is a frame. `byte`: after so
    many bytes of the body. `time`: so many seconds of the replay after its start. A place past the end is the end."""

    where: Where
    at: float

    def __str__(self) -> str:
        return f"{self.where}:{self.at:g}"


class FrameEnds:
    """Finds where frames end in bytes that come in pieces. Only a block with a data line is a frame."""

    def __init__(self) -> None:
        self._line = b""
        self._has_data = False
        self._after_cr = False

    def feed(self, data: bytes) -> Iterator[int]:
        """The offset in `data` behind each frame that ends in it."""
        at = 1 if self._after_cr and data.startswith(b"\n") else 0
        self._after_cr = data.endswith(b"\r")
        for match in _line_end.finditer(data, at):
            line = (self._line + data[at : min(match.start(), at + _TELLING)]).removeprefix(_BOM)
            at, self._line = match.end(), b""
            if line.startswith(b"data:") or line == b"data":
                self._has_data = True
            elif (not line and self._has_data) or line.startswith((b"{", b"[")):
                self._has_data = False
                yield at
        self._line = (self._line + data[at : at + _TELLING])[:_TELLING]


class _Part(Send, frozen=True, gc=False):
    """A part of a piece; where nothing came between two parts, they are one again."""

    piece: Send


class HeldFrame(msgspec.Struct, frozen=True):
    """A frame: its bytes, with the blank line, and the steps that send it. `too_large`: it goes on, and is not to be changed."""

    data: bytes
    steps: tuple[Step, ...]
    too_large: bool

    def waits(self) -> Iterator[Step]:
        """The steps without what they send."""
        return (step for step in self.steps if not isinstance(step, Send))


class Rest:
    """The steps that are still to come. `reached` says that the place asked for last was there."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.reached = True
        self._steps = iter(steps)
        self._back: list[Step] = []

    def __iter__(self) -> Iterator[Step]:
        return self

    def __next__(self) -> Step:
        return self._back.pop() if self._back else next(self._steps)

    def put_back(self, *steps: Step) -> None:
        """These come next, the first of them first."""
        self._back.extend(reversed(steps))

    def until(self, place: Place) -> Iterator[Step]:
        """The steps up to a place, and never past the body's end."""
        found = self._until_time(place.at) if place.where == "time" else self._until_sent(place)
        for step in found:
            if isinstance(step, Head | Wait | Send):
                yield step
            else:
                self.put_back(step)
                self.reached = False
                return

    def head(self) -> Iterator[Step]:
        """The steps before the body."""
        return self.until(Place("byte", 0))

    def _until_time(self, seconds: float) -> Iterator[Step]:
        while seconds > 0 and (step := next(self, Finish())):
            if isinstance(step, Wait) and step.seconds > seconds:
                self.put_back(Wait(step.seconds - seconds))
                step = Wait(seconds)
            seconds -= step.seconds if isinstance(step, Wait) else 0
            yield step

    def _until_sent(self, place: Place) -> Iterator[Step]:
        """By bytes, or by frames: these end where they do in the bytes."""
        ends = FrameEnds()
        left = int(place.at) - (place.where == "frame")
        headed = False
        for step in self:
            if isinstance(step, Send):
                if place.where == "byte":
                    found = min(left, len(step.data))
                    left -= found
                else:
                    found = len(step.data)
                    for end in ends.feed(step.data):
                        left -= 1
                        if not left:
                            found = end
                            break
                step = self._parted(step, found)
            headed = headed or isinstance(step, Head | Send)
            yield step
            if headed and not left:
                return

    def _parted(self, piece: Send, at: int) -> Send:
        """The piece up to `at`; the rest of it is put back."""
        if at >= len(piece.data):
            return piece
        whole = piece.piece if isinstance(piece, _Part) else piece
        self.put_back(_Part(piece.data[at:], whole))
        return _Part(piece.data[:at], whole)

    def frame(self) -> HeldFrame | None:
        """The next frame, from here on; None where nothing more is sent. Reads ahead, which takes no time."""
        ends = FrameEnds()
        steps: list[Step] = []
        held: list[bytes] = []
        size = 0
        for step in self:
            end = None
            if not isinstance(step, Send | Wait):
                self.put_back(step)
                break
            if isinstance(step, Send):
                end = next(ends.feed(step.data), None)
                step = self._parted(step, len(step.data) if end is None else end)
                held.append(step.data)
                size += len(step.data)
            steps.append(step)
            if end is not None:
                break
            if size > MAX_HELD:
                return HeldFrame(b"".join(held), tuple(steps), True)
        if not held:
            self.put_back(*steps)
            return None
        return HeldFrame(b"".join(held), tuple(steps), False)


def joined(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, with the parts of a piece that follow each other as one piece again."""
    parts: list[bytes] = []
    piece: Send | None = None
    for step in steps:
        own = step.piece if isinstance(step, _Part) else None
        if parts and own is not piece:
            yield Send(b"".join(parts))
            parts = []
        piece = own
        if isinstance(step, _Part):
            parts.append(step.data)
        else:
            yield step
    if parts:
        yield Send(b"".join(parts))
