"""A file to import: its beginning, its bytes block by block, or all of it as text, JSON or YAML. What the file means is others'
matter; that no file is read past its cap is decided here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec

from streamnorm.captures.encoding import Decoding, EncodingError
from streamnorm.captures.imports.yaml_values import yaml_documents
from streamnorm.errors import CaptureError

__all__ = ["BEGINNING", "MAX_WHOLE", "Source"]

#: The largest file, in bytes (of its content, where it is gzipped), that is read as a whole.
MAX_WHOLE: Final = 256 * 1024 * 1024
#: Bytes that say which format it is.
BEGINNING: Final = 64 * 1024
#: Bytes of one read.
BLOCK: Final = 1024 * 1024

_GZIP_MAGIC: Final = b"\x1f\x8b"
_BYTE: Final = re.compile(r" \(byte (\d+)\)$")


class Source:
    """One file. A gzipped one is read as what is in it."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name

    @cached_property
    def beginning(self) -> bytes:
        """The first bytes, of a file that is cut too. Raises CaptureError for damaged gzip data, and OSError."""
        found = b""
        for block in self.blocks(whole=False):
            found += block
            if len(found) >= BEGINNING:
                break
        return found[:BEGINNING]

    def blocks(self, *, whole: bool = True) -> Iterator[bytes]:
        """All of it, block by block. Raises CaptureError for gzip data that are damaged, or cut if they have to be `whole`,
        and OSError."""
        with open(self.path, "rb") as file:
            block = file.read(BLOCK)
            if block.startswith(_GZIP_MAGIC):
                file.seek(0)
                yield from self._inflated(iter(lambda: file.read(BLOCK), b""), whole=whole)
                return
            while block:
                yield block
                block = file.read(BLOCK)

    @cached_property
    def whole(self) -> bytes:
        """All of it at once, without a byte order mark. Raises CaptureError for what is larger than MAX_WHOLE."""
        blocks, size = [], 0
        for block in self.blocks():
            size += len(block)
            if size > MAX_WHOLE:
                raise self.refused(
                    f"it is larger than {MAX_WHOLE:,} bytes, and only a raw SSE body may be: cut it into parts"
                )
            blocks.append(block)
        return b"".join(blocks).removeprefix(b"\xef\xbb\xbf")

    @property
    def text(self) -> str:
        """All of it as text. Bytes that are not UTF-8 become U+FFFD."""
        return self.whole.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The one JSON value that it is. Raises CaptureError, with the line."""
        try:
            return msgspec.json.decode(self.whole)
        except RecursionError:
            raise self.refused("its JSON is nested too deep") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.refused(f"not JSON: {error}", line=self._line_of(str(error))) from None

    @cached_property
    def yaml(self) -> list[Any]:
        """The documents of its YAML, as plain values. Raises CaptureError, with the line."""
        return list(yaml_documents(self.whole, self.name))

    def refused(self, reason: str, *, line: int | None = None) -> CaptureError:
        """The error that names this file, the line where it is known, and the reason."""
        return CaptureError(f"{self.name}{f', line {line}' if line else ''}: {reason}")

    def _line_of(self, message: str) -> int:
        """Where msgspec says that it stopped; data that are cut stop at their end."""
        found = _BYTE.search(message)
        return self.whole.count(b"\n", 0, int(found[1]) if found else -1) + 1

    def _inflated(self, blocks: Iterator[bytes], *, whole: bool) -> Iterator[bytes]:
        decoding = Decoding(("gzip",))
        for data in blocks:
            try:
                yield from decoding.feed(data)
            except EncodingError as error:
                raise self.refused(str(error)) from None
        if whole and (missing := decoding.missing()):
            raise self.refused(missing)
