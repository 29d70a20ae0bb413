"""What the data of an Assistants event is, by the event's name: one Struct for each kind of object, with the fields that say
something in a stream. Knows nothing of order, nor of what an event means.

Everything may be missing, and null is as good as that. What only whole objects have stays the JSON it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

__all__ = [
    "DONE",
    "EVENTS",
    "MESSAGE_EVENTS",
    "RUN_EVENTS",
    "STEP_EVENTS",
    "Error",
    "FunctionDelta",
    "Message",
    "MessageDelta",
    "MessageDeltaEvent",
    "PartDelta",
    "Run",
    "Step",
    "StepDelta",
    "StepDeltaEvent",
    "StepDetailsDelta",
    "TextDelta",
    "Thread",
    "ToolCallDelta",
    "decode",
]


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None = None


class Thread(_Data, frozen=True):
    """A thread; of it, a stream tells no more than that it is there."""


class Run(_Data, frozen=True):
    """A run as it stands."""

    model: str | None = None
    created_at: Any = None
    usage: Any = None
    last_error: Any = None
    incomplete_details: Any = None
    required_action: Any = None


class Step(_Data, frozen=True):
    """A step of a run as it stands."""


class Message(_Data, frozen=True):
    """A message as it stands: all of `content` once it is completed."""

    content: Any = None
    incomplete_details: Any = None


class TextDelta(msgspec.Struct, frozen=True):
    value: str | None = None
    annotations: list[Any] | None = None


class PartDelta(msgspec.Struct, frozen=True):
    """What is new of one part of a message: of the field that `type` names. Images come whole."""

    index: int | None = None
    type: str | None = None
    text: TextDelta | None = None
    refusal: str | None = None
    image_file: Any = None
    image_url: Any = None


class MessageDelta(msgspec.Struct, frozen=True):
    content: list[PartDelta] | None = None


class MessageDeltaEvent(_Data, frozen=True):
    delta: MessageDelta | None = None


class FunctionDelta(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None


class ToolCallDelta(msgspec.Struct, frozen=True):
    """What is new of one call of a step. Calls of `code_interpreter` and `file_search` the server makes and answers itself."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: FunctionDelta | None = None
    code_interpreter: Any = None
    file_search: Any = None


class StepDetailsDelta(msgspec.Struct, frozen=True):
    """`message_creation` names the message that the step writes; `tool_calls` are its calls."""

    type: str | None = None
    message_creation: Any = None
    tool_calls: list[ToolCallDelta] | None = None


class StepDelta(msgspec.Struct, frozen=True):
    step_details: StepDetailsDelta | None = None


class StepDeltaEvent(_Data, frozen=True):
    delta: StepDelta | None = None


class Error(msgspec.Struct, frozen=True):
    """The stream failed."""

    message: str = ""
    code: Any = None
    param: str | None = None
    type: str | None = None


def _named(beginning: str, names: str, data: type[msgspec.Struct]) -> dict[str, Any]:
    return {f"{beginning}.{name}": data for name in names.split()}


_STATES: Final = "created queued in_progress requires_action completed incomplete failed cancelling"
_STEPS: Final = "created in_progress completed failed cancelled expired"
_MESSAGES: Final = "created in_progress completed incomplete"

RUN_EVENTS: Final = _named("thread.run", f"{_STATES} cancelled expired", Run)
STEP_EVENTS: Final = {
    **_named("thread.run.step", _STEPS, Step),
    "thread.run.step.delta": StepDeltaEvent,
}
MESSAGE_EVENTS: Final = {
    **_named("thread.message", _MESSAGES, Message),
    "thread.message.delta": MessageDeltaEvent,
}

#: The last event, whose data is no JSON.
DONE: Final = "done"

#: By the name of an event, what its data is; the last one has none.
EVENTS: Final[Mapping[str, type[msgspec.Struct] | None]] = {
    "thread.created": Thread,
    **RUN_EVENTS,
    **STEP_EVENTS,
    **MESSAGE_EVENTS,
    "error": Error,
    DONE: None,
}


def decode(event: str, data: bytes) -> Any:
    """The Struct that an event's data is; of the last event, and of one that is not in `EVENTS`, the data itself.

    Raises msgspec.DecodeError where `data` is not what the event's name says.
    """
    struct = EVENTS.get(event)
    return data if struct is None else msgspec.json.decode(data, type=struct)
