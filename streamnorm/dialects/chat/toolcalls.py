"""The tool calls of one choice, told in normal form, and what must wait for it.

Nothing is told before it is decided, and nothing waits longer: an opening waits while its name may still grow, argument
text that may be a placeholder or a quotation waits for what follows.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec.structs

from streamnorm.arguments.prefix import PrefixScanner
from streamnorm.assemble import CallState, ChoiceState
from streamnorm.dialects.chat.calls import PLACEHOLDERS, locate, new_part, starts_anew
from streamnorm.dialects.chat.pieces import Piece, Slot
from streamnorm.dialects.chat.voice import NOWHERE, Place, Voice
from streamnorm.dialects.chat.wire import MISSING, Call, Choice, Custom, Delta, Function
from streamnorm.dialects.halves import whole_characters, without_halves
from streamnorm.events import ArgumentsDelta, Event, ToolCallFinished, ToolCallStarted
from streamnorm.repairs import order as repair

__all__ = ["CUT_REASONS", "MAX_HELD", "CallReader", "Later"]

#: Reasons that tell of a cut.
CUT_REASONS: Final = frozenset({"length", "content_filter"})

#: Chunks that may wait behind an opening. A name that has not grown by then will not.
MAX_HELD: Final = 64


class _Held:
    """What must not be told yet: the opening of `call`, its argument `text`, or (`call` None) a chunk that says nothing but
    must not overtake them. `quote` scans text that may be a JSON string around the arguments."""

    __slots__ = ("call", "early", "quote", "slot", "text")

    def __init__(
        self, call: CallState | None, slot: Slot, text: str = "", *, early: bool = False
    ) -> None:
        self.call = call
        self.slot = slot
        self.text = text
        self.quote: PrefixScanner | None = None
        #: It came before the call's name, and has not been read yet.
        self.early = early


class Later(Place):
    """The place of text that is read later than it came."""

    __slots__ = ("_slot",)

    def __init__(self, slot: Slot, *, wild: bool = False) -> None:
        self._slot = slot
        self.wild = wild

    def slot(self, call_at: int | None = None) -> Slot:  # noqa: ARG002 - overrides
        return self._slot


class CallReader(ChoiceState):
    """Reads the calls in the deltas of one choice into events and pieces, and tells what was held in its order."""

    __slots__ = ("_findings", "_held", "_role_told", "_told", "_voice")

    def __init__(self, index: int, voice: Voice) -> None:
        super().__init__(index)
        self._voice = voice
        self._findings = voice.findings
        self._held: list[_Held] = []
        #: How many calls have been told, and whether the role has.
        self._told = 0
        self._role_told = False

    def _calls_of(self, delta: Delta) -> list[Call]:
        """The delta's calls; one in the legacy form is made a call."""
        calls = delta.tool_calls or []
        function = delta.function_call
        if function is None or not (function.name or function.arguments):
            return calls
        if calls or (self.calls and self.legacy is None):
            self._findings.note(repair.FunctionCallDoubled.code)
            return calls
        if not self._voice.legacy:
            self._findings.note(repair.FunctionCallLegacy.code)
        if self.legacy is not None:
            return [Call(index=0, function=function)]
        made = self._voice.stream.made_id("call_", self.index, 0)
        return [Call(index=0, id=made, type="function", function=function)]

    def _read_calls(
        self, calls: list[Call], delta: Delta, place: Place, events: list[Event]
    ) -> None:
        pieces = self._voice.pieces
        told = len(pieces) if pieces is not None else 0
        held = len(self._held)
        opened = False
        legacy = delta.function_call is not None and not delta.tool_calls
        for position, entry in enumerate(calls):
            if repair.ToolIdInFunction.mend(entry):
                self._findings.note(repair.ToolIdInFunction.code)
            call = locate(entry, self, self._findings, opened)
            if call is None:
                self._open(entry, place, position, events, legacy=legacy)
                opened = True
            else:
                self._continue(entry, call, place, position, events)
        if place.fresh and pieces is not None and len(pieces) == told and len(self._held) == held:
            # What its calls said was known, or is held with what came before: the rest of the chunk lives on.
            place.whole = False
            self._pass_on(delta, place, events)

    def read_call(self, entry: Call, events: list[Event]) -> None:
        """As `read`, for a delta that is one call and nothing else, in a stream whose chunks nobody wants."""
        call = locate(entry, self, self._findings, False)
        if call is None:
            self._open(entry, NOWHERE, 0, events)
        else:
            self._continue(entry, call, NOWHERE, 0, events)
        self.calm = not (self._held or self.halves)

    # Calls that no delta of chat brought: they are what they say they are.

    def open_call(self, entry: Call, events: list[Event], place: Place | None = None) -> CallState:
        """Open a call, whose name is whole where it has one."""
        self._open(entry, place or Later(Slot()), 0, events)
        self.release(events)
        return self.calls[-1]

    def go_on(self, call: CallState, fragment: str, events: list[Event]) -> None:
        """The next fragment of its arguments."""
        self._read_fragment(fragment, call, Later(Slot(), wild=True), 0, events)

    def fill(self, events: list[Event]) -> None:
        """Where nothing stands for no arguments, a call that ends without any has none."""
        for call in self.calls:
            held = any(held.call is call and held.text for held in self._held)
            if not (call.first or held or call.type == "custom"):
                self.go_on(call, "{}", events)

    # Calls in the deltas of chat.

    def _open(
        self,
        entry: Call,
        place: Place,
        position: int,
        events: list[Event],
        *,
        legacy: bool = False,
    ) -> None:
        self.release(events)
        call = CallState(len(self.calls), entry.index)
        body = entry.function or entry.custom
        call.name = (body.name if body else None) or ""
        call.type = entry.type or ("custom" if entry.custom else None)
        call.extra_content = entry.extra_content
        if entry.id and entry.id not in self.by_id:
            call.wire_id = call.id = entry.id
        for mend in repair.OPENING_REPAIRS:
            if mend.mend(entry, call):
                self._findings.note(mend.code)
        self.latest = call
        self._remember(entry, call)
        self.calls.append(call)
        if legacy:
            self.legacy = call
        fragment = _fragment(entry)
        if fragment:
            self._findings.note(repair.ToolArgumentsInOpening.code)
            place.whole = False
        self._held.append(_Held(call, place.slot(position)))
        if fragment:
            self._read_fragment(fragment, call, place, position, events)
        elif call.name in self._voice.final_names:
            self.release(events)

    def _continue(
        self, entry: Call, call: CallState, place: Place, position: int, events: list[Event]
    ) -> None:
        """Take off what a later delta of a call does not carry; a late id or name is still taken in."""
        self.latest = call
        if entry.index != MISSING or entry.id:
            self._remember(entry, call)
        if entry.extra_content is not None:
            call.extra_content = entry.extra_content
        findings = self._findings
        before = findings.total
        if entry.index not in (MISSING, call.index):
            findings.note(repair.ToolIndexNotDense.code)
        if entry.id is not None:
            for by_id in repair.ID_REPAIRS:
                if by_id.mend(entry, call):
                    findings.note(by_id.code)
                    break
        if entry.type is not None:
            findings.note(repair.ToolTypeRepeated.code)
        function = entry.function
        if function is not None and function.name is not None:
            for by_name in repair.NAME_REPAIRS:
                if by_name.mend(function, call):
                    findings.note(by_name.code)
                    break
        if not call.opened and findings.total != before:
            self._reopen(call)
        fragment = _fragment(entry)
        if not fragment:
            if findings.total == before:
                findings.note(repair.ToolDeltaEmpty.code)
        elif (
            place is NOWHERE and fragment[0] != call.first != "" and not (self._held or self.halves)
        ):
            # Nothing to decide: the text goes on, and nobody wants the chunk.
            call.append(fragment)
            events.append(ArgumentsDelta(self.index, call.index, fragment))
        else:
            self._read_fragment(fragment, call, place, position, events)

    def _remember(self, entry: Call, call: CallState) -> None:
        """How later deltas may name this call."""
        index = entry.index
        if index != MISSING and (not call.opened or index not in self.by_index):
            self.by_index[index] = call
            self.in_place.pop(index, None)
        if entry.id and entry.id not in self.by_id:
            self.by_id[entry.id] = call

    def _reopen(self, call: CallState) -> None:
        """The opening has changed since its chunk came."""
        for held in self._held:
            if held.call is call:
                held.slot.raw = None

    def _read_fragment(
        self, fragment: str, call: CallState, place: Place, position: int, events: list[Event]
    ) -> None:
        if place.wild or self.halves:
            fragment = self._whole_characters(f"call {call.index}", fragment)
            if not fragment:
                return
        if self._held and call.name and not call.opened:
            # A name does not grow once arguments come.
            self.release(events)
        waiting = self._waiting(call) if self._held else None
        if waiting is not None:
            self._read_after_held(fragment, waiting, call, place, position, events)
        elif call.type == "custom":
            self._tell_fragment(fragment, call, place, position, events)
        elif not call.first:
            self._read_first_fragment(fragment, call, place, position, events)
        else:
            rest = new_part(call, fragment)
            if rest is not None:
                self._findings.note(repair.ToolArgumentsCumulative.code)
            if rest != "":
                self._tell_fragment(rest or fragment, call, place, position, events)

    def _read_first_fragment(
        self, fragment: str, call: CallState, place: Place, position: int, events: list[Event]
    ) -> None:
        text = fragment.strip()
        quoted = text[:1] == '"'
        if not (quoted or text in PLACEHOLDERS) or not (call.opened or call.name):
            self._tell_fragment(fragment, call, place, position, events)
            return
        self.release(events)
        held = _Held(call, place.slot(position), fragment)
        self._held.append(held)
        call.placeholder = not quoted
        if quoted:
            held.quote = PrefixScanner()
            self._unquote(held, fragment, events)

    def _waiting(self, call: CallState) -> _Held | None:
        """The argument text of `call` that is held because of what it may be."""
        if not call.name:
            return None
        return next(
            (held for held in self._held if held.call is call and held.text and not held.early),
            None,
        )

    def _read_after_held(
        self,
        fragment: str,
        held: _Held,
        call: CallState,
        place: Place,
        position: int,
        events: list[Event],
    ) -> None:
        """Argument text was held back: this fragment says what it was."""
        if held.quote is not None:
            held.text += fragment
            held.slot.raw = None
            self._unquote(held, fragment, events)
            return
        if starts_anew(fragment):
            self._findings.note(repair.ToolArgumentsPlaceholder.code)
            self._held.remove(held)
            call.placeholder = False
        else:
            self.release(events)
        self._read_fragment(fragment, call, place, position, events)

    def _unquote(self, held: _Held, fragment: str, events: list[Event]) -> None:
        """Read on in a JSON string that may hold the arguments; once it is whole, or is none, tell it."""
        quote = held.quote
        if quote is None or (quote.feed(fragment) and not quote.complete):
            return
        if quote.complete:
            inner = json.loads(held.text)
            if inner.lstrip().startswith("{"):
                self._findings.note(repair.ToolArgumentsQuoted.code)
                held.text = without_halves(inner)
                held.slot.raw = None
        held.quote = None
        self.release(events)

    def _tell_fragment(
        self, fragment: str, call: CallState, place: Place, position: int, events: list[Event]
    ) -> None:
        if not call.name and not call.opened:
            # Nobody can use the arguments of a call without a name: they wait for it with the opening.
            self._held.append(_Held(call, place.slot(position), fragment, early=True))
            return
        if self._held:
            self.release(events)
        self._tell(call, fragment, place.slot(position), events)

    def _tell(self, call: CallState, fragment: str, slot: Slot, events: list[Event]) -> None:
        if not call.first and call.type != "custom" and self.by_index.get(call.index) is call:
            self.in_place[call.index] = call
        call.placeholder = False
        call.append(fragment)
        events.append(ArgumentsDelta(self.index, call.index, fragment))
        if self._voice.pieces is None:
            return
        if call.type == "custom":
            entry = Call(index=call.index, custom=Custom(input=fragment))
        else:
            entry = Call(index=call.index, function=Function(arguments=fragment))
        self._put_call(call, entry, slot)

    def _tell_opening(self, call: CallState, slot: Slot, events: list[Event]) -> None:
        call.opened = True
        if call.index != self._told:
            # It overtook a call that waits for its name.
            call.index = self._told
            if call.wire_index not in (MISSING, call.index):
                self._findings.note(repair.ToolIndexNotDense.code)
        self._told += 1
        if not call.id:
            self._findings.note(repair.ToolIdMissing.code)
            call.id = self._voice.stream.made_id("call_", self.index, call.index)
            slot.raw = None
        kind = call.type or "function"
        events.append(ToolCallStarted(self.index, call.index, call.id, call.name, kind))
        if self._voice.pieces is None:
            return
        entry = Call(index=call.index, id=call.id, type=kind)
        if slot.origin is None:
            # No chunk of chat has it among its fields.
            entry.extra_content = call.extra_content
        if kind == "custom":
            entry.custom = Custom(name=call.name, input="")
        else:
            entry.function = Function(name=call.name, arguments="")
        self._put_call(call, entry, slot)

    def _put_call(self, call: CallState, entry: Call, slot: Slot) -> None:
        if call.wire_index != call.index:
            slot.raw = None
        if self._voice.legacy and call is self.legacy:
            self._put(slot, Delta(function_call=entry.function))
        else:
            self._put(slot, Delta(tool_calls=[entry]))

    def release(self, events: list[Event], *, nameless: bool = False) -> None:
        """Tell what was held. Calls without a name go on waiting for one, unless `nameless`."""
        if not self._held:
            return
        waiting: list[_Held] = []
        due, self._held = self._held, waiting
        for held in due:
            call = held.call
            if call is None:
                self._put(held.slot, Delta())
            elif not (call.name or nameless):
                waiting.append(held)
            elif not held.text:
                self._tell_opening(call, held.slot, events)
            elif held.early:
                self._read_fragment(held.text, call, Later(held.slot), 0, events)
            elif held.text.strip() == "null":
                self._findings.note(repair.ToolArgumentsEmpty.code)
                self._tell(call, "{}", Slot(), events)
            else:
                self._tell(call, held.text, held.slot, events)

    def _finish_calls(self, events: list[Event]) -> None:
        """Nothing more will come: tell the calls that have a name, then those that never got one, and how each ended."""
        for nameless in (False, True):
            self.release(events, nameless=nameless)
            # Text that waited for a name is read only now, and may be held as a placeholder.
            self.release(events, nameless=nameless)
            for call in self.calls:
                if call.opened and not call.first:
                    self._fill(call, events)
        self.calls.sort(key=lambda call: call.index)
        for call in self.calls:
            self._finish_call(call, events)

    def _fill(self, call: CallState, events: list[Event]) -> None:
        """A call that was finished without arguments has none."""
        if self.finish_reason == "tool_calls" and call.type != "custom":
            self._findings.note(repair.ToolArgumentsEmpty.code)
            self._tell(call, "{}", Slot(), events)

    def _finish_call(self, call: CallState, events: list[Event]) -> None:
        findings = self._findings
        if not call.name:
            findings.note(repair.ToolNameMissing.code)
        if call.type == "custom":
            # Nothing in free text says where it ends; a cut is behind the last of it.
            whole = self.finish_reason not in CUT_REASONS or call is not self.calls[-1]
        else:
            scanner = call.scanner()
            whole = scanner.complete and scanner.opened == "{"
        call.complete = whole and bool(call.name)
        if not whole:
            findings.note(
                repair.ToolArgumentsIncomplete.code,
                f"call {call.index} {call.name[:80]!r}: {call.text[-80:]!r}",
            )
        events.append(
            ToolCallFinished(self.index, call.index, call.id, call.name, call.text, call.complete)
        )

    def _pass_on(self, delta: Delta, place: Place, events: list[Event]) -> None:
        """A chunk that says nothing, behind what is held."""
        if self._voice.pieces is None:
            return
        if len(self._held) > MAX_HELD:
            self.release(events)
        if self._held:
            self._held.append(_Held(None, place.slot()))
        else:
            self._put_body(delta, place)

    def _put_body(self, delta: Delta, place: Place, logprobs: dict[str, Any] | None = None) -> None:
        """What `delta` says besides its calls."""
        if self._voice.pieces is not None:
            body = msgspec.structs.replace(delta, tool_calls=None, function_call=None)
            self._put(place.slot(), body, logprobs=logprobs)

    def _put(
        self,
        slot: Slot,
        delta: Delta,
        *,
        reason: str | None = None,
        logprobs: dict[str, Any] | None = None,
    ) -> None:
        pieces = self._voice.pieces
        if pieces is not None:
            if self._role_told == (slot.role is not None):
                # The role goes with the first piece, whichever that has become.
                slot.role = None if self._role_told else "assistant"
                slot.raw = None
            self._role_told = True
            delta.role = slot.role
            pieces.append(Piece(slot, Choice(self.index, delta, logprobs, reason)))

    def _mend_text(self, delta: Delta) -> None:
        for name in ("content", "reasoning_content", "refusal"):
            text = getattr(delta, name)
            if text:
                setattr(delta, name, self._whole_characters(name, text))

    def _whole_characters(self, channel: str, text: str) -> str:
        return whole_characters(text, channel, self.halves, self._findings)


def _fragment(entry: Call) -> str | None:
    if entry.function is not None:
        return entry.function.arguments
    return entry.custom.input if entry.custom is not None else None
