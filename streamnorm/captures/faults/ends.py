"""Faults of the connection and of time: bodies that end early or not at all, and those that come slowly or all at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Final, Literal

from streamnorm.captures.faults.base import Fault, Play, Site
from streamnorm.captures.faults.places import MAX_HELD, Place, Rest, Where
from streamnorm.captures.script import Break, Finish, Send, Stall, Step, Wait

__all__ = ["ENDS"]

_ANYWHERE: Final[tuple[Where, ...]] = ("frame", "byte", "time")
_THIRD: Final = Place("frame", 3)


def _then(last: Step) -> Play:
    """Up to the place as it was, and then `last`."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        yield from rest.until(site.place)
        yield last

    return play


def _broken(how: Literal["cut", "reset", "mid-chunk", "bad-chunk"]) -> Play:
    return _then(Break(how))


def _cut_in_frame(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    if frame := rest.frame():
        rest.put_back(*frame.steps)
        yield from rest.until(Place("byte", max(1, len(frame.data) // 2)))
    yield Finish()


def _without_head(rest: Rest, site: Site) -> Iterator[Step]:
    yield Break("cut")


def _no_head_yet(rest: Rest, site: Site) -> Iterator[Step]:
    yield Stall()


def _slow_head(rest: Rest, site: Site) -> Iterator[Step]:
    yield Wait(site.number)
    yield from rest


def _trickled(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    for step in rest:
        if isinstance(step, Send):
            for at in range(len(step.data)):
                yield Wait(1 / site.number)
                yield Send(step.data[at : at + 1])
        elif not isinstance(step, Wait):
            yield step


def _held_up(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    yield Wait(site.number)
    yield from rest


def _gathered(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.head()
    held: list[bytes] = []
    size = 0
    for step in rest:
        if isinstance(step, Send):
            held.append(step.data)
            size += len(step.data)
        if held and (size > MAX_HELD or not isinstance(step, Send | Wait)):
            yield Send(b"".join(held))
            held, size = [], 0
        if not isinstance(step, Send):
            yield step


def _flooded(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    yield from repeat(Send(b": keep-alive\n\n"), int(site.number))
    yield from rest


def _kept_alive(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    while True:
        yield Wait(site.number)
        yield Send(b": keep-alive\n\n")


def _endless(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    yield Send(b'data: {"id":"')
    yield from repeat(Send(b"a" * 65_536), int(site.number) * 16)
    yield Finish()


def _talking_on(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    frame = rest.frame()
    again = Send(frame.data if frame else b'data: {"choices":[{"delta":{"content":"."}}]}\n\n')
    while True:
        yield Wait(site.number)
        yield again


ENDS: Final = (
    Fault(
        name="cut",
        does="The connection is closed, without the end of the body.",
        play=_broken("cut"),
        ends="transport",
        facts=("END-06", "ERR-13"),
        takes=_ANYWHERE,
        default=_THIRD,
    ),
    Fault(
        name="chunked-cut",
        does="The connection is closed inside a chunk of the HTTP framing that was announced.",
        play=_broken("mid-chunk"),
        ends="transport",
        facts=("END-06",),
        takes=_ANYWHERE,
        default=_THIRD,
        wire=True,
    ),
    Fault(
        name="bad-chunk",
        does="The length of a chunk of the HTTP framing is no number.",
        play=_broken("bad-chunk"),
        ends="transport",
        facts=("SEC-18",),
        takes=_ANYWHERE,
        default=_THIRD,
        wire=True,
    ),
    Fault(
        name="reset",
        does="The connection is reset.",
        play=_broken("reset"),
        ends="transport",
        facts=("END-07",),
        takes=_ANYWHERE,
        default=_THIRD,
    ),
    Fault(
        name="early-end",
        does="The body ends as if it were whole.",
        play=_then(Finish()),
        ends="StreamTruncated",
        facts=("END-01",),
        takes=_ANYWHERE,
        default=_THIRD,
    ),
    Fault(
        name="cut-in-frame",
        does="The body ends in the middle of a frame, as if it were whole.",
        play=_cut_in_frame,
        ends="StreamTruncated",
        facts=("END-04",),
        takes=_ANYWHERE,
        default=_THIRD,
    ),
    Fault(
        name="stall",
        does="Nothing more comes, and the connection stays open.",
        play=_then(Stall()),
        ends="transport",
        facts=("TIME-01",),
        takes=_ANYWHERE,
        default=_THIRD,
    ),
    Fault(
        name="pause",
        does="Nothing comes for a while; then the stream goes on.",
        play=_held_up,
        ends="survived",
        facts=("TIME-05",),
        takes=_ANYWHERE,
        default=_THIRD,
        value=1.0,
        unit="seconds",
    ),
    Fault(
        name="no-headers",
        does="The connection is closed before the head of the response.",
        play=_without_head,
        ends="transport",
        facts=("ERR-14",),
    ),
    Fault(
        name="stall-headers",
        does="The head of the response never comes, and the connection stays open.",
        play=_no_head_yet,
        ends="transport",
        facts=("TIME-01",),
    ),
    Fault(
        name="slow-headers",
        does="The head of the response comes late.",
        play=_slow_head,
        ends="survived",
        facts=("TIME-05",),
        value=1.0,
        unit="seconds",
    ),
    Fault(
        name="trickle",
        does="The rest comes byte by byte, so many a second.",
        play=_trickled,
        ends="survived",
        facts=("TIME-02",),
        takes=_ANYWHERE,
        value=10.0,
        unit="bytes a second",
    ),
    Fault(
        name="buffered",
        does="All of the body comes at its end, in one piece.",
        play=_gathered,
        ends="survived",
        facts=("TIME-06",),
    ),
    Fault(
        name="keep-alive-flood",
        does="So many comments come at once; then the stream goes on.",
        play=_flooded,
        ends="survived",
        facts=("SSE-09",),
        takes=_ANYWHERE,
        default=_THIRD,
        value=10_000.0,
        unit="comments",
    ),
    Fault(
        name="keep-alive-only",
        does="Comments come for ever, and nothing else.",
        play=_kept_alive,
        ends="deadline",
        facts=("SSE-09", "TIME-04"),
        takes=_ANYWHERE,
        value=0.1,
        unit="seconds between two",
    ),
    Fault(
        name="talk-on",
        does="One frame comes again and again, for ever.",
        play=_talking_on,
        ends="deadline",
        facts=("TIME-03",),
        takes=_ANYWHERE,
        default=_THIRD,
        value=0.1,
        unit="seconds between two",
    ),
    Fault(
        name="endless-line",
        does="A line that does not end.",
        play=_endless,
        ends="StreamInvalid",
        facts=("SSE-12",),
        takes=_ANYWHERE,
        default=_THIRD,
        value=64.0,
        unit="MiB, then the body ends",
    ),
)
