"""Says in normal form what a stream of another dialect says: events, and canonical chat chunks where they are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamnorm.assemble import CallState, Result
from streamnorm.dialects.chat.choice import ChoiceReader
from streamnorm.dialects.chat.pieces import Piece, Slot
from streamnorm.dialects.chat.voice import Voice
from streamnorm.dialects.chat.wire import Call, Custom, Delta, Function
from streamnorm.events import (
    Event,
    FinishReason,
    StreamEnded,
    StreamFailed,
    StreamStarted,
    UsageReported,
)
from streamnorm.repairs import order as repair

__all__ = ["Emitter"]


class Emitter:
    """What a dialect's reader speaks through. It keeps the state that every dialect has, and says each thing through the choice
    as chat would: the promises of the normal form are kept in one place.

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
        self._choices: dict[int, ChoiceReader] = {}

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

    def choice(self, index: int = 0) -> ChoiceReader:
        """The choice of this index; asking for it begins it."""
        state = self._choices.get(index)
        if state is None:
            self.start()
            state = self._choices[index] = ChoiceReader(index, self._voice)
        return state

    def text(self, text: str, index: int = 0) -> None:
        if text:
            self.choice(index).say_text(text, self.events)

    def reasoning(self, text: str, index: int = 0) -> None:
        if text:
            self.choice(index).say(Delta(reasoning_content=text), self.events)

    def refusal(self, text: str, index: int = 0) -> None:
        if text:
            self.choice(index).say(Delta(refusal=text), self.events)

    def reasoning_detail(self, detail: dict[str, Any], index: int = 0) -> None:
        """What must be handed back with the reasoning, such as its signature."""
        self.choice(index).say(Delta(reasoning_details=[detail]), self.events)

    def annotation(self, annotation: dict[str, Any], index: int = 0) -> None:
        self.choice(index).say(Delta(annotations=[annotation]), self.events)

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
        made = self._stream.made_id("call_", index, len(state.calls)) if id is None else id
        entry = Call(id=made, type=kind, extra_content=extra)
        if kind == "custom":
            entry.custom = Custom(name, "")
        else:
            entry.function = Function(name, "")
        return state.open_call(entry, self.events)

    def arguments(self, call: CallState, fragment: str, index: int = 0) -> None:
        """The next fragment of a call's argument text, or of a custom call's input."""
        if fragment:
            self.choice(index).go_on(call, fragment, self.events)

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
        for state in self._choices.values():
            state.flush(self.events)
            state.release(self.events)
        self.failure = failure
        self._findings.note(repair.StreamBroken.code, f"{failure.kind}: {failure.message}"[:500])
        self.events.append(failure)

    def _finish_choice(self, state: ChoiceReader) -> None:
        state.flush(self.events)
        if state.calls and state.finish_reason == "stop":
            if "tool_calls" in self._reasons.values():
                # A dialect that has a word for it did not say it.
                self._findings.note(repair.FinishStopWithCalls.code)
            state.finish_reason = "tool_calls"
        if state.finish_reason == "tool_calls":
            state.fill(self.events)
        state.begin()
        state.finish(self.events)
