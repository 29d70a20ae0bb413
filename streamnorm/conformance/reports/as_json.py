"""A run as JSON, with a versioned schema, and a report that was written so read again."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from streamnorm.conformance.grade import Grade, Outcome
from streamnorm.conformance.live.manifest import Manifest
from streamnorm.conformance.reports.run import Run
from streamnorm.conformance.requirements import CURRENT
from streamnorm.errors import LocalError

__all__ = ["SCHEMA", "Reported", "ReportedExchange", "read_json", "to_json"]

#: The version of the JSON report: it changes when a key changes its meaning or goes.
SCHEMA: Final = "streamnorm.check/1"

_id = re.compile(r"[A-Z]-\d{3}").fullmatch


def to_json(run: Run) -> str:
    """One object: `schema` says which keys it has. That of a live run has `endpoint`, `model`, `date` and `repeats`."""
    live = {} if run.live is None else msgspec.to_builtins(run.live)
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "requirements": CURRENT,
        **live,
        "strict": run.strict,
        "green": run.green,
        "counts": run.count(),
        "stale": [str(entry) for entry in run.stale],
        "exchanges": [
            {
                # A name of a file need not be text.
                "name": grade.name.encode("utf-8", "backslashreplace").decode(),
                "dialect": grade.dialect,
                "counts": grade.count(),
                "findings": grade.findings,
                "known": sorted(check for check, name in run.known if name == grade.name),
                "checks": grade.outcomes,
            }
            for grade in run.grades
        ],
    }
    return msgspec.json.encode(report).decode()


class ReportedExchange(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange as a report has it."""

    name: str
    dialect: str
    checks: tuple[Outcome, ...]
    findings: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def grade(self) -> Grade:
        return Grade(
            name=self.name, dialect=self.dialect, outcomes=self.checks, findings=self.findings
        )


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """A report that was read. Keys that this version does not know are left out."""

    schema: str
    requirements: str
    exchanges: tuple[ReportedExchange, ...]
    live: Manifest | None = None


def read_json(text: bytes) -> Reported:
    """Read what `to_json` wrote. Raises LocalError for what is no report, or one of another schema."""
    try:
        found = msgspec.json.decode(text, type=Reported)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LocalError(f"no report of `streamnorm check --format json`: {error}") from None
    if found.schema != SCHEMA:
        raise LocalError(f"its schema is {found.schema!r}, and {SCHEMA!r} is read")
    ids = (outcome.id for exchange in found.exchanges for outcome in exchange.checks)
    strange = next((each for each in ids if not _id(each)), None)
    if strange is not None:
        raise LocalError(f"{strange[:40]!r} is no id of a check, such as E-003")
    return found
