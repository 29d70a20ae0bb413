"""F: tool calls against what the request said of them: forced, forbidden, named, one at a time; and the form before tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streamnorm.conformance.base import CHAT, Check, Fault, Verdict, check
from streamnorm.conformance.evidence import Evidence

__all__ = ["CHOICE"]

CHOICE_API: Final = "OpenAI API reference, `tool_choice`"

#: Seconds between the last of the arguments and the finish reason.
PROMPT: Final = 2.0


def named_tool(evidence: Evidence) -> str:
    """The function that `tool_choice` names, empty where it names none."""
    choice = evidence.asked("tool_choice")
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else ""


@check(
    "F-001",
    "MUST",
    CHAT,
    "A choice ends in `tool_calls` if it called tools, and only then; it may end in `stop` where the request named the tool.",
    source=f"{CHOICE_API}; https://github.com/vllm-project/vllm/pull/25054 has what OpenAI itself sends",
    looks_at="calls and finish reasons; that `required` was answered in words is left undecided",
    needs=("frames", "whole", "unfailed", "request", "calls or required"),
)
def calls_finish(evidence: Evidence) -> Iterator[Fault]:
    chat = evidence.chat
    called = {call.choice for call in chat.calls}
    for choice, reasons in chat.finishes.items():
        if choice not in called and reasons and reasons[-1][1] == "tool_calls":
            yield Fault(
                words="the reason is 'tool_calls', and no tool was called",
                frame=reasons[-1][0],
                verdict=Verdict.NON_STRICT,
            )
    if not called and evidence.asked("tool_choice") == "required":
        yield Fault(
            words="`required` was answered without a call: the model, or the server",
            verdict=Verdict.INCONCLUSIVE,
        )
    if named_tool(evidence):
        return
    for choice in dict.fromkeys(call.choice for call in chat.calls):
        reasons = chat.finishes.get(choice) or []
        if reasons and reasons[-1][1] in ("stop", "function_call"):
            yield Fault(
                words=f"calls were made, and the reason is {reasons[-1][1]!r}",
                frame=reasons[-1][0],
                verdict=Verdict.NON_STRICT,
                seen="finish-stop-with-tool-calls",
            )


@check(
    "F-015",
    "MUST",
    CHAT,
    "With `parallel_tool_calls: false` there is at most one call.",
    source="OpenAI API reference, `parallel_tool_calls`",
    looks_at="the number of calls of each choice",
    needs=("frames", "calls", "no parallel calls"),
)
def one_call(evidence: Evidence) -> Iterator[Fault]:
    seen: set[int | None] = set()
    for call in evidence.chat.calls:
        if call.choice in seen:
            yield Fault(words="a second call", frame=call.opened)
        seen.add(call.choice)


@check(
    "F-016",
    "MUST",
    CHAT,
    "With `tool_choice: none` there is no call.",
    source=CHOICE_API,
    looks_at="calls",
    needs=("frames", "choices", "no tools wanted"),
)
def no_call(evidence: Evidence) -> Iterator[Fault]:
    for call in evidence.chat.calls:
        yield Fault(words=f"a call of {call.name!r}", frame=call.opened)


@check(
    "F-017",
    "MUST",
    CHAT,
    "Where `tool_choice` names a function, that one is called, once. Either finish reason will do: OpenAI itself says `stop`.",
    source=f"{CHOICE_API}; https://github.com/vllm-project/vllm/pull/25054",
    looks_at="the names of the calls; an answer in words is left undecided",
    needs=("frames", "whole", "unfailed", "choices", "a named tool"),
)
def named_call(evidence: Evidence) -> Iterator[Fault]:
    wanted = named_tool(evidence)
    calls = evidence.chat.calls
    if not calls:
        yield Fault(words=f"{wanted!r} was not called", verdict=Verdict.INCONCLUSIVE)
    for call in calls:
        if call.name and not wanted.startswith(call.name):
            yield Fault(words=f"{call.name!r} was called, not {wanted!r}", frame=call.opened)
    choices = [call.choice for call in calls]
    if len(set(choices)) < len(choices):
        yield Fault(words=f"{len(calls)} calls, where one was named", frame=calls[-1].opened)


@check(
    "F-030",
    "MUST",
    CHAT,
    "`delta.function_call` has the whole name in its first delta and text as arguments, and the choice ends in "
    "`function_call`; it may end in `stop` where the request named the function.",
    source="OpenAI API reference, `function_call` (deprecated)",
    looks_at="`delta.function_call`",
    needs=("frames", "whole", "unfailed", "a legacy call"),
)
def legacy_call(evidence: Evidence) -> Iterator[Fault]:
    parts = evidence.chat.legacy
    first = parts[0][1].get("name")
    if not isinstance(first, str) or not first:
        yield Fault(words="it opens without a name", frame=parts[0][0])
    for at, (frame, part) in enumerate(parts):
        if at and part.get("name"):
            yield Fault(words="the name comes in a later delta", frame=frame)
        if part.get("arguments") is not None and not isinstance(part["arguments"], str):
            yield Fault(words="the arguments are no text", frame=frame)
    if not isinstance(evidence.asked("function_call"), dict):
        yield from _legacy_reason(evidence)


def _legacy_reason(evidence: Evidence) -> Iterator[Fault]:
    for reasons in evidence.chat.finishes.values():
        for frame, reason in reasons:
            if reason not in ("function_call", "length", "content_filter"):
                yield Fault(
                    words=f"the reason is {reason!r}", frame=frame, verdict=Verdict.NON_STRICT
                )


@check(
    "F-032",
    "SHOULD",
    CHAT,
    f"Between the last of the arguments and the finish reason there are less than {PROMPT:.0f} s.",
    source="a call cannot be made before it",
    looks_at="the times of the two events",
    needs=("frames", "times", "calls"),
)
def prompt_finish(evidence: Evidence) -> Iterator[Fault]:
    said = max(call.deltas[-1][0] for call in evidence.chat.calls)
    finishes = [frame for reasons in evidence.chat.finishes.values() for frame, _ in reasons]
    if finishes and finishes[-1] > said:
        frames = evidence.frames
        waited = evidence.seconds_of(frames[finishes[-1] - 1]) - evidence.seconds_of(
            frames[said - 1]
        )
        if waited >= PROMPT:
            yield Fault(words=f"{waited:.1f} s between the two", frame=finishes[-1])


CHOICE: Final[tuple[Check, ...]] = (
    calls_finish,
    one_call,
    no_call,
    named_call,
    legacy_call,
    prompt_finish,
)
