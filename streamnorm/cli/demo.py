"""The demonstration: small streams with one quirk each, raw beside normalized, and under it what was put right."""

from __future__ import annotations

import re
import time
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Final

from rich.console import Console
from rich.text import Text

from streamnorm.cli.report import verdict
from streamnorm.cli.safe import one_line, styled
from streamnorm.cli.telling import LABEL, described
from streamnorm.events import Event
from streamnorm.findings import Finding
from streamnorm.normalizer import Normalizer
from streamnorm.repairs import REGISTRY, Check

__all__ = ["play", "play_one"]

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
PACE: Final = 0.04


def play(out: Console) -> None:
    """Play all streams: on a terminal at a pace that can be followed, in a pipe at once."""
    for number, (name, title) in enumerate(TITLES.items(), start=1):
        out.print()
        out.rule(Text(f"{number}. {title}", style="bold"), align="left", style="dim")
        play_one((STREAMS / f"{name}.sse").read_bytes(), out)
    out.print()
    out.print(
        "Next, on a stream of your own:  curl -N ... | streamnorm explain -",
        style="bold",
        soft_wrap=True,
    )


def play_one(body: bytes, out: Console) -> None:
    """Play one stream: each frame beside its events, then the findings and what came of it."""
    normalizer = Normalizer()
    half = (out.width - 3) // 2
    _row(out, half, [_dim("what the server sent")], [_dim("what you get")])
    for block in body.split(b"\n\n"):
        if block:
            events = normalizer.feed(block + b"\n\n")
            _row(out, half, _raw(block, half), _told(events, half))
    _row(out, half, [_dim("(end of bytes)")], _told(normalizer.close(), half))
    for finding in normalizer.findings:
        _found(finding, out)
    if normalizer.complete:
        out.print(styled(f"  = {verdict(normalizer)}", "bold green"))
    else:
        out.print("  = not complete: nothing in it is passed off as whole", style="bold red")


def _row(out: Console, half: int, left: list[Text], right: list[Text]) -> None:
    bar = "|" if out.options.ascii_only else "\u2502"
    for sent, got in zip_longest(left, right, fillvalue=Text()):
        line = Text.assemble(sent, " " * (half - len(sent)), (f" {bar} ", "dim"), got)
        line.rstrip()
        out.print(line, soft_wrap=True)
        if out.is_terminal:
            time.sleep(PACE)


def _dim(words: str) -> Text:
    return Text(words, style="dim")


def _raw(block: bytes, width: int) -> list[Text]:
    """The raw frame without what is the same in each, cut where JSON reads best: between two members."""
    text = block.decode("utf-8", "replace").removeprefix("data: ")
    _, found, delta = text.partition('"delta":')
    if found:
        text = delta.removesuffix("}]}").removesuffix(',"finish_reason":null')
    lines = re.findall(rf".{{1,{width}}}(?:$|(?<=,)(?=[\"{{]))|.{{1,{width}}}", one_line(text))
    return [Text(line, style="" if found else "dim") for line in lines]


def _told(events: list[Event], width: int) -> list[Text]:
    """The events, what does not fit on a line going on under its start."""
    lines: list[Text] = []
    for name, rest, style in map(described, events):
        text = f"{name:<{LABEL}}{one_line(rest)}"
        lines += (Text(line, style) for line in wrap(text, width, subsequent_indent=" " * LABEL))
    return lines


def _found(finding: Finding, out: Console) -> None:
    entry = REGISTRY[finding.code]
    told, style = (finding.detail, "red") if issubclass(entry, Check) else (entry.done, "yellow")
    text = one_line(f"{finding.code}, {finding.where}: {told}")
    for line in wrap(text, out.width, initial_indent="  ", subsequent_indent="    "):
        out.print(Text(line, style=style))
