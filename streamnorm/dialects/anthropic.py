"""The Messages streams of Anthropic, and of those who speak like it: a message of content blocks, each opened, filled by
deltas and closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from streamnorm.assemble import CallState
from streamnorm.dialects.base import DialectReader, Kinds
from streamnorm.dialects.chat.voice import Voice
from streamnorm.dialects.counts import count, usage_of
from streamnorm.dialects.jsontext import ROOT, TEXT, Paths
from streamnorm.dialects.order import START, OrderTable
from streamnorm.events import FinishReason, StreamFailed

__all__ = ["AnthropicReader"]

# Blocks and deltas keep only what is read; the rest of a frame is nobody's business here.


class _Message(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None


class _MessageStart(msgspec.Struct):
    message: _Message


class _Block(msgspec.Struct):
    type: str
    id: str | None = None
    name: str | None = None
    input: Any = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    citations: list[dict[str, Any]] | None = None


class _BlockStart(msgspec.Struct):
    content_block: _Block
    index: int = 0


class _Delta(msgspec.Struct):
    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: dict[str, Any] | None = None


class _BlockDelta(msgspec.Struct):
    delta: _Delta
    index: int = 0


class _BlockStop(msgspec.Struct):
    index: int = 0


class _Ending(msgspec.Struct):
    stop_reason: str | None = None


class _MessageDelta(msgspec.Struct):
    delta: _Ending
    usage: dict[str, Any] | None = None


class _MessageStop(msgspec.Struct):
    pass


class AnthropicReader(DialectReader):
    """Reads one Messages stream.

    Thinking becomes reasoning; its signature, and thinking that was redacted, become reasoning details, as both must be
    handed back. A `tool_use` block is a call. Blocks of tools that the server runs itself are no calls, and say nothing.
    """

    terminal = "message_stop"
    reasons: ClassVar[Mapping[str, FinishReason | None]] = {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "pause_turn": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "refusal": "content_filter",
    }
    order: ClassVar[OrderTable] = {
        START: {"message_start": "message"},
        "message": {"content_block_start": "block", "message_delta": "ending"},
        "block": {"content_block_delta": "block", "content_block_stop": "message"},
        "ending": {"message_delta": "ending", "message_stop": "end"},
    }
    text_paths: ClassVar[Paths] = {
        (ROOT, "delta"): "delta",
        ("delta", "text"): TEXT,
        ("delta", "thinking"): TEXT,
        ("delta", "partial_json"): TEXT,
    }

    def __init__(self, voice: Voice) -> None:
        super().__init__(voice)
        #: By index, the call of the block that opened last, None where it is none. What opened with its whole input waits
        #: for a delta that says otherwise.
        self._calls: dict[int, CallState | None] = {}
        self._inputs: dict[int, str] = {}
        self._counts: dict[str, Any] = {}

    def _start(self, event: _MessageStart) -> None:
        message = event.message
        self.say.start(message.id or "", message.model or "")
        self.say.choice()
        self._count(message.usage)

    def _open(self, event: _BlockStart) -> None:
        block, say = event.content_block, self.say
        self._calls[event.index] = None
        self._inputs.pop(event.index, None)
        if block.type == "tool_use":
            self._calls[event.index] = say.open_call(block.id or "", block.name or "")
            if isinstance(block.input, dict) and block.input:
                self._inputs[event.index] = msgspec.json.encode(block.input).decode()
        elif block.type == "redacted_thinking":
            say.reasoning_detail({"type": block.type, "data": block.data})
        elif block.type in ("text", "thinking"):
            say.text(block.text or "")
            say.reasoning(block.thinking or "")
            self._sign(block.signature)
            for citation in block.citations or ():
                say.annotation(citation)

    def _go_on(self, event: _BlockDelta) -> None:
        delta, say = event.delta, self.say
        if delta.type == "input_json_delta":
            self._go_on_with_input(event.index, delta.partial_json or "")
        elif delta.type == "text_delta":
            say.text(delta.text or "")
        elif delta.type == "thinking_delta":
            say.reasoning(delta.thinking or "")
        elif delta.type == "signature_delta":
            self._sign(delta.signature)
        elif delta.type == "citations_delta" and delta.citation is not None:
            say.annotation(delta.citation)

    def _go_on_with_input(self, index: int, fragment: str) -> None:
        if not fragment:
            return
        if index not in self._calls:
            # Its opening never came, nor its name: it is no call that can be made, but it is told.
            self._calls[index] = self.say.open_call("", "")
        call = self._calls[index]
        if call is not None:
            self._inputs.pop(index, None)
            self.say.arguments(call, fragment)

    def _close_block(self, event: _BlockStop) -> None:
        call = self._calls.get(event.index)
        whole = self._inputs.pop(event.index, "")
        if call is not None and whole:
            self.say.arguments(call, whole)

    def _finish(self, event: _MessageDelta) -> None:
        self._count(event.usage)
        if event.delta.stop_reason:
            self.say.finish(event.delta.stop_reason)

    def _stop(self, _: _MessageStop) -> None:
        if self.say.finished:
            self.say.end()
        else:
            self.say.fail(StreamFailed("truncated", "message_stop came, but no stop_reason"))

    def _sign(self, signature: str | None) -> None:
        if signature:
            self.say.reasoning_detail({"type": "thinking", "signature": signature})

    def _count(self, usage: dict[str, Any] | None) -> None:
        """The counts are cumulative: of each, the last one holds."""
        if usage is None:
            return
        self._counts.update((key, value) for key, value in usage.items() if value is not None)
        self.say.usage = _usage(self._counts)

    kinds: ClassVar[Kinds] = {
        "message_start": (_MessageStart, _start),
        "content_block_start": (_BlockStart, _open),
        "content_block_delta": (_BlockDelta, _go_on),
        "content_block_stop": (_BlockStop, _close_block),
        "message_delta": (_MessageDelta, _finish),
        "message_stop": (_MessageStop, _stop),
    }


def _usage(counts: dict[str, Any]) -> dict[str, Any]:
    """The counts, where what came from a cache is part of the prompt."""
    cached = count(counts.get("cache_read_input_tokens"))
    written = count(counts.get("cache_creation_input_tokens"))
    details = counts.get("output_tokens_details")
    thinking = details.get("thinking_tokens") if isinstance(details, dict) else None
    return usage_of(
        count(counts.get("input_tokens")) + cached + written,
        count(counts.get("output_tokens")),
        counts,
        cached=cached,
        reasoning=None if thinking is None else count(thinking),
    )
