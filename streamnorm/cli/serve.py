"""`streamnorm serve`: the replay server in the foreground, until it is stopped; or the Assistants engine."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from streamnorm.cli.ask_options import Key, Url
from streamnorm.cli.console import Out, aside, wrong_use
from streamnorm.cli.safe import styled
from streamnorm.cli.serve_assistants import attend, serve_assistants
from streamnorm.errors import LocalError

if TYPE_CHECKING:
    from streamnorm.captures.faults import Plan
    from streamnorm.captures.routes import Served
    from streamnorm.captures.serve import ReplayServer

__all__ = ["serve"]


def serve(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Captures, or folders of them.")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="0 picks a free one.", min=0, max=65535)] = (
        8765
    ),
    speed: Annotated[str, typer.Option("--speed", help="10x, 0.5x; max waits for nothing.")] = "1x",
    cut: Annotated[
        str, typer.Option("--cut", help="recorded, a number of bytes, byte, or seed:N.")
    ] = "recorded",
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="A fault for every answer, such as cut@frame:3 or 429."),
    ] = None,
    plan: Annotated[
        str, typer.Option("--plan", help="A TOML file of faults, by the captures' names.")
    ] = "",
    repeat: Annotated[
        str,
        typer.Option(
            "--repeat",
            help="What answers a request that came more often than it was recorded: cycle, last, or error.",
        ),
    ] = "cycle",
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; only on this machine if not given.")
    ] = "127.0.0.1",
    origin: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-origin",
            help="Let pages of this origin read the answers, beside those of this machine; * for all.",
        ),
    ] = None,
    assistants: Annotated[
        bool,
        typer.Option(
            "--assistants",
            help="Serve the Assistants API over the chat endpoint of -u, in place of captures.",
        ),
    ] = False,
    url: Url = "",
    key: Key = "",
    store: Annotated[
        str,
        typer.Option(
            "--store",
            help="With --assistants: keep threads in this SQLite file; without it they are gone when the server stops.",
        ),
    ] = "",
) -> None:
    """Serve captures to any client, with faults.

    At the pace and in the pieces they were recorded. A request is answered by the capture of the same request; the base URL
    /captures/NAME/v1 always answers with that one. The page at / lists them. docs/faults.md has the faults.

    With --assistants it serves /v1/assistants and /v1/threads instead, for the OpenAI SDK of any language: assistants, threads
    and runs are kept here, and the chat endpoint of -u is the model. Functions are called; code_interpreter and file_search are
    not there. Whoever reaches the server uses the endpoint's key.

    \b
    Examples:
      streamnorm serve captures/
      streamnorm serve captures/ --speed 10x --fault cut@frame:3
      streamnorm serve run.cap.jsonl --port 0 --cut byte
      streamnorm serve --assistants -u http://localhost:11434/v1 --store threads.sqlite
    """
    if assistants:
        if paths:
            wrong_use("--assistants serves threads and runs, not captures: leave the paths out")
        serve_assistants(url, key, store, host, port, origin or ())
        return
    if not paths:
        wrong_use("name the captures to serve, or give --assistants and -u")
    for given, option in ((url, "-u"), (key, "-k"), (store, "--store")):
        if given:
            wrong_use(f"{option} goes with --assistants")
    from streamnorm.captures.serve import ReplayServer  # the other commands need none of it

    try:
        server = ReplayServer(
            paths,
            speed=speed,
            cut=cut,
            fault=_plan(fault or [], plan),
            host=host,
            port=port,
            origins=origin or (),
            repeat=repeat,  # type: ignore[arg-type]  # looked at where it is used
            heard=_tell,
        )
    except LocalError as error:
        wrong_use(str(error))
    except OSError as error:
        wrong_use(f"cannot read {error.filename}: {error.strerror}")
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(attend(server, lambda: _announce(server)))
        except OSError as error:
            wrong_use(f"cannot listen on {host} port {port}: {error.strerror}; --port 0 picks one")
    said = f"{server.count:,} request{'' if server.count == 1 else 's'} answered"
    Out().print(styled(said), soft_wrap=True)


def _plan(faults: list[str], plan: str) -> Plan:
    """The faults for every answer, and the plan's."""
    from streamnorm.captures.faults import Plan, plan_of

    given = plan_of(faults)
    if not plan:
        return given
    planned = plan_of(plan if plan.endswith(".toml") else f"{plan}.toml")
    return Plan(given.faults + planned.faults, planned.captures)


def _announce(server: ReplayServer) -> None:
    out = Out()
    if not server.is_local:
        warning = f"warning: {server.host} may be reached from other machines, and anyone who does can read the captures"
        aside().print(styled(warning, "bold yellow"), soft_wrap=True)
    number = len(server.library)
    out.print(styled(f"{number:,} capture{'' if number == 1 else 's'} at {server.url}/v1", "bold"))
    out.print(styled(f"  {_curl(server)}"), soft_wrap=True)
    out.print(styled(f"  {server.url}/ lists them. Ctrl-C stops."), soft_wrap=True)


def _curl(server: ReplayServer) -> str:
    """A command that is answered by the first capture."""
    name = next(iter(server.library))
    request = server.library[name].header.request
    words = ["curl", "-N"]
    if request.method != "GET":
        words += ["-X", request.method]
    return shlex.join([*words, f"{server.url}/captures/{quote(name)}{request.path}"])


def _tell(one: Served) -> None:
    """A line on standard error for each answer."""
    answer = f"{one.capture} ({one.status})" if one.capture else str(one.status)
    notes = [f"{one.method} {one.path}: {answer}", f"{one.pieces:,} pieces", one.end]
    if one.faults:
        notes.append(f"faults: {', '.join(one.faults)}")
    if one.missed:
        notes.append(f"not reached: {', '.join(one.missed)}")
    aside().print(styled(", ".join(notes)), soft_wrap=True)
