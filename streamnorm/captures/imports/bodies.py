"""Bodies without a cassette: a raw SSE body (`curl -N`, a saved stream), and what `curl -i` prints. They are streamed, so that
their size does not matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from streamnorm.captures.imports.exchange import Exchange
from streamnorm.captures.imports.source import BEGINNING, Source
from streamnorm.captures.imports.values import status_of

__all__ = ["STATUS_LINE", "read_curl", "read_raw"]

STATUS_LINE: Final = re.compile(rb"\AHTTP/\d(?:\.\d)? (\d{3})\b[^\r\n]*\r?\n")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")

_NOTHING: Final = "it is empty: a body of no bytes"
_RUN_TOGETHER: Final = (
    "no blank line between the frames, kept as it is: where pasting lost them, use --from text"
)


def read_raw(source: Source) -> Iterator[Exchange]:
    """The body, byte for byte."""
    yield Exchange(pieces=source.blocks(), notes=_odd(source.beginning))


def _odd(beginning: bytes) -> tuple[str, ...]:
    if not beginning:
        return (_NOTHING,)
    lines = beginning.strip().splitlines()
    if lines.count(b"") == 0 and sum(line.startswith(b"data:") for line in lines) > 1:
        return (_RUN_TOGETHER,)
    return ()


def read_curl(source: Source) -> Iterator[Exchange]:
    """The last head of those that are printed (informational answers, redirects and a proxy's come before it), then the body."""
    blocks = source.blocks()
    held = b"".join(_first(blocks))
    status_line, head = b"", b""
    while (line := STATUS_LINE.match(held)) is not None:
        ended = _HEAD_END.search(held, line.end() - 2)
        if ended is None:
            if len(held) >= BEGINNING:
                raise source.refused(f"no end of the headers in the first {len(held):,} bytes")
            head, held, status_line = held[line.end() :], b"", line[0]
            break
        head, held, status_line = held[line.end() : ended.start()], held[ended.end() :], line[0]
    yield Exchange(
        status=status_of(status_line.decode("ascii", "replace")),
        headers=list(_headers(head)),
        pieces=chain((held,), blocks),
    )


def _first(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """As many blocks as the heads may take."""
    size = 0
    for block in blocks:
        yield block
        size += len(block)
        if size >= BEGINNING:
            return


def _headers(head: bytes) -> Iterator[tuple[str, str]]:
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip()
