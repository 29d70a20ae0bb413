"""Which dialect a stream is of, by the first frame that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from streamnorm.errors import FrameTooLarge
from streamnorm.sse import Frame, FrameDecoder

__all__ = ["Sniffer", "dialect_of"]

#: Bytes that may wait for a frame that says what it is.
MAX_UNDECIDED: Final = 4 * 1024 * 1024

#: How the `type` of a dialect's events begins.
_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "responses": ("response.",),
    "anthropic": ("message_start", "message_delta", "message_stop", "content_block_"),
    "cohere": ("message-start", "content-start", "content-delta", "tool-plan-", "tool-call-"),
}
#: The same, of events that the frame names, where the data need not.
_EVENTS: Final[Mapping[str, str]] = {"assistants": "thread."}
#: How the `object` of a dialect's objects begins.
_OBJECTS: Final[Mapping[str, str]] = {"assistants": "thread"}
#: Keys that objects of a dialect without types have, all of one group.
_KEYS: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    "chat": (frozenset({"choices"}), frozenset({"error"})),
    "gemini": (
        frozenset({"candidates"}),
        frozenset({"promptFeedback"}),
        frozenset({"usageMetadata", "modelVersion"}),
    ),
    "ollama": (
        frozenset({"model", "message", "done"}),
        frozenset({"model", "response", "done"}),
    ),
}


class Sniffer:
    """Reads the beginning of a stream, in any pieces, until it says which dialect it is of."""

    def __init__(self) -> None:
        self._decoder = FrameDecoder(json_body=True, max_frame=MAX_UNDECIDED)
        self._read = 0

    def feed(self, data: bytes) -> str | None:
        """The dialect, None where more is needed; chat where nothing says otherwise for long."""
        self._read += len(data)
        try:
            found = _first(self._decoder.feed(data))
        except FrameTooLarge as error:
            found = _first(error.frames) or "chat"
        return found or ("chat" if self._read > MAX_UNDECIDED else None)

    def close(self) -> str:
        """The dialect, as nothing more will come."""
        return _first(self._decoder.close()) or "chat"


def _first(frames: Iterable[Frame]) -> str | None:
    return next((found for frame in frames if (found := dialect_of(frame.data, frame.event))), None)


def dialect_of(data: bytes, event: str = "") -> str | None:
    """The dialect of one frame's JSON, and of the event that the frame names; None where it could be of any."""
    for dialect, beginning in _EVENTS.items():
        if event.startswith(beginning):
            return dialect
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if isinstance(value, list) and value:
        value = value[0]
    return _of_object(value) if isinstance(value, dict) else None


def _of_object(obj: dict[str, Any]) -> str | None:
    kind = obj.get("type")
    for dialect, beginnings in _TYPES.items():
        if isinstance(kind, str) and kind.startswith(beginnings):
            return dialect
    name = obj.get("object")
    for dialect, beginning in _OBJECTS.items():
        if isinstance(name, str) and (name == beginning or name.startswith(beginning + ".")):
            return dialect
    inner = obj.get("response")
    for dialect, groups in _KEYS.items():
        for group in groups:
            if group <= obj.keys() or (isinstance(inner, dict) and group <= inner.keys()):
                return dialect
    return None
