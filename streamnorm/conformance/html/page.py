"""A matrix to one HTML file that needs nothing else: its style and its script are in it, and its policy lets it load nothing and
run nothing but them. All that came from outside is text."""

from __future__ import annotations

import base64
import hashlib
import html
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, Final

from streamnorm import __version__
from streamnorm.conformance.asked import AREAS, area_of
from streamnorm.conformance.base import Level, Verdict
from streamnorm.conformance.html.findings import checks_list, endpoint_findings
from streamnorm.conformance.html.marked import data_block, outside
from streamnorm.conformance.html.matrix import WORST_FIRST, Cell, Matrix
from streamnorm.conformance.html.table import LETTERS, SYMBOLS, matrix_table, shows_finding
from streamnorm.conformance.printable import cut, printable, several
from streamnorm.conformance.requirements import CURRENT

__all__ = ["TITLE", "page"]

TITLE: Final = "Streaming conformance"

#: Files that could not be read, of which so many are named.
MOST_UNREAD: Final = 20

#: What a verdict means, for the legend.
_MEANS: Final = {
    Verdict.FAIL: "a requirement is not met",
    Verdict.NON_STRICT: "allowed, and likely to break clients",
    Verdict.PASS: "met",
    Verdict.INCONCLUSIVE: "the exchange does not say",
    Verdict.SKIPPED: "not shown by any exchange",
}


def page(matrix: Matrix, *, title: str = TITLE, unread: Sequence[tuple[str, str]] = ()) -> str:
    """The document. unread: files that could not be graded, each with the reason."""
    style, script = _part("page.css"), _part("page.js")
    areas, levels = {area_of(check) for check in matrix.checks}, set(matrix.checks.values())
    return Template(_part("page.html")).substitute(
        policy=_policy(style, script),
        title=html.escape(cut(printable(title), 200)),
        heading=outside(title),
        style=style,
        script=script,
        lead=_lead(matrix),
        legend="".join(map(_legend, _MEANS)),
        verdicts="".join(map(_choice, _MEANS)),
        levels=_options(level.value for level in Level if level in levels),
        areas=_options(area for area in AREAS.values() if area in areas),
        dialects=_options(_dialects(matrix)),
        matrix=matrix_table(matrix),
        unread=_unread(unread),
        findings=endpoint_findings(matrix),
        checks=checks_list(matrix),
        data=data_block(_data(matrix)),
    )


@cache
def _part(name: str) -> str:
    return (files("streamnorm.conformance.html") / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing is loaded from anywhere, and nothing is run or styled but by these two."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    """A source of a content security policy: this very text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _lead(matrix: Matrix) -> str:
    endpoints, exchanges = len(matrix.endpoints), sum(each.exchanges for each in matrix.endpoints)
    failed = sum(each.count(Verdict.FAIL) > 0 for each in matrix.endpoints)
    said = "none fails one"
    if failed:
        said = f"{several(failed, 'endpoint')} fail{'s' if failed == 1 else ''} at least one"
    return (
        f"{several(exchanges, 'exchange')} with {several(endpoints, 'endpoint')}, graded by "
        f"{several(len(matrix.checks), 'check')}: {said}. Requirements of {CURRENT}, streamnorm {html.escape(__version__)}."
    )


def _legend(verdict: Verdict) -> str:
    return (
        f"<li><b class={LETTERS[verdict]}>{SYMBOLS[verdict]}</b> {verdict}: {_MEANS[verdict]}</li>"
    )


def _choice(verdict: Verdict) -> str:
    return (
        f"<label><input type=checkbox name=verdict value={verdict}> "
        f"<span>{SYMBOLS[verdict]} {verdict}</span></label>"
    )


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{html.escape(printable(value))}</option>" for value in values)


def _dialects(matrix: Matrix) -> list[str]:
    found: Counter[str] = Counter()
    for endpoint in matrix.endpoints:
        found.update(endpoint.dialects)
    return [dialect for dialect, _ in found.most_common()]


def _unread(unread: Sequence[tuple[str, str]]) -> str:
    if not unread:
        return ""
    told = "".join(
        f"<li>{outside(name)}: {outside(reason)}</li>" for name, reason in unread[:MOST_UNREAD]
    )
    left = len(unread) - MOST_UNREAD
    more = f"<li>and {left:,} more</li>" if left > 0 else ""
    return f"<section id=unread><h2>Not graded: {len(unread):,}</h2><ul>{told}{more}</ul></section>"


def _data(matrix: Matrix) -> dict[str, Any]:
    """What the script needs beside what stands in the page: the cells with their counts, the exchanges with their timelines."""
    checks = {check: at for at, check in enumerate(matrix.checks)}
    reasons: dict[str, int] = {}
    cells = [
        (checks[check], column, *_cell(cell, reasons))
        for column, endpoint in enumerate(matrix.endpoints)
        for check, cell in endpoint.cells.items()
    ]
    return {
        "verdicts": list(WORST_FIRST),
        "letters": [LETTERS[verdict] for verdict in WORST_FIRST],
        "cells": cells,
        "reasons": [cut(printable(reason), 200) for reason in reasons],
        "exchanges": [
            (
                cut(printable(each.name), 200),
                each.timeline,
                each.timeline.words if each.timeline else "",
            )
            for each in matrix.exchanges
        ],
    }


def _cell(cell: Cell, reasons: dict[str, int]) -> tuple[Any, ...]:
    """The counts, why it was skipped how often, and the exchanges to be shown where the page has no finding of it."""
    counts = [cell.counts[verdict] for verdict in WORST_FIRST]
    why = [
        (reasons.setdefault(reason, len(reasons)), count)
        for reason, count in cell.reasons.most_common()
    ]
    passed = [] if shows_finding(cell) else [shown.exchange for shown in cell.shown]
    return counts, why, passed, cell.often
