"""U: what a chat stream says of its cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from streamnorm.conformance.base import CHAT, RESPONSES, Check, Fault, Verdict, check
from streamnorm.conformance.chat import is_integer
from streamnorm.conformance.evidence import Evidence

__all__ = ["USAGE"]

STREAM_OPTIONS: Final = "OpenAI API reference, `stream_options.include_usage`"


def asked_for_usage(evidence: Evidence) -> bool:
    """The request has `stream_options.include_usage`."""
    options = evidence.asked("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


@check(
    "U-001",
    "MUST",
    CHAT,
    "Where usage was asked for, one chunk has it, with `choices: []`, before `[DONE]`.",
    source=STREAM_OPTIONS,
    looks_at="the chunk with usage",
    needs=("frames", "whole", "unfailed", "chunks", "usage asked for"),
)
def usage_chunk(evidence: Evidence) -> Iterator[Fault]:
    usages = evidence.chat.usages
    if not usages:
        nested = any("usage" in delta.choice for delta in evidence.chat.deltas)
        yield Fault(
            words="usage was asked for and did not come",
            seen="usage-inside-choice" if nested else "",
        )
    elif not any(frame.value.get("choices") == [] for frame, _ in usages):
        yield Fault(
            words="usage is in a chunk that has choices",
            frame=usages[-1][0].number,
            verdict=Verdict.NON_STRICT,
        )


@check(
    "U-002",
    "MUST",
    CHAT,
    "Counts of tokens are integers, and those of the prompt and of the completion add up to the total.",
    source="OpenAI API reference, the usage object",
    looks_at="the last usage",
    needs=("frames", "usage"),
)
def usage_adds_up(evidence: Evidence) -> Iterator[Fault]:
    frame, usage = evidence.chat.usages[-1]
    yield from _sum(frame.number, usage, "prompt_tokens", "completion_tokens")


def _sum(frame: int, usage: dict[str, Any], *parts: str) -> Iterator[Fault]:
    counts = {name: usage.get(name) for name in (*parts, "total_tokens")}
    odd = [name for name, count in counts.items() if not is_integer(count)]
    if odd:
        yield Fault(words=f"{odd[0]} is {counts[odd[0]]!r}", frame=frame)
        return
    added = sum(usage[name] for name in parts)
    if added != usage["total_tokens"]:
        terms = " + ".join(str(usage[name]) for name in parts)
        yield Fault(words=f"{terms} is {added}, not {usage['total_tokens']}", frame=frame)


@check(
    "U-003",
    "SHOULD",
    CHAT,
    "Usage comes once: in the other chunks it is null or absent. Clients add up what comes more often.",
    source=STREAM_OPTIONS,
    looks_at="`usage` of each chunk",
    needs=("frames", "usage"),
)
def usage_once(evidence: Evidence) -> Iterator[Fault]:
    for frame, _ in evidence.chat.usages[:-1]:
        yield Fault(
            words="usage, and it comes again",
            frame=frame.number,
            seen="usage-in-every-chunk-cumulative",
        )


@check(
    "U-004",
    "SHOULD",
    CHAT,
    "Where usage was not asked for, none comes.",
    source=STREAM_OPTIONS,
    looks_at="`usage`, where `stream_options` was not given",
    needs=("frames", "request", "chunks"),
)
def no_usage_unasked(evidence: Evidence) -> Iterator[Fault]:
    if not asked_for_usage(evidence) and evidence.chat.usages:
        frame = evidence.chat.usages[0][0].number
        yield Fault(words="usage, which was not asked for", frame=frame)


@check(
    "U-006",
    "MUST",
    RESPONSES,
    "Counts of tokens are integers, and those of the input and of the output add up to the total.",
    source="OpenAI API reference, the response's usage",
    looks_at="`usage` of the final response",
    needs=("frames", "terminal"),
)
def response_usage(evidence: Evidence) -> Iterator[Fault]:
    stream = evidence.responses
    usage = stream.final.get("usage")
    if isinstance(usage, dict):
        yield from _sum(stream.terminal[-1].number, usage, "input_tokens", "output_tokens")


USAGE: Final[tuple[Check, ...]] = (
    usage_chunk,
    usage_adds_up,
    usage_once,
    no_usage_unasked,
    response_usage,
)
