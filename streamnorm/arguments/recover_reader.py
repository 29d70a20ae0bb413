"""Reads an object that is nearly JSON, and notes each liberty taken.

It goes forward only, one token at a time, and takes a liberty only where the strict grammar has already failed. So of a text
that begins a JSON object it reads what a strict reader reads, and finds it unfinished where a strict reader does: no liberty
can make a whole object of a part. It never closes what the text left open.
"""

from __future__ import annotations

import re
from typing import Any, Final

from streamnorm.arguments.recover_steps import Refusal, Steps, closed_too_soon
from streamnorm.arguments.recover_strict import (
    MAX_DEPTH,
    add_member,
    float_of,
    int_of,
    strings_in,
)
from streamnorm.arguments.recover_strings import QUOTES, read_string

__all__ = ["Reader"]

_space = re.compile(r"[ \t\n\r]*")
_odd_space = re.compile(r"[\s\u200b\u2060\ufeff]")
_line_comment = re.compile(r"(?://|#)[^\n]*")
_identifier = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_word = re.compile(r"[^\s,:\[\]{}()\"'“”/#\uff0c\uff1a\u200b\u2060\ufeff]*")
_integer = re.compile(r"-?(?:0|[1-9][0-9]*)").fullmatch
_float = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?").fullmatch
_dotted = re.compile(r"-?(?:0|[1-9][0-9]*)\.").fullmatch

_LITERALS: Final = {"true": True, "false": False, "null": None}
_PYTHON: Final = {"True": True, "False": False, "None": None}
#: The plain one and the full-width one.
_COMMAS: Final = (",", "\uff0c")
_COLONS: Final = (":", "\uff1a")


class Reader:
    """A cursor in `text`. Every method that reads raises Refusal where it cannot go on with one reading only."""

    __slots__ = ("at", "steps", "text")

    def __init__(self, text: str, steps: Steps, at: int = 0) -> None:
        self.text = text
        self.steps = steps
        self.at = at

    def peek(self) -> str:
        """The next character that is neither space nor comment, "" at the end; the cursor is on it."""
        text = self.text
        while True:
            match = _space.match(text, self.at)
            self.at = match.end() if match else self.at
            char = text[self.at : self.at + 1]
            if char in ("/", "#"):
                if not self._skip_comment():
                    return char
            elif char and _odd_space.match(char):
                self.steps.note("byte-order-mark" if char == "\ufeff" else "odd-space", self.at)
                self.at += 1
            else:
                return char

    def _skip_comment(self) -> bool:
        if self.text.startswith("/*", self.at):
            end = self.text.find("*/", self.at + 2)
            if end < 0:
                raise closed_too_soon(self.text, "a comment")
            end += 2
        elif match := _line_comment.match(self.text, self.at):
            end = match.end()
        else:
            return False
        self.steps.note("comment", self.at)
        self.at = end
        return True

    def need(self, inside: str) -> str:
        """As `peek`, where the text may not end yet."""
        char = self.peek()
        if not char:
            raise closed_too_soon(self.text, inside)
        return char

    def unexpected(self, wanted: str) -> Refusal:
        seen = self.text[self.at : self.at + 20]
        return Refusal("unreadable", f"character {self.at + 1}: expected {wanted}, found {seen!r}")

    def two_readings(self, words: str, at: int | None = None) -> Refusal:
        return Refusal("two-readings", f"character {(self.at if at is None else at) + 1}: {words}")

    # Objects.

    def object(self, depth: int = 1) -> dict[str, Any]:
        """The object whose brace the cursor is on."""
        self._check(depth)
        opened = self.at
        self.at += 1
        members: dict[str, Any] = {}
        char = self.need("an object")
        if char == "{":
            return self._doubled(opened, depth)
        while char != "}":
            begins = self.at
            key = self._key(char)
            value = self._member_value(depth)
            add_member(members, key, value, self.steps, begins)
            char = self._next_key()
        self.at += 1
        return members

    def _doubled(self, opened: int, depth: int) -> dict[str, Any]:
        """`{{...}}`. In strings, doubled braces may be the template's or the text's own."""
        members = self.object(depth + 1)
        if self.need("an object") != "}":
            raise self.unexpected("the second of two closing braces")
        if any("{{" in string or "}}" in string for string in strings_in(members)):
            raise self.two_readings(
                "doubled braces around strings that hold doubled braces", opened
            )
        self.steps.note("doubled-braces", opened)
        self.at += 1
        return members

    def _key(self, char: str) -> str:
        begins = self.at
        if char in QUOTES:
            return self.string()
        match = _identifier.match(self.text, begins)
        if match is None or match[0] in _LITERALS or match[0] in _PYTHON:
            raise self.unexpected("a key")
        self.at = match.end()
        self.steps.note("unquoted-key", begins)
        return match[0]

    def _member_value(self, depth: int) -> Any:
        char = self.need("an object")
        if char not in _COLONS:
            raise self.unexpected("a colon")
        self._plain(char, ":")
        return self.value(depth)

    def _next_key(self) -> str:
        """Past what stands between a member and the next: the first character of the next key, or the closing brace."""
        ended = self.at
        last = self.text[ended - 1]
        char = self.need("an object")
        if char == "]" and last == "]":
            self.steps.note("extra-bracket", self.at)
            self.at += 1
            char = self.need("an object")
        if char == "}":
            return char
        if char not in _COMMAS:
            return self._after_missing_comma(char, last, apart=self.at > ended)
        return self._past_commas(char)

    def _after_missing_comma(self, char: str, last: str, *, apart: bool) -> str:
        if char != '"' or not apart:
            raise self.unexpected("a comma or a closing brace")
        if last in QUOTES.values():
            raise self.two_readings(
                "a quote after a string: a comma may be missing, or the string may hold quotes"
            )
        self.steps.note("missing-comma", self.at)
        return char

    def _past_commas(self, char: str) -> str:
        first = True
        while char in _COMMAS:
            comma = self.at
            self._plain(char, ",")
            if not first:
                self.steps.note("double-comma", comma)
            first = False
            char = self.need("an object")
        if char == "}":
            self.steps.note("trailing-comma", comma)
        return char

    # Values.

    def value(self, depth: int) -> Any:
        """The value that begins at or after the cursor; `depth` containers are open around it."""
        char = self.need("an object or array")
        if char == "{":
            return self.object(depth + 1)
        if char == "[":
            return self._items("]", depth + 1)[0]
        if char == "(":
            return self._tuple(depth + 1)
        if char in QUOTES:
            return self.string()
        return self._scalar()

    def string(self) -> str:
        value, self.at = read_string(self.text, self.at, self.steps)
        return value

    def _tuple(self, depth: int) -> list[Any]:
        opened = self.at
        items, commas = self._items(")", depth)
        if len(items) == 1 and not commas:
            raise self.two_readings("(x) is x in Python, and (x,) a tuple", opened)
        self.steps.note("tuple", opened)
        return items

    def _items(self, closing: str, depth: int) -> tuple[list[Any], int]:
        """The items of an array or tuple, and how many commas stood between and after them."""
        self._check(depth)
        self.at += 1
        items: list[Any] = []
        commas = 0
        char = self.need("an array")
        while char != closing:
            items.append(self.value(depth))
            char = self.need("an array")
            if char in _COMMAS:
                comma = self.at
                self._plain(char, ",")
                commas += 1
                char = self.need("an array")
                if char == closing == "]":
                    self.steps.note("trailing-comma", comma)
            elif char != closing:
                raise self.unexpected("a comma or a closing bracket")
        self.at += 1
        return items, commas

    def _scalar(self) -> Any:
        match = _word.match(self.text, self.at)
        word, begins = match[0] if match else "", self.at
        if begins + len(word) == len(self.text):
            raise closed_too_soon(self.text, "an object or array")
        self.at += len(word)
        if word in _LITERALS:
            return _LITERALS[word]
        if word in _PYTHON:
            self.steps.note("python-literal", begins)
            return _PYTHON[word]
        return self._number(word, begins)

    def _number(self, word: str, begins: int) -> int | float:
        if word and self.text[self.at] in "/#":
            raise self.two_readings("a comment, or a part of the number")
        if _integer(word):
            return int_of(word)
        if _float(word):
            return float_of(word)
        if _dotted(word):
            self.steps.note("trailing-dot", begins)
            return float_of(word)
        self.at = begins
        if word.lstrip("+-") in ("NaN", "Infinity", "nan", "inf"):
            raise Refusal("number", f"character {begins + 1}: {word} is no JSON number")
        raise self.unexpected("a JSON value")

    # Small things.

    def _plain(self, char: str, plain: str) -> None:
        """Step over a comma or a colon."""
        if char != plain:
            self.steps.note("fullwidth-punctuation", self.at)
        self.at += 1

    def _check(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Refusal(
                "too-deep", f"character {self.at + 1}: more than {MAX_DEPTH} containers are open"
            )
