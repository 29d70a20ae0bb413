"""Reads an Assistants stream: the run that a thread is given to, the messages it writes and the steps it takes, until it has
ended or waits for the client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from streamnorm.dialects.assistants import types
from streamnorm.dialects.assistants.calls import Calls, FunctionCall
from streamnorm.dialects.assistants.order import (
    MESSAGE,
    MESSAGE_ENDS,
    RESUMED,
    RUN,
    RUN_ENDS,
    STEP,
)
from streamnorm.dialects.assistants.variants import braces_off, listed_parts, says_choices
from streamnorm.dialects.base import DialectReader, Kinds
from streamnorm.dialects.chat.voice import Voice
from streamnorm.dialects.counts import count, detail_in, usage_of
from streamnorm.dialects.failure import failure_in
from streamnorm.dialects.jsontext import MAX_DEPTH, ROOT, TEXT, NotJsonError, Paths, load
from streamnorm.dialects.order import Order, OrderTable
from streamnorm.dialects.responses.items import Said
from streamnorm.dialects.responses.response import dicts, seconds, word
from streamnorm.events import FinishReason, StreamFailed
from streamnorm.repairs.sequence import (
    BraceExtra,
    ChoicesForeign,
    DeltasDiffer,
    DeltasMissing,
    EventOutOfOrder,
    PartsObject,
)
from streamnorm.sse import Frame

__all__ = ["AssistantsReader"]

_DONE_DATA: Final = b"[DONE]"

#: The field of each kind of part that is text, and what its whole is under.
_TEXT_PARTS: Final = ("text", "refusal")


def _rows(names: Iterable[str], read: Callable[[Any, Any], None]) -> Kinds:
    return {name: (data, read) for name in names if (data := types.EVENTS[name]) is not None}


class AssistantsReader(DialectReader):
    """Reads the stream of one run.

    The texts of all messages are one text, joined as `text_deltas` of OpenAI's SDK joins them: with nothing between. Calls of
    functions are calls, as the deltas of their step and the run that requires an action tell them; where their outputs were
    submitted, the end of their step says nothing new. What the server runs itself (`code_interpreter`, `file_search`) says
    nothing, nor do images, for which chat has no delta.

    A run that requires an action has finished for this stream. One that was cancelled or has expired failed, as one that says
    so.
    """

    terminal = "done"
    #: By how the run ended, by why it is incomplete, or (where choices are chat's) as chat has them.
    reasons: ClassVar[Mapping[str, FinishReason | None]] = {
        "completed": "stop",
        "requires_action": "tool_calls",
        "max_completion_tokens": "length",
        "max_prompt_tokens": "length",
        "max_tokens": "length",
        "content_filter": "content_filter",
        "cancelled": None,
        "expired": None,
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
    }
    order: ClassVar[OrderTable] = RUN
    text_paths: ClassVar[Paths] = {
        (ROOT, "delta"): "delta",
        ("delta", "content"): "part",
        ("part", "text"): "part text",
        ("part text", "value"): TEXT,
        ("part", "refusal"): TEXT,
        ("delta", "step_details"): "details",
        ("details", "tool_calls"): "call",
        ("call", "function"): "function",
        ("function", "arguments"): TEXT,
    }

    def __init__(self, voice: Voice) -> None:
        super().__init__(voice)
        self._kind = ""
        self._orders: dict[tuple[str, str], Order] = {}
        self._last = {"step": "", "message": ""}
        self._said: dict[tuple[str, str, int], Said] = {}
        self._cited: dict[tuple[str, int], set[int]] = {}
        self._calls = Calls()
        #: Why the last message that is incomplete is so.
        self._why = ""

    # Frames.

    def _read_frame(self, frame: Frame) -> None:
        if frame.data.strip() != _DONE_DATA or self.say.over:
            super()._read_frame(frame)
            return
        self._findings.chunk += 1
        self._findings.data = frame.data
        say = self.say
        if say.finished:
            say.end()
        else:
            said = "its finish reason" if say.started else "it said anything"
            say.fail(StreamFailed("truncated", f"the stream is done before {said}"))

    def _read_garbage(self, frame: Frame, reason: str) -> None:
        data = braces_off(frame.data) if frame.complete else None
        if data is None:
            super()._read_garbage(frame, reason)
            return
        self._findings.note(BraceExtra.code)
        try:
            value, _ = load(data, self._findings, self.text_paths, max_depth=MAX_DEPTH)
        except NotJsonError as error:
            super()._read_garbage(frame, str(error))
        else:
            self._read_value(value, frame)

    def kind_of(self, obj: dict[str, Any]) -> str:  # noqa: ARG002 - the frame names the event
        return self._kind

    def _read_value(self, obj: Any, frame: Frame) -> None:
        self._kind = frame.event
        if isinstance(obj, dict) and not self.say.over and frame.event in self.kinds:
            failure = failure_in(obj, "message") if obj.get("error") else None
            if failure is not None:
                self.say.fail(failure)
                return
            if says_choices(obj):
                self._findings.note(ChoicesForeign.code)
                self._read_choices(obj)
                return
            mended = listed_parts(obj)
            if mended is not None:
                self._findings.note(PartsObject.code)
                obj = mended
        super()._read_value(obj, frame)

    def _misplaced(self, what: str) -> None:
        self._findings.note(EventOutOfOrder.code, what[:200])

    def _turn(self, what: str, name: str | None, table: OrderTable) -> str:
        """The id of the step or message that the event is about, which has taken its turn there. Where the event does not
        say, it is the last one."""
        known = name or self._last[what]
        self._last[what] = known
        order = self._orders.get((what, known))
        if order is None:
            order = self._orders[what, known] = Order(table)
        if not order.step(self._kind):
            self._misplaced(f"{self._kind} of the {what} {known[:80]!r}")
        return known

    # The run.

    def _thread(self, thread: types.Thread) -> None:
        """Says nothing."""

    def _run(self, run: types.Run) -> None:
        self.say.start(run.id or "", run.model or "", seconds(run.created_at))

    def _run_ended(self, run: types.Run) -> None:
        """The run has ended, or waits for the client: nothing more is to come of it."""
        self._run(run)
        say = self.say
        if isinstance(run.usage, dict):
            say.usage = _usage(run.usage)
        self._require(run.required_action)
        for call in self._calls:
            if call.state is None and call.said.length:
                self._open(call)
        ended = self._kind.removeprefix("thread.run.")
        failure = failure_in({"error": run.last_error}, "error") if run.last_error else None
        if ended == "failed":
            words = "the run failed, and does not say why"
            say.fail(failure or StreamFailed("server", words))
            return
        if ended == "incomplete":
            ended = _reason_in(run.incomplete_details) or self._why or ended
        if ended == "completed":
            for (what, name), order in self._orders.items():
                if order.state in ("created", "running"):
                    self._misplaced(f"{self._kind} before the {what} {name[:80]!r} has ended")
        say.finish(ended, words=failure.message if failure is not None else "")

    def _require(self, action: Any) -> None:
        """The calls that the run waits for, whole."""
        outputs = action.get("submit_tool_outputs") if isinstance(action, dict) else None
        sent = dicts(outputs.get("tool_calls")) if isinstance(outputs, dict) else []
        for call, whole in self._calls.pair(sent):
            function = whole.get("function")
            fields = function if isinstance(function, dict) else {}
            self._name(call, word(whole.get("id")), word(fields.get("name")))
            self._settle(call.said, fields.get("arguments"), "arguments of a call", call)

    # Steps.

    def _step(self, step: types.Step) -> None:
        """Says nothing, and has its turn. The step of calls that were answered began in an earlier stream."""
        if self._order.state != RESUMED:
            self._turn("step", step.id, STEP)

    def _step_delta(self, event: types.StepDeltaEvent) -> None:
        name = self._turn("step", event.id, STEP)
        details = event.delta.step_details if event.delta is not None else None
        for at, delta in enumerate((details.tool_calls if details is not None else None) or ()):
            if delta.function is not None or delta.type == "function":
                place = at if delta.index is None else delta.index
                self._add_to(self._calls.at(name, place), delta)

    def _add_to(self, call: FunctionCall, delta: types.ToolCallDelta) -> None:
        function = delta.function or types.FunctionDelta()
        self._name(call, delta.id or "", function.name or "")
        self._say(call.said, function.arguments or "", call)

    def _name(self, call: FunctionCall, id: str, name: str) -> None:
        """A call opens when its name is known; what was said of it before has waited."""
        call.id = call.id or id
        call.name = call.name or name
        if call.name and call.state is None:
            self._open(call)

    def _open(self, call: FunctionCall) -> None:
        call.state = self.say.open_call(call.id, call.name)
        if call.said.length:
            self.say.arguments(call.state, call.said.text)

    # Messages.

    def _message(self, message: types.Message) -> None:
        self._turn("message", message.id, MESSAGE)

    def _message_delta(self, event: types.MessageDeltaEvent) -> None:
        name = self._turn("message", event.id, MESSAGE)
        for at, part in enumerate((event.delta.content if event.delta is not None else None) or ()):
            place = at if part.index is None else part.index
            if part.text is not None:
                self._say(self._text(name, "text", place), part.text.value or "", "text")
                for annotation in dicts(part.text.annotations):
                    self._cite(name, place, annotation)
            if part.refusal is not None:
                self._say(self._text(name, "refusal", place), part.refusal, "refusal")

    def _message_ended(self, message: types.Message) -> None:
        name = self._turn("message", message.id, MESSAGE)
        self._why = _reason_in(message.incomplete_details)
        for at, part in enumerate(dicts(message.content)):
            for channel in _TEXT_PARTS:
                field = part.get(channel)
                text = field if isinstance(field, dict) else {"value": field}
                said = self._text(name, channel, at)
                self._settle(said, text.get("value"), f"{channel} of a message", channel)
                for index, annotation in enumerate(dicts(text.get("annotations"))):
                    self._cite(name, at, {"index": index, **annotation})

    def _text(self, name: str, channel: str, part: int) -> Said:
        said = self._said.get((name, channel, part))
        if said is None:
            said = self._said[name, channel, part] = Said()
        return said

    def _cite(self, name: str, part: int, annotation: dict[str, Any]) -> None:
        """An annotation, the first time that it is told."""
        cited = self._cited.setdefault((name, part), set())
        index = annotation.get("index")
        place = index if isinstance(index, int) else len(cited)
        if place not in cited:
            cited.add(place)
            self.say.annotation({k: v for k, v in annotation.items() if k != "index"})

    # Texts.

    def _say(self, said: Said, text: str, to: str | FunctionCall) -> None:
        """The next of a text, or of a call's arguments."""
        if not text:
            return
        said.add(text)
        if isinstance(to, FunctionCall):
            if to.state is not None:
                self.say.arguments(to.state, text)
        elif to == "text":
            self.say.text(text)
        else:
            self.say.refusal(text)

    def _settle(self, said: Said, whole: Any, what: str, to: str | FunctionCall) -> None:
        """The whole of a text: tell what no delta said of it."""
        if not isinstance(whole, str):
            return
        rest = said.rest(whole)
        if rest is None:
            self._findings.note(DeltasDiffer.code, f"the {what}")
        elif rest:
            self._findings.note(DeltasMissing.code, f"the {what}")
            self._say(said, rest, to)

    def _read_choices(self, obj: dict[str, Any]) -> None:
        """Choices as chat's: those of one answer, told as a message and, of steps, as what the agent thinks."""
        say = self.say
        say.start(word(obj.get("id")), word(obj.get("model")), seconds(obj.get("created")))
        if isinstance(obj.get("usage"), dict):
            say.usage = _usage(obj["usage"])
        for choice in dicts(obj.get("choices")):
            delta = choice.get("delta")
            if isinstance(delta, dict):
                self._read_delta(delta)
            if word(choice.get("finish_reason")) and not say.over:
                say.finish(choice["finish_reason"])

    def _read_delta(self, delta: dict[str, Any]) -> None:
        """A delta as chat's. The calls of a step are the agent's own."""
        details = delta.get("step_details")
        if isinstance(details, dict) and details.get("type") == "thinking":
            self.say.reasoning(word(details.get("content")))
        self.say.text(word(delta.get("content")))
        self.say.refusal(word(delta.get("refusal")))
        try:
            calls = msgspec.convert(dicts(delta.get("tool_calls")), list[types.ToolCallDelta])
        except msgspec.ValidationError as error:
            self.say.fail(StreamFailed("invalid", f"a delta has calls that are none: {error}"))
            return
        for at, call in enumerate(calls):
            self._add_to(self._calls.at("", at if call.index is None else call.index), call)

    #: `error` is in no row: whatever its shape, it is read as in any dialect.
    kinds: ClassVar[Kinds] = {
        "thread.created": (types.Thread, _thread),
        **_rows(types.RUN_EVENTS, _run),
        **_rows(RUN_ENDS, _run_ended),
        **_rows(types.STEP_EVENTS, _step),
        "thread.run.step.delta": (types.StepDeltaEvent, _step_delta),
        **_rows(types.MESSAGE_EVENTS, _message),
        **_rows(MESSAGE_ENDS, _message_ended),
        "thread.message.delta": (types.MessageDeltaEvent, _message_delta),
    }


def _reason_in(details: Any) -> str:
    return word(details.get("reason")) if isinstance(details, dict) else ""


def _usage(sent: dict[str, Any]) -> dict[str, Any]:
    """The counts as chat has them; the details of the prompt's tokens have another name here."""
    return usage_of(
        count(sent.get("prompt_tokens")),
        count(sent.get("completion_tokens")),
        sent,
        cached=detail_in(sent, "prompt_token_details", "cached_tokens"),
        reasoning=detail_in(sent, "completion_tokens_details", "reasoning_tokens"),
    )
