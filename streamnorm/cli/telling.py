"""Events as they come, on a terminal or in a pipe."""

from __future__ import annotations

import json
from typing import Final, assert_never

from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from streamnorm.assemble import Result, ToolCall
from streamnorm.cli.safe import one_line, shown, styled
from streamnorm.events import (
    ArgumentsDelta,
    ArgumentsRejected,
    ChoiceFinished,
    Event,
    FieldCompleted,
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

__all__ = ["LABEL", "Teller", "described", "event_line"]

#: The width of an event's name.
LABEL: Final = 14


class Teller:
    """Writes the text of a stream as it comes; calls on lines of their own, reasoning dimmed, several choices marked."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._speaker: tuple[str, int] | None = None
        self._choices: set[int] = set()
        self._told: set[tuple[int, str]] = set()

    def tell(self, event: Event) -> None:
        match event:
            case TextDelta(choice=choice, text=text):
                self._write("text", choice, text, "")
            case ReasoningDelta(choice=choice, text=text):
                self._write("reasoning", choice, text, "dim italic")
            case RefusalDelta(choice=choice, text=text):
                self._write("refusal", choice, text, "yellow")
            case ToolCallFinished():
                self._told.add((event.choice, event.id))
                self._call(event.choice, event)
            case _:
                pass

    def close(self, result: Result) -> None:
        """The stream is over: the calls it never finished are told too, as what they are."""
        self._end_line()
        for choice in result.choices:
            for call in choice.message.tool_calls:
                if (choice.index, call.id) not in self._told:
                    self._call(choice.index, call)

    def _call(self, choice: int, call: ToolCall | ToolCallFinished) -> None:
        self._end_line()
        note = "" if call.complete else "  [incomplete]"
        line = f"{self._mark(choice)}-> {call.name}({call.arguments}){note}"
        self._console.print(styled(line, "green" if call.complete else "red"), soft_wrap=True)

    def _write(self, kind: str, choice: int, text: str, style: str) -> None:
        if self._speaker != (kind, choice):
            self._end_line()
            self._speaker = (kind, choice)
            text = self._mark(choice) + text
        # Not a Text: rich would put spaces for the model's tabs.
        spoken = Segments([Segment(shown(text), Style.parse(style))])
        self._console.print(spoken, soft_wrap=True)

    def _mark(self, choice: int) -> str:
        self._choices.add(choice)
        return f"[choice {choice}] " if len(self._choices) > 1 else ""

    def _end_line(self) -> None:
        if self._speaker is not None:
            self._console.print()
            self._speaker = None


def event_line(event: Event) -> Text:
    """One event on one line."""
    name, rest, style = described(event)
    return Text(f"{name:<{LABEL}}{one_line(rest)}".rstrip(), style=style)


def described(event: Event) -> tuple[str, str, str]:
    """What an event is called, what it says (not yet fit for a terminal), and its style."""
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
        case FieldCompleted():
            value = json.dumps(event.value, ensure_ascii=False)
            return (
                "field",
                f"[{event.choice}.{event.index}] {event.pointer or '(all)'} = {value}",
                "",
            )
        case ArgumentsRejected():
            place = event.pointer or "(all)"
            call = f"[{event.choice}.{event.index}] {place}: {event.message}"
            return "REJECTED", call, "red"
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
