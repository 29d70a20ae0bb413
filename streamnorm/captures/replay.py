"""Captures as a transport for httpx and httpx2, blocking and asynchronous: what was recorded comes again, in its pieces and at
its pace, without a network."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, assert_never

from streamnorm.captures.library import CaptureLibrary, Repeat
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
    script,
    speed_of,
)
from streamnorm.captures.transport import body_stream, library_of

if TYPE_CHECKING:
    from streamnorm.captures.faults import Plan

    #: To a type checker it is whatever transport is wanted: httpx's or httpx2's, blocking or not.
    _Transport = Any
else:
    _Transport = object

__all__ = ["ReplayTransport"]

#: Seconds that a connection keeps silent where the client set no timeout. The replay gives up then, as a client would not.
LONGEST_SILENCE: Final = 600.0


class ReplayTransport(_Transport):  # type: ignore[misc]  # see _Transport
    """Answers requests from captures: `httpx.Client(transport=ReplayTransport("captures/"))`, or `httpx.AsyncClient`, or those
    of httpx2. Never goes to the network. One transport serves any number of clients, in any threads.

    captures: a folder, a file, several of them, or a `CaptureLibrary`, which has its own `repeat` and `ignore`.
    speed: `"max"` waits for nothing; `1.0` is the recorded pace, `"10x"` ten times as fast.
    cut: the pieces: as recorded (None), `"byte"` for single bytes, a number of bytes, or `"seed:N"`.
    fault: what goes wrong: `"cut@frame:3"`, several of them, or a plan's TOML file; docs/faults.md has all faults.
    repeat: what answers a request that came more often than it was recorded: `"error"`, `"last"`, `"cycle"`. With a fault it is
        `"last"` where nothing is said: a client that tries again meets the fault again.
    ignore: members of the request's JSON that do not matter.

    A recording that was cut ends in RemoteProtocolError, one that was reset in ReadError, a silence that is longer than the
    client's read timeout in ReadTimeout; at speed `"max"` at once. Raises CaptureError where no capture answers.
    """

    def __init__(
        self,
        captures: CaptureLibrary | str | Path | Iterable[str | Path],
        *,
        speed: str | float = "max",
        cut: str | int | None = None,
        fault: str | Path | Plan | Iterable[str] | None = None,
        repeat: Repeat | None = None,
        ignore: Collection[str] = (),
    ) -> None:
        if not isinstance(captures, CaptureLibrary):
            repeat = repeat or ("last" if fault else "error")
            captures = CaptureLibrary(captures, repeat=repeat, ignore=ignore)
        self.library = captures
        self._speed = speed_of(speed)
        self._cut = cut_of(cut)
        self._plan = _plan(fault)

    def handle_request(self, request: Any) -> Any:
        """The response, httpx's or httpx2's as the request is."""
        moves = _driven(self._moves(request, request.read()))
        return _response(request, next(moves), moves)

    async def handle_async_request(self, request: Any) -> Any:
        """As `handle_request`, under asyncio or trio."""
        moves = _adriven(self._moves(request, await request.aread()))
        return _response(request, await anext(moves), moves)

    def _moves(self, request: Any, body: bytes) -> Iterator[_Move]:
        path = request.url.raw_path.decode("ascii")
        capture = self.library.answer(request.method, path, body)
        steps = script(capture, speed=self._speed, cut=self._cut)
        if self._plan is not None:
            steps = self._plan.apply(steps, self.library.name_of(capture))
        return _moves(steps, request, at_once=self._speed == AT_ONCE)

    def close(self) -> None:
        pass

    async def aclose(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


#: What a replay does next: sleep so many seconds, begin the response, or give a piece of its body.
_Move = float | Head | bytes


def _moves(steps: Iterable[Step], request: Any, *, at_once: bool) -> Iterator[_Move]:
    """A `Head` first, then the pieces; sleeps among them. Raises what the library's own transport would, also for a body that
    is shorter than its `Content-Length`; what is behind that length is not read."""
    library = library_of(request)
    limit = request.extensions.get("timeout", {}).get("read")
    patience = LONGEST_SILENCE if limit is None else float(limit)
    due = time.monotonic()
    begun = False
    missing = None
    for step in steps:
        match step:
            case Head():
                begun, missing = True, _length(step)
                yield step
            case Send(data):
                if missing is not None:
                    data = data[:missing]
                    missing -= len(data)
                if data:
                    yield data
            case Wait(seconds):
                due += seconds
                left = due - time.monotonic()
                if left > 0:
                    yield min(left, patience)
                if left > patience:
                    raise library.ReadTimeout(_SILENT, request=request)
            case Stall():
                if not at_once:
                    yield patience
                raise library.ReadTimeout(_SILENT, request=request)
            case Finish() if begun and not missing:
                return
            case Break("reset"):
                raise library.ReadError(_RESET, request=request)
            case Finish() | Break():
                raise library.RemoteProtocolError(_CUT, request=request)
            case _:
                assert_never(step)


def _length(head: Head) -> int | None:
    """The `Content-Length`, where there is one: recordings have none, a fault may bring one."""
    told = {name.lower(): value for name, value in head.headers.items()}.get("content-length", "")
    return int(told) if told.isdecimal() else None


_SILENT: Final = "replayed: the server said nothing more"
_CUT: Final = "replayed: the connection ended before the response did"
_RESET: Final = "replayed: the connection was reset"


def _driven(moves: Iterator[_Move]) -> Iterator[Head | bytes]:
    for move in moves:
        if isinstance(move, float):
            time.sleep(move)
        else:
            yield move


async def _adriven(moves: Iterator[_Move]) -> AsyncIterator[Head | bytes]:
    import anyio  # httpx and httpx2 stand on it

    for move in moves:
        if isinstance(move, float):
            await anyio.sleep(move)
        else:
            yield move


def _response(request: Any, head: Any, moves: Any) -> Any:
    library = library_of(request)
    return library.Response(
        head.status, headers=head.headers, stream=body_stream(library, _Body(moves))
    )


class _Body:
    """What is left of a replay once its head was taken; blocking or asynchronous, as `moves` is."""

    def __init__(self, moves: Any) -> None:
        self._moves = moves

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._moves)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._moves)

    def close(self) -> None:
        self._moves.close()

    async def aclose(self) -> None:
        await self._moves.aclose()


def _plan(fault: str | Path | Plan | Iterable[str] | None) -> Plan | None:
    if fault is None:
        return None
    from streamnorm.captures.faults import plan_of

    return plan_of(fault)
