"""A run of an assistant to its end, in one loop: its streams one after the other, and between them the functions it calls."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from streamnorm.assemble import ToolCall
from streamnorm.assistants.types.run import Run
from streamnorm.assistants.types.tools import FunctionTool
from streamnorm.client.beta.reading import RunNormalizer
from streamnorm.client.tool_loop.events import (
    Invocation,
    Outcome,
    RoundStarted,
    RunFinished,
    ToolAnswered,
    Turn,
)
from streamnorm.client.tool_loop.loop import CallLoop, Runnable, runnables
from streamnorm.client.tool_loop.run import Approve, AsyncLoopRun, BaseRun, LoopRun
from streamnorm.errors import LocalError
from streamnorm.tools import ToolSet

if TYPE_CHECKING:
    from streamnorm.client.beta.runs import AsyncRuns, Runs

__all__ = ["AsyncThreadToolRun", "Functions", "ThreadLoop", "ThreadToolRun"]

#: Functions, which become the run's tools; or by name, for the tools that the run has anyway.
Functions = Sequence[Callable[..., Any]] | Mapping[str, Callable[..., Any]]

#: Arguments that each request of a run is sent with; the rest is the run's own.
_ABOUT: Final = ("extra_headers", "extra_query", "timeout")

_Reason = Literal[
    "done", "max_rounds", "length", "content_filter", "failed", "cancelled", "expired"
]

#: By how a run rests, why its loop is over; one that is incomplete was cut, by a filter or a limit.
_REASONS: Final[Mapping[str, _Reason]] = {
    "requires_action": "max_rounds",
    "failed": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
}


class Rested(msgspec.Struct, frozen=True):
    """What a stream came to: the run as it rests, and the calls that it waits for."""

    run: Run | None
    calls: list[ToolCall]
    reason: _Reason


class ThreadLoop(CallLoop):
    """The loop of one run. The first turn begins it, the messages of the others are outputs. `run` is the run as its last
    event had it."""

    def __init__(self, functions: Functions, max_rounds: int) -> None:
        """Raises LocalError where there is to be no round, ToolError for a function that can be no tool."""
        self.run: Run | None = None
        self.offered: list[dict[str, Any]] | None = None
        if isinstance(functions, Mapping):
            found = {name: Runnable(made, typed=False) for name, made in functions.items()}
            super().__init__(ToolSet(()), found, max_rounds)
            return
        self.offered, found = runnables(functions, {})
        super().__init__(ToolSet(self.offered), found, max_rounds)

    def flow(self) -> Generator[Any, Any, None]:
        if self.rounds:
            raise LocalError(
                "this run was iterated over before: runs.retrieve() says where it stands"
            )
        outputs: list[Any] = []
        while True:
            self.rounds += 1
            yield RoundStarted(self.rounds)
            rested: Rested = yield Turn(outputs)
            self.run = rested.run
            if not rested.calls or self.rounds == self._max_rounds:
                yield RunFinished(rested.reason, self.rounds)
                return
            self._learn()
            outputs = []
            for outcome in (yield from self._answers(rested.calls)):
                outputs.append({"tool_call_id": outcome.id, "output": outcome.content})
                yield ToolAnswered(outcome)

    def _learn(self) -> None:
        """The calls are judged by the run's own tools, where the functions did not bring theirs. Raises ToolError for tools that
        are none."""
        if self.offered is None and not self.tools and self.run is not None:
            told = self.run.tools if isinstance(self.run.tools, list) else []
            self.tools = ToolSet(
                [tool.to_dict() for tool in told if isinstance(tool, FunctionTool)]
            )

    def _judge(self, call: ToolCall) -> Invocation | Outcome:
        judged = super()._judge(call)
        if isinstance(judged, Invocation) and call.name not in self.functions:
            raise LocalError(
                f"the run calls {call.name!r}, for which there is no function: give one in functions={{{call.name!r}: ...}}; "
                "the run waits for its output until it expires"
            )
        return judged


class _OfThread(BaseRun):
    """Turns are streams of one run: the first begins it, the others go on with it."""

    _loop: ThreadLoop

    def __init__(
        self,
        runs: Runs | AsyncRuns,
        loop: ThreadLoop,
        params: dict[str, Any],
        approve: Approve | None,
        timeout: float | None,
    ):
        super().__init__(loop, approve, timeout)
        self._runs: Any = runs
        self._params = params if loop.offered is None else {"tools": loop.offered, **params}

    @property
    def run(self) -> Run | None:
        """The run as its last stream left it."""
        return self._loop.run

    def _asked(self, messages: list[Any]) -> Any:
        run = self._loop.run
        if run is None:
            return self._runs.create(stream=True, **self._params)
        about = {name: self._params[name] for name in _ABOUT if name in self._params}
        return self._runs.submit_tool_outputs(
            run.id, thread_id=run.thread_id, tool_outputs=messages, stream=True, **about
        )

    def _told(self, stream: Any) -> Any:
        return stream

    def _come_of(self, stream: Any) -> Rested:
        read: RunNormalizer = stream._reading.normalizer
        message = read.result.message
        calls = message.tool_calls if read.state == "requires_action" else []
        cut = read.result.choices[0].finish_reason if read.state == "incomplete" else None
        if cut is not None:
            reason: _Reason = "content_filter" if cut == "content_filter" else "length"
        else:
            reason = _REASONS.get(read.state, "done")
        return Rested(read.run, calls, reason)


class ThreadToolRun(_OfThread, LoopRun):
    """A run to its end. Iterate over it once, for the `thread.*` events of each stream, and `RoundStarted`, `ToolStarted`,
    `ToolAnswered` and `RunFinished`. Breaking off frees the connection at once; the run itself goes on."""


class AsyncThreadToolRun(_OfThread, AsyncLoopRun):
    """As `ThreadToolRun`, for `async for`."""
