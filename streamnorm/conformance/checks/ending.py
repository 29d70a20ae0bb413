"""E: how a stream ends, well or in an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from streamnorm.arguments.prefix import is_complete, is_prefix
from streamnorm.conformance.base import (
    ALL,
    ASSISTANTS,
    CHAT,
    RESPONSES,
    Check,
    Fault,
    Verdict,
    check,
)
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.frames import DONE, SeenFrame
from streamnorm.conformance.responses import TERMINAL

__all__ = ["ENDING"]

CHAT_API: Final = "OpenAI API reference, chat streaming"

#: What OpenAI ends a choice with.
REASONS: Final = ("stop", "length", "tool_calls", "content_filter", "function_call")


@check(
    "E-001",
    "MUST",
    CHAT,
    "The last event is `data: [DONE]`, to the byte, once.",
    source=CHAT_API,
    looks_at="the last events",
    needs=("frames", "framing", "whole", "unfailed", "chunks"),
)
def done_once(evidence: Evidence) -> Iterator[Fault]:
    done = evidence.chat.done
    if not done:
        yield Fault(words="the stream ends without [DONE]", seen="sse-missing-done")
        return
    if done[0].data != DONE:
        yield Fault(words="something is around [DONE]", frame=done[0].number)
    for frame in evidence.frames[done[0].number :]:
        yield Fault(words="an event follows [DONE]", frame=frame.number)


@check(
    "E-002",
    "MUST",
    CHAT,
    "Each choice has exactly one finish reason that is not null.",
    source=CHAT_API,
    looks_at="`finish_reason` of each choice",
    needs=("frames", "whole", "unfailed", "choices"),
)
def finish_once(evidence: Evidence) -> Iterator[Fault]:
    for index, reasons in evidence.chat.finishes.items():
        if not reasons:
            cut = not evidence.chat.done
            # OpenAI's own audio streams have none.
            spoken = index in evidence.chat.spoken
            yield Fault(
                words=f"choice {index} has no finish reason",
                verdict=Verdict.NON_STRICT if spoken else None,
                seen="stream-truncated-no-finish" if cut else "finish-missing-with-done",
            )
        for frame, reason in reasons[1:]:
            yield Fault(
                words=f"choice {index} has a finish reason again: {reason!r}",
                frame=frame,
                seen="finish-repeated",
            )


@check(
    "E-003",
    "MUST",
    CHAT,
    f"A finish reason is one of {', '.join(REASONS)}.",
    source=CHAT_API,
    looks_at="the values of `finish_reason`",
    needs=("frames", "choices"),
)
def known_reason(evidence: Evidence) -> Iterator[Fault]:
    for reasons in evidence.chat.finishes.values():
        for frame, reason in reasons:
            if reason not in REASONS:
                yield Fault(
                    words=f"the finish reason is {reason!r}", frame=frame, seen="finish-eos_token"
                )


@check(
    "E-005",
    "MUST",
    CHAT,
    "Where the arguments of a call are cut short, the reason is `length` or `content_filter`, not that of a call.",
    source="https://github.com/vllm-project/vllm/issues/53739",
    looks_at="arguments that are the beginning of a JSON object, and the finish reason of their choice",
    needs=("frames", "calls"),
)
def cut_is_told(evidence: Evidence) -> Iterator[Fault]:
    for call in evidence.chat.calls:
        text = call.arguments
        reason = evidence.chat.reason_of(call.choice)
        cut = text.lstrip().startswith("{") and is_prefix(text) and not is_complete(text)
        if cut and not call.is_cumulative and reason not in (None, "length", "content_filter"):
            yield Fault(
                words=f"the arguments of {call.name!r} are cut, and the reason is {reason!r}",
                frame=call.deltas[-1][0],
            )


@check(
    "E-010",
    "MUST",
    CHAT,
    "An error within a stream is one event with `error` as an object that has a message; nothing follows it, least of all "
    "`[DONE]`.",
    source="OpenAI API reference, errors; openai-python raises on such an event",
    looks_at="error events and what follows them",
    needs=("frames", "an error"),
)
def error_object(evidence: Evidence) -> Iterator[Fault]:
    errors = evidence.chat.errors
    first = errors[0]
    if not _tells(first):
        yield Fault(
            words="`error` is no object with a message", frame=first.number, seen="error-string"
        )
    goes_on = {delta.frame for delta in evidence.chat.deltas if _answers(delta.delta)}
    for frame in evidence.frames[first.number :]:
        # OpenAI itself sends the usage, or when an audio expires, after an error.
        yield Fault(
            words="[DONE] follows the error" if frame.is_done else "an event follows the error",
            frame=frame.number,
            verdict=None if frame.number in goes_on else Verdict.NON_STRICT,
        )


def _answers(delta: dict[str, Any]) -> bool:
    return bool(delta.get("content") or delta.get("tool_calls"))


def _tells(frame: SeenFrame) -> bool:
    error = frame.value.get("error")
    return (
        isinstance(error, dict) and isinstance(error.get("message"), str) and bool(error["message"])
    )


@check(
    "E-012",
    "MUST",
    ALL,
    "Where a stream was asked for, status 200 is not followed by HTML, by one JSON body, or by nothing.",
    source="WHATWG HTML, 9.2.3",
    looks_at="the whole body",
)
def a_stream_at_all(evidence: Evidence) -> Iterator[Fault]:
    if evidence.is_stream or (evidence.end is not None and not evidence.end.whole):
        return
    body = evidence.body.strip()
    what = "HTML" if body[:1] == b"<" else "JSON" if body[:1] in (b"{", b"[") else "no event stream"
    yield Fault(
        words=f"the body is {what if body else 'empty'}",
        span=(0, len(evidence.body)),
        seen=("sse-json-error-body" if b'"error"' in body[:64] else "sse-json-completion-body")
        if body
        else "sse-empty-200",
    )


@check(
    "E-015",
    "MUST",
    RESPONSES,
    "One of response.completed, response.incomplete, response.failed or error ends the stream, once. (`[DONE]` may follow.)",
    source="OpenAI API reference, Responses streaming events",
    looks_at="the last events",
    needs=("frames", "whole", "events"),
)
def response_ends(evidence: Evidence) -> Iterator[Fault]:
    stream = evidence.responses
    if not stream.terminal:
        yield Fault(words="no event ends the response")
        return
    first = stream.terminal[0]
    for frame in stream.events:
        if frame.number > first.number and not _may_follow(first.value, frame.value):
            yield Fault(words="an event follows the one that ends the response", frame=frame.number)


def _may_follow(first: dict[str, Any], then: dict[str, Any]) -> bool:
    """OpenAI sends `error` and then `response.failed`, and news that is not of the response, such as rate limits."""
    if first.get("type") == "error" and then.get("type") == "response.failed":
        return True
    return (
        "response" not in then and "output_index" not in then and then.get("type") not in TERMINAL
    )


@check(
    "E-016",
    "MUST",
    ASSISTANTS,
    "Exactly one event ends the run, or says that it waits for outputs; then comes `event: done` with `[DONE]`.",
    source="OpenAI API reference, Assistants streaming events",
    looks_at="the last events",
    needs=("frames", "whole", "unfailed", "run events"),
)
def run_ends(evidence: Evidence) -> Iterator[Fault]:
    stream = evidence.assistants
    if not stream.ends and any(frame.event.startswith("thread.run") for frame in stream.events):
        yield Fault(words="no event ends the run")
    for frame in stream.ends[1:]:
        yield Fault(words="the run ends a second time", frame=frame.number)
    last = evidence.frames[-1]
    if last.event != "done" or last.data != DONE:
        yield Fault(words="the last event is not `done` with [DONE]", frame=last.number)


ENDING: Final[tuple[Check, ...]] = (
    done_once,
    finish_once,
    known_reason,
    cut_is_told,
    error_object,
    a_stream_at_all,
    response_ends,
    run_ends,
)
