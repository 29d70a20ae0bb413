"""A run as a badge: the JSON that shields.io reads from an endpoint, and an SVG of our own that needs nobody."""

from __future__ import annotations

import html
from typing import Final

import msgspec

from streamnorm.conformance.base import Level, Verdict
from streamnorm.conformance.reports.run import Run

__all__ = ["Badge", "badge_json", "badge_of", "badge_svg"]

LABEL: Final = "streaming conformance"

#: What shields calls a colour, and the same in an SVG. White text on each has a contrast of 4.5 or more.
_COLOURS: Final = {
    "brightgreen": "#1a7f37",
    "yellow": "#8a6100",
    "red": "#c62828",
    "lightgrey": "#616161",
}

#: Pixels of a character at 11 px, on average: text is set to the width that is left for it.
_WIDTH: Final = 6.6


class Badge(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """https://shields.io/badges/endpoint-badge has the format."""

    schema_version: int = 1
    label: str = LABEL
    message: str
    color: str


def badge_of(run: Run) -> Badge:
    """How many checks of a MUST are met, or are not, in any exchange. What a baseline lets be counts here: the badge is for
    those who do not know the baseline."""
    by_verdict: dict[Verdict, set[str]] = {verdict: set() for verdict in Verdict}
    musts: set[str] = set()
    for grade in run.grades:
        for outcome in grade.outcomes:
            if outcome.level is not Level.MAY:
                by_verdict[outcome.verdict].add(outcome.id)
            if outcome.level is Level.MUST:
                musts.add(outcome.id)
    failed, mild = by_verdict[Verdict.FAIL], by_verdict[Verdict.NON_STRICT]
    met = (by_verdict[Verdict.PASS] & musts) - failed - mild
    if not run.checked:
        return Badge(message="not checked", color="lightgrey")
    if failed:
        return Badge(message=f"{_checks(len(failed))} not met", color="red")
    if mild:
        return Badge(message=f"{len(met)} met, {len(mild)} non-strict", color="yellow")
    return Badge(message=f"{_checks(len(met))} met", color="brightgreen")


def _checks(count: int) -> str:
    return f"{count} check{'' if count == 1 else 's'}"


def badge_json(badge: Badge) -> str:
    """The badge as shields.io reads it from an address."""
    return msgspec.json.encode(badge).decode() + "\n"


def badge_svg(badge: Badge) -> str:
    """The badge as an SVG that stands for itself: no font and no image is loaded."""
    left, right = (round(len(text) * _WIDTH) + 12 for text in (badge.label, badge.message))
    label, message = html.escape(badge.label), html.escape(badge.message)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{label}: {message}">
<title>{label}: {message}</title>
<rect width="{left + right}" height="20" rx="3" fill="{_COLOURS[badge.color]}"/>
<path d="M3 0h{left - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="6" y="14" textLength="{left - 12}" lengthAdjust="spacingAndGlyphs">{label}</text>
<text x="{left + 6}" y="14" textLength="{right - 12}" lengthAdjust="spacingAndGlyphs">{message}</text>
</g>
</svg>
"""
