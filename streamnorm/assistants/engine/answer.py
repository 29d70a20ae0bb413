"""One answer of the endpoint while it comes: its events become a message that is written, calls that are made, or both, and the
frames that tell of them. A delta costs a frame and nothing else."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamnorm.assistants.engine import frames, objects, progress
from streamnorm.assistants.engine.prompt import replay
from streamnorm.assistants.engine.steps import Broken, Step
from streamnorm.events import (
    ArgumentsDelta,
    ChoiceFinished,
    RefusalDelta,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    UsageReported,
)

if TYPE_CHECKING:
    from streamnorm.assistants.engine.flow import RunFlow
    from streamnorm.assistants.engine.store import Row, Rows

__all__ = ["Answer", "unfit"]

Told = tuple[str, dict[str, Any]]

_BROKE_OFF: Final = "The arguments broke off before they were whole."


class Part(msgspec.Struct):
    """A part of a message while it is written."""

    kind: type
    texts: list[str]
    frame: frames.Delta

    def body(self) -> dict[str, Any]:
        text = "".join(self.texts)
        if self.kind is TextDelta:
            return objects.text_part(text)
        return {"type": "refusal", "refusal": text}


class Writing(msgspec.Struct, frozen=True):
    """A message that is being written, and its step."""

    step_id: str
    message_id: str
    parts: list[Part]

    def content(self) -> list[dict[str, Any]]:
        return [part.body() for part in self.parts] or [objects.text_part("")]


class Answer:
    """What came. `broken`: why no more did; `reason`: the unified finish reason; `calls`: those that came whole, by
    index."""

    def __init__(self, flow: RunFlow, answer: Any) -> None:
        self.broken = answer if isinstance(answer, Broken) else None
        self.reason = ""
        self.usage: dict[str, Any] | None = None
        self.calls: dict[int, ToolCallFinished] = {}
        self.calls_id = ""
        self._answer = answer
        self._flow = flow
        self._writing: Writing | None = None
        self._part: Part | None = None
        self._written: list[str] = []
        self._arguments: dict[int, frames.Delta] = {}

    def read(self) -> Generator[Step, Any, None]:
        """Follow the answer to its end, or to where the run is to stop."""
        flow, now, due = self._flow, self._flow.now, self._flow.due
        piece = b""
        while self.broken is None:
            event = yield piece
            if event is None or flow.stopped or now() >= due:
                return
            kind = type(event)
            if kind is TextDelta or kind is RefusalDelta:
                part = self._part
                if part is None or part.kind is not kind:
                    piece = yield from self._begin_part(kind, event.text)
                else:
                    part.texts.append(event.text)
                    piece = part.frame(event.text)
            elif kind is ArgumentsDelta:
                piece = self._arguments[event.index](event.fragment)
            elif kind is ToolCallStarted:
                piece = yield from self._begin_call(event)
            else:
                piece = b""
                self._note(event)

    def _note(self, event: Any) -> None:
        match event:
            case ToolCallFinished():
                self.calls[event.index] = event
            case ChoiceFinished():
                self.reason = event.reason
            case UsageReported():
                self.usage = objects.usage_of(event.usage)
            case Broken():
                self.broken = event

    def _begin_part(self, kind: type, text: str) -> Generator[Step, Any, bytes]:
        told = b""
        if self._writing is None:
            told = frames.frames((yield self._flow.changing(self.begin_message)))
        assert self._writing is not None
        message_id, index = self._writing.message_id, len(self._writing.parts)
        if kind is TextDelta:
            first = frames.text_part(message_id, index, first=True)
            more = frames.text_part(message_id, index)
        else:
            first = more = frames.refusal_part(message_id, index)
        self._part = Part(kind, [text], more)
        self._writing.parts.append(self._part)
        return told + first(text)

    def _begin_call(self, event: ToolCallStarted) -> Generator[Step, Any, bytes]:
        told = b""
        if not self.calls_id:
            told = frames.frames((yield self._flow.changing(self._begin_calls)))
        self._arguments[event.index] = frames.call_part(self.calls_id, event.index)
        return told + frames.call_opened(self.calls_id, event.index, event.id, event.name)

    # What it does to the rows; each gives what is to be told.

    def begin_message(self, rows: Rows, run: Row) -> list[Told]:
        step, message = progress.begin_message(rows, run, self._flow.time)
        self._writing = Writing(step["id"], message["id"], [])
        self._written.append(message["id"])
        return [*_begun("thread.run.step", step), *_begun("thread.message", message)]

    def _begin_calls(self, rows: Rows, run: Row) -> list[Told]:
        told = self.close_message(rows)
        step = progress.begin_calls(rows, run, self._flow.time)
        self.calls_id = step["id"]
        return [*told, *_begun("thread.run.step", step)]

    def close_message(self, rows: Rows) -> list[Told]:
        """The message that is being written, if there is one, is whole."""
        writing, self._writing, self._part = self._writing, None, None
        if writing is None:
            return []
        step, message = progress.complete_message(
            rows, writing.step_id, writing.message_id, writing.content(), self._flow.time
        )
        return [("thread.message.completed", message), ("thread.run.step.completed", step)]

    # What it came to.

    @property
    def begun(self) -> int:
        """How many calls have begun."""
        return len(self._arguments)

    @property
    def says_nothing(self) -> bool:
        """No message and no call has begun."""
        return not self._written and not self.calls_id

    @property
    def open_ids(self) -> set[str]:
        """The steps and the message that have begun and not ended."""
        writing = self._writing
        return {self.calls_id, *((writing.step_id, writing.message_id) if writing else ())}

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """What is written so far, by the message's id."""
        return {self._writing.message_id: self._writing.content()} if self._writing else {}

    def made(self) -> list[dict[str, Any]]:
        """The calls, as a required action has them."""
        return [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for _, call in sorted(self.calls.items())
        ]

    def notes(self) -> dict[str, Any]:
        """What the next request repeats of it. `with`: the messages that were written before the calls."""
        return {"message": replay(self._answer.result.message), "with": self._written}


def unfit(calls: dict[int, ToolCallFinished]) -> dict[str, str]:
    """Why calls cannot be run, by their ids."""
    return {call.id: words for call in calls.values() if (words := _unfit(call))}


def _unfit(call: ToolCallFinished) -> str:
    verdict = call.validation
    if verdict is not None and not verdict.ok:
        return " ".join(problem.sentence for problem in verdict.errors) or _BROKE_OFF
    return "" if call.complete else _BROKE_OFF


def _begun(what: str, body: dict[str, Any]) -> list[Told]:
    return [(f"{what}.created", body), (f"{what}.in_progress", body)]
