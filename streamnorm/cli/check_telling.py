"""What `check` says on a terminal: recorded exchanges one by one, a live endpoint check by check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table

from streamnorm.cli.safe import styled
from streamnorm.conformance.base import Verdict
from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.grade import Grade, Outcome
from streamnorm.conformance.live.folder import LiveGrade
from streamnorm.conformance.live.standing import Standing, count
from streamnorm.conformance.reports import Run, where
from streamnorm.conformance.reports.run import TOLD, counted, counts_of

__all__ = ["tell", "tell_live"]

_COLOURS: Final = {
    Verdict.FAIL: "bold red",
    Verdict.NON_STRICT: "yellow",
    Verdict.INCONCLUSIVE: "magenta",
    Verdict.PASS: "green",
    Verdict.SKIPPED: "dim",
}

#: How many places of one outcome the terminal shows.
_PLACES: Final = 2


def tell(run: Run, grades: Iterable[Grade], out: Console) -> None:
    """Recorded exchanges, and what they come to together."""
    told = list(grades)
    for each in told:
        _tell_grade(run, each, out)
    if len(told) > 1:
        out.print(_summary(told))
        counts = counted(counts_of(told))
        out.print(styled(f"{len(told)} exchanges: {counts}", "bold"), soft_wrap=True)


def tell_live(run: Run, live: LiveGrade, out: Console) -> None:
    """One endpoint: each check that is not simply passed, and where that was seen."""
    manifest = live.manifest
    where = f"{manifest.endpoint}, {manifest.model} ({manifest.dialect})"
    counts = counted(count(live.standings)) if live.checked else "nothing was checked"
    out.print(styled(f"{where}: {counts}", "bold"), soft_wrap=True)
    new = {outcome.id for grade in live.grades.values() for outcome in run.against(grade)}
    red = {each.id for each in live.against(strict=run.strict)}
    for each in live.standings:
        if each.outcome is not None and each.verdict in TOLD:
            _tell_outcome(each.outcome, out, known=each.id in red - new)
            _tell_standing(each, manifest.repeats, out)
    _tell_skipped((each.reason for each in live.standings if each.verdict is Verdict.SKIPPED), out)
    for exchange in manifest.exchanges:
        if exchange.stopped:
            out.print(styled(f"  {exchange.probe}: {exchange.stopped}", "magenta"), soft_wrap=True)
    if manifest.stopped:
        out.print(styled(f"  the run ended early: {manifest.stopped}", "bold red"), soft_wrap=True)
    out.print()


def _tell_standing(standing: Standing, repeats: int, out: Console) -> None:
    others = [file for file in standing.exchanges if file != standing.file]
    more = f", and {len(others)} more were looked at" if others else ""
    out.print(styled(f"    in      {standing.file}{more}"), soft_wrap=True)
    if repeats > 1 and standing.decided:
        low, high = standing.rate
        each_time, least, most = standing.each_time
        out.print(
            styled(
                f"    passed  {standing.passed} of {standing.decided}: a rate of {low:.2f} to {high:.2f} (Wilson, 95 %); "
                f"each time of {standing.decided}: {each_time:.2f} ({least:.2f} to {most:.2f})"
            ),
            soft_wrap=True,
        )


def _tell_grade(run: Run, graded: Grade, out: Console) -> None:
    counts = counted(graded.count()) if graded.checked else "nothing was checked"
    out.print(styled(f"{graded.name} ({graded.dialect}): {counts}", "bold"), soft_wrap=True)
    for outcome in graded.outcomes:
        if outcome.verdict in TOLD:
            known = (outcome.id, graded.name) in run.known
            _tell_outcome(outcome, out, known=known)
    _tell_skipped((each.reason for each in graded.outcomes if each.verdict is Verdict.SKIPPED), out)
    out.print()


def _tell_skipped(reasons: Iterable[str], out: Console) -> None:
    skipped = Counter(reasons)
    if skipped:
        told = "; ".join(f"{count}: {reason}" for reason, count in skipped.most_common())
        out.print(styled(f"  skipped  {told}", "dim"), soft_wrap=True)


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


def _summary(grades: Iterable[Grade]) -> Table:
    """Check by check: how many exchanges came to what."""
    table = Table(box=None, pad_edge=False)
    for heading in ("check", "level", *Verdict):
        table.add_column(heading, justify="left" if heading in ("check", "level") else "right")
    found: Counter[tuple[str, Verdict]] = Counter(
        (outcome.id, outcome.verdict) for each in grades for outcome in each.outcomes
    )
    for name, row in CHECKS.items():
        if any(found[name, verdict] for verdict in TOLD):
            cells = [str(found[name, verdict] or "") for verdict in Verdict]
            table.add_row(name, row.level, *cells)
    return table
