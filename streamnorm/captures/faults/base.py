"""What a fault is: a name, words, and a function from the steps of a replay to the steps of a broken one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from streamnorm.captures.faults.places import Place, Rest, Where
from streamnorm.captures.script import Step

__all__ = ["Fault", "Outcome", "Play", "Site", "Value"]

Value = float | str

#: What becomes of a stream with the fault in it, read by streamnorm over httpx. `survived`: it reads as complete, with what was
#: changed in it; an error of streamnorm's; `transport`: an exception of the HTTP library; `status`: the answer is no stream and
#: says so; `deadline`: bytes come for ever, and only a limit on the whole ends it.
Outcome = Literal[
    "survived",
    "StreamTruncated",
    "ServerError",
    "StreamInvalid",
    "transport",
    "status",
    "deadline",
]


class Site(msgspec.Struct, frozen=True):
    """Where a fault happens, and how much of it."""

    place: Place
    value: Value

    @property
    def number(self) -> float:
        """The value of a fault that takes a number."""
        assert not isinstance(self.value, str)
        return self.value


#: From the steps to come to those that come instead. Lazy; ends in `Finish`, `Break` or `Stall`.
Play = Callable[[Rest, Site], Iterator[Step]]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault.

    does: what it does, in words. ends, finding: what becomes of the stream, and the code of the finding that tells of it, where
    it survives. takes: the kinds of place it takes, none where it is about the answer as a whole; default: its place where
    none is given. value, unit: what stands behind `=` where nothing does, and what it says. facts: the situations of the
    project's list of faults that it brings about. wire: it is in the HTTP framing, and a replay without a socket can only
    come near it.
    """

    name: str
    does: str
    play: Play
    ends: Outcome
    facts: tuple[str, ...] = ()
    takes: tuple[Where, ...] = ()
    default: Place = Place("frame", 1)
    value: Value = ""
    unit: str = ""
    finding: str = ""
    wire: bool = False
