"""An ASGI app as a transport for httpx: each piece that the app sends comes when it is sent. (httpx's own ASGITransport gives a
body when all of it is there.) A client that goes away is told to the app, as a server does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

from streamnorm.errors import LocalError

__all__ = ["ASGIApp", "StreamingASGITransport"]

ASGIApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[Any]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]

#: Seconds that an app has to end after its client went away, and to start.
GRACE: Final = 1.0
STARTUP: Final = 30.0

_VERSIONS: Final = {"version": "3.0", "spec_version": "2.4"}


class StreamingASGITransport(httpx.AsyncBaseTransport):
    """Answers requests from an app in this event loop. As an asynchronous context manager it also starts the app and shuts it
    down (ASGI's lifespan), where the app knows of that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._state: dict[str, Any] = {}
        self._lifespan: _Lifespan | None = None
        self._calls: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._lifespan = _Lifespan(self._app, self._state)
        await self._lifespan.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        # What an app does once it has answered may take a moment.
        await _ended(self._calls)
        if self._lifespan is not None:
            await self._lifespan.stop()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.RemoteProtocolError where the app ends without an answer, or raises."""
        call = _Call(self._app, _scope(request, self._state), await request.aread())
        self._calls.add(call.task)
        call.task.add_done_callback(self._calls.discard)
        status, headers = await call.head()
        return httpx.Response(status, headers=headers, stream=_Body(call))


def _scope(request: httpx.Request, state: dict[str, Any]) -> dict[str, Any]:
    url = request.url
    return {
        "type": "http",
        "asgi": _VERSIONS,
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (url.host, url.port or 80),
        "client": ("127.0.0.1", 1),
        "state": dict(state),
    }


class _Call:
    """One request to the app, which runs as a task; what it sends is taken one message at a time, so that it waits for a reader
    who is slow."""

    def __init__(self, app: ASGIApp, scope: dict[str, Any], body: bytes) -> None:
        self._messages: asyncio.Queue[MutableMapping[str, Any] | None] = asyncio.Queue(maxsize=1)
        self._left = asyncio.Event()
        self._request: list[dict[str, Any]] = [{"type": "http.request", "body": body}]
        self._error: Exception | None = None
        self._whole = False
        self.task = asyncio.create_task(self._run(app, scope))

    async def head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Status and headers."""
        try:
            message = await self._messages.get()
        except BaseException:
            await self.leave()
            raise
        if message is None or message["type"] != "http.response.start":
            raise self._broken("the app ended without an answer")
        return message["status"], list(message.get("headers", ()))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        while True:
            message = await self._messages.get()
            if message is None:
                raise self._broken("the app ended before its answer did")
            if message["type"] != "http.response.body":
                continue
            if message.get("body"):
                yield bytes(message["body"])
            if not message.get("more_body", False):
                self._whole = True
                return

    async def leave(self) -> None:
        """The client goes away. Where there is more to come, the app is told, and given a moment to end."""
        self._left.set()
        with contextlib.suppress(asyncio.QueueEmpty):
            self._messages.get_nowait()
        if not self._whole:
            await _ended({self.task})

    def _broken(self, words: str) -> Exception:
        said = f": {self._error!r}" if self._error is not None else ""
        return httpx.RemoteProtocolError(f"{words}{said}")

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._send)
        except Exception as error:  # an app may raise anything, as it may behind a server
            self._error = error
        if not self._left.is_set():
            await self._messages.put(None)

    async def _receive(self) -> dict[str, Any]:
        if self._request:
            return self._request.pop()
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if self._left.is_set():
            raise OSError("the client has gone")
        await self._messages.put(message)


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    """Wait for them, and cancel those that do not end."""
    if tasks:
        _, going = await asyncio.wait(tasks, timeout=GRACE)
        for task in going:
            task.cancel()
        if going:
            await asyncio.wait(going, timeout=GRACE)


class _Body(httpx.AsyncByteStream):
    def __init__(self, call: _Call) -> None:
        self._call = call

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._call.pieces()

    async def aclose(self) -> None:
        await self._call.leave()


class _Lifespan:
    """The app's start and its end. An app that raises for `lifespan` has none."""

    def __init__(self, app: ASGIApp, state: dict[str, Any]) -> None:
        self._app = app
        self._scope = {"type": "lifespan", "asgi": _VERSIONS, "state": state}
        self._ask: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue(maxsize=1)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises LocalError where the app says that it cannot start, or does not in time."""
        self._task = asyncio.create_task(self._run())
        message = await self._answered("lifespan.startup")
        if message is not None and message["type"] == "lifespan.startup.failed":
            raise LocalError(f"the app did not start: {message.get('message', '')}")

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            with contextlib.suppress(LocalError):
                await self._answered("lifespan.shutdown")
            self._task.cancel()
            await asyncio.wait([self._task], timeout=GRACE)

    async def _answered(self, kind: str) -> MutableMapping[str, Any] | None:
        """What the app says to that; None where it has ended."""
        assert self._task is not None
        self._ask.put_nowait({"type": kind})
        said = asyncio.create_task(self._said.get())
        done, _ = await asyncio.wait(
            [said, self._task], timeout=STARTUP, return_when=asyncio.FIRST_COMPLETED
        )
        if said in done:
            return said.result()
        said.cancel()
        if not done:
            raise LocalError(f"the app said nothing to {kind} for {STARTUP:.0f} s")
        return None

    async def _run(self) -> None:
        with contextlib.suppress(Exception):  # so an app says that it has no lifespan
            await self._app(self._scope, self._ask.get, self._said.put)
