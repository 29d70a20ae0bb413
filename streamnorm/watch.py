"""The arguments of a stream's calls, watched while they come: events in, events out, with those between that tell of values.
Knows events, not chunks; the stream's own are passed on as they are."""

from __future__ import annotations

from streamnorm.arguments.live import LiveArguments
from streamnorm.events import ArgumentsDelta, Event, FieldCompleted, ToolCallStarted

__all__ = ["Watch"]


class Watch:
    """Watches the calls of one stream."""

    def __init__(self) -> None:
        self._live: dict[tuple[int, int], LiveArguments] = {}

    def arguments(self, index: int, choice: int) -> LiveArguments | None:
        """The live arguments of a call; None where there is none, or where they are free text."""
        return self._live.get((choice, index))

    def told(self, events: list[Event]) -> list[Event]:
        """`events`, with what their fragments completed."""
        watched: list[Event] = []
        for event in events:
            watched.append(event)
            if isinstance(event, ToolCallStarted):
                if event.type != "custom":
                    self._live[event.choice, event.index] = LiveArguments()
            elif isinstance(event, ArgumentsDelta):
                live = self._live.get((event.choice, event.index))
                if live is not None:
                    watched += [
                        FieldCompleted(event.choice, event.index, done.path, done.value)
                        for done in live.feed(event.fragment)
                    ]
        return watched
