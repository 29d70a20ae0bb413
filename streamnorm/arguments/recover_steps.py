"""The words of a recovery: what may be put right, what is only remarked, and why a text is refused."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["CHANGES", "REMARKS", "Refusal", "Step", "Steps", "closed_too_soon"]

#: What may be done to a text, by code. Each has one reading only; whatever has two is refused.
CHANGES: Final = {
    "byte-order-mark": "a byte order mark was dropped",
    "comment": "a comment was dropped",
    "double-comma": "a second comma between two members was dropped",
    "double-encoded": "the object was itself written as a JSON string, and was decoded",
    "doubled-braces": "doubled braces, as templates write them, were read as single ones",
    "empty-prefix-dropped": "an empty object before the real one, a placeholder, was dropped",
    "extra-bracket": "a bracket that closes nothing was dropped",
    "fence": "a code fence was dropped",
    "fullwidth-punctuation": "a full-width comma or colon was read as the plain one",
    "missing-comma": "two members with no comma between them were read as two members",
    "no-arguments": "nothing was sent, for a tool that needs nothing",
    "nul-dropped": "a NUL character at the end was dropped",
    "odd-space": "a space that JSON does not know was read as a space",
    "python-literal": "None, True or False was read as null, true or false",
    "raw-control": "a control character (a line end, a tab) stood unescaped in a string, and was kept",
    "re-escaped": "a backslash that escapes nothing in JSON was kept as a backslash (before an apostrophe: dropped)",
    "single-quotes": "a string in single quotes was read as a string",
    "smart-quotes": "a string in typographic quotes was read as a string",
    "split": "several objects in one text were read as several calls",
    "surrogate-replaced": "half of a surrogate pair, which is no character, was replaced by U+FFFD",
    "text-dropped": "prose around the object was dropped",
    "token-dropped": "a control token or a tag around the object was dropped",
    "trailing-comma": "a comma before a closing bracket was dropped",
    "trailing-dot": "a number that ends in a dot was read as that number",
    "tuple": "a Python tuple was read as an array",
    "unquoted-key": "a key without quotes was read as a key",
}

#: What is worth knowing of a value that is taken as it stands, by code.
REMARKS: Final = {
    "beyond-2^53": "an integer beyond 2^53: readers that hold numbers as floats round it",
    "control-chars": "a string holds control characters: neutralise them before they are printed",
    "duplicate-keys": "a key comes twice with the same value",
    "maybe-wrapped": "the object is a name and its arguments: perhaps the call itself, not its arguments",
    "not-an-object": "the text is JSON, but not an object: it cannot be a tool's arguments",
    "replacement-char": "a string holds U+FFFD: a character was lost before it came here",
    "string-holds-json": "a string holds a JSON array or object: decode it only where the schema asks for one",
    "suspicious-key": "a key that changes what objects are in JavaScript",
}


class Step(msgspec.Struct, frozen=True):
    """One thing done, remarked or refused: a code for programs, words for people."""

    code: str
    words: str


class Refusal(Exception):  # noqa: N818 - it is caught in `recover`, and never leaves it
    """Why the text is refused."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.step = Step(code, words)


def closed_too_soon(text: str, inside: str) -> Refusal:
    """`text` ends before what it opened is closed. Nothing is ever closed for it: what is missing is not known."""
    return Refusal(
        "truncated",
        f"the text ends at character {len(text)} inside {inside}: it was cut, and what is missing is not guessed at",
    )


class Steps:
    """Collects steps, one tally a code, so that damage on every line costs a counter and no list."""

    __slots__ = ("_counts", "_first")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, int | None] = {}

    def note(self, code: str, at: int | None = None) -> None:
        """Note `code`, seen at the offset `at` (None: in the value, wherever)."""
        self._counts[code] = self._counts.get(code, 0) + 1
        self._first.setdefault(code, at)

    def add(self, others: Steps) -> None:
        for code, count in others._counts.items():
            self._counts[code] = self._counts.get(code, 0) + count
            self._first.setdefault(code, others._first[code])

    @property
    def changed(self) -> bool:
        """Something was done to the text, and not only remarked."""
        return not self._counts.keys() <= REMARKS.keys()

    def list(self) -> list[Step]:
        """In the order in which they were first taken."""
        return [Step(code, self._words(code)) for code in self._counts]

    def _words(self, code: str) -> str:
        at, count = self._first[code], self._counts[code]
        where = "" if at is None else f", at character {at + 1}"
        times = f" ({count} times)" if count > 1 else ""
        return (CHANGES.get(code) or REMARKS[code]) + where + times
