"""Splits text that comes in pieces into words, reasoning, and the calls that leaked into it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from streamnorm.leaks.formats import FORMATS, Opener
from streamnorm.leaks.markers import Markers, markers_of
from streamnorm.leaks.parts import Part
from streamnorm.leaks.source import Reading, Refused, Source, attempt
from streamnorm.leaks.teller import SPACE, Message, Teller

__all__ = ["LeakReader"]


class LeakReader:
    """Finds the calls of the formats `codes` in a text.

    `tools`: the schema of the parameters (or None) by the name of the tool; no other name is a call. None: any name may be.
    `in_reasoning`: the text is reasoning, where only some formats are looked for. Raises `KeyError` for an unknown code.

    However the text is cut, the parts join to the same. Held back is what may still become a marker, and the head of a call up
    to its arguments. Nothing is lost: what is no call after all is told as it came.
    """

    def __init__(
        self,
        codes: Collection[str],
        tools: Mapping[str, dict[str, Any] | None] | None = None,
        *,
        in_reasoning: bool = False,
    ) -> None:
        asked = [FORMATS[code] for code in codes]
        formats = [row for row in FORMATS.values() if row in asked]
        if in_reasoning:
            formats = [row for row in formats if row.in_reasoning]
        self._formats = formats
        self._openings = _by_marker(row.openings for row in formats)
        self._beginnings = _by_marker(row.beginnings for row in formats)
        self._markers: dict[Message | None, Markers] = {}
        self._source = Source()
        self._teller = Teller(self._source, tools, in_reasoning)
        self._at_beginning = True
        self._reading = self._read()

    @property
    def idle(self) -> bool:
        """Nothing is held, and no call is open."""
        return self._source.empty and not self._teller.holds and not self._teller.in_call

    def feed(self, text: str) -> list[Part]:
        """What of `text`, and of what was held, is decided."""
        if text:
            self._source.feed(text)
            next(self._reading, None)
        return self._teller.drain()

    def close(self) -> list[Part]:
        """Nothing more will come: what was held is what it was. Should there come more, it goes on, not at the beginning."""
        self._source.ended = True
        next(self._reading, None)
        self._teller.end()
        self._source.ended = self._at_beginning = False
        self._reading = self._read()
        return self._teller.drain()

    def _read(self) -> Reading[None]:
        """Read until the text has ended."""
        try:
            while True:
                if self._at_beginning:
                    yield from self._read_beginning()
                yield from self._read_text()
        except Refused:
            return

    def _read_beginning(self) -> Reading[None]:
        """Tell the space before the text, and read on behind a marker that counts only there."""
        source = self._source
        while (yield from source.char()) in SPACE:
            blank = source.text[source.at :]
            size = len(blank) - len(blank.lstrip(SPACE))
            self._tell(source.at + size)
        self._at_beginning = False
        for marker, openers in self._beginnings.items():
            if (yield from source.stands(marker)):
                yield from self._read_behind(marker, openers)
                return

    def _read_text(self) -> Reading[None]:
        """Tell the text up to the next marker, and read on behind it."""
        source = self._source
        while True:
            markers = self._wanted()
            found = markers.find(source.text, source.at)
            if found:
                break
            ended = source.ended
            self._tell(len(source.text) if ended else markers.settled(source.text, source.at))
            yield from source.wait()
        self._tell(found.start())
        marker = found[0]
        message = self._teller.message
        if message is not None and marker in message.closers:
            source.at += len(marker)
            self._at_beginning = self._teller.leave()
        else:
            yield from self._read_behind(marker, self._openings[marker])

    def _read_behind(self, marker: str, openers: Iterable[Opener]) -> Reading[None]:
        """Ask one format after the other; what none of them reads is text."""
        for opener in openers:
            source, teller = self._source, self._teller
            committed = yield from attempt(source, source.literal(marker), opener(source, teller))
            self._teller.in_call = False
            if committed:
                return
        self._tell(self._source.at + len(marker))

    def _tell(self, end: int) -> None:
        """The text up to `end` is words."""
        source = self._source
        self._teller.text(source.text[source.at : end])
        source.at = end

    def _wanted(self) -> Markers:
        """What to look for: in a message its end, too, and in reasoning less."""
        message = self._teller.message
        if message not in self._markers:
            formats = self._formats
            if message is not None and message.reasoning:
                formats = [row for row in formats if row.in_reasoning or row.code == message.code]
            closers = message.closers if message is not None else ()
            literals = frozenset(marker for row in formats for marker in row.openings)
            self._markers[message] = markers_of(literals.union(closers))
        return self._markers[message]


def _by_marker(tables: Iterable[Mapping[str, Opener]]) -> dict[str, list[Opener]]:
    found: dict[str, list[Opener]] = {}
    for table in tables:
        for marker, opener in table.items():
            found.setdefault(marker, []).append(opener)
    return found
