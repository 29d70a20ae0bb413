"""Faults of frames and bytes: the body as it was, with one frame changed, or every frame written otherwise."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Final

from streamnorm.captures.faults.base import Fault, Outcome, Play, Site, Value
from streamnorm.captures.faults.places import HeldFrame, Place, Rest, Where
from streamnorm.captures.script import Finish, Send, Step, Wait

__all__ = ["BODIES"]

#: Bytes that `corrupt` changes in a frame.
_CORRUPTED: Final = 3

_LEAD: Final = re.compile(rb"[\xc2-\xf4](?=[\x80-\xbf])")
_finish: Final = re.compile(rb'(?<!\\)("finish_reason"\s*:\s*)"[^"]*"')
_data: Final = re.compile(rb"^data:(?: (?=[^ ]))?", re.MULTILINE)
_done: Final = re.compile(rb"data: ?\[DONE\]")


# One frame.


def _frame(changed: Callable[[HeldFrame, Site], Iterator[bytes]]) -> Play:
    """Another frame, or several, or none, where the one at the place was."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        yield from rest.until(site.place)
        if frame := _frame_at(rest):
            yield from frame.waits()
            yield from map(Send, changed(frame, site))
        yield from rest

    return play


def _frame_at(rest: Rest) -> HeldFrame | None:
    """The next frame; None where there is none, or it is too large to be changed: then nothing is."""
    frame = rest.frame()
    if frame is not None and not frame.too_large:
        return frame
    rest.reached = False
    rest.put_back(*(frame.steps if frame else ()))
    return None


def _corrupted(frame: HeldFrame, site: Site) -> Iterator[bytes]:
    choose = random.Random(int(site.number))  # noqa: S311  # repeatable, which is the point
    data = bytearray(frame.data)
    for at in choose.sample(range(len(data)), min(_CORRUPTED, len(data))):
        # A line end stays one, and nothing becomes one: the fault is in this frame alone.
        if data[at] not in b"\r\n":
            data[at] = choose.choice([byte for byte in range(256) if byte not in b"\r\n"])
    yield bytes(data)


def _split_lines(frame: HeldFrame, site: Site) -> Iterator[bytes]:
    """JSON may have a line end wherever it may have a space, and each line of data is a line of it."""
    data = _payload(frame)
    if not data.startswith(b"{"):
        yield frame.data
        return
    yield b"data: {\n" + b"data: \n" * int(site.number) + b"data: " + data[1:] + b"\n\n"


def _payload(frame: HeldFrame) -> bytes:
    """The data of a frame of one line; empty for any other."""
    found = re.fullmatch(rb"data: ?([^\r\n]*)[\r\n]*", frame.data)
    return found[1] if found else b""


def _reordered(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    first = _frame_at(rest)
    second = _frame_at(rest)
    for frame in (first, second):
        yield from frame.waits() if frame else ()
    for frame in (second, first):
        if frame:
            yield Send(frame.data)
    yield from rest


def _merged(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    if frame := _frame_at(rest):
        yield from frame.waits()
        yield Send(frame.data.rstrip(b"\r\n") + b"\n")
    yield from rest


# Every frame.


def _each(changed: Callable[[bytes], bytes]) -> Play:
    """Each frame changed; one that stays as it was keeps its pieces."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        yield from rest.head()
        while frame := rest.frame():
            data = frame.data if frame.too_large else changed(frame.data)
            if data == frame.data:
                yield from frame.steps
            else:
                yield from frame.waits()
                if data:
                    yield Send(data)
        yield from rest

    return play


def _done_dropped(frame: bytes) -> bytes:
    return b"" if _done.match(frame.lstrip()) else frame


def _end_dropped(frame: bytes) -> bytes:
    return _finish.sub(rb"\1null", _done_dropped(frame))


def _double(frame: bytes) -> bytes:
    return _data.sub(b"data: data: ", frame, count=1)


# Every byte.


def _with_line_ends(end: bytes) -> Play:
    """The other line end; one of two bytes is cut in two pieces."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        held = b""
        for step in rest:
            if isinstance(step, Send):
                data = held + step.data
                # Half of a line end waits for the other.
                held = b"\r" if data.endswith(b"\r") else b""
                data = data.removesuffix(held)
                *lines, last = data.replace(b"\r\n", b"\n").split(b"\n")
                for line in lines:
                    yield Send(line + end[:1])
                    if end[1:]:
                        yield Send(end[1:])
                if last:
                    yield Send(last)
            else:
                if held and not isinstance(step, Wait):
                    yield Send(held)
                yield step

    return play


def _split_characters(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    for step in rest:
        if isinstance(step, Send):
            at = 0
            for match in _LEAD.finditer(step.data):
                yield Send(step.data[at : match.end()])
                at = match.end()
            if at < len(step.data):
                yield Send(step.data[at:])
        else:
            yield step


def _marked(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.head()
    yield Send(b"\xef")
    yield Send(b"\xbb\xbf")
    yield from rest


def _without_last_line_end(rest: Rest, site: Site) -> Iterator[Step]:
    """Line ends wait until something comes behind them."""
    held = b""
    for step in rest:
        if isinstance(step, Send):
            data = held + step.data
            kept = data.rstrip(b"\r\n")
            held = data[len(kept) :]
            if kept:
                yield Send(kept)
        else:
            if held and not isinstance(step, Wait):
                yield Send(held[: len(held) // 2] if len(held) > 1 else held)
                held = b""
            yield step


def _inserted(*pieces: bytes) -> Play:
    """These bytes between two frames, each piece for itself."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        yield from rest.until(site.place)
        yield from map(Send, pieces)
        yield from rest

    return play


def _done_early(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    yield Send(b"data: [DONE]\n\n")
    yield Finish()


def _after_the_end(rest: Rest, site: Site) -> Iterator[Step]:
    """The first frame once more, behind everything."""
    yield from rest.head()
    again = b""
    if frame := rest.frame():
        again = frame.data
        rest.put_back(*frame.steps)
    for step in rest:
        if isinstance(step, Finish):
            yield Send(again)
        yield step


def _fault(
    name: str,
    does: str,
    play: Play,
    ends: Outcome,
    *facts: str,
    takes: tuple[Where, ...] = (),
    at: int = 1,
    value: Value = "",
    unit: str = "",
    finding: str = "",
) -> Fault:
    return Fault(
        name=name,
        does=does,
        play=play,
        ends=ends,
        facts=facts,
        takes=takes,
        default=Place("frame", at),
        value=value,
        unit=unit,
        finding=finding,
    )


_FRAME: Final[tuple[Where, ...]] = ("frame",)

BODIES: Final = (
    _fault(
        "duplicate",
        "A frame comes twice.",
        _frame(lambda frame, site: iter((frame.data, frame.data))),
        "survived",
        "SSE-17",
        takes=_FRAME,
        at=2,
    ),
    _fault(
        "drop",
        "A frame does not come.",
        _frame(lambda frame, site: iter(())),
        "survived",
        takes=_FRAME,
        at=2,
    ),
    _fault(
        "reorder",
        "A frame comes after the one behind it.",
        _reordered,
        "survived",
        takes=_FRAME,
        at=2,
    ),
    _fault(
        "corrupt",
        "Three bytes of a frame are others.",
        _frame(_corrupted),
        "StreamInvalid",
        "ERR-15",
        takes=_FRAME,
        at=2,
        value=0.0,
        unit="the seed that decides which",
    ),
    _fault(
        "merge",
        "The blank line between a frame and the next is missing.",
        _merged,
        "survived",
        "SSE-16",
        takes=_FRAME,
        at=2,
        finding="frame-single-newline",
    ),
    _fault(
        "many-lines",
        "A frame comes as so many `data:` lines.",
        _frame(_split_lines),
        "survived",
        "SSE-11",
        takes=_FRAME,
        at=2,
        value=200_000.0,
        unit="lines",
    ),
    _fault(
        "double-data",
        "Each frame begins with `data: data:`.",
        _each(_double),
        "survived",
        "SSE-15",
        finding="data-prefix-doubled",
    ),
    _fault(
        "comment-as-data",
        "A keep-alive comes as data.",
        _inserted(b"data: : keep-alive\n\n"),
        "survived",
        "SSE-15",
        takes=_FRAME,
        at=2,
        finding="comment-as-data",
    ),
    _fault(
        "no-space",
        "`data:` has no space behind it.",
        _each(lambda frame: _data.sub(b"data:", frame)),
        "survived",
        "SSE-08",
    ),
    _fault(
        "no-done",
        "`[DONE]` does not come.",
        _each(_done_dropped),
        "survived",
        "END-02",
        finding="done-missing",
    ),
    _fault(
        "no-finish",
        "Each `finish_reason` is null, and `[DONE]` comes.",
        _each(lambda frame: _finish.sub(rb"\1null", frame)),
        "survived",
        "END-03",
        finding="finish-missing",
    ),
    _fault(
        "no-end",
        "Each `finish_reason` is null, and `[DONE]` does not come.",
        _each(_end_dropped),
        "StreamTruncated",
        "END-01",
    ),
    _fault(
        "finish-abort",
        "Each `finish_reason` is `abort`.",
        _each(lambda frame: _finish.sub(rb'\1"abort"', frame)),
        "ServerError",
        "END-12",
    ),
    _fault(
        "odd-done",
        "The end is written `[DONE] x`.",
        _each(lambda frame: _done.sub(b"data: [DONE] x", frame)),
        "survived",
        "END-11",
        finding="done-decorated",
    ),
    _fault(
        "early-done",
        "`[DONE]` comes before the rest, which does not.",
        _done_early,
        "survived",
        "END-03",
        takes=("frame", "byte", "time"),
        at=3,
        finding="finish-missing",
    ),
    _fault(
        "data-after-done",
        "A frame comes behind the end.",
        _after_the_end,
        "survived",
        "END-10",
    ),
    _fault(
        "no-blank-end",
        "The last frame ends with one line end, and the body with it.",
        _without_last_line_end,
        "survived",
        "END-05",
        finding="frame-unterminated",
    ),
    _fault(
        "crlf",
        "Lines end in CR LF, cut between the two.",
        _with_line_ends(b"\r\n"),
        "survived",
        "SSE-07",
    ),
    _fault("cr", "Lines end in CR.", _with_line_ends(b"\r"), "survived", "SSE-07"),
    _fault(
        "bom",
        "The body begins with a byte order mark, cut in two.",
        _marked,
        "survived",
        "SSE-03",
    ),
    _fault(
        "split-utf8",
        "Each character of several bytes is cut inside.",
        _split_characters,
        "survived",
        "SSE-05",
        takes=("frame", "byte", "time"),
    ),
    _fault(
        "comment-ping",
        "A keep-alive comment comes after a block with an id.",
        _inserted(b"id: 7\n\n", b": ping\n\n"),
        "survived",
        "SSE-01",
        takes=_FRAME,
        at=2,
    ),
    _fault(
        "empty-data",
        "Blocks without data come: `data:` with nothing, only `retry`, only `event`.",
        _inserted(b"data:\n\n", b"retry: 3000\n\n", b"event: message\n\n"),
        "survived",
        "SSE-02",
        takes=_FRAME,
        at=2,
        finding="frame-empty",
    ),
    _fault(
        "odd-retry",
        "`retry` is no number of digits: `+5`, `1_000`, Arabic digits.",
        _inserted("retry: +5\n\nretry: 1_000\n\nretry: \u0665\u0660\n\n".encode()),
        "survived",
        "SSE-18",
        takes=_FRAME,
        at=2,
    ),
    _fault(
        "invalid-utf8-comment",
        "A comment with bytes that are not UTF-8 comes.",
        _inserted(b": \xff\xfe\x80\n\n"),
        "survived",
        "SSE-04",
        takes=_FRAME,
        at=2,
    ),
)
