"""What was found, as HTML to be read without any script: endpoint by endpoint what is not met, with the bytes; and what each
check asks."""

from __future__ import annotations

import html
from collections.abc import Iterator

from streamnorm.conformance.asked import asked_of
from streamnorm.conformance.base import Level, Verdict
from streamnorm.conformance.grade import SHOWN, Outcome
from streamnorm.conformance.html.marked import code, ours, outside
from streamnorm.conformance.html.matrix import (
    MOST_PLACES,
    NOT_MET,
    WORST_FIRST,
    Cell,
    Endpoint,
    Matrix,
    Shown,
)
from streamnorm.conformance.html.table import (
    LETTERS,
    SYMBOLS,
    check_anchor,
    finding_anchor,
    level_badge,
    shows_finding,
)
from streamnorm.conformance.printable import printable, several
from streamnorm.conformance.reports import where

__all__ = ["checks_list", "endpoint_findings", "verdict_badge"]


def verdict_badge(verdict: Verdict) -> str:
    return f'<span class="vd {LETTERS[verdict]}">{SYMBOLS[verdict]} {verdict}</span>'


def checks_list(matrix: Matrix) -> str:
    """What each check of the matrix asks, with its source."""
    return "\n".join(_check(check, level) for check, level in matrix.checks.items())


def _check(check: str, level: Level) -> str:
    asked = asked_of(check)
    told = [
        ("source", ours(asked.source)),
        ("examined", ours(asked.looks_at)),
        ("streams", asked.streams),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{words}</dd>" for name, words in told if words)
    requirement = ours(asked.requirement) or "This version of streamnorm does not know the check."
    return (
        f'<article id="{check_anchor(check)}" class=check><h3>{html.escape(check)} {level_badge(level)}</h3>'
        f"<div><p>{requirement}</p><dl>{rows}</dl></div></article>"
    )


def endpoint_findings(matrix: Matrix) -> str:
    """For each endpoint a part that opens, with what is not met there."""
    levels = matrix.checks
    parts = [_endpoint(matrix, at, levels) for at in range(len(matrix.endpoints))]
    return "\n".join(parts)


def _endpoint(matrix: Matrix, at: int, levels: dict[str, Level]) -> str:
    endpoint = matrix.endpoints[at]
    told = [
        (check, cell)
        for check in levels
        if (cell := endpoint.cells.get(check)) and shows_finding(cell)
    ]
    articles = "\n".join(_finding(matrix, check, levels[check], at, cell) for check, cell in told)
    nothing = "<p>Nothing is wrong in what was examined.</p>"
    return (
        f"<details class=endpoint><summary>{outside(endpoint.name)} <span class=meta>{_about(endpoint)}</span></summary>"
        f"{articles or nothing}</details>"
    )


def _about(endpoint: Endpoint) -> str:
    """Whose exchanges, how many, and what they came to."""
    said = [several(endpoint.exchanges, "exchange")]
    said += [html.escape(", ".join(map(printable, endpoint.dialects)))]
    if endpoint.models:
        said.append("model " + ", ".join(outside(model, 60) for model in endpoint.models))
    if endpoint.date:
        said.append(f"checked {outside(endpoint.date, 40)}")
    if endpoint.repeats > 1:
        said.append(f"each request sent {endpoint.repeats} times")
    for verdict in NOT_MET:
        if count := endpoint.count(verdict):
            said.append(f"{several(count, 'check')} {verdict}")
    return "; ".join(said)


def _finding(matrix: Matrix, check: str, level: Level, column: int, cell: Cell) -> str:
    asked = asked_of(check)
    lines = [
        f'<article class=finding id="{finding_anchor(check, column)}">',
        f'<h4><a href="#{check_anchor(check)}">{html.escape(check)}</a> {level_badge(level)} '
        f"{verdict_badge(cell.verdict)}</h4>",
        f"<p class=req>{ours(asked.requirement)}</p>",
        f"<p class=counts>{_in_words(cell)}</p>",
    ]
    if cell.breaks:
        lines.append(
            f"<p class=breaks>Breaks {html.escape(', '.join(map(printable, cell.breaks)))}.</p>"
        )
    lines += (_shown(matrix, shown) for shown in cell.shown)
    left = cell.not_met - len(cell.shown)
    if left > 0:
        lines.append(
            f"<p class=more>And {several(left, 'more exchange')} that do not show it met.</p>"
        )
    return "\n".join([*lines, "</article>"])


def _in_words(cell: Cell) -> str:
    """What the exchanges of a cell came to, and over repeats how often."""
    counts = ", ".join(
        f"{cell.counts[verdict]:,} {verdict}" for verdict in WORST_FIRST if cell.counts[verdict]
    )
    known = f" ({cell.known} known to the baseline)" if cell.known else ""
    often = f" {cell.often}." if cell.often else ""
    return f"{several(cell.total, 'exchange')}: {counts}{known}.{often}"


def _shown(matrix: Matrix, shown: Shown) -> str:
    """One exchange of a finding. A script draws its timeline into the empty `figure`."""
    exchange, outcome = matrix.exchanges[shown.exchange], shown.outcome
    marks = " ".join(f"{mark.frame}:{'' if mark.at is None else mark.at}" for mark in shown.marks)
    notes = [outside(exchange.model, 60)] if exchange.model else []
    notes += ["known to the baseline"] if shown.known else []
    meta = f" <span class=meta>{', '.join(notes)}</span>" if notes else ""
    timeline = exchange.timeline
    words = html.escape(timeline.words) if timeline else "no bytes of it are at hand"
    lines = [
        "<section class=x>",
        f"<h5>{verdict_badge(outcome.verdict)} {outside(exchange.name)}{meta}</h5>",
        *_places(outcome),
        f'<figure data-x={shown.exchange} data-marks="{marks}"><figcaption>{words}</figcaption></figure>',
        "</section>",
    ]
    return "\n".join(lines)


def _places(outcome: Outcome) -> Iterator[str]:
    if outcome.reason:
        yield f"<p>{outside(outcome.reason)}</p>"
    for proof in outcome.proofs[:MOST_PLACES]:
        yield f"<p class=seen>{outside(proof.words)} <span class=where>{where(proof)}</span></p>"
        if proof.shown:
            left = proof.end - proof.start - SHOWN
            more = f" <span class=more>and {several(left, 'byte')} more</span>" if left > 0 else ""
            yield f"<pre>{code(proof.shown)}{more}</pre>"
    left = outcome.count - min(len(outcome.proofs), MOST_PLACES)
    if left > 0 and outcome.proofs:
        yield f"<p class=more>And {several(left, 'more place')} in this exchange.</p>"
