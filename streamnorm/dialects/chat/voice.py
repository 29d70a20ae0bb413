"""What the readers of one stream share: where the delta at hand stands, and where they speak."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final

from streamnorm.assemble import StreamState
from streamnorm.dialects.chat.pieces import Origin, Slot
from streamnorm.events import FinishReason
from streamnorm.findings import Findings

__all__ = ["FINISH_REASONS", "NOWHERE", "NOWHERE_WILD", "Place", "Voice"]

#: Raw finish reasons and what they mean. None: the server gave up, which is a failure. One that is not here becomes
#: `other` and a finding; a profile may add to this table.
FINISH_REASONS: Final[Mapping[str, FinishReason | None]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "tool_calls",
    "eos": "stop",
    "eos_token": "stop",
    "end": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "COMPLETE": "stop",
    "STOP": "stop",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "TOOL_CALL": "tool_calls",
    "sensitive": "content_filter",
    "safety": "content_filter",
    "SAFETY": "content_filter",
    "refusal": "content_filter",
    "abort": None,
    "error": None,
    "network_error": None,
    "insufficient_system_resource": None,
}


class Place:
    """Where the delta being read stands, and what of its chunk has been used up. `wild`: its text may
    hold half characters."""

    __slots__ = (
        "_data",
        "_findings",
        "_head",
        "_mark",
        "origin",
        "position",
        "role",
        "whole",
        "wild",
    )

    def __init__(
        self,
        data: bytes,
        obj: dict[str, Any] | None,
        findings: Findings,
        mark: int,
        *,
        wild: bool = False,
    ) -> None:
        self._data = data
        self._findings = findings
        self._mark = mark
        self._head = True
        self.origin = Origin(data, obj)
        self.wild = wild
        self.position = 0
        self.role: str | None = None
        #: The delta is all that its chunk says.
        self.whole = True

    def slot(self, call_at: int | None = None) -> Slot:
        """The place of the next piece: the first one takes along the role and the unknown fields. It is the chunk's own
        bytes where no repair has noted anything since the chunk came."""
        raw = self._data if self.whole and self._findings.total == self._mark else None
        slot = Slot(
            self.origin,
            raw=raw,
            position=self.position,
            call_at=call_at,
            head=self._head,
            role=self.role,
        )
        self._head = False
        self.role = None
        return slot

    @property
    def fresh(self) -> bool:
        """Nothing of this choice's delta has been used up."""
        return self._head

    def at(self, position: int) -> None:
        """Go on to the next choice of the chunk."""
        self.position = position
        self._head = True


class _Nowhere(Place):
    """The place of deltas whose pieces nobody wants: one for all, as there is nothing to remember."""

    __slots__ = ()

    def __init__(self, wild: bool) -> None:
        super().__init__(b"", None, Findings(), -1, wild=wild)

    def slot(self, call_at: int | None = None) -> Slot:  # noqa: ARG002 - overrides
        return _NO_SLOT


_NO_SLOT: Final = Slot()

#: For chunks without half characters, and for chunks that may have some.
NOWHERE: Final = _Nowhere(wild=False)
NOWHERE_WILD: Final = _Nowhere(wild=True)


class Voice:
    """Where a stream's readers speak: findings, canonical chunks where wanted, and the caller's choices.

    `unsafe` has the codes of the repairs that are not safe and were asked for, `tools` the schema of the parameters (or None) of
    each tool that was offered, where that is known. `pieces` collects the chunks (None: nobody wants them): a `Piece`, or from
    the fast path, which builds none, the chunk's bytes or the typed chunk that its decoder made.
    """

    __slots__ = (
        "final_names",
        "findings",
        "finish_reasons",
        "legacy",
        "own_reasons",
        "pieces",
        "stream",
        "tools",
        "unsafe",
    )

    def __init__(
        self,
        findings: Findings,
        stream: StreamState,
        *,
        final_names: frozenset[str] = frozenset(),
        own_reasons: Mapping[str, FinishReason | None] | None = None,
        legacy: bool = False,
        unsafe: Container[str] = (),
        tools: Mapping[str, dict[str, Any] | None] | None = None,
    ) -> None:
        self.findings = findings
        self.stream = stream
        self.pieces: list[Any] | None = None
        self.final_names = final_names
        #: The finish reasons that the profile adds to those of the dialect; for chat, both.
        self.own_reasons = own_reasons or {}
        self.finish_reasons = {**FINISH_REASONS, **self.own_reasons}
        self.legacy = legacy
        self.unsafe = unsafe
        self.tools = tools
