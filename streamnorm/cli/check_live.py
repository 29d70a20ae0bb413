"""`check -u`: what is asked of an endpoint, how far that is, and what it left in a folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from streamnorm.cli.asking import headers_of
from streamnorm.cli.console import aside, wrong_use
from streamnorm.cli.safe import one_line, styled
from streamnorm.conformance.live.asking import Limits
from streamnorm.conformance.live.endpoint import asking_of, run_folder
from streamnorm.conformance.live.folder import LiveGrade, grade_live
from streamnorm.conformance.live.target import Target
from streamnorm.errors import CaptureError, LocalError

__all__ = ["INTERRUPTED", "LiveOptions", "live_run"]

#: Why a run ended that Ctrl-C ended.
INTERRUPTED: Final = "interrupted"

#: Headers that OpenAI's own clients take from the environment.
_FROM_ENVIRONMENT: Final = {
    "openai-organization": "OPENAI_ORG_ID",
    "openai-project": "OPENAI_PROJECT_ID",
}


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """The options of a live run, as they were given."""

    url: str = field(repr=False)
    model: str
    key: str = field(repr=False)
    dialect: str
    repeats: int
    budget: int | None
    costly: bool
    timeout: float
    total: float
    headers: list[str] = field(repr=False)
    output: str
    force: bool


@contextlib.contextmanager
def live_run(options: LiveOptions, only: frozenset[str] | None) -> Iterator[tuple[Path, LiveGrade]]:
    """Ask the endpoint, and grade what it answered; gives the folder with the captures, which is gone afterwards where none
    was named. What cannot be asked leaves with 2."""
    console = aside()
    try:
        with run_folder(options.output or None, overwrite=options.force) as folder:
            asking = asking_of(
                _target(options),
                folder,
                only=only,
                repeats=options.repeats,
                budget=options.budget,
                costly=options.costly,
                limits=Limits(each=options.timeout, total=options.total),
            )
            where = f"{asking.manifest.endpoint}, model {options.model}"
            said = f"streamnorm: {asking.count} requests to {where}"
            console.print(styled(said), soft_wrap=True)
            with _progress(console, asking.count) as told:
                asking.told = told
                try:
                    asyncio.run(asking.run())
                except KeyboardInterrupt:
                    asking.stopped = INTERRUPTED
            within = f"{Path(options.output).as_posix()}/" if options.output else ""
            yield folder, grade_live(folder, asking.manifest, within=within)
    except (LocalError, CaptureError) as error:
        wrong_use(str(error))
    except OSError as error:
        wrong_use(f"cannot write the captures: {error}")


def _target(options: LiveOptions) -> Target:
    headers = headers_of(options.headers)
    for name, variable in _FROM_ENVIRONMENT.items():
        if value := os.environ.get(variable, "").strip():
            headers.setdefault(name, value)
    return Target(
        options.url,
        options.model,
        key=options.key or os.environ.get("OPENAI_API_KEY", ""),
        dialect=options.dialect,
        headers=headers,
    )


@contextlib.contextmanager
def _progress(console: Console, count: int) -> Iterator[Callable[[str], object] | None]:
    """On a terminal, how many requests were answered; nothing in a pipe."""
    if not console.is_terminal:
        yield None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=count)
        yield lambda probe: progress.update(task, advance=1, description=one_line(probe))
