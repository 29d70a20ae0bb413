"""Finds markers in text that comes in pieces, and says how much of its end may still become one."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

__all__ = ["Markers", "markers_of"]


class Markers:
    """A set of literals. None may stand inside another but at its end: else where the text is cut would decide which is found."""

    __slots__ = ("_beginnings", "_firsts", "_longest", "_search")

    def __init__(self, literals: Collection[str]) -> None:
        ordered = sorted(literals, key=len, reverse=True)
        #: Without a literal, what matches nowhere.
        self._search = re.compile("|".join(map(re.escape, ordered)) or r"(?!)").search
        self._beginnings = {text[:size] for text in ordered for size in range(1, len(text))}
        self._firsts = {text[0] for text in ordered}
        self._longest = max(map(len, ordered), default=1)

    def find(self, text: str, at: int) -> re.Match[str] | None:
        """The first marker."""
        return self._search(text, at)

    def settled(self, text: str, at: int) -> int:
        """Up to where `text`, which has no marker from `at` on, can no longer become one."""
        for start in range(max(at, len(text) - self._longest + 1), len(text)):
            if text[start] in self._firsts and text[start:] in self._beginnings:
                return start
        return len(text)


@lru_cache(maxsize=64)
def markers_of(literals: frozenset[str]) -> Markers:
    """The same set again, where readers look for the same."""
    return Markers(literals)
