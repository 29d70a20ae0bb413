"""E, O: lengths and formats that were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from streamnorm.arguments.validate import ArgumentsValidator
from streamnorm.conformance.base import CHAT, Check, Fault, Verdict, check
from streamnorm.conformance.chat import is_integer
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.frames import json_value
from streamnorm.conformance.live.answers import answer_in
from streamnorm.conformance.live.checks.refusals import refusal
from streamnorm.conformance.live.tools import SCHEMA

__all__ = ["LIVE_FORMATS"]

SCHEMAS: Final = "OpenAI, structured outputs: response_format"


@check(
    "E-004",
    "MUST",
    CHAT,
    "An answer that is cut by `max_tokens` ends in `length`.",
    source="OpenAI API reference, `finish_reason`",
    looks_at="the finish reason, where a long answer may have 5 tokens",
    needs=("answer", "frames", "whole", "unfailed", "choices"),
    probes=("length",),
)
def cut_at_length(evidence: Evidence) -> Iterator[Fault]:
    answer = answer_in(evidence)
    if answer.reason == "length":
        return
    asked = evidence.asked("max_tokens") or evidence.asked("max_completion_tokens")
    used = answer.count("completion_tokens")
    short = used is not None and is_integer(asked) and used < asked
    yield Fault(
        words=f"the reason is {answer.reason!r}, after {used if used is not None else 'unknown'} tokens of {asked}",
        frame=evidence.chat.deltas[-1].frame,
        verdict=Verdict.INCONCLUSIVE if short else None,
    )


def _object(evidence: Evidence) -> Any:
    """The content as an object; None where it is none: it was refused or cut, or O-001 judges it."""
    if evidence.chat.refused or evidence.chat.reason_of(0) != "stop":
        return None
    value = json_value(answer_in(evidence).text.encode("utf-8", "replace"))
    return value if isinstance(value, dict) else None


def _no_object() -> Fault:
    return Fault(words="no whole JSON object came", verdict=Verdict.INCONCLUSIVE)


@check(
    "O-002",
    "MUST",
    CHAT,
    "The content is valid under the JSON schema that was given with `strict: true`.",
    source=SCHEMAS,
    looks_at="the content, where it is a whole JSON object",
    needs=("answer", "frames"),
    probes=("json-schema",),
)
def content_valid(evidence: Evidence) -> Iterator[Fault]:
    if _object(evidence) is None:
        yield _no_object()
        return
    text = answer_in(evidence).text
    for problem in ArgumentsValidator(SCHEMA, tool="book").validate(text).errors[:3]:
        yield Fault(words=problem.sentence, frame=evidence.chat.texts_from[0])


@check(
    "O-003",
    "SHOULD",
    CHAT,
    "The keys of the content are in the order of the schema.",
    source=f"{SCHEMAS}, key ordering",
    looks_at="the keys of the content",
    needs=("answer", "frames"),
    probes=("json-schema",),
)
def keys_ordered(evidence: Evidence) -> Iterator[Fault]:
    found = _object(evidence)
    if found is None:
        yield _no_object()
        return
    keys = [key for key in found if key in SCHEMA["properties"]]
    if keys != sorted(keys, key=list(SCHEMA["properties"]).index):
        yield Fault(words=f"the keys are {', '.join(keys)}", frame=evidence.chat.texts_from[0])


@check(
    "O-005",
    "SHOULD",
    CHAT,
    "A strict JSON schema that strict mode does not take is refused with status 400.",
    source=f"{SCHEMAS}, supported schemas",
    looks_at="the status, where a property is not required, and others are allowed",
    probes=("schema-outside",),
)
def schema_refused(evidence: Evidence) -> Iterator[Fault]:
    yield from refusal(evidence, 400, 422)


LIVE_FORMATS: Final[tuple[Check, ...]] = (
    cut_at_length,
    content_valid,
    keys_ordered,
    schema_refused,
)
