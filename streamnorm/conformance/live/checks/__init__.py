"""The checks that only a live server shows: each names the probes whose answers it looks at."""

from __future__ import annotations

from typing import Final

from streamnorm.conformance.base import Check
from streamnorm.conformance.live.checks.calls import LIVE_CALLS
from streamnorm.conformance.live.checks.connection import CONNECTION
from streamnorm.conformance.live.checks.formats import LIVE_FORMATS
from streamnorm.conformance.live.checks.refusals import REFUSALS
from streamnorm.conformance.live.checks.runs import RUNS
from streamnorm.conformance.live.checks.same import SAME
from streamnorm.conformance.live.checks.turns import TURNS

__all__ = ["LIVE"]

LIVE: Final[tuple[Check, ...]] = (
    *CONNECTION,
    *REFUSALS,
    *SAME,
    *LIVE_CALLS,
    *TURNS,
    *LIVE_FORMATS,
    *RUNS,
)
