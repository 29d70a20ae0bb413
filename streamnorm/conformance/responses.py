"""The frames of a Responses stream, told apart: the events in their order, and each output item with what was said in it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from streamnorm.conformance.chat import dicts, is_integer
from streamnorm.conformance.frames import SeenFrame

__all__ = ["TERMINAL", "ItemSeen", "ResponsesStream"]

#: The events that end a stream; `error` is the last that one may have without a response.
TERMINAL: Final = ("response.completed", "response.incomplete", "response.failed", "error")


class ItemSeen:
    """One output item: the frames of its opening and of its end, the item as each of them has it, and the events between."""

    def __init__(self, index: Any, opened: SeenFrame) -> None:
        self.index = index
        self.opened = opened
        self.added: dict[str, Any] = _object(opened.value.get("item"))
        self.closed: SeenFrame | None = None
        self.done: dict[str, Any] = {}
        self.events: list[SeenFrame] = []

    @property
    def type(self) -> str:
        return str(self.added.get("type", ""))

    def joined(self, kind: str, content: int = 0) -> str:
        """The deltas of a kind, joined; those of one part of the content."""
        return "".join(self._deltas.get((kind, content), ()))

    @cached_property
    def _deltas(self) -> dict[tuple[str, Any], list[str]]:
        found: dict[tuple[str, Any], list[str]] = {}
        for frame in self.events:
            delta, content = frame.value.get("delta"), frame.value.get("content_index", 0)
            if isinstance(delta, str) and is_integer(content):
                found.setdefault((str(frame.value.get("type")), content), []).append(delta)
        return found


class ResponsesStream:
    """`events` are the frames whose data is an object; `stray` those of an item that was never opened, or is no longer open."""

    def __init__(self, frames: list[SeenFrame]) -> None:
        self.done = [frame for frame in frames if frame.is_done]
        self.events = [frame for frame in frames if isinstance(frame.value, dict)]
        self.terminal = [frame for frame in self.events if frame.value.get("type") in TERMINAL]
        self.stray: list[SeenFrame] = []
        self.unopened: list[SeenFrame] = []

    @property
    def failed(self) -> bool:
        """It ended in an error, or in a response that failed."""
        return any(frame.value["type"] in ("error", "response.failed") for frame in self.terminal)

    @property
    def final(self) -> dict[str, Any]:
        """The response as the last event has it; empty where there is none."""
        return _object(self.terminal[-1].value.get("response")) if self.terminal else {}

    @cached_property
    def items(self) -> list[ItemSeen]:
        """The items in the order in which they open."""
        items: list[ItemSeen] = []
        opened: dict[Any, ItemSeen] = {}
        for frame in self.events:
            kind, key = frame.value.get("type"), _key_of(frame.value)
            if kind == "response.output_item.added":
                opened[key] = item = ItemSeen(frame.value.get("output_index"), frame)
                items.append(item)
            elif kind == "response.output_item.done":
                self._close(opened.get(key), frame)
            elif key is not None:
                if key in opened and opened[key].closed is None:
                    opened[key].events.append(frame)
                else:
                    self.stray.append(frame)
        return items

    def _close(self, item: ItemSeen | None, frame: SeenFrame) -> None:
        if item is None or item.closed is not None:
            self.unopened.append(frame)
            return
        item.closed, item.done = frame, _object(frame.value.get("item"))

    def final_item(self, item: ItemSeen) -> dict[str, Any]:
        """The item as the final response has it: by its id, else by its place."""
        output = dicts(self.final.get("output"))
        named = item.added.get("id")
        if isinstance(named, str) and named in self._final_by_id:
            return self._final_by_id[named]
        at = item.index if is_integer(item.index) else -1
        same = output[at] if 0 <= at < len(output) else {}
        return same if same.get("type") == item.type else {}

    @cached_property
    def _final_by_id(self) -> dict[str, dict[str, Any]]:
        output = dicts(self.final.get("output"))
        return {each["id"]: each for each in output if isinstance(each.get("id"), str)}


def _key_of(event: dict[str, Any]) -> Any:
    """What says of which item an event is: its place, or where that is missing its id."""
    index = event.get("output_index")
    if is_integer(index):
        return index
    named = event.get("item_id") or _object(event.get("item")).get("id")
    return named if isinstance(named, str) else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
