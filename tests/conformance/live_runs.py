"""Runs against the scripted server, made once, and what is done to their answers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from conformance.conformant import KEY, MODEL, Scripted
from conformance.conformant_runs import ScriptedRuns
from conformance.served_app import served_app

from streamnorm.captures.format import End, Piece
from streamnorm.conformance import Evidence, Verdict, check_app, check_endpoint, grade
from streamnorm.conformance.evidence import Sent
from streamnorm.conformance.live.folder import exchanges_of, live_run_in

__all__ = ["DIALECTS", "LiveMutation", "conformant", "graded", "mutated", "red"]

DIALECTS = ("chat", "responses", "assistants")

_FOLDER = tempfile.TemporaryDirectory(prefix="streamnorm-live-")


@dataclass(frozen=True)
class LiveMutation:
    """What turns `check` red in the answer to `probe`. `edits` replace bytes once each, of which the old must be there; `instead`
    is another probe, whose answer comes in its place; a header that is None is taken out. `more`: edits of the answers to
    other probes. `also`: checks that go red with it, since the same bytes break them."""

    check: str
    probe: str
    edits: tuple[tuple[bytes, bytes], ...] = ()
    dialect: str = "chat"
    instead: str = ""
    status: int | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    body: bytes | None = None
    rewritten: Callable[[bytes], bytes] | None = None
    end: End | None = None
    decoded: str = ""
    at_once: bool = False
    answered: float | None = None
    connection: int | None = None
    more: dict[str, tuple[tuple[bytes, bytes], ...]] = field(default_factory=dict)
    also: tuple[str, ...] = ()


@cache
def conformant(dialect: str) -> Path:
    """The folder of a run against the scripted server: chat over a socket, the others in this process."""
    folder = Path(_FOLDER.name) / dialect
    options: dict[str, Any] = {"api_key": KEY, "dialect": dialect, "output": folder, "costly": True}
    if dialect == "chat":
        with served_app(Scripted()) as url:
            check_endpoint(url, MODEL, **options)
    else:
        check_app(ScriptedRuns() if dialect == "assistants" else Scripted(), MODEL, **options)
    return folder


def mutated(mutation: LiveMutation) -> dict[str, Evidence]:
    """The exchanges of a conformant run, by their probes, with the mutation done to them."""
    found = dict(_exchanges(mutation.dialect))
    if mutation.probe:
        source = found[mutation.instead or mutation.probe]
        found[mutation.probe] = _mutant(found[mutation.probe], source, mutation)
    for probe, edits in mutation.more.items():
        found[probe] = _mutant(found[probe], found[probe], LiveMutation("", probe, edits))
    for evidence in found.values():
        evidence.sent.beside = found
    return found


@cache
def _exchanges(dialect: str) -> dict[str, Evidence]:
    folder = conformant(dialect)
    manifest = live_run_in(folder)
    assert manifest is not None
    return {each.sent.probe: each for each in exchanges_of(folder, manifest).values()}


def _mutant(asked: Evidence, answer: Evidence, mutation: LiveMutation) -> Evidence:
    body = answer.body if mutation.body is None else mutation.body
    for old, new in mutation.edits:
        assert old in body, (mutation.check, old)
        body = body.replace(old, new, 1)
    if mutation.rewritten is not None:
        body = mutation.rewritten(body)
    headers = {**answer.headers, **mutation.headers}
    made = Evidence(
        [Piece(0.0, body)] if mutation.at_once else _pieces(body),
        request=asked.request,
        status=answer.status if mutation.status is None else mutation.status,
        headers={name: value for name, value in headers.items() if value is not None},
        end=mutation.end or asked.end,
        dialect=asked.dialect,
        origin=asked.origin,
        answered=asked.answered if mutation.answered is None else mutation.answered,
        decoded=mutation.decoded,
    )
    made.sent = Sent(
        asked.sent.probe,
        graded=asked.sent.graded,
        connection=asked.sent.connection if mutation.connection is None else mutation.connection,
    )
    return made


def _pieces(body: bytes) -> list[Piece]:
    blocks = body.split(b"\n\n")
    ends = [b"\n\n"] * (len(blocks) - 1) + [b""]
    return [
        Piece(at * 0.01, block + end)
        for at, (block, end) in enumerate(zip(blocks, ends, strict=True))
    ]


def graded(found: dict[str, Evidence]) -> dict[str, set[Verdict]]:
    """By check, the verdicts that the exchanges came to."""
    verdicts: dict[str, set[Verdict]] = {}
    for evidence in found.values():
        for outcome in grade(evidence).outcomes:
            verdicts.setdefault(outcome.id, set()).add(outcome.verdict)
    return verdicts


def red(found: dict[str, Evidence]) -> set[str]:
    """The checks that some exchange is at fault with."""
    wrong = {Verdict.FAIL, Verdict.NON_STRICT}
    return {check for check, verdicts in graded(found).items() if verdicts & wrong}


def events(body: bytes, change: Callable[[Any], None]) -> bytes:
    """The stream with something done to the JSON of each event."""
    blocks = []
    for block in body.split(b"\n\n"):
        head, mark, data = block.partition(b"data: ")
        if mark and data != b"[DONE]":
            value = json.loads(data)
            change(value)
            data = json.dumps(value, ensure_ascii=False).encode()
        blocks.append(head + mark + data)
    return b"\n\n".join(blocks)
