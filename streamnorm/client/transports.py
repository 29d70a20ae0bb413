"""HTTP clients with limits that suit streams: many connections, few of them kept, one TLS context for all."""

from __future__ import annotations

import functools
from typing import Any, Final

from streamnorm.errors import LocalError

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

    options: of `httpx.AsyncClient`. Needs the extra `aiohttp` (httpx-aiohttp); raises LocalError without it. aiohttp waits for
    each read as long as for the first token: silence between two events is bounded by `Timeout.first_token`, not by `idle`.
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
    """A body as aiohttp gives it. With many streams at once each step that a piece goes through counts, and httpx has three."""

    def __init__(self, content: Any) -> None:
        self.pieces = content.iter_any

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
                response.extensions[DIRECT] = Direct(inner.content)
            return response

    return DirectTransport
