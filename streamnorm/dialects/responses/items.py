"""The output items of one response: which of them an event is about, and what each has said so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streamnorm.assemble import CallState
from streamnorm.dialects.responses.order import ItemOrder

__all__ = ["Item", "Items", "Said"]


class Said:
    """One text that comes in deltas, as it was sent."""

    __slots__ = ("_fragments", "length", "settled")

    def __init__(self) -> None:
        self._fragments: list[str] = []
        self.length = 0
        #: What the server said that the whole is, last.
        self.settled: str | None = None

    def add(self, fragment: str) -> None:
        self._fragments.append(fragment)
        self.length += len(fragment)

    @property
    def known(self) -> bool:
        """Something was said of it, be it that it is empty."""
        return self.length > 0 or self.settled is not None

    @property
    def text(self) -> str:
        """All of it, the halves of characters put together."""
        text = "".join(self._fragments)
        self._fragments = [text]
        if text.isascii():
            return text
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def rest(self, whole: str) -> str | None:
        """What `whole` has and the deltas had not; None where it does not begin as they do."""
        # Two halves are one character of the whole. Nothing is joined that cannot fit: this may be asked often.
        if self.length > 2 * len(whole):
            return None
        text = self.text
        return whole[len(text) :] if whole.startswith(text) else None


class Item:
    """One output item. `sent` is what it was added with."""

    __slots__ = (
        "_said",
        "call",
        "call_id",
        "cited",
        "done",
        "encrypted",
        "extra",
        "id",
        "index",
        "muted",
        "name",
        "opened",
        "order",
        "sent",
        "type",
    )

    def __init__(self, type: str, id: str, index: int | None, sent: dict[str, Any]) -> None:
        self.type = type
        self.id = id
        self.index = index
        self.sent = sent
        self.order = ItemOrder(type)
        self.done = False
        #: The call that it is, once its name is known.
        self.call: CallState | None = None
        self.name = ""
        self.call_id = ""
        self.extra: dict[str, Any] | None = None
        #: A call that the server makes itself.
        self.muted = False
        #: Its encrypted reasoning has been told.
        self.encrypted = False
        #: By part, how many annotations have been told.
        self.cited: dict[int, int] = {}
        #: Parts that opened with their text, and where.
        self.opened: list[tuple[int, dict[str, Any]]] = []
        self._said: dict[tuple[str, int], Said] = {}

    def said(self, channel: str, part: int = 0) -> Said:
        """What was said in one part of the item; asking for it begins it."""
        key = channel, part
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = Said()
        return said

    def parts(self, channel: str) -> set[int]:
        """The parts in which something was said."""
        return {part for name, part in self._said if name == channel}


class Items:
    """The items of a stream, in the order in which they came."""

    def __init__(self) -> None:
        self._all: list[Item] = []
        self._by_id: dict[str, Item] = {}
        self._by_index: dict[int, Item] = {}

    def __iter__(self) -> Iterator[Item]:
        return iter(self._all)

    def add(self, type: str, id: str, index: int | None, sent: dict[str, Any]) -> Item:
        item = Item(type, id, index, sent)
        self._all.append(item)
        if id:
            self._by_id[id] = item
        if index is not None:
            self._by_index[index] = item
        return item

    def with_id(self, id: str) -> Item | None:
        return self._by_id.get(id)

    def find(self, id: str, index: int | None, kind: str) -> Item | None:
        """The item that an event of this kind is about: the one of that id; or else, as some change ids on the way, the one
        in that place; or else, as some send neither, the last one; None where such an event cannot be about it."""
        if id in self._by_id:
            return self._by_id[id]
        item = None if index is None else self._by_index.get(index)
        if index is None and not id and self._all:
            item = self._all[-1]
        return item if item is not None and item.order.knows(kind) else None

    def pair(self, output: list[dict[str, Any]]) -> Iterator[tuple[Item | None, dict[str, Any]]]:
        """Each item of a finished response's output with the one that was streamed. Ids may have changed, and places: what
        has no id in common goes by its type, in order. None for what was never streamed."""
        named = {sent["id"]: sent for sent in reversed(output) if self._has(sent)}
        left: dict[str, list[Item]] = {}
        for item in reversed(self._all):
            if item.id not in named:
                left.setdefault(item.type, []).append(item)
        for sent in output:
            if not self._has(sent):
                same = left.get(type_of(sent))
                yield (same.pop() if same else None), sent
            elif named[sent["id"]] is sent:
                yield self._by_id[sent["id"]], sent

    def _has(self, sent: dict[str, Any]) -> bool:
        name = sent.get("id")
        return isinstance(name, str) and name in self._by_id


def type_of(sent: dict[str, Any]) -> str:
    kind = sent.get("type")
    return kind if isinstance(kind, str) else ""
