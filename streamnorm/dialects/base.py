"""What the readers of all dialects but chat have in common: frames of JSON objects in, each of a kind, handed to what reads
that kind. Never raises on what a server sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from streamnorm.assemble import Result
from streamnorm.dialects.chat.voice import Voice
from streamnorm.dialects.emitter import Emitter
from streamnorm.dialects.failure import failure_in, failure_in_broken
from streamnorm.dialects.jsontext import MAX_DEPTH, NotJsonError, Paths, load
from streamnorm.dialects.order import Order, OrderTable
from streamnorm.events import Event, FinishReason, StreamFailed
from streamnorm.repairs.framing import FrameEmpty, FrameScalar
from streamnorm.repairs.sequence import DoneForeign, EndMissing, EventAfterEnd, EventOutOfOrder
from streamnorm.sse import Frame

__all__ = ["DialectReader", "Kinds"]

_DONE: Final = b"[DONE]"

#: By kind: the type that its JSON is read into, and what reads it.
Kinds = Mapping[str, tuple[type[msgspec.Struct], Callable[[Any, Any], None]]]


class DialectReader:
    """Reads one stream. Single use. A dialect sets the tables and `kind_of`, and reads each kind by speaking through `say`.

    A kind that is not in `kinds` says nothing, unless it is an error: dialects grow, and a reader leaves alone what it does
    not know.
    """

    kinds: ClassVar[Kinds]
    order: ClassVar[OrderTable] = {}
    reasons: ClassVar[Mapping[str, FinishReason | None]]
    #: Where in a frame's JSON is text that comes in pieces.
    text_paths: ClassVar[Paths] = {}
    #: What ends a stream; "" where the dialect has nothing that does, and the finish reason is the end.
    terminal: ClassVar[str] = ""
    #: The body is JSON values, one after the other or in an array, and need not be SSE.
    json_body: ClassVar[bool] = False

    def __init__(self, voice: Voice) -> None:
        self.say = Emitter(voice, self.reasons)
        self._findings = voice.findings
        self._order = Order(self.order)

    def kind_of(self, obj: dict[str, Any]) -> str:
        """The kind of a frame's object."""
        kind = obj.get("type")
        return kind if isinstance(kind, str) else ""

    # What `Normalizer` asks for.

    @property
    def ended(self) -> bool:
        return self.say.ended

    @property
    def failure(self) -> StreamFailed | None:
        return self.say.failure

    @property
    def complete(self) -> bool:
        return self.say.complete

    def result(self) -> Result:
        return self.say.result()

    def feed(self, frames: Iterable[Frame | bytes], events: list[Event]) -> None:
        """Read `frames`, appending to `events` what they say. Of a frame that is nothing but data, the data will do."""
        self.say.events = events
        for frame in frames:
            self._read_frame(Frame("message", frame) if isinstance(frame, bytes) else frame)

    def want_typed(self) -> None:
        """Typed chunks are asked for: here they are made of the pieces."""

    def fail(self, failure: StreamFailed, events: list[Event]) -> None:
        self.say.events = events
        self.say.fail(failure)

    def close(self, events: list[Event]) -> None:
        """The bytes have ended."""
        say = self.say
        say.events = events
        if say.over:
            return
        self._findings.data = b""
        self._findings.chunk = 0
        if say.finished:
            if self.terminal:
                self._findings.note(EndMissing.code, f"no {self.terminal}")
            say.end()
        elif say.started:
            ending = f" and without {self.terminal}" if self.terminal else ""
            message = f"the stream ended without a finish reason{ending}"
            say.fail(StreamFailed("truncated", message))
        else:
            say.fail(StreamFailed("truncated", "the stream ended before it said anything"))

    # Frames.

    def _read_frame(self, frame: Frame) -> None:
        findings = self._findings
        findings.chunk += 1
        findings.data = data = frame.data
        if self.say.over:
            if self.failure is None and data.strip() != _DONE:
                findings.note(EventAfterEnd.code)
            return
        if not data.strip():
            findings.note(FrameEmpty.code)
        elif data.strip() == _DONE:
            findings.note(DoneForeign.code)
        else:
            try:
                value, _ = load(data, findings, self.text_paths, max_depth=MAX_DEPTH)
            except NotJsonError as error:
                self._read_garbage(frame, str(error))
            else:
                for item in value if isinstance(value, list) else [value]:
                    self._read_value(item, frame)

    def _read_garbage(self, frame: Frame, reason: str) -> None:
        number = self._findings.chunk
        if frame.event == "error":
            self.say.fail(failure_in_broken(frame.text))
        elif not frame.complete:
            message = f"the stream was cut inside frame {number}"
            self.say.fail(StreamFailed("truncated", message))
        else:
            message = f"frame {number} is {reason}: {frame.text[:200]!r}"
            self.say.fail(StreamFailed("invalid", message))

    def _read_value(self, obj: Any, frame: Frame) -> None:
        if self.say.over:
            return
        kind = self.kind_of(obj) if isinstance(obj, dict) else ""
        row = self.kinds.get(kind)
        if row is None:
            failure = failure_in(obj, "error" if kind == "error" else frame.event)
            if failure is not None:
                self.say.fail(failure)
            elif not isinstance(obj, dict):
                self._findings.note(FrameScalar.code)
            return
        try:
            event = msgspec.convert(obj, row[0])
        except msgspec.ValidationError as error:
            message = f"frame {self._findings.chunk} is no {kind}: {error}"
            self.say.fail(StreamFailed("invalid", message))
            return
        if not self._order.step(kind):
            self._findings.note(EventOutOfOrder.code, kind)
        row[1](self, event)
