"""`streamnorm diff`: two recordings as events side by side, from where they differ."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from streamnorm.captures.diff import Difference, Told, differences, tell
from streamnorm.captures.format import Capture, is_capture_name
from streamnorm.cli.console import Out, cannot_read, wrong_use
from streamnorm.cli.reading import name_of, pieces
from streamnorm.cli.safe import styled
from streamnorm.errors import LocalError
from streamnorm.normalizer import Normalizer

__all__ = ["diff"]

#: Characters of a value that are shown, and how many of them are before the place where two values part.
_SHOWN: Final = 60
_BEFORE: Final = 20

File = Annotated[
    str, typer.Argument(metavar="FILE", help="A capture or a raw SSE body; - is standard input.")
]


def diff(
    a: File,
    b: File,
    every: Annotated[
        bool, typer.Option("--all", help="Compare ids, times and the model's name too.")
    ] = False,
    most: Annotated[
        int, typer.Option("--most", min=1, help="How many differences are shown.")
    ] = 10,
    format: Annotated[str, typer.Option("--format", help="text, or json: one object.")] = "text",
) -> None:
    """Say where two recordings differ.

    Both are read as `replay` reads them and compared as events: how the bytes were cut makes no difference. What was put right is
    compared, too, and of two captures the status and how they ended. Leaves with 0 if they say the same, with 1 if not.

    \\b
    Examples:
      streamnorm diff yesterday.cap.jsonl today.cap.jsonl
      curl -N ... | streamnorm diff good.sse -
    """
    if format not in ("text", "json"):
        wrong_use(f"--format is text or json, not {format!r}")
    if a == b == "-":
        wrong_use("only one of the two can be standard input")
    told = [_told(file, every=every) for file in (a, b)]
    events = differences(told[0].events, told[1].events)
    aside = [*_of_the_wire(a, b), *_findings(*told)]
    out = Out()
    if format == "json":
        out.out(_as_json(events, aside, most))
    elif events or aside:
        _show(out, (name_of(a), name_of(b)), events, aside, most)
    else:
        out.print(f"the same: {len(told[0].events)} events, {len(told[0].findings)} findings")
    raise typer.Exit(1 if events or aside else 0)


def _told(file: str, *, every: bool) -> Told:
    try:
        return tell(pieces(file), Normalizer(dialect="auto"), every=every)
    except OSError as error:
        cannot_read(file, error)
    except LocalError as error:
        wrong_use(str(error))


def _of_the_wire(a: str, b: str) -> list[Difference]:
    """Status and end, where both are captures."""
    if not (is_capture_name(a) and is_capture_name(b)):
        return []
    ours, theirs = _wire(Capture(a)), _wire(Capture(b))
    return [Difference(0, ours, theirs)] if ours != theirs else []


def _wire(capture: Capture) -> dict[str, Any]:
    response = capture.header.response
    return {"status": response.status if response else None, "ended": capture.end().how}


def _findings(a: Told, b: Told) -> list[Difference]:
    ours, theirs = ({each["finding"]: each for each in told.findings} for told in (a, b))
    return [
        Difference(0, ours.get(code), theirs.get(code))
        for code in sorted({*ours, *theirs})
        if ours.get(code) != theirs.get(code)
    ]


def _as_json(events: list[Difference], aside: list[Difference], most: int) -> str:
    report = {
        "same": not (events or aside),
        "events": [{"at": one.at, "a": one.a, "b": one.b} for one in events[:most]],
        "more": max(0, len(events) - most),
        "aside": [{"a": one.a, "b": one.b} for one in aside],
    }
    return json.dumps(report)


def _show(
    out: Out,
    names: tuple[str, str],
    events: list[Difference],
    aside: list[Difference],
    most: int,
) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("event", justify="right")
    for name in names:
        table.add_column(styled(name), overflow="fold")
    for one in (*events[:most], *aside):
        table.add_row(str(one.at or ""), *(styled(text) for text in _side_by_side(one.a, one.b)))
    # In a pipe nothing is folded: a line is a difference.
    (out if out.is_terminal else Out(width=1000)).print(table)
    if len(events) > most:
        out.print(f"and {len(events) - most} more")


def _side_by_side(a: dict[str, Any] | None, b: dict[str, Any] | None) -> tuple[str, str]:
    """Two lines in words; each value from a little before the place where the two part."""
    return _in_words(a, b), _in_words(b, a)


def _in_words(line: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
    if line is None:
        return "-"
    kind = line.get("event", "")
    against = other if other and other.get("event", "") == kind else {}
    said = [
        f"{'' if name == kind else name} {_excerpt(value, against.get(name))}".strip()
        for name, value in line.items()
        if name != "event"
        and not (name in ("choice", "index") and not value and not against.get(name))
    ]
    return " ".join((kind, *said)).strip()


def _excerpt(value: Any, other: Any) -> str:
    text, against = _as_text(value), _as_text(other)
    same = next((at for at, (x, y) in enumerate(zip(text, against, strict=False)) if x != y), 0)
    if same == 0 and len(text) > len(against) > 0 and text.startswith(against):
        same = len(against)
    start = max(0, same - _BEFORE) if len(text) > _SHOWN else 0
    end = start + _SHOWN
    return f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"


def _as_text(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
