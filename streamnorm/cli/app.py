"""The commands. Each reads its streams, says what there is to say, and leaves with the code that fits."""

from __future__ import annotations

import datetime
import io
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

import streamnorm
from streamnorm.arguments.strict.rules import TARGETS, rules_of
from streamnorm.cli.check import check
from streamnorm.cli.console import Out, aside, cannot_read, wrong_use
from streamnorm.cli.demo import play
from streamnorm.cli.diff import diff
from streamnorm.cli.explaining import explain as explain_findings
from streamnorm.cli.import_ import import_
from streamnorm.cli.infer import Evidence, provable, would_act
from streamnorm.cli.infer_live import base_of, fit_streams, refused_requests
from streamnorm.cli.lint import ToolFile
from streamnorm.cli.offered import tools_beside, tools_in
from streamnorm.cli.reading import name_of, pieces
from streamnorm.cli.record import record
from streamnorm.cli.report import failures, json_line, verdict
from streamnorm.cli.report_html import report
from streamnorm.cli.safe import styled
from streamnorm.cli.serve import serve
from streamnorm.cli.tail import tail
from streamnorm.cli.telling import Teller, event_line
from streamnorm.cli.tool_files import json_text
from streamnorm.errors import CaptureError, LocalError
from streamnorm.events import Event
from streamnorm.normalizer import DIALECTS, Normalizer
from streamnorm.profiles import REQUEST_RULES, load_profile, provider_ids

if TYPE_CHECKING:
    from streamnorm.tools import ToolSet

__all__ = ["app", "run"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Reads the streams of endpoints that are almost OpenAI's, puts them right, and says what it changed.",
    epilog="First: streamnorm demo.  Then: curl -N ... | streamnorm explain -",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Files = Annotated[
    list[str], typer.Argument(metavar="FILE", help="Raw SSE bodies; - is standard input.")
]
ProfileName = Annotated[
    str,
    typer.Option(
        "--profile", "-p", help="auto, a profile's name (see `providers`), or a TOML file."
    ),
]
Repairs = Annotated[
    list[str] | None,
    typer.Option(
        "--repair", help="Run this repair too, which is not safe on every stream (think-tags)."
    ),
]
Tools = Annotated[
    str,
    typer.Option(
        "--tools",
        help="A JSON file with the tools that were offered: judge the arguments by them. A request beside the stream "
        "(NAME.request.json) is found without it.",
    ),
]
Dialect = Annotated[
    str,
    typer.Option(
        "--dialect",
        help=f"The wire protocol: {', '.join(DIALECTS)}; auto goes by the first frame.",
    ),
]

#: Columns of the demonstration: a pipe gets the most, and a narrower terminal breaks the lines itself.
_NARROWEST, _WIDEST = 60, 110


def run() -> None:
    """The entry point. What the encoding of standard output cannot hold is written out, such as `\\u20ac`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"streamnorm {streamnorm.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def demo() -> None:
    """Play broken streams, offline.

    Raw beside normalized, and under it what was put right. Needs no network and no key.

    \b
    Example:
      streamnorm demo
    """
    out = Out()
    width = min(out.width, _WIDEST) if out.is_terminal else _WIDEST
    play(Out(width=max(width, _NARROWEST)))


@app.command()
def replay(
    files: Files,
    profile: ProfileName = "auto",
    dialect: Dialect = "auto",
    repair: Repairs = None,
    tools: Tools = "",
    events: Annotated[bool, typer.Option("--events", help="One line per event.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="With --events: also each value of the arguments.")
    ] = False,
    format: Annotated[
        str, typer.Option("--format", help="text, or jsonl: one line of JSON per file.")
    ] = "text",
) -> None:
    """Show what streams say, as it comes.

    \b
    Examples:
      streamnorm replay stream.sse
      curl -N ... | streamnorm replay --events -
      streamnorm replay --format jsonl *.sse > results.jsonl
    """
    if format not in ("text", "jsonl"):
        wrong_use(f"--format is text or jsonl, not {format!r}")
    out = Out()
    bad = False
    for file, place in _places(files):
        normalizer = _normalizer(
            profile, dialect, repair, live=live and events, tools=_tools(tools, file)
        )
        if format == "jsonl":
            _read(file, normalizer, place)
            out.out(json_line(file, normalizer))
        else:
            if place:
                out.print(styled(f"== {name_of(file)}", "bold"), soft_wrap=True)
            _show(file, normalizer, out, events=events)
        bad |= bool(failures(normalizer))
    raise typer.Exit(1 if bad else 0)


@app.command()
def explain(
    files: Files,
    profile: ProfileName = "auto",
    dialect: Dialect = "auto",
    repair: Repairs = None,
    tools: Tools = "",
) -> None:
    """Say what is wrong, where, and what was done.

    \b
    Examples:
      streamnorm explain stream.sse
      curl -N ... | streamnorm explain -
      streamnorm explain --profile openai stream.sse
    """
    out = Out()
    bad = False
    for file, place in _places(files):
        normalizer = _normalizer(profile, dialect, repair, tools=_tools(tools, file))
        probe = _normalizer(profile, dialect, [*(repair or ()), *provable(normalizer.profile)])
        _read(file, normalizer, place, probe)
        out.print(styled(f"{name_of(file)}: {verdict(normalizer)}", "bold"), soft_wrap=True)
        explain_findings(normalizer, out)
        for code in would_act(normalizer, probe):
            out.print()
            out.print(styled(f"hint {code}", "bold cyan"))
            out.print(f"  Its markup is in the text. If it is meant, read it with --repair {code}")
        if place:
            out.print()
        bad |= bool(failures(normalizer))
    raise typer.Exit(1 if bad else 0)


@app.command()
def infer(
    files: Files,
    against: Annotated[
        str, typer.Option("--against", help="A profile: say how the streams differ from it.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="The name in the TOML.")] = "",
) -> None:
    """Write the profile that streams prove.

    Runs every repair, and names those that acted, how often and where first. Of a directory all streams are read; where
    `check -u ... -o DIR` wrote it, the requests that were refused are named, too. With --against it says instead what is new
    and what is gone since that profile was written, and leaves with 1 if anything is.

    \b
    Examples:
      streamnorm infer captures/*.sse > my-endpoint.toml
      streamnorm infer --name mine run/ > mine.toml
      streamnorm infer --against groq today.sse
    """
    out = Out()
    try:
        profile = load_profile(against) if against else None
    except LocalError as error:
        wrong_use(str(error))
    evidence = Evidence()
    repairs = provable(profile)
    try:
        streams = list(fit_streams(files))
        for file, place in _places(streams):
            normalizer = _normalizer("auto", "auto", repairs)
            _read(file, normalizer, place)
            evidence.add(file, normalizer)
        if profile is None:
            today = datetime.date.today()
            told = evidence.toml(name, today, base_url=base_of(streams))
            for line in (*told, *refused_requests(files, today)):
                out.out(line)
            return
    except OSError as error:
        cannot_read(str(error.filename), error)
    except CaptureError as error:
        wrong_use(str(error))
    drift = list(evidence.drift(profile))
    for line in drift or [f"as {profile.id} says"]:
        out.print(styled(line), soft_wrap=True)
    raise typer.Exit(1 if drift else 0)


@app.command()
def lint(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="JSON: a list of tools, one tool, a request, or a schema; - is standard input.",
        ),
    ],
    target: Annotated[
        str, typer.Option("--target", "-t", help=f"Whose strict mode: {', '.join(TARGETS)}.")
    ] = "openai",
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the tools, made strict where that loses nothing.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Look also at tools that do not say strict: true.")
    ] = False,
    format: Annotated[
        str, typer.Option("--format", help="text, or json: one line of JSON per file.")
    ] = "text",
) -> None:
    """Say what strict mode refuses of tools.

    Looks at the tools that say strict: true, and at all where none does. With --fix the tools go to standard output as JSON,
    and what was done to standard error. Leaves with 1 if a request with them would be refused.

    \b
    Examples:
      streamnorm lint tools.json
      streamnorm lint --target anthropic request.json
      streamnorm lint --fix tools.json > strict.json
    """
    if format not in ("text", "json"):
        wrong_use(f"--format is text or json, not {format!r}")
    try:
        rules_of(target)
    except LocalError as error:
        wrong_use(str(error))
    out, errors = Out(), aside()
    refused = False
    for file in files:
        try:
            body = b"".join(pieces(file))
        except OSError as error:
            cannot_read(file, error)
        try:
            tools = ToolFile(name_of(file), body, target, fix=fix, every=every)
            written = json_text(tools.fixed(), indent=2) if fix else ""
            told = json_text(tools.report()) if format == "json" else ""
        except LocalError as error:
            wrong_use(f"{name_of(file)}: {error}")
        if told:
            out.out(told)
        else:
            for line in tools.lines():
                (errors if fix else out).print(line, soft_wrap=True)
            if written:
                out.out(written)
        refused |= tools.refused
    raise typer.Exit(1 if refused else 0)


app.command()(check)
app.command()(report)
app.command()(tail)
app.command()(record)
app.command()(diff)
app.command("import")(import_)


@app.command()
def providers(
    name: Annotated[str | None, typer.Argument(help="Show this one with all it claims.")] = None,
) -> None:
    """List the profiles, or show one.

    \b
    Examples:
      streamnorm providers
      streamnorm providers openai
    """
    out = Out()
    if name is None:
        # In a pipe nothing is folded: a line is a profile.
        (out if out.is_terminal else Out(width=1000)).print(_profiles())
        return
    try:
        profile = load_profile(name)
    except LocalError as error:
        wrong_use(str(error))
    out.print(styled(f"{profile.name}  {profile.base_url}", "bold"), soft_wrap=True)
    out.print(
        styled(f"key: {', '.join(profile.key_variables) or '-'}   docs: {profile.docs or '-'}"),
        soft_wrap=True,
    )
    for claim in profile.repairs:
        out.print()
        out.print(styled(claim.code, "yellow"))
        out.print(styled(f"  {claim.source} ({claim.checked})"), soft_wrap=True)
    for rule in profile.request:
        out.print()
        out.print(styled(f"request: {rule.rule}", "yellow"))
        note = f" {rule.note}" if rule.note else ""
        out.print(styled(f"  {REQUEST_RULES[rule.rule]}{note}"), soft_wrap=True)
        out.print(styled(f"  {rule.source} ({rule.checked})"), soft_wrap=True)


app.command()(serve)


def _profiles() -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "base URL", "repairs"):
        table.add_column(heading, overflow="fold")
    for profile in map(load_profile, provider_ids()):
        repairs = str(len(profile.repairs))
        table.add_row(profile.id, styled(profile.name), styled(profile.base_url), repairs)
    return table


def _tools(named: str, file: str) -> ToolSet | None:
    """The tools that the user named, or those of the request beside the file."""
    if not named:
        return tools_beside(file) if file != "-" else None
    try:
        return tools_in(named)
    except OSError as error:
        wrong_use(f"cannot read {named}: {error.strerror}")
    except LocalError as error:
        wrong_use(str(error))


def _places(files: list[str]) -> Iterator[tuple[str, str]]:
    """Each file, and where there are several its place among them."""
    for at, file in enumerate(files, start=1):
        yield file, f"{at} of {len(files)}: {name_of(file)}" if len(files) > 1 else ""


def _normalizer(
    profile: str,
    dialect: str,
    repairs: list[str] | None = None,
    *,
    live: bool = False,
    tools: ToolSet | None = None,
) -> Normalizer:
    try:
        return Normalizer(profile, dialect=dialect, repairs=repairs or (), live=live, tools=tools)
    except LocalError as error:
        wrong_use(str(error))


def _events(file: str, normalizer: Normalizer, probe: Normalizer | None = None) -> Iterator[Event]:
    """The events of a stream. `probe` reads along, and is not told of."""
    try:
        for piece in pieces(file):
            yield from normalizer.feed(piece)
            if probe is not None:
                probe.feed(piece)
    except OSError as error:
        cannot_read(file, error)
    except CaptureError as error:
        wrong_use(str(error))
    yield from normalizer.close()
    if probe is not None:
        probe.close()


def _read(file: str, normalizer: Normalizer, place: str, probe: Normalizer | None = None) -> None:
    """Read all of a file. A terminal is told which of several it is, for as long as that takes."""
    console = Console(stderr=True)
    told = bool(place) and console.is_terminal
    with console.status(styled(place), spinner="line") if told else nullcontext():
        for _ in _events(file, normalizer, probe):
            pass


def _show(file: str, normalizer: Normalizer, out: Console, *, events: bool) -> None:
    teller = Teller(out)
    for event in _events(file, normalizer):
        if events:
            out.print(event_line(event), soft_wrap=True)
        else:
            teller.tell(event)
    if not events:
        teller.close(normalizer.result)
    said = styled(
        f"{name_of(file)}: {verdict(normalizer)}", "red" if failures(normalizer) else "green"
    )
    aside().print(said, soft_wrap=True)
