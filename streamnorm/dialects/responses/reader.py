"""Reads a Responses stream: items of output, each added, filled by deltas and done, in a response that says at its end how it
went."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

from streamnorm.dialects.base import DialectReader, Kinds
from streamnorm.dialects.chat.voice import Voice
from streamnorm.dialects.jsontext import ROOT, TEXT, Paths
from streamnorm.dialects.order import OrderTable
from streamnorm.dialects.responses import types
from streamnorm.dialects.responses.items import Item, Items, type_of
from streamnorm.dialects.responses.order import RESPONSE
from streamnorm.dialects.responses.response import (
    dicts,
    failure_of,
    reason_of,
    seconds,
    usage_in,
    word,
)
from streamnorm.events import FinishReason, StreamFailed
from streamnorm.repairs.sequence import DeltasDiffer, DeltasMissing, EventOutOfOrder
from streamnorm.repairs.shape import ArgumentsObject
from streamnorm.sse import Frame

__all__ = ["ResponsesReader"]

#: Texts that come in deltas: of each, the name without `.delta` and `.done`, the channel it goes to, the field that has the
#: whole, and the one that says which part it is.
_TEXTS: Final = (
    ("response.output_text", "text", "text", "content_index"),
    ("response.refusal", "refusal", "refusal", "content_index"),
    ("response.reasoning_text", "reasoning", "text", "content_index"),
    ("response.reasoning_summary_text", "summary", "text", "summary_index"),
    ("response.function_call_arguments", "arguments", "arguments", ""),
    ("response.custom_tool_call_input", "arguments", "input", ""),
    # Of tools that the server runs: compared, and not told.
    ("response.mcp_call_arguments", "server", "arguments", ""),
    ("response.code_interpreter_call_code", "server", "code", ""),
    ("response.shell_call_command", "server", "command", "command_index"),
)
_DELTAS: Final = {f"{name}.delta": (channel, part) for name, channel, _, part in _TEXTS}
_WHOLES: Final = {f"{name}.done": (channel, field, part) for name, channel, field, part in _TEXTS}

#: What tells how the response stands, and what ends it.
_BEGINNINGS: Final = ("response.created", "response.queued", "response.in_progress")
_ENDS: Final = ("response.completed", "response.incomplete", "response.failed")
#: What happens within an item. `error` is in no row: whatever its shape, it is read as in any dialect; and audio, which is in
#: no item, is nothing that chat has a delta for.
_STAGES: Final = tuple(
    kind for kind in types.EVENTS if kind != "error" and not kind.startswith("response.audio.")
)

#: Parts of items, by their type: the channel that their text goes to, and the field it is in.
_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "output_text": ("text", "text"),
    "refusal": ("refusal", "refusal"),
    "reasoning_text": ("reasoning", "text"),
    "summary_text": ("summary", "text"),
}
#: Items that are calls of the client's tools: the kind of call, and the field with its text.
_CALLS: Final[Mapping[str, tuple[str, str]]] = {
    "function_call": ("function", "arguments"),
    "custom_tool_call": ("custom", "input"),
}
#: What a call has besides, that must come back with it.
_EXTRAS: Final = ("namespace", "caller")

#: Fields of which nothing is read: of whatever type they are, the rest of the event is.
_UNREAD: Final = frozenset({"sequence_number", "logprobs", "obfuscation", "annotation_index"})

#: Tools that are custom ones, or may bring some.
_BRING_CUSTOM: Final = frozenset({"custom", "namespace", "tool_search"})

#: What separates the parts of reasoning, which are paragraphs with headings of their own.
_BETWEEN: Final = "\n\n"


def _rows(kinds: Iterable[str], read: Callable[[Any, Any], None]) -> Kinds:
    return {kind: (types.EVENTS[kind], read) for kind in kinds}


class ResponsesReader(DialectReader):
    """Reads one Responses stream.

    The texts of all messages are one text, joined as OpenAI's SDK joins them: with nothing between. Reasoning and its
    summaries become reasoning, a blank line between parts; what is encrypted of it becomes a reasoning detail. Function calls
    and custom tool calls are calls. All other items say nothing: tools that the server runs, and the built-in ones that it
    asks the client to run, which have no place among the calls of chat.

    What comes whole, and never in deltas, is told when it does; an item's opening may be whole, and waits for what may
    still be said otherwise.
    """

    terminal = "response.completed"
    #: By the response's status, or by the reason why it is incomplete.
    reasons: ClassVar[Mapping[str, FinishReason | None]] = {
        "completed": "stop",
        "max_output_tokens": "length",
        "max_messages": "length",
        "content_filter": "content_filter",
    }
    order: ClassVar[OrderTable] = RESPONSE
    text_paths: ClassVar[Paths] = {(ROOT, "delta"): TEXT}

    def __init__(self, voice: Voice) -> None:
        super().__init__(voice)
        self._items = Items()
        self._reasoned = False
        #: False where the tools that the response was given have no custom one: it makes such calls itself.
        self._custom = True
        self._number: int | None = None
        self._unnumbered = 0

    def _read_value(self, obj: Any, frame: Frame) -> None:
        if isinstance(obj, dict) and not self.say.over:
            self._take_number(obj.get("sequence_number"))
            obj = {key: value for key, value in obj.items() if _is_read(key, value)}
        super()._read_value(obj, frame)

    def _take_number(self, number: Any) -> None:
        """Numbers go up by one. Some events may lack theirs."""
        if not isinstance(number, int) or isinstance(number, bool):
            self._unnumbered += 1
            return
        last, most = self._number, 1 + self._unnumbered
        if last is not None and not last < number <= last + most:
            self._misplaced(f"sequence_number {number} after {last}")
        self._number, self._unnumbered = number, 0

    def _misplaced(self, what: str) -> None:
        self._findings.note(EventOutOfOrder.code, what)

    # The response.

    def _start(self, event: types._ResponseEvent) -> None:
        response, say = event.response, self.say
        say.start(
            word(response.get("id")),
            word(response.get("model")),
            seconds(response.get("created_at")),
        )
        say.choice()
        offered = {type_of(tool) for tool in dicts(response.get("tools"))}
        if offered:
            self._custom = not offered.isdisjoint(_BRING_CUSTOM)

    def _end(self, event: types._ResponseEvent) -> None:
        self._start(event)
        response, say = event.response, self.say
        usage = response.get("usage")
        if isinstance(usage, dict):
            say.usage = usage_in(usage)
        status = word(response.get("status"))
        if event.type == "response.failed" or status in ("failed", "cancelled"):
            say.fail(failure_of(response, status))
            return
        reason = reason_of(response, event.type)
        for found, sent in self._items.pair(dicts(response.get("output"))):
            item = found or self._add_item(sent, None)
            self._read_item(item, sent)
            self._must_be_done(item, event.type)
            item.done = True
        for item in self._items:
            if not item.done:
                self._must_be_done(item, event.type)
                self._leave(item, reason)
        if not say.over:
            say.finish(reason)
        if not say.over:
            say.end()

    def _must_be_done(self, item: Item, kind: str) -> None:
        if not item.done:
            self._misplaced(f"{kind} before the item {item.id[:80]!r} is done")

    def _leave(self, item: Item, reason: str) -> None:
        """The response has ended, and nothing says what the whole of this item is."""
        self._read_item(item, item.sent)
        if item.type not in _CALLS or item.muted:
            return
        said = item.said("arguments")
        endless = not said.length or item.type == "custom_tool_call"
        if endless and self.reasons.get(reason) == "stop":
            # Its text does not show where it ends: any of it may be missing, or all.
            message = f"the response ended before the call {item.name[:80]!r} did"
            self.say.fail(StreamFailed("truncated", message))
        elif item.call is None and said.length:
            self._open_call(item)

    # Items.

    def _added(self, event: types.ResponseOutputItemAddedEvent) -> None:
        name = word(event.item.get("id"))
        again = self._items.with_id(name)
        if again is None or again.done or again.index != event.output_index:
            self._add_item(event.item, event.output_index)
        else:
            self._misplaced(f"{event.type} again for the item {name[:80]!r}")

    def _add_item(self, sent: dict[str, Any], index: int | None) -> Item:
        item = self._items.add(type_of(sent), word(sent.get("id")), index, sent)
        self._name_call(item, sent)
        return item

    def _done(self, event: types.ResponseOutputItemDoneEvent) -> None:
        sent = event.item
        item = self._turn(event, word(sent.get("id")), type_of(sent))
        if not item.done:
            item.done = True
            self._read_item(item, sent)

    def _turn(self, event: types._Event, name: str | None = None, type: str = "") -> Item:
        """The item that an event is about. The event has taken its turn in it."""
        kind, index = event.type, getattr(event, "output_index", None)
        if name is None:
            name = getattr(event, "item_id", None) or ""
        item = self._items.find(name, index, kind)
        if item is not None and type and item.type != type and item.id != name:
            item = None
        if item is None:
            self._misplaced(f"{kind} of an item that was not added")
            return self._items.add(type or _TYPES.get(kind, ""), name, index, {})
        if not item.order.step(kind):
            self._misplaced(kind)
        if name and item.id and name != item.id:
            self._misplaced(f"{kind} names the item {name[:80]!r}, which is {item.id[:80]!r}")
        elif index is not None and item.index is not None and index != item.index:
            self._misplaced(f"{kind} has the output_index {index}, its item {item.index}")
        return item

    def _stage(self, event: types._Event) -> None:
        """Says nothing, and has its turn in an item."""
        self._turn(event)

    def _read_item(self, item: Item, sent: dict[str, Any]) -> None:
        """`sent` is the whole of an item: tell what of it was not told. A part that opened with its text, of which nothing was
        heard since, is what it opened with."""
        self._read_parts(item, dicts(sent.get("summary")))
        self._read_parts(item, dicts(sent.get("content")))
        for at, part in item.opened:
            if not item.said(_PARTS[type_of(part)][0], at).known:
                self._read_part(item, at, part)
        item.opened.clear()
        secret = sent.get("encrypted_content")
        if item.type == "reasoning" and isinstance(secret, str) and secret and not item.encrypted:
            item.encrypted = True
            detail = {"type": item.type, "id": item.id, "encrypted_content": secret}
            self.say.reasoning_detail(detail)
        if item.type in _CALLS:
            self._name_call(item, sent)
            field = _CALLS[item.type][1]
            nothing = not item.said("arguments").length
            text = sent.get(field) or (item.sent.get(field) if nothing else None)
            if isinstance(text, dict) and nothing:
                self._findings.note(ArgumentsObject.code)
                text = json.dumps(text, ensure_ascii=False)
            self._settle(item, "arguments", 0, text)

    def _read_parts(self, item: Item, parts: list[dict[str, Any]]) -> None:
        """The parts of a whole item. Where the stream has counted otherwise, the first that was streamed is the first."""
        places: dict[str, list[int]] = {}
        for at, part in enumerate(parts):
            if type_of(part) in _PARTS:
                places.setdefault(_PARTS[type_of(part)][0], []).append(at)
        for channel, here in places.items():
            streamed = item.parts(channel)
            if not streamed <= set(here):
                self._misplaced(f"a part of a {item.type} that is not where it was streamed"[:200])
            for at, place in zip(here, _paired(here, streamed), strict=True):
                self._read_part(item, place, parts[at])

    def _read_part(self, item: Item, at: int, part: dict[str, Any]) -> None:
        row = _PARTS.get(type_of(part))
        if row is not None:
            self._settle(item, row[0], at, part.get(row[1]))
        annotations = dicts(part.get("annotations"))
        for annotation in annotations[item.cited.get(at, 0) :]:
            self._cite(item, at, annotation)

    # Calls.

    def _name_call(self, item: Item, sent: dict[str, Any]) -> None:
        """A call opens when its name is known; what was said of it before has waited."""
        if item.type not in _CALLS or item.call is not None or item.muted:
            return
        item.call_id = item.call_id or word(sent.get("call_id"))
        item.name = item.name or word(sent.get("name"))
        item.muted = item.type == "custom_tool_call" and not self._custom
        extra = {key: sent[key] for key in _EXTRAS if sent.get(key)}
        if extra:
            item.extra = {"responses": extra}
        if item.name and not item.muted:
            self._open_call(item)

    def _open_call(self, item: Item) -> None:
        kind, _ = _CALLS[item.type]
        item.call = self.say.open_call(item.call_id, item.name, kind=kind, extra=item.extra)
        said = item.said("arguments")
        if said.length:
            self.say.arguments(item.call, said.text)

    def _arguments_done(self, event: types.ResponseFunctionCallArgumentsDoneEvent) -> None:
        item = self._turn(event)
        item.name = item.name or event.name or ""
        if item.call_id:
            self._name_call(item, {})
        self._settle(item, "arguments", 0, event.arguments)

    # Texts.

    def _delta(self, event: Any) -> None:
        channel, part = _DELTAS[event.type]
        item = self._turn(event)
        self._say(item, channel, getattr(event, part) if part else 0, event.delta)

    def _whole(self, event: Any) -> None:
        channel, field, part = _WHOLES[event.type]
        item = self._turn(event)
        self._settle(item, channel, getattr(event, part) if part else 0, getattr(event, field))

    def _part_added(self, event: types.ResponseContentPartAddedEvent) -> None:
        self._open_part(self._turn(event), event.content_index, event.part)

    def _summary_added(self, event: types.ResponseReasoningSummaryPartAddedEvent) -> None:
        self._open_part(self._turn(event), event.summary_index, event.part)

    def _open_part(self, item: Item, at: int, part: dict[str, Any]) -> None:
        row = _PARTS.get(type_of(part))
        if row is not None and part.get(row[1]):
            item.opened.append((at, part))

    def _part_done(self, event: types.ResponseContentPartDoneEvent) -> None:
        self._read_part(self._turn(event), event.content_index, event.part)

    def _summary_done(self, event: types.ResponseReasoningSummaryPartDoneEvent) -> None:
        self._read_part(self._turn(event), event.summary_index, event.part)

    def _annotate(self, event: types.ResponseOutputTextAnnotationAddedEvent) -> None:
        item = self._turn(event)
        if event.annotation:
            self._cite(item, event.content_index, event.annotation)

    def _cite(self, item: Item, at: int, annotation: dict[str, Any]) -> None:
        item.cited[at] = item.cited.get(at, 0) + 1
        self.say.annotation(annotation)

    def _say(self, item: Item, channel: str, at: int, text: str) -> None:
        """The next of a text."""
        if not text:
            return
        said, say = item.said(channel, at), self.say
        first = not said.length
        said.add(text)
        if channel == "text":
            say.text(text)
        elif channel == "refusal":
            say.refusal(text)
        elif channel in ("reasoning", "summary"):
            say.reasoning(_BETWEEN + text if first and self._reasoned else text)
            self._reasoned = True
        elif item.call is not None:
            say.arguments(item.call, text)

    def _settle(self, item: Item, channel: str, at: int, whole: Any) -> None:
        """The whole of a text: tell what no delta said of it."""
        if not isinstance(whole, str):
            return
        said = item.said(channel, at)
        if said.settled == whole:
            return
        said.settled = whole
        rest = said.rest(whole)
        if rest is None:
            self._findings.note(DeltasDiffer.code, f"the {channel} of a {item.type}"[:200])
        elif rest:
            self._findings.note(DeltasMissing.code, f"the {channel} of a {item.type}"[:200])
            self._say(item, channel, at, rest)

    kinds: ClassVar[Kinds] = {
        **_rows(_STAGES, _stage),
        **_rows(_DELTAS, _delta),
        **_rows(_WHOLES, _whole),
        **_rows(_BEGINNINGS, _start),
        **_rows(_ENDS, _end),
        "response.output_item.added": (types.ResponseOutputItemAddedEvent, _added),
        "response.output_item.done": (types.ResponseOutputItemDoneEvent, _done),
        "response.content_part.added": (types.ResponseContentPartAddedEvent, _part_added),
        "response.content_part.done": (types.ResponseContentPartDoneEvent, _part_done),
        "response.output_text.annotation.added": (
            types.ResponseOutputTextAnnotationAddedEvent,
            _annotate,
        ),
        "response.reasoning_summary_part.added": (
            types.ResponseReasoningSummaryPartAddedEvent,
            _summary_added,
        ),
        "response.reasoning_summary_part.done": (
            types.ResponseReasoningSummaryPartDoneEvent,
            _summary_done,
        ),
        "response.function_call_arguments.done": (
            types.ResponseFunctionCallArgumentsDoneEvent,
            _arguments_done,
        ),
    }


#: The type of item that an event is about, where its kind says so.
_TYPES: Final[Mapping[str, str]] = {
    "response.output_text.delta": "message",
    "response.output_text.done": "message",
    "response.refusal.delta": "message",
    "response.refusal.done": "message",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_text.done": "reasoning",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_summary_text.done": "reasoning",
    "response.function_call_arguments.delta": "function_call",
    "response.function_call_arguments.done": "function_call",
    "response.custom_tool_call_input.delta": "custom_tool_call",
    "response.custom_tool_call_input.done": "custom_tool_call",
}


def _is_read(key: str, value: Any) -> bool:
    """Null is as good as missing."""
    return value is not None and key not in _UNREAD


def _paired(here: list[int], streamed: set[int]) -> list[int]:
    """The places in the stream of what is `here` in the whole."""
    if streamed <= set(here):
        return here
    known = sorted(streamed)
    return [*known, *range(known[-1] + 1, known[-1] + 1 + len(here))][: len(here)]
