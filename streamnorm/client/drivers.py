"""Carries out the steps of a flow, blocking or not: the only place where the two differ, beside the loops over a body."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Generator
from typing import Any

from streamnorm.client.exchange import Call, Close, Failed, Invoke, Now, Read, Send, Sleep, Step

__all__ = ["drive", "drive_async", "failed_of"]


def drive(flow: Generator[Step, Any, Any], http: Any) -> Any:
    """Run a flow over an httpx or httpx2 client; returns what it returns."""
    answer: Any = None
    while True:
        try:
            step = flow.send(answer)
        except StopIteration as stop:
            return stop.value
        match step:
            case Send(call):
                request = build(http, call)
                try:
                    answer = http.send(request, stream=True, follow_redirects=False)
                except Exception as error:
                    answer = failed_of(error, request)
            case Read(response, limit):
                body = _Body(limit)
                try:
                    for piece in response.iter_bytes():
                        if body.full(piece):
                            break
                    answer = body.whole()
                except Exception as error:
                    answer = failed_of(error, response.request)
                finally:
                    response.close()
            case Close(response):
                answer = response.close()
            case Sleep(seconds):
                time.sleep(seconds)
                answer = None
            case Invoke(function):
                answer = function()
            case Now():
                answer = time.time()


async def drive_async(flow: Generator[Step, Any, Any], http: Any) -> Any:
    """As `drive`, over an asynchronous client."""
    answer: Any = None
    while True:
        try:
            step = flow.send(answer)
        except StopIteration as stop:
            return stop.value
        match step:
            case Send(call):
                request = build(http, call)
                try:
                    answer = await http.send(request, stream=True, follow_redirects=False)
                except Exception as error:
                    answer = failed_of(error, request)
            case Read(response, limit):
                body = _Body(limit)
                try:
                    async for piece in response.aiter_bytes():
                        if body.full(piece):
                            break
                    answer = body.whole()
                except Exception as error:
                    answer = failed_of(error, response.request)
                finally:
                    await response.aclose()
            case Close(response):
                answer = await response.aclose()
            case Sleep(seconds):
                await _sleep(seconds)
                answer = None
            case Invoke(function):
                answer = function()
                if inspect.isawaitable(answer):
                    answer = await answer
            case Now():
                answer = time.time()


class _Body:
    """A body while it is read, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._pieces: list[bytes] = []

    def full(self, piece: bytes) -> bool:
        """Take a piece; there is no use in reading on."""
        self._pieces.append(piece)
        self._size += len(piece)
        return self._size > self._limit

    def whole(self) -> bytes:
        """All of it, or one byte more than the limit."""
        return b"".join(self._pieces)[: self._limit + 1]


def build(http: Any, call: Call) -> Any:
    """The library's request."""
    return http.build_request(
        call.method,
        call.url,
        headers=call.headers,
        content=call.body,
        params=call.query,
        timeout=call.timeout.for_transport(),
    )


def failed_of(error: BaseException, request: Any) -> Failed:
    """What the transport raised, as a value; anything that is not its own is raised again."""
    for kind in type(error).__mro__:
        library = sys.modules.get(kind.__module__.partition(".")[0])
        theirs = getattr(library, "RequestError", None)
        if theirs is not None and isinstance(error, theirs):
            return Failed(error, request, isinstance(error, library.TimeoutException))  # type: ignore[union-attr]
    raise error


async def _sleep(seconds: float) -> None:
    import anyio  # httpx's own; waits under asyncio and trio

    await anyio.sleep(seconds)
