"""R: the events of a Responses stream: their names and numbers, their order, and that the parts make the whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from streamnorm.arguments.prefix import is_complete
from streamnorm.conformance.base import RESPONSES, Check, Fault, Verdict, check
from streamnorm.conformance.chat import dicts, is_integer
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.frames import SeenFrame
from streamnorm.conformance.responses import ItemSeen

__all__ = ["RESPONSE"]

API: Final = "OpenAI API reference, Responses streaming events"

#: What a response must have, and of which type it is. (The required members of `Response` in OpenAI's specification, but those
#: that repeat the request.)
MEMBERS: Final[dict[str, tuple[type, ...]]] = {
    "id": (str,),
    "object": (str,),
    "created_at": (int, float),
    "model": (str,),
    "status": (str,),
    "output": (list,),
}

#: By the event that ends it: the status of the response.
STATUS: Final = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}

_TEXT_DELTA: Final = "response.output_text.delta"
_TEXT: Final = (_TEXT_DELTA, "response.output_text.done")
_ARGUMENTS_DELTA: Final = "response.function_call_arguments.delta"


def _kind(frame: SeenFrame) -> Any:
    return frame.value.get("type")


@check(
    "R-001",
    "MUST",
    RESPONSES,
    "The name of every event is the `type` in its data.",
    source=f"{API}; Open Responses, streaming",
    looks_at="`event:` and `type`",
    needs=("frames", "framing", "events"),
)
def named_as_typed(evidence: Evidence) -> Iterator[Fault]:
    for frame in evidence.responses.events:
        if isinstance(_kind(frame), str) and frame.event != _kind(frame):
            yield Fault(words=f"{frame.event!r} with the type {_kind(frame)!r}", frame=frame.number)


@check(
    "R-002",
    "MUST",
    RESPONSES,
    "`sequence_number` counts the events from 0, without a gap. (A stream that is taken up again goes on counting.)",
    source=API,
    looks_at="`sequence_number`",
    needs=("frames", "events"),
)
def counted(evidence: Evidence) -> Iterator[Fault]:
    first = evidence.responses.events[0].value.get("sequence_number")
    begin = first if evidence.resumed and is_integer(first) else 0
    for wanted, frame in enumerate(evidence.responses.events, begin):
        found = frame.value.get("sequence_number")
        if found != wanted:
            yield Fault(
                words=f"the number is {found!r}, not {wanted}",
                frame=frame.number,
                verdict=Verdict.NON_STRICT if found is None else None,
            )
            return


@check(
    "R-003",
    "MUST",
    RESPONSES,
    "The stream begins with response.created, then response.queued or response.in_progress.",
    source=API,
    looks_at="the first two events",
    needs=("frames", "events", "a beginning"),
)
def begins(evidence: Evidence) -> Iterator[Fault]:
    first, *rest = evidence.responses.events
    if _kind(first) not in ("response.created", "error"):
        yield Fault(words=f"the first event is {_kind(first)!r}", frame=first.number)
    wanted = ("response.queued", "response.in_progress", *STATUS, "error")
    if rest and _kind(first) == "response.created" and _kind(rest[0]) not in wanted:
        yield Fault(words=f"the second event is {_kind(rest[0])!r}", frame=rest[0].number)


@check(
    "R-004",
    "MUST",
    RESPONSES,
    "Every output item is opened by response.output_item.added and ended by response.output_item.done, before the response "
    "completes.",
    source=API,
    looks_at="the opening and the end of each `output_index`",
    needs=("frames", "whole", "events"),
)
def items_close(evidence: Evidence) -> Iterator[Fault]:
    stream = evidence.responses
    completed = any(_kind(frame) == "response.completed" for frame in stream.terminal)
    # OpenAI itself may leave it at the event that says so of a kind of tool: response.mcp_list_tools.completed.
    told = {
        (_kind(frame), str(frame.value["output_index"]))
        for frame in stream.events
        if is_integer(frame.value.get("output_index"))
    }
    for item in stream.items:
        said = (f"response.{item.type}.completed", str(item.index)) in told
        if completed and item.closed is None and not said:
            yield Fault(words=f"item {item.index} is never done", frame=item.opened.number)
    for item in stream.items:
        if not is_integer(item.index):
            yield Fault(words="an item without `output_index`", frame=item.opened.number)
    for frame in stream.unopened:
        yield Fault(
            words=f"item {frame.value.get('output_index')!r} is done and was not open",
            frame=frame.number,
        )


@check(
    "R-005",
    "MUST",
    RESPONSES,
    "What is said of an item comes while it is open, and its text between content_part.added and content_part.done.",
    source=API,
    looks_at="the order of events in each item",
    needs=("frames", "events"),
)
def parts_nest(evidence: Evidence) -> Iterator[Fault]:
    stream = evidence.responses
    items = stream.items
    closed_wrongly = {str(frame.value.get("output_index")) for frame in stream.unopened}
    for frame in stream.stray:
        if str(frame.value.get("output_index")) not in closed_wrongly:
            yield Fault(words=f"{_kind(frame)!r} of an item that is not open", frame=frame.number)
    for item in items:
        yield from _parts_of(item)


def _parts_of(item: ItemSeen) -> Iterator[Fault]:
    open_parts: set[str] = set()
    for frame in item.events:
        kind, part = _kind(frame), str(frame.value.get("content_index", 0))
        if kind == "response.content_part.added":
            open_parts.add(part)
        elif kind == "response.content_part.done":
            if part not in open_parts:
                yield Fault(words=f"part {part} is done and was not open", frame=frame.number)
            open_parts.discard(part)
        elif item.type == "message" and kind in _TEXT and part not in open_parts:
            yield Fault(words=f"text of part {part}, which is not open", frame=frame.number)
    if open_parts and item.closed is not None:
        yield Fault(words="the item is done, and a part of it is open", frame=item.closed.number)


@check(
    "R-006",
    "MUST",
    RESPONSES,
    "The deltas of a text join to the text of output_text.done, and to that of the item.",
    source=API,
    looks_at="texts, part by part",
    needs=("frames", "message items"),
)
def texts_agree(evidence: Evidence) -> Iterator[Fault]:
    for item in evidence.responses.items:
        if item.type != "message":
            continue
        for frame in item.events:
            if _kind(frame) == "response.output_text.done":
                yield from _text_agrees(evidence, item, frame)


def _text_agrees(evidence: Evidence, item: ItemSeen, whole: SeenFrame) -> Iterator[Fault]:
    at, text = whole.value.get("content_index", 0), whole.value.get("text")
    if not is_integer(at):
        yield Fault(words=f"`content_index` is {at!r}", frame=whole.number)
        return
    if item.joined(_TEXT_DELTA, at) != text:
        yield Fault(words="the deltas join to another text", frame=whole.number)
    for where, found in (("item", item.done), ("response", evidence.responses.final_item(item))):
        parts = dicts(found.get("content"))
        if 0 <= at < len(parts) and parts[at].get("text") != text:
            yield Fault(words=f"the {where} has another text", frame=whole.number)


@check(
    "R-007",
    "MUST",
    RESPONSES,
    "The deltas of a call's arguments join to those of function_call_arguments.done and of the item, and are JSON where the "
    "call is completed.",
    source=f"{API}; https://github.com/vllm-project/vllm/issues/47761",
    looks_at="the arguments of each call",
    needs=("frames", "function items"),
)
def arguments_agree(evidence: Evidence) -> Iterator[Fault]:
    for item in evidence.responses.items:
        if item.type == "function_call" and item.closed is not None:
            yield from _arguments_agree(evidence, item, item.closed)


def _arguments_agree(evidence: Evidence, item: ItemSeen, closed: SeenFrame) -> Iterator[Fault]:
    joined = item.joined(_ARGUMENTS_DELTA)
    said = [
        (frame.number, frame.value.get("arguments"))
        for frame in item.events
        if _kind(frame) == "response.function_call_arguments.done"
    ]
    said.append((closed.number, item.done.get("arguments")))
    final = evidence.responses.final_item(item)
    if final:
        said.append((evidence.responses.terminal[-1].number, final.get("arguments")))
    for frame, text in said:
        if text != joined:
            yield Fault(words="the deltas join to other arguments", frame=frame)
    text = item.done.get("arguments")
    if item.done.get("status") == "completed" and isinstance(text, str) and not is_complete(text):
        yield Fault(
            words="the call is completed, and its arguments are not JSON", frame=closed.number
        )


@check(
    "R-008",
    "MUST",
    RESPONSES,
    "Every function call has a `call_id` that is not empty, is not the item's `id`, and that no other call has.",
    source=API,
    looks_at="`item.call_id`",
    needs=("frames", "function items"),
)
def call_ids(evidence: Evidence) -> Iterator[Fault]:
    known: set[str] = set()
    for item in evidence.responses.items:
        if item.type != "function_call":
            continue
        found = item.added.get("call_id")
        if not isinstance(found, str) or not found:
            yield Fault(words=f"`call_id` is {found!r}", frame=item.opened.number)
        elif found == item.added.get("id"):
            yield Fault(words="`call_id` is the item's id", frame=item.opened.number)
        elif found in known:
            yield Fault(words=f"another call has {found!r}", frame=item.opened.number)
        else:
            known.add(found)


@check(
    "R-009",
    "MUST",
    RESPONSES,
    f"The final response has {', '.join(MEMBERS)}, and the status that its event says.",
    source="OpenAI's specification, the schema `Response`",
    looks_at="the response in the last event",
    needs=("frames", "terminal", "a final response"),
)
def final_response(evidence: Evidence) -> Iterator[Fault]:
    stream = evidence.responses
    last = stream.terminal[-1]
    for member, types in MEMBERS.items():
        found = stream.final.get(member)
        if not isinstance(found, types) or isinstance(found, bool):
            yield Fault(words=f"`{member}` is {found!r}"[:200], frame=last.number)
    if stream.final.get("object") not in (None, "response"):
        yield Fault(words=f"`object` is {stream.final['object']!r}", frame=last.number)
    wanted, status = STATUS.get(_kind(last)), stream.final.get("status")
    if wanted is not None and isinstance(status, str) and status != wanted:
        yield Fault(words=f"{_kind(last)} with the status {status!r}", frame=last.number)


@check(
    "R-010",
    "MUST",
    RESPONSES,
    "Every event has a `type`. (Types that are not in the specification are allowed.)",
    source=API,
    looks_at="`type`",
    needs=("frames", "events"),
)
def has_type(evidence: Evidence) -> Iterator[Fault]:
    for frame in evidence.responses.events:
        if not isinstance(_kind(frame), str) or not _kind(frame):
            yield Fault(words="an event without a type", frame=frame.number)


@check(
    "R-012",
    "SHOULD",
    RESPONSES,
    "An answer that used all of `max_output_tokens` ends in response.incomplete, with the reason max_output_tokens.",
    source="OpenAI API reference, `max_output_tokens`",
    looks_at="the last event, where the limit was reached",
    needs=("frames", "terminal", "an output limit"),
)
def limit_is_told(evidence: Evidence) -> Iterator[Fault]:
    stream = evidence.responses
    limit, usage = evidence.asked("max_output_tokens"), stream.final.get("usage")
    used = usage.get("output_tokens") if isinstance(usage, dict) else None
    details = stream.final.get("incomplete_details")
    told = isinstance(details, dict) and details.get("reason") == "max_output_tokens"
    if is_integer(used) and used >= limit and not told:
        yield Fault(
            words=f"{used} tokens of {limit}, and {_kind(stream.terminal[-1])!r}",
            frame=stream.terminal[-1].number,
        )


RESPONSE: Final[tuple[Check, ...]] = (
    named_as_typed,
    counted,
    begins,
    items_close,
    parts_nest,
    texts_agree,
    arguments_agree,
    call_ids,
    final_response,
    has_type,
    limit_is_told,
)
