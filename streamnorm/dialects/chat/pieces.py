"""Canonical chunks on their way out. A piece that no repair touched is its own raw bytes; another is rendered, when somebody
asks, from its typed delta and the unknown fields of the chunk it came from."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streamnorm.assemble import StreamState
from streamnorm.dialects.chat.jsontext import reload
from streamnorm.dialects.chat.wire import OBJECT, Call, Choice, Delta, Function

__all__ = ["Origin", "Piece", "Slot"]


class Origin:
    """The chunk that a piece came from, as a dict; parsed only when a piece is rendered."""

    __slots__ = ("_data", "_obj")

    def __init__(self, data: bytes, obj: dict[str, Any] | None) -> None:
        self._data = data
        self._obj = obj

    @property
    def obj(self) -> dict[str, Any]:
        if self._obj is None:
            self._obj = reload(self._data)
        return self._obj


class Slot:
    """What a piece takes along from the chunk it came from.

    `raw`: the chunk's bytes, where the piece is all that the chunk says and nothing was changed. Unknown fields of the
    chunk, of its choice at `position` and its delta go with the first piece of each choice (`head`), those of the call
    at `call_at` with its piece. `role` goes with the first piece that says anything.
    """

    __slots__ = ("call_at", "head", "origin", "position", "raw", "role")

    def __init__(
        self,
        origin: Origin | None = None,
        *,
        raw: bytes | None = None,
        position: int = 0,
        call_at: int | None = None,
        head: bool = False,
        role: str | None = None,
    ) -> None:
        self.origin = origin
        self.raw = raw
        self.position = position
        self.call_at = call_at
        self.head = head
        self.role = role


class Piece:
    """One canonical chunk: the bytes as they came (`slot.raw`), or what `render` makes of the rest. `choice` is None for a
    chunk without choices."""

    __slots__ = ("choice", "slot", "usage")

    def __init__(
        self, slot: Slot, choice: Choice | None = None, usage: dict[str, Any] | None = None
    ) -> None:
        self.slot = slot
        self.choice = choice
        self.usage = usage

    def render(self, stream: StreamState) -> dict[str, Any]:
        """The canonical chunk as a dict, in the wire's order."""
        slot = self.slot
        origin = slot.origin.obj if slot.origin is not None else {}
        chunk: dict[str, Any] = {
            "id": stream.id,
            "object": OBJECT,
            "created": stream.created,
            "model": stream.model,
        }
        if self.slot.head:
            _keep_unknown(chunk, origin, _KNOWN_OF_CHUNK)
        chunk["choices"] = [] if self.choice is None else [self._choice(self.choice, origin)]
        if self.usage is not None:
            chunk["usage"] = self.usage
        return chunk

    def encode(self, stream: StreamState) -> bytes:
        return (
            self.slot.raw if self.slot.raw is not None else msgspec.json.encode(self.render(stream))
        )

    def _choice(self, choice: Choice, origin: dict[str, Any]) -> dict[str, Any]:
        source = _at(origin.get("choices"), self.slot.position)
        delta = source.get("delta") or source.get("message") or {}
        rendered: dict[str, Any] = {
            "index": choice.index,
            "delta": self._delta(choice.delta, delta),
        }
        if self.slot.head:
            _keep_unknown(rendered, source, _KNOWN_OF_CHOICE)
        if choice.logprobs is not None:
            rendered["logprobs"] = choice.logprobs
        rendered["finish_reason"] = choice.finish_reason
        return rendered

    def _delta(self, delta: Delta, source: dict[str, Any]) -> dict[str, Any]:
        rendered: dict[str, Any] = {
            name: value for name in _PLAIN_OF_DELTA if (value := getattr(delta, name)) is not None
        }
        if self.slot.head:
            _keep_unknown(rendered, source, _KNOWN_OF_DELTA)
        if delta.tool_calls:
            calls = source.get("tool_calls")
            origin = _at(calls, self.slot.call_at) if self.slot.call_at is not None else {}
            rendered["tool_calls"] = [_call(call, origin) for call in delta.tool_calls]
        if delta.function_call is not None:
            rendered["function_call"] = _fields(delta.function_call)
        return rendered


def _call(call: Call, source: dict[str, Any]) -> dict[str, Any]:
    rendered: dict[str, Any] = {"index": call.index}
    if call.id is not None:
        rendered["id"] = call.id
    if call.type is not None:
        rendered["type"] = call.type
    _keep_unknown(rendered, source, _KNOWN_OF_CALL)
    if call.extra_content is not None:
        rendered["extra_content"] = call.extra_content
    if call.function is not None:
        rendered["function"] = _fields(call.function)
    if call.custom is not None:
        rendered["custom"] = _fields(call.custom)
    return rendered


def _fields(body: Function | Any) -> dict[str, Any]:
    return {
        name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not None
    }


def _at(items: Any, position: int) -> dict[str, Any]:
    item = items[position] if isinstance(items, list) and position < len(items) else None
    return item if isinstance(item, dict) else {}


def _keep_unknown(target: dict[str, Any], source: dict[str, Any], known: frozenset[str]) -> None:
    target.update((key, value) for key, value in source.items() if key not in known)


_PLAIN_OF_DELTA: Final = (
    "role",
    "content",
    "refusal",
    "reasoning_content",
    "audio",
    "annotations",
    "reasoning_details",
)
_KNOWN_OF_CHUNK: Final = frozenset({"id", "object", "created", "model", "choices", "usage"})
#: A message beside a delta only repeats it: in normal form there is none.
_KNOWN_OF_CHOICE: Final = frozenset(
    {"index", "delta", "message", "finish_reason", "logprobs", "usage"}
)
_KNOWN_OF_DELTA: Final = frozenset({*_PLAIN_OF_DELTA, "tool_calls", "function_call"})
_KNOWN_OF_CALL: Final = frozenset(
    {"index", "id", "type", "function", "custom", "name", "arguments"}
)
