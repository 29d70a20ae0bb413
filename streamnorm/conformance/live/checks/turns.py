"""F, R: turns that have to be taken: what tools said, under both roles, and many tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streamnorm.conformance.base import CHAT, RESPONSES, Check, Fault, Verdict, check
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.live.answers import answer_in
from streamnorm.conformance.live.checks.refusals import refusal
from streamnorm.conformance.live.probes.chat import RESULT

__all__ = ["TURNS"]

TOOLS: Final = "OpenAI API reference, messages of the role `tool`"


def _taken(evidence: Evidence) -> Iterator[Fault]:
    status = evidence.status or 0
    if status == 429:
        yield Fault(words="too many requests", verdict=Verdict.SKIPPED)
    elif status != 200:
        yield Fault(words=f"the turn was refused with status {status}", span=_body(evidence))


def _uses_it(evidence: Evidence) -> Iterator[Fault]:
    if evidence.status == 200 and RESULT not in answer_in(evidence).text:
        yield Fault(
            words="the answer does not have what the tool said: the model, or the server",
            verdict=Verdict.INCONCLUSIVE,
        )


def _body(evidence: Evidence) -> tuple[int, int] | None:
    return (0, len(evidence.body)) if evidence.body else None


@check(
    "F-022",
    "MUST",
    CHAT,
    "A turn with a call and what the tool said is answered, with the use of it.",
    source=TOOLS,
    looks_at="the status, and the answer; one that does not use the result is left undecided",
    probes=("tool-result",),
)
def result_taken(evidence: Evidence) -> Iterator[Fault]:
    yield from _taken(evidence)
    yield from _uses_it(evidence)


@check(
    "F-023",
    "MUST",
    CHAT,
    "What a tool said under an id that no call had is refused with status 400. (To take it is non-strict.)",
    source=TOOLS,
    looks_at="the status, where the id is of no call",
    probes=("wrong-result",),
)
def wrong_id_refused(evidence: Evidence) -> Iterator[Fault]:
    yield from refusal(evidence, 400, mild=(422,), accepted=Verdict.NON_STRICT)


@check(
    "F-024",
    "MUST",
    CHAT,
    "An assistant's message may have `content: null` beside its calls.",
    source="OpenAI API reference, messages of the role `assistant`",
    looks_at="the status, where the content is null",
    probes=("null-content",),
)
def null_taken(evidence: Evidence) -> Iterator[Fault]:
    yield from _taken(evidence)


@check(
    "F-029",
    "SHOULD",
    CHAT,
    "20 tools are taken, and 128.",
    source="OpenAI API reference, `tools`: at most 128",
    looks_at="the status, where so many are offered",
    probes=("twenty-tools", "many-tools"),
)
def many_taken(evidence: Evidence) -> Iterator[Fault]:
    for fault in _taken(evidence):
        yield Fault(words=f"{len(evidence.tools())} tools: {fault.words}", verdict=fault.verdict)


@check(
    "F-031",
    "MUST",
    CHAT,
    "What a function said, in the role `function`, is taken, or refused with a 4xx status and an error that says so.",
    source="OpenAI API reference, messages of the role `function` (deprecated)",
    looks_at="the status and the body",
    probes=("function-result",),
)
def function_role(evidence: Evidence) -> Iterator[Fault]:
    if evidence.status != 200:
        yield from refusal(evidence, *range(400, 500))


@check(
    "R-011",
    "MUST",
    RESPONSES,
    "A turn with a call and its function_call_output is answered, with the use of it.",
    source="OpenAI API reference, Responses: function_call_output",
    looks_at="the status, and the answer; one that does not use the output is left undecided",
    probes=("tool-result",),
)
def output_taken(evidence: Evidence) -> Iterator[Fault]:
    yield from _taken(evidence)
    yield from _uses_it(evidence)


TURNS: Final[tuple[Check, ...]] = (
    result_taken,
    wrong_id_refused,
    null_taken,
    many_taken,
    function_role,
    output_taken,
)
