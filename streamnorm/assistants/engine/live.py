"""Runs that this process carries on. A run goes on whether or not somebody reads its frames: the reader moves it while it reads,
and a worker takes over where it stops doing so."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from queue import SimpleQueue
from typing import Any, Final, Protocol

from streamnorm.assistants.engine.flow import RunFlow
from streamnorm.assistants.engine.processes import BEAT, give_sign, this_process
from streamnorm.assistants.engine.store import Store, StoreError

__all__ = ["AsyncPump", "Live", "Pump", "spawn"]

#: Seconds between two looks at what is live, and after which a reader that takes nothing is not waited for.
TICK: Final = 0.5
STALL: Final = 1.0


class Carried(Protocol):
    """A run that is being carried on."""

    flow: RunFlow

    def take_over(self, idle: float) -> None:
        """Have a worker move it, where nobody did for so many seconds."""


class Live:
    """The runs of one store that this process carries on, and a thread that says so to other processes and listens to them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._runs: dict[str, Carried] = {}
        self._changed = threading.Condition()
        #: The process that a thread watches in; a process that was forked has none.
        self._watched = 0
        self._beat = time.monotonic()

    def add(self, carried: Carried) -> None:
        with self._changed:
            self._runs[carried.flow.run_id] = carried
            if self._watched != os.getpid():
                self._watched = os.getpid()
                threading.Thread(target=self._watch, name="streamnorm-runs", daemon=True).start()

    def drop(self, carried: Carried) -> None:
        with self._changed:
            if self._runs.get(carried.flow.run_id) is carried:
                del self._runs[carried.flow.run_id]
                self._changed.notify_all()

    def all(self) -> list[Carried]:
        with self._changed:
            return list(self._runs.values())

    def stop(self, run_id: str) -> None:
        """A run is to stop, if it is one of these."""
        with self._changed:
            carried = self._runs.get(run_id)
        if carried is not None:
            carried.flow.stopped = True
            carried.take_over(0)

    def wait(self, seconds: float) -> bool:
        """True once no run is carried on any more, False where that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._runs, seconds)

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._runs, TICK)
                if not self._runs:
                    self._watched = 0
                    return
                runs = list(self._runs.values())
            with contextlib.suppress(StoreError):  # it is asked again in a moment
                self._tell()
                for run_id in self._asked():
                    self.stop(run_id)
            for carried in runs:
                carried.take_over(STALL)

    def _tell(self) -> None:
        """This process lives."""
        now = time.monotonic()
        if self._store.waits and now - self._beat >= BEAT:
            with self._store.writing() as rows:
                give_sign(rows)
            self._beat = now

    def _asked(self) -> list[str]:
        """The runs of this process that somebody wants cancelled: another process, or another engine on this store."""
        with self._store.reading() as rows:
            found = rows.of("owner = ? AND status = 'cancelling'", this_process())
        return [row.id for row in found]


class Pump:
    """The frames of a run, moved by whoever iterates."""

    def __init__(self, flow: RunFlow, frames: Iterator[bytes], live: Live) -> None:
        self.flow = flow
        self._frames = frames
        self._live = live
        self._turn = threading.Lock()
        self._taken: SimpleQueue[bytes | BaseException | None] = SimpleQueue()
        self._worker: threading.Thread | None = None
        self._over = False
        self._left = False
        #: How often it was moved; as often as it had been when it was looked at, and when that was.
        self._moves = self._seen = 0
        self._since = time.monotonic()
        live.add(self)

    def __iter__(self) -> Iterator[bytes]:
        turn, frames = self._turn, self._frames
        while self._worker is None and not self._over:
            with turn:
                if self._worker is not None or self._over:
                    break
                self._moves += 1
                try:
                    piece = next(frames, None)
                except BaseException:
                    self._finish()
                    raise
                if piece is None:
                    self._finish()
                    return
            yield piece
        if self._worker is None:
            return
        while (taken := self._taken.get()) is not None:
            if isinstance(taken, BaseException):
                raise taken
            yield taken
        self._taken.put(None)  # for whoever asks again

    def take_over(self, idle: float) -> None:
        """Where somebody reads right now, nothing is done."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            now = time.monotonic()
            if self._moves != self._seen:
                self._seen, self._since = self._moves, now
            if now - self._since >= idle and not self._over and self._worker is None:
                self._worker = threading.Thread(
                    target=self._work, name=f"streamnorm-{self.flow.run_id}", daemon=True
                )
                self._worker.start()
        finally:
            self._turn.release()

    def leave(self) -> None:
        """Nobody reads any more."""
        self._left = True
        self.take_over(0)

    def _work(self) -> None:
        try:
            for piece in self._frames:
                if not self._left:
                    self._taken.put(piece)
        except BaseException as error:
            self._taken.put(error)
        finally:
            self._finish()
            self._taken.put(None)

    def _finish(self) -> None:
        self._over = True
        self._live.drop(self)


class AsyncPump:
    """As `Pump`, moved by a task of its own: a reader that is cancelled would break the endpoint's answer off otherwise."""

    def __init__(self, flow: RunFlow, frames: AsyncIterator[bytes], live: Live) -> None:
        self.flow = flow
        self._frames = frames
        self._live = live
        self._taken: list[bytes] = []
        self._error: Exception | None = None
        self._over = False
        self._left = False
        self._waiting: Any = None
        live.add(self)
        #: asyncio's task; None under trio.
        self.task = spawn(self._work)

    def take_over(self, idle: float) -> None:
        """Its task moves it anyway."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        import anyio

        while True:
            if self._taken:
                taken, self._taken = self._taken, []
                yield b"".join(taken)
            elif self._over:
                break
            else:
                self._waiting = anyio.Event()
                await self._waiting.wait()
        if self._error is not None:
            raise self._error

    def leave(self) -> None:
        """Nobody reads any more."""
        self._left = True
        self._taken.clear()

    async def _work(self) -> None:
        try:
            async for piece in self._frames:
                if not self._left:
                    self._taken.append(piece)
                    self._wake()
        except Exception as error:
            self._error = error
        finally:
            self._over = True
            self._live.drop(self)
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None:
            self._waiting.set()
            self._waiting = None


#: asyncio forgets tasks that nobody holds.
_tasks: Final[set[Any]] = set()


def spawn(work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None] | None:
    """Begin a task that outlives the one that asks for it."""
    trio = sys.modules.get("trio")
    if trio is not None:
        with contextlib.suppress(RuntimeError):  # not in a loop of trio's
            trio.lowlevel.spawn_system_task(work)
            return None
    task = asyncio.get_running_loop().create_task(work())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task
