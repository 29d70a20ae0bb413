"""One choice of a chat stream: what each of its deltas says, told in normal form. The finish waits for the end, because
some servers go on after it."""

from __future__ import annotations

from streamnorm.assemble import CallState
from streamnorm.dialects.chat.marked import MarkedText
from streamnorm.dialects.chat.pieces import Slot
from streamnorm.dialects.chat.toolcalls import CUT_REASONS, CallReader, Later
from streamnorm.dialects.chat.voice import Place, Voice
from streamnorm.dialects.chat.wire import Call, Choice, Delta, Function
from streamnorm.dialects.halves import flush_halves
from streamnorm.events import (
    ChoiceFinished,
    Event,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
)
from streamnorm.leaks import CallFragment, CallOpened, Part, Text
from streamnorm.repairs import order as repair

__all__ = ["ChoiceReader"]


class ChoiceReader(CallReader):
    """Reads the deltas of one choice into events and pieces."""

    __slots__ = ("_ended_at", "_ending", "_leaked", "_marked")

    def __init__(self, index: int, voice: Voice) -> None:
        super().__init__(index, voice)
        self._ending: Slot | None = None
        #: The number and the data of the chunk that brought the finish reason.
        self._ended_at: tuple[int, bytes] | None = None
        marked = MarkedText(voice.unsafe, voice.tools)
        #: Reads the markup in the text, where that was asked for and as long as there may be some.
        self._marked = None if marked.done else marked
        #: The call that was found in the text last.
        self._leaked: CallState | None = None

    @property
    def finished(self) -> bool:
        return self._ending is not None

    def read(self, choice: Choice, place: Place, events: list[Event]) -> str | None:
        """Tell what the choice's next delta says. Returns the server's word where its finish reason is a failure."""
        findings = self._findings
        delta = self._delta_of(choice)
        if delta.role is not None or not self.role_sent:
            for mend in repair.ROLE_REPAIRS:
                if mend.mend(delta, self):
                    findings.note(mend.code)
            self.role_sent = True
        place.role = delta.role
        if place.wild or self.halves:
            self._mend_text(delta)
        if self._marked is not None and (delta.content or delta.reasoning_content):
            self._read_marked(self._marked, delta, place, events)
        calls = self._calls_of(delta)
        says = _says(delta) or choice.logprobs is not None
        reason = choice.finish_reason
        if reason is not None or self._ending is not None:
            reason = self._reason_of(choice, says or bool(calls))
            # The finish waits for the end, the role does not.
            says = says or (reason is not None and delta.role is not None and not calls)
        if reason or says or len(calls) > 1:
            self._split(reason, says, calls, place)
        if says or not (calls or reason):
            self._tell_body(choice, delta, place, events)
        if calls:
            # A call ends what text there was: nothing that may become markup goes over it. Where calls come as calls, what
            # looks like one in the text is text.
            self.flush(events, calls=False)
            self._read_calls(calls, delta, place, events)
        if reason:
            self._ending = place.slot()
            self._ended_at = findings.chunk, findings.data
            self._set_finish(reason)
        self.calm = not (self._held or self.halves or self._ending or self._marked)
        return self.raw_reason if self.finish_reason is None else None

    def say(self, delta: Delta, events: list[Event]) -> None:
        """Tell what `delta`, which has neither role nor calls, says. No chunk of chat brought it."""
        place = Later(Slot(), wild=True)
        self._mend_text(delta)
        if self._marked is not None and (delta.content or delta.reasoning_content):
            self._read_marked(self._marked, delta, place, events)
        if _says(delta):
            self._tell_body(Choice(self.index, delta), delta, place, events)

    def say_text(self, text: str, events: list[Event]) -> None:
        """As `say`, of text alone, which is what there are thousands of: where nothing waits and nobody wants chunks, there is
        nothing else to do with it."""
        waits = self._held or self.halves or self._marked is not None
        if self._voice.pieces is None and not waits and text.isascii():
            self.text.append(text)
            events.append(TextDelta(self.index, text))
        else:
            self.say(Delta(content=text), events)

    def begin(self) -> None:
        """Tell the role, if nothing has been told that it came with."""
        if not self._role_told:
            self._put(Slot(), Delta())

    def _delta_of(self, choice: Choice) -> Delta:
        if choice.message is None:
            return choice.delta
        if self.spoke:
            self._findings.note(repair.MessageRepeated.code)
            return choice.delta
        return choice.message

    def _reason_of(self, choice: Choice, speaks: bool) -> str | None:
        """The finish reason to take from this chunk: an empty one is none."""
        reason = choice.finish_reason
        if reason == "":
            self._findings.note(repair.FinishEmpty.code)
        if self._ending is not None:
            if speaks:
                self._findings.note(repair.DeltaAfterFinish.code)
            if reason:
                self._findings.note(repair.FinishRepeated.code)
                # A later, rosier reason does not replace one that tells of a cut.
                if self.raw_reason != reason and self.finish_reason not in CUT_REASONS:
                    self._set_finish(reason)
                    self._ending.raw = None
                return None
        return reason or None

    def _split(self, reason: str | None, says: bool, calls: list[Call], place: Place) -> None:
        """Note which of the parts of a delta must part."""
        if reason and (says or calls):
            self._findings.note(repair.FinishBesideDelta.code)
            place.whole = False
        if says and calls:
            self._findings.note(repair.ToolBesideText.code)
            place.whole = False
        if len(calls) > 1:
            self._findings.note(repair.ToolCallsTogether.code)
            place.whole = False

    # Text and the rest of the body.

    def _tell_body(self, choice: Choice, delta: Delta, place: Place, events: list[Event]) -> None:
        if not (_says(delta) or choice.logprobs is not None or choice.finish_reason):
            self._pass_on(delta, place, events)
            return
        self.release(events)
        if delta.reasoning_content:
            self.reasoning.append(delta.reasoning_content)
            events.append(ReasoningDelta(self.index, delta.reasoning_content))
        if delta.content:
            self.text.append(delta.content)
            events.append(TextDelta(self.index, delta.content))
        if delta.refusal:
            self.refusal.append(delta.refusal)
            events.append(RefusalDelta(self.index, delta.refusal))
        self._collect(choice, delta)
        self._put_body(delta, place, choice.logprobs)

    def _read_marked(
        self, marked: MarkedText, delta: Delta, place: Place, events: list[Event]
    ) -> None:
        """Leave in `delta` the last part of its text, be it text or reasoning; what comes before that is told."""
        came: list[Part] = []
        parts: list[Part] = []
        if delta.reasoning_content:
            came.append(Text(delta.reasoning_content, True))
            parts += marked.reasoning(delta.reasoning_content)
        if delta.content:
            came.append(Text(delta.content))
            parts += marked.content(delta.content)
        if marked.done:
            self._marked = None
        if parts == came:
            return
        place.whole = False
        delta.reasoning_content = delta.content = None
        last = parts[-1] if parts else None
        if isinstance(last, Text):
            parts.pop()
            if last.reasoning:
                delta.reasoning_content = last.text
            else:
                delta.content = last.text
        self._tell_parts(parts, place, events)

    def _tell_parts(self, parts: list[Part], place: Place, events: list[Event]) -> None:
        for part in parts:
            if isinstance(part, Text):
                said = (
                    Delta(reasoning_content=part.text)
                    if part.reasoning
                    else Delta(content=part.text)
                )
                self._tell_body(Choice(self.index, said), said, place, events)
            elif isinstance(part, CallFragment):
                if self._leaked is not None:
                    self._read_fragment(part.fragment, self._leaked, place, 0, events)
            else:
                self._findings.note(part.code)
                if isinstance(part, CallOpened):
                    self._open_leaked(part, place, events)

    def _open_leaked(self, part: CallOpened, place: Place, events: list[Event]) -> None:
        made = part.id or self._voice.stream.made_id("call_", self.index, len(self.calls))
        entry = Call(id=made, type="function", function=Function(part.name, ""))
        self._leaked = self.open_call(entry, events, place)

    def flush(self, events: list[Event], *, calls: bool = True) -> None:
        """Tell the text that was held, as nothing more will come to decide what it is. `calls`: some may still be found."""
        if self._marked is not None:
            self._tell_parts(self._marked.flush(calls=calls), Later(Slot()), events)
            if self._marked.done:
                self._marked = None

    def _collect(self, choice: Choice, delta: Delta) -> None:
        """What the final message has besides text and calls."""
        if delta.audio:
            self.audio.add(delta.audio)
        if delta.annotations:
            self.annotations = self.annotations or []
            self.annotations += delta.annotations
        if delta.reasoning_details:
            self.reasoning_details = self.reasoning_details or []
            self.reasoning_details += delta.reasoning_details
        if choice.logprobs:
            self.logprobs.add(choice.logprobs)

    # The end.

    def _set_finish(self, raw_reason: str) -> None:
        reasons = self._voice.finish_reasons
        self.raw_reason = raw_reason
        reason = reasons.get(raw_reason, "other")
        self.finish_reason = reason
        if raw_reason not in reasons:
            self._findings.note(repair.FinishUnknown.code, f"finish_reason {raw_reason[:80]!r}")
        elif reason not in (None, raw_reason) and not (
            self._voice.legacy and raw_reason == "function_call"
        ):
            self._findings.note(repair.FinishRenamed.code, f"{raw_reason!r} to {reason!r}")

    def finish(self, events: list[Event]) -> None:
        """The stream has ended well: tell what was held, the calls, and the finish."""
        findings = self._findings
        self.calm = False
        flush_halves(self.halves, findings)
        self.flush(events)
        number, data = self._ended_at or (findings.chunk, findings.data)
        for mend in repair.FINISH_REPAIRS:
            if mend.mend(self):
                findings.note(mend.code, seen=data, chunk=number)
        self._finish_calls(events)
        reason = self.finish_reason or "other"
        events.append(ChoiceFinished(self.index, reason, self.raw_reason))
        slot = self._ending or Slot()
        told = self._wire_reason(reason)
        if told != self.raw_reason:
            slot.raw = None
        self._put(slot, Delta(), reason=told)

    def _wire_reason(self, reason: FinishReason) -> str:
        if reason == "other":
            return self.raw_reason or "stop"
        if reason == "tool_calls" and self._voice.legacy and self.legacy is not None:
            return "function_call"
        return reason


def _says(delta: Delta) -> bool:
    return bool(
        delta.content
        or delta.reasoning_content
        or delta.refusal
        or delta.audio
        or delta.annotations
        or delta.reasoning_details
    )
