"""A: the events of an Assistants stream (v2): their order, and that the parts make the whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from streamnorm.conformance.base import ASSISTANTS, Check, Fault, check
from streamnorm.conformance.chat import dicts, is_integer
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.frames import SeenFrame

__all__ = ["ASSISTANT"]

API: Final = "OpenAI API reference, Assistants streaming events"

#: How far along a run is at each of these events; none may come after one that is further.
_RUN: Final = {"thread.run.created": 0, "thread.run.queued": 1, "thread.run.in_progress": 2}

#: By what begins it: what may only follow.
_OPENS: Final = {
    "thread.run.step.created": "thread.run.step.",
    "thread.message.created": "thread.message.",
}


@check(
    "A-001",
    "MUST",
    ASSISTANTS,
    "A run is created, queued, then in progress; a step and a message are created before anything else is said of them.",
    source=API,
    looks_at="the order of events, by id",
    needs=("frames", "run events"),
)
def in_order(evidence: Evidence) -> Iterator[Fault]:
    opened: set[str] = set()
    stage = 0
    continued = not evidence.assistants.of("thread.run.created")
    for frame in evidence.assistants.events:
        if frame.event in _RUN:
            if _RUN[frame.event] < stage:
                yield Fault(words=f"{frame.event} comes late", frame=frame.number)
            stage = max(stage, _RUN[frame.event])
        elif frame.event in _OPENS:
            opened.add(str(frame.value.get("id")))
        elif frame.event.startswith(tuple(_OPENS.values())):
            # A run that goes on with outputs goes on with the step that asked for them.
            known = str(frame.value.get("id")) in opened or (continued and ".step." in frame.event)
            if not known:
                yield Fault(words=f"{frame.event} of what was not created", frame=frame.number)


@check(
    "A-002",
    "MUST",
    ASSISTANTS,
    "The deltas of a message join to the texts of the message when it is completed.",
    source=API,
    looks_at="`delta.content[].text.value`, by index",
    needs=("frames", "run messages"),
)
def texts_join(evidence: Evidence) -> Iterator[Fault]:
    stream = evidence.assistants
    parts: dict[tuple[str, str], list[str]] = {}
    for frame in stream.of("thread.message.delta"):
        for content in dicts(_delta(frame).get("content")):
            value = _object(content.get("text")).get("value")
            if isinstance(value, str):
                parts.setdefault(_place(frame, content.get("index")), []).append(value)
    for frame in stream.of("thread.message.completed"):
        for at, content in enumerate(dicts(frame.value.get("content"))):
            said = "".join(parts.get(_place(frame, at), ()))
            if content.get("type") == "text" and said != _object(content.get("text")).get("value"):
                yield Fault(
                    words=f"the deltas of part {at} join to another text", frame=frame.number
                )


@check(
    "A-003",
    "MUST",
    ASSISTANTS,
    "Every delta of a call has an integer `index`, and its arguments join to those that the run then asks to be answered.",
    source=API,
    looks_at="`step_details.tool_calls[]` of deltas, and `required_action`",
    needs=("frames", "a required action"),
)
def arguments_join(evidence: Evidence) -> Iterator[Fault]:
    parts: dict[str, list[str]] = {}
    ids: dict[int, str] = {}
    for frame, call in _call_deltas(evidence):
        index = call.get("index")
        if not is_integer(index):
            yield Fault(words=f"the index of a call is {index!r}", frame=frame.number)
            continue
        ids.setdefault(index, str(call.get("id")))
        text = _object(call.get("function")).get("arguments")
        if isinstance(text, str):
            parts.setdefault(ids[index], []).append(text)
    where = evidence.assistants.of("thread.run.requires_action")[-1].number
    for call in evidence.assistants.required:
        wanted = _object(call.get("function")).get("arguments")
        if str(call.get("id")) in parts and "".join(parts[str(call.get("id"))]) != wanted:
            yield Fault(
                words=f"the deltas of {call.get('id')!r} join to other arguments", frame=where
            )


@check(
    "A-004",
    "MUST",
    ASSISTANTS,
    "The calls that a run asks to be answered have the ids that they have in its step.",
    source=API,
    looks_at="ids of calls in deltas and in `required_action`",
    needs=("frames", "a required action"),
)
def ids_agree(evidence: Evidence) -> Iterator[Fault]:
    told = {str(call.get("id")) for _, call in _call_deltas(evidence)}
    where = evidence.assistants.of("thread.run.requires_action")[-1].number
    for call in evidence.assistants.required:
        if told and str(call.get("id")) not in told:
            yield Fault(words=f"the id {call.get('id')!r} is in no step", frame=where)


@check(
    "A-007",
    "SHOULD",
    ASSISTANTS,
    "The data of an error event is an object with a message, and then comes `event: done`.",
    source=API,
    looks_at="error events and what follows them",
    needs=("frames", "a run error"),
)
def error_then_done(evidence: Evidence) -> Iterator[Fault]:
    frame = evidence.assistants.errors[0]
    value = _object(frame.value)
    if not isinstance(_object(value.get("error", value)).get("message"), str):
        yield Fault(words="the error has no message", frame=frame.number)
    if evidence.frames[-1].event != "done":
        yield Fault(words="no `done` follows the error", frame=evidence.frames[-1].number)


def _call_deltas(evidence: Evidence) -> Iterator[tuple[SeenFrame, dict[str, Any]]]:
    for frame in evidence.assistants.of("thread.run.step.delta"):
        for call in dicts(_object(_delta(frame).get("step_details")).get("tool_calls")):
            yield frame, call


def _place(frame: SeenFrame, index: Any) -> tuple[str, str]:
    return str(frame.value.get("id")), str(index)


def _delta(frame: SeenFrame) -> dict[str, Any]:
    return _object(frame.value.get("delta"))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


ASSISTANT: Final[tuple[Check, ...]] = (
    in_order,
    texts_join,
    arguments_join,
    ids_agree,
    error_then_done,
)
