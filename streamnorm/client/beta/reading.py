"""The stream of a run as the core reads it, with the run's own events kept beside what they say."""

from __future__ import annotations

from typing import Any, Final

from streamnorm.assistants.types.run import Run
from streamnorm.assistants.types.stream_event import AssistantStreamEvent, event_of
from streamnorm.client.beta.plain import TEXT_EVENT, plain_text
from streamnorm.dialects.assistants import AssistantsReader
from streamnorm.dialects.assistants.order import MESSAGE, RUN_ENDS
from streamnorm.dialects.assistants.variants import listed_parts
from streamnorm.events import StreamFailed
from streamnorm.normalizer import Normalizer
from streamnorm.sse import Frame

__all__ = ["RunNormalizer"]

_ERROR: Final = "error"


class RunNormalizer(Normalizer):
    """Reads one stream of a run. In place of chunks it gives the run's own events. That a run failed is no failure of its stream:
    its last event tells it."""

    _reader: _KeepingReader

    def __init__(self) -> None:
        super().__init__(dialect="assistants")

    def _set_dialect(self, dialect: str) -> None:
        super()._set_dialect(dialect)
        self._reader = _KeepingReader(self._voice)

    def feed_chunks(self, data: bytes) -> list[Any]:
        self._reader.keep()
        self.feed(data)
        return self._reader.taken()

    def close_chunks(self) -> list[Any]:
        self._reader.keep()
        self.close()
        return self._reader.taken()

    @property
    def run(self) -> Run | None:
        """The run as its last event had it."""
        return self._reader.run

    @property
    def state(self) -> str:
        """How the run rests (`completed`, `requires_action`, `failed` ...), "" while it does not."""
        return self._reader.state

    @property
    def error(self) -> StreamFailed | None:
        return None if self.state else super().error

    @property
    def complete(self) -> bool:
        """The run has ended, one way or another, or waits for the client."""
        return bool(self.state) or super().complete


class _KeepingReader(AssistantsReader):
    run: Run | None = None
    state = ""
    _kept: list[AssistantStreamEvent] | None = None

    def keep(self) -> None:
        if self._kept is None:
            self._kept = []

    def taken(self) -> list[AssistantStreamEvent]:
        taken, self._kept = self._kept or [], []
        return taken

    def _read_frame(self, frame: Frame) -> None:
        plain = None
        if frame.event == TEXT_EVENT and not self.say.over:
            plain = plain_text(frame.data)
        if plain is None:
            super()._read_frame(frame)
            return
        self._findings.chunk += 1
        self._findings.data = frame.data
        self._kind = TEXT_EVENT
        if not self._order.step(TEXT_EVENT):
            self._misplaced(TEXT_EVENT)
        name = self._turn("message", plain.id, MESSAGE)
        self._say(self._text(name, "text", plain.index), plain.text, "text")
        if self._kept is not None:
            self._kept.append(plain.event())

    def _read_value(self, obj: Any, frame: Frame) -> None:
        if self.say.over:
            return
        super()._read_value(obj, frame)
        ends = frame.event in RUN_ENDS
        if self.failure is not None and not ends and not _is_error_event(obj, frame):
            return
        event = event_of(frame.event, (isinstance(obj, dict) and listed_parts(obj)) or obj)
        if isinstance(event.data, Run):
            self.run = event.data
            if ends:
                self.state = frame.event.removeprefix("thread.run.")
        if self._kept is not None:
            self._kept.append(event)


def _is_error_event(obj: Any, frame: Frame) -> bool:
    """The API's own event of an error; in any other shape an error is no event."""
    return frame.event == _ERROR and isinstance(obj, dict) and not obj.get("error")
