"""The commands. Each reads its streams, says what there is to say, and leaves with the code that fits."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

import streamnorm
from streamnorm.cli.demo import play
from streamnorm.cli.reading import name_of, pieces
from streamnorm.cli.report import failures, in_words, json_line, verdict
from streamnorm.cli.safe import shown, styled
from streamnorm.cli.telling import Teller, event_line
from streamnorm.errors import LocalError
from streamnorm.events import Event
from streamnorm.normalizer import Normalizer
from streamnorm.profiles import load_profile, provider_ids

__all__ = ["app", "run"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Reads the streams of endpoints that are almost OpenAI's, puts them right, and says what it changed.",
    epilog="First: streamnorm demo.  Then: curl -N ... | streamnorm explain -",
)

Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Raw SSE bodies; - is standard input.")
]
ProfileName = Annotated[
    str,
    typer.Option(
        "--profile", "-p", help="auto, a profile's name (see `providers`), or a TOML file."
    ),
]
Dialect = Annotated[str, typer.Option("--dialect", help="The wire protocol.")]

_LABELS = {"failure": "bold red", "repair": "bold yellow"}


def run() -> None:
    """The entry point: a wrong use is one line, Ctrl-C is quiet, and so is a pipe that closes."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        # What is left in the buffer has nowhere to go; the interpreter must not try it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


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
    """Play a few broken streams: raw beside normalized beside what was put right. Needs no network and no key."""
    out = _out()
    play(out if out.is_terminal else _out(width=110))


@app.command()
def replay(
    files: Files,
    profile: ProfileName = "auto",
    dialect: Dialect = "chat",
    events: Annotated[bool, typer.Option("--events", help="One line per event.")] = False,
    format: Annotated[
        str, typer.Option("--format", help="text, or jsonl: one line of JSON per file.")
    ] = "text",
) -> None:
    """Read streams and show what they say, as it comes.

    streamnorm replay stream.sse
    streamnorm replay --format jsonl captures/*.sse > results.jsonl
    """
    if format not in ("text", "jsonl"):
        _wrong_use(f"--format is text or jsonl, not {format!r}")
    bad = False
    for file in files:
        normalizer = _normalizer(profile, dialect)
        if format == "jsonl":
            for _ in _events(file, normalizer):
                pass
            sys.stdout.write(json_line(file, normalizer) + "\n")
            sys.stdout.flush()
        else:
            _show(file, normalizer, events=events, several=len(files) > 1)
        bad |= bool(failures(normalizer))
    raise typer.Exit(1 if bad else 0)


@app.command()
def explain(files: Files, profile: ProfileName = "auto", dialect: Dialect = "chat") -> None:
    """Say what is wrong with streams, where, and what was done about it.

    streamnorm explain stream.sse
    curl -N -sS https://... | streamnorm explain -
    """
    out = _out()
    bad = False
    for at, file in enumerate(files):
        normalizer = _normalizer(profile, dialect)
        for _ in _events(file, normalizer):
            pass
        if at:
            out.print()
        out.print(styled(f"{name_of(file)}: {verdict(normalizer)}", "bold"), soft_wrap=True)
        _explain(normalizer, out)
        bad |= bool(failures(normalizer))
    raise typer.Exit(1 if bad else 0)


@app.command()
def providers(
    name: Annotated[str | None, typer.Argument(help="Show this one with all it claims.")] = None,
) -> None:
    """List the profiles that come with streamnorm, or show one."""
    out = _out()
    if name is None:
        table = Table("id", "name", "base URL", "repairs", box=None, pad_edge=False)
        for provider in provider_ids():
            profile = load_profile(provider)
            repairs = str(len(profile.repairs))
            table.add_row(profile.id, styled(profile.name), styled(profile.base_url), repairs)
        out.print(table)
        return
    try:
        profile = load_profile(name)
    except LocalError as error:
        _wrong_use(str(error))
    out.print(styled(f"{profile.name}  {profile.base_url}", "bold"), soft_wrap=True)
    out.print(
        styled(f"key: {', '.join(profile.key_variables)}   docs: {profile.docs or '-'}"),
        soft_wrap=True,
    )
    for claim in profile.repairs:
        out.print(styled(f"\n{claim.code}", "yellow"))
        out.print(styled(f"  {claim.source} ({claim.checked})"), soft_wrap=True)


def _out(width: int | None = None) -> Console:
    """Standard output: colours on a terminal, plain text in a pipe."""
    return Console(highlight=False, markup=False, emoji=False, width=width)


def _normalizer(profile: str, dialect: str) -> Normalizer:
    try:
        return Normalizer(profile, dialect=dialect)
    except LocalError as error:
        _wrong_use(str(error))


def _events(file: str, normalizer: Normalizer) -> Iterator[Event]:
    try:
        for piece in pieces(file):
            yield from normalizer.feed(piece)
    except OSError as error:
        _wrong_use(f"cannot read {file}: {error.strerror}")
    yield from normalizer.close()


def _show(file: str, normalizer: Normalizer, *, events: bool, several: bool) -> None:
    out = _out()
    if several:
        out.print(styled(f"== {name_of(file)}", "bold"), soft_wrap=True)
    teller = Teller(out)
    for event in _events(file, normalizer):
        if events:
            out.print(event_line(event), soft_wrap=True)
        else:
            teller.tell(event)
    teller.close()
    sys.stdout.flush()
    said = styled(verdict(normalizer), "red" if failures(normalizer) else "green")
    Console(stderr=True, highlight=False).print(said, soft_wrap=True)


def _explain(normalizer: Normalizer, out: Console) -> None:
    findings = normalizer.findings
    if not findings:
        out.print("Nothing to put right: the stream is conformant.")
    for finding in findings:
        out.print()
        for label, text in in_words(finding):
            if label in _LABELS:
                out.print(styled(f"{label} {text}", _LABELS[label]))
            else:
                out.print(styled(f"  {label:<7} {' '.join(text.split())}"), soft_wrap=True)


def _wrong_use(message: str) -> NoReturn:
    typer.echo(f"streamnorm: {shown(message)}", err=True)
    raise typer.Exit(2)
