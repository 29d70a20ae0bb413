"""The demonstration: small streams with one quirk each, raw beside normalized, and under it what was put right."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streamnorm.cli.report import failures, verdict
from streamnorm.cli.safe import shown, styled
from streamnorm.cli.telling import event_line
from streamnorm.normalizer import Normalizer
from streamnorm.repairs import REGISTRY, Check

__all__ = ["play"]

STREAMS: Final = Path(__file__).parent / "streams"

#: The streams in the order in which they are played, and what is wrong with each.
TITLES: Final = {
    "calls_without_index": "Two calls, and no index to tell them apart by",
    "name_in_pieces": "A name in two pieces, then told again with every delta",
    "arguments_from_the_start": "Each delta repeats the arguments from the start",
    "arguments_as_object": "Arguments as an object, the finish beside them, the wrong reason",
    "error_inside_200": "HTTP 200, and an error in the middle",
    "just_stops": "The stream just stops, inside a call",
}

#: Seconds between two lines on a terminal; nobody waits for a pipe.
PACE: Final = 0.05


def play(out: Console) -> None:
    """Play all streams: on a terminal at a pace that can be followed, in a pipe at once."""
    pace = PACE if out.is_terminal else 0.0
    for number, (name, title) in enumerate(TITLES.items(), start=1):
        out.print()
        out.rule(Text(f"{number}. {title}", style="bold"), align="left")
        _play((STREAMS / f"{name}.sse").read_bytes(), out, pace)
    out.print()
    out.print("Try it on a stream of your own:", style="bold")
    out.print("  curl -N -sS https://.../chat/completions ... > stream.sse")
    out.print("  streamnorm explain stream.sse")


def _play(body: bytes, out: Console, pace: float) -> None:
    normalizer = Normalizer()
    half = max((out.width - 3) // 2, 30)
    _row(out, half, Text("what the server sent", style="dim"), [Text("what you get", style="dim")])
    for block in body.split(b"\n\n"):
        if block:
            events = normalizer.feed(block + b"\n\n")
            _row(out, half, _slim(block, half), [event_line(event) for event in events])
            time.sleep(pace)
    _row(
        out, half, Text("(end of bytes)", style="dim"), [event_line(e) for e in normalizer.close()]
    )
    for finding in normalizer.findings:
        entry = REGISTRY[finding.code]
        told = finding.detail if issubclass(entry, Check) else entry.done
        style = "red" if issubclass(entry, Check) else "yellow"
        out.print(styled(f"  {finding.code} in {finding.where}: {told}", style))
        time.sleep(pace)
    style = "bold red" if failures(normalizer) else "bold green"
    out.print(styled(f"  = {verdict(normalizer)}", style))


def _row(out: Console, half: int, left: Text, right: list[Text]) -> None:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=half, overflow="fold")
    table.add_column(width=1)
    table.add_column(width=half, overflow="fold")
    table.add_row(left, "|", Text("\n").join(right))
    out.print(table)


def _slim(block: bytes, width: int) -> Text:
    """The raw frame, without what is the same in each."""
    text = block.decode("utf-8", "replace").removeprefix("data: ")
    _, found, delta = text.partition('"delta":')
    if found:
        text = delta.removesuffix("}]}").removesuffix(',"finish_reason":null')
    return Text(shown(text)[: 4 * width], style="" if found else "dim")
