"""Many grades of one endpoint to one verdict for each check, and over repeats to how often it passed. No file and no clock."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from streamnorm.conformance.base import ANY, Check, Level, Verdict
from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.grade import Grade, Outcome
from streamnorm.conformance.live.manifest import Manifest
from streamnorm.conformance.live.probes import PROBES

__all__ = ["Standing", "count", "passed_each_time", "standings", "wilson"]

#: From what decides the least to what decides the most: of several exchanges, one that passes is not undone by one that does
#: not show it, and is by one that fails.
_WEIGHT: Final = (
    Verdict.SKIPPED,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
    Verdict.NON_STRICT,
    Verdict.FAIL,
)
_DECIDED: Final = (Verdict.PASS, Verdict.NON_STRICT, Verdict.FAIL)

#: The quantile of a 95 % interval.
_Z: Final = 1.959964


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint stands with one check. `outcome`: the first of the worst outcomes, `file` its exchange, `exchanges` those
    that came to a verdict. `passed` of `decided` repeats passed; `rate` is the Wilson 95 % interval of that rate, and `each_time`
    what it makes of passing in every one of as many runs (pass^k, k being `decided`)."""

    id: str
    level: Level
    verdict: Verdict
    reason: str = ""
    file: str = ""
    exchanges: tuple[str, ...] = ()
    passed: int = 0
    decided: int = 0
    rate: tuple[float, float] = (0.0, 1.0)
    each_time: tuple[float, float, float] = (0.0, 0.0, 1.0)
    outcome: Outcome | None = None


def standings(
    manifest: Manifest, grades: Mapping[str, Grade], only: Collection[str] | None = None
) -> list[Standing]:
    """The standing of an endpoint with every check of its dialect. grades: by the files of the manifest's exchanges."""
    repeats = {each.file: each.repeat for each in manifest.exchanges}
    found: dict[str, list[tuple[str, Outcome]]] = {}
    for file, graded in grades.items():
        for outcome in graded.outcomes:
            found.setdefault(outcome.id, []).append((file, outcome))
    wanted = (
        check
        for check in CHECKS.values()
        if manifest.dialect in check.dialects and (only is None or check.id in only)
    )
    return [_standing(check, found.get(check.id, []), repeats, manifest) for check in wanted]


def _standing(
    check: Check,
    outcomes: list[tuple[str, Outcome]],
    repeats: Mapping[str, int],
    manifest: Manifest,
) -> Standing:
    if not outcomes:
        reason = _not_sent(check, manifest)
        return Standing(id=check.id, level=check.level, verdict=Verdict.SKIPPED, reason=reason)
    # Of equals the first: what was sent first says the most.
    file, worst = max(outcomes, key=lambda each: _WEIGHT.index(each[1].verdict))
    by_repeat: dict[int, list[Verdict]] = {}
    for name, outcome in outcomes:
        by_repeat.setdefault(repeats.get(name, 1), []).append(outcome.verdict)
    verdicts = [max(each, key=_WEIGHT.index) for each in by_repeat.values()]
    passed, decided = verdicts.count(Verdict.PASS), sum(each in _DECIDED for each in verdicts)
    return Standing(
        id=check.id,
        level=check.level,
        verdict=worst.verdict,
        reason=worst.reason,
        file=file,
        exchanges=tuple(name for name, outcome in outcomes if outcome.verdict in _DECIDED),
        passed=passed,
        decided=decided,
        rate=wilson(passed, decided),
        each_time=passed_each_time(passed, decided),
        outcome=worst,
    )


def _not_sent(check: Check, manifest: Manifest) -> str:
    """Why there is no exchange that the check looks at."""
    if not check.probes or ANY in check.probes:
        return "no request was answered"
    reasons: Iterator[str] = (manifest.unsent.get(probe, "") for probe in check.probes)
    return next(filter(None, reasons), "") or (
        "its request was not sent"
        if any(probe.name in check.probes for probe in PROBES[manifest.dialect])
        else "no request shows it"
    )


def wilson(passed: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a rate, by Wilson's score; all there is where nothing was counted."""
    if not of:
        return 0.0, 1.0
    rate, square = passed / of, _Z * _Z
    centre = rate + square / (2 * of)
    spread = _Z * math.sqrt(rate * (1 - rate) / of + square / (4 * of * of))
    low, high = (centre - spread) / (1 + square / of), (centre + spread) / (1 + square / of)
    return max(0.0, low), min(1.0, high)


def passed_each_time(passed: int, of: int) -> tuple[float, float, float]:
    """pass^k for k runs, of which so many passed: the estimate, and the ends of its interval (those of the rate, to the k)."""
    low, high = wilson(passed, of)
    return ((passed / of) ** of if of else 0.0, low**of, high**of)


def count(found: Iterable[Standing]) -> dict[str, int]:
    """How many checks came to each verdict."""
    counted = dict.fromkeys((verdict.value for verdict in Verdict), 0)
    for standing in found:
        counted[standing.verdict.value] += 1
    return counted
