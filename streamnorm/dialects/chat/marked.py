"""What the markup in one choice's text says, where somebody asked for it to be read: reasoning in tags, calls written as text.
Text in, parts out; knows nothing of deltas."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final

from streamnorm.dialects.chat.thinking import ThinkSplitter
from streamnorm.leaks import FORMATS, Dropped, LeakReader, Part, Text
from streamnorm.repairs.leaks import ThinkTags, ThinkTagUnopened

__all__ = ["MarkedText"]

#: The first of them that is on: one that begins inside knows the opening tag too.
_THINKERS: Final = (ThinkTagUnopened, ThinkTags)


class MarkedText:
    """Reads the text of one choice. `codes`: the repairs that are on; `tools` as `LeakReader` takes them.

    Reasoning tags come before calls: what is between them is reasoning, and only a format whose calls are seen there is looked
    for in it. `done`: nothing is left that could be found.
    """

    def __init__(
        self, codes: Container[str], tools: Mapping[str, dict[str, Any] | None] | None
    ) -> None:
        self._thinker = next((repair.code for repair in _THINKERS if repair.code in codes), "")
        self._thinking = (
            ThinkSplitter(unopened=self._thinker == ThinkTagUnopened.code)
            if self._thinker
            else None
        )
        formats = [code for code in FORMATS if code in codes]
        self._calls = LeakReader(formats, tools) if formats else None
        thought = [code for code in formats if FORMATS[code].in_reasoning]
        self._thoughts = LeakReader(thought, tools, in_reasoning=True) if thought else None

    @property
    def done(self) -> bool:
        return not (self._thinking or self._calls or self._thoughts)

    def content(self, text: str) -> list[Part]:
        """What of `text`, the next of the content, and of what was held, is decided."""
        if self._thinking is None:
            return self._words(text)
        tags = self._thinking.tags
        parts = self._split(self._thinking.feed(text), tags)
        if self._thinking.done:
            self._thinking = None
        return parts

    def reasoning(self, text: str) -> list[Part]:
        """As `content`, for text that came as reasoning."""
        return self._thoughts.feed(text) if self._thoughts is not None else [Text(text, True)]

    def flush(self, *, calls: bool = True) -> list[Part]:
        """Something else follows, or nothing: what was held is what it was. `calls`: there may still be some in later text."""
        parts: list[Part] = []
        if self._thinking is not None:
            tags = self._thinking.tags
            parts += self._split(self._thinking.close(), tags)
        for reader in (self._thoughts, self._calls):
            if reader is not None:
                parts += reader.close()
        if not calls:
            self._calls = self._thoughts = None
        return parts

    def _split(self, told: list[tuple[bool, str]], tags: int) -> list[Part]:
        """The parts of what was split into reasoning and words; `tags`: how many tags had been taken before."""
        taken = self._thinking.tags - tags if self._thinking is not None else 0
        parts: list[Part] = [Dropped(self._thinker)] * taken
        for reasoning, words in told:
            parts += self.reasoning(words) if reasoning else self._words(words)
        return parts

    def _words(self, text: str) -> list[Part]:
        return self._calls.feed(text) if self._calls is not None else [Text(text)]
