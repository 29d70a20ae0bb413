"""Events as they come, on a terminal or in a pipe."""

from __future__ import annotations

from typing import assert_never

from rich.console import Console
from rich.text import Text

from streamnorm.cli.safe import shown, styled
from streamnorm.events import (
    ArgumentsDelta,
    ChoiceFinished,
    Event,
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

__all__ = ["Teller", "event_line"]


class Teller:
    """Writes the text of a stream as it comes; calls on lines of their own, reasoning dimmed, several choices marked."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._speaker: tuple[str, int] | None = None
        self._first_choice: int | None = None

    def tell(self, event: Event) -> None:
        match event:
            case TextDelta(choice=choice, text=text):
                self._write("text", choice, text, "")
            case ReasoningDelta(choice=choice, text=text):
                self._write("reasoning", choice, text, "dim italic")
            case RefusalDelta(choice=choice, text=text):
                self._write("refusal", choice, text, "yellow")
            case ToolCallFinished():
                self._end_line()
                style = "green" if event.complete else "red"
                note = "" if event.complete else "  [incomplete]"
                call = f"{event.name}({event.arguments}){note}"
                self._console.print(styled(f"-> {call}", style), soft_wrap=True)
            case _:
                pass

    def close(self) -> None:
        self._end_line()

    def _write(self, kind: str, choice: int, text: str, style: str) -> None:
        if self._speaker != (kind, choice):
            self._end_line()
            self._speaker = (kind, choice)
            if self._first_choice is None:
                self._first_choice = choice
            elif choice != self._first_choice:
                self._console.print(f"[choice {choice}] ", end="", markup=False, highlight=False)
        self._console.print(styled(text, style), end="", soft_wrap=True)

    def _end_line(self) -> None:
        if self._speaker is not None:
            self._console.print()
            self._speaker = None


def event_line(event: Event) -> Text:
    """One event on one line."""
    name, rest, style = _described(event)
    line = Text(f"{name:<19}", style=style)
    line.append(shown(rest).replace("\n", "\\n"))
    return line


def _described(event: Event) -> tuple[str, str, str]:
    match event:
        case StreamStarted():
            return "start", f"{event.id}  {event.model}", "cyan"
        case TextDelta():
            return "text", f"[{event.choice}] {event.text!r}", ""
        case ReasoningDelta():
            return "reasoning", f"[{event.choice}] {event.text!r}", "dim"
        case RefusalDelta():
            return "refusal", f"[{event.choice}] {event.text!r}", "yellow"
        case ToolCallStarted():
            return (
                "call started",
                f"[{event.choice}.{event.index}] {event.name}  {event.id}",
                "green",
            )
        case ArgumentsDelta():
            return "arguments", f"[{event.choice}.{event.index}] {event.fragment!r}", ""
        case ToolCallFinished():
            note = "" if event.complete else "  INCOMPLETE"
            call = f"[{event.choice}.{event.index}] {event.name}({event.arguments}){note}"
            return "call finished", call, "green" if event.complete else "red"
        case ChoiceFinished():
            raw = "" if event.raw_reason == event.reason else f"  (sent: {event.raw_reason})"
            return "finish", f"[{event.choice}] {event.reason}{raw}", "cyan"
        case UsageReported():
            counts = {k: v for k, v in event.usage.items() if isinstance(v, int)}
            return "usage", ", ".join(f"{key} {value}" for key, value in counts.items()), "cyan"
        case StreamFailed():
            return "FAILED", f"{event.kind}: {event.message}", "bold red"
        case StreamEnded():
            return "end", "", "cyan"
        case _:
            assert_never(event)
