"""F: tool calls in chat deltas: who they are, what they are called with, and whether that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from streamnorm.arguments.prefix import is_prefix
from streamnorm.conformance.base import CHAT, Check, Fault, Verdict, check
from streamnorm.conformance.chat import CallSeen, is_integer, is_object
from streamnorm.conformance.evidence import Evidence

__all__ = ["CALLS"]

CHAT_API: Final = "OpenAI API reference, chat streaming: delta.tool_calls"
_a_name = re.compile(r"[a-zA-Z0-9_.:-]{1,128}").fullmatch


@check(
    "F-002",
    "MUST",
    CHAT,
    "Every delta of a call has an integer `index`.",
    source=CHAT_API,
    looks_at="`tool_calls[].index`",
    needs=("frames", "calls"),
)
def call_index(evidence: Evidence) -> Iterator[Fault]:
    for call in evidence.chat.calls:
        for frame, delta in call.deltas:
            if not is_integer(delta.get("index")):
                yield Fault(
                    words=f"the index of a call is {delta.get('index', 'missing')!r}",
                    frame=frame,
                    seen="tc-index-string"
                    if isinstance(delta.get("index"), str)
                    else "tc-index-missing-fragments",
                )


@check(
    "F-003",
    "MUST",
    CHAT,
    "The first delta of a call has an `id` that is not empty, and no later one has another.",
    source=CHAT_API,
    looks_at="`tool_calls[].id`",
    needs=("frames", "calls"),
)
def call_id(evidence: Evidence) -> Iterator[Fault]:
    for call in evidence.chat.calls:
        first = call.deltas[0][1].get("id")
        if not isinstance(first, str) or not first:
            yield Fault(
                words=f"the id of a call is {first!r}",
                frame=call.opened,
                seen="tc-id-missing-or-null",
            )
        for frame, named in call.ids:
            if frame != call.opened and named != call.ids[0][1]:
                yield Fault(
                    words=f"the id was {call.ids[0][1]!r} and is {named!r}",
                    frame=frame,
                    seen="tc-id-changes-per-chunk",
                )
            elif frame != call.opened:
                yield Fault(
                    words="the id comes again" if first else "the id comes late",
                    frame=frame,
                    verdict=Verdict.NON_STRICT,
                    seen="tc-id-repeated-every-chunk",
                )


@check(
    "F-004",
    "MUST",
    CHAT,
    "No two calls of a response have the same `id`.",
    source=CHAT_API,
    looks_at="the ids of all calls",
    needs=("frames", "calls"),
)
def ids_differ(evidence: Evidence) -> Iterator[Fault]:
    known: set[str] = set()
    for call in evidence.chat.calls:
        if call.ids:
            frame, named = call.ids[0]
            if named in known:
                yield Fault(words=f"another call has the id {named!r}", frame=frame)
            known.add(named)


@check(
    "F-005",
    "MUST",
    CHAT,
    "The first delta of a call has `type: function` (or `custom`).",
    source=CHAT_API,
    looks_at="`tool_calls[].type`",
    needs=("frames", "calls"),
)
def call_type(evidence: Evidence) -> Iterator[Fault]:
    for call in evidence.chat.calls:
        found = call.deltas[0][1].get("type")
        if found not in ("function", "custom"):
            yield Fault(
                words=f"the type of a call is {found!r}",
                frame=call.opened,
                verdict=Verdict.NON_STRICT if found is None else None,
                seen="tc-type-missing",
            )


@check(
    "F-006",
    "MUST",
    CHAT,
    "The first delta of a call has its whole name, and no later one has a name.",
    source=CHAT_API,
    looks_at="`tool_calls[].function.name`",
    needs=("frames", "calls"),
)
def whole_name(evidence: Evidence) -> Iterator[Fault]:
    for call in _functions(evidence):
        named = [(frame, function.get("name")) for frame, function in call.functions()]
        first = named[0][1]
        if not isinstance(first, str) or not first:
            yield Fault(words="a call opens without a name", frame=call.opened, seen="tc-name-late")
        for frame, name in named[1:]:
            if name and first:
                same = name == first
                yield Fault(
                    words="the name comes again" if same else f"the name goes on: {name!r}",
                    frame=frame,
                    seen="tc-name-repeated-every-chunk" if same else "tc-name-split",
                )


@check(
    "F-007",
    "MUST",
    CHAT,
    "The name of a call is a tool's that was offered, of letters, digits, `_` and `-`.",
    source="OpenAI API reference, `tools`",
    looks_at="the name, and the tools of the request where it is known; a name that the model made up is non-strict",
    needs=("frames", "calls"),
)
def offered_name(evidence: Evidence) -> Iterator[Fault]:
    offered = evidence.tools()
    for call in _functions(evidence):
        name = _joined_name(call)
        if name and not _a_name(name):
            yield Fault(words=f"the name is {name!r}", frame=call.opened)
        elif name and offered and name not in offered:
            yield Fault(
                words=f"no tool {name!r} was offered", frame=call.opened, verdict=Verdict.NON_STRICT
            )


@check(
    "F-008",
    "MUST",
    CHAT,
    "`arguments` is text in every delta of a call.",
    source=CHAT_API,
    looks_at="`tool_calls[].function.arguments`",
    needs=("frames", "calls"),
)
def arguments_text(evidence: Evidence) -> Iterator[Fault]:
    for call in _functions(evidence):
        for at, (frame, function) in enumerate(call.functions()):
            found = function.get("arguments")
            absent = found is None and ("arguments" in function or at == 0)
            if absent or not (found is None or isinstance(found, str)):
                yield Fault(
                    words="the arguments are missing" if absent else "the arguments are no text",
                    frame=frame,
                    verdict=Verdict.NON_STRICT if found is None else None,
                    seen="tc-args-null" if found is None else "tc-args-object",
                )


@check(
    "F-009",
    "MUST",
    CHAT,
    "The fragments of a finished call join to one JSON object.",
    source="OpenAI API reference, `function.arguments`; RFC 8259",
    looks_at="the arguments of each call; where they are only cut, E-005 judges that",
    needs=("frames", "whole", "unfailed", "calls"),
)
def one_object(evidence: Evidence) -> Iterator[Fault]:
    empty = _without_parameters(evidence)
    for call in _functions(evidence):
        text = call.arguments
        sent = [function.get("arguments") for _, function in call.functions()]
        if any(isinstance(part, dict | list) for part in sent) or call.is_cumulative:
            continue
        if evidence.chat.reason_of(call.choice) in ("length", "content_filter"):
            continue
        if not text:
            if _joined_name(call) not in empty:
                yield Fault(
                    words="the arguments are empty",
                    frame=call.opened,
                    verdict=Verdict.NON_STRICT,
                    seen="tc-args-empty-for-noarg",
                )
        elif not is_object(text) and _joined_name(call) not in empty and not _is_cut(text):
            yield Fault(
                words=f"the arguments of {call.name!r} are not one JSON object",
                frame=call.fragments()[-1][0],
                seen="tc-args-double-encoded" if text.startswith('"') else "",
            )


@check(
    "F-010",
    "MUST",
    CHAT,
    "A fragment goes on from those before it: it does not repeat them.",
    source=CHAT_API,
    looks_at="fragments of which each begins with the one before, and which do not join to JSON",
    needs=("frames", "calls"),
)
def incremental(evidence: Evidence) -> Iterator[Fault]:
    for call in _functions(evidence):
        if call.is_cumulative:
            yield Fault(
                words=f"the fragments of {call.name!r} are cumulative",
                frame=call.fragments()[1][0],
                seen="tc-args-cumulative",
            )


@check(
    "F-012",
    "MUST",
    CHAT,
    "A call of a tool without parameters has the arguments `{}`.",
    source="OpenAI API, measured",
    looks_at="calls of tools whose parameters are none",
    needs=("frames", "whole", "unfailed", "calls", "a tool without parameters"),
)
def empty_object(evidence: Evidence) -> Iterator[Fault]:
    names = _without_parameters(evidence)
    for call in evidence.chat.calls:
        text = call.arguments.strip()
        if _joined_name(call) in names and not is_object(text):
            yield Fault(
                words=f"the arguments of {call.name!r} are {text!r}",
                frame=call.deltas[-1][0],
                verdict=None if text else Verdict.NON_STRICT,
                seen="tc-args-empty-for-noarg",
            )


@check(
    "F-013",
    "MUST",
    CHAT,
    "Calls are numbered 0, 1, 2 in the order in which they open, and no two have one number.",
    source=CHAT_API,
    looks_at="the indexes of calls, choice by choice",
    needs=("frames", "calls"),
)
def dense_index(evidence: Evidence) -> Iterator[Fault]:
    known: dict[int | None, set[int]] = {}
    for call in evidence.chat.calls:
        if call.index is None:
            continue
        before = known.setdefault(call.choice, set())
        if call.index in before:
            yield Fault(
                words=f"a second call under index {call.index}",
                frame=call.opened,
                seen="tc-index-all-zero-parallel",
            )
        elif call.index != len(before):
            yield Fault(
                words=f"index {call.index}, where {len(before)} is next",
                frame=call.opened,
                seen="tc-index-starts-at-one",
            )
        before.add(call.index)


def _functions(evidence: Evidence) -> list[CallSeen]:
    """The calls of functions: those of custom tools have an input, and no arguments."""
    return [call for call in evidence.chat.calls if call.deltas[0][1].get("type") != "custom"]


def _is_cut(arguments: str) -> bool:
    """They may have become an object."""
    return arguments.lstrip().startswith("{") and is_prefix(arguments)


def _joined_name(call: CallSeen) -> str:
    names = [function.get("name") for _, function in call.functions()]
    texts = [name for name in names if isinstance(name, str) and name]
    return texts[0] if len(set(texts)) == 1 else "".join(texts)


def _without_parameters(evidence: Evidence) -> set[str]:
    """The tools that were offered and take nothing."""
    return {name for name, tool in evidence.tools().items() if not _properties(tool)}


def _properties(tool: dict[str, Any]) -> Any:
    parameters = tool.get("parameters")
    return parameters.get("properties") if isinstance(parameters, dict) else None


CALLS: Final[tuple[Check, ...]] = (
    call_index,
    call_id,
    ids_differ,
    call_type,
    whole_name,
    offered_name,
    arguments_text,
    one_object,
    incremental,
    empty_object,
    dense_index,
)
