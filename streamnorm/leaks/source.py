"""Text that comes in pieces, read by generators: one that needs more than there is yields, and goes on when more has come.

What a generator has read is forgotten, unless there is a mark to go back to. Two rules keep the work linear however the text
is cut: what is left unread while waiting is at most `MAX_HEAD` characters, and going back copies nothing that is still in the
piece at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Final, TypeAlias, TypeVar

__all__ = ["MAX_HEAD", "MAX_HOLD", "Reading", "Refused", "Source", "Take", "attempt", "trailer"]

#: Characters from an opening marker up to the beginning of the arguments. Names and ids are far shorter.
MAX_HEAD: Final = 512
#: Characters of arguments that wait for the name that comes after them.
MAX_HOLD: Final = 1 << 20

T = TypeVar("T")
#: A reading under way: it yields where it needs more text.
Reading: TypeAlias = Generator[None, None, T]
Take: TypeAlias = Callable[[str], object]

_space = re.compile(r"[ \t\n\r]*").match


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """What stands here is not what was looked for; or the text has ended."""


class Source:
    """The text that has come and was not read.

    `text[at:end]` can be read now; `end` is before the end of the text only where a mark limits how far to look.
    """

    __slots__ = (
        "_hold",
        "_kept",
        "_limit",
        "_mark",
        "_spent",
        "_start",
        "at",
        "end",
        "ended",
        "text",
    )

    def __init__(self) -> None:
        self.text = ""
        self.at = self.end = 0
        self.ended = False
        #: Characters before `text`: with `at`, a position that no cut changes.
        self._start = 0
        #: Where in `text` to go back to; what came before that stands in `_kept`.
        self._mark: int | None = None
        self._kept: list[str] = []
        self._limit: int | None = None
        #: Where the hold under way, or the last one since the mark, began.
        self._hold: int | None = None
        #: No hold may begin before here: one that failed has read so far, and none reads it again.
        self._spent = 0

    @property
    def position(self) -> int:
        return self._start + self.at

    @property
    def marked(self) -> bool:
        return self._mark is not None

    @property
    def empty(self) -> bool:
        """Nothing is unread, and there is nothing to go back to."""
        return self.at == len(self.text) and self._mark is None

    def feed(self, piece: str) -> None:
        if self._mark is not None:
            self._kept.append(self.text[self._mark : self.at])
            self._mark = 0
        self.text = self.text[self.at :] + piece
        self._start += self.at
        self.at = 0
        self._look()

    # Marks.

    def mark(self) -> None:
        """Remember this place, and look no farther than `MAX_HEAD` characters from it."""
        self._mark = self.at
        self._limit = self.position + MAX_HEAD
        self._look()

    def rewind(self) -> None:
        """Back to the mark, as if nothing had been read."""
        if self._hold is not None:
            self._spent = self.position
        if self._kept:
            back = "".join(self._kept)
            self.text = back + self.text
            self._start -= len(back)
            self.at = 0
        elif self._mark is not None:
            self.at = self._mark
        self.commit()

    def commit(self) -> None:
        """There is no way back, and no limit."""
        self._mark = self._limit = self._hold = None
        self._kept = []
        self._look()

    def begin_hold(self) -> int | None:
        """Arguments before their name: look `MAX_HOLD` characters ahead. Returns what `end_hold` wants to know."""
        limit = self._limit
        if limit is not None and self.position >= self._spent:
            self._hold = self.position
            self._limit = self.position + MAX_HOLD
            self._look()
        return limit

    def end_hold(self, limit: int | None) -> None:
        """The limit is again what it was, but for what was held."""
        if self._hold is not None and limit is not None:
            self._limit = limit + self.position - self._hold
            self._look()

    def _look(self) -> None:
        end = len(self.text)
        self.end = end if self._limit is None else min(end, self._limit - self._start)

    # Reading. What is called with too little text waits, and refuses where no more can come.

    def wait(self) -> Reading[None]:
        """Until more has come."""
        limited = self._limit is not None and self._start + len(self.text) >= self._limit
        if limited or self.ended:
            raise Refused
        yield

    def skip_space(self) -> Reading[None]:
        while True:
            match = _space(self.text, self.at, self.end)
            self.at = match.end() if match else self.at
            if self.at < self.end:
                return
            yield from self.wait()

    def char(self) -> Reading[str]:
        """The next character, not read yet."""
        while self.at >= self.end:
            yield from self.wait()
        return self.text[self.at]

    def stands(self, literal: str) -> Reading[bool]:
        """Whether `literal` comes next; it is not read. At the end of the text, nothing does."""
        while not self.text.startswith(literal, self.at, self.end):
            rest = self.text[self.at : min(self.end, self.at + len(literal))]
            if self.ended or not literal.startswith(rest):
                return False
            yield from self.wait()
        return True

    def take(self, literal: str) -> Reading[bool]:
        """Read `literal`, if it comes next."""
        found = yield from self.stands(literal)
        if found:
            self.at += len(literal)
        return found

    def literal(self, literal: str) -> Reading[None]:
        if not (yield from self.take(literal)):
            raise Refused

    def token(self, pattern: re.Pattern[str]) -> Reading[str]:
        """What matches `pattern`, which must match wherever it may still come to match. Only with a mark, as it is kept."""
        yield from self.char()
        while True:
            match = pattern.match(self.text, self.at, self.end)
            if match is None:
                raise Refused
            if match.end() < self.end:
                self.at = match.end()
                return match[0]
            yield from self.wait()

    def until(self, end: str, barring: str) -> Reading[str]:
        """What comes before `end`, which is read too. Only with a mark. None of the characters `barring` may be in it."""
        while True:
            found = self.text.find(end, self.at, self.end)
            words = self.text[self.at : self.end if found < 0 else found]
            if any(char in words for char in barring):
                raise Refused
            if found >= 0:
                self.at = found + len(end)
                return words
            yield from self.wait()


def attempt(source: Source, *readings: Reading[None]) -> Reading[bool]:
    """Read on; where that is refused before it commits, go back. Returns whether it committed."""
    source.mark()
    try:
        for reading in readings:
            yield from reading
    except Refused:
        pass
    if source.marked:
        source.rewind()
        return False
    return True


def trailer(source: Source, *literals: str) -> Reading[bool]:
    """Read space and one of `literals`; or nothing."""
    return (yield from attempt(source, _trailer(source, literals)))


def _trailer(source: Source, literals: tuple[str, ...]) -> Reading[None]:
    yield from source.skip_space()
    for literal in literals:
        if (yield from source.take(literal)):
            source.commit()
            return
