"""The engine: a request in, an answer out, whose body is JSON or the frames of a run that moves while they are taken. Knows no
HTTP library; `streamnorm.assistants.local` and `server` put it behind one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamnorm.assistants.engine.driving import drive, drive_async
from streamnorm.assistants.engine.flow import RunFlow
from streamnorm.assistants.engine.live import AsyncPump, Live, Pump, spawn
from streamnorm.assistants.engine.routes import handle
from streamnorm.assistants.engine.store import Store
from streamnorm.assistants.engine.surface import Reply, Surface
from streamnorm.assistants.engine.upstream import AsyncUpstream, Upstream

if TYPE_CHECKING:
    from streamnorm.client.api import AsyncOpenAI, OpenAI

__all__ = ["Answer", "AsyncEngine", "Engine"]

_JSON: Final = {
    "content-type": "application/json",
    # Milliseconds that a client which polls is told to wait: asking costs next to nothing here.
    "openai-poll-after-ms": "50",
}
_STREAM: Final = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


class Answer(msgspec.Struct, frozen=True):
    """`body` is bytes, or what is iterated over for them; `leave()` says that nobody will any more."""

    status: int
    headers: Mapping[str, str]
    body: Any


class _Engine:
    """What both engines are.

    store: a file, made where it does not exist; None keeps everything in memory; or a `Store`, which others may use too.
    now: gives the time in seconds since 1970.
    """

    def __init__(self, store: str | Path | Store | None, now: Callable[[], float]) -> None:
        self.store = store if isinstance(store, Store) else Store(store)
        self._owns = self.store is not store
        self.live = Live(self.store)
        self._surface = Surface(self.store, now)

    def _begun(self, reply: Reply) -> Answer:
        """Have a run that begins or goes on be carried on; one whose frames nobody asked for is left to itself."""
        if reply.stops:
            self.live.stop(reply.stops)
        if reply.flow is not None:
            pump = self._pump(reply.flow)
            if reply.streams:
                return Answer(reply.status, _STREAM, pump)
            pump.leave()
        return Answer(reply.status, _JSON, reply.body)

    def _pump(self, flow: RunFlow) -> Pump | AsyncPump:
        raise NotImplementedError

    def close(self) -> None:
        """Fail the runs that are in progress, and close the store if nobody else can use it."""
        for carried in self.live.all():
            carried.flow.stopped = True
            carried.flow.give_up()
        if self._owns:
            self.store.close()


class Engine(_Engine):
    """upstream: an `OpenAI` client."""

    def __init__(
        self,
        upstream: OpenAI,
        store: str | Path | Store | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(store, now)
        self._upstream = Upstream(upstream)

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request. A run whose frames nobody asked for goes on in a thread."""
        return self._begun(handle(self._surface, method, path, query, body))

    def _pump(self, flow: RunFlow) -> Pump:
        return Pump(flow, drive(flow, self._upstream), self.live)


class AsyncEngine(_Engine):
    """upstream: an `AsyncOpenAI` client."""

    def __init__(
        self,
        upstream: AsyncOpenAI,
        store: str | Path | Store | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(store, now)
        self._upstream = AsyncUpstream(upstream)

    async def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """As `Engine.answer`; every run goes on in a task."""
        import anyio.to_thread  # httpx's own

        asked = (self._surface, method, path, query, body)
        if not self.store.waits:
            return self._begun(handle(*asked))
        found: list[Answer | Exception] = []
        ready = anyio.Event()

        async def work() -> None:
            # Whoever asks may be cancelled meanwhile: a run that was made is carried on all the same.
            try:
                found.append(self._begun(await anyio.to_thread.run_sync(handle, *asked)))
            except Exception as error:
                found.append(error)
            ready.set()

        spawn(work)
        await ready.wait()
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def _pump(self, flow: RunFlow) -> AsyncPump:
        frames = drive_async(flow, self._upstream, waits=self.store.waits)
        return AsyncPump(flow, frames, self.live)

    async def aclose(self) -> None:
        """As `close`."""
        tasks = [each.task for each in self.live.all() if isinstance(each, AsyncPump) and each.task]
        for task in tasks:
            task.cancel()
        if tasks:  # under trio there are none
            await asyncio.gather(*tasks, return_exceptions=True)
        self.close()
