"""What httpx and httpx2 have in common, for transports that serve both, blocking and asynchronous. Neither is imported here: a
request or a response that comes along says by its class which of them is in use."""

from __future__ import annotations

import functools
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

__all__ = ["Body", "body_stream", "library_of", "proxy_for"]


class Body(Protocol):
    """The body of a response, blocking or asynchronous: one of the two pairs of methods is used."""

    def __iter__(self) -> Iterator[bytes]: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def close(self) -> None: ...
    async def aclose(self) -> None: ...


def library_of(thing: Any) -> Any:
    """The module, httpx or httpx2, that the class of a request or a response comes from. A class derived from one counts."""
    for kind in type(thing).__mro__:
        library = sys.modules.get(kind.__module__.partition(".")[0])
        if hasattr(library, "AsyncByteStream"):
            return library
    raise TypeError(f"{type(thing).__name__} is neither httpx's nor httpx2's")


def body_stream(library: Any, body: Body) -> Any:
    """`body` as the stream that a response of the library takes."""
    return _stream_class(library)(body)


@functools.cache
def _stream_class(library: Any) -> Any:
    class BodyStream(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]  # known when it runs
        def __init__(self, body: Body) -> None:
            self._body = body

        def __iter__(self) -> Iterator[bytes]:
            return iter(self._body)

        def __aiter__(self) -> AsyncIterator[bytes]:
            return aiter(self._body)

        def close(self) -> None:
            self._body.close()

        async def aclose(self) -> None:
            await self._body.aclose()

    return BodyStream


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this URL: a client that is given its transport does not look."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
