"""What a report says of one outcome, line by line, in plain text that is fit to be shown."""

from __future__ import annotations

from collections.abc import Iterator

from streamnorm.conformance.grade import Outcome
from streamnorm.conformance.printable import printable
from streamnorm.conformance.reports.run import where

__all__ = ["proof_lines"]


def proof_lines(outcome: Outcome) -> Iterator[str]:
    """Where, what was seen there, and the bytes."""
    for proof in outcome.proofs:
        yield f"{where(proof)}: {printable(proof.words)}"
        if proof.shown:
            yield f"  {printable(proof.shown)}"
    if outcome.count > len(outcome.proofs):
        yield f"and {outcome.count - len(outcome.proofs)} more"
    if outcome.breaks:
        yield f"breaks: {', '.join(outcome.breaks)}"
