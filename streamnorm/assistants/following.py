"""What a handler knows of the stream it follows, and which of its callbacks each event is told to, with what and in which
order. Knows nothing of how a callback is called.

The order is that of the handlers in OpenAI's SDK, which code written for it relies on: `on_event` comes before anything is
known of the event, so that `current_run` is still the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from streamnorm.assistants.snapshots import add_parts, item_of, with_delta
from streamnorm.assistants.types.message import Message
from streamnorm.assistants.types.run import Run
from streamnorm.assistants.types.run_step import RunStep
from streamnorm.assistants.types.run_step_delta import ToolCallDeltaObject
from streamnorm.assistants.types.stream_event import (
    AssistantStreamEvent,
    ThreadMessageDelta,
    UnknownEvent,
)
from streamnorm.dialects.assistants.order import RUN_ENDS
from streamnorm.dialects.chat.model import Model
from streamnorm.errors import StreamInvalid

__all__ = ["Call", "Following", "texts_of"]

#: The name of a callback, and its arguments.
Call = tuple[str, tuple[Any, ...]]

_RUN_STATES: Final = tuple(
    f"thread.run.{name}" for name in ("created", "queued", "in_progress", "cancelling")
)
_STEP_ENDS: Final = tuple(
    f"thread.run.step.{name}" for name in ("completed", "cancelled", "expired", "failed")
)


class Following:
    """`event` is the one that callbacks are being called for, None between two. Steps and messages are by id, in the order in
    which they came, as far as they have come."""

    def __init__(self) -> None:
        self.event: AssistantStreamEvent | None = None
        self.run: Run | None = None
        self.steps: dict[str, RunStep] = {}
        self.messages: dict[str, Message] = {}
        self.message: Message | None = None
        self._step = ""
        self._part: tuple[int, Any] | None = None
        self._call: tuple[int, Any] | None = None

    @property
    def step(self) -> RunStep | None:
        return self.steps[self._step] if self._step else None

    def calls_for(self, event: AssistantStreamEvent) -> Iterator[Call]:
        """The callbacks of an event. What is known moves on between them: each is to be called before the next is asked for.

        Raises StreamInvalid for a delta of what never began.
        """
        self.event = event
        yield "on_event", (event,)
        if not isinstance(event, UnknownEvent):
            yield from self._known_calls(event.event, event.data)
        self.event = None

    def _known_calls(self, kind: str, data: Any) -> Iterator[Call]:
        if kind.startswith("thread.message."):
            yield from self._message_calls(kind, data)
        elif kind.startswith("thread.run.step."):
            yield from self._step_calls(kind, data)
        elif kind in _RUN_STATES:
            self.run = data
        elif kind in RUN_ENDS:
            self.run = data
            yield from self._call_done()

    # Messages.

    def _message_calls(self, kind: str, data: Any) -> Iterator[Call]:
        match kind.removeprefix("thread.message."):
            case "created":
                self._keep(data)
                yield "on_message_created", (data,)
            case "delta":
                yield from self._message_delta(data)
            case "completed" | "incomplete":
                self._keep(data)
                parts = data.content if isinstance(data.content, list) else []
                if self._part is not None and self._part[0] < len(parts):
                    yield from _part_done(parts[self._part[0]])
                yield "on_message_done", (data,)

    def _keep(self, message: Message) -> None:
        self.message = self.messages[_id_of(message)] = message

    def _message_delta(self, data: Any) -> Iterator[Call]:
        message = self.message
        if message is None:
            raise StreamInvalid(f"a delta of the message {data.id!r}, which never began")
        parts = _listed(_told(data).content)
        for part in add_parts(message, parts):
            block = item_of(message.content, part, "part")
            if block.type == "text":
                yield "on_text_created", (block.text,)
        for part in parts:
            block = item_of(message.content, part, "part")
            if part.type == "text" and part.text:
                yield "on_text_delta", (part.text, block.text)
            if self._part is not None and self._part[0] != part.index:
                yield from _part_done(self._part[1])
            self._part = part.index, block
        yield "on_message_delta", (data.delta, message)

    # Steps.

    def _step_calls(self, kind: str, data: Any) -> Iterator[Call]:
        if kind == "thread.run.step.created":
            self._step = _id_of(data)
            self.steps[self._step] = data
            yield "on_run_step_created", (data,)
        elif kind == "thread.run.step.in_progress":
            self._step = _id_of(data) if _id_of(data) in self.steps else ""
        elif kind == "thread.run.step.delta":
            yield from self._step_delta(data)
        elif kind in _STEP_ENDS:
            yield from self._call_done()
            yield "on_run_step_done", (data,)
            self._step = ""

    def _step_delta(self, data: Any) -> Iterator[Call]:
        name = _id_of(data)
        if name not in self.steps:
            raise StreamInvalid(f"a delta of the step {name!r}, which never began")
        step = self.steps[name] = with_delta(self.steps[name], _told(data))
        details: Any = data.delta.step_details
        if isinstance(details, ToolCallDeltaObject):
            for delta in _listed(details.tool_calls):
                yield from self._call_delta(delta, step)
        yield "on_run_step_delta", (data.delta, step)

    def _call_delta(self, delta: Any, step: Any) -> Iterator[Call]:
        """A call's first delta creates it and is told as nothing else."""
        call = item_of(getattr(step.step_details, "tool_calls", None), delta, "call")
        if self._call is not None and self._call[0] == delta.index:
            yield "on_tool_call_delta", (delta, call)
            self._call = delta.index, call
            return
        yield from self._call_done()
        self._call = delta.index, call
        yield "on_tool_call_created", (call,)

    def _call_done(self) -> Iterator[Call]:
        """The last call is told as done, as often as something ends behind it."""
        if self._call is not None:
            yield "on_tool_call_done", (self._call[1],)


def _id_of(data: Any) -> str:
    if not isinstance(data.id, str):
        raise StreamInvalid(f"a {data.object!r} with the id {data.id!r}: a text is needed")
    return data.id


def _listed(items: Any) -> list[Any]:
    """A list that may be null. Raises StreamInvalid for what is none."""
    if items is not None and not isinstance(items, list):
        raise StreamInvalid(f"a list is needed where {items!r:.80} came")
    return items or []


def _told(data: Any) -> Any:
    if not isinstance(data.delta, Model):
        raise StreamInvalid(f"a delta of {data.id!r} that says nothing: {data.delta!r}")
    return data.delta


def _part_done(part: Any) -> Iterator[Call]:
    kind = getattr(part, "type", None)
    if kind == "text":
        yield "on_text_done", (part.text,)
    elif kind == "image_file":
        yield "on_image_file_done", (part.image_file,)


def texts_of(event: AssistantStreamEvent) -> Iterator[str]:
    """The text that an event adds to a message."""
    if isinstance(event, ThreadMessageDelta):
        for part in _listed(_told(event.data).content):
            value = getattr(part.text, "value", None) if part.type == "text" else None
            if isinstance(value, str) and value:
                yield value
