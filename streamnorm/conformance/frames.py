"""A body to frames that know their bytes: the lines as they stand, and each frame with the range it was read from. Knows nothing
of what the data means."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from streamnorm.findings import Finding
from streamnorm.sse import MAX_FRAME, Frame, FrameDecoder

__all__ = ["DONE", "Framed", "Line", "SeenFrame", "framed", "json_value"]

DONE: Final = b"[DONE]"

_lines = re.compile(rb"([^\r\n]*)(\r\n|\r|\n|\Z)").finditer


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of the body: where it begins, its bytes, and what ended it (nothing at the end of the body)."""

    start: int
    text: bytes
    ending: bytes

    @property
    def end(self) -> int:
        """Behind the line's end."""
        return self.start + len(self.text) + len(self.ending)

    @property
    def field(self) -> bytes:
        """The name of the field; empty for a comment and for a blank line."""
        return self.text.partition(b":")[0]


class SeenFrame(msgspec.Struct, frozen=True):
    """A frame: its number from 1, the range of the body it was read from, its data as JSON (None where it is none)."""

    number: int
    start: int
    end: int
    frame: Frame
    value: Any

    @property
    def event(self) -> str:
        return self.frame.event

    @property
    def data(self) -> bytes:
        return self.frame.data

    @property
    def is_done(self) -> bool:
        """`[DONE]`, with or without something around it."""
        data = self.frame.data
        return DONE in data and len(data) < 32 and not isinstance(self.value, dict | list)


class Framed(msgspec.Struct, frozen=True):
    """A body that was read: its lines, its frames, and what the decoder put right."""

    lines: list[Line]
    frames: list[SeenFrame]
    findings: list[Finding]


def framed(body: bytes) -> Framed:
    """Read a body as the lenient decoder does, so that frames have the numbers that findings name."""
    decoder = FrameDecoder(max_frame=max(MAX_FRAME, len(body)) + 1)
    lines = [
        Line(match.start(), match[1], match[2])
        for match in _lines(body)
        if match.end() > match.start()
    ]
    frames: list[SeenFrame] = []
    begin = 0
    for line in lines:
        ready = decoder.feed(body[line.start : line.end])
        if ready:
            # A field that begins the next frame ended the one before: their blank line was left out.
            end = line.start if line.text.startswith(b"data") and line.start > begin else line.end
            frames += _seen(ready, len(frames), begin, end)
            begin = end
        elif not line.text and begin == line.start:
            begin = line.end
    frames += _seen(decoder.close(), len(frames), begin, len(body))
    return Framed(lines, frames, decoder.findings.list())


def _seen(ready: list[Frame], before: int, begin: int, end: int) -> list[SeenFrame]:
    return [
        SeenFrame(number, begin, end, frame, json_value(frame.data))
        for number, frame in enumerate(ready, before + 1)
    ]


def json_value(data: bytes) -> Any:
    """The JSON in `data`, read leniently (NaN, half characters): None where it is none."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        return json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
