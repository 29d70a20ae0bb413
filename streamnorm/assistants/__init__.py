"""The Assistants API without its service: the objects, and the handlers that follow a run's events. No I/O."""

from streamnorm.assistants.handler import (
    AssistantEventHandler,
    AssistantStreamManager,
    AsyncAssistantEventHandler,
    AsyncAssistantStreamManager,
    HandlerError,
)
from streamnorm.assistants.reading import events_in
from streamnorm.assistants.types.stream_event import AssistantStreamEvent, event_of

__all__ = [
    "AssistantEventHandler",
    "AssistantStreamEvent",
    "AssistantStreamManager",
    "AsyncAssistantEventHandler",
    "AsyncAssistantStreamManager",
    "HandlerError",
    "event_of",
    "events_in",
]
