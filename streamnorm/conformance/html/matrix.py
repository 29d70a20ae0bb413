"""Graded exchanges to a matrix: for each endpoint and check one cell, with what it came to, how often, and the first few
exchanges that show it. What is kept does not grow with the number of exchanges; it knows nothing of HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import msgspec

from streamnorm.conformance.asked import ASKED
from streamnorm.conformance.base import Level, Verdict
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.grade import Grade, Outcome
from streamnorm.conformance.html.timeline import Timeline, timeline_of
from streamnorm.conformance.live.standing import Standing

__all__ = ["NOT_MET", "WORST_FIRST", "Cell", "Endpoint", "Exchange", "Mark", "Matrix", "Shown"]

#: Of a cell: the exchanges that show a breach, those that show a pass, and the reasons that are kept.
MOST_SHOWN: Final = 3
MOST_PASSED: Final = 1
MOST_REASONS: Final = 4

#: Of an exchange in a cell, the places that are shown.
MOST_PLACES: Final = 3

#: The models of an endpoint that are named.
MOST_MODELS: Final = 4

#: What a cell comes to: the first of these that any of its exchanges came to.
WORST_FIRST: Final = (
    Verdict.FAIL,
    Verdict.NON_STRICT,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.SKIPPED,
)

#: The verdicts of which a cell shows the exchanges.
NOT_MET: Final = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.INCONCLUSIVE)


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange that some cell shows. `timeline` is None where its bytes are not there."""

    name: str
    dialect: str
    model: str
    timeline: Timeline | None


class Mark(msgspec.Struct, frozen=True):
    """Where a fault is on the timeline: its frame, and the milliseconds after the start where they are known."""

    frame: int
    at: int | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange in a cell, by its number in `Matrix.exchanges`. `known`: a baseline lets the deviation be."""

    exchange: int
    outcome: Outcome
    marks: tuple[Mark, ...]
    known: bool


class Cell:
    """What the exchanges of one endpoint came to on one check."""

    def __init__(self) -> None:
        self.counts: Counter[Verdict] = Counter()
        self.reasons: Counter[str] = Counter()
        self.breaks: dict[str, None] = {}
        self.known = 0
        #: Of a live run with repeats: how often it passed.
        self.standing: Standing | None = None
        self._shown: dict[Verdict, list[Shown]] = {}

    @property
    def verdict(self) -> Verdict:
        return next(verdict for verdict in WORST_FIRST if self.counts[verdict])

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def shown(self) -> list[Shown]:
        """The exchanges that show the verdict, the worst first."""
        if self.verdict is Verdict.PASS:
            return self._shown.get(Verdict.PASS, [])
        found = [each for verdict in NOT_MET for each in self._shown.get(verdict, ())]
        return found[:MOST_SHOWN]

    @property
    def not_met(self) -> int:
        """How many exchanges do not show that the check is met, and could."""
        return sum(self.counts[verdict] for verdict in NOT_MET)

    @property
    def often(self) -> str:
        """How often it passed where a live run was repeated, in words."""
        found = self.standing
        if found is None or found.decided < 2:
            return ""
        low, high = (round(100 * end) for end in found.rate)
        return f"Passed in {found.passed} of {found.decided} repeats (95 % interval: {low} to {high} %)"

    def wants(self, verdict: Verdict) -> bool:
        """One more exchange of this verdict would be shown."""
        most = MOST_PASSED if verdict is Verdict.PASS else MOST_SHOWN
        return verdict is not Verdict.SKIPPED and len(self._shown.get(verdict, ())) < most

    def count(self, outcome: Outcome, *, known: bool) -> None:
        self.counts[outcome.verdict] += 1
        self.known += known
        self.breaks.update(dict.fromkeys(outcome.breaks))
        if outcome.verdict is Verdict.SKIPPED and (
            outcome.reason in self.reasons or len(self.reasons) < MOST_REASONS
        ):
            self.reasons[outcome.reason] += 1

    def show(self, shown: Shown) -> None:
        self._shown.setdefault(shown.outcome.verdict, []).append(shown)


class Endpoint:
    """One column: the exchanges of one server. `date`, `repeats`: of a live run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.date = ""
        self.repeats = 1
        self.exchanges = 0
        self.models: dict[str, None] = {}
        self.dialects: Counter[str] = Counter()
        self.cells: dict[str, Cell] = {}

    def count(self, *verdicts: Verdict) -> int:
        """How many checks come to one of these verdicts."""
        return sum(cell.verdict in verdicts for cell in self.cells.values())


class Matrix:
    """Add exchanges one by one; the evidence of each can be let go then."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._endpoints: dict[str, Endpoint] = {}
        self._levels: dict[str, Level] = {}

    def add(
        self,
        endpoint: str,
        grade: Grade,
        evidence: Evidence | None = None,
        *,
        known: Collection[str] = (),
        date: str = "",
        repeats: int = 1,
    ) -> None:
        """Another exchange of the endpoint. known: ids whose deviation a baseline lets be."""
        column = self._endpoints.setdefault(endpoint, Endpoint(endpoint))
        column.date, column.repeats = date or column.date, max(repeats, column.repeats)
        column.exchanges += 1
        column.dialects[grade.dialect] += 1
        model = _model_of(evidence)
        if model and len(column.models) < MOST_MODELS:
            column.models[model] = None
        number = -1
        for outcome in grade.outcomes:
            self._levels.setdefault(outcome.id, outcome.level)
            cell = column.cells.setdefault(outcome.id, Cell())
            cell.count(outcome, known=outcome.id in known)
            if cell.wants(outcome.verdict):
                if number < 0:
                    number = self._keep(grade, evidence, model)
                cell.show(
                    Shown(
                        exchange=number,
                        outcome=outcome,
                        marks=tuple(_marks(outcome, evidence)),
                        known=outcome.id in known,
                    )
                )

    def stand(self, endpoint: str, standings: Iterable[Standing]) -> None:
        """How the endpoint of a live run, whose exchanges were added, stands with each check: over repeats, and where no request
        showed it."""
        column = self._endpoints.setdefault(endpoint, Endpoint(endpoint))
        for standing in standings:
            self._levels.setdefault(standing.id, standing.level)
            cell = column.cells.setdefault(standing.id, Cell())
            cell.standing = standing
            if not cell.total:
                unsent = Outcome(
                    id=standing.id,
                    level=standing.level,
                    verdict=standing.verdict,
                    reason=standing.reason,
                )
                cell.count(unsent, known=False)

    def _keep(self, grade: Grade, evidence: Evidence | None, model: str) -> int:
        timeline = timeline_of(evidence) if evidence is not None else None
        self.exchanges.append(
            Exchange(name=grade.name, dialect=grade.dialect, model=model, timeline=timeline)
        )
        return len(self.exchanges) - 1

    @property
    def endpoints(self) -> list[Endpoint]:
        return list(self._endpoints.values())

    @property
    def checks(self) -> dict[str, Level]:
        """The ids that some exchange was graded by, in the order of the suite, with their levels."""
        order = {check: at for at, check in enumerate(ASKED)}
        ids = sorted(self._levels, key=lambda check: (order.get(check, len(order)), check))
        return {check: self._levels[check] for check in ids}

    @property
    def checked(self) -> bool:
        """Some exchange came to a verdict."""
        decided = (Verdict.PASS, Verdict.NON_STRICT, Verdict.FAIL)
        return any(each.count(*decided) for each in self._endpoints.values())


def _model_of(evidence: Evidence | None) -> str:
    model = evidence.asked("model") if evidence is not None else None
    return model if isinstance(model, str) else ""


def _marks(outcome: Outcome, evidence: Evidence | None) -> Iterator[Mark]:
    if evidence is None:
        return
    timed = "times" not in evidence.lost
    for proof in outcome.proofs[:MOST_PLACES]:
        if 0 < proof.frame <= len(evidence.frames):
            seconds = evidence.seconds_of(evidence.frames[proof.frame - 1])
            yield Mark(proof.frame, round(seconds * 1000) if timed else None)
