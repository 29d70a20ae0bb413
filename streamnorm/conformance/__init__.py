"""Who is at fault, proven from the bytes: checks with stable ids, and an exchange graded by them.

`evidence_in` reads a capture or a raw body, `grade` comes to a verdict for every check, `reports` writes them down.
`check_endpoint` asks a server first, `check_app` an ASGI app in this process.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from streamnorm.conformance.base import Check, Fault, Level, Verdict
from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.files import evidence_in, evidence_of, evidence_of_body, streams_in
from streamnorm.conformance.grade import Grade, Outcome, Proof, grade
from streamnorm.conformance.placing import MERGED
from streamnorm.conformance.requirements import requirements

if TYPE_CHECKING:
    from streamnorm.conformance.live.endpoint import (
        acheck_app,
        acheck_endpoint,
        check_app,
        check_endpoint,
    )

#: What goes to the network is imported when it is asked for.
_ASKING = "streamnorm.conformance.live.endpoint"

__all__ = [
    "CHECKS",
    "MERGED",
    "Check",
    "Evidence",
    "Fault",
    "Grade",
    "Level",
    "Outcome",
    "Proof",
    "Verdict",
    "acheck_app",
    "acheck_endpoint",
    "check_app",
    "check_endpoint",
    "evidence_in",
    "evidence_of",
    "evidence_of_body",
    "grade",
    "requirements",
    "streams_in",
]


def __getattr__(name: str) -> Any:
    if name not in ("acheck_app", "acheck_endpoint", "check_app", "check_endpoint"):
        raise AttributeError(f"module 'streamnorm.conformance' has no attribute {name!r}")
    return getattr(importlib.import_module(_ASKING), name)
