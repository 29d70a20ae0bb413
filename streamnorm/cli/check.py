"""The command `check`: grades an endpoint or recorded exchanges by the conformance checks, and says who is at fault, with the
bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from streamnorm.cli.ask_options import Headers, Key, Model, Url
from streamnorm.cli.check_live import INTERRUPTED, LiveOptions, live_run
from streamnorm.cli.check_telling import tell, tell_live
from streamnorm.cli.console import Out, aside, cannot_read, wrong_use
from streamnorm.cli.reading import name_of, pieces
from streamnorm.cli.safe import styled
from streamnorm.cli.summaries import append_summary, is_summarised
from streamnorm.conformance.baseline import Baseline
from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.files import evidence_in, evidence_of_body, streams_in
from streamnorm.conformance.grade import Grade, grade
from streamnorm.conformance.live.folder import (
    LiveGrade,
    grade_live,
    live_run_in,
    report_of,
    run_of,
    write_report,
)
from streamnorm.conformance.live.manifest import MANIFEST, Manifest
from streamnorm.conformance.reports import FORMATS, Run, step_summary
from streamnorm.errors import CaptureError, LocalError

__all__ = ["check"]

_STANDARD_INPUT: Final = Path("-")

_DIALECTS: Final = ("chat", "responses", "assistants")

#: The formats beside which the summary of a job is written, where there is one.
_SUMMARISED: Final = frozenset({"github"})

#: As a shell says of a program that Ctrl-C ended.
_INTERRUPTED: Final = 128 + 2


def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Captures, raw SSE bodies (- is standard input), or directories with either (*.sse, *.cap.jsonl).",
            show_default=False,
        ),
    ] = None,
    url: Url = "",
    model: Model = "",
    key: Key = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Count what is non-strict (the SHOULDs) as a failure.")
    ] = False,
    only: Annotated[str, typer.Option("--only", metavar="ID,...", help="Only these checks.")] = "",
    format: Annotated[str, typer.Option("--format", help=f"text, {', '.join(FORMATS)}.")] = "text",
    dialect: Annotated[
        str,
        typer.Option(
            "--dialect", help="auto (of an endpoint: chat), chat, responses or assistants."
        ),
    ] = "auto",
    baseline: Annotated[
        str,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Known deviations, `ID` or `ID FILE` a line: they pass; a stale line fails.",
        ),
    ] = "",
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Keep the captures of the endpoint here, and check.json.",
        ),
    ] = "",
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, help="Send each request so many times.")
    ] = 1,
    budget: Annotated[
        int | None, typer.Option("--budget", min=1, help="The most requests, in all.")
    ] = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="Send also what may cost much: two million tokens (E-014)."),
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds for one answer, to its end.")
    ] = 120.0,
    total_timeout: Annotated[
        float, typer.Option("--total-timeout", min=0.1, help="Seconds for all requests.")
    ] = 900.0,
    header: Headers = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over an earlier run in DIR.")
    ] = False,
) -> None:
    """Grade an endpoint, or recorded streams.

    Does the server keep to the protocol? Every check has an id (docs/checks.md). With -u and -m the endpoint is sent canned
    requests, and graded from what was recorded of its answers; -o keeps that, so that `check DIR` comes to the same verdicts
    without the server. Of files, a request beside a raw body (NAME.request.json) and the head of its response (NAME.headers)
    let more be checked. Leaves with 0 if nothing fails, with 1 if something does, with 2 if nothing could be checked, or not
    all.

    \b
    Examples:
      streamnorm check -u http://localhost:8000/v1 -m my-model -o run/
      streamnorm check --strict run/
      streamnorm check --format junit --baseline known.txt captures/ > report.xml
    """
    if format != "text" and format not in FORMATS:
        wrong_use(f"--format is one of text, {', '.join(FORMATS)}, not {format!r}")
    if dialect not in ("auto", *_DIALECTS):
        wrong_use(f"--dialect is auto, {', '.join(_DIALECTS)}, not {dialect!r}")
    judge = _Judge(_baseline(baseline), strict=strict, format=format)
    wanted = _ids(only)
    if files and (url or model):
        wrong_use("name files, or an endpoint with -u and -m, not both")
    if files:
        judge.files(files, dialect, wanted)
    options = LiveOptions(
        url=url or os.environ.get("OPENAI_BASE_URL", ""),
        model=model,
        key=key,
        dialect="chat" if dialect == "auto" else dialect,
        repeats=repeats,
        budget=budget,
        costly=every,
        timeout=timeout,
        total=total_timeout,
        headers=header or [],
        output=output,
        force=force,
    )
    if not options.url and not model:
        wrong_use("name files to grade, or an endpoint: -u http://localhost:8000/v1 -m MODEL")
    judge.endpoint(options, wanted)


class _Judge:
    """Grades to a verdict that is told, and to the code that the command leaves with."""

    def __init__(self, known: Baseline, *, strict: bool, format: str) -> None:
        self._known = known
        self._strict = strict
        self._format = format
        self._out = Out()

    def files(self, files: list[str], dialect: str, only: frozenset[str] | None) -> NoReturn:
        """Grade recorded streams, and live runs that were kept."""
        streams = _streams(files)
        kept = _kept(
            each for file in map(Path, files) if file.is_dir() for each in streams_in(file)
        )
        in_runs = {folder / each.file for folder, run in kept.items() for each in run.exchanges}
        single = _grades([each for each in streams if each not in in_runs], dialect, only)
        runs = [_regraded(folder, run, only) for folder, run in kept.items()]
        self._leave(runs, single)

    def endpoint(self, options: LiveOptions, only: frozenset[str] | None) -> NoReturn:
        """Ask an endpoint, and grade its answers."""
        with live_run(options, only) as (folder, live):
            write_report(folder, report_of(live, self._run([live], [])))
        if options.output:
            said = f"streamnorm: captures and {MANIFEST} are in {options.output}"
            aside().print(styled(said), soft_wrap=True)
        if live.manifest.stopped == INTERRUPTED:
            self._tell([live], [])
            raise typer.Exit(_INTERRUPTED)
        self._leave([live], [])

    def _run(self, runs: list[LiveGrade], single: list[Grade]) -> Run:
        grades = (*(grade for live in runs for grade in live.grades.values()), *single)
        return Run(
            grades=grades,
            strict=self._strict,
            known=frozenset(
                (outcome.id, each.name)
                for each in grades
                for outcome in each.against(strict=self._strict)
                if self._known.known(outcome.id, each.name)
            ),
            stale=tuple(self._known.stale(grades, strict=self._strict)),
            live=run_of(runs[0]).live if len(runs) == 1 and not single else None,
        )

    def _leave(self, runs: list[LiveGrade], single: list[Grade]) -> NoReturn:
        run = self._tell(runs, single)
        if self._format in _SUMMARISED and is_summarised():
            append_summary(step_summary(run))
        stopped = [live.manifest.stopped for live in runs if live.manifest.stopped]
        if any(run.against(grade) for grade in run.grades) or run.stale:
            raise typer.Exit(1)
        if stopped:
            wrong_use(stopped[0])
        if not run.checked:
            wrong_use("nothing was checked: nothing showed what a check looks at")
        raise typer.Exit(0)

    def _tell(self, runs: list[LiveGrade], single: list[Grade]) -> Run:
        run = self._run(runs, single)
        if self._format == "json" and run.live is not None:
            self._out.out(report_of(runs[0], run))
        elif self._format != "text":
            self._out.out(FORMATS[self._format](run))
        else:
            for live in runs:
                tell_live(run, live, self._out)
            tell(run, single, self._out)
            for entry in run.stale:
                said = styled(f"stale in the baseline: {entry}", "bold red")
                self._out.print(said, soft_wrap=True)
        return run


def _kept(streams: Iterable[Path]) -> dict[Path, Manifest]:
    """The live runs among the folders of these streams."""
    folders = dict.fromkeys(each.parent for each in streams)
    found = ((folder, live_run_in(folder)) for folder in folders)
    return {folder: run for folder, run in found if run is not None}


def _regraded(folder: Path, run: Manifest, only: frozenset[str] | None) -> LiveGrade:
    within = "" if folder == Path() else f"{folder.as_posix()}/"
    try:
        return grade_live(folder, run, only=only, within=within)
    except OSError as error:
        cannot_read(str(error.filename or folder), error)
    except CaptureError as error:
        wrong_use(str(error))


def _ids(only: str) -> frozenset[str] | None:
    """The checks that were named; None where none was."""
    named = frozenset(filter(None, (each.strip().upper() for each in only.split(","))))
    unknown = sorted(named - CHECKS.keys())
    if unknown:
        wrong_use(f"there is no check {unknown[0]!r}: docs/checks.md lists them")
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
