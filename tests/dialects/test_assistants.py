"""Streams of OpenAI's Assistants API: what was recorded, what is legal, and what servers could send."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from corpus import CAPTURES, facts, require
from dialect_streams import (
    damaged,
    fixtures_of,
    kinds_in,
    parsed,
    story,
    two_way_splits_differ,
    violations_of,
    walks_of,
    with_each_between,
)
from strategies import Told, judge, tell

from streamnorm import Normalizer
from streamnorm.dialects.assistants import AssistantsReader
from streamnorm.dialects.assistants.order import MESSAGE, RUN, RUN_ENDS, STEP
from streamnorm.dialects.assistants.types import EVENTS, decode
from streamnorm.dialects.order import START
from streamnorm.sse import Frame, FrameDecoder

DIALECT = "assistants"

_DOTS = {"unknown-line", "deltas-differ", "frame-unterminated"}
_BRACES = {"brace-extra", *_DOTS}
#: What is found in the specification's examples, which are abridged with a line of dots, and have braces too many.
EXAMPLES = {
    "paths_threads_runs_post_Streaming_with_Functions": {*_BRACES, "tool-arguments-incomplete"},
    "paths_threads_thread_id_runs_post_Streaming": _BRACES,
    "paths_threads_thread_id_runs_post_Streaming_with_Functions": _BRACES,
    "paths_threads_thread_id_runs_run_id_submit_tool_outputs_post_Streaming": _BRACES,
    # `data:` is missing before the run that ends it.
    "paths_threads_runs_post_Streaming": {*_DOTS, "json-body", "stream-failed"},
}

STRANGERS: list[Any] = [
    {"event": "thread.message.sparkle", "data": {"id": "msg_1", "glitter": True}},
    {"event": "thread.run.step.output", "data": {"id": "step_1", "delta": 1}},
    {"event": "keepalive", "data": {}},
    {"id": "x"},
]


def captures() -> dict[str, Path]:
    return {path.stem: path for path in sorted(CAPTURES.glob("assistants/*/*.sse"))}


def examples() -> dict[str, Path]:
    return {path.stem: path for path in sorted(CAPTURES.glob("reference/*/paths_threads*.sse"))}


# Streams as objects, each the name of an event and its data, and back.


def objects_of(body: bytes) -> list[Any]:
    decoder = FrameDecoder()
    frames = [*decoder.feed(body), *decoder.close()]
    return [_object(frame) for frame in frames]


def _object(frame: Frame) -> Any:
    done = frame.data == b"[DONE]"
    return {"event": frame.event, "data": None if done else json.loads(frame.data)}


def as_sse(objects: Iterable[Any]) -> bytes:
    return b"".join(map(_frame, objects))


def _frame(made: Any) -> bytes:
    if not isinstance(made, dict) or "event" not in made:
        return b"data: " + json.dumps(made).encode() + b"\n\n"
    data = "[DONE]" if made["event"] == "done" else json.dumps(made.get("data"))
    name = str(made["event"]).encode("utf-8", "replace").replace(b"\0", b"")
    return b"event: " + name + b"\ndata: " + data.encode() + b"\n\n"


def event(name: str, **data: Any) -> dict[str, Any]:
    return {"event": f"thread.{name}", "data": data}


def part(value: str | None = None, index: int | None = 0, **text: Any) -> dict[str, Any]:
    return {"index": index, "type": "text", "text": {"value": value, **text}}


def message_delta(*parts: Any, id: str = "msg_1") -> dict[str, Any]:
    return event("message.delta", id=id, delta={"content": list(parts)})


def call_delta(*calls: Any, id: str = "step_1") -> dict[str, Any]:
    details = {"type": "tool_calls", "tool_calls": list(calls)}
    return event("run.step.delta", id=id, delta={"step_details": details})


def function(arguments: str, index: int = 0, **call: Any) -> dict[str, Any]:
    named = {"name": call.pop("name")} if "name" in call else {}
    made = {"arguments": arguments, **named}
    return {"index": index, "type": "function", "function": made, **call}


RUN_DATA = {"id": "run_1", "model": "m-1", "created_at": 1_700_000_000}
HEAD = [event(f"run.{name}", **RUN_DATA) for name in ("created", "queued", "in_progress")]
MESSAGE_HEAD = [event(f"message.{name}", id="msg_1") for name in ("created", "in_progress")]
STEP_HEAD = [event(f"run.step.{name}", id="step_1") for name in ("created", "in_progress")]
COMPLETED = event("run.completed", **RUN_DATA)
DONE = {"event": "done", "data": None}


def read(*events: Any, head: bool = True, done: bool = True) -> Told:
    return judge(
        as_sse([*(HEAD if head else ()), *events, *([DONE] if done else ())]), dialect=DIALECT
    )


def required(*calls: Any) -> dict[str, Any]:
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": list(calls)}}
    return event("run.requires_action", **RUN_DATA, required_action=action)


# What was recorded.


def test_the_corpus_is_whole() -> None:
    require(CAPTURES / "index.json")
    assert len(captures()) == 16
    assert examples().keys() == EXAMPLES.keys()


@pytest.mark.parametrize("name", captures())
def test_a_recorded_stream_is_complete_and_nothing_is_found(name: str) -> None:
    told = judge(captures()[name].read_bytes(), dialect=DIALECT)
    assert told.complete
    assert told.findings == []


@pytest.mark.parametrize("name", examples())
def test_in_a_published_example_all_is_found_that_is_wrong_with_it(name: str) -> None:
    told = judge(examples()[name].read_bytes(), dialect=DIALECT)
    assert told.codes == EXAMPLES[name]
    assert told.complete == ("stream-failed" not in EXAMPLES[name])


@pytest.mark.parametrize("name", captures())
def test_it_comes_to_what_its_own_last_events_say(name: str) -> None:
    path = captures()[name]
    expected = json.loads(path.with_suffix(".expected.json").read_text("utf-8"))["expected"]
    told = tell(path.read_bytes(), dialect=DIALECT)
    (choice,) = told.result.choices
    parts = [each for message in expected["messages"] for each in message["content"]]
    assert (choice.message.content or "") == "".join(each["text"]["value"] for each in parts)
    annotations = [a for each in parts for a in each["text"]["annotations"]]
    # Only deltas have what was quoted.
    kept = [
        {key: value for key, value in found.items() if key != "file_citation"}
        for found in choice.message.annotations or ()
    ]
    assert kept == [{k: v for k, v in a.items() if k != "file_citation"} for a in annotations]
    calls = [
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in expected["tool_calls"] or ()
    ]
    assert [(call.id, call.name, call.arguments) for call in choice.message.tool_calls] == calls
    assert all(call.complete for call in choice.message.tool_calls)
    assert choice.finish_reason == ("tool_calls" if calls else "stop")
    (run,) = [each for each in objects_of(path.read_bytes()) if each["event"] in RUN_ENDS]
    assert told.result.id == run["data"]["id"]
    assert told.result.model == run["data"]["model"]
    sent = run["data"]["usage"]
    assert told.result.usage == sent or {**told.result.usage, **sent} == told.result.usage


@pytest.mark.parametrize("name", captures())
def test_a_capture_may_be_cut_between_any_two_frames_and_in_any_of_them(name: str) -> None:
    """A reader sees frames: a cut within one can change no more than how that one is decoded."""
    body = captures()[name].read_bytes()
    whole = tell(body, dialect=DIALECT)
    at = 0
    for block in body.split(b"\n\n")[:-1]:
        frame = block + b"\n\n"
        expected = FrameDecoder().feed(frame)
        assert len(expected) == 1
        for cut in range(1, len(frame)):
            decoder = FrameDecoder()
            assert [*decoder.feed(frame[:cut]), *decoder.feed(frame[cut:])] == expected
        at += len(frame)
        assert tell([body[:at], body[at:]], dialect=DIALECT) == whole
    single = [body[at : at + 1] for at in range(len(body))]
    assert tell(single, dialect=DIALECT) == whole


def test_a_small_capture_may_be_cut_anywhere() -> None:
    require(CAPTURES / "index.json")
    smallest = min(captures().values(), key=lambda path: path.stat().st_size)
    assert two_way_splits_differ(smallest.read_bytes(), DIALECT) == []


@pytest.mark.parametrize("name", [*captures(), *examples()])
def test_a_capture_is_known_for_what_it_is(name: str) -> None:
    body = {**captures(), **examples()}[name].read_bytes()
    normalizer = Normalizer(dialect="auto")
    normalizer.feed(body)
    normalizer.close()
    assert normalizer.dialect == DIALECT
    assert tell(body, dialect="auto") == tell(body, dialect=DIALECT)


def test_frames_that_somebody_else_decoded_are_known_too() -> None:
    body = as_sse([*HEAD, COMPLETED, DONE])
    normalizer = Normalizer(dialect="auto")
    normalizer.feed_frames(FrameDecoder().feed(body))
    normalizer.close()
    assert (normalizer.dialect, normalizer.complete) == (DIALECT, True)


@pytest.mark.parametrize("path", fixtures_of(DIALECT), ids=lambda path: path.stem)
def test_strangers_anywhere_change_nothing(path: Path) -> None:
    objects = objects_of(path.read_bytes())
    whole = story(tell(as_sse(objects), dialect=DIALECT))
    for mixed in with_each_between(objects, STRANGERS):
        assert story(tell(as_sse(mixed), dialect=DIALECT)) == whole


# The types.


def test_every_event_is_typed() -> None:
    documented = facts("dialects/assistants.json")["events"]
    assert EVENTS.keys() == documented.keys()
    assert len(EVENTS) == 25
    assert EVENTS.keys() - AssistantsReader.kinds.keys() == {"error", "done"}


@pytest.mark.parametrize("name", captures())
def test_every_recorded_event_is_what_its_name_says(name: str) -> None:
    for made in objects_of(captures()[name].read_bytes()):
        data = json.dumps(made["data"]).encode()
        found = decode(made["event"], data)
        if made["event"] == "done":
            assert found == data
            continue
        assert type(found) is EVENTS[made["event"]]
        assert found.id == made["data"]["id"]


def test_what_is_no_event_is_left_as_it_is() -> None:
    assert decode("thread.message.sparkle", b"{") == b"{"
    with pytest.raises(msgspec.DecodeError):
        decode("thread.message.delta", b'{"delta": []}')


# The order.


def test_the_tables_are_of_what_is_documented() -> None:
    documented = facts("dialects/assistants.json")["events"].keys()
    assert kinds_in(RUN) == documented - {"error"}
    assert kinds_in(STEP) == {name for name in documented if name.startswith("thread.run.step.")}
    assert kinds_in(MESSAGE) == {name for name in documented if name.startswith("thread.message.")}
    # A1: where a run has ended for this stream.
    ended = "completed incomplete failed cancelled expired requires_action"
    assert RUN_ENDS.keys() == {f"thread.run.{name}" for name in ended.split()}


def run_only(walk: list[str]) -> bool:
    return not any(name in kinds_in(STEP) | kinds_in(MESSAGE) for name in walk)


def test_in_a_run_what_is_legal_passes() -> None:
    seen = set()
    for walk in walks_of(RUN, 400):
        if run_only(walk):
            told = read(*(e if e != "done" else DONE for e in _named(walk)), head=False, done=False)
            assert "event-out-of-order" not in told.codes
            seen.update(walk)
    assert seen >= {"done", *RUN_ENDS}


def _named(walk: Iterable[str]) -> list[Any]:
    return [DONE if n == "done" else {"event": n, "data": dict(RUN_DATA)} for n in walk]


def test_in_a_run_what_is_not_legal_is_found() -> None:
    for path, name in violations_of(RUN):
        if name == "done":
            continue
        told = read(*_named([*path, name]), head=False, done=False)
        over = bool(path) and (path[-1] == "done" or "thread.run.failed" in path)
        assert told.codes & {"event-after-end" if over else "event-out-of-order"}, (path, name)


@pytest.mark.parametrize(("table", "what"), [(STEP, "run.step"), (MESSAGE, "message")])
def test_in_a_step_and_in_a_message_what_is_legal_passes_and_what_is_not_is_found(
    table: Any, what: str
) -> None:
    def events(walk: list[str]) -> list[Any]:
        return [{"event": name, "data": {"id": "x"}} for name in walk]

    for walk in walks_of(table, 50):
        assert read(*events(walk), COMPLETED).findings == []
    for path, name in violations_of(table):
        found = read(*events([*path, name]), COMPLETED).findings
        details = [each.detail for each in found if each.code == "event-out-of-order"]
        assert any(detail.startswith(name) for detail in details), (path, name)
    assert what in next(iter(kinds_in(table)))
    assert START in table


def test_a_run_is_not_complete_before_what_is_in_it() -> None:
    told = read(*STEP_HEAD, *MESSAGE_HEAD, message_delta(part("a")), COMPLETED)
    (found,) = told.findings
    assert found.code == "event-out-of-order"
    assert found.detail == "thread.run.completed before the step 'step_1' has ended"


def test_the_step_of_calls_that_were_answered_may_stay_open() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    delta = call_delta(function("{}", id="call_1", name="f"))
    assert read(*STEP_HEAD, delta, required(call)).findings == []


# What is in it.


def test_no_stream_without_its_end_is_complete() -> None:
    for path in fixtures_of(DIALECT):
        objects = objects_of(path.read_bytes())
        if objects[-1] != DONE or not judge(path.read_bytes(), dialect=DIALECT).complete:
            continue
        for at in range(len(objects) - 1):
            told = judge(as_sse(objects[:at]), dialect=DIALECT)
            assert told.error is not None
            assert told.error.kind == "truncated"
        told = judge(as_sse(objects[:-1]), dialect=DIALECT)
        assert told.complete
        assert "end-missing" in told.codes


def test_done_alone_is_no_end() -> None:
    for events, words in (([], "it said anything"), (HEAD, "its finish reason")):
        told = read(*events, head=False)
        assert told.error is not None
        assert told.error.message == f"the stream is done before {words}"


@pytest.mark.parametrize(
    ("source", "found"),
    [("deltas", set()), ("whole", {"deltas-missing"}), ("half", {"deltas-missing"})],
)
def test_text_and_arguments_come_once_wherever_they_are(source: str, found: set[str]) -> None:
    sent = {"deltas": ("Hello", '{"a": 1}'), "whole": ("", ""), "half": ("He", '{"a')}[source]
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    told = read(
        *MESSAGE_HEAD,
        message_delta(part(sent[0])),
        event(
            "message.completed", id="msg_1", content=[{"type": "text", "text": {"value": "Hello"}}]
        ),
        *STEP_HEAD,
        call_delta(function(sent[1], id="call_1", name="f")),
        required(call),
    )
    assert told.codes == found
    message = told.result.message
    assert message.content == "Hello"
    assert [(c.id, c.name, c.arguments) for c in message.tool_calls] == [
        ("call_1", "f", '{"a": 1}')
    ]


def test_what_differs_from_the_deltas_is_found_and_not_told() -> None:
    told = read(
        *MESSAGE_HEAD,
        message_delta(part("Hello")),
        event(
            "message.completed", id="msg_1", content=[{"type": "text", "text": {"value": "Bye"}}]
        ),
        COMPLETED,
    )
    assert told.codes == {"deltas-differ"}
    assert told.result.message.content == "Hello"


def test_calls_of_parallel_steps_and_indexes_are_kept_apart() -> None:
    told = read(
        *STEP_HEAD,
        call_delta(
            function('{"a"', 0, id="call_1", name="f"), function('{"b"', 1, id="call_2", name="g")
        ),
        call_delta(function(": 2}", 1)),
        call_delta(function(": 1}", 0)),
        required(),
    )
    calls = told.result.message.tool_calls
    assert [(c.id, c.name, parsed(c.arguments)) for c in calls] == [
        ("call_1", "f", {"a": 1}),
        ("call_2", "g", {"b": 2}),
    ]


def test_a_name_may_come_late_or_with_the_run_that_waits_for_it() -> None:
    late = [call_delta(function('{"a": ')), call_delta(function("1}", id="call_1", name="f"))]
    for calls in ([*late, required()], [late[0], call_delta(function("1}"))]):
        sent = {"id": "call_1", "function": {"name": "f", "arguments": '{"a": 1}'}}
        told = read(
            *STEP_HEAD, *calls, *([] if calls[-1]["event"] in RUN_ENDS else [required(sent)])
        )
        (call,) = told.result.message.tool_calls
        assert (call.id, call.name, call.arguments) == ("call_1", "f", '{"a": 1}')


def test_halves_of_a_character_in_two_deltas_are_one() -> None:
    cut = as_sse(
        [*HEAD, *MESSAGE_HEAD, message_delta(part("\ud83d")), message_delta(part("\ude00"))]
    )
    told = judge(cut + as_sse([COMPLETED, DONE]), dialect=DIALECT)
    assert told.result.message.content == "\U0001f600"
    assert "surrogate-split" in told.codes


def test_an_annotation_is_told_once_and_one_that_only_the_whole_has_too() -> None:
    citation = {"type": "file_citation", "text": "[1]", "file_citation": {"file_id": "f"}}
    path = {"type": "file_path", "text": "a.csv", "file_path": {"file_id": "g"}}
    whole = {"type": "text", "text": {"value": "a", "annotations": [citation, path]}}
    told = read(
        *MESSAGE_HEAD,
        message_delta(part("a", annotations=[{"index": 0, **citation}])),
        event("message.completed", id="msg_1", content=[whole]),
        COMPLETED,
    )
    assert told.result.message.annotations == [citation, path]


@pytest.mark.parametrize(
    ("end", "reason", "finish"),
    [
        ("completed", None, "stop"),
        ("requires_action", None, "tool_calls"),
        ("incomplete", "max_completion_tokens", "length"),
        ("incomplete", "max_prompt_tokens", "length"),
        ("incomplete", "sunspots", "other"),
    ],
)
def test_a_run_ends_as_the_table_says(end: str, reason: str | None, finish: str) -> None:
    call = call_delta(function("{}", id="call_1", name="f"))
    calls = [*STEP_HEAD, call] if end == "requires_action" else []
    details = {"reason": reason} if reason else None
    told = read(*calls, event(f"run.{end}", **RUN_DATA, incomplete_details=details))
    (choice,) = told.result.choices
    assert (choice.finish_reason, choice.raw_finish_reason) == (finish, reason or end)
    assert told.complete == (finish != "other")


def test_a_message_says_why_where_the_run_does_not() -> None:
    cut = event("message.incomplete", id="msg_1", incomplete_details={"reason": "content_filter"})
    told = read(*MESSAGE_HEAD, message_delta(part("a")), cut, event("run.incomplete", **RUN_DATA))
    assert told.result.choices[0].finish_reason == "content_filter"


@pytest.mark.parametrize("end", ["failed", "cancelled", "expired"])
@pytest.mark.parametrize("words", [True, False])
def test_a_run_that_failed_is_a_failure_with_the_words_of_the_server(end: str, words: bool) -> None:
    error = {"code": "server_error", "message": "Out of steam."} if words else None
    told = read(event(f"run.{end}", **RUN_DATA, last_error=error))
    assert told.error is not None
    assert told.error.kind == "server"
    assert ("Out of steam." in told.error.message) == words
    if end == "failed" and words:
        assert told.error.code == "server_error"


@pytest.mark.parametrize(
    "data",
    [
        {"code": "server_error", "message": "Out of steam.", "param": None, "type": "server_error"},
        {"error": {"code": "server_error", "message": "Out of steam."}},
    ],
)
def test_an_error_is_one_under_any_name(data: dict[str, Any]) -> None:
    named = ["error", "thread.message.delta"] if "error" in data else ["error"]
    for name in named:
        told = read({"event": name, "data": data}, done=False)
        assert told.error is not None
        assert (told.error.message, told.error.code) == ("Out of steam.", "server_error")


def test_what_the_server_runs_itself_is_no_call_of_the_clients() -> None:
    tools: list[Any] = [
        {
            "index": 0,
            "id": "call_1",
            "type": "code_interpreter",
            "code_interpreter": {"input": "1"},
        },
        {"index": 1, "id": "call_2", "type": "file_search", "file_search": {}},
    ]
    ended = event("run.step.completed", id="step_1")
    told = read(*STEP_HEAD, call_delta(*tools), ended, COMPLETED)
    assert told.result.message.tool_calls == []
    assert told.findings == []
    assert told.result.choices[0].finish_reason == "stop"


def test_choices_of_chat_are_read_with_their_calls_and_their_usage() -> None:
    def chunk(delta: Any, **fields: Any) -> dict[str, Any]:
        choices = [{"index": 0, "delta": delta, "finish_reason": fields.pop("finish_reason", None)}]
        return event("message.delta", id="c", model="m", created=1, choices=choices, **fields)

    opening = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f"}}
    rest = {"index": 0, "function": {"arguments": "{}"}}
    told = read(
        chunk({"content": "Hm."}),
        chunk({"tool_calls": [opening]}),
        chunk({"tool_calls": [rest]}),
        chunk({}, finish_reason="tool_calls", usage={"prompt_tokens": 2, "completion_tokens": 3}),
        head=False,
    )
    assert told.codes == {"choices-foreign"}
    assert told.result.message.content == "Hm."
    (call,) = told.result.message.tool_calls
    assert (call.id, call.name, call.arguments) == ("call_1", "f", "{}")
    assert told.result.usage == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    broken = read(chunk({"tool_calls": [{"index": "x"}]}), head=False)
    assert broken.error is not None
    assert broken.error.kind == "invalid"


def test_braces_too_many_are_found_and_anything_else_is_no_json() -> None:
    body = as_sse(HEAD)
    for tail, code in ((b"}", "brace-extra"), (b"} }\n", "brace-extra"), (b"]", "stream-failed")):
        frame = as_sse([COMPLETED]).removesuffix(b"\n\n") + tail + b"\n\n"
        told = judge(body + frame + as_sse([DONE]), dialect=DIALECT)
        assert code in told.codes
    nested = b'{"a":' * 600 + b"1" + b"}" * 601
    told = judge(body + b"event: thread.run.completed\ndata: " + nested + b"\n\n", dialect=DIALECT)
    assert told.error is not None
    assert told.error.kind == "invalid"


# Whatever comes.


def test_whatever_is_damaged_what_is_true_of_every_stream_holds() -> None:
    paths = fixtures_of(DIALECT)
    for seed in range(1_500):
        objects = objects_of(paths[seed % len(paths)].read_bytes())
        judge(as_sse(damaged(objects, seed)), dialect=DIALECT)


def test_bytes_that_are_damaged_raise_nothing() -> None:
    for seed, path in enumerate(fixtures_of(DIALECT) * 8):
        body = bytearray(path.read_bytes())
        for step in range(1, 6):
            body[(seed * 7_919 + step * 104_729) % len(body)] = (seed * 31 + step * 17) % 256
        judge(bytes(body), dialect=DIALECT)
