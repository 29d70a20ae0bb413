"""The events of a run's stream, each with the object it is about; what an event with another name is, and how to tell one
from its name and its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from streamnorm.assistants.types.message import Message
from streamnorm.assistants.types.message_delta import MessageDeltaEvent
from streamnorm.assistants.types.run import Run
from streamnorm.assistants.types.run_step import RunStep
from streamnorm.assistants.types.run_step_delta import RunStepDeltaEvent
from streamnorm.assistants.types.thread import Thread
from streamnorm.dialects.chat.model import Model, Models

__all__ = [
    "AssistantStreamEvent",
    "ErrorEvent",
    "ErrorObject",
    "Misalignment",
    "MisalignmentSteer",
    "ThreadCreated",
    "ThreadMessageCompleted",
    "ThreadMessageCreated",
    "ThreadMessageDelta",
    "ThreadMessageInProgress",
    "ThreadMessageIncomplete",
    "ThreadRunCancelled",
    "ThreadRunCancelling",
    "ThreadRunCompleted",
    "ThreadRunCreated",
    "ThreadRunExpired",
    "ThreadRunFailed",
    "ThreadRunInProgress",
    "ThreadRunIncomplete",
    "ThreadRunQueued",
    "ThreadRunRequiresAction",
    "ThreadRunStepCancelled",
    "ThreadRunStepCompleted",
    "ThreadRunStepCreated",
    "ThreadRunStepDelta",
    "ThreadRunStepExpired",
    "ThreadRunStepFailed",
    "ThreadRunStepInProgress",
    "UnknownEvent",
    "event_of",
]


class MisalignmentSteer(Model, kw_only=True):
    message: str


class Misalignment(Model, kw_only=True):
    _models: ClassVar[Models] = {"steer": MisalignmentSteer}

    detailed_explanation: str | None = None
    error_type: str | None = None
    review_target: str | None = None
    steer: MisalignmentSteer | None = None


class ErrorObject(Model, kw_only=True):
    _models: ClassVar[Models] = {"misalignment": Misalignment}

    code: str | None = None
    message: str
    param: str | None = None
    type: str
    misalignment: Misalignment | None = None


class ThreadCreated(Model, kw_only=True):
    _models: ClassVar[Models] = {"data": Thread}

    data: Thread
    event: Literal["thread.created"]
    enabled: bool | None = None


class _RunEvent(Model, kw_only=True):
    _models: ClassVar[Models] = {"data": Run}

    data: Run


class ThreadRunCreated(_RunEvent, kw_only=True):
    event: Literal["thread.run.created"]


class ThreadRunQueued(_RunEvent, kw_only=True):
    event: Literal["thread.run.queued"]


class ThreadRunInProgress(_RunEvent, kw_only=True):
    event: Literal["thread.run.in_progress"]


class ThreadRunRequiresAction(_RunEvent, kw_only=True):
    event: Literal["thread.run.requires_action"]


class ThreadRunCompleted(_RunEvent, kw_only=True):
    event: Literal["thread.run.completed"]


class ThreadRunIncomplete(_RunEvent, kw_only=True):
    event: Literal["thread.run.incomplete"]


class ThreadRunFailed(_RunEvent, kw_only=True):
    event: Literal["thread.run.failed"]


class ThreadRunCancelling(_RunEvent, kw_only=True):
    event: Literal["thread.run.cancelling"]


class ThreadRunCancelled(_RunEvent, kw_only=True):
    event: Literal["thread.run.cancelled"]


class ThreadRunExpired(_RunEvent, kw_only=True):
    event: Literal["thread.run.expired"]


class _StepEvent(Model, kw_only=True):
    _models: ClassVar[Models] = {"data": RunStep}

    data: RunStep


class ThreadRunStepCreated(_StepEvent, kw_only=True):
    event: Literal["thread.run.step.created"]


class ThreadRunStepInProgress(_StepEvent, kw_only=True):
    event: Literal["thread.run.step.in_progress"]


class ThreadRunStepDelta(Model, kw_only=True):
    _models: ClassVar[Models] = {"data": RunStepDeltaEvent}

    data: RunStepDeltaEvent
    event: Literal["thread.run.step.delta"]


class ThreadRunStepCompleted(_StepEvent, kw_only=True):
    event: Literal["thread.run.step.completed"]


class ThreadRunStepFailed(_StepEvent, kw_only=True):
    event: Literal["thread.run.step.failed"]


class ThreadRunStepCancelled(_StepEvent, kw_only=True):
    event: Literal["thread.run.step.cancelled"]


class ThreadRunStepExpired(_StepEvent, kw_only=True):
    event: Literal["thread.run.step.expired"]


class _MessageEvent(Model, kw_only=True):
    _models: ClassVar[Models] = {"data": Message}

    data: Message


class ThreadMessageCreated(_MessageEvent, kw_only=True):
    event: Literal["thread.message.created"]


class ThreadMessageInProgress(_MessageEvent, kw_only=True):
    event: Literal["thread.message.in_progress"]


class ThreadMessageDelta(Model, kw_only=True):
    _models: ClassVar[Models] = {"data": MessageDeltaEvent}

    data: MessageDeltaEvent
    event: Literal["thread.message.delta"]


class ThreadMessageCompleted(_MessageEvent, kw_only=True):
    event: Literal["thread.message.completed"]


class ThreadMessageIncomplete(_MessageEvent, kw_only=True):
    event: Literal["thread.message.incomplete"]


class ErrorEvent(Model, kw_only=True):
    _models: ClassVar[Models] = {"data": ErrorObject}

    data: ErrorObject
    event: Literal["error"]


class UnknownEvent(Model, kw_only=True):
    """An event whose name is none of those here. `data` is all of its data, untouched."""

    data: Any
    event: str


AssistantStreamEvent = (
    ThreadCreated
    | ThreadRunCreated
    | ThreadRunQueued
    | ThreadRunInProgress
    | ThreadRunRequiresAction
    | ThreadRunCompleted
    | ThreadRunIncomplete
    | ThreadRunFailed
    | ThreadRunCancelling
    | ThreadRunCancelled
    | ThreadRunExpired
    | ThreadRunStepCreated
    | ThreadRunStepInProgress
    | ThreadRunStepDelta
    | ThreadRunStepCompleted
    | ThreadRunStepFailed
    | ThreadRunStepCancelled
    | ThreadRunStepExpired
    | ThreadMessageCreated
    | ThreadMessageInProgress
    | ThreadMessageDelta
    | ThreadMessageCompleted
    | ThreadMessageIncomplete
    | ErrorEvent
    | UnknownEvent
)

#: By name, the class of an event.
_CLASSES: Final[Mapping[str, Any]] = {
    "thread.created": ThreadCreated,
    "thread.run.created": ThreadRunCreated,
    "thread.run.queued": ThreadRunQueued,
    "thread.run.in_progress": ThreadRunInProgress,
    "thread.run.requires_action": ThreadRunRequiresAction,
    "thread.run.completed": ThreadRunCompleted,
    "thread.run.incomplete": ThreadRunIncomplete,
    "thread.run.failed": ThreadRunFailed,
    "thread.run.cancelling": ThreadRunCancelling,
    "thread.run.cancelled": ThreadRunCancelled,
    "thread.run.expired": ThreadRunExpired,
    "thread.run.step.created": ThreadRunStepCreated,
    "thread.run.step.in_progress": ThreadRunStepInProgress,
    "thread.run.step.delta": ThreadRunStepDelta,
    "thread.run.step.completed": ThreadRunStepCompleted,
    "thread.run.step.failed": ThreadRunStepFailed,
    "thread.run.step.cancelled": ThreadRunStepCancelled,
    "thread.run.step.expired": ThreadRunStepExpired,
    "thread.message.created": ThreadMessageCreated,
    "thread.message.in_progress": ThreadMessageInProgress,
    "thread.message.delta": ThreadMessageDelta,
    "thread.message.completed": ThreadMessageCompleted,
    "thread.message.incomplete": ThreadMessageIncomplete,
    "error": ErrorEvent,
}


def event_of(name: str, data: Any) -> AssistantStreamEvent:
    """The event of this name with the decoded JSON `data`; one that is unknown, or whose data is no object, keeps it as it
    is."""
    found = _CLASSES.get(name, UnknownEvent) if isinstance(data, dict) else UnknownEvent
    made: AssistantStreamEvent = found.from_dict({"data": data, "event": name})
    return made
