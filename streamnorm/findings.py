"""Findings: what a repair or a check saw, where, and what was done. The collector keeps one tally a code, so a quirk on
every chunk of a long stream costs a counter and no list."""

from __future__ import annotations

import msgspec

__all__ = ["Finding", "Findings"]

#: How many chunk numbers a finding remembers; the count goes on.
MAX_CHUNKS = 16

#: How much of the offending bytes a finding keeps.
MAX_SEEN = 480


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of deviation in one stream.

    `chunk` is the 1-based number of the SSE frame where it was first seen (0: the stream as a whole), `chunks` the first
    few, `count` how often in all. `seen` is the start of the offending frame's data, as text.
    """

    code: str
    chunk: int
    count: int
    chunks: tuple[int, ...]
    detail: str
    seen: str

    @property
    def where(self) -> str:
        """The chunks it was seen in, in words, and how often where that is not once in each."""
        if not self.chunk:
            return "the stream as a whole"
        chunks = f"chunk{'s' if len(self.chunks) > 1 else ''} {', '.join(map(str, self.chunks))}"
        if self.count == len(self.chunks):
            return chunks
        # A full list says only where it began.
        onward = " and on" if len(self.chunks) == MAX_CHUNKS else ""
        return f"{chunks}{onward} ({self.count} times)"


class _Tally:
    __slots__ = ("chunks", "count", "detail", "seen")

    def __init__(self, chunk: int, detail: str, seen: bytes) -> None:
        self.count = 1
        self.chunks = [chunk]
        self.detail = detail
        self.seen = seen[:MAX_SEEN]


class Findings:
    """Collects findings for one stream. `chunk` and `data` are the frame being read; whoever reads frames sets them."""

    __slots__ = ("_tallies", "chunk", "data", "total")

    def __init__(self) -> None:
        self.chunk = 0
        self.data = b""
        #: Notes taken so far. A reader that finds it unchanged knows that nothing was.
        self.total = 0
        self._tallies: dict[str, _Tally] = {}

    def note(
        self, code: str, detail: str = "", *, seen: bytes | None = None, chunk: int | None = None
    ) -> None:
        """Note that `code` was seen. `detail` says in words what is particular to this place (the first one is kept)."""
        self.total += 1
        tally = self._tallies.get(code)
        if tally is None:
            number = self.chunk if chunk is None else chunk
            self._tallies[code] = _Tally(number, detail, self.data if seen is None else seen)
            return
        tally.count += 1
        chunks = tally.chunks
        if len(chunks) < MAX_CHUNKS:
            number = self.chunk if chunk is None else chunk
            if chunks[-1] != number:
                chunks.append(number)

    def __contains__(self, code: str) -> bool:
        return code in self._tallies

    def __len__(self) -> int:
        return len(self._tallies)

    def list(self) -> list[Finding]:
        """The findings in the order of the stream; how the bytes were cut does not change it."""
        found = [
            Finding(
                code=code,
                chunk=min(tally.chunks),
                count=tally.count,
                chunks=tuple(sorted(tally.chunks)),
                detail=tally.detail,
                seen=tally.seen.decode("utf-8", "replace"),
            )
            for code, tally in self._tallies.items()
        ]
        found.sort(key=lambda finding: (finding.chunk, finding.code))
        return found
