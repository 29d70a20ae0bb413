"""The function calls of one run: which of them a delta or the run itself is about, and what each has said so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streamnorm.assemble import CallState
from streamnorm.dialects.responses.items import Said

__all__ = ["Calls", "FunctionCall"]


class FunctionCall:
    """One call. `state` is there once its name is known."""

    __slots__ = ("id", "name", "said", "state")

    def __init__(self, id: str = "") -> None:
        self.id = id
        self.name = ""
        self.said = Said()
        self.state: CallState | None = None


class Calls:
    """The calls of a run, in the order in which they came."""

    def __init__(self) -> None:
        self._all: list[FunctionCall] = []
        self._by_place: dict[tuple[str, int], FunctionCall] = {}

    def __iter__(self) -> Iterator[FunctionCall]:
        return iter(self._all)

    def at(self, step: str, index: int) -> FunctionCall:
        """The call in this place of a step; asking for it begins it."""
        call = self._by_place.get((step, index))
        if call is None:
            call = self._by_place[step, index] = self.begin()
        return call

    def begin(self, id: str = "") -> FunctionCall:
        call = FunctionCall(id)
        self._all.append(call)
        return call

    def pair(self, required: list[dict[str, Any]]) -> Iterator[tuple[FunctionCall, dict[str, Any]]]:
        """Each call that a run requires with the one that was streamed: by its id, or the first whose id is no other's; a new
        one where there is none."""
        named = {call.id: call for call in self._all if call.id}
        ids = {sent["id"] for sent in required if isinstance(sent.get("id"), str)}
        left = [call for call in reversed(self._all) if call.id not in ids]
        for sent in required:
            name = sent.get("id")
            known = named.get(name) if isinstance(name, str) else None
            yield known or (left.pop() if left else self.begin()), sent
