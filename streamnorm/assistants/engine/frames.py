"""The events of a run as SSE frames. A delta's frame is put together from bytes, because there may be thousands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

__all__ = ["DONE", "call_opened", "call_part", "frame", "frames", "refusal_part", "text_part"]

_encode = msgspec.json.Encoder().encode

DONE: Final = b"event: done\ndata: [DONE]\n\n"


def frame(event: str, data: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event.encode(), _encode(data))


def frames(events: Iterable[tuple[str, Mapping[str, Any]]]) -> bytes:
    return b"".join(frame(event, data) for event, data in events)


class Delta:
    """The frames of one kind of delta of one object: what is the same in all of them, around what is new."""

    __slots__ = ("_after", "_before")

    def __init__(self, event: str, id: str, before: bytes, after: bytes) -> None:
        head = b'event: %b.delta\ndata: {"id":%b,"object":"%b.delta","delta":{'
        self._before = head % (event.encode(), _encode(id), event.encode()) + before
        self._after = after + b"}}\n\n"

    def __call__(self, text: str) -> bytes:
        return self._before + _encode(text) + self._after


def text_part(message_id: str, index: int, *, first: bool = False) -> Delta:
    """More of a text; `first` begins it."""
    part = b'"content":[{"index":%d,"type":"text","text":{"value":' % index
    return Delta("thread.message", message_id, part, b',"annotations":[]}}]' if first else b"}}]")


def refusal_part(message_id: str, index: int) -> Delta:
    part = b'"content":[{"index":%d,"type":"refusal","refusal":' % index
    return Delta("thread.message", message_id, part, b"}]")


_CALLS: Final = b'"step_details":{"type":"tool_calls","tool_calls":[{"index":%d,'


def call_part(step_id: str, index: int) -> Delta:
    """More of a call's arguments."""
    part = _CALLS % index + b'"type":"function","function":{"arguments":'
    return Delta("thread.run.step", step_id, part, b"}}]}")


def call_opened(step_id: str, index: int, id: str, name: str) -> bytes:
    """A call begins; its arguments follow."""
    part = _CALLS % index + b'"id":%b,"type":"function","function":{"name":' % _encode(id)
    made = Delta("thread.run.step", step_id, part, b',"arguments":"","output":null}}]}')
    return made(name)
