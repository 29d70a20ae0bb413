"""The engine over HTTP/1.1, for the OpenAI SDK of any language: each piece of a run's frames is one chunk and one write. It
answers from its store alone, and asks one endpoint."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import msgspec

from streamnorm.assistants.engine.engines import Answer, AsyncEngine
from streamnorm.assistants.engine.refusals import Refusal
from streamnorm.assistants.engine.store import Store
from streamnorm.captures.http1 import HttpRequest, Refused, Wire
from streamnorm.captures.listening import HOST, Listener, loop_in_thread
from streamnorm.captures.routes import Origins
from streamnorm.captures.script import Head
from streamnorm.captures.secrets import masked_url

if TYPE_CHECKING:
    from streamnorm.client.api import AsyncOpenAI

__all__ = ["HOST", "EngineServer", "Heard", "served", "serving"]

_JSON: Final = {"content-type": "application/json"}


class Heard(msgspec.Struct, frozen=True):
    """A request that was answered. `path` has the query, keys in it masked; `whole` is false where the client left before."""

    method: str
    path: str
    status: int
    whole: bool


class EngineServer(Listener):
    """Serves the engine. `start` it, and `stop` it; `url` is where it listens.

    upstream: an `AsyncOpenAI` client, which asks the model.
    store: a file, None for memory, or a `Store`.
    host: an address of this machine alone, unless others are to reach it: then they use the endpoint's key. There, requests that
        name another host are refused.
    port: 0 for any that is free.
    origins: whose pages may ask, beside those from this machine.
    heard: is told of each answer, when all of it was said.

    Raises LocalError for a file that is no store, OSError for a port that is taken.
    """

    def __init__(
        self,
        upstream: AsyncOpenAI,
        store: str | Path | Store | None = None,
        *,
        host: str = HOST,
        port: int = 0,
        origins: Sequence[str] = (),
        heard: Callable[[Heard], object] | None = None,
    ) -> None:
        super().__init__(host, port)
        self.engine = AsyncEngine(upstream, store)
        self._origins = Origins(tuple(origins), local_only=self.is_local)
        self._heard = heard

    async def stop(self) -> None:
        """Listen no more, end what is being answered, and fail the runs that are in progress."""
        await super().stop()
        await self.engine.aclose()

    async def refuse(
        self, error: Refused, _: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        refused = _refused(str(error), error.status)
        await _send(refused, Wire(writer, version="1.1", bodiless=False), {})

    async def reply(
        self, request: HttpRequest, _: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        answer = await self._answer(request)
        wire = Wire(writer, version=request.version, bodiless=request.method == "HEAD")
        headers = self._cors(request)
        if not request.keeps_open:
            headers["connection"] = "close"
        whole = False
        try:
            reusable = await _send(answer, wire, headers)
            whole = True
        finally:
            if self._heard is not None:
                path = masked_url(request.target)
                self._heard(Heard(request.method, path, answer.status, whole))
        return reusable

    async def _answer(self, request: HttpRequest) -> Answer:
        host, origin = request.header("host"), request.header("origin")
        if not self._origins.host_is_right(host):
            return _refused(
                f"this server is for this machine, and {host[:80]!r} is another name", 421
            )
        # A page of anywhere may have a browser send a request here; what it costs is paid for by the endpoint's key.
        if origin and not self._origins.allows(origin):
            return _refused(f"pages of {origin[:80]!r} may not ask this server", 403)
        if request.method == "OPTIONS":
            return Answer(204, {}, b"")
        path, _, query = request.target.partition("?")
        if not path.startswith("/v1/"):
            return _refused(f"the API is under /v1, and {path[:80]!r} is not", 404)
        asked = dict(parse_qsl(query))
        return await self.engine.answer(
            request.method, path.removeprefix("/v1"), asked, request.body
        )

    def _cors(self, request: HttpRequest) -> dict[str, str]:
        headers = self._origins.headers_for(request.header("origin"))
        if headers:
            asked = request.header("access-control-request-headers")
            headers["access-control-allow-methods"] = "GET, POST, DELETE, OPTIONS"
            headers["access-control-allow-headers"] = asked or "*"
        return headers


def _refused(message: str, status: int) -> Answer:
    return Answer(status, _JSON, msgspec.json.encode(Refusal(message, status=status).body()))


async def _send(answer: Answer, wire: Wire, headers: dict[str, str]) -> bool:
    """Write an answer. True where the connection can be used again."""
    body = answer.body
    if isinstance(body, bytes):
        length = {"content-length": str(len(body))}
        await wire.head(Head(answer.status, {**answer.headers, **length}), headers)
        await wire.send(body)
        return await wire.finish()
    try:
        await wire.head(Head(answer.status, dict(answer.headers)), headers)
        async for piece in body:
            if wire.is_closing:
                raise ConnectionResetError
            await wire.send(piece)
        return await wire.finish()
    finally:
        body.leave()


@contextlib.asynccontextmanager
async def serving(
    upstream: AsyncOpenAI, store: str | Path | Store | None = None
) -> AsyncIterator[str]:
    """Serve in this event loop; gives the URL, which clients take with `/v1` behind it."""
    server = EngineServer(upstream, store)
    await server.start()
    try:
        yield server.url
    finally:
        await server.stop()


@contextlib.contextmanager
def served(
    upstream: Callable[[], AsyncOpenAI], store: str | Path | Store | None = None
) -> Iterator[str]:
    """Serve from a thread of its own; gives the URL.

    upstream: makes the client, which belongs to the loop of that thread and is closed in the end.
    """
    client = upstream()
    server = EngineServer(client, store)
    with loop_in_thread("streamnorm-assistants") as run:
        try:
            run(server.start())
            yield server.url
        finally:
            run(server.stop())
            run(client.close())
