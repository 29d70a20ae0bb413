"""What one run of the checks came to, for all reports. Knows nothing of how it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from streamnorm.conformance.base import Verdict
from streamnorm.conformance.baseline import Entry
from streamnorm.conformance.grade import Grade, Outcome, Proof

__all__ = ["RED", "TOLD", "Live", "Run", "counted", "counts_of", "where"]

#: The verdicts by which an exchange can be at fault, and those that are told one by one.
RED = (Verdict.FAIL, Verdict.NON_STRICT)
TOLD = (*RED, Verdict.INCONCLUSIVE)


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """Of a live run: the base URL (no key in it), the model, when it began (RFC 3339), and how often each request was sent."""

    endpoint: str
    model: str = ""
    date: str = ""
    repeats: int = 1


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """All that one run of the checks came to. `known`: the deviations, as (check, name), that a baseline lets be; `stale`: its
    entries that are no longer needed. `live`: None where the exchanges were recorded before."""

    grades: tuple[Grade, ...]
    strict: bool = False
    known: frozenset[tuple[str, str]] = frozenset()
    stale: tuple[Entry, ...] = ()
    live: Live | None = None

    @property
    def of(self) -> str:
        """The endpoint of a live run and its model; nothing where the exchanges were recorded before."""
        return "" if self.live is None else f"{self.live.endpoint} {self.live.model}".rstrip()

    @property
    def checked(self) -> int:
        """How many verdicts there are; a run without any is never green."""
        return sum(grade.checked for grade in self.grades)

    def against(self, grade: Grade) -> list[Outcome]:
        """The outcomes of a grade that count, and that no baseline lets be."""
        return [
            outcome
            for outcome in grade.against(strict=self.strict)
            if (outcome.id, grade.name) not in self.known
        ]

    @property
    def green(self) -> bool:
        new = any(self.against(grade) for grade in self.grades)
        return bool(self.checked) and not new and not self.stale

    def count(self) -> dict[str, int]:
        """How many outcomes of each verdict, over all grades."""
        return counts_of(self.grades)


def where(proof: Proof) -> str:
    """The place of a proof, in words."""
    frame = f"frame {proof.frame}, " if proof.frame else ""
    return f"{frame}bytes {proof.start}-{proof.end}" if proof.end else "the whole exchange"


def counts_of(grades: Iterable[Grade]) -> dict[str, int]:
    """How many outcomes of each verdict, over all of the grades."""
    found: Counter[str] = Counter()
    for grade in grades:
        found.update(grade.count())
    return {verdict.value: found[verdict.value] for verdict in Verdict}


def counted(counts: dict[str, int]) -> str:
    """The counts that are not zero, in words."""
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
