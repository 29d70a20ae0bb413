"""A stream while it comes: its text as `Teller` writes it, and on a terminal below it the line that is not whole yet, the calls
that grow, the chunks per second and the time to the first token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.segment import Segment, Segments
from rich.text import Text

from streamnorm.assemble import Result
from streamnorm.cli.safe import one_line
from streamnorm.cli.telling import Teller
from streamnorm.events import (
    ArgumentsDelta,
    Event,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
)

__all__ = ["LiveView"]

#: How often a terminal is drawn anew, in times per second.
REFRESH: Final = 8

#: The most characters kept of what is not whole yet: a terminal shows its end.
_TAIL: Final = 2000

#: A line that grows longer, in characters, is broken.
_LONGEST: Final = 8000

_TOKENS: Final = (TextDelta, ReasoningDelta, RefusalDelta, ToolCallStarted, ArgumentsDelta)


class LiveView:
    """A context manager around the reading of one stream. Time begins when it is made."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.perf_counter) -> None:
        """clock: seconds."""
        self._clock = clock
        self._began = clock()
        self._first: float | None = None
        self._latest = self._began
        self._chunks = 0
        self._growing: dict[tuple[int, int], tuple[str, str]] = {}
        self._lines = _Lines(console)
        self._live = None
        if console.is_terminal:
            self._live = Live(
                console=console,
                get_renderable=self._now,
                transient=True,
                refresh_per_second=REFRESH,
                redirect_stdout=False,
                redirect_stderr=False,
            )
        self._teller = Teller(self._lines if self._live else console)  # type: ignore[arg-type]  # it only prints

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.end()
        if self._live:
            self._live.stop()

    def tell(self, event: Event, chunks: int) -> None:
        """The next event, when `chunks` have come in all."""
        self._latest, self._chunks = self._clock(), chunks
        if self._first is None and isinstance(event, _TOKENS):
            self._first = self._latest - self._began
        match event:
            case ToolCallStarted():
                self._growing[event.choice, event.index] = event.name, ""
            case ArgumentsDelta():
                key = event.choice, event.index
                name, arguments = self._growing.get(key, ("", ""))
                self._growing[key] = name, (arguments + event.fragment)[-_TAIL:]
            case ToolCallFinished():
                self._growing.pop((event.choice, event.index), None)
            case _:
                pass
        self._teller.tell(event)

    def close(self, result: Result) -> None:
        """The stream is over."""
        self._growing.clear()
        self._teller.close(result)

    def pace(self) -> str:
        """In words: how many chunks, how fast, and when the first token came."""
        seconds = self._latest - self._began
        rate = f" ({self._chunks / seconds:,.1f} a second)" if seconds > 0 else ""
        chunks = (
            f"{self._chunks:,} chunk{'' if self._chunks == 1 else 's'} in {seconds:.2f} s{rate}"
        )
        first = f", first token after {self._first:.2f} s" if self._first is not None else ""
        return chunks + first

    def _now(self) -> RenderableType:
        width = self._lines.console.width
        calls = [f"-> {name}({arguments}" for name, arguments in [*self._growing.values()]]
        shown: list[RenderableType] = [
            Text(_end_of(one_line(call), width), "green") for call in calls
        ]
        if begun := self._lines.begun():
            shown.insert(0, Text(_end_of(one_line(begun), width)))
        return Group(*shown, Text(_end_of(self.pace(), width), "dim"))


def _end_of(line: str, width: int) -> str:
    return line if len(line) < width else "..." + line[-max(1, width - 4) :]


class _Lines:
    """A console that prints whole lines only: what is drawn below them begins on a line of its own."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._begun: list[Segment] = []
        self._length = 0

    def begun(self) -> str:
        """The line that is not whole yet."""
        return "".join(segment.text for segment in self._begun)[-_TAIL:]

    def print(self, *told: RenderableType, **_: Any) -> None:
        """As a console's `print`: each thing after the other, nothing wrapped."""
        for segment in self._segments(told):
            *whole, rest = segment.text.split("\n")
            for line in whole:
                self._begun.append(Segment(line, segment.style))
                self.end()
            if rest:
                self._begun.append(Segment(rest, segment.style))
                self._length += len(rest)
        if self._length > _LONGEST:
            self.end()

    def _segments(self, told: tuple[RenderableType, ...]) -> Iterable[Segment]:
        if not told:
            return [Segment.line()]
        options = self.console.options.update(no_wrap=True, overflow="ignore")
        return [segment for thing in told for segment in self.console.render(thing, options)]

    def end(self) -> None:
        """What is not whole is printed as a line."""
        if self._begun:
            whole, self._begun, self._length = [*self._begun, Segment.line()], [], 0
            self.console.print(Segments(whole), soft_wrap=True)
