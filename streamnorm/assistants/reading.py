"""The frames of an Assistants stream as the SDK's objects. No I/O: frames come from wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from streamnorm.assistants.types.stream_event import AssistantStreamEvent, event_of
from streamnorm.dialects.assistants.variants import braces_off, listed_parts
from streamnorm.dialects.failure import failure_in
from streamnorm.errors import StreamInvalid
from streamnorm.sse import Frame

__all__ = ["events_in"]

_DONE: Final = b"[DONE]"
_REFUSED: Final = (msgspec.DecodeError, UnicodeError, RecursionError)


def events_in(frames: Iterable[Frame]) -> Iterator[AssistantStreamEvent]:
    """The events of a stream, up to the one that ends it. Frames without data say nothing.

    Raises ServerError for an `error` in any shape but the API's own event, StreamInvalid for what is no JSON.
    """
    for frame in frames:
        data = frame.data.strip()
        if data == _DONE:
            return
        if data:
            yield _event(frame)


def _event(frame: Frame) -> AssistantStreamEvent:
    value = _loaded(frame)
    if isinstance(value, dict):
        failure = failure_in(value, "message") if value.get("error") else None
        if failure is not None:
            raise failure.exception()
        value = listed_parts(value) or value
    return event_of(frame.event, value)


def _loaded(frame: Frame) -> Any:
    """The frame's JSON, without the braces that some write behind it."""
    try:
        return msgspec.json.decode(frame.data)
    except _REFUSED:
        pass
    try:
        return msgspec.json.decode(braces_off(frame.data) or b"")
    except _REFUSED:
        words = f"the event {frame.event!r} has data that is no JSON: {frame.text[:200]!r}"
        raise StreamInvalid(words) from None
