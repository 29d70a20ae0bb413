"""HTTP/1.1 for the replay server: requests read with h11, responses written byte by byte, so that each piece is one chunk of
the framing and one write. Knows nothing of captures."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from http import HTTPStatus
from typing import Final

import h11
import msgspec

from streamnorm.captures.script import Break, Head

__all__ = ["HttpRequest", "Refused", "Wire", "read_request"]

#: Limits of a request, in bytes, and how long one may take to come, in seconds, the silence before it included.
MAX_HEAD: Final = 64 * 1024
MAX_BODY: Final = 16 * 1024 * 1024
PATIENCE: Final = 60.0

READ: Final = 64 * 1024

_NO_BODY: Final = frozenset((204, 304))
_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

#: What `Break("mid-chunk")` announces and does not send.
_ANNOUNCED: Final = 4_096


class HttpRequest(msgspec.Struct, frozen=True):
    """A request. The names of headers are in lower case; `target` is the path with the query."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    version: str

    def header(self, name: str) -> str:
        """The value of a header; empty where it did not come."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """The values of a header that came several times."""
        return [value for each, value in self.headers if each == name]

    @property
    def keeps_open(self) -> bool:
        """The client will send another request on this connection."""
        return self.version == "1.1" and "close" not in self.header("connection").lower()


class Refused(Exception):  # noqa: N818  # it says what happened
    """A request that cannot be read, and the status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, before: bytes
) -> tuple[HttpRequest, bytes] | None:
    """The next request and the bytes behind it; None where the client closed, or was silent for too long.

    before: what was read behind the request before this one. Raises Refused, and OSError.
    """
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
    if before:
        connection.receive_data(before)
    try:
        async with asyncio.timeout(PATIENCE):
            return await _read(connection, reader, writer)
    except TimeoutError:
        if connection.their_state is h11.IDLE and not connection.trailing_data[0]:
            return None
        raise Refused(408, "the request did not come in time") from None
    except h11.RemoteProtocolError as error:
        raise Refused(error.error_status_hint, str(error)) from None


async def _read(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[HttpRequest, bytes] | None:
    head: h11.Request | None = None
    body: list[bytes] = []
    size = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = connection.send(h11.InformationalResponse(status_code=100, headers=[]))
                writer.write(go_on or b"")
            connection.receive_data(await reader.read(READ))
        elif isinstance(event, h11.Request):
            head = event
            _refuse_large(int(dict(event.headers).get(b"content-length", 0)))
        elif isinstance(event, h11.Data):
            size += len(event.data)
            _refuse_large(size)
            body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _request(head, b"".join(body)), connection.trailing_data[0]
        else:
            return None


def _refuse_large(size: int) -> None:
    if size > MAX_BODY:
        raise Refused(413, f"the body of a request may have {MAX_BODY:,} bytes")


def _request(head: h11.Request, body: bytes) -> HttpRequest:
    return HttpRequest(
        head.method.decode("ascii"),
        head.target.decode("latin-1"),
        tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers),
        body,
        head.http_version.decode("ascii"),
    )


class Wire:
    """Writes one response. Each call of `send` is one write, and in HTTP/1.1 one chunk."""

    def __init__(self, writer: asyncio.StreamWriter, *, version: str, bodiless: bool) -> None:
        self.status = 0
        self.pieces = 0
        self.bytes = 0
        self._writer = writer
        self._version = version
        self._bodiless = bodiless
        self._chunked = False
        self._length: int | None = None

    @property
    def is_closing(self) -> bool:
        """The connection is gone, or going."""
        return self._writer.is_closing()

    async def head(self, step: Head, more: dict[str, str]) -> None:
        """Status line and headers. A `content-length` among them frames the body, right or wrong."""
        self.status = step.status
        headers = {name.lower(): value for name, value in {**step.headers, **more}.items()}
        length = headers.get("content-length", "")
        self._bodiless = self._bodiless or step.status in _NO_BODY
        if length.isdecimal():
            self._length = int(length)
        elif not self._bodiless and self._version == "1.1":
            self._chunked = True
            headers["transfer-encoding"] = "chunked"
        lines = [f"HTTP/1.1 {step.status} {_phrase(step.status)}"]
        for name, value in headers.items():
            # A header that HTTP cannot carry could end the head early and begin another one.
            if _token(name):
                lines.append(f"{name}: {_control.sub(' ', value)}")
        await self._write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))

    async def send(self, data: bytes) -> None:
        """The next piece of the body."""
        if self._bodiless or not data:
            return
        self.pieces += 1
        self.bytes += len(data)
        await self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def finish(self) -> bool:
        """End the body. True where the connection can be used again."""
        if self._chunked:
            await self._write(b"0\r\n\r\n")
        return self._bodiless or self._chunked or self._length == self.bytes

    async def leave(self, how: Break) -> None:
        """End the connection, and not the body."""
        if how.how == "reset":
            sock = self._writer.get_extra_info("socket")
            if sock is not None:
                # Closing without lingering sends RST.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
        elif self._chunked and how.how == "mid-chunk":
            await self._write(b"%x\r\n" % _ANNOUNCED)
        elif self._chunked and how.how == "bad-chunk":
            await self._write(b"many\r\n")

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
