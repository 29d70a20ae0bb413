"""A live run from its options to its grade: of an endpoint over the network, or of an ASGI app in this process."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack

import httpx

from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.live.asgi import ASGIApp, StreamingASGITransport
from streamnorm.conformance.live.asking import Asking, Limits
from streamnorm.conformance.live.folder import (
    LiveGrade,
    empty_for_run,
    grade_live,
    report_of,
    write_report,
)
from streamnorm.conformance.live.probes import planned
from streamnorm.conformance.live.target import Target
from streamnorm.errors import LocalError

__all__ = [
    "acheck_app",
    "acheck_endpoint",
    "asking_of",
    "check_app",
    "check_endpoint",
    "run_folder",
]

#: Where an app is, as its requests have it: no name that leads anywhere (RFC 6761).
APP: Final = "http://app.invalid"


class Options(TypedDict, total=False):
    """The options of a live run, as `acheck_endpoint` has them."""

    api_key: str
    dialect: str
    only: Collection[str] | None
    repeats: int
    budget: int | None
    costly: bool
    timeout: float
    total_timeout: float
    output: str | Path | None
    overwrite: bool
    headers: Mapping[str, str] | None


class EndpointOptions(Options, total=False):
    """Those, and what carries the requests."""

    transport: httpx.AsyncBaseTransport | None


def check_endpoint(url: str, model: str, **options: Unpack[EndpointOptions]) -> LiveGrade:
    """Send the probes to an endpoint, and grade its answers.

    url: the base URL, with or without `/v1`. model: the model's name.
    options: those of `acheck_endpoint`.

    Raises LocalError for what cannot be asked, OSError where captures cannot be written. What is wrong with the endpoint is in
    what it returns: `stopped` in its manifest says why a run ended early.
    """
    return _blocking(acheck_endpoint(url, model, **options), "acheck_endpoint")


async def acheck_endpoint(
    url: str,
    model: str,
    *,
    api_key: str = "",
    dialect: str = "chat",
    only: Collection[str] | None = None,
    repeats: int = 1,
    budget: int | None = None,
    costly: bool = False,
    timeout: float = 120.0,
    total_timeout: float = 900.0,
    output: str | Path | None = None,
    overwrite: bool = False,
    headers: Mapping[str, str] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> LiveGrade:
    """As `check_endpoint`.

    api_key: sent as a bearer token; nothing is sent where it is empty.
    dialect: `chat`, `responses` or `assistants`.
    only: ids of checks; only the requests that show them are sent.
    repeats: how often each request is sent. budget: the most requests, in all.
    costly: send also what may cost much: a prompt of two million tokens.
    timeout: seconds for one answer, from its request to its end; total_timeout: for all.
    output: a folder for the captures and `check.json`; they are not kept without it. overwrite: also where an earlier run is.
    headers: sent with each request. transport: what carries the requests, closed at the end.
    """
    target = Target(url, model, key=api_key, dialect=dialect, headers=headers)
    with run_folder(output, overwrite=overwrite) as folder:
        asking = asking_of(
            target,
            folder,
            only=only,
            repeats=repeats,
            budget=budget,
            costly=costly,
            limits=Limits(each=timeout, total=total_timeout),
            transport=transport,
        )
        await asking.run()
        graded = grade_live(folder, asking.manifest)
        write_report(folder, report_of(graded))
    return graded


def check_app(
    app: ASGIApp, model: str, *, base: str = "/v1", **options: Unpack[Options]
) -> LiveGrade:
    """As `check_endpoint`, of an ASGI app in this process: it is started, asked and shut down; no port is opened.

    base: the path under which it answers. options: those of `acheck_endpoint`, but `transport`.
    """
    return _blocking(acheck_app(app, model, base=base, **options), "acheck_app")


async def acheck_app(
    app: ASGIApp, model: str, *, base: str = "/v1", **options: Unpack[Options]
) -> LiveGrade:
    """As `check_app`, in the event loop that runs."""
    return await acheck_endpoint(
        f"{APP}{base}", model, transport=StreamingASGITransport(app), **options
    )


def asking_of(
    target: Target,
    folder: Path,
    *,
    only: Collection[str] | None = None,
    repeats: int = 1,
    budget: int | None = None,
    costly: bool = False,
    limits: Limits | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    told: Callable[[str], object] | None = None,
) -> Asking:
    """A live run that is ready to be sent. Raises LocalError for a check that there is none of, and numbers that are none."""
    unknown = sorted(set(only or ()) - CHECKS.keys())
    if unknown:
        raise LocalError(f"there is no check {unknown[0]!r}: docs/checks.md lists them")
    if repeats < 1 or (budget is not None and budget < repeats):
        raise LocalError("at least one request has to be sent in each repeat")
    checks = [check for check in CHECKS.values() if only is None or check.id in only]
    each = budget // repeats if budget is not None else None
    plan = planned(target.dialect, checks, all_of_them=only is None, budget=each, costly=costly)
    return Asking(
        target,
        plan,
        folder,
        transport=transport,
        repeats=repeats,
        budget=budget,
        limits=limits,
        told=told,
        only=tuple(sorted(only or ())),
    )


def _blocking(graded: Coroutine[Any, Any, LiveGrade], instead: str) -> LiveGrade:
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        graded.close()
        raise LocalError(f"an event loop runs here: await {instead} instead")
    return asyncio.run(graded)


@contextlib.contextmanager
def run_folder(output: str | Path | None, *, overwrite: bool) -> Iterator[Path]:
    """The folder for the captures, made if it is not there; one for the while where none is named."""
    if output is None:
        with tempfile.TemporaryDirectory(prefix="streamnorm-") as name:
            yield Path(name)
        return
    folder = Path(output)
    empty_for_run(folder, force=overwrite)
    yield folder
