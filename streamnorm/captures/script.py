"""A capture as the steps of its replay: what to say, when, and how to leave. No socket and no clock in it: a transport and a
server each carry the steps out, and faults are inserted among them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Final, Literal

import msgspec

from streamnorm.captures.format import Capture, End, Piece, Response
from streamnorm.errors import CaptureError

__all__ = [
    "AT_ONCE",
    "Break",
    "Cut",
    "Finish",
    "Head",
    "Send",
    "Stall",
    "Step",
    "Wait",
    "cut_of",
    "recut",
    "script",
    "speed_of",
]

#: The speed at which nothing is waited for.
AT_ONCE: Final = float("inf")

#: What a replay's own framing replaces, and what holds between two hops only (RFC 9110, 7.6.1).
_NOT_REPLAYED: Final = frozenset(
    (
        "content-length",
        "content-encoding",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "trailer",
        "upgrade",
    )
)

#: Piece lengths by seed: often a few bytes, now and then as much as a read gives.
_SIZES: Final = (1, 2, 3, 5, 8, 13, 40, 200, 1_000, 4_096)


class Head(msgspec.Struct, frozen=True):
    """Send status line and headers."""

    status: int
    headers: dict[str, str]


class Wait(msgspec.Struct, frozen=True, gc=False):
    """Wait so many seconds after the last step was due, which need not be when it was done: delays do not add up."""

    seconds: float


class Send(msgspec.Struct, frozen=True, gc=False):
    """Send the next piece of the body."""

    data: bytes


class Finish(msgspec.Struct, frozen=True):
    """End the body as its framing says."""


class Break(msgspec.Struct, frozen=True):
    """End the connection before the body's end: close it (`cut`), or reset it. Two ways are of HTTP/1.1's framing: close it
    inside a chunk that was announced (`mid-chunk`), or after the length of one that is no number (`bad-chunk`)."""

    how: Literal["cut", "reset", "mid-chunk", "bad-chunk"] = "cut"


class Stall(msgspec.Struct, frozen=True):
    """Say nothing more, and keep the connection open."""


Step = Head | Wait | Send | Finish | Break | Stall

#: The lengths of the pieces that a body is cut into.
Cut = Callable[[], Iterator[int]]


def script(capture: Capture, *, speed: float = 1.0, cut: Cut | None = None) -> Iterator[Step]:
    """The steps that replay a capture. `speed` divides the recorded times; `AT_ONCE` waits for nothing.

    A body whose end is not known to have come (cut, unfinished, damaged) ends in `Break`, a timeout in `Stall`. One whose
    reader left finishes after what it read: the recording does not say more.
    """
    now = 0.0

    def wait_until(seconds: float) -> Iterator[Wait]:
        nonlocal now
        if speed != AT_ONCE and seconds > now:
            yield Wait((seconds - now) / speed)
            now = seconds

    response = capture.header.response
    if response is not None:
        yield from wait_until(response.seconds)
        yield Head(response.status, replayed_headers(response))
    for item in recut(capture.items(), cut) if cut else capture.items():
        if item.seconds is not None:
            yield from wait_until(item.seconds)
        yield Send(item.data) if isinstance(item, Piece) else last_step(item)


def replayed_headers(response: Response) -> dict[str, str]:
    """The headers of a response but those that say how it was framed."""
    return {
        name: value for name, value in response.headers.items() if name.lower() not in _NOT_REPLAYED
    }


def last_step(end: End) -> Step:
    """How a replay leaves."""
    match end.how:
        case "end" | "left":
            return Finish()
        case "error":
            return Stall() if "Timeout" in end.kind else Break("reset")
        case _:
            return Break("cut")


def recut(items: Iterable[Piece | End], cut: Cut) -> Iterator[Piece | End]:
    """The same bytes in pieces of other lengths. A piece comes when its last byte did."""
    lengths = cut()
    held: list[bytes] = []
    need, seconds = next(lengths), 0.0
    for item in items:
        if isinstance(item, Piece):
            at, seconds = 0, item.seconds
            while len(item.data) - at >= need:
                held.append(item.data[at : at + need])
                at += need
                yield Piece(seconds, b"".join(held))
                held, need = [], next(lengths)
            held.append(item.data[at:])
            need -= len(item.data) - at
        else:
            if rest := b"".join(held):
                yield Piece(seconds, rest)
            yield item


def cut_of(text: str | int | None) -> Cut | None:
    """How to cut, from words: a number of bytes, `byte` for each, `seed:N` for lengths that N decides; None or `recorded` for as
    it was. Raises CaptureError."""
    if text is None or text == "recorded":
        return None
    kind, _, number = str(text).partition(":")
    if kind == "byte" and not number:
        return lambda: repeat(1)
    if kind == "seed" and number.isdecimal():
        return lambda: _by_seed(int(number))
    if kind.isdecimal() and int(kind) > 0 and not number:
        return lambda: repeat(int(kind))
    raise CaptureError(f"cannot cut by {text!r}: give a number of bytes, byte, seed:N or recorded")


def _by_seed(seed: int) -> Iterator[int]:
    choose = random.Random(seed).choice  # noqa: S311  # repeatable, which is the point
    while True:
        yield choose(_SIZES)


def speed_of(text: str | float) -> float:
    """A speed, from words: `10x` or `10` is ten times as fast, `0.5x` half, `max` at once. Raises CaptureError."""
    if text == "max":
        return AT_ONCE
    try:
        speed = float(str(text).removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise CaptureError(f"cannot replay at {text!r}: give a factor such as 10x or 0.5x, or max")
    return speed
