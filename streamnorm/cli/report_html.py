"""`streamnorm report`: what captures and reports come to, endpoint by endpoint, as one HTML file, a badge and a summary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer
from rich.console import Console

from streamnorm.cli.console import Out, aside, wrong_use
from streamnorm.cli.gathering import Gathered, Gathering
from streamnorm.cli.safe import styled
from streamnorm.cli.summaries import append_summary, is_summarised
from streamnorm.conformance.baseline import Baseline
from streamnorm.conformance.grade import Grade
from streamnorm.conformance.html import TITLE, Matrix, page
from streamnorm.conformance.printable import several
from streamnorm.conformance.reports import Run, badge_json, badge_of, badge_svg, step_summary
from streamnorm.errors import LocalError

__all__ = ["report"]

#: Where the page goes if nothing is said.
PAGE: Final = "report.html"


def report(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="DIR",
            help="Directories of captures (*.cap.jsonl), raw streams (*.sse) and reports (check.json), or such files.",
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The page; - is standard output.")
    ] = PAGE,
    title: Annotated[str, typer.Option("--title", help="The heading of the page.")] = "",
    badge: Annotated[
        list[str] | None,
        typer.Option(
            "--badge", metavar="FILE", help="Also a badge: *.json for shields.io, or *.svg."
        ),
    ] = None,
    baseline: Annotated[
        str,
        typer.Option(
            "--baseline", metavar="FILE", help="Known deviations, as of `check`: they are marked."
        ),
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Of the summary: what is non-strict counts.")
    ] = False,
    summary: Annotated[
        bool,
        typer.Option(
            "--step-summary",
            help="Also append Markdown to the file that $GITHUB_STEP_SUMMARY names.",
        ),
    ] = False,
) -> None:
    """Write an HTML report of recorded streams.

    One file that needs no network: the matrix of endpoints and checks, each cell with the bytes that show it. Streams that
    are not graded yet are graded. An endpoint is what check.json says, else the base URL of a capture, else its folder.

    \b
    Examples:
      streamnorm report captures/
      streamnorm report runs/ -o report.html --title "Nightly" --badge badge.json
    """
    badges = [Path(file) for file in badge or []]
    for file in badges:
        if file.suffix not in (".json", ".svg"):
            wrong_use(f"--badge {file}: its name ends in .json (for shields.io) or .svg")
    if summary and not is_summarised():
        wrong_use(
            "--step-summary appends to the file that $GITHUB_STEP_SUMMARY names: it names none"
        )
    found = _gathered(places, _baseline(baseline), strict=strict)
    if not found.run.checked:
        wrong_use("nothing was checked: no file showed what a check looks at")
    _write(output, found.page(title))
    for file in badges:
        told = badge_of(found.run)
        svg = file.suffix == ".svg"
        _write(str(file), badge_svg(told) if svg else badge_json(told))
    if summary:
        append_summary(step_summary(found.run))
    if output != "-":
        exchanges, endpoints = len(found.run.grades), len(found.matrix.endpoints)
        _tell(f"{several(exchanges, 'exchange')}, {several(endpoints, 'endpoint')}: {output}")


class _Found(NamedTuple):
    """All that was gathered: as the page shows it, and as one run."""

    matrix: Matrix
    run: Run
    unread: list[tuple[str, str]]

    def page(self, title: str) -> str:
        return page(self.matrix, title=title or TITLE, unread=self.unread)


def _gathered(places: list[str], baseline: Baseline, *, strict: bool) -> _Found:
    gathering, matrix = _gathering(places), Matrix()
    grades: list[Grade] = []
    known: set[tuple[str, str]] = set()
    for each in _graded(gathering):
        let_be = {*each.known, *_known(baseline, each.grade)}
        matrix.add(
            each.endpoint,
            each.grade,
            each.evidence,
            known=let_be,
            date=each.date,
            repeats=each.repeats,
        )
        grades.append(each.grade)
        known.update((check, each.grade.name) for check in let_be)
    for endpoint, standings in gathering.standings.items():
        matrix.stand(endpoint, standings)
    for name, reason in gathering.unread:
        _tell(f"not graded: {name}: {reason}", "yellow")
    run = Run(
        grades=tuple(grades),
        strict=strict,
        known=frozenset(known),
        stale=tuple(baseline.stale(grades, strict=strict)),
    )
    return _Found(matrix, run, gathering.unread)


def _known(baseline: Baseline, graded: Grade) -> Iterator[str]:
    """The deviations of an exchange that the baseline lets be."""
    for outcome in graded.against(strict=True):
        if baseline.known(outcome.id, graded.name):
            yield outcome.id


def _baseline(file: str) -> Baseline:
    try:
        return Baseline(Path(file).read_text("utf-8") if file else "")
    except OSError as error:
        wrong_use(f"cannot read {file}: {error.strerror}")
    except (LocalError, UnicodeDecodeError) as error:
        wrong_use(f"{file}: {error}")


def _gathering(places: list[str]) -> Gathering:
    try:
        return Gathering([Path(place) for place in places])
    except OSError as error:
        wrong_use(f"cannot read {error.filename}: {error.strerror}")
    except LocalError as error:
        wrong_use(str(error))


def _graded(gathering: Gathering) -> Iterator[Gathered]:
    """Grade them one by one. A terminal is told how far it is."""
    console = Console(stderr=True)
    with console.status("", spinner="line") if console.is_terminal else nullcontext() as status:
        for at, each in enumerate(gathering, 1):
            if status is not None:
                status.update(styled(f"{at} of {len(gathering)}: {each.grade.name}"))
            yield each


def _write(file: str, text: str) -> None:
    if file == "-":
        Out().out(text, highlight=False)
        return
    try:
        Path(file).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        wrong_use(f"cannot write {file}: {error.strerror}")


def _tell(words: str, style: str = "") -> None:
    aside().print(styled(words, style), soft_wrap=True)
