"""Says in normal form what a stream of another dialect says: events, and canonical chat chunks where they are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamnorm.assemble import CallState, ChoiceState, Result
from streamnorm.dialects.chat.calls import PLACEHOLDERS, new_part, starts_anew
from streamnorm.dialects.chat.pieces import Piece, Slot
from streamnorm.dialects.chat.voice import Voice
from streamnorm.dialects.chat.wire import Call, Choice, Custom, Delta, Function
from streamnorm.dialects.halves import flush_halves, whole_characters
from streamnorm.events import (
    ArgumentsDelta,
    ChoiceFinished,
    Event,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    StreamEnded,
    StreamFailed,
    StreamStarted,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    UsageReported,
)
from streamnorm.repairs import order as repair

__all__ = ["Emitter"]


class Emitter:
    """What a dialect's reader speaks through. It keeps the state that every dialect has, and the promises of the normal
    form: the role once, dense indexes, ids, the finish and the usage once and last.

    `events` is where the events go; whoever feeds the reader sets it. `reasons` are the dialect's finish reasons.
    """

    def __init__(self, voice: Voice, reasons: Mapping[str, FinishReason | None]) -> None:
        self.events: list[Event] = []
        self.usage: dict[str, Any] | None = None
        self.failure: StreamFailed | None = None
        self.ended = False
        self._voice = voice
        self._findings = voice.findings
        self._stream = voice.stream
        self._reasons = {**reasons, **voice.own_reasons}
        self._choices: dict[int, ChoiceState] = {}
        #: Whole arguments that may be a placeholder for those to come: they wait for what is said next.
        self._held: tuple[CallState, str, ChoiceState] | None = None
        #: By choice, the calls that opened without a name.
        self._nameless: dict[int, list[CallState]] = {}

    # What came of it.

    @property
    def over(self) -> bool:
        return self.ended or self.failure is not None

    @property
    def started(self) -> bool:
        return self._stream.known

    @property
    def finished(self) -> bool:
        """Something was said, and every choice has its finish reason."""
        return bool(self._choices) and all(c.raw_reason for c in self._choices.values())

    @property
    def complete(self) -> bool:
        return self.ended and not any(c.finish_reason == "other" for c in self._choices.values())

    def result(self) -> Result:
        """What was assembled so far."""
        return Result(
            id=self._stream.id,
            model=self._stream.model,
            created=self._stream.created,
            choices=[choice.assembled() for _, choice in sorted(self._choices.items())],
            usage=self.usage,
        )

    # What is said.

    def start(self, id: str = "", model: str = "", created: int = 0) -> None:
        """The stream names itself; only the first time counts."""
        stream = self._stream
        if stream.known:
            return
        stream.known = True
        stream.seed = self._findings.data
        stream.created = created
        stream.model = model or "unknown"
        stream.id = id or stream.made_id("chatcmpl-")
        self.events.append(StreamStarted(stream.id, stream.model, stream.created))

    def choice(self, index: int = 0) -> ChoiceState:
        """The choice of this index; asking for it begins it. Something is about to be said, so what was held is told."""
        self._release()
        state = self._choices.get(index)
        if state is None:
            self.start()
            state = self._choices[index] = ChoiceState(index)
        return state

    def text(self, text: str, index: int = 0) -> None:
        state = self.choice(index)
        text = self._whole(state, "content", text)
        if text:
            state.text.append(text)
            self.events.append(TextDelta(index, text))
            self._put(state, Delta(content=text))

    def reasoning(self, text: str, index: int = 0) -> None:
        state = self.choice(index)
        text = self._whole(state, "reasoning_content", text)
        if text:
            state.reasoning.append(text)
            self.events.append(ReasoningDelta(index, text))
            self._put(state, Delta(reasoning_content=text))

    def refusal(self, text: str, index: int = 0) -> None:
        state = self.choice(index)
        text = self._whole(state, "refusal", text)
        if text:
            state.refusal.append(text)
            self.events.append(RefusalDelta(index, text))
            self._put(state, Delta(refusal=text))

    def reasoning_detail(self, detail: dict[str, Any], index: int = 0) -> None:
        """What must be handed back with the reasoning, such as its signature."""
        state = self.choice(index)
        state.reasoning_details = state.reasoning_details or []
        state.reasoning_details.append(detail)
        self._put(state, Delta(reasoning_details=[detail]))

    def annotation(self, annotation: dict[str, Any], index: int = 0) -> None:
        state = self.choice(index)
        state.annotations = state.annotations or []
        state.annotations.append(annotation)
        self._put(state, Delta(annotations=[annotation]))

    def open_call(
        self,
        id: str | None,
        name: str,
        index: int = 0,
        *,
        kind: str = "function",
        extra: Any = None,
    ) -> CallState:
        """A call begins; `extra` is what must be handed back with it. An id is made where `id` is empty, or None: then the
        dialect asks for none."""
        state = self.choice(index)
        nameless = self._nameless.setdefault(index, [])
        call = CallState(len(state.calls) if name else -1 - len(nameless), 0)
        call.name, call.type, call.extra_content = name, kind, extra
        if not id or id in state.by_id:
            if id is not None:
                self._findings.note(repair.ToolIdMissing.code)
            call.id = self._stream.made_id("call_", index, call.index)
        else:
            call.id = id
        state.by_id[call.id] = call
        if name:
            self._tell_opening(call, state)
        else:
            nameless.append(call)
        return call

    def arguments(self, call: CallState, fragment: str, index: int = 0) -> None:
        """The next fragment of a call's argument text, or of a custom call's input."""
        if self._held is not None and self._held[0] is call and starts_anew(fragment):
            self._findings.note(repair.ToolArgumentsPlaceholder.code)
            self._held = None
        state = self.choice(index)
        fragment = self._whole(state, f"call {call.index}", fragment)
        if fragment and call.first and call.type != "custom":
            rest = new_part(call, fragment)
            if rest is not None:
                self._findings.note(repair.ToolArgumentsCumulative.code)
                fragment = rest
        if not fragment:
            return
        if call.opened and not call.first and fragment.strip() in PLACEHOLDERS:
            self._held = call, fragment, state
            return
        call.append(fragment)
        if call.opened:
            self._tell_fragment(call, fragment, state)

    def finish(
        self,
        raw_reason: str,
        index: int = 0,
        *,
        means: FinishReason | None = None,
        words: str = "",
    ) -> None:
        """The choice gave its reason; it is told at the end. `means`: what it means where the dialect's table does not say
        so; `words`: what the server says about it."""
        state = self.choice(index)
        state.raw_reason = raw_reason
        state.finish_reason = reason = means or self._reasons.get(raw_reason, "other")
        if means is None and raw_reason not in self._reasons:
            self._findings.note(repair.FinishUnknown.code, f"finish reason {raw_reason[:80]!r}")
        elif reason is None:
            word = raw_reason[:80]
            message = f"the server stopped with finish reason {word!r}"
            if words:
                message = f"{message}: {words[:500]}"
            self.fail(StreamFailed("server", message, type="finish_reason", code=word))

    # The end.

    def end(self) -> None:
        """The stream has ended as its dialect says."""
        self._release()
        for _, state in sorted(self._choices.items()):
            self._finish_choice(state)
        if self.usage is not None:
            self.events.append(UsageReported(self.usage))
            if self._voice.pieces is not None:
                self._voice.pieces.append(Piece(Slot(), usage=self.usage))
        self.ended = True
        self.events.append(StreamEnded())

    def fail(self, failure: StreamFailed) -> None:
        """The stream is over and not to be trusted. Nothing, where it was over already."""
        if self.over:
            return
        self._release()
        self.failure = failure
        self._findings.note(repair.StreamBroken.code, f"{failure.kind}: {failure.message}"[:500])
        self.events.append(failure)

    def _finish_choice(self, state: ChoiceState) -> None:
        flush_halves(state.halves, self._findings)
        nameless = self._nameless.pop(state.index, [])
        called = bool(state.calls or nameless)
        reason: FinishReason = state.finish_reason or "other"
        if called and reason == "stop":
            if "tool_calls" in self._reasons.values():
                # A dialect that has a word for it did not say it.
                self._findings.note(repair.FinishStopWithCalls.code)
            reason = "tool_calls"
        elif reason == "tool_calls" and not called:
            self._findings.note(repair.FinishCallsWithoutCalls.code)
            reason = "stop"
        state.finish_reason = reason
        self._tell_no_arguments(state)
        self._tell_nameless(nameless, state)
        self._tell_no_arguments(state)
        for call in state.calls:
            self._finish_call(call, state)
        if not state.role_sent:
            # It never said anything. The role comes all the same, before the finish.
            self._put(state, Delta())
        self.events.append(ChoiceFinished(state.index, reason, state.raw_reason))
        told = (state.raw_reason or "stop") if reason == "other" else reason
        self._put(state, Delta(), told)

    def _finish_call(self, call: CallState, state: ChoiceState) -> None:
        findings = self._findings
        if not call.name:
            findings.note(repair.ToolNameMissing.code)
        scanner = call.scanner()
        call.complete = bool(call.name) and (
            call.type == "custom" or (scanner.complete and scanner.opened == "{")
        )
        if call.name and not call.complete:
            findings.note(
                repair.ToolArgumentsIncomplete.code,
                f"call {call.index} {call.name[:80]!r}: {call.text[-80:]!r}",
            )
        self.events.append(
            ToolCallFinished(state.index, call.index, call.id, call.name, call.text, call.complete)
        )

    # Within.

    def _release(self) -> None:
        """Nothing took the place of the placeholder: it was meant."""
        if self._held is not None:
            (call, fragment, state), self._held = self._held, None
            call.append(fragment)
            self._tell_fragment(call, fragment, state)

    def _tell_opening(self, call: CallState, state: ChoiceState) -> None:
        state.calls.append(call)
        call.opened = True
        kind = call.type or "function"
        self.events.append(ToolCallStarted(state.index, call.index, call.id, call.name, kind))
        entry = Call(index=call.index, id=call.id, type=kind, extra_content=call.extra_content)
        if kind == "custom":
            entry.custom = Custom(name=call.name, input="")
        else:
            entry.function = Function(name=call.name, arguments="")
        self._put(state, Delta(tool_calls=[entry]))

    def _tell_fragment(self, call: CallState, fragment: str, state: ChoiceState) -> None:
        self.events.append(ArgumentsDelta(state.index, call.index, fragment))
        entry = Call(index=call.index)
        if call.type == "custom":
            entry.custom = Custom(input=fragment)
        else:
            entry.function = Function(arguments=fragment)
        self._put(state, Delta(tool_calls=[entry]))

    def _tell_nameless(self, calls: list[CallState], state: ChoiceState) -> None:
        """Told last, as in chat: no index of a call that can be made is to depend on one that cannot. Arguments that may be a
        placeholder come after all the others, as there."""
        for call in calls:
            call.index = len(state.calls)
            self._tell_opening(call, state)
            if call.first and call.text.strip() not in PLACEHOLDERS:
                self._tell_fragment(call, call.text, state)
        for call in calls:
            if call.text.strip() in PLACEHOLDERS:
                self._tell_fragment(call, call.text, state)

    def _tell_no_arguments(self, state: ChoiceState) -> None:
        """The calls that have no arguments: these dialects send nothing for them."""
        for call in state.calls:
            if not call.first and state.finish_reason == "tool_calls" and call.type != "custom":
                call.append("{}")
                self._tell_fragment(call, "{}", state)

    def _whole(self, state: ChoiceState, channel: str, text: str) -> str:
        return whole_characters(text, channel, state.halves, self._findings) if text else ""

    def _put(self, state: ChoiceState, delta: Delta, reason: str | None = None) -> None:
        pieces = self._voice.pieces
        if pieces is None:
            return
        if not state.role_sent:
            state.role_sent = True
            delta.role = "assistant"
        pieces.append(Piece(Slot(role=delta.role), Choice(state.index, delta, None, reason)))
