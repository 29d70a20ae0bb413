"""Collects the parts that a text turned out to be, and knows which names may be called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from streamnorm.leaks.parts import CallFragment, CallOpened, Dropped, Part, Text, joined
from streamnorm.leaks.source import Refused, Source

__all__ = ["MAX_BLANK", "SPACE", "Message", "Teller"]

SPACE: Final = " \t\n\r"
#: Characters of whitespace behind a call that wait for what comes next.
MAX_BLANK: Final = 1 << 16

_printable = re.compile(r"[!-~]{1,256}").fullmatch
_plausible = re.compile(r"[A-Za-z0-9_.:/-]{1,128}").fullmatch


class Message(NamedTuple):
    """Words with markup around them. `closers` end it; `anew`: what follows it stands at the beginning of the text."""

    code: str
    reasoning: bool
    closers: tuple[str, ...]
    anew: bool = False


class Teller:
    """Tells of the text read from `source`."""

    __slots__ = (
        "_after_call",
        "_blank",
        "_parts",
        "_reasoning",
        "_size",
        "_source",
        "_tools",
        "in_call",
        "message",
    )

    def __init__(self, source: Source, tools: Mapping[str, Any] | None, reasoning: bool) -> None:
        self.in_call = False
        self.message: Message | None = None
        self._source = source
        self._tools = tools
        self._reasoning = reasoning
        self._parts: list[Part] = []
        #: Whitespace behind markup is markup if more markup follows, or nothing.
        self._after_call = False
        self._blank: list[str] = []
        self._size = 0

    @property
    def holds(self) -> bool:
        return bool(self._blank)

    def drain(self) -> list[Part]:
        """What was told since last asked."""
        parts, self._parts = self._parts, []
        return list(joined(parts)) if len(parts) > 1 else parts

    def text(self, words: str) -> None:
        """Words; whitespace alone waits behind a call."""
        if not words:
            return
        if self._after_call:
            self._blank.append(words)
            self._size += len(words)
            if self._size <= MAX_BLANK and not words.strip(SPACE):
                return
            words = "".join(self._blank)
            self._forget_blank()
        reasoning = self._reasoning or (self.message is not None and self.message.reasoning)
        self._parts.append(Text(words, reasoning))

    def check(self, name: str) -> None:
        """Refuse what is no tool's name."""
        if not _plausible(name) or (self._tools is not None and name not in self._tools):
            raise Refused

    def schema(self, name: str) -> Any:
        return None if self._tools is None else self._tools.get(name)

    def open(self, code: str, name: str, id: str | None = None) -> None:
        """A call: from here on there is no way back."""
        self.check(name)
        self._source.commit()
        self._forget_blank()
        self._parts.append(CallOpened(code, name, id if id and _printable(id) else None))
        self.message = None
        self.in_call = self._after_call = True

    def fragment(self, fragment: str) -> None:
        if fragment:
            self._parts.append(CallFragment(fragment))

    def enter(self, message: Message) -> None:
        """The markup at the beginning of a message was read."""
        self._source.commit()
        self._forget_blank()
        self._parts.append(Dropped(message.code))
        self.message = message

    def leave(self) -> bool:
        """The markup at the end of a message was read. Returns whether what follows stands at the beginning."""
        message, self.message = self.message, None
        self._after_call = message is not None and message.anew
        return self._after_call

    def _forget_blank(self) -> None:
        self._blank = []
        self._size = 0
        self._after_call = False

    def end(self) -> None:
        """Nothing follows: blank is markup, and a message is over."""
        self._forget_blank()
        self.message = None
        self.in_call = False
