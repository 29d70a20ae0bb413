"""Cohere's v2 chat streams: a message whose parts, content and calls, are opened, filled by deltas and closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from streamnorm.assemble import CallState
from streamnorm.dialects.base import DialectReader, Kinds
from streamnorm.dialects.chat.voice import Voice
from streamnorm.dialects.counts import count, usage_of
from streamnorm.dialects.failure import failure_in
from streamnorm.dialects.jsontext import ROOT, TEXT, Paths
from streamnorm.dialects.order import START, OrderTable
from streamnorm.events import FinishReason, StreamFailed

__all__ = ["CohereReader"]

# What nothing is read of has no type here: such events only take their turn in the order.


class _MessageStart(msgspec.Struct):
    id: str | None = None


class _Content(msgspec.Struct):
    text: str | None = None
    thinking: str | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    """What a delta adds to: one of these."""

    content: _Content | None = None
    tool_plan: str | None = None
    tool_calls: _Call | None = None
    citations: dict[str, Any] | list[dict[str, Any]] | None = None


class _Delta(msgspec.Struct):
    message: _Message


class _Event(msgspec.Struct):
    delta: _Delta
    index: int = 0


class _PartEnd(msgspec.Struct):
    index: int = 0


class _Ending(msgspec.Struct):
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    error_type: Any = None


class _MessageEnd(msgspec.Struct):
    delta: _Ending


class CohereReader(DialectReader):
    """Reads one v2 chat stream.

    Thinking becomes reasoning, and so does the tool plan: it is what the model says to itself before it calls, and no part
    of the answer. Citations become annotations, as they were sent. The index of content counts within its kind, so the
    delta says what it is. `[DONE]` may follow the end.
    """

    terminal = "message-end"
    reasons: ClassVar[Mapping[str, FinishReason | None]] = {
        "COMPLETE": "stop",
        "STOP_SEQUENCE": "stop",
        "MAX_TOKENS": "length",
        "TOOL_CALL": "tool_calls",
        "ERROR": None,
        "TIMEOUT": None,
        # Of v1, which gateways translate.
        "ERROR_LIMIT": "length",
        "ERROR_TOXIC": "content_filter",
        "USER_CANCEL": None,
    }
    #: Citations have no turn: they come while the text that they are of is written, or after it.
    order: ClassVar[OrderTable] = {
        START: {"message-start": "message"},
        "message": {
            "content-start": "content",
            "tool-plan-delta": "message",
            "tool-call-start": "call",
            "message-end": "end",
        },
        "content": {"content-delta": "content", "content-end": "message"},
        "call": {"tool-call-delta": "call", "tool-call-end": "message"},
    }
    text_paths: ClassVar[Paths] = {
        (ROOT, "delta"): "delta",
        ("delta", "message"): "message",
        ("message", "tool_plan"): TEXT,
        ("message", "content"): "content",
        ("content", "text"): TEXT,
        ("content", "thinking"): TEXT,
        ("message", "tool_calls"): "call",
        ("call", "function"): "function",
        ("function", "arguments"): TEXT,
    }

    def __init__(self, voice: Voice) -> None:
        super().__init__(voice)
        #: By index, the call that opened last.
        self._calls: dict[int, CallState] = {}

    def _start(self, event: _MessageStart) -> None:
        self.say.start(event.id or "")
        self.say.choice()

    def _read_content(self, event: _Event) -> None:
        content = event.delta.message.content
        if content is not None:
            self.say.reasoning(content.thinking or "")
            self.say.text(content.text or "")

    def _plan(self, event: _Event) -> None:
        self.say.reasoning(event.delta.message.tool_plan or "")

    def _open_call(self, event: _Event) -> None:
        call = event.delta.message.tool_calls or _Call()
        function = call.function or _Function()
        self._calls[event.index] = self.say.open_call(call.id or "", function.name or "")
        self._go_on_with_call(event)

    def _go_on_with_call(self, event: _Event) -> None:
        call, delta = self._calls.get(event.index), event.delta.message.tool_calls
        if delta is None or delta.function is None or not delta.function.arguments:
            return
        if call is None:
            # Its opening never came, nor its name: it is no call that can be made, but it is told.
            call = self._calls[event.index] = self.say.open_call("", "")
        self.say.arguments(call, delta.function.arguments)

    def _close(self, event: _PartEnd) -> None:
        """Content and calls were told as they came."""

    def _cite(self, event: _Event) -> None:
        citations = event.delta.message.citations or []
        for citation in citations if isinstance(citations, list) else [citations]:
            self.say.annotation(citation)

    def _end(self, event: _MessageEnd) -> None:
        ending, say = event.delta, self.say
        if ending.usage:
            say.usage = _usage(ending.usage)
        if ending.error:
            said = {"error": ending.error, "type": ending.error_type, "code": ending.finish_reason}
            say.fail(failure_in(said, "error") or StreamFailed("server", "an error without words"))
        elif ending.finish_reason:
            say.finish(ending.finish_reason)
        else:
            say.fail(StreamFailed("truncated", "message-end came, but no finish_reason"))
        if not say.over:
            say.end()

    kinds: ClassVar[Kinds] = {
        "message-start": (_MessageStart, _start),
        "content-start": (_Event, _read_content),
        "content-delta": (_Event, _read_content),
        "content-end": (_PartEnd, _close),
        "tool-plan-delta": (_Event, _plan),
        "tool-call-start": (_Event, _open_call),
        "tool-call-delta": (_Event, _go_on_with_call),
        "tool-call-end": (_PartEnd, _close),
        "citation-start": (_Event, _cite),
        "message-end": (_MessageEnd, _end),
    }


def _usage(sent: dict[str, Any]) -> dict[str, Any] | None:
    """What was read and written, rather than what was billed of it; None where neither is there."""
    tokens = sent.get("tokens") or sent.get("billed_units")
    if not isinstance(tokens, dict):
        return None
    cached, reasoning = sent.get("cached_tokens"), tokens.get("reasoning_tokens")
    return usage_of(
        count(tokens.get("input_tokens")),
        count(tokens.get("output_tokens")),
        sent,
        cached=None if cached is None else count(cached),
        reasoning=None if reasoning is None else count(reasoning),
    )
