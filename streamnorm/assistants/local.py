"""The local engine behind an HTTP client: its requests never reach a network, and are answered from a store, with the help of any
chat endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from streamnorm.assistants.engine.engines import Answer, AsyncEngine, Engine
from streamnorm.assistants.engine.store import Store

if TYPE_CHECKING:
    from streamnorm.client.api import AsyncOpenAI, OpenAI

__all__ = ["BASE_URL", "AsyncLocalTransport", "LocalTransport", "local_http", "local_http_async"]

#: Where clients of the engine send their requests; no such host exists (RFC 6761, 6.4).
BASE_URL: Final = "http://local.invalid/v1"


def local_http(upstream: OpenAI, store: str | Path | Store | None = None) -> httpx.Client:
    """A client whose requests are answered here. `upstream` asks the model.

    store: a file, made where it does not exist; None keeps everything in memory; or a `Store`, which several clients may share.

    Raises LocalError for a file that is no store.
    """
    return httpx.Client(base_url=BASE_URL, transport=LocalTransport(Engine(upstream, store)))


def local_http_async(
    upstream: AsyncOpenAI, store: str | Path | Store | None = None
) -> httpx.AsyncClient:
    """As `local_http`, awaited."""
    transport = AsyncLocalTransport(AsyncEngine(upstream, store))
    return httpx.AsyncClient(base_url=BASE_URL, transport=transport)


class LocalTransport(httpx.BaseTransport):
    """For `httpx.Client`. `engine` is what answers."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        return _response(self.engine.answer(*_asked(request), body), _Body)

    def close(self) -> None:
        self.engine.close()


class AsyncLocalTransport(httpx.AsyncBaseTransport):
    """As `LocalTransport`, for `httpx.AsyncClient`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        return _response(await self.engine.answer(*_asked(request), body), _AsyncBody)

    async def aclose(self) -> None:
        await self.engine.aclose()


def _asked(request: httpx.Request) -> tuple[str, str, dict[str, str]]:
    return request.method, request.url.path.removeprefix("/v1"), dict(request.url.params)


def _response(answer: Answer, streaming: Any) -> httpx.Response:
    if isinstance(answer.body, bytes):
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)
    return httpx.Response(answer.status, headers=answer.headers, stream=streaming(answer.body))


class _Body(httpx.SyncByteStream):
    """The frames of a run, which goes on where its reader leaves."""

    def __init__(self, pump: Any) -> None:
        self._pump = pump

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pump)

    def close(self) -> None:
        self._pump.leave()


class _AsyncBody(httpx.AsyncByteStream):
    """As `_Body`."""

    def __init__(self, pump: Any) -> None:
        self._pump = pump

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._pump)

    async def aclose(self) -> None:
        self._pump.leave()
