"""The matrix as an HTML table, read like those of browser compatibility: a row for each check, grouped by area, a column for each
endpoint. It is whole without any script."""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from streamnorm.conformance.asked import area_of, asked_of
from streamnorm.conformance.base import Level, Verdict
from streamnorm.conformance.html.marked import ours, outside
from streamnorm.conformance.html.matrix import Cell, Endpoint, Matrix
from streamnorm.conformance.printable import printable

__all__ = ["LETTERS", "SYMBOLS", "check_anchor", "finding_anchor", "matrix_table", "shows_finding"]

#: What stands for a verdict: a letter in the markup, and a sign that is told apart without its colour.
LETTERS: Final = {
    Verdict.FAIL: "f",
    Verdict.NON_STRICT: "n",
    Verdict.PASS: "p",
    Verdict.INCONCLUSIVE: "i",
    Verdict.SKIPPED: "s",
}
SYMBOLS: Final = {
    Verdict.FAIL: "✕",
    Verdict.NON_STRICT: "!",
    Verdict.PASS: "✓",
    Verdict.INCONCLUSIVE: "?",
    Verdict.SKIPPED: "\u2013",
}

#: So many columns have room for their names side by side.
FEW: Final = 4


def check_anchor(check: str) -> str:
    return html.escape(f"c-{check}")


def finding_anchor(check: str, column: int) -> str:
    return html.escape(f"f-{check}-{column}")


def shows_finding(cell: Cell) -> bool:
    """There is something to be read of the cell beyond its counts."""
    return cell.verdict not in (Verdict.PASS, Verdict.SKIPPED)


def matrix_table(matrix: Matrix) -> str:
    """The table. Each cell whose check is not met is a link to what was found."""
    endpoints = matrix.endpoints
    wide = " class=few" if len(endpoints) <= FEW else ""
    lines = [f"<table id=matrix{wide}>", "<caption class=vh>Checks by endpoint</caption>"]
    lines += ["<thead><tr><th scope=col>Check</th>", *map(_column, endpoints), "</tr></thead>"]
    for area, checks in groupby(matrix.checks.items(), key=lambda each: area_of(each[0])):
        name, span = html.escape(area), len(endpoints) + 1
        lines.append(f'<tbody data-area="{name}">')
        lines.append(
            f"<tr class=area><th colspan={span} scope=rowgroup><span>{name}</span></th></tr>"
        )
        lines += (_row(check, level, endpoints) for check, level in checks)
        lines.append("</tbody>")
    return "\n".join([*lines, "</table>"])


def _column(endpoint: Endpoint) -> str:
    failed, mild = endpoint.count(Verdict.FAIL), endpoint.count(Verdict.NON_STRICT)
    dialects = html.escape(printable(" ".join(endpoint.dialects)))
    counts = [f"<b class=f>{failed}<span class=vh> fail</span></b>"] if failed else []
    counts += [f"<b class=n>{mild}<span class=vh> non-strict</span></b>"] if mild else []
    counts = counts or ["<b class=p>0<span class=vh> fail</span></b>"]
    return (
        f'<th scope=col data-d="{dialects}"><span class=name>{outside(endpoint.name)}</span> '
        f"<span class=sum>{' '.join(counts)}</span></th>"
    )


def _row(check: str, level: Level, endpoints: list[Endpoint]) -> str:
    asked = asked_of(check)
    cells = "".join(_cell(check, at, each.cells.get(check)) for at, each in enumerate(endpoints))
    return (
        f'<tr data-c="{html.escape(check)}" data-l={level} data-d="{" ".join(asked.dialects)}">'
        f'<th scope=row><a href="#{check_anchor(check)}">{html.escape(check)}</a> {level_badge(level)} '
        f"<span class=req>{ours(asked.requirement)}</span></th>{cells}</tr>"
    )


def level_badge(level: str) -> str:
    return f'<span class="lv {level.lower()}">{level}</span>'


def _cell(check: str, column: int, cell: Cell | None) -> str:
    if cell is None:
        return "<td><span class=vh>does not apply</span></td>"
    verdict = cell.verdict
    letter = LETTERS[verdict]
    if not shows_finding(cell):
        return f"<td class={letter}>{SYMBOLS[verdict]}<span class=vh>{verdict}</span></td>"
    of = f"{cell.counts[verdict]}/{cell.total}"
    known = " k" if cell.known and cell.known == cell.counts[verdict] else ""
    said = "".join(_read_out(cell))
    return (
        f'<td class="{letter}{known}"><a href="#{finding_anchor(check, column)}">{SYMBOLS[verdict]}'
        f"<i aria-hidden=true>{of}</i><span class=vh>{said}</span></a></td>"
    )


def _read_out(cell: Cell) -> Iterator[str]:
    yield f"{cell.verdict} in {cell.counts[cell.verdict]} of {cell.total}"
    if cell.known:
        yield f", {cell.known} known"
