"""Who is at fault, proven from the bytes: checks with stable ids, and an exchange graded by them.

`evidence_in` reads a capture or a raw body, `grade` comes to a verdict for every check, `reports` writes them down.
"""

from __future__ import annotations

from streamnorm.conformance.base import Check, Fault, Level, Verdict
from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.files import evidence_in, evidence_of, evidence_of_body, streams_in
from streamnorm.conformance.grade import Grade, Outcome, Proof, grade
from streamnorm.conformance.placing import LIVE_ONLY, MERGED
from streamnorm.conformance.requirements import requirements

__all__ = [
    "CHECKS",
    "LIVE_ONLY",
    "MERGED",
    "Check",
    "Evidence",
    "Fault",
    "Grade",
    "Level",
    "Outcome",
    "Proof",
    "Verdict",
    "evidence_in",
    "evidence_of",
    "evidence_of_body",
    "grade",
    "requirements",
    "streams_in",
]
