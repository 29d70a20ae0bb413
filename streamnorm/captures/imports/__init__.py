"""Files of other tools as captures: cassettes, HARs, saved bodies, lists of chunks, pasted text. The format is told by what is in
the file."""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streamnorm.captures.format import Capture, CaptureWriter, End, Piece
from streamnorm.captures.imports.arriving import Imported, arrived
from streamnorm.captures.imports.exchange import Exchange
from streamnorm.captures.imports.sniff import FORMATS, STREAMED, known_formats, sniffed
from streamnorm.captures.imports.source import MAX_WHOLE, Source
from streamnorm.captures.imports.values import UnreadableError
from streamnorm.errors import CaptureError

__all__ = ["FORMATS", "Imported", "import_file", "known_formats", "write_capture"]

#: Bytes of body that may come out of a file that is read whole. An alias in YAML can name one body any number of times.
MAX_BODIES: Final = 4 * MAX_WHOLE
#: Exchanges of one file.
MAX_EXCHANGES: Final = 100_000


def import_file(
    path: str | Path, *, format: str = "", name: str = "", mask: Iterable[str] = ()
) -> Iterator[Imported]:
    """The exchanges in a file, in its order; a capture's one is the capture itself. Each has to be written, or its `items` gone
    through, before the next is asked for.

    format: one of FORMATS, for a file that does not say what it is. name: stands for the path in messages and in the captures.
    mask: names of JSON members whose values are masked too, as in a recording.

    Raises CaptureError, naming file, line where it is known, and what was seen: for no format that is known, what is damaged,
    YAML that asks for objects, what is larger than its cap, and PyYAML missing. Raises OSError."""
    path, mask = Path(path), tuple(mask)
    source = Source(path, name or str(path))
    found = format or sniffed(source)
    if found not in FORMATS:
        raise CaptureError(f"no format {found!r}: it is one of {', '.join(FORMATS)}")
    read = FORMATS[found].read
    if read is None:
        capture = Capture(path)
        yield Imported(found, capture.header, capture.items(), original=path)
        return
    within = _Within(source, streamed=found in STREAMED)
    for exchange in within.all_of(read(source)):
        with within.named(CaptureError):
            one = arrived(exchange, found, Path(source.name).name, mask)
        yield dataclasses.replace(one, items=within.counted(one.items))


def write_capture(imported: Imported, path: str | Path) -> int:
    """Writes it as a capture at `path`, over what is there, and gives the number of secrets that were masked. A capture is copied
    as it is. The file is whole or not there. Raises CaptureError and OSError."""
    path = Path(path)
    begun = path.with_name(f".{os.getpid()}-{path.name}")
    masked = 0
    try:
        if imported.original is not None:
            shutil.copyfile(imported.original, begun)
        else:
            with CaptureWriter(begun, imported.header) as writer:
                for item in imported.items:
                    if isinstance(item, Piece):
                        writer.piece(item.seconds, item.data)
                    else:
                        masked = item.masked
                        writer.end(
                            item.how,
                            seconds=item.seconds or 0.0,
                            error=item.error,
                            kind=item.kind,
                            masked=masked,
                        )
        os.replace(begun, path)
    finally:
        begun.unlink(missing_ok=True)
    return masked


class _Within:
    """The exchanges of one file, as many and as large as they may be, and its name in what is wrong with them."""

    def __init__(self, source: Source, *, streamed: bool) -> None:
        self._source = source
        self._left = math.inf if streamed else MAX_BODIES
        self._at = 0

    def all_of(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        waiting = iter(exchanges)
        for self._at in range(1, MAX_EXCHANGES + 1):
            with self.named(UnreadableError):
                exchange = next(waiting, None)
            if exchange is None:
                return
            yield exchange
        raise self._source.refused(f"it has more than {MAX_EXCHANGES:,} exchanges")

    def counted(self, items: Iterable[Piece | End]) -> Iterator[Piece | End]:
        with self.named(CaptureError):
            for item in items:
                self._left -= len(item.data) if isinstance(item, Piece) else 0
                if self._left < 0:
                    raise CaptureError(f"the bodies come to more than {MAX_BODIES:,} bytes")
                yield item

    @contextmanager
    def named(self, kind: type[CaptureError]) -> Iterator[None]:
        """Puts the file and the exchange before what an error of this kind says."""
        try:
            yield
        except kind as error:
            raise self._source.refused(f"exchange {self._at}: {error}") from None
