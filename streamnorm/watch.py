"""The arguments of a stream's calls, watched while they come and judged when they end: events in, events out, with those between
that tell of values and verdicts. Knows events, not chunks."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from streamnorm.arguments.live import LiveArguments, Path
from streamnorm.assemble import Result
from streamnorm.events import (
    ArgumentsDelta,
    ArgumentsRejected,
    Event,
    FieldCompleted,
    ToolCallFinished,
    ToolCallStarted,
)
from streamnorm.findings import MAX_SEEN, Findings
from streamnorm.repairs.order import (
    ToolArgumentsDuplicate,
    ToolArgumentsInvalid,
    ToolUnknown,
)

if TYPE_CHECKING:
    from streamnorm.arguments.reject import Rejector
    from streamnorm.arguments.validate import Validation
    from streamnorm.tools import ToolSet

__all__ = ["Watch"]


class _Call:
    """One call while it streams."""

    __slots__ = ("live", "rejected", "rejector")

    def __init__(self, rejector: Rejector | None) -> None:
        self.live = LiveArguments()
        self.rejector = rejector
        self.rejected = False
        if rejector is not None:
            self.live.names = []


class Watch:
    """Watches the calls of one stream. `live`: tell of values; `tools`: judge the arguments by them, and note what is wrong."""

    def __init__(self, findings: Findings, *, live: bool, tools: ToolSet | None) -> None:
        self._findings = findings
        self._tell = live
        self._tools = tools
        self._calls: dict[tuple[int, int], _Call] = {}
        self._verdicts: dict[tuple[int, int], Validation] = {}

    def arguments(self, index: int, choice: int) -> LiveArguments | None:
        """The live arguments of a call; None where there is none, or where they are free text."""
        call = self._calls.get((choice, index))
        return call.live if call is not None else None

    def told(self, events: list[Event]) -> list[Event]:
        """`events`, with what is to be said of their calls."""
        watched: list[Event] = []
        for event in events:
            if isinstance(event, ToolCallFinished) and self._tools is not None:
                event = self._judged(event, self._tools)
            watched.append(event)
            if isinstance(event, ToolCallStarted):
                self._begin(event, watched)
            elif isinstance(event, ArgumentsDelta):
                call = self._calls.get((event.choice, event.index))
                if call is not None:
                    self._read(call, event, watched)
        return watched

    def judged(self, result: Result) -> Result:
        """The result, with the verdicts on its calls."""
        if not self._verdicts:
            return result
        replace = msgspec.structs.replace
        choices = []
        for choice in result.choices:
            calls = [
                replace(call, validation=self._verdicts.get((choice.index, index)))
                for index, call in enumerate(choice.message.tool_calls)
            ]
            choices.append(replace(choice, message=replace(choice.message, tool_calls=calls)))
        return replace(result, choices=choices)

    def _begin(self, event: ToolCallStarted, watched: list[Event]) -> None:
        tools = self._tools
        if tools is not None and self._is_unknown(event.name, tools):
            message = str(tools.validate(event.name, "{}").errors[0])
            watched.append(ArgumentsRejected(event.choice, event.index, (), message))
        if event.type != "custom":
            rejector = tools.rejector(event.name) if tools is not None else None
            self._calls[event.choice, event.index] = _Call(rejector)

    def _read(self, call: _Call, event: ArgumentsDelta, watched: list[Event]) -> None:
        completed = call.live.feed(event.fragment)
        names = deque(call.live.names or ())
        for at, done in enumerate(completed):
            while names and names[0][0] <= at:
                self._reject_name(call, event, names.popleft()[1], watched)
            if self._tell:
                told = FieldCompleted(event.choice, event.index, done.path, done.value)
                watched.append(told)
            if call.rejector is not None and not call.rejected:
                problem = call.rejector.value(done.path, done.value)
                self._reject(call, event, done.path, problem, watched)
        for _, path in names:
            self._reject_name(call, event, path, watched)

    def _reject_name(
        self, call: _Call, event: ArgumentsDelta, path: Path, watched: list[Event]
    ) -> None:
        if call.rejector is not None and not call.rejected:
            self._reject(call, event, path, call.rejector.name(path), watched)

    @staticmethod
    def _reject(
        call: _Call,
        event: ArgumentsDelta,
        path: Path,
        problem: str | None,
        watched: list[Event],
    ) -> None:
        if problem is not None:
            call.rejected = True
            watched.append(ArgumentsRejected(event.choice, event.index, path, problem))

    def _judged(self, event: ToolCallFinished, tools: ToolSet) -> ToolCallFinished:
        if event.name not in tools and not self._is_unknown(event.name, tools):
            return event
        verdict = tools.validate(event.name, event.arguments)
        self._verdicts[event.choice, event.index] = verdict
        if event.name not in tools:
            self._note(ToolUnknown.code, event, verdict.errors[0])
        elif event.complete and not verdict.ok:
            self._note(ToolArgumentsInvalid.code, event, verdict.errors[0])
        if event.complete and verdict.notes:
            self._note(ToolArgumentsDuplicate.code, event, verdict.notes[0])
        return msgspec.structs.replace(event, validation=verdict)

    @staticmethod
    def _is_unknown(name: str, tools: ToolSet) -> bool:
        """No such tool was offered. A tool that the provider runs may bring others along, so where there is one, who knows."""
        return name not in tools and not tools.hosted

    def _note(self, code: str, event: ToolCallFinished, problem: Any) -> None:
        # Verdicts belong to no chunk: which one is at hand when they are made depends on how the bytes were cut.
        seen = event.arguments[:MAX_SEEN].encode("utf-8", "replace")
        detail = f"call {event.index} {event.name[:80]!r}: {problem}"[:500]
        self._findings.note(code, detail, seen=seen, chunk=0)
