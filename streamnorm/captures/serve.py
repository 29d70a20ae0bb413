"""The replay server: captures over HTTP/1.1, to any client in any language, at the pace and in the pieces they were recorded,
with faults where they are wanted. It answers from its library's index alone; no request names a file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, assert_never

from streamnorm.captures.faults import Plan, plan_of
from streamnorm.captures.http1 import HttpRequest, Refused, Wire
from streamnorm.captures.library import CaptureLibrary, Repeat
from streamnorm.captures.listening import HOST, Listener, loop_in_thread
from streamnorm.captures.routes import Answer, Origins, Routes, Served, refusal
from streamnorm.captures.script import (
    AT_ONCE,
    Break,
    Finish,
    Head,
    Send,
    Stall,
    Step,
    Wait,
    cut_of,
    speed_of,
)
from streamnorm.errors import CaptureError

__all__ = ["HOST", "ReplayServer", "served", "serving"]

#: Steps after which other streams have their turn, where nothing is waited for.
TURN: Final = 16


class ReplayServer(Listener):
    """Serves a library. `start` it, and `stop` it; `url` is where it listens, `count` how many requests it has answered.

    library: a `CaptureLibrary`, or the paths of one.
    speed: as `streamnorm.captures.script.speed_of` reads it; 1 is the recorded pace.
    cut: as `cut_of` reads it; None for the recorded pieces.
    fault: what `plan_of` takes, for every request; a request's own `x-streamnorm-fault` comes in its place.
    host: an address of this machine alone, unless others are to reach it. There, requests that name another host are refused.
    port: 0 for any that is free.
    origins: whose pages may read the answers, beside those from this machine; `*` for all.
    repeat: what `CaptureLibrary` takes, for paths.
    heard: is told of each answer, when all of it was said.

    Raises CaptureError for what cannot be served, OSError for a port that is taken.
    """

    def __init__(
        self,
        library: CaptureLibrary | str | Path | Iterable[str | Path],
        *,
        speed: str | float = 1.0,
        cut: str | int | None = None,
        fault: str | Path | Plan | Iterable[str] = (),
        host: str = HOST,
        port: int = 0,
        origins: Sequence[str] = (),
        repeat: Repeat = "cycle",
        heard: Callable[[Served], object] | None = None,
    ) -> None:
        if not isinstance(library, CaptureLibrary):
            paths = (library,) if isinstance(library, str | Path) else tuple(library)
            library = CaptureLibrary(paths, repeat=repeat)
            _refuse_links(library, paths)
        super().__init__(host, port)
        self.library = library
        self._routes = Routes(
            library,
            plan_of(fault),
            speed=speed_of(speed),
            cut=cut_of(cut),
            origins=Origins(tuple(origins), local_only=self.is_local),
            heard=heard,
        )

    @property
    def count(self) -> int:
        """How many requests were answered."""
        return self._routes.count

    @property
    def log(self) -> list[Served]:
        """What was served last, the latest first."""
        return list(self._routes.log)

    async def start(self) -> None:
        """Listen."""
        await super().start()
        self._routes.url = self.url

    async def reply(
        self, request: HttpRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        return await self._perform(self._routes.answer(request), request, reader, writer)

    async def refuse(
        self, error: Refused, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._perform(refusal(error.status, str(error)), None, reader, writer)

    async def _perform(
        self,
        answer: Answer,
        request: HttpRequest | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Carry an answer out. True where the connection can be used again."""
        wire = Wire(
            writer,
            version=request.version if request else "1.1",
            bodiless=request is not None and request.method == "HEAD",
        )
        closes = request is None or not request.keeps_open
        headers = {**answer.headers, **({"connection": "close"} if closes else {})}
        end = "the client left"
        try:
            end, reusable = await _carried_out(answer.steps, wire, headers, reader)
        except ConnectionError:
            raise
        except OSError as error:
            end = f"cannot read the capture: {error.strerror}"
            raise
        finally:
            self._routes.note(answer, request, wire, end)
        return reusable


async def _carried_out(
    steps: Iterable[Step], wire: Wire, headers: dict[str, str], reader: asyncio.StreamReader
) -> tuple[str, bool]:
    """Send the steps, each when it is due. Returns how it ended, and whether the connection can be used again."""
    clock = asyncio.get_running_loop().time
    due = clock()
    for at, step in enumerate(steps, start=1):
        match step:
            case Send(data):
                if wire.is_closing:
                    raise ConnectionResetError
                await wire.send(data)
            case Wait(seconds):
                due += seconds
                if (left := due - clock()) > 0:
                    await asyncio.sleep(left)
            case Head():
                await wire.head(step, headers)
            case Finish():
                return "end", await wire.finish()
            case Break():
                await wire.leave(step)
                return step.how, False
            case Stall():
                while await reader.read(1024):
                    pass
                return "stall", False
            case _:
                assert_never(step)
        if at % TURN == 0:
            await asyncio.sleep(0)
    return "cut", False


def _refuse_links(library: CaptureLibrary, paths: Iterable[str | Path]) -> None:
    """A link in a served folder must not lead out of it."""
    roots = [Path(path).resolve() for path in paths]
    for name in library:
        path = library[name].path
        if not any(path.resolve().is_relative_to(root) for root in roots):
            raise CaptureError(
                f"{path}: this is a link out of the folder; serve what it leads to by its own path"
            )


@contextlib.asynccontextmanager
async def serving(
    library: CaptureLibrary | str | Path | Iterable[str | Path],
    *,
    speed: str | float = AT_ONCE,
    cut: str | int | None = None,
    fault: str | Path | Plan | Iterable[str] = (),
    repeat: Repeat = "cycle",
) -> AsyncIterator[str]:
    """Serve captures in this event loop, at once where nothing else is said; gives the URL."""
    server = ReplayServer(library, speed=speed, cut=cut, fault=fault, repeat=repeat)
    await server.start()
    try:
        yield server.url
    finally:
        await server.stop()


@contextlib.contextmanager
def served(
    library: CaptureLibrary | str | Path | Iterable[str | Path],
    *,
    speed: str | float = AT_ONCE,
    cut: str | int | None = None,
    fault: str | Path | Plan | Iterable[str] = (),
    repeat: Repeat = "cycle",
) -> Iterator[ReplayServer]:
    """Serve captures from a thread of their own, at once where nothing else is said; gives the server, whose `url` is where
    it listens."""
    server = ReplayServer(library, speed=speed, cut=cut, fault=fault, repeat=repeat)
    with loop_in_thread("streamnorm-serve") as run:
        try:
            run(server.start())
            yield server
        finally:
            run(server.stop())
