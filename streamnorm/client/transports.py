"""HTTP clients with limits that suit streams: many connections, few of them kept, one TLS context for all."""

from __future__ import annotations

import asyncio
import functools
import types
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

from streamnorm.errors import LocalError

if TYPE_CHECKING:
    from streamnorm.client.patience import Patience

__all__ = ["DIRECT", "DefaultAioHttpClient", "Direct", "settings"]

#: The extension of a response whose body can be had without the steps that httpx adds to each read.
DIRECT: Final = "streamnorm.direct"

#: Connections at once: as many as there are streams. Of those at rest few are kept, because to look through them is what the
#: end of a stream costs (19.5 ms for each of 1,000 streams where all are kept, 0.85 ms with 20).
MAX_CONNECTIONS: Final = 1_000
MAX_KEPT: Final = 20


def settings(library: Any) -> dict[str, Any]:
    """What an httpx or httpx2 client of our own is made with."""
    return {
        "limits": library.Limits(
            max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_KEPT
        ),
        "verify": tls_context(),
    }


@functools.cache
def tls_context() -> Any:
    """One TLS context for all clients: making one takes longer than a request."""
    import httpx

    return httpx.create_ssl_context()


def DefaultAioHttpClient(**options: Any) -> Any:  # noqa: N802  # the SDK's name
    """An `httpx.AsyncClient` over aiohttp, for hundreds of streams at once: there the HTTP library, not the parser, is the cost.

    options: of `httpx.AsyncClient`. Needs the extra `aiohttp` (httpx-aiohttp); raises LocalError without it.
    """
    import httpx

    try:
        transport = _direct_transport()(**settings(httpx))
    except ImportError:
        raise LocalError(
            'DefaultAioHttpClient needs httpx-aiohttp: pip install "streamnorm[aiohttp]"'
        ) from None
    return httpx.AsyncClient(**{"transport": transport, **options})


class Direct:
    """A body as aiohttp gives it, and who waits for it. With many streams at once each step that a piece goes through counts:
    httpx has three, aiohttp as many, and it sets a timer anew for each read, where one a stream is enough."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._content = response.content
        self._wakes = hasattr(self._content, "_waiter")
        self._create_future = asyncio.get_running_loop().create_future
        self._timer: Any = None
        self._patience: Patience | None = None

    def __aiter__(self) -> Direct:
        return self

    @types.coroutine
    def __anext__(self) -> Generator[Any, None, bytes]:
        """What has come as soon as anything has; nothing at the body's end, as aiohttp says it."""
        if self._patience is not None:
            self._patience.waits()
        content = self._content
        if not self._wakes:
            # Another version keeps its waiter elsewhere: it waits itself.
            return (yield from content.readany().__await__())  # type: ignore[no-any-return]
        while not (piece := content.read_nowait()) and not content.is_eof():
            content._waiter = waiter = self._create_future()
            try:
                yield from waiter
            finally:
                content._waiter = None
        return piece  # type: ignore[no-any-return]

    def bound(self, patience: Patience) -> bool:
        """Have a read wait no longer than there is patience, in place of aiohttp's own timer. False where this aiohttp has
        none that can be taken away: then its own holds."""
        protocol: Any = getattr(self._response.connection, "protocol", None)
        if not hasattr(protocol, "read_timeout"):
            return False
        protocol.read_timeout = None
        protocol.start_timeout()
        self._patience = patience
        self.hasten()
        return True

    def hasten(self) -> None:
        """There may be less patience than there was."""
        self.release()
        after = self._patience.next_look() if self._patience is not None else None
        if after is not None:
            self._timer = asyncio.get_running_loop().call_later(after, self._ring)

    def release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        if self._patience is not None and self._patience.gave_out:
            import aiohttp

            self._content.set_exception(aiohttp.SocketTimeoutError("nothing came"))
        else:
            self.hasten()

    @staticmethod
    def translated(error: Exception) -> Exception:
        """aiohttp's error as httpx's."""
        import httpx
        from httpx_aiohttp.transport import map_aiohttp_exceptions

        try:
            with map_aiohttp_exceptions():
                raise error
        except httpx.HTTPError as theirs:
            return theirs
        except Exception as other:
            return other


@functools.cache
def _direct_transport() -> Any:
    from httpx_aiohttp import AiohttpTransport

    class DirectTransport(AiohttpTransport):
        async def handle_async_request(self, request: Any) -> Any:
            response = await super().handle_async_request(request)
            # Where another version keeps it elsewhere, the body is read through httpx, as any.
            inner = getattr(response.stream, "_aiohttp_response", None)
            if inner is not None:
                response.extensions[DIRECT] = Direct(inner)
            return response

    return DirectTransport
