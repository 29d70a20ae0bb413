"""The command `check`: grades recorded exchanges by the conformance checks, and says who is at fault, with the bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from streamnorm.cli.console import Out, cannot_read, wrong_use
from streamnorm.cli.reading import name_of, pieces
from streamnorm.cli.safe import styled
from streamnorm.conformance.base import Verdict
from streamnorm.conformance.baseline import Baseline
from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.files import evidence_in, evidence_of_body, streams_in
from streamnorm.conformance.grade import Grade, Outcome, grade
from streamnorm.conformance.reports import FORMATS, Run, where
from streamnorm.errors import CaptureError, LocalError

__all__ = ["check"]

_COLOURS: Final = {
    Verdict.FAIL: "bold red",
    Verdict.NON_STRICT: "yellow",
    Verdict.INCONCLUSIVE: "magenta",
    Verdict.PASS: "green",
    Verdict.SKIPPED: "dim",
}

#: The verdicts that are told one by one; the others are counted.
_TOLD: Final = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.INCONCLUSIVE)

_STANDARD_INPUT: Final = Path("-")

#: How many places of one outcome the terminal shows.
_PLACES: Final = 2


def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Captures, raw SSE bodies (- is standard input), or directories with either (*.sse, *.cap.jsonl).",
        ),
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Count what is non-strict (the SHOULDs) as a failure.")
    ] = False,
    only: Annotated[str, typer.Option("--only", metavar="ID,...", help="Only these checks.")] = "",
    format: Annotated[str, typer.Option("--format", help=f"text, {', '.join(FORMATS)}.")] = "text",
    dialect: Annotated[
        str, typer.Option("--dialect", help="auto, chat, responses or assistants.")
    ] = "auto",
    baseline: Annotated[
        str,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Known deviations, `ID` or `ID FILE` a line: they pass; a stale line fails.",
        ),
    ] = "",
) -> None:
    """Grade recorded streams: does the server keep to the protocol?

    Every check has an id (docs/checks.md). A request beside a raw body (NAME.request.json) and the head of its response
    (NAME.headers) let more be checked. Leaves with 0 if nothing fails, with 1 if something does, with 2 if nothing could be
    checked.

    \b
    Examples:
      streamnorm check run.cap.jsonl
      streamnorm check --strict captures/
      streamnorm check --format junit --baseline known.txt captures/ > report.xml
    """
    if format != "text" and format not in FORMATS:
        wrong_use(f"--format is one of text, {', '.join(FORMATS)}, not {format!r}")
    if dialect not in ("auto", "chat", "responses", "assistants"):
        wrong_use(f"--dialect is auto, chat, responses or assistants, not {dialect!r}")
    known = _baseline(baseline)
    grades = _grades(_streams(files), dialect, _ids(only))
    run = Run(
        grades=tuple(grades),
        strict=strict,
        known=frozenset(
            (outcome.id, each.name)
            for each in grades
            for outcome in each.against(strict=strict)
            if known.known(outcome.id, each.name)
        ),
        stale=tuple(known.stale(grades, strict=strict)),
    )
    out = Out()
    if format == "text":
        _tell(run, out)
    else:
        out.out(FORMATS[format](run))
    if not run.checked:
        wrong_use("nothing was checked: no file showed what a check looks at")
    raise typer.Exit(0 if run.green else 1)


def _ids(only: str) -> frozenset[str] | None:
    """The checks that were named; None where none was."""
    named = frozenset(filter(None, (each.strip().upper() for each in only.split(","))))
    unknown = sorted(named - CHECKS.keys())
    if unknown:
        wrong_use(
            f"there is no check {unknown[0]!r} for recorded streams: docs/checks.md lists them"
        )
    return named or None


def _baseline(file: str) -> Baseline:
    try:
        return Baseline(Path(file).read_text("utf-8") if file else "")
    except OSError as error:
        cannot_read(file, error)
    except (LocalError, UnicodeDecodeError) as error:
        wrong_use(f"{file}: {error}")


def _streams(files: Iterable[str]) -> list[Path]:
    found = []
    for file in files:
        path = Path(file)
        streams = list(streams_in(path))
        if not streams:
            wrong_use(f"{file}: no *.sse and no *.cap.jsonl in it")
        found += streams
    return found


def _grades(streams: list[Path], dialect: str, only: frozenset[str] | None) -> list[Grade]:
    """Grade them one by one. A terminal is told how far it is."""
    console = Console(stderr=True)
    told = len(streams) > 1 and console.is_terminal
    grades = []
    with console.status("", spinner="line") if told else nullcontext() as status:
        for at, path in enumerate(streams, 1):
            if status is not None:
                status.update(styled(f"{at} of {len(streams)}: {path}"))
            try:
                evidence = _evidence(path, dialect)
            except OSError as error:
                cannot_read(str(path), error)
            except CaptureError as error:
                wrong_use(str(error))
            grades.append(grade(evidence, name=name_of(path.as_posix()), only=only))
    return grades


def _evidence(path: Path, dialect: str) -> Evidence:
    if path == _STANDARD_INPUT:
        return evidence_of_body(b"".join(pieces("-")), dialect=dialect)
    return evidence_in(path, dialect=dialect)


def _tell(run: Run, out: Console) -> None:
    for each in run.grades:
        _tell_grade(run, each, out)
    if len(run.grades) > 1:
        out.print(_summary(run))
        counts = _counted(run.count())
        out.print(styled(f"{len(run.grades)} exchanges: {counts}", "bold"), soft_wrap=True)
    for entry in run.stale:
        out.print(styled(f"stale in the baseline: {entry}", "bold red"), soft_wrap=True)


def _tell_grade(run: Run, graded: Grade, out: Console) -> None:
    counts = _counted(graded.count()) if graded.checked else "nothing was checked"
    out.print(styled(f"{graded.name} ({graded.dialect}): {counts}", "bold"), soft_wrap=True)
    for outcome in graded.outcomes:
        if outcome.verdict in _TOLD:
            known = (outcome.id, graded.name) in run.known
            _tell_outcome(outcome, out, known=known)
    reasons = Counter(each.reason for each in graded.outcomes if each.verdict is Verdict.SKIPPED)
    if reasons:
        told = "; ".join(f"{count}: {reason}" for reason, count in reasons.most_common())
        out.print(styled(f"  skipped  {told}", "dim"), soft_wrap=True)
    out.print()


def _tell_outcome(outcome: Outcome, out: Console, *, known: bool) -> None:
    said = f"  {outcome.id}  {outcome.level}  {outcome.verdict}{' (known)' if known else ''}"
    out.print(styled(said, "dim" if known else _COLOURS[outcome.verdict]))
    out.print(styled(f"    rule    {CHECKS[outcome.id].requirement}"), soft_wrap=True)
    if outcome.reason:
        out.print(styled(f"    reason  {outcome.reason}"), soft_wrap=True)
        return
    for proof in outcome.proofs[:_PLACES]:
        out.print(styled(f"    seen    {proof.words} ({where(proof)})"), soft_wrap=True)
        if proof.shown:
            out.print(styled(f"    bytes   {proof.shown}"), soft_wrap=True)
    if outcome.count > _PLACES:
        out.print(styled(f"    more    {outcome.count - _PLACES} times"))
    if outcome.breaks:
        out.print(styled(f"    breaks  {', '.join(outcome.breaks)}"), soft_wrap=True)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)


def _summary(run: Run) -> Table:
    """Check by check: how many exchanges came to what."""
    table = Table(box=None, pad_edge=False)
    for heading in ("check", "level", *Verdict):
        table.add_column(heading, justify="left" if heading in ("check", "level") else "right")
    counted: Counter[tuple[str, Verdict]] = Counter(
        (outcome.id, outcome.verdict) for each in run.grades for outcome in each.outcomes
    )
    for name, row in CHECKS.items():
        if any(counted[name, verdict] for verdict in _TOLD):
            cells = [str(counted[name, verdict] or "") for verdict in Verdict]
            table.add_row(name, row.level, *cells)
    return table
