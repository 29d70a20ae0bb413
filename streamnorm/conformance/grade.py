"""An exchange to verdicts: every check, what it came to, and the bytes that show it. No clock, no network, no chance: the same
bytes always come to the same grade."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from streamnorm.conformance.base import ANY, Check, Fault, Level, Verdict
from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.needs import NEEDS, UNDECIDED
from streamnorm.conformance.peers import clients_that_break

__all__ = ["Grade", "Outcome", "Proof", "counts_against", "grade"]

#: What a check of any exchange needs before it looks, and what one of a live run does.
_ALWAYS: Final = ("answer", "streamed")
_ALWAYS_LIVE: Final = ("response",)

#: How many places an outcome shows, and how many bytes of each.
MOST_PROOFS: Final = 8
SHOWN: Final = 240

#: From the mildest to the worst: an outcome is its worst fault.
_SEVERITY: Final = (
    Verdict.PASS,
    Verdict.SKIPPED,
    Verdict.INCONCLUSIVE,
    Verdict.NON_STRICT,
    Verdict.FAIL,
)


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One place: the frame (from 1; 0 for none), the range of bytes in the body, the first of them as text with what is not
    printable ASCII escaped, and what is wrong there."""

    words: str
    verdict: Verdict
    frame: int
    start: int
    end: int
    shown: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one check came to. `reason`: why it was skipped or left undecided. `count`: how many faults, of which `proofs` shows
    the first. `breaks`: clients measured to break on it."""

    id: str
    level: Level
    verdict: Verdict
    reason: str = ""
    count: int = 0
    proofs: tuple[Proof, ...] = ()
    breaks: tuple[str, ...] = ()


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """All outcomes of one exchange, in the order of the checks. `findings`: the codes of what streamnorm puts right in it."""

    name: str
    dialect: str
    outcomes: tuple[Outcome, ...]
    findings: tuple[str, ...] = ()

    def count(self) -> dict[str, int]:
        """How many outcomes of each verdict."""
        counted = Counter(outcome.verdict for outcome in self.outcomes)
        return {verdict.value: counted[verdict] for verdict in Verdict}

    @property
    def checked(self) -> int:
        """How many checks came to a verdict on the exchange."""
        return sum(_decides(outcome.verdict) for outcome in self.outcomes)

    def against(self, *, strict: bool = False) -> list[Outcome]:
        """The outcomes for which the exchange is not green."""
        return [outcome for outcome in self.outcomes if counts_against(outcome, strict=strict)]


def _decides(verdict: Verdict) -> bool:
    return verdict in (Verdict.PASS, Verdict.NON_STRICT, Verdict.FAIL)


def counts_against(outcome: Outcome, *, strict: bool) -> bool:
    """A failure; strictly, also what is non-strict, but where the requirement is a MAY."""
    mild = outcome.verdict is Verdict.NON_STRICT and outcome.level is not Level.MAY
    return outcome.verdict is Verdict.FAIL or (strict and mild)


def grade(evidence: Evidence, *, name: str = "", only: Collection[str] | None = None) -> Grade:
    """Grade an exchange by every check of its dialect that it is there for, or by those in `only`."""
    checks = [check for check in CHECKS.values() if only is None or check.id in only]
    dialect = evidence.dialect
    return Grade(
        name=name,
        dialect=dialect,
        outcomes=tuple(
            _outcome(check, evidence)
            for check in checks
            if dialect in check.dialects and _is_for(check, evidence)
        ),
        findings=tuple(finding.code for finding in evidence.findings),
    )


def _is_for(check: Check, evidence: Evidence) -> bool:
    """The exchange is one that the check looks at."""
    if not check.probes:
        return evidence.sent.graded
    return evidence.sent.probe in check.probes or (
        bool(evidence.sent.probe) and ANY in check.probes
    )


def _outcome(check: Check, evidence: Evidence) -> Outcome:
    for need in (*(_ALWAYS_LIVE if check.probes else _ALWAYS), *check.needs):
        reason = NEEDS[need](evidence)
        if reason:
            verdict = Verdict.INCONCLUSIVE if need in UNDECIDED else Verdict.SKIPPED
            return Outcome(id=check.id, level=check.level, verdict=verdict, reason=reason)
    faults = list(check.examine(evidence))
    verdicts = [fault.verdict or check.own for fault in faults]
    worst = max(verdicts, key=_SEVERITY.index, default=Verdict.PASS)
    undecided = worst in (Verdict.INCONCLUSIVE, Verdict.SKIPPED)
    return Outcome(
        id=check.id,
        level=check.level,
        verdict=worst,
        reason=faults[verdicts.index(worst)].words if undecided else "",
        count=len(faults),
        proofs=tuple(_proofs(check, evidence, faults)),
        breaks=clients_that_break({fault.seen for fault in faults}),
    )


def _proofs(check: Check, evidence: Evidence, faults: Iterable[Fault]) -> Iterable[Proof]:
    for fault, _ in zip(faults, range(MOST_PROOFS), strict=False):
        start, end = _span(fault, evidence)
        yield Proof(
            words=fault.words[:SHOWN],
            verdict=fault.verdict or check.own,
            frame=fault.frame,
            start=start,
            end=end,
            shown=_escaped(evidence.body[start : min(end, start + SHOWN)]),
        )


def _span(fault: Fault, evidence: Evidence) -> tuple[int, int]:
    if fault.span is not None:
        return fault.span
    if not fault.frame:
        return 0, 0
    frame = evidence.frames[fault.frame - 1]
    return frame.start, frame.end


def _escaped(data: bytes) -> str:
    """The bytes as printable ASCII, as Python writes them."""
    return repr(data)[2:-1]
