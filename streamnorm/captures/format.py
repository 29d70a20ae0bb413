"""Capture files, `*.cap.jsonl` or `*.cap.jsonl.gz`: one HTTP exchange as lines of JSON. A header, a line for each piece of the
body, a line that says how it ended. docs/capture-format.md has the format; what may enter a capture is `secrets`' matter."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Literal, Self

import msgspec

from streamnorm.errors import CaptureError

__all__ = [
    "SUFFIXES",
    "VERSION",
    "Capture",
    "CaptureWriter",
    "End",
    "Header",
    "How",
    "Piece",
    "Request",
    "Response",
    "is_capture_name",
]

#: The version written, and the only one read.
VERSION: Final = 1

SUFFIXES: Final = (".cap.jsonl", ".cap.jsonl.gz")

#: The longest line read, in bytes. A piece is what one read of a socket gave, a request may hold pictures.
MAX_LINE: Final = 64 * 1024 * 1024

#: Bytes read from the file at once.
READ: Final = 64 * 1024

_GZIP: Final = zlib.MAX_WBITS | 16

#: How a body came to its end. `end`: as its HTTP framing said. `cut`: the connection ended first. `error`: the transport failed
#: otherwise, a timeout for one. `left`: the reader went away; what would have come is not known. `unfinished`: nothing says
#: (the recorder was killed). `damaged`: what follows in the file cannot be read. The last two are never written.
How = Literal["end", "cut", "error", "left", "unfinished", "damaged"]
_WRITTEN: Final = ("end", "cut", "error", "left")


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked. `path` begins with `/` and has the query; `origin` is scheme, host and port. The body is one of `json`
    (any JSON value), `text` or `b64`, or none of them; `omitted` is why it was left out."""

    method: str = "POST"
    path: str = "/"
    origin: str = ""
    headers: dict[str, str] = {}
    json: Any = msgspec.UNSET
    text: str | None = None
    b64: str | None = None
    omitted: str = ""


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was answered before the body. `seconds`: when, after the start. `decoded`: the content encoding that was taken off the
    body."""

    status: int
    headers: dict[str, str] = {}
    seconds: float = 0.0
    decoded: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line. `started`: RFC 3339, UTC; the zero of all seconds. `lost`: what an import could not know (`times`,
    `pieces`, `headers`, `request`). `response` is None where none came."""

    request: Request = Request()
    response: Response | None = None
    started: str = ""
    tool: str = ""
    dialect: str = ""
    source: str = ""
    lost: tuple[str, ...] = ()


class Piece(msgspec.Struct, frozen=True, gc=False):
    """One piece of the body, as one read gave it; `seconds` after the start."""

    seconds: float
    data: bytes


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a body ended. `seconds` is None where nothing says; `error` has the transport's words, or what is wrong with the
    file; `kind` the name of the transport's exception; `masked` counts the secrets that were written over."""

    how: How
    seconds: float | None = None
    error: str = ""
    kind: str = ""
    masked: int = 0

    @property
    def whole(self) -> bool:
        """All that the server had to say is in the capture."""
        return self.how == "end"


class _EndLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    end: str
    seconds: float
    sha256: str
    bytes: int
    error: str = ""
    kind: str = ""
    masked: int = 0


class _Base64(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    b64: str


#: What msgspec raises for what is no JSON, or none of ours: not all of it is its own.
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_read_version = msgspec.json.Decoder(dict[str, Any]).decode
_read_header = msgspec.json.Decoder(Header).decode
_read_piece = msgspec.json.Decoder(tuple[float, str | _Base64]).decode
_read_end = msgspec.json.Decoder(_EndLine).decode
_write = msgspec.json.Encoder().encode


def is_capture_name(path: str | Path) -> bool:
    """The name ends as a capture's does."""
    return str(path).endswith(SUFFIXES)


class CaptureWriter:
    """Writes one capture, line by line; each line is in the file when the call returns, so that a program killed at any moment
    leaves all whole lines. A context manager; one that is left without `end` writes none."""

    def __init__(self, path: str | Path, header: Header) -> None:
        """Raises CaptureError for a name that is no capture's, and OSError."""
        if not is_capture_name(path):
            raise CaptureError(f"{path}: a capture's name ends in {' or '.join(SUFFIXES)}")
        self.path = Path(path)
        self._sha256 = hashlib.sha256()
        self._bytes = 0
        self._ended = False
        self._file: IO[bytes] = open(path, "wb", buffering=0)  # noqa: SIM115  # it stays open
        self._gzip = zlib.compressobj(wbits=_GZIP) if self.path.suffix == ".gz" else None
        self._line(_write({"version": VERSION, **msgspec.to_builtins(header)}))

    def piece(self, seconds: float, data: bytes) -> None:
        """The next piece of the body, `seconds` after the start; an empty one is none."""
        if data:
            self._sha256.update(data)
            self._bytes += len(data)
            self._line(piece_line(seconds, data))

    def end(
        self,
        how: How = "end",
        *,
        seconds: float = 0.0,
        error: str = "",
        kind: str = "",
        masked: int = 0,
    ) -> None:
        """The last line; nothing can follow. A second call does nothing."""
        if self._ended:
            return
        if how not in _WRITTEN:
            raise CaptureError(f"a recording ends in one of {', '.join(_WRITTEN)}, not {how!r}")
        self._ended = True
        line = _EndLine(
            end=how,
            seconds=round(seconds, 6),
            sha256=self._sha256.hexdigest(),
            bytes=self._bytes,
            error=error,
            kind=kind,
            masked=masked,
        )
        self._line(_write(line))
        self.close()

    def close(self) -> None:
        """Close the file, as it is."""
        if self._file.closed:
            return
        try:
            if self._gzip is not None:
                self._put(self._gzip.flush())
        finally:
            self._file.close()

    def _line(self, line: bytes) -> None:
        if self._file.closed:
            raise CaptureError(f"{self.path}: the capture is closed")
        line += b"\n"
        if self._gzip is not None:
            line = self._gzip.compress(line) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        self._put(line)

    def _put(self, data: bytes) -> None:
        # An unbuffered file may take less than it is given (a full pipe, a signal).
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def piece_line(seconds: float, data: bytes) -> bytes:
    """A piece as its line, without the line end."""
    try:
        held: Any = data.decode("utf-8")
    except UnicodeDecodeError:
        held = _Base64(base64.b64encode(data).decode("ascii"))
    return _write((round(seconds, 6), held))


class Capture:
    """A capture file. It is read anew each time it is gone through, so that it costs no memory, whatever its size."""

    def __init__(self, path: str | Path) -> None:
        """Reads the header. Raises CaptureError, naming file, line and reason, and OSError."""
        self.path = Path(path)
        line = next(self._lines(), b"")
        self.header: Header = self._header(line)

    def __repr__(self) -> str:
        return f"Capture({str(self.path)!r})"

    def items(self) -> Iterator[Piece | End]:
        """The pieces of the body, then one `End`. Never raises CaptureError: what cannot be read ends it as `damaged`."""
        sha256, total, at, seconds = hashlib.sha256(), 0, 1, 0.0
        lines = self._lines()
        try:
            next(lines, b"")
            for at, line in enumerate(lines, start=2):
                if line.startswith(b"{"):
                    yield self._ended(line, at, sha256.hexdigest(), total, lines)
                    return
                piece = self._piece(line, at, seconds)
                sha256.update(piece.data)
                total += len(piece.data)
                seconds = piece.seconds
                yield piece
        except CaptureError as error:
            yield End(how="damaged", seconds=seconds, error=str(error))
            return
        yield End(
            how="unfinished",
            seconds=seconds,
            error=f"{self.path}: nothing after line {at} says how it ended",
        )

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the body, piece by piece, to the last whole one."""
        return (item.data for item in self.items() if isinstance(item, Piece))

    def body(self) -> bytes:
        """All of the body."""
        return b"".join(self.pieces())

    def end(self) -> End:
        """How it ended. Reads the whole file."""
        last = deque(self.items(), maxlen=1)[0]
        assert isinstance(last, End)
        return last

    def _header(self, line: bytes) -> Header:
        try:
            version = _read_version(line).get("version")
        except _UNREADABLE as error:
            raise self._damage(
                1, f"a capture begins with a JSON object, not {_shown(line)} ({error})"
            ) from None
        if version != VERSION:
            raise self._damage(
                1,
                f"this is version {version!r} of the format, and this streamnorm reads version {VERSION}: "
                f"{'upgrade streamnorm' if isinstance(version, int) and version > VERSION else 'record it again'}",
            )
        try:
            return _read_header(line)
        except _UNREADABLE as error:
            raise self._damage(1, str(error)) from None

    def _piece(self, line: bytes, at: int, earliest: float) -> Piece:
        try:
            seconds, held = _read_piece(line)
            data = (
                held.encode()
                if isinstance(held, str)
                else base64.b64decode(held.b64, validate=True)
            )
        except (*_UNREADABLE, binascii.Error, UnicodeEncodeError) as error:
            raise self._damage(
                at, f"neither a piece nor an end: {error}, in {_shown(line)}"
            ) from None
        if not earliest <= seconds < float("inf"):
            raise self._damage(at, f"the time {seconds} comes after {earliest}")
        return Piece(seconds, data)

    def _ended(self, line: bytes, at: int, sha256: str, total: int, rest: Iterator[bytes]) -> End:
        try:
            end = _read_end(line)
        except _UNREADABLE as error:
            raise self._damage(at, f"no end can be read from {_shown(line)}: {error}") from None
        if end.end not in _WRITTEN:
            raise self._damage(
                at, f"a capture ends in one of {', '.join(_WRITTEN)}, not {end.end!r}"
            )
        if (end.sha256, end.bytes) != (sha256, total):
            raise self._damage(
                at,
                f"the body is not what was recorded: {total:,} bytes with sha256 {sha256[:12]}..., where the end says "
                f"{end.bytes:,} bytes and {end.sha256[:12]}...",
            )
        if next(rest, None) is not None:
            raise self._damage(at + 1, "there is more after the end")
        how: Any = end.end
        return End(how=how, seconds=end.seconds, error=end.error, kind=end.kind, masked=end.masked)

    def _lines(self) -> Iterator[bytes]:
        """The whole lines of the file, without their ends. A last one without its end was cut, and is none."""
        with open(self.path, "rb") as file:
            read = self._gunzipped(file) if self.path.suffix == ".gz" else lambda: file.read(READ)
            held: list[bytes] = []
            size, at = 0, 1
            while block := read():
                *whole, rest = block.split(b"\n")
                for line in whole:
                    yield b"".join((*held, line)) if held else line
                    held, size, at = [], 0, at + 1
                held.append(rest)
                size += len(rest)
                if size > MAX_LINE:
                    raise self._damage(at, f"a line is longer than {MAX_LINE:,} bytes")

    def _gunzipped(self, file: IO[bytes]) -> Callable[[], bytes]:
        """Reads as `file.read` does, decompressed. A file that was cut ends where its data do, and of one that is damaged
        comes what is before the damage."""
        blocks = self._inflated(file)
        return lambda: next(blocks, b"")

    def _inflated(self, file: IO[bytes]) -> Iterator[bytes]:
        inflate = zlib.decompressobj(wbits=_GZIP)
        while not inflate.eof and (data := inflate.unconsumed_tail or file.read(READ)):
            before = inflate.copy()
            try:
                block = inflate.decompress(data, READ)
            except zlib.error as error:
                if block := _salvaged(before, data):
                    yield block
                raise self._damage(None, f"the gzip data is damaged: {error}") from None
            if block:
                yield block

    def _damage(self, line: int | None, reason: str) -> CaptureError:
        where = f"{self.path}, line {line}" if line is not None else str(self.path)
        return CaptureError(f"{where}: {reason}")


def _salvaged(inflate: Any, data: bytes) -> bytes:
    """What comes of damaged data before the damage."""
    found = []
    with contextlib.suppress(zlib.error):
        for at in range(len(data)):
            found.append(inflate.decompress(data[at : at + 1]))  # noqa: PERF401  # what came before the error is wanted
    return b"".join(found)


def _shown(line: bytes) -> str:
    """The beginning of a line, for a message."""
    text = ascii(line[:60].decode("utf-8", "replace"))
    return text + "..." if len(line) > 60 else text
