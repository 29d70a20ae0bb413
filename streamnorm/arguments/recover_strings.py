"""Reads one quoted string, JSON's or nearly so: other quotes, raw control characters, backslashes that escape nothing."""

from __future__ import annotations

import re
from typing import Final

from streamnorm.arguments.recover_steps import Refusal, Steps, closed_too_soon

__all__ = ["QUOTES", "read_string"]

#: What closes a string, by what opens it.
QUOTES: Final = {'"': '"', "'": "'", "“": "”"}
_NOTES: Final = {"'": "single-quotes", "“": "smart-quotes"}

#: What a string is made of without a second thought. Typographic quotes may hold no other quote that could be their end.
_plain = {
    '"': re.compile(r'[^"\\\x00-\x1f]*'),
    "'": re.compile(r"[^'\\\x00-\x1f]*"),
    "“": re.compile(r'[^“”"\\\x00-\x1f]*'),
}

_ESCAPES: Final = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip
_units = re.compile(r"\\u([0-9A-Fa-f]{4})").match
_part_of_unit = re.compile(r"\\u?[0-9A-Fa-f]{0,3}").fullmatch

#: Letters that escape nothing in JSON, Python or JavaScript: the backslash before them can only be a backslash, as in a
#: regular expression or a path. Others (\x41, \a, \v, \0, \N{...}) mean something elsewhere: two readings. So does
#: punctuation: `\.` is a regular expression's, `\_` is Markdown's.
_KEPT: Final = frozenset("cdeghijklmopqswyzABCDEFGHIJKLMOPQRSTUVWXYZ")
_long_unit = re.compile(r"\\U[0-9A-Fa-f]{8}").match


def read_string(text: str, at: int, steps: Steps) -> tuple[str, int]:
    """The string whose opening quote is at `at`, and the offset after its end.

    Raises Refusal where it does not end, or where an escape has two readings. Halves of surrogate pairs stay as they are.
    """
    quote = text[at]
    if quote in _NOTES:
        steps.note(_NOTES[quote], at)
    plain, closing, opened = _plain[quote].match, QUOTES[quote], at
    pieces: list[str] = []
    kept = escaped = False
    at += 1
    while True:
        match = plain(text, at)
        if match is not None and match.end() > at:
            pieces.append(match.group())
            at = match.end()
        if at == len(text):
            raise closed_too_soon(text, f"the string that begins at character {opened + 1}")
        char = text[at]
        if char == closing:
            break
        if char < " ":
            steps.note("raw-control", at)
            pieces.append(char)
            at += 1
        elif char == "\\":
            piece, end, keeps = _escape(text, at, quote, steps)
            kept = kept or keeps
            # An escaped quote is an escape under every reading: else the string would have ended.
            escaped = escaped or not (keeps or piece == closing)
            pieces.append(piece)
            at = end
        else:
            raise Refusal(
                "two-readings",
                f"character {at + 1}: a {char} inside typographic quotes may end the string or belong to it",
            )
    if kept and escaped:
        raise Refusal(
            "two-readings",
            f"the string that begins at character {opened + 1} holds backslashes that escape nothing, and others that do: "
            "whether those were meant as escapes (C:\\new) cannot be told",
        )
    return "".join(pieces), at + 1


def _escape(text: str, at: int, quote: str, steps: Steps) -> tuple[str, int, bool]:
    """What the backslash at `at` and what follows it stand for, where that ends, and whether the backslash was kept."""
    char = text[at + 1 : at + 2]
    if char in _ESCAPES:
        return _ESCAPES[char], at + 2, False
    if char == "u":
        return *_unicode_escape(text, at), False
    if char == "":
        raise closed_too_soon(text, "an escape")
    if char == "'":
        if quote != "'":
            steps.note("re-escaped", at)
        return "'", at + 2, False
    if char in _KEPT and not _long_unit(text, at):
        steps.note("re-escaped", at)
        return text[at : at + 2], at + 2, True
    raise Refusal(
        "two-readings",
        f"character {at + 1}: {text[at : at + 2]!r} is no escape of JSON's: as an escape and as a backslash it reads differently",
    )


def _unicode_escape(text: str, at: int) -> tuple[str, int]:
    r"""A `\uXXXX`, or two of them where they are the halves of one character."""
    first = _units(text, at)
    if first is None:
        if _part_of_unit(text, at):
            raise closed_too_soon(text, "an escape")
        raise Refusal("two-readings", f"character {at + 1}: \\u without its four hex digits")
    unit, end = int(first[1], 16), first.end()
    second = _units(text, end) if 0xD800 <= unit < 0xDC00 else None
    if second is not None and 0xDC00 <= (low := int(second[1], 16)) < 0xE000:
        return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), second.end()
    return chr(unit), end
