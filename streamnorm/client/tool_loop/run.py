"""The two drivers of a loop over calls: what is asked goes to the endpoint, what is to be run runs, at the same time and each for
no longer than it may. And the tool loop's own two, whose turns are chat completions."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any, Final, Self

from streamnorm.client.tool_loop.events import Execute, Invocation, Outcome, ToolStarted, Turn
from streamnorm.client.tool_loop.loop import (
    CallLoop,
    Runnable,
    ToolLoop,
    content_of,
    failed,
    reviewed,
    too_late,
)

if TYPE_CHECKING:
    from streamnorm.assemble import Result
    from streamnorm.client.completions import AsyncCompletions, Completions

__all__ = ["Approve", "AsyncLoopRun", "AsyncToolRun", "BaseRun", "LoopRun", "ToolRun"]

#: Functions of one round that run at the same time.
MAX_PARALLEL: Final = 16


Approve = Callable[[Invocation], Any]


class BaseRun:
    """What the drivers share. What a turn asks, what is told of its stream and what it comes to, each kind of run says."""

    def __init__(self, loop: CallLoop, approve: Approve | None, timeout: float | None):
        self._loop = loop
        self._approve = approve
        self._timeout = timeout

    @property
    def rounds(self) -> int:
        """How many requests went out."""
        return self._loop.rounds

    def _asked(self, messages: list[Any]) -> Any:
        """The stream that answers, or its coroutine."""
        raise NotImplementedError

    def _told(self, stream: Any) -> Any:
        """What to iterate over."""
        raise NotImplementedError

    def _come_of(self, stream: Any) -> Any:
        """What the loop is told of the turn."""
        raise NotImplementedError


class LoopRun(BaseRun):
    """A run that blocks. Breaking off frees the connection at once; a function that runs then is left to end by itself."""

    def until_done(self) -> Self:
        """Run to the end."""
        for _ in self:
            pass
        return self

    def __iter__(self) -> Iterator[Any]:
        flow = self._loop.flow()
        answer: Any = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration:
                return
            answer = None
            match step:
                case Turn(messages):
                    with self._asked(messages) as stream:
                        yield from self._told(stream)
                    answer = self._come_of(stream)
                case Execute(invocations):
                    reviews = [self._reviewed(invocation) for invocation in invocations]
                    for ready in reviews:
                        if isinstance(ready, Invocation):
                            yield ToolStarted(ready.id, ready.name, ready.arguments)
                    answer = self._execute(reviews)
                case event:
                    yield event

    def _reviewed(self, invocation: Invocation) -> Invocation | Outcome:
        return (
            invocation if self._approve is None else reviewed(invocation, self._approve(invocation))
        )

    def _execute(self, reviews: list[Invocation | Outcome]) -> list[Outcome]:
        pool = ThreadPoolExecutor(
            max_workers=min(MAX_PARALLEL, len(reviews)), thread_name_prefix="tool"
        )
        try:
            begun = [
                pool.submit(
                    contextvars.copy_context().run, _called, self._loop.functions[ready.name], ready
                )
                if isinstance(ready, Invocation)
                else ready
                for ready in reviews
            ]
            latest = None if self._timeout is None else time.monotonic() + self._timeout
            return [
                self._awaited(one, ready, latest) for one, ready in zip(begun, reviews, strict=True)
            ]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _awaited(self, one: Future[Any] | Outcome, ready: Any, latest: float | None) -> Outcome:
        if isinstance(one, Outcome):
            return one
        left = None if latest is None else max(0.0, latest - time.monotonic())
        try:
            return Outcome(ready.id, ready.name, content_of(one.result(left)), "done")
        except FutureTimeout:
            return (
                too_late(ready, self._timeout or 0.0)
                if not one.done()
                else failed(ready, TimeoutError())
            )
        except Exception as error:
            return failed(ready, error)


def _called(runnable: Runnable, invocation: Invocation) -> Any:
    """The function's value; a coroutine gets a loop of its own."""
    value = runnable(invocation.arguments)
    return asyncio.run(_value(value)) if inspect.isawaitable(value) else value


async def _value(awaitable: Any) -> Any:
    return await awaitable


class AsyncLoopRun(BaseRun):
    """As `LoopRun`, for `async for`. Asynchronous functions run in this loop, the others in threads."""

    async def until_done(self) -> Self:
        """Run to the end."""
        async for _ in self:
            pass
        return self

    async def __aiter__(self) -> AsyncIterator[Any]:
        flow = self._loop.flow()
        answer: Any = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration:
                return
            answer = None
            match step:
                case Turn(messages):
                    async with await self._asked(messages) as stream:
                        async for event in self._told(stream):
                            yield event
                    answer = self._come_of(stream)
                case Execute(invocations):
                    reviews = [await self._reviewed(invocation) for invocation in invocations]
                    for ready in reviews:
                        if isinstance(ready, Invocation):
                            yield ToolStarted(ready.id, ready.name, ready.arguments)
                    answer = await self._execute(reviews)
                case event:
                    yield event

    async def _reviewed(self, invocation: Invocation) -> Invocation | Outcome:
        if self._approve is None:
            return invocation
        verdict = self._approve(invocation)
        return reviewed(invocation, await verdict if inspect.isawaitable(verdict) else verdict)

    async def _execute(self, reviews: list[Invocation | Outcome]) -> list[Outcome]:
        import anyio

        outcomes: list[Any] = [ready if isinstance(ready, Outcome) else None for ready in reviews]
        limit = anyio.CapacityLimiter(MAX_PARALLEL)

        async def run(at: int, ready: Invocation) -> None:
            outcomes[at] = await self._one(ready, limit)

        async with anyio.create_task_group() as tasks:
            for at, ready in enumerate(reviews):
                if isinstance(ready, Invocation):
                    tasks.start_soon(run, at, ready)
        return outcomes

    async def _one(self, ready: Invocation, limit: Any) -> Outcome:
        import anyio

        runnable = self._loop.functions[ready.name]
        value: Any = None
        try:
            with anyio.move_on_after(self._timeout) as scope:
                async with limit:
                    if runnable.asynchronous:
                        value = runnable(ready.arguments)
                    else:
                        value = await anyio.to_thread.run_sync(
                            runnable, ready.arguments, abandon_on_cancel=True
                        )
                    if inspect.isawaitable(value):
                        value = await value
                return Outcome(ready.id, ready.name, content_of(value), "done")
        except Exception as error:
            return failed(ready, error)
        assert scope.cancelled_caught
        return too_late(ready, self._timeout or 0.0)


class _OfChat(BaseRun):
    """Turns are chat completions."""

    _loop: ToolLoop

    def __init__(
        self,
        completions: Completions | AsyncCompletions,
        loop: ToolLoop,
        params: dict[str, Any],
        approve: Approve | None,
        timeout: float | None,
    ):
        super().__init__(loop, approve, timeout)
        self._completions: Any = completions
        self._params = {**params, "tools": loop.offered}

    @property
    def messages(self) -> list[Any]:
        """The conversation so far, fit to be sent again."""
        return self._loop.messages

    @property
    def result(self) -> Result | None:
        """The last answer."""
        return self._loop.result

    def _asked(self, messages: list[Any]) -> Any:
        return self._completions.create(messages=messages, stream=True, **self._params)

    def _told(self, stream: Any) -> Any:
        return stream.events()

    def _come_of(self, stream: Any) -> Any:
        return stream.result


class ToolRun(_OfChat, LoopRun):
    """A run of the tool loop. Iterate over it for the events of each stream, and `RoundStarted`, `ToolStarted`, `ToolAnswered`
    and `RunFinished`. Breaking off frees the connection at once; a function that runs then is left to end by itself."""


class AsyncToolRun(_OfChat, AsyncLoopRun):
    """As `ToolRun`, for `async for`. Asynchronous functions run in this loop, the others in threads."""
