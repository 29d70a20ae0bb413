"""A server on loopback that sends exactly the bytes it is told to, piece by piece."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

__all__ = ["Server", "chunked", "head"]

#: What a server answers: given the request, its head and its body, the pieces to send. A number in between is a pause in seconds.
Answer = Callable[[bytes, bytes], Iterable[bytes | float]]


def head(status: int = 200, **headers: str) -> bytes:
    """The head of a response; underscores in names are dashes. The connection closes after it."""
    lines = [f"HTTP/1.1 {status} X", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "\r\n"]).encode()


def chunked(pieces: Iterable[bytes], **headers: str) -> list[bytes | float]:
    """A response with a chunk for each piece, each sent alone."""
    first = head(transfer_encoding="chunked", content_type="text/event-stream", **headers)
    return [first, *(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"]


class Server:
    """A context manager. `url` is where it is; `seen` has the requests."""

    def __init__(self, answer: Answer) -> None:
        self.seen: list[tuple[bytes, bytes]] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing does not wake a thread that waits in accept; a connection does.
        self._answer = lambda head, body: []
        self._stopping = True
        with socket.create_connection(self._socket.getsockname()):
            pass
        for thread in self._threads:
            thread.join(timeout=10)
        self._socket.close()

    _stopping = False

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._stopping:
                connection.close()
                return
            thread = threading.Thread(target=self._talk, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                request = _request(connection)
                self.seen.append(request)
                for piece in self._answer(*request):
                    if isinstance(piece, float):
                        time.sleep(piece)
                    else:
                        connection.sendall(piece)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)
            except OSError:
                pass  # the client went away, as some tests mean it to


def _request(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    first, _, body = data.partition(b"\r\n\r\n")
    lines = first.lower().split(b"\r\n")
    lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
    if lengths:
        while len(body) < lengths[0]:
            body += _more(connection)
    elif b"transfer-encoding: chunked" in lines:
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(connection)
    return first, body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the client went away")
    return data
