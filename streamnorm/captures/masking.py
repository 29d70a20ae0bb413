"""Secrets written over with stars, in a body that comes in pieces: as many bytes come out as went in. What may still become a
secret is held back, never more than `HELD` bytes or one credential. Knows no files and no clock."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from streamnorm.captures.secrets import SHAPES, Shape, spellings

__all__ = ["HELD", "FieldMasker", "Masker"]

#: The most bytes of one key that are held back until it ends; a longer one is written over as it comes.
HELD: Final = 4096

#: White space between a member's name, its colon and its value; more is no JSON that any server writes.
_SPACE: Final = rb"[ \t\r\n]{0,64}"


class _Look:
    """A shape, ready to be looked for in bytes."""

    def __init__(self, shape: Shape) -> None:
        body = f"[{shape.body}]"
        before = f"(?<![{shape.before}])" if shape.before else ""
        # The digit is looked for in so many characters, so that no text costs more than its length.
        proof = shape.proof or body + "{0,256}?[0-9]"
        found = f"{before}{re.escape(shape.beginning)}(?={proof}){body}{{{shape.least},}}"
        self.beginning = shape.beginning.encode()
        self.found = re.compile(found.encode())
        self.characters = bytes(code for code in range(128) if re.match(body, chr(code)))


_LOOKS: Final = tuple(map(_Look, SHAPES))
_BEGINNINGS: Final = tuple(look.beginning for look in _LOOKS)

#: By what all of them have: where that is not, none of them is. Parameters of a URL share the character before them.
_BY_LEAD: Final[dict[bytes, list[_Look]]] = defaultdict(list)
for _look in _LOOKS:
    _lead = re.match(rb"[?&]|\\u0026", _look.beginning)
    _BY_LEAD[_lead[0] if _lead else _look.beginning].append(_look)

_BY_CHARACTERS: Final[dict[bytes, list[bytes]]] = defaultdict(list)
for _look in _LOOKS:
    _BY_CHARACTERS[_look.characters].append(_look.beginning)


class _Begun:
    """Finds where the end of some bytes may be the beginning of one of `literals`."""

    def __init__(self, literals: Iterable[bytes]) -> None:
        self._literals = tuple(literals)
        self._inner = frozenset(byte for literal in self._literals for byte in literal[:-1])

    def at(self, data: bytes) -> int:
        """The first such place, or the length of `data`."""
        if not data or data[-1] not in self._inner:
            return len(data)
        return min((self._of(literal, data) for literal in self._literals), default=len(data))

    @staticmethod
    def _of(literal: bytes, data: bytes) -> int:
        at = data.find(literal[:1], max(0, len(data) - len(literal) + 1))
        while at != -1 and not literal.startswith(data[at:]):
            at = data.find(literal[:1], at + 1)
        return at if at != -1 else len(data)


class _Found(NamedTuple):
    """A secret in some bytes: where it begins, from where it is written over, where it ends."""

    at: int
    over: int
    end: int
    look: _Look | None = None


class Masker:
    """Masks keys by their shapes, of which the beginning stays, and credentials in every spelling."""

    def __init__(self, credentials: Iterable[str] = ()) -> None:
        #: How many secrets were written over.
        self.masked = 0
        written = {each for credential in credentials for each in spellings(credential)}
        # The longest first: one may be part of another.
        self._credentials = sorted(written, key=len, reverse=True)
        self._begun = _Begun((*self._credentials, *_BEGINNINGS))
        self._most = max(HELD, *map(len, self._credentials), 0)
        self._held = b""
        self._before = b""
        self._inside: _Look | None = None

    def feed(self, data: bytes) -> bytes:
        """The bytes that are ready: of all that was fed, those that come next."""
        rest = data
        if self._inside is not None:
            rest = data.lstrip(self._inside.characters)
            self._inside = None if rest else self._inside
        over = len(data) - len(rest)
        self._before = data[over - 1 : over] or self._before
        return b"*" * over + self._ready(rest, last=False)

    def close(self) -> bytes:
        """The bytes that were held back. What is fed next is another body."""
        ready = self._ready(b"", last=True)
        self._before, self._inside = b"", None
        return ready

    def whole(self, data: bytes) -> bytes:
        """A body in one, of as many bytes as before."""
        return self.feed(data) + self.close()

    def _ready(self, data: bytes, *, last: bool) -> bytes:
        begin = len(self._before)
        window = self._before + self._held + data
        found = sorted(self._found(window, begin), key=lambda each: each.at)
        ready = len(window)
        if not last:
            ready = _outside(found, self._undecided(window))
        if len(window) - ready > self._most:
            ready = self._forced(found, window)
        self._before, self._held = window[max(0, ready - 1) : ready], window[ready:]
        return self._over(window[:ready], found)[begin:]

    def _found(self, window: bytes, begin: int) -> Iterator[_Found]:
        for credential in self._credentials:
            at = window.find(credential, begin)
            while at != -1:
                end = at + len(credential)
                yield _Found(at, at, end)
                at = window.find(credential, end)
        looks = (look for lead, looks in _BY_LEAD.items() if lead in window for look in looks)
        for look in looks:
            if look.beginning in window:
                for match in look.found.finditer(window, begin):
                    at, end = match.span()
                    yield _Found(at, at + len(look.beginning), end, look)

    def _forced(self, found: list[_Found], window: bytes) -> int:
        """What is ready where it was too long to wait for the end: all, if it is a key, and its rest is written over as it
        comes."""
        for each in found:
            if each.end == len(window) and each.look is not None:
                self._inside = each.look
                return len(window)
        return _outside(found, self._begun.at(window))

    def _over(self, data: bytes, found: list[_Found]) -> bytes:
        """What was found, written over; what overlaps is one secret."""
        written, end = bytearray(data), 0
        for each in found:
            if each.end <= len(data):
                self.masked += each.at >= end
                written[each.over : each.end] = b"*" * (each.end - each.over)
                end = max(end, each.end)
        return bytes(written) if found else data

    def _undecided(self, window: bytes) -> int:
        """Where something begins that more bytes may make a secret, or make a longer one."""
        at = self._begun.at(window)
        for characters, beginnings in _BY_CHARACTERS.items():
            run = len(window.rstrip(characters))
            if run == len(window):
                continue
            for beginning in beginnings:
                found = window.find(beginning, max(0, run - len(beginning)))
                at = min(at, found) if found != -1 else at
        if window.endswith(_BEGINNINGS):
            at = min(at, *(window.rfind(each) for each in _BEGINNINGS if window.endswith(each)))
        return at


def _outside(found: list[_Found], place: int) -> int:
    """The last place at or before `place` that is not inside of a secret."""
    for each in sorted(found, key=lambda each: each.end, reverse=True):
        if each.at < place < each.end:
            place = each.at
    return place


class FieldMasker:
    """Masks the values of JSON members by their names, wherever they are: all characters of strings, all digits of numbers, and
    those inside of objects and arrays. Not inside JSON that is written as a string."""

    def __init__(self, names: Iterable[str]) -> None:
        #: How many values were written over.
        self.masked = 0
        quoted = {
            json.dumps(name, ensure_ascii=escaped).encode()
            for name in names
            for escaped in (False, True)
        }
        named = b"(?:" + (b"|".join(map(re.escape, sorted(quoted))) or b"(?!)") + b")" + _SPACE
        self._found = re.compile(named + b":" + _SPACE + rb'(?=["{\[\-0-9])')
        self._undecided = re.compile(named + b"(?::" + _SPACE + rb")?\Z")
        self._begun = _Begun(quoted)
        self._value: _Value | None = None
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """As `Masker.feed`."""
        data, ready = self._held + data, []
        while data:
            if self._value is not None:
                over = self._value.write_over(data)
                self._value = None if self._value.ended else self._value
                ready.append(over)
                data = data[len(over) :]
            elif found := self._found.search(data):
                self.masked += 1
                self._value = _Value()
                ready.append(data[: found.end()])
                data = data[found.end() :]
            else:
                undecided = self._undecided.search(data)
                end = undecided.start() if undecided else self._begun.at(data)
                ready.append(data[:end])
                self._held = data[end:]
                return b"".join(ready)
        self._held = b""
        return b"".join(ready)

    def close(self) -> bytes:
        """As `Masker.close`."""
        held, self._held, self._value = self._held, b"", None
        return held

    def whole(self, data: bytes) -> bytes:
        """As `Masker.whole`."""
        return self.feed(data) + self.close()


class _Value:
    """A JSON value while it is written over. A line end in a string ends it: there is none in JSON, and what follows is another
    frame."""

    def __init__(self) -> None:
        self.ended = False
        self._depth = 0
        self._quoted = False
        self._escaped = False
        self._scalar = False

    def write_over(self, data: bytes) -> bytes:
        """As much of `data` as is the value."""
        over = bytearray()
        for byte in data:
            if self._scalar and byte not in b"+-.eE0123456789":
                self.ended = True
            if self.ended:
                break
            over.append(self._in_string(byte) if self._quoted else self._outside(byte))
        return bytes(over)

    def _in_string(self, byte: int) -> int:
        if self._escaped:
            self._escaped = False
        elif byte == ord('"'):
            self._quoted, self.ended = False, self._depth == 0
            return byte
        elif byte == ord("\n"):
            self.ended = True
            return byte
        else:
            self._escaped = byte == ord("\\")
        return ord("*")

    def _outside(self, byte: int) -> int:
        if byte == ord('"'):
            self._quoted = True
        elif byte in b"{[":
            self._depth += 1
        elif byte in b"}]":
            self._depth -= 1
            self.ended = self._depth == 0
        elif self._depth == 0:
            self._scalar = True
        # Not 0: a number does not begin with several.
        return ord("1") if byte in b"0123456789" else byte
