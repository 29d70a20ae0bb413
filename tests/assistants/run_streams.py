"""Streams of runs for the tests of what follows them: recorded, our own, and made up; and the handlers, ours and the SDK's,
with every callback written down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from corpus import CAPTURES
from hypothesis import strategies as st

from streamnorm.sse import Frame, FrameDecoder

FIXTURES = Path(__file__).parents[2] / "fixtures" / "assistants"

CALLBACKS = (
    *("on_event", "on_run_step_created", "on_run_step_delta", "on_run_step_done"),
    *("on_tool_call_created", "on_tool_call_delta", "on_tool_call_done"),
    *("on_message_created", "on_message_delta", "on_message_done"),
    *("on_text_created", "on_text_delta", "on_text_done", "on_image_file_done"),
    *("on_exception", "on_timeout", "on_end"),
)


def streams() -> dict[str, Path]:
    """Recorded streams, and our own with events that the SDK knows."""
    found = [*sorted(CAPTURES.glob("assistants/*/*.sse")), *sorted(FIXTURES.glob("*.sse"))]
    return {path.stem: path for path in found if path.stem != "unknown-event"}


def frames_of(path: Path) -> list[Frame]:
    decoder = FrameDecoder()
    return [*decoder.feed(path.read_bytes()), *decoder.close()]


def pairs_of(path: Path) -> list[tuple[str, Any]]:
    """The events of a stream, by name, and their data."""
    return [(f.event, json.loads(f.data)) for f in frames_of(path) if f.data != b"[DONE]"]


# Handlers that write down what they are called with, and what they know while they are.


def _seen(handler: Any, name: str, arguments: Iterable[Any]) -> tuple[Any, ...]:
    known = (
        "current_event",
        "current_run",
        "current_run_step_snapshot",
        "current_message_snapshot",
    )
    told = [str(each) if isinstance(each, Exception) else repr(each) for each in arguments]
    return name, told, *(repr(getattr(handler, field)) for field in known)


@cache
def logging(base: type) -> type:
    def callback(name: str) -> Any:
        def call(self: Any, *arguments: Any) -> None:
            self.log.append(_seen(self, name, arguments))

        async def call_later(self: Any, *arguments: Any) -> None:
            call(self, *arguments)

        return call_later if base.__name__.startswith("Async") else call

    def begin(self: Any) -> None:
        base.__init__(self)  # type: ignore[misc]
        self.log = []

    return type("Logging", (base,), {"__init__": begin, **{n: callback(n) for n in CALLBACKS}})


class Feed:
    """A stream of events, which can be closed; it fails with `error` behind the last of them."""

    def __init__(self, events: Iterable[Any], error: Exception | None = None) -> None:
        self.events = list(events)
        self.error = error
        self.closed = False

    def __iter__(self) -> Any:
        yield from self.events
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed = True


class AsyncFeed(Feed):
    async def __aiter__(self) -> AsyncIterator[Any]:
        for event in Feed.__iter__(self):
            yield event

    async def close(self) -> None:  # type: ignore[override]
        self.closed = True


# Runs that nobody recorded.

_RUN = {"id": "run_1", "object": "thread.run", "created_at": 1, "assistant_id": "a", "model": "m"}
_RUN |= {
    "thread_id": "t",
    "status": "queued",
    "instructions": "",
    "tools": [],
    "parallel_tool_calls": True,
}
_SHORT = st.text(max_size=4)


def _of(id: str, kind: str, **fields: Any) -> dict[str, Any]:
    made = {"id": id, "object": kind, "created_at": 1, "assistant_id": "a", "thread_id": "t"}
    return {**made, "run_id": "run_1", "status": "in_progress", "metadata": None, **fields}


@st.composite
def _part_deltas(draw: st.DrawFn, index: int) -> list[dict[str, Any]]:
    kind = draw(st.sampled_from(["text", "text", "refusal", "image_file", "image_url"]))
    made = {"index": index, "type": kind}
    if kind == "image_file":
        return [{**made, "image_file": {"file_id": draw(_SHORT)}}]
    if kind == "image_url":
        return [{**made, "image_url": {"url": draw(_SHORT), "detail": "low"}}]
    pieces = draw(st.lists(_SHORT, min_size=1, max_size=4))
    if kind == "refusal":
        return [{**made, "refusal": piece} for piece in pieces]
    texts: list[dict[str, Any]] = [{"value": piece} for piece in pieces]
    texts[0]["annotations"] = []
    if draw(st.booleans()):
        citation = {"type": "file_citation", "text": "[1]", "start_index": 0, "end_index": 3}
        texts[-1]["annotations"] = [{"index": 0, **citation, "file_citation": {"file_id": "f"}}]
    return [{**made, "text": text} for text in texts]


def _whole(deltas: list[dict[str, Any]]) -> dict[str, Any]:
    kind = deltas[0]["type"]
    if kind == "text":
        value = "".join(delta["text"]["value"] for delta in deltas)
        return {"type": kind, "text": {"value": value, "annotations": []}}
    if kind == "refusal":
        return {"type": kind, "refusal": "".join(delta["refusal"] for delta in deltas)}
    return {key: value for key, value in deltas[0].items() if key != "index"}


@st.composite
def _messages(draw: st.DrawFn, number: int) -> list[tuple[str, Any]]:
    parts = [draw(_part_deltas(index)) for index in range(draw(st.integers(1, 3)))]
    deltas = [[delta] for part in parts for delta in part]
    if draw(st.booleans()) and len(deltas) > 1:
        deltas = [deltas[0] + deltas[1], *deltas[2:]]
    name, end = f"msg_{number}", draw(st.sampled_from(["completed", "incomplete"]))
    begin = _of(name, "thread.message", role="assistant", content=[], attachments=[])
    step = _of(f"step_{number}", "thread.run.step", type="message_creation")
    step["step_details"] = {"type": "message_creation", "message_creation": {"message_id": name}}
    told = [
        ("message.delta", {"id": name, "object": "thread.message.delta", "delta": {"content": d}})
        for d in deltas
    ]
    whole = {**begin, "status": end, "content": [_whole(part) for part in parts]}
    return [
        *(("run.step.created", step), ("run.step.in_progress", step)),
        *(("message.created", begin), ("message.in_progress", begin), *told),
        *((f"message.{end}", whole), ("run.step.completed", {**step, "status": "completed"})),
    ]


@st.composite
def _calls(draw: st.DrawFn, number: int) -> list[tuple[str, Any]]:
    name = f"step_{number}"
    details: dict[str, Any] = {"type": "tool_calls", "tool_calls": []}
    step = _of(name, "thread.run.step", type="tool_calls", step_details=details)
    deltas: list[dict[str, Any]] = []
    for index in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["function", "code_interpreter", "file_search"]))
        field = {"function": "arguments", "code_interpreter": "input"}.get(kind)
        first: dict[str, Any] = {"name": "f", "output": None} if kind == "function" else {}
        if kind == "code_interpreter":
            first["outputs"] = []
        head = {"index": index, "type": kind}
        deltas.append(
            {
                **head,
                "id": f"call_{number}_{index}",
                kind: {**first, **({field: ""} if field else {})},
            }
        )
        if field:
            deltas += [
                {**head, kind: {field: piece}} for piece in draw(st.lists(_SHORT, max_size=3))
            ]
        if kind == "code_interpreter":
            logs = {"index": 0, "type": "logs", "logs": draw(_SHORT)}
            deltas += [{**head, kind: {"outputs": [logs]}}] * draw(st.integers(0, 2))
    told = []
    for delta in deltas:
        data = {"step_details": {"type": "tool_calls", "tool_calls": [delta]}}
        told.append(
            ("run.step.delta", {"id": name, "object": "thread.run.step.delta", "delta": data})
        )
    ends = ["completed", "failed", "cancelled", "expired", None]
    end = draw(st.sampled_from(ends))
    ended = [] if end is None else [(f"run.step.{end}", {**step, "status": end})]
    return [("run.step.created", step), ("run.step.in_progress", step), *told, *ended]


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """The events of a run, by name, and their data."""
    made: list[tuple[str, Any]] = [
        (f"run.{name}", _RUN) for name in ("created", "queued", "in_progress")
    ]
    for number in range(draw(st.integers(0, 3))):
        made += draw(st.one_of(_messages(number), _calls(number)))
    end = draw(st.sampled_from(["completed", "requires_action", "failed", "incomplete", "expired"]))
    return [
        (f"thread.{name}", json.loads(json.dumps(data)))
        for name, data in [*made, (f"run.{end}", _RUN)]
    ]
