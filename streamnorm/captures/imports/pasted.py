"""Text pasted from an issue, a chat or a log: the lines of a stream, indented, quoted, in a fence, as Python writes bytes, with
prose around them, with or without the blank lines between frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from streamnorm.captures.imports.exchange import Exchange
from streamnorm.captures.imports.source import Source

__all__ = ["holds_reads", "read_pasted", "seems_pasted"]

#: Not those that are line ends for Python only: JSON has them in text.
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
#: A line of an event stream behind the marks of a quotation.
_FIELD: Final = re.compile(
    r"[ \t>|<]*(?P<line>(?:data|event|id|retry): ?\S.*|:(?: .*)?|data:)$", re.DOTALL
)
#: Where a data line begins behind what a log puts before it.
_LOGGED: Final = re.compile(r"[\s:=\]](?=data: ?[{\[])")
_WHOLE: Final = re.compile(r"data: ?(?:\{.*\}|\[DONE\])\Z", re.DOTALL)
#: What Python writes for bytes.
_REPR: Final = re.compile(r"""\bb(?P<quote>['"])(?:\\.|(?!(?P=quote))[^\\])*(?P=quote)""")

_ESCAPE: Final = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0"}

_SEEMS: Final = re.compile(r"(?:^|[\s>|<:=\]])data: ?[{\[]", re.MULTILINE)
_SEEMS_READ: Final = re.compile(r"""\bb['"](?:.{0,200}?\\n)?(?:data|event|id|retry)?: """)

_FRAMING: Final = "framing is rebuilt from pasted text"
_BLANKS: Final = "the blank lines between frames were lost: one was put after each data line"


def seems_pasted(text: str) -> bool:
    """Somewhere in it is a line of an event stream with JSON in it."""
    return _SEEMS.search(text) is not None or holds_reads(text)


def holds_reads(text: str) -> bool:
    """Somewhere in it is such a line as Python writes bytes."""
    return _SEEMS_READ.search(text) is not None


def read_pasted(source: Source) -> Iterator[Exchange]:
    """The lines of the stream, as frames. Raises CaptureError where there are none."""
    lines = _LINE_END.split(source.text)
    read = _from_reprs(lines) or _from_lines(lines)
    if read is None:
        raise source.refused("no line in it is of an event stream (data: {...})")
    body, notes = read
    yield Exchange(pieces=[body], notes=(_FRAMING, *notes))


def _from_reprs(lines: list[str]) -> tuple[bytes, tuple[str, ...]] | None:
    """The bytes that Python wrote as `b'data: ...'`. Reads that kept their line ends are joined; lines that lost theirs get
    them back."""
    reads = [[_unescaped(each[0]) for each in _REPR.finditer(line)] for line in lines]
    found = [read for here in reads for read in here]
    if not any(b"data:" in each for each in found):
        return None
    around = _left_out(
        sum(bool(line.strip()) and not here for line, here in zip(lines, reads, strict=True))
    )
    if any(b"\n" in each for each in found):
        return b"".join(found), around
    body, notes = _framed([each.decode("utf-8", "replace") or None for each in found])
    return body, (*notes, *around)


def _unescaped(literal: str) -> bytes:
    """The bytes that Python wrote as `b'...'`."""
    return _ESCAPE.sub(_escaped, literal[2:-1].encode("utf-8", "replace"))


def _escaped(escape: re.Match[bytes]) -> bytes:
    meant = escape[1]
    return bytes.fromhex(meant[1:].decode()) if len(meant) > 1 else _ESCAPES.get(meant, meant)


def _from_lines(lines: list[str]) -> tuple[bytes, tuple[str, ...]] | None:
    kept = [_field_in(line) for line in lines]
    if not any(line and line.startswith("data:") for line in kept):
        return None
    around = sum(
        found is None and bool(line.strip(" \t>|<"))
        for found, line in zip(kept, lines, strict=True)
    )
    body, notes = _framed(kept)
    return body, (*notes, *_left_out(around))


def _field_in(line: str) -> str | None:
    """The line of an event stream that a line of text holds."""
    if found := _FIELD.match(line):
        return found["line"].rstrip()
    if found := _LOGGED.search(line):
        logged = line[found.end() :].rstrip()
        return logged if _WHOLE.match(logged) else None
    return None


def _framed(lines: list[str | None]) -> tuple[bytes, tuple[str, ...]]:
    """Runs of lines as frames; None, which is a blank line or prose, ends one. Two data lines of one run, each with all of a
    frame's data, show that the blank lines were lost."""
    out: list[str] = []
    lost = False
    for run in _runs(lines):
        several = sum(map(_is_whole, run)) > 1
        lost |= several
        for line in run:
            out += (line, "\n\n" if several and _is_whole(line) else "\n")
        if not out[-1].endswith("\n\n"):
            out.append("\n")
    return "".join(out).encode("utf-8", "replace"), (_BLANKS,) if lost else ()


def _runs(lines: list[str | None]) -> Iterator[list[str]]:
    """Lines without a blank one between them: with data, or nothing but comments. A lone `id: 5` is prose."""
    run: list[str] = []
    for line in [*lines, None]:
        if line is not None:
            run.append(line)
            continue
        if any(each.startswith("data:") for each in run) or all(each[0] == ":" for each in run):
            yield from [run] if run else []
        run = []


def _is_whole(line: str) -> bool:
    """A data line with all of a frame's data."""
    return _WHOLE.match(line) is not None


def _left_out(around: int) -> tuple[str, ...]:
    return (f"{around} line{'s' * (around > 1)} of other text left out",) if around else ()
