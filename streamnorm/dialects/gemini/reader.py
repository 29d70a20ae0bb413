"""The streams of `streamGenerateContent`: each frame is a whole response, that carries the next parts of each candidate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from streamnorm.assemble import CallState
from streamnorm.dialects.base import DialectReader, Kinds
from streamnorm.dialects.chat.voice import Voice
from streamnorm.dialects.counts import count, usage_of
from streamnorm.dialects.gemini.arguments import ArgumentWriter, json_text
from streamnorm.dialects.gemini.wire import (
    MEDIA,
    METADATA,
    STEPS,
    Candidate,
    FunctionCall,
    Part,
    PromptFeedback,
    Response,
    is_snake_case,
    to_camel_case,
    values_of,
)
from streamnorm.dialects.jsontext import ROOT, TEXT, Paths
from streamnorm.dialects.order import START, Order, OrderTable
from streamnorm.events import FinishReason
from streamnorm.repairs.sequence import EventOutOfOrder, FieldsSnakeCase, ResponseWrapped
from streamnorm.sse import Frame

__all__ = ["GeminiReader"]

#: What a response may have; a frame that has none of it is none.
_FIELDS: Final = frozenset(
    {"candidates", "modelVersion", "promptFeedback", "responseId", "usageMetadata"}
)

#: What some that speak this dialect say where calls were made. The dialect has no word for it: it ends in STOP.
_CALLS: Final = "FUNCTION_CALL"

#: Says nothing, of a finish and of a block.
_UNSPECIFIED: Final = frozenset({"", "FINISH_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})

#: Reasons that tell of a cut; where another follows, they hold.
_CUT: Final = frozenset({"length", "content_filter"})


class _Open:
    """A call whose arguments go on."""

    __slots__ = ("call", "writer")

    def __init__(self, call: CallState, writer: ArgumentWriter) -> None:
        self.call = call
        self.writer = writer


class _Heard:
    """What a candidate has said so far, where it matters for what follows."""

    __slots__ = ("metadata", "open", "turn")

    def __init__(self) -> None:
        self.turn = Order(GeminiReader.turns)
        #: The calls that go on, by id, in the order in which they began.
        self.open: dict[str, _Open] = {}
        self.metadata: dict[str, Any] = {}


class GeminiReader(DialectReader):
    """Reads one stream: SSE, or one JSON array of responses.

    A thought becomes reasoning. A signature, which must be handed back, goes with the call whose part it is on, in the
    `extra_content` of which the chat endpoint of the same house makes the same use; else it becomes a reasoning detail. A
    call comes whole, or goes on over several parts while it says that it will, its arguments by JSON path (`arguments`).

    What is neither text nor call is kept as it was sent, `{"type": name, name: value}`. Media become annotations, unless a
    thought has them, and so does what grounds and cites. Code that was run, tools of the server and what came of both
    become reasoning details, each with its signature, and so does the token with which to go on.

    Nothing ends a stream but its bytes: it is whole where each candidate gave its reason. A prompt that was blocked is a
    choice that ends in `content_filter`.
    """

    json_body = True
    reasons: ClassVar[Mapping[str, FinishReason | None]] = {
        "STOP": "stop",
        "MAX_TOKENS": "length",
        # Of one request; another may go on from there.
        "CONTINUATION": "length",
        "BLOCKLIST": "content_filter",
        "ESCALATION": "content_filter",
        "IMAGE_PROHIBITED_CONTENT": "content_filter",
        "IMAGE_RECITATION": "content_filter",
        "IMAGE_SAFETY": "content_filter",
        # The text was flagged as one in a language that is not supported.
        "LANGUAGE": "content_filter",
        "MODEL_ARMOR": "content_filter",
        "PROHIBITED_CONTENT": "content_filter",
        "RECITATION": "content_filter",
        "SAFETY": "content_filter",
        "SPII": "content_filter",
        # Known, and no success: nobody says why, or the image that was asked for did not come.
        "IMAGE_OTHER": "other",
        "NO_IMAGE": "other",
        "OTHER": "other",
        # What the model made could not be used, or the server would not go on.
        "MALFORMED_FUNCTION_CALL": None,
        "MALFORMED_RESPONSE": None,
        "MISSING_THOUGHT_SIGNATURE": None,
        "PUP_LIMITED_DISABLED": None,
        "TOO_MANY_TOOL_CALLS": None,
        "UNEXPECTED_TOOL_CALL": None,
    }
    #: What each candidate may do when. Its usage, and responses that say nothing, may come at any time.
    turns: ClassVar[OrderTable] = {
        START: {"content": START, "finish": "finished"},
        "finished": {},
    }
    text_paths: ClassVar[Paths] = {
        (ROOT, "candidates"): "candidate",
        (ROOT, "response"): ROOT,
        ("candidate", "content"): "content",
        ("content", "parts"): "part",
        ("part", "text"): TEXT,
        ("part", "functionCall"): "call",
        ("part", "function_call"): "call",
        ("call", "partialArgs"): "argument",
        ("call", "partial_args"): "argument",
        ("argument", "stringValue"): TEXT,
        ("argument", "string_value"): TEXT,
    }

    def __init__(self, voice: Voice) -> None:
        super().__init__(voice)
        self._heard: dict[int, _Heard] = {}
        self._counts: dict[str, Any] = {}

    def kind_of(self, obj: dict[str, Any]) -> str:
        if obj.get("error"):
            return "error"
        known = not _FIELDS.isdisjoint(obj) or is_snake_case(obj)
        return "response" if known else ""

    def _read_value(self, obj: Any, frame: Frame) -> None:
        super()._read_value(self._as_meant(obj) if isinstance(obj, dict) else obj, frame)

    def _as_meant(self, obj: dict[str, Any]) -> dict[str, Any]:
        """The response that `obj` is in other clothes."""
        inner = obj.get("response")
        if isinstance(inner, dict) and self.kind_of(inner) and not self.kind_of(obj):
            self._findings.note(ResponseWrapped.code)
            obj = inner
        if is_snake_case(obj):
            self._findings.note(FieldsSnakeCase.code)
            obj = to_camel_case(obj)
        return obj

    # A response.

    def _read(self, response: Response) -> None:
        self.say.start(response.response_id or "", response.model_version or "")
        self._count(response.usage_metadata)
        for candidate in response.candidates or ():
            if self.say.over:
                # The one before it failed, and with it the stream.
                return
            self._read_candidate(candidate)
        if not response.candidates and response.prompt_feedback is not None:
            self._read_block(response.prompt_feedback)

    def _read_block(self, feedback: PromptFeedback) -> None:
        """The prompt was turned down, if there is a reason."""
        if (feedback.block_reason or "") not in _UNSPECIFIED:
            self.say.refusal(feedback.block_reason_message or "")
            self.say.finish(feedback.block_reason or "", means="content_filter")

    def _read_candidate(self, candidate: Candidate) -> None:
        index, say = candidate.index or 0, self.say
        say.choice(index)
        heard = self._heard.get(index)
        if heard is None:
            heard = self._heard[index] = _Heard()
        for part in (candidate.content and candidate.content.parts) or ():
            self._read_part(part, index, heard)
        for name, metadata in values_of(candidate, METADATA):
            # Some repeat it, the same, in each response.
            if metadata != heard.metadata.get(name):
                heard.metadata[name] = metadata
                say.annotation({"type": name, name: metadata}, index)
        if candidate.continuation_token:
            token = {"continuationToken": candidate.continuation_token}
            say.reasoning_detail({"type": "continuationToken", **token}, index)
        if (candidate.finish_reason or "") not in _UNSPECIFIED:
            self._take_turn(heard, "finish")
            self._finish(candidate, index)

    def _finish(self, candidate: Candidate, index: int) -> None:
        reason, told = candidate.finish_reason or "", self.say.choice(index).finish_reason
        if told in _CUT:
            return
        means: FinishReason | None = "tool_calls" if reason == _CALLS else None
        self.say.finish(reason, index, means=means, words=candidate.finish_message or "")

    def _take_turn(self, heard: _Heard, kind: str) -> None:
        if not heard.turn.step(kind):
            self._findings.note(EventOutOfOrder.code, f"{kind} after the finish")

    # Parts.

    def _read_part(self, part: Part, index: int, heard: _Heard) -> None:
        say, signature = self.say, part.thought_signature
        media, steps = values_of(part, MEDIA), values_of(part, STEPS)
        if part.text or part.function_call or media or steps:
            self._take_turn(heard, "content")
        if part.text:
            (say.reasoning if part.thought else say.text)(part.text, index)
        for name, value in media:
            put = say.reasoning_detail if part.thought else say.annotation
            put({"type": name, name: value}, index)
        for name, value in steps:
            detail = {"type": name, name: value}
            if signature:
                detail["thoughtSignature"] = signature
                signature = None
            say.reasoning_detail(detail, index)
        if part.function_call is not None and self._read_call(
            part.function_call, signature, index, heard
        ):
            signature = None
        if signature:
            say.reasoning_detail({"type": "thoughtSignature", "thoughtSignature": signature}, index)

    def _read_call(
        self, sent: FunctionCall, signature: str | None, index: int, heard: _Heard
    ) -> bool:
        """Read a call, or the next of one that goes on. True where it has begun, and taken the signature with it."""
        going_on = _continued(sent, heard.open)
        if going_on is not None:
            self._go_on(going_on, sent, index, heard)
            return False
        if not (sent.name or sent.id or sent.args or sent.partial_args):
            self._findings.note(EventOutOfOrder.code, "the end of a call that did not go on")
            return False
        extra = {"google": {"thought_signature": signature}} if signature else None
        call = self.say.open_call(sent.id or None, sent.name or "", index, extra=extra)
        if not (sent.will_continue or sent.partial_args):
            self.say.arguments(call, json_text(sent.args or {}), index)
            return True
        begun = _Open(call, ArgumentWriter(self._findings))
        heard.open[call.id] = begun
        self._go_on(begun, sent, index, heard, begun.writer.open())
        return True

    def _go_on(
        self, going_on: _Open, sent: FunctionCall, index: int, heard: _Heard, text: str = ""
    ) -> None:
        writer = going_on.writer
        told = [text, *(writer.put_member(*member) for member in (sent.args or {}).items())]
        told += [writer.put(arg) for arg in sent.partial_args or ()]
        if not sent.will_continue:
            told.append(writer.close())
            del heard.open[going_on.call.id]
        self.say.arguments(going_on.call, "".join(told), index)

    def _count(self, usage: dict[str, Any] | None) -> None:
        """The counts are cumulative: of each, the last one holds."""
        if usage is None:
            return
        self._counts.update((key, value) for key, value in usage.items() if value is not None)
        if any(key.endswith("TokenCount") for key in self._counts):
            self.say.usage = _usage(self._counts)

    kinds: ClassVar[Kinds] = {"response": (Response, _read)}


def _continued(sent: FunctionCall, going_on: dict[str, _Open]) -> _Open | None:
    """The call that this goes on with: that of its id; else the latest, if it is not named otherwise, and a name that comes
    again brings something with it."""
    if sent.id in going_on:
        return going_on[sent.id]
    latest = next(reversed(going_on.values()), None)
    if latest is None or not sent.name:
        return latest
    same = sent.name == latest.call.name and not sent.id
    return latest if same and (sent.args or sent.partial_args) else None


def _usage(counts: dict[str, Any]) -> dict[str, Any]:
    """The counts, where what tools brought is part of the prompt, and thoughts of the completion."""
    cached, thoughts = counts.get("cachedContentTokenCount"), counts.get("thoughtsTokenCount")
    return usage_of(
        count(counts.get("promptTokenCount")) + count(counts.get("toolUsePromptTokenCount")),
        count(counts.get("candidatesTokenCount")) + count(thoughts),
        counts,
        cached=None if cached is None else count(cached),
        reasoning=None if thoughts is None else count(thoughts),
    )
