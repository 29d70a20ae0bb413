"""An exchange of any source as a capture: its body decoded, secrets masked as a recording masks them, the dialect said, and what
the source could not know named."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

import streamnorm
from streamnorm.captures.cleaning import Cleaner
from streamnorm.captures.encoding import Decoding, EncodingError, encodings_in
from streamnorm.captures.format import End, Header, How, Piece, Request, Response
from streamnorm.captures.imports.exchange import Exchange, Headers, Sent
from streamnorm.captures.sent import SentBody
from streamnorm.dialects.sniff import dialect_of
from streamnorm.errors import FrameTooLarge
from streamnorm.sse import FrameDecoder

__all__ = ["MAX_PIECE", "Imported", "arrived"]

#: The most bytes of one piece. Written as JSON they may become six times as many, and a line of a capture has an end.
MAX_PIECE: Final = 8 * 1024 * 1024
#: Bytes that may pass before a frame says which dialect it is.
MAX_UNDECIDED: Final = 1024 * 1024

_STREAMED: Final = ("text/event-stream", "application/x-ndjson", "application/stream+json")
_SSE: Final = (b"data:", b"event:", b"id:", b"retry:", b":")
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Imported:
    """One exchange on its way into a capture. `items` can be gone through once: the pieces, then one `End`. `streams` is false
    for an answer that came at once, such as a list of models. `original` is the file itself where it is a capture already."""

    format: str
    header: Header
    items: Iterator[Piece | End]
    notes: tuple[str, ...] = ()
    streams: bool = True
    original: Path | None = None


def arrived(exchange: Exchange, format: str, source: str, mask: Iterable[str] = ()) -> Imported:
    """The exchange as a capture; `source` is the file's name, `mask` names JSON members whose values are masked too. Raises
    CaptureError for a body that is not what it says it is, at once or while `items` is gone through."""
    sent = exchange.sent or Sent()
    request, body = _request(sent), _Body(exchange)
    cleaner = Cleaner(request, mask)
    # The head first: a cleaner that is inside of the body cannot look at anything else.
    header = Header(
        request=cleaner.request(_sent_body(sent, request)),
        response=cleaner.response(body.response) if exchange.answered else None,
        started=_utc(exchange.started),
        tool=f"streamnorm {streamnorm.__version__}",
        source=source,
        lost=_lost(exchange),
    )
    masked = _masked(_no_larger(body.pieces()), cleaner)
    # Of a body that the source has whole, one piece, unless that is too large.
    beginning, pieces = _begun(masked if exchange.cut else _gathered(masked))
    return Imported(
        format=format,
        header=msgspec.structs.replace(header, dialect=_dialect(beginning) or ""),
        items=_items(exchange, pieces, body, cleaner),
        notes=(*exchange.notes, *body.notes),
        streams=_is_stream(body.response.headers, beginning),
    )


class _Body:
    """The body of an exchange as pieces without their content encoding, and the head that is left."""

    def __init__(self, exchange: Exchange) -> None:
        headers = _joined(exchange.headers or ())
        rest = iter(exchange.pieces)
        first = next((piece for piece in rest if piece), b"")
        self._pieces: Iterator[bytes] = chain((first,), rest)
        self._decoding: Decoding | None = None
        #: Why there is no body, or what of it is missing, once the pieces were gone through.
        self.refused = ""
        self.missing = ""
        encodings = encodings_in(headers.get("content-encoding", ""))
        if encodings:
            del headers["content-encoding"]
            headers.pop("content-length", None)
            self._take_off(encodings, first)
        self.response = Response(
            status=exchange.status or 200,
            headers=headers,
            seconds=round(exchange.head, 6),
            decoded=", ".join(encodings),
        )
        self.notes = (self.refused,) if self.refused else ()

    def _take_off(self, encodings: tuple[str, ...], first: bytes) -> None:
        # Most recorders keep the header of an encoding that they took off: the body says whether they did.
        if _is_text(first):
            return
        try:
            self._decoding = Decoding(encodings)
        except EncodingError as error:
            self._pieces = iter(())
            self.refused = f"the body is not here, since no secret can be found in it: {error}"

    def pieces(self) -> Iterator[bytes]:
        """The pieces, decoded."""
        if self._decoding is None:
            yield from self._pieces
            return
        for piece in self._pieces:
            yield b"".join(self._decoding.feed(piece))
        self.missing = self._decoding.missing()


def _is_text(data: bytes) -> bool:
    """No compressed data begin with so many characters that are text."""
    try:
        return all(each.isprintable() or each.isspace() for each in data[:16].decode("ascii"))
    except UnicodeDecodeError:
        return False


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        if size + len(piece) > MAX_PIECE:
            yield b"".join(held)
            held, size = [], 0
        held.append(piece)
        size += len(piece)
    if held:
        yield b"".join(held)


def _no_larger(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for at in range(0, len(piece), MAX_PIECE):
            yield piece[at : at + MAX_PIECE]


def _masked(pieces: Iterable[bytes], cleaner: Cleaner) -> Iterator[bytes]:
    """The same pieces without secrets. One may go over several of them, so that a piece may have to wait."""
    waiting: deque[int] = deque()
    ready = bytearray()
    for piece in chain(pieces, (None,)):
        ready += cleaner.close() if piece is None else cleaner.feed(piece)
        if piece:
            waiting.append(len(piece))
        while waiting and waiting[0] <= len(ready):
            length = waiting.popleft()
            yield bytes(ready[:length])
            del ready[:length]


def _begun(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The beginning of a body, and all its pieces."""
    taken: list[bytes] = []
    size = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size >= MAX_UNDECIDED:
            break
    return b"".join(taken)[:MAX_UNDECIDED], chain(taken, pieces)


def _dialect(beginning: bytes) -> str | None:
    """The dialect of the first frame that says one."""
    decoder = FrameDecoder(json_body=True, max_frame=MAX_UNDECIDED)
    try:
        frames = [*decoder.feed(beginning), *decoder.close()]
    except FrameTooLarge as error:
        frames = error.frames
    return next((found for frame in frames if (found := dialect_of(frame.data))), None)


def _is_stream(headers: Mapping[str, str], beginning: bytes) -> bool:
    if headers.get("content-type", "").lower().startswith(_STREAMED):
        return True
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(_SSE) or b"}\n{" in text or b"},\n{" in text


def _items(
    exchange: Exchange, pieces: Iterable[bytes], body: _Body, cleaner: Cleaner
) -> Iterator[Piece | End]:
    for piece in pieces:
        yield Piece(exchange.took, piece)
    how: How = "cut" if body.missing else exchange.ended
    yield End(
        how="error" if body.refused else how,
        seconds=exchange.took,
        error=body.refused or body.missing or cleaner.text(exchange.error),
        masked=cleaner.masked,
    )


def _request(sent: Sent) -> Request:
    """The request as it was sent, secrets and all, without its body."""
    try:
        parts = urlsplit(sent.url)
    except ValueError:
        parts = urlsplit("/")
    path = parts.path if parts.path.startswith("/") else "/" + parts.path
    return Request(
        method=sent.method,
        path=path + (f"?{parts.query}" if parts.query else ""),
        origin=_origin(parts.scheme, parts.netloc),
        headers=_joined(sent.headers),
    )


def _sent_body(sent: Sent, request: Request) -> Request:
    if sent.omitted:
        return Request(omitted=sent.omitted)
    body = SentBody()
    body.piece(sent.body or b"")
    body.ended = True
    return body.as_request(request.headers)


def _origin(scheme: str, host: str) -> str:
    if not host:
        return ""
    scheme = scheme.lower() or "https"
    return f"{scheme}://{host.removesuffix(f':{_PORTS.get(scheme)}')}"


def _joined(headers: Headers) -> dict[str, str]:
    """By name in lower case; values of one name joined as RFC 9110, 5.3, says."""
    found: dict[str, str] = {}
    for name, text in headers:
        name = name.strip().lower()
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _lost(exchange: Exchange) -> tuple[str, ...]:
    kept = {
        "times": exchange.timed,
        "pieces": exchange.cut,
        "headers": exchange.headers is not None,
        "request": exchange.sent is not None,
    }
    return tuple(name for name, is_kept in kept.items() if not is_kept)


def _utc(text: str) -> str:
    """A date in RFC 3339's or a header's spelling (RFC 9110, 5.6.7) as RFC 3339 in UTC; nothing for any other."""
    for read in (datetime.datetime.fromisoformat, email.utils.parsedate_to_datetime):
        with contextlib.suppress(ValueError, OverflowError):
            at = read(text)
            # Without a zone it says nothing: who knows whose clock it was.
            return (
                at.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z") if at.tzinfo else ""
            )
    return ""
