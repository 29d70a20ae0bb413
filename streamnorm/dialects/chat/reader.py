"""One chat stream: frames in; events, canonical chunks and findings out.

A chunk goes one of three ways. Clean and in order, it is read by the loop in `feed` and nothing else. Clean but out of
order (or the first, or the last), it goes through `_put_in_order`. Where the clean decoder refused it, it is first read
tolerantly (`shape.read`), then put in order. That all three tell the same story is a law the tests hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from streamnorm.assemble import PACK_AT, CallState, Result
from streamnorm.dialects.chat import shape
from streamnorm.dialects.chat.choice import ChoiceReader
from streamnorm.dialects.chat.jsontext import load
from streamnorm.dialects.chat.pieces import Piece, Slot
from streamnorm.dialects.chat.voice import NOWHERE, NOWHERE_WILD, Place, Voice
from streamnorm.dialects.chat.wire import (
    MISSING,
    OBJECT,
    REFUSED,
    Choice,
    Chunk,
    CleanChunk,
    Delta,
    decode_clean,
)
from streamnorm.dialects.failure import failure_in, failure_in_broken
from streamnorm.dialects.jsontext import NotJsonError
from streamnorm.dialects.sniff import dialect_of
from streamnorm.events import (
    ArgumentsDelta,
    Event,
    ReasoningDelta,
    StreamEnded,
    StreamFailed,
    StreamStarted,
    TextDelta,
    UsageReported,
)
from streamnorm.repairs import order as repair
from streamnorm.repairs.base import ShapeRepair
from streamnorm.repairs.framing import DoneDecorated, FrameEmpty, FrameOtherEvent, FrameScalar
from streamnorm.repairs.order import RoleRepeated
from streamnorm.repairs.shape import SHAPE_REPAIRS, TextForDelta
from streamnorm.sse import Frame

__all__ = ["ChatReader"]

DONE: Final = b"[DONE]"

#: Chunks that may wait for the stream to say who it is, and choices that one stream may have: nobody needs more.
MAX_HEADLESS: Final = 64
MAX_CHOICES: Final = 128

#: An error frame whose JSON is broken is still an error.
_ERROR_LIKE: Final = re.compile(rb'\s*\{\s*"error"\s*:')


class ChatReader:
    """Reads one chat stream. Single use; never raises on what a server sent.

    `choices`: how many choices were asked for (`n`), None where unknown. `tolerant`: take no fast path (for the law that it
    changes nothing). `others`: repairs of shape that are not ours, and run before ours; what they are for, the clean decoder
    does not know, so every chunk is read tolerantly. `decode` is the clean decoder, or the strict one.
    """

    def __init__(
        self,
        voice: Voice,
        *,
        choices: int | None = None,
        tolerant: bool = False,
        others: Sequence[type[ShapeRepair]] = (),
    ) -> None:
        self.failure: StreamFailed | None = None
        self.ended = False
        #: Ended or failed: what still comes says nothing.
        self._over = False
        self.usage: dict[str, Any] | None = None
        self._voice = voice
        self._findings = voice.findings
        self._stream = voice.stream
        self._choices: dict[int, ChoiceReader] = {}
        self._asked = choices
        self.decode: Callable[[bytes], Any] = decode_clean
        self._tables = shape.tables([*others, *SHAPE_REPAIRS]) if others else shape.OURS
        tolerant = tolerant or bool(others)
        self._tolerant = tolerant
        #: The last chunk needed the tolerant reading: so will the next, likely, and the clean one is not even tried.
        self._odd = tolerant
        self._refused: list[shape.Refused] = []
        #: The first frame that is no chat chunk, for the message where no other comes.
        self._foreign: bytes | None = None
        self._headless: list[Piece] = []
        self._usage_slot: Slot | None = None
        self._usage_alone = False
        self._vendor_usage: dict[str, Any] | None = None

    @property
    def complete(self) -> bool:
        """The stream ended as it should, and every finish reason is one whose meaning is known."""
        return self.ended and not any(c.finish_reason == "other" for c in self._choices.values())

    def want_typed(self) -> None:
        """Typed chunks are asked for: where one is clean, the decoder makes it."""
        from streamnorm.dialects.chat.types import decode_strict

        self.decode = decode_strict

    def feed(self, frames: list[Frame] | list[bytes], events: list[Event]) -> None:
        """Read `frames`, appending to `events` what they say. Where all of them are nothing but data, they may be that data."""
        stream, decode, pieces = self._stream, self.decode, self._voice.pieces
        findings, choices_by_index = self._findings, self._choices
        known_id, known_created, known_model = stream.id, stream.created, stream.model
        number = findings.chunk
        odd = self._odd
        tell = events.append
        #: The index of the choice that the last chunk was of, and that choice, None where it is not calm: its chunks need a
        #: second look. The call that the last fragment was of.
        at: int | None = None
        state: ChoiceReader | None = None
        latest: CallState | None = None
        bare = bool(frames) and isinstance(frames[0], bytes)
        frame: Any
        for frame in frames:
            number += 1
            data = frame if bare else frame.data
            try:
                chunk = None if odd or not (bare or frame.event == "message") else decode(data)
            except REFUSED:
                chunk = None
            if chunk is None:
                findings.chunk = number
                chunk = self._read_refused(frame, events)
                odd = self._odd
                known_id, known_created, known_model = stream.id, stream.created, stream.model
                if chunk is None:
                    at = None
                    continue
            choices = chunk.choices
            if (
                len(choices) == 1
                and chunk.usage is None
                and chunk.id == known_id
                and chunk.created == known_created
                and chunk.model == known_model
            ):
                choice = choices[0]
                index = choice.index
                delta = choice.delta
                if index != at:
                    at, state = index, choices_by_index.get(index)
                    if state is not None and not state.calm:
                        state = None
                if (
                    state is not None
                    and choice.finish_reason is None
                    and (delta.role is None or self._drop_role(delta, state, number, data))
                ):
                    calls = delta.tool_calls
                    content = delta.content
                    if calls:
                        if len(calls) == 1 and not (content or delta.reasoning_content):
                            entry = calls[0]
                            call = state.in_place.get(entry.index)
                            function = entry.function
                            if (
                                call is not None
                                and function is not None
                                and entry.id is None
                                and entry.type is None
                                and function.name is None
                            ):
                                fragment = function.arguments
                                # A fragment that begins like the whole text may be a repetition of it.
                                if fragment and fragment[0] != call.first:
                                    call.recent.append(fragment)
                                    state.latest = latest = call
                                    tell(ArgumentsDelta(index, call.index, fragment))
                                    if pieces is not None:
                                        pieces.append(data if decode is decode_clean else chunk)
                                    continue
                            if pieces is None:
                                findings.chunk = number
                                findings.data = data
                                state.read_call(entry, events)
                                at = None
                                continue
                    elif content:
                        if not delta.reasoning_content:
                            state.text.append(content)
                            tell(TextDelta(index, content))
                            if pieces is not None:
                                pieces.append(data if decode is decode_clean else chunk)
                            continue
                    elif reasoning := delta.reasoning_content:
                        state.reasoning.append(reasoning)
                        tell(ReasoningDelta(index, reasoning))
                        if pieces is not None:
                            pieces.append(data if decode is decode_clean else chunk)
                        continue
            findings.chunk = number
            findings.data = data
            if self._over:
                self._read_late()
            else:
                if decode is not decode_clean:
                    chunk = decode_clean(data)
                self._put_in_order(chunk, self._place(data), events)
                known_id, known_created, known_model = stream.id, stream.created, stream.model
            at = None
        findings.chunk = number
        if latest is not None and len(latest.recent) >= PACK_AT:
            latest.pack()

    def _drop_role(self, delta: Delta, state: ChoiceReader, number: int, data: bytes) -> bool:
        """Take a repeated role off, where nobody wants the chunk. False where there is more to do."""
        if self._voice.pieces is not None or not RoleRepeated.mend(delta, state):
            return False
        self._findings.chunk = number
        self._findings.data = data
        self._findings.note(RoleRepeated.code)
        return True

    def close(self, events: list[Event]) -> None:
        """The bytes have ended."""
        if self._over:
            return
        self._findings.data = b""
        self._findings.chunk = 0
        choices = self._choices.values()
        if not choices:
            self._fail_silent("the stream ended", events)
        elif all(choice.finished for choice in choices):
            self._findings.note(repair.DoneMissing.code)
            self._end(events)
        else:
            message = "the stream ended without a finish reason and without [DONE]"
            self.fail(StreamFailed("truncated", message), events)

    def fail(self, failure: StreamFailed, events: list[Event]) -> None:
        """The stream is over and not to be trusted; what was held is told first. Nothing, where it was over already."""
        if self._over:
            return
        for choice in self._choices.values():
            choice.flush(events)
            choice.release(events)
            choice.calm = False
        self.failure = failure
        self._over = True
        self._findings.note(repair.StreamBroken.code, f"{failure.kind}: {failure.message}"[:500])
        events.append(failure)

    def result(self) -> Result:
        """What was assembled so far."""
        return Result(
            id=self._stream.id,
            model=self._stream.model,
            created=self._stream.created,
            choices=[choice.assembled() for _, choice in sorted(self._choices.items())],
            usage=self.usage,
        )

    # Frames that are no clean chunk.

    def _read_refused(self, frame: Frame | bytes, events: list[Event]) -> CleanChunk | None:
        """Read a frame that the decoder refused. What repairs of shape have made a clean chunk is returned, for the loop to
        go on with, unless its place must be remembered."""
        if isinstance(frame, bytes):
            frame = Frame("message", frame)
        # The strict decoder refuses more than the clean one, and what is clean does not depend on what is asked for.
        twice = self.decode is not decode_clean and not self._odd and frame.event == "message"
        try:
            chunk = decode_clean(frame.data) if twice and not self._over else None
        except REFUSED:
            chunk = None
        if chunk is None:
            return self._read_tolerantly(frame, events)
        self._findings.data = frame.data
        self._put_in_order(chunk, self._place(frame.data), events)
        return None

    def _read_tolerantly(self, frame: Frame, events: list[Event]) -> CleanChunk | None:
        findings = self._findings
        findings.data = data = frame.data
        if self._over:
            self._read_late()
        elif data[:1] == b"{" or not self._read_token(data, events):
            mark = findings.total
            try:
                obj, wild = load(data, findings)
            except NotJsonError as error:
                self._read_garbage(frame, str(error), events)
            else:
                return self._read_object(obj, wild, frame, mark, events)
        return None

    def _read_token(self, data: bytes, events: list[Event]) -> bool:
        """Data that is no JSON on purpose: nothing at all, or `[DONE]`. False where it is neither."""
        if data == DONE:
            self._odd = self._tolerant
            self._end_at_done(events)
        elif not data.strip():
            self._findings.note(FrameEmpty.code)
        elif data.lstrip().startswith(DONE):
            self._findings.note(DoneDecorated.code)
        else:
            return False
        return True

    def _read_object(
        self, obj: Any, wild: bool, frame: Frame, mark: int, events: list[Event]
    ) -> CleanChunk | None:
        findings = self._findings
        failure = failure_in(obj, frame.event)
        if failure is not None:
            self.fail(failure, events)
        elif not isinstance(obj, dict):
            findings.note(FrameScalar.code)
        elif frame.event != "message" and not obj.get("choices"):
            self._foreign = self._foreign or frame.data
            findings.note(FrameOtherEvent.code, f"event: {frame.event[:80]}")
        else:
            if not self._choices and "choices" not in obj:
                self._foreign = self._foreign or frame.data
            before = findings.total
            try:
                ours = self._tables is shape.OURS
                clean = shape.read_clean(obj, findings, self._refused) if ours else None
                chunk = shape.read(obj, findings, self._tables) if clean is None else clean
            except (msgspec.ValidationError, UnicodeError, RecursionError) as error:
                message = f"chunk {findings.chunk} is no chat chunk: {error}"
                self.fail(StreamFailed("invalid", message), events)
                return None
            self._odd = findings.total != before or self._tolerant
            if self._voice.pieces is not None:
                place = Place(frame.data, obj, findings, mark, wild=wild)
            elif wild or clean is None:
                place = NOWHERE_WILD if wild else NOWHERE
            else:
                return clean
            self._put_in_order(chunk, place, events)
        return None

    def _read_garbage(self, frame: Frame, reason: str, events: list[Event]) -> None:
        """Data that is no JSON. In a frame of another kind it is none of ours; otherwise something was lost."""
        number = self._findings.chunk
        if frame.event == "error" or (frame.complete and _ERROR_LIKE.match(frame.data)):
            self.fail(failure_in_broken(frame.text), events)
        elif not frame.complete:
            self.fail(
                StreamFailed("truncated", f"the stream was cut inside chunk {number}"), events
            )
        elif frame.event != "message":
            self._findings.note(FrameOtherEvent.code, f"event: {frame.event[:80]}")
        else:
            message = f"chunk {number} is {reason}: {frame.text[:200]!r}"
            self.fail(StreamFailed("invalid", message), events)

    def _read_late(self) -> None:
        if self.failure is None:
            self._findings.note(repair.DataAfterDone.code)

    # Chunks.

    def _place(self, data: bytes) -> Place:
        """The place of a clean chunk."""
        if self._voice.pieces is None:
            return NOWHERE
        return Place(data, None, self._findings, self._findings.total)

    def _put_in_order(self, chunk: Chunk, place: Place, events: list[Event]) -> None:
        if not self._identify(chunk, place, events):
            return
        choices = chunk.choices
        if chunk.x_groq is not None:
            self._read_vendor_field(chunk.x_groq)
        for choice in choices:
            if choice.usage is not None:
                self._findings.note(repair.UsageInChoice.code)
                chunk.usage = chunk.usage or choice.usage
        if not choices:
            self._read_without_choices(chunk, place)
            return
        if chunk.usage is not None:
            self._findings.note(repair.UsageBesideChoices.code)
            self._keep_usage(chunk.usage, Slot())
        if len(choices) > 1:
            self._findings.note(repair.ChoicesTogether.code)
            place.whole = False
        for position, choice in enumerate(choices):
            place.at(position)
            self._read_choice(choice, place, events)
            if self.failure is not None:
                return

    def _identify(self, chunk: Chunk, place: Place, events: list[Event]) -> bool:
        """Make the chunk's id, model and time the stream's. False where it must wait for the stream to name itself."""
        stream, findings = self._stream, self._findings
        if not stream.known:
            if not (chunk.id or chunk.choices) and len(self._headless) < MAX_HEADLESS:
                findings.note(repair.ChunkHeadless.code)
                if repair.ChunkObject.mend(chunk, stream):
                    findings.note(repair.ChunkObject.code)
                self._headless.append(Piece(place.slot()))
                if chunk.usage is not None:
                    self._keep_usage(chunk.usage, Slot())
                return False
            self._introduce(chunk, events)
        if (
            chunk.id != stream.id
            or chunk.created != stream.created
            or chunk.model != stream.model
            or chunk.object != OBJECT
        ):
            for mend in repair.IDENTITY_REPAIRS:
                if mend.mend(chunk, stream):
                    findings.note(mend.code)
        return True

    def _introduce(self, chunk: Chunk, events: list[Event]) -> None:
        stream = self._stream
        stream.known = True
        stream.seed = self._findings.data
        stream.created = chunk.created
        stream.model = chunk.model or "unknown"
        stream.id = chunk.id or stream.made_id("chatcmpl-")
        events.append(StreamStarted(stream.id, stream.model, stream.created))
        if self._voice.pieces is not None:
            self._voice.pieces += self._headless
        self._headless.clear()

    def _read_without_choices(self, chunk: Chunk, place: Place) -> None:
        if chunk.usage is not None:
            self._keep_usage(chunk.usage, place.slot(), alone=True)
        elif self._voice.pieces is not None:
            self._voice.pieces.append(Piece(place.slot()))

    def _read_vendor_field(self, field: Any) -> None:
        """Usage that may be nowhere else; whether it is, only the end tells."""
        usage = field.get("usage") if isinstance(field, dict) else None
        if isinstance(usage, dict):
            self._vendor_usage = usage

    def _keep_usage(self, usage: dict[str, Any], slot: Slot, *, alone: bool = False) -> None:
        """The last usage is the one that counts; it leaves at the end. `alone`: it came in a chunk of its own."""
        earlier = self._usage_slot
        if alone and self._usage_alone:
            self._findings.note(repair.UsageRepeated.code)
        if earlier is not None:
            # What else the earlier chunk said lives on.
            slot.raw = earlier.raw = None
            if earlier.head and self._voice.pieces is not None:
                self._voice.pieces.append(Piece(earlier))
        self._usage_alone = alone
        self._usage_slot = slot
        self.usage = usage

    def _read_choice(self, choice: Choice, place: Place, events: list[Event]) -> None:
        reader = self._reader_of(choice, place.position)
        if reader is None:
            self.fail(StreamFailed("invalid", f"more than {MAX_CHOICES} choices"), events)
            return
        failed = reader.read(choice, place, events)
        if failed is not None:
            message = f"the server stopped with finish_reason {failed[:80]!r}"
            self.fail(
                StreamFailed("server", message, type="finish_reason", code=failed[:80]), events
            )

    def _reader_of(self, choice: Choice, position: int) -> ChoiceReader | None:
        readers = self._choices
        if choice.index == MISSING:
            self._findings.note(repair.ChoiceIndexMissing.code)
            choice.index = position
        reader = readers.get(choice.index)
        if reader is not None:
            return reader
        if readers and not position and (self._asked == 1 or self._may_drift(choice)):
            self._findings.note(repair.ChoiceIndexDrifts.code)
            return next(iter(readers.values()))
        if len(readers) >= MAX_CHOICES:
            return None
        reader = readers[choice.index] = ChoiceReader(choice.index, self._voice)
        return reader

    def _may_drift(self, choice: Choice) -> bool:
        """A choice begins with its role, so one without is none; but the completions API has no roles."""
        return choice.delta.role is None and TextForDelta.code not in self._findings

    # The end.

    def _end_at_done(self, events: list[Event]) -> None:
        if self._choices:
            self._end(events)
        else:
            self._fail_silent("the stream ended with [DONE]", events)

    def _fail_silent(self, ended: str, events: list[Event]) -> None:
        message = f"{ended} before it said anything"
        foreign = self._foreign
        if foreign is not None:
            dialect = dialect_of(foreign)
            hint = "" if dialect in (None, "chat") else f"; they look like the dialect {dialect!r}"
            first = foreign[:200].decode("utf-8", "replace")
            message += f": its frames are no chat chunks{hint}; the first of them is {first!r}"
        self.fail(StreamFailed("truncated", message), events)

    def _end(self, events: list[Event]) -> None:
        for _, choice in sorted(self._choices.items()):
            choice.finish(events)
        if self.usage is None and self._vendor_usage is not None:
            self._findings.note(repair.UsageInVendorField.code)
            self._keep_usage(self._vendor_usage, Slot())
        if self.usage is not None:
            events.append(UsageReported(self.usage))
            if self._voice.pieces is not None and self._usage_slot is not None:
                self._voice.pieces.append(Piece(self._usage_slot, usage=self.usage))
        self.ended = self._over = True
        events.append(StreamEnded())
