"""Sends the probes to an endpoint, a few at a time, and records each exchange into a folder. Nothing is judged here but whether
to go on; every wait has its limit."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from streamnorm.captures.masking import Masker
from streamnorm.captures.recording import RecordingTransport
from streamnorm.captures.secrets import masked_url
from streamnorm.captures.transport import proxy_for
from streamnorm.conformance.live.manifest import Manifest, SentExchange
from streamnorm.conformance.live.probes import SPENT, Planned, Probe
from streamnorm.conformance.live.replies import Came, Reading, found_in, useless
from streamnorm.conformance.live.target import Missing, Request, Target
from streamnorm.errors import LocalError

__all__ = ["AT_ONCE", "Asking", "Limits"]

#: Requests at once.
AT_ONCE: Final = 4

#: How often the first request is sent again without a parameter that was refused.
MOST_REFUSED: Final = 4


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long may be waited, in seconds: for one answer from its request to its end, and for all; and how many bytes one answer
    may have."""

    each: float = 120.0
    total: float = 900.0
    bytes: int = 16 * 1024 * 1024


class _Stop(Exception):  # noqa: N818  # it says what happens
    """The run cannot go on."""


class Asking:
    """One live run. `run` sends the requests; `manifest` says at any time, also after an interruption, what was sent so far."""

    def __init__(
        self,
        target: Target,
        planned: Planned,
        folder: Path,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        repeats: int = 1,
        budget: int | None = None,
        limits: Limits | None = None,
        told: Callable[[str], object] | None = None,
        only: tuple[str, ...] = (),
    ) -> None:
        """transport: what carries the requests; httpx's own where it is None. budget: the most requests, in all. told: is told
        the name of each request that was answered."""
        self._target = target
        self._planned = planned
        self._folder = folder
        self._transport = transport
        self._repeats = repeats
        self._budget = budget
        self._limits = limits or Limits()
        self.told = told
        self._only = only
        self._date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._exchanges: list[SentExchange] = []
        self._unsent = dict(planned.unsent)
        self._connections: dict[Any, int] = {}
        self._bodies: dict[tuple[int, str], bytes] = {}
        #: Why the run ended early, where it did.
        self.stopped = ""

    @property
    def count(self) -> int:
        """How many requests there are to be sent."""
        return len(self._planned.probes) * self._repeats

    @property
    def manifest(self) -> Manifest:
        return Manifest(
            endpoint=self._target.shown,
            model=self._target.model,
            dialect=self._target.dialect,
            date=self._date.replace("+00:00", "Z"),
            repeats=self._repeats,
            only=self._only,
            stopped=self.stopped,
            exchanges=tuple(sorted(self._exchanges, key=self._place)),
            unsent=self._unsent,
        )

    def _place(self, exchange: SentExchange) -> tuple[int, int]:
        names = [probe.name for probe in self._planned.probes]
        at = names.index(exchange.probe) if exchange.probe in names else -1
        return exchange.repeat, at

    async def run(self) -> None:
        """Send all there is to be sent. What is found out, and what goes wrong with an endpoint, is in the manifest."""
        if not self._planned.probes:
            self.stopped = "nothing was to be sent"
            return
        async with self._carrier() as transport:
            try:
                async with asyncio.timeout(self._limits.total):
                    await self._all(transport)
            except TimeoutError:
                self.stopped = f"the time for all requests, {self._limits.total:g} s, was over"
            except (_Stop, Missing) as stop:
                self.stopped = str(stop)

    @contextlib.asynccontextmanager
    async def _carrier(self) -> AsyncIterator[httpx.AsyncBaseTransport]:
        transport = self._transport
        if transport is None:
            transport = httpx.AsyncHTTPTransport(proxy=proxy_for(self._target.base))
        async with transport:
            yield transport

    async def _all(self, transport: httpx.AsyncBaseTransport) -> None:
        first, *others = self._planned.probes
        for repeat in range(1, self._repeats + 1):
            if repeat == 1:
                await self._first(transport, first)
            else:
                await self._send(transport, first, repeat)
            await self._rest(transport, others, repeat)

    async def _first(self, transport: httpx.AsyncBaseTransport, probe: Probe) -> None:
        """The first request stands for the endpoint. Raises _Stop where it says that the others are of no use."""
        for refused in range(MOST_REFUSED + 1):
            came = await self._send(transport, probe, 1, refused=refused)
            if came.status not in (400, 422) or not self._target.refuse(came.body, probe):
                break
            # What was sent before was an attempt, and no probe.
            last = self._exchanges[-1]
            self._exchanges[-1] = msgspec.structs.replace(last, probe="")
        if said := useless(came, self._target.shown):
            raise _Stop(self._masked(said))

    def _masked(self, text: str) -> str:
        credentials = Masker(self._target.credentials)
        return credentials.whole(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    async def _rest(
        self, transport: httpx.AsyncBaseTransport, probes: list[Probe], repeat: int
    ) -> None:
        turns = asyncio.Semaphore(AT_ONCE)
        answered = {probe.name: asyncio.Event() for probe in probes}

        async def one(probe: Probe) -> None:
            try:
                if probe.after in answered:
                    await answered[probe.after].wait()
                async with turns:
                    await self._send(transport, probe, repeat)
            except Missing as missing:
                self._unsent[probe.name] = str(missing)
            finally:
                answered[probe.name].set()

        async with asyncio.TaskGroup() as group:
            for probe in probes:
                group.create_task(one(probe))

    async def _send(
        self, transport: httpx.AsyncBaseTransport, probe: Probe, repeat: int, *, refused: int = 0
    ) -> Came:
        """Send one probe, and record its exchange. Raises Missing, and LocalError for a URL that is none."""
        if self._budget is not None and len(self._exchanges) >= self._budget:
            raise Missing(SPENT)
        taken = {
            name: found_in(self._bodies.get((repeat, of), b""), pointer)
            for name, (of, pointer) in probe.takes.items()
        }
        asked = self._target.request(probe, taken)
        file = f"{probe.name}{f'.refused{refused}' if refused else ''}.{repeat}.cap.jsonl"
        path = self._folder / file
        recording = RecordingTransport(
            transport, path, dialect=self._target.dialect, overwrite=True
        )
        request = _post(asked, self._limits.each)
        reading = Reading(probe.leaves, self._limits.bytes)
        connection = 0
        came = Came(0, stopped="the run ended")
        try:
            async with asyncio.timeout(self._limits.each):
                response = await recording.handle_async_request(request)
                connection = self._connection(response)
                async with contextlib.aclosing(response.stream):
                    came = await reading.read(response)
        except TimeoutError:
            came = Came(
                reading.status, stopped=f"it went on for {self._limits.each:g} s, and was left"
            )
        except httpx.HTTPError as error:
            came = Came(
                reading.status, body=reading.body, failed=f"{type(error).__name__}: {error}"
            )
        finally:
            if path.exists():
                self._exchanges.append(
                    SentExchange(
                        file=file,
                        probe=probe.name,
                        repeat=repeat,
                        connection=connection,
                        stopped=came.stopped,
                    )
                )
        self._bodies[repeat, probe.name] = came.body
        if self.told is not None:
            self.told(probe.name)
        return came

    def _connection(self, response: httpx.Response) -> int:
        """The number of the connection that carries a response; 0 where there is none."""
        stream = response.extensions.get("network_stream")
        address = stream.get_extra_info("client_addr") if stream is not None else None
        if address is None:
            return 0
        return self._connections.setdefault(address, len(self._connections) + 1)


def _post(asked: Request, seconds: float) -> httpx.Request:
    timeout = httpx.Timeout(seconds).as_dict()
    try:
        return httpx.Request(
            "POST",
            asked.url,
            headers=asked.headers,
            content=asked.body,
            extensions={"timeout": timeout},
        )
    except httpx.InvalidURL as error:
        raise LocalError(f"{masked_url(asked.url)!r} is no URL: {error}") from None
