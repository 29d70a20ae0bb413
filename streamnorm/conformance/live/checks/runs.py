"""A: a run of the Assistants API that asks for outputs, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from streamnorm.conformance.base import ASSISTANTS, Check, Fault, Verdict, check
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.live.checks.refusals import refusal

__all__ = ["RUNS"]

API: Final = "OpenAI API reference, submit tool outputs to run"


@check(
    "A-005",
    "MUST",
    ASSISTANTS,
    "The stream that follows the outputs goes on with the same run, and ends it.",
    source=API,
    looks_at="the ids and the end of the run in the stream of its outputs",
    needs=("frames", "whole", "run events"),
    probes=("outputs",),
    beside=("one-tool",),
)
def run_goes_on(evidence: Evidence) -> Iterator[Fault]:
    asked = _run_in(evidence.sent.beside.get("one-tool"))
    for frame in evidence.assistants.events:
        if _is_of_a_run(frame.event) and frame.value.get("id") != asked:
            yield Fault(
                words=f"the run is {frame.value.get('id')!r}, not {asked!r}", frame=frame.number
            )
            return
    if not evidence.assistants.ends and not evidence.assistants.errors:
        yield Fault(words="no event ends the run")


def _is_of_a_run(event: str) -> bool:
    return event.startswith("thread.run.") and not event.startswith("thread.run.step.")


def _run_in(evidence: Evidence | None) -> Any:
    """The id of the run that asked for outputs."""
    asked = evidence.assistants.of("thread.run.requires_action") if evidence is not None else []
    return asked[-1].value.get("id") if asked else None


@check(
    "A-006",
    "MUST",
    ASSISTANTS,
    "Outputs of which one is missing are refused with status 400 and an error that names the call.",
    source=API,
    looks_at="the status and the body, where no output is given",
    probes=("missing-outputs",),
    beside=("another-tool",),
)
def missing_refused(evidence: Evidence) -> Iterator[Fault]:
    yield from refusal(evidence, 400, mild=(422,))
    asked = evidence.sent.beside.get("another-tool")
    ids = [str(call.get("id")) for call in asked.assistants.required] if asked is not None else []
    said = evidence.body.decode("utf-8", "replace")
    if (evidence.status or 0) >= 400 and not any(each in said for each in ids):
        yield Fault(words="the error names no call", verdict=Verdict.NON_STRICT)


RUNS: Final[tuple[Check, ...]] = (run_goes_on, missing_refused)
