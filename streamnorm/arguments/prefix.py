"""Fragments of text in, one answer out: is this still the beginning of a JSON text, and is it already a whole one?

Strict RFC 8259, lexical state only: whoever wants the value overrides what `JsonReader` tells. What is read is forgotten,
except the open containers and a token that the fragment cut, so the cost of a fragment does not depend on what came before.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Final

__all__ = ["MAX_DEPTH", "JsonReader", "PrefixScanner", "is_complete", "is_prefix"]

#: Containers open at once. Python's own parser gives up near a thousand, and no tool's schema comes near this.
MAX_DEPTH: Final = 512

#: A held number longer than this keeps one digit of each run, so that holding one costs no more than reading it.
MAX_HELD: Final = 64

# What may come next. A container's first member or item may be its end instead.
_VALUE: Final = "value"
_FIRST_ITEM: Final = "first item"
_FIRST_KEY: Final = "first key"
_KEY: Final = "key"
_COLON: Final = "colon"
_AFTER: Final = "after a value"

_VALUE_PLACES: Final = (_VALUE, _FIRST_ITEM)
_AFTER_STRING: Final = {_VALUE: _AFTER, _FIRST_ITEM: _AFTER, _KEY: _COLON, _FIRST_KEY: _COLON}

_SPACE: Final = " \t\n\r"
_END_OF: Final = {"{": "}", "[": "]"}
_FIRST_IN: Final = {"{": _FIRST_KEY, "[": _FIRST_ITEM}
#: What was to come in a container that may end because it is empty, by its closing bracket.
_EMPTY_IN: Final = {"}": _FIRST_KEY, "]": _FIRST_ITEM}
#: Where a comma leads, by the bracket that will close the container.
_NEXT_IN: Final = {"}": _KEY, "]": _VALUE}

_Always = Callable[[str, int], re.Match[str]]  # patterns that match nothing, too
_skip_space: _Always = re.compile(r"[ \t\n\r]*").match  # type: ignore[assignment]
_characters: _Always = re.compile(r'[^"\\\x00-\x1f]*').match  # type: ignore[assignment]
_word: _Always = re.compile(r"[-+.0-9A-Za-z]*").match  # type: ignore[assignment]
_escape = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})').match
_part_of_escape = re.compile(r"\\(?:u[0-9A-Fa-f]{0,3})?").fullmatch
_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?").fullmatch
_part_of_number = re.compile(
    r"-|-?(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?:\.[0-9]+)?[eE][-+]?[0-9]*)?"
).fullmatch
_first_of_each_run = re.compile("([0-9])[0-9]+").sub
_LITERALS: Final = ("true", "false", "null")
_PARTS_OF_LITERALS: Final = {word[:end] for word in _LITERALS for end in range(1, len(word) + 1)}


class JsonReader:
    """Reads a JSON text as it comes, cut anywhere; what it says does not depend on the cuts.

    `ok`: what came begins some valid JSON text, or is one. Once false it stays false.
    `opened`: the first character that is not whitespace, "" before any.
    `too_deep`: `ok` is false because more than `MAX_DEPTH` containers were open.
    """

    __slots__ = ("_held", "_in_string", "_known", "_place", "_stack", "ok", "opened", "too_deep")

    def __init__(self) -> None:
        self.ok = True
        self.opened = ""
        self.too_deep = False
        self._place = _VALUE
        #: The brackets that will close the open containers, innermost last.
        self._stack: list[str] = []
        self._in_string = False
        #: A token that the last fragment cut: an escape, a number, a literal.
        self._held = ""
        #: How much of a held number or literal has been told.
        self._known = 0

    @property
    def complete(self) -> bool:
        """What was fed is one whole JSON value. A top-level number is whole though it may still grow."""
        if not self.ok or self._stack or self._in_string:
            return False
        if self._held:
            return self._held in _LITERALS or _number(self._held) is not None
        return self._place == _AFTER

    def _advance(self, fragment: str) -> None:
        """Read on."""
        if not self.ok or not fragment:
            return
        if not self.opened:
            self.opened = fragment.lstrip(_SPACE)[:1]
        text = fragment
        if self._held:
            text, self._held = self._held + fragment, ""
        elif self._in_string and text.isprintable() and '"' not in text and "\\" not in text:
            # Most fragments by far; and cheaper than to look for where such characters are.
            self._on_text(text)
            return
        at, end = 0, len(text)
        while at < end:
            at = self._read_string(text, at) if self._in_string else self._read_tokens(text, at)

    # What a reader that builds the value overrides. What they make of it must not depend on how it is cut.

    def _on_whole_string(self, text: str, key: bool) -> None:
        """A string without escapes, at once; `key`: it is a member's name."""

    def _on_string(self, text: str, key: bool) -> None:
        """Another string begins, with these characters."""

    def _on_text(self, text: str) -> None:
        """Further characters of the open string, as they are."""

    def _on_escape(self, escape: str) -> None:
        """An escape in the open string, whole."""

    def _on_string_end(self, text: str) -> None:
        """The open string ends with these characters."""

    def _on_open(self, bracket: str) -> None:
        """An object or an array begins."""

    def _on_close(self) -> None:
        """The innermost container ends."""

    def _on_whole_word(self, word: str) -> None:
        """A number or a literal, at once."""

    def _on_word(self, piece: str, whole: bool) -> None:
        """The next piece of another one, which may be empty; `whole`: it ends there."""

    # Tokens. Each of these returns where it has read to.

    def _read_tokens(self, text: str, at: int) -> int:
        """Up to the end of the text, or to within a string."""
        end, stack = len(text), self._stack
        while at < end:
            char, place = text[at], self._place
            if char == '"' and place in _AFTER_STRING:
                self._place = after = _AFTER_STRING[place]
                run = _characters(text, at + 1)
                at = run.end()
                if at == end or text[at] != '"':
                    self._in_string = True
                    self._on_string(run[0], after is _COLON)
                    return at
                self._on_whole_string(run[0], after is _COLON)
                at += 1
                continue
            if char == ":" and place is _COLON:
                self._place = _VALUE
            elif char == "," and place is _AFTER and stack:
                self._place = _NEXT_IN[stack[-1]]
            elif char == " ":
                pass
            elif char in _SPACE:
                at = _skip_space(text, at).end()
                continue
            elif char in _END_OF and place in _VALUE_PLACES:
                if len(stack) >= MAX_DEPTH:
                    self.too_deep = True
                    return self._refuse()
                self._open(char)
            elif stack and char == stack[-1] and (place is _AFTER or place is _EMPTY_IN[char]):
                stack.pop()
                self._place = _AFTER
                self._on_close()
            elif place in _VALUE_PLACES:
                at = self._read_word(text, at)
                continue
            else:
                return self._refuse()
            at += 1
        return at

    def _read_string(self, text: str, at: int) -> int:
        """Up to the end of the text or of the string, or behind an escape."""
        run = _characters(text, at)
        characters, at = run[0], run.end()
        if at < len(text) and text[at] == '"':
            self._in_string = False
            self._on_string_end(characters)
            return at + 1
        if characters:
            self._on_text(characters)
        return self._read_escape(text, at) if at < len(text) else at

    def _read_escape(self, text: str, at: int) -> int:
        if escape := _escape(text, at):
            self._on_escape(escape[0])
            return escape.end()
        if _part_of_escape(text, at):
            self._held = text[at:]
            return len(text)
        return self._refuse()

    def _read_word(self, text: str, at: int) -> int:
        """A number or a literal; one that ends with the text may go on."""
        match = _word(text, at)
        word, end = match[0], match.end()
        known, self._known = self._known, 0
        if end < len(text):
            if word not in _LITERALS and not _number(word):
                return self._refuse()
            self._place = _AFTER
            if known:
                self._on_word(word[known:], True)
            else:
                self._on_whole_word(word)
            return end
        if word not in _PARTS_OF_LITERALS and not _part_of_number(word):
            return self._refuse()
        self._on_word(word[known:], False)
        self._held = word if len(word) <= MAX_HELD else _first_of_each_run(r"\1", word)
        self._known = len(self._held)
        return end

    def _open(self, bracket: str) -> None:
        self._stack.append(_END_OF[bracket])
        self._place = _FIRST_IN[bracket]
        self._on_open(bracket)

    def _refuse(self) -> int:
        """What stands here begins no JSON text. Returns a place behind any text: there is no reading on."""
        self.ok = False
        return sys.maxsize


class PrefixScanner(JsonReader):
    """Tells whether what was fed is still the beginning of a JSON text, and whether it is a whole one."""

    __slots__ = ()

    def feed(self, fragment: str) -> bool:
        """Read on; returns `ok`."""
        self._advance(fragment)
        return self.ok

    def fork(self) -> PrefixScanner:
        """An independent copy."""
        copy = PrefixScanner()
        copy.ok = self.ok
        copy.opened = self.opened
        copy.too_deep = self.too_deep
        copy._place = self._place
        copy._stack = self._stack.copy()
        copy._in_string = self._in_string
        copy._held = self._held
        copy._known = self._known
        return copy


def is_prefix(text: str) -> bool:
    """`text` begins some valid JSON text, or is one."""
    return PrefixScanner().feed(text)


def is_complete(text: str) -> bool:
    """`text` is one whole JSON value."""
    scanner = PrefixScanner()
    scanner.feed(text)
    return scanner.complete
