"""A run as Markdown: whole, fit for an issue, and short, fit for the summary of a CI job. Nothing that came over the wire is
markup, a mention or a link in it."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from streamnorm.conformance.asked import asked_of
from streamnorm.conformance.base import Verdict
from streamnorm.conformance.grade import Grade, Outcome
from streamnorm.conformance.printable import cut, printable, several
from streamnorm.conformance.reports.run import RED, TOLD, Run, counted, where
from streamnorm.conformance.requirements import CURRENT

__all__ = ["step_summary", "to_markdown"]

#: Characters of a name or of what was seen that a row of the summary shows.
_SHORT: Final = 160


def to_markdown(run: Run) -> str:
    """What is wrong, exchange by exchange, with the bytes."""
    counts = counted(run.count()) or "nothing was checked"
    of = f" of {_cell(run.of)}" if run.of else ""
    lines = [f"**streamnorm check**{of} (requirements of {CURRENT}): {counts}", ""]
    for grade in run.grades:
        lines += _exchange(run, grade)
    lines += [f"- stale in the baseline: {_cell(str(entry))}" for entry in run.stale]
    return "\n".join(lines).rstrip()


def _exchange(run: Run, grade: Grade) -> Iterator[str]:
    told = [outcome for outcome in grade.outcomes if outcome.verdict in TOLD]
    if not told and run.live is not None:
        return  # one of dozens, of which nothing is to be said
    yield f"### {_cell(grade.name)} ({grade.dialect}): {counted(grade.count())}"
    yield ""
    if not told:
        return
    yield "| check | level | verdict | requirement | seen | breaks |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for outcome in told:
        known = " (known)" if (outcome.id, grade.name) in run.known else ""
        seen = _cell(outcome.proofs[0].words if outcome.proofs else outcome.reason)
        more = f" ({outcome.count} times)" if outcome.count > 1 else ""
        breaks = ", ".join(outcome.breaks)
        yield f"| {outcome.id} | {outcome.level} | {outcome.verdict}{known} | {_asked(outcome.id)} | {seen}{more} | {breaks} |"
    yield ""
    for outcome in told:
        if any(proof.shown for proof in outcome.proofs):
            yield f"{outcome.id}, {where(outcome.proofs[0])}:"
            yield ""
            # Indented code: no byte of it can end it.
            yield f"    {printable(outcome.proofs[0].shown)}"
            yield ""


class _Row(msgspec.Struct):
    """A check in the summary: what it came to, where first."""

    check: str
    level: str
    first: Outcome
    name: str
    verdicts: Counter[Verdict] = msgspec.field(default_factory=Counter)
    known: int = 0


def step_summary(run: Run) -> str:
    """What is not met, check by check over all exchanges, and where first: one table, as long as there are checks."""
    rows = _rows(run)
    heading = (
        "conformant" if run.green else "not conformant" if run.checked else "nothing was checked"
    )
    of = f", {_cell(run.of)}" if run.of else ""
    counts = counted(run.count()) or "no verdict"
    lines = [
        f"### streamnorm check{of}: {heading}",
        "",
        f"{several(len(run.grades), 'exchange')}, requirements of {CURRENT}: {counts}.",
        "",
    ]
    if rows:
        lines += [
            "| check | level | requirement | exchanges | first seen |",
            "| --- | --- | --- | --- | --- |",
            *map(_summed, rows),
            "",
        ]
    lines += [f"- stale in the baseline: {_cell(cut(str(entry), _SHORT))}" for entry in run.stale]
    return "\n".join(lines).rstrip() + "\n"


def _rows(run: Run) -> list[_Row]:
    """By check, the worst first."""
    rows: dict[str, _Row] = {}
    for grade in run.grades:
        for outcome in grade.outcomes:
            if outcome.verdict not in RED:
                continue
            row = rows.setdefault(
                outcome.id, _Row(outcome.id, outcome.level.value, outcome, grade.name)
            )
            row.verdicts[outcome.verdict] += 1
            row.known += (outcome.id, grade.name) in run.known
    return sorted(rows.values(), key=lambda row: -row.verdicts[Verdict.FAIL])


def _summed(row: _Row) -> str:
    counts = counted({verdict.value: row.verdicts[verdict] for verdict in RED})
    known = f" ({row.known} known)" if row.known else ""
    words = row.first.proofs[0].words if row.first.proofs else row.first.reason
    seen = f"{_cell(cut(words, _SHORT))} ({_cell(cut(row.name, _SHORT))})"
    return f"| {row.check} | {row.level} | {_asked(row.check)} | {counts}{known} | {seen} |"


def _asked(check: str) -> str:
    return asked_of(check).requirement.replace("|", "\\|")


def _cell(text: str) -> str:
    """As text in a table of Markdown: nothing in it is markup, a mention or a link."""
    escaped = html.escape(printable(text), quote=False).replace("@", "@\u200b")
    return "".join(f"\\{mark}" if mark in "\\`*_{}[]()#+!|~" else mark for mark in escaped)
