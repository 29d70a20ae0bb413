"""Reasoning in tags at the beginning of the text, told from the text while it streams. Knows text, not deltas; holds back no
more than may still become a tag."""

from __future__ import annotations

from typing import Final

__all__ = ["ThinkSplitter"]

OPEN: Final = "<think>"
CLOSE: Final = "</think>"


class ThinkSplitter:
    """Splits the text of one choice into reasoning and text.

    Reasoning is what is between the tags, at the beginning or right behind other such reasoning; whitespace before a tag is
    text. `unopened`: the text begins inside, as where the opening tag was part of the prompt. Once text that is no tag has
    come, all that follows is text: `done`.
    """

    def __init__(self, *, unopened: bool = False) -> None:
        self.done = False
        #: How many tags were taken; one that was never sent counts too.
        self.tags = 0
        self._inside = unopened
        #: Begins inside: an opening tag, should there be one after all, is not reasoning.
        self._doubtful = unopened
        self._held = ""

    def feed(self, text: str) -> list[tuple[bool, str]]:
        """What of `text`, and of what was held, is decided: whether it is reasoning, and the words."""
        told: list[tuple[bool, str]] = []
        text, self._held = self._held + text, ""
        while text and not self.done:
            text = self._read_inside(text, told) if self._inside else self._read_before(text, told)
        if text:
            told.append((False, text))
        return told

    def close(self) -> list[tuple[bool, str]]:
        """Nothing more will come: what was held is what it was."""
        held, self._held = self._held, ""
        self.tags += bool(held and self._doubtful)
        return [(self._inside, held)] if held else []

    def _read_before(self, text: str, told: list[tuple[bool, str]]) -> str:
        words = text.lstrip()
        if words.startswith(OPEN):
            blank = text[: -len(words)]
            if blank:
                told.append((False, blank))
            self._inside = True
            self.tags += 1
            return words[len(OPEN) :]
        if OPEN.startswith(words):
            self._held = text
            return ""
        self.done = True
        return text

    def _read_inside(self, text: str, told: list[tuple[bool, str]]) -> str:
        if self._doubtful:
            words = text.lstrip()
            if OPEN.startswith(words):
                if words != OPEN:
                    self._held = text
                    return ""
                text = ""
            else:
                text = words.removeprefix(OPEN) if words.startswith(OPEN) else text
            self._doubtful = False
            self.tags += 1
        reasoning, tag, rest = text.partition(CLOSE)
        if tag:
            self._inside = False
            self.tags += 1
        else:
            kept = _beginning_of(CLOSE, reasoning)
            self._held = reasoning[len(reasoning) - kept :]
            reasoning = reasoning[: len(reasoning) - kept]
        if reasoning:
            told.append((True, reasoning))
        return rest


def _beginning_of(tag: str, text: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    for size in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:size]):
            return size
    return 0
