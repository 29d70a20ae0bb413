"""F: the calls that probes ask for: their arguments against the schemas, and against what was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from streamnorm.arguments.validate import ArgumentsValidator
from streamnorm.conformance.base import CHAT, Check, Fault, Verdict, check
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.live.answers import CallSaid, answer_in
from streamnorm.conformance.live.checks.refusals import refusal
from streamnorm.conformance.live.probes.chat import BIG, EXACT

__all__ = ["LIVE_CALLS"]

#: So short an argument does not show how it is sent, in characters.
SHORT: Final = 80

_CALLING: Final = (
    *("one-tool", "one-tool-whole", "parallel", "named", "no-argument", "one-at-a-time"),
    *("several-types", "exact", "poem", "unicode-keys", "twenty-tools", "many-tools"),
)


def _value(call: CallSaid) -> Any:
    """The arguments; None where they are no JSON, which F-009 judges."""
    try:
        return json.loads(call.arguments)
    except (ValueError, RecursionError):
        return None


@lru_cache(maxsize=64)
def _validator(tool: str, schema: str) -> ArgumentsValidator:
    """Of the same few tools, in every run."""
    return ArgumentsValidator(json.loads(schema), tool=tool)


def _no_call(words: str = "the model answered without a call") -> Fault:
    return Fault(words=words, verdict=Verdict.INCONCLUSIVE)


@check(
    "F-011",
    "SHOULD",
    CHAT,
    "Long arguments come in several fragments.",
    source="what streaming is for",
    looks_at="the fragments of a call whose arguments are long",
    needs=("answer", "frames"),
    probes=("poem",),
)
def fragmented(evidence: Evidence) -> Iterator[Fault]:
    calls = [call for call in evidence.chat.calls if len(call.arguments) >= SHORT]
    if not calls:
        yield _no_call("no call with long arguments came")
    for call in calls:
        if len(call.fragments()) == 1:
            yield Fault(
                words=f"{len(call.arguments)} characters in one fragment",
                frame=call.fragments()[0][0],
            )


@check(
    "F-018",
    "SHOULD",
    CHAT,
    "With `tool_choice: auto` a tool that is not needed is not called. (The model's choice, unless the server makes it.)",
    source="OpenAI API reference, `tool_choice`",
    looks_at="calls, where none is needed",
    needs=("answer", "frames"),
    probes=("not-needed",),
)
def none_needed(evidence: Evidence) -> Iterator[Fault]:
    for call in evidence.chat.calls:
        yield Fault(words=f"a call of {call.name!r}", frame=call.opened)


def _judged(evidence: Evidence, *, strict: bool) -> Iterator[Fault]:
    """The calls of tools that say `strict: true`, or of those that do not, against their schemas."""
    answer, tools = answer_in(evidence), evidence.tools()
    if not answer.calls:
        yield _no_call()
    if answer.reason in ("length", "content_filter"):
        return
    for call in answer.calls:
        tool = tools.get(call.name)
        # Names that were not offered are F-007's, and what is no JSON is F-009's.
        if tool is None or bool(tool.get("strict")) is not strict or _value(call) is None:
            continue
        validator = _validator(call.name, json.dumps(tool.get("parameters", {})))
        for problem in validator.validate(call.arguments).errors[:3]:
            yield Fault(words=f"{call.name}: {problem.sentence}")


@check(
    "F-019",
    "MUST",
    CHAT,
    "The arguments of a call are valid under the schema of its tool. (Without `strict: true` that is the model's to do: "
    "non-strict.)",
    source="OpenAI API reference, `tools[].function.parameters`",
    looks_at="the calls of tools with types, enums, nesting, lists, null, several types, references, numbers, long texts, names "
    "in other scripts",
    needs=("answered",),
    probes=_CALLING,
)
def valid(evidence: Evidence) -> Iterator[Fault]:
    for fault in _judged(evidence, strict=False):
        mild = fault.verdict or Verdict.NON_STRICT
        yield Fault(words=fault.words, verdict=mild)


@check(
    "F-020",
    "MUST",
    CHAT,
    "With `strict: true` the arguments are valid under the schema, always.",
    source="OpenAI, structured outputs: function calling with strict mode",
    looks_at="the calls of tools with `strict: true`",
    needs=("answered",),
    probes=("strict", "strict-tree"),
)
def strictly_valid(evidence: Evidence) -> Iterator[Fault]:
    yield from _judged(evidence, strict=True)


@check(
    "F-021",
    "MUST",
    CHAT,
    "`strict: true` with a schema that strict mode does not take is refused with status 400.",
    source="OpenAI, structured outputs: supported schemas",
    looks_at="the status, where a property is not required, and others are allowed",
    probes=("strict-outside",),
)
def outside_refused(evidence: Evidence) -> Iterator[Fault]:
    yield from refusal(evidence, 400, mild=(422,))


def _stored(evidence: Evidence, name: str) -> Any:
    """What the call of `exact` has under a name; None where there is no such call."""
    for call in answer_in(evidence).calls:
        value = _value(call)
        if isinstance(value, dict) and name in value:
            return value[name]
    return None


@check(
    "F-025",
    "MUST",
    CHAT,
    "Quotes, backslashes, line ends, emoji, U+2028 and NUL come through in arguments as they were asked for. (A model may not "
    "write them: non-strict.)",
    source="RFC 8259, 7",
    looks_at="the text in the arguments of the probe `exact`",
    needs=("answered",),
    probes=("exact",),
)
def same_text(evidence: Evidence) -> Iterator[Fault]:
    found = _stored(evidence, "text")
    if found is None:
        yield _no_call("no call with that text came")
    elif found != EXACT["text"]:
        yield Fault(words=f"{found!r:.100} came, not {EXACT['text']!r}", verdict=Verdict.NON_STRICT)


@check(
    "F-028",
    "MUST",
    CHAT,
    "An integer that a float cannot hold comes through exactly.",
    source="RFC 8259, 6",
    looks_at="the number in the arguments of the probe `exact`",
    needs=("answered",),
    probes=("exact",),
)
def same_integer(evidence: Evidence) -> Iterator[Fault]:
    found, wanted = _stored(evidence, "number"), BIG
    if isinstance(found, float) or found in (wanted - 1, wanted + 1):
        yield Fault(words=f"{found!r} came, not {wanted}")
    elif found != wanted:
        yield _no_call("the model did not say that number")


LIVE_CALLS: Final[tuple[Check, ...]] = (
    fragmented,
    none_needed,
    valid,
    strictly_valid,
    outside_refused,
    same_text,
    same_integer,
)
