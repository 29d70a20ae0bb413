"""A server on this machine that says what a script tells it to, byte for byte: raw sockets, a thread for each connection."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple, Self

#: Bytes to send; seconds to wait; or: leave (`close`), leave rudely (`reset`), say nothing until the client has left (`hang`).
Step = bytes | float | Literal["close", "reset", "hang"]


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[[Request], Iterable[Step]]


class Loopback:
    """A context manager. `seen` has the requests, `connections` counts those that were taken, `left` those that the client ended
    while an answer was being given."""

    def __init__(self, script: Script | Iterable[Step]) -> None:
        self._script: Script = script if callable(script) else _always(tuple(script))
        self.seen: list[Request] = []
        self.connections = 0
        self.left = 0
        self._over = threading.Event()
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            _end(connection)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def wait_for(self, holds: Callable[[], bool], seconds: float = 10.0) -> bool:
        """True as soon as it holds, False where it does not in time."""
        with self._changed:
            return self._changed.wait_for(holds, seconds)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _tell(self, name: str) -> None:
        with self._changed:
            setattr(self, name, getattr(self, name) + 1)
            self._changed.notify_all()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(connection)
            self._tell("connections")
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as file:
                while (request := _read(file)) is not None:
                    with self._changed:
                        self.seen.append(request)
                        self._changed.notify_all()
                    if not self._perform(connection, self._script(request)):
                        return
        except OSError:
            if not self._over.is_set():
                self._tell("left")
        finally:
            self._open.discard(connection)

    def _perform(self, connection: socket.socket, steps: Iterable[Step]) -> bool:
        """True where the connection can be used again."""
        for step in steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, float | int):
                self._wait(connection, step)
            elif step == "hang":
                self._wait(connection, 60)
            else:
                if step == "reset":
                    linger = (1).to_bytes(4, "little") + bytes(4)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
        return True

    def _wait(self, connection: socket.socket, seconds: float) -> None:
        """Raises where the client leaves meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._over.is_set():
                raise ConnectionAbortedError
            if select.select([connection], [], [], min(left, 0.05))[0] and not connection.recv(
                1, socket.MSG_PEEK
            ):
                raise ConnectionResetError


def _always(steps: tuple[Step, ...]) -> Script:
    return lambda request: steps


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has ended
        connection.shutdown(socket.SHUT_RDWR)


def _read(file: Any) -> Request | None:
    line = file.readline().decode("latin-1")
    if not line:
        return None
    method, path, _ = line.split(" ", 2)
    headers = {}
    while (header := file.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Request(method, path, headers, file.read(int(headers.get("content-length", 0))))


# What to say.


def head(status: int = 200, **headers: str | int) -> bytes:
    """A status line and headers; an underscore in a name stands for a hyphen."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    return f"HTTP/1.1 {status} S\r\n{''.join(lines)}\r\n".encode("latin-1")


def whole(
    body: bytes | str | Any,
    status: int = 200,
    content_type: str = "application/json",
    **headers: Any,
) -> bytes:
    """An answer that does not stream; anything but text is written as JSON."""
    if isinstance(body, str):
        body = body.encode()
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(status, content_type=content_type, content_length=len(data), **headers) + data


def piece(data: bytes) -> bytes:
    """One chunk of the transfer coding (RFC 9112, 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


#: The end of the transfer coding.
END = b"0\r\n\r\n"


def frame(data: Any) -> bytes:
    """One SSE frame: text as it is, anything else as JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def sse(frames: Iterable[Any], *then: Step, done: bool = True, **headers: Any) -> Iterator[Step]:
    """A stream of frames, each in a chunk of its own: a `Step` of bytes as it is, anything else as `frame` takes it. `then` comes
    in place of the end."""
    yield head(**{"content_type": "text/event-stream", **headers}, transfer_encoding="chunked")
    for each in frames:
        yield piece(each if isinstance(each, bytes) else frame(each))
    if done:
        yield piece(frame("[DONE]"))
    yield from then or (END,)
