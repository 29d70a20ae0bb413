"""OpenAI's Responses streams: what was recorded, what is legal, and what servers could send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from corpus import CAPTURES, facts, require
from dialect_streams import (
    as_sse,
    damaged,
    fixtures_of,
    kinds_in,
    objects_of,
    parsed,
    story,
    two_way_splits_differ,
    violations_of,
    walks_of,
    with_each_between,
)
from strategies import Told, judge, tell

from streamnorm.dialects.order import START, Order
from streamnorm.dialects.responses import ResponsesReader
from streamnorm.dialects.responses.order import ITEMS, RESPONSE, ItemOrder
from streamnorm.dialects.responses.types import EVENTS, UnknownEvent, decode

DIALECT = "responses"

_RATE_LIMITS = "response.rate_limits.updated follows response.completed"
_CUT = "the limit was reached inside a call"
_WHOLE = "the server sends the arguments of its calls whole, and no deltas"
_FROM_ONE = "content_index 1 is the first part of a message, which has no other"
_ABRIDGED = "an example in the specification, abridged with a line of dots"

#: What is found in a recorded stream, by a piece of its name, and why that is the stream's own.
DEVIATIONS: dict[str, tuple[set[str], str]] = {
    "bedrock-mantle-responses-chat-streams-through-the-responses-surface.0.28c5": (
        {"event-out-of-order"},
        _FROM_ONE,
    ),
    "bedrock-mantle-responses-chat-streams-through-the-responses-surface.0.c7e0": (
        {"event-out-of-order"},
        _FROM_ONE,
    ),
    "openai-custom-tool-1-chunks": (
        {"event-out-of-order"},
        "written by hand: no custom_tool_call_input.done",
    ),
    "openai-shell-container-1-chunks": (
        {"deltas-differ"},
        "the deltas were abridged by whoever published them, the text that ends them was not",
    ),
    "openai-shell-tool-1-chunks": ({"event-after-end"}, "two responses in one file"),
    "flue-v0-8-latest-cassette.7": (
        {"deltas-differ"},
        "the recorder took a path out of the whole arguments, and missed it in the deltas",
    ),
    "test-openai-images.0": ({"event-after-end"}, _RATE_LIMITS),
    "test-openai-images.1": ({"event-after-end"}, _RATE_LIMITS),
    "test-openai-tool-variations-async.0": ({"event-after-end"}, _RATE_LIMITS),
    "test-openai-tool-variations-async.2": ({"event-after-end"}, _RATE_LIMITS),
    "test-provider-openai-test-openai-web-search": ({"event-after-end"}, _RATE_LIMITS),
    "refusal-openai-responses-handles-refusal": ({"tool-arguments-incomplete"}, _CUT),
    "grammar-incomplete-mid-tool-call": ({"tool-arguments-incomplete"}, _CUT),
    "does-not-misbehave-with-double-iteration": (
        {"event-out-of-order"},
        "written by hand: no response.in_progress, no content_part.added",
    ),
    "background-mode-streaming-starting-after": (
        {"event-out-of-order"},
        "the rest of a stream that was taken up again: its response.created came before",
    ),
    "mcp-list-tools-stream-backfills-missing-results": (
        {"event-out-of-order"},
        "two of three mcp_list_tools items are never done",
    ),
    "lmstudio-tool-call-1-chunks": ({"deltas-missing"}, _WHOLE),
    "lmstudio-tool-call-2-chunks": ({"deltas-missing"}, _WHOLE),
    "litellm/responses-via-anthropic": (
        {"event-out-of-order"},
        "few events have a number, and the last of those is 1, after 27",
    ),
    "llama_server/responses_parallel": (
        {"event-out-of-order"},
        "no function_call_arguments.done",
    ),
    "transformers_serve/responses_parallel": ({"deltas-missing"}, _WHOLE),
    "vllm/responses_parallel": (
        {"tool-arguments-incomplete"},
        "the model left out the last brace",
    ),
    "paths_responses_post": ({"deltas-missing", "unknown-line", "frame-unterminated"}, _ABRIDGED),
    "paths_responses_beta_true_post": (
        {"deltas-missing", "unknown-line", "frame-unterminated"},
        _ABRIDGED,
    ),
}

#: Recorded streams that fail, with the kind of the failure.
FAILED = {
    "openai-error-1-chunks": ("server", "an error, then response.failed"),
    "parallel-tool-call-wrapper": ("invalid", "written by hand: braces are missing in two frames"),
}

_NO_OUTPUT = "the server leaves the output out of response.completed"
_NOT_OFFERED = (
    "custom tool calls of a response that was offered no custom tool: the server made them"
)
#: Where what is expected is not what the stream says.
UNEXPECTED = {
    "chatgpt-codex-behaviors-strict-tools": _NO_OUTPUT,
    "chatgpt-codex-sessions-long-history": _NO_OUTPUT,
    "chatgpt-codex-sessions-reasoning-session": _NO_OUTPUT,
    "chatgpt-codex-tool-choice-specific": _NO_OUTPUT,
    "openai-resp-custom-grammar-tool": _NO_OUTPUT,
    "openai-shell-container-1-chunks": DEVIATIONS["openai-shell-container-1-chunks"][1],
    "openai-shell-tool-1-chunks": "two responses in one file; the second is expected",
    "flue-v0-8-latest-cassette.7": DEVIATIONS["flue-v0-8-latest-cassette.7"][1],
    "xai-x-search-tool-chunks": _NOT_OFFERED,
    "grok-4-fast-reasoning-x-search": _NOT_OFFERED,
}

STRANGERS: list[Any] = [
    {"type": "response.hologram.delta", "item_id": "x", "output_index": 0, "delta": "?"},
    {"type": "response.reasoning_part.added", "part": {"type": "reasoning_text", "text": "?"}},
    {"type": "keepalive"},
    {"type": None},
    {},
]


def captures() -> dict[str, Path]:
    found = sorted(CAPTURES.glob("responses/**/*.sse"))
    found += sorted(CAPTURES.glob("live/*/responses*.sse"))
    found += sorted(CAPTURES.glob("reference/*/paths_responses*.sse"))
    return {f"{path.parent.name}/{path.stem}": path for path in found}


def expectations() -> dict[str, Path]:
    return {
        name: path.with_suffix(".expected.json")
        for name, path in captures().items()
        if path.with_suffix(".expected.json").exists()
    }


def entry(table: dict[str, Any], name: str) -> Any:
    return next((table[part] for part in table if part in name), None)


def read(*events: Any) -> Told:
    return judge(as_sse(events), dialect=DIALECT)


# Making streams.


def response(kind: str, output: list[Any] | None = None, **fields: Any) -> dict[str, Any]:
    made = {
        "id": "resp_1",
        "created_at": 1_700_000_000,
        "model": "m-1",
        "status": kind if kind in ("completed", "incomplete", "failed") else "in_progress",
        "output": output or [],
        **fields,
    }
    return {"type": f"response.{kind}", "response": made}


HEAD = [response("created"), response("in_progress")]
AT = {"item_id": "i", "output_index": 0}


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **fields}


def added(type: str, **fields: Any) -> dict[str, Any]:
    return event("output_item.added", output_index=0, item={"id": "i", "type": type, **fields})


def done(type: str, **fields: Any) -> dict[str, Any]:
    return event("output_item.done", output_index=0, item={"id": "i", "type": type, **fields})


def part(text: str, *annotations: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": list(annotations)}


def numbered(events: list[Any]) -> list[Any]:
    return [{**made, "sequence_number": at} for at, made in enumerate(events)]


FUNCTION = {"call_id": "call_1", "name": "f"}


# What was recorded.


def test_the_corpus_is_whole() -> None:
    require(CAPTURES / "index.json")
    assert len(captures()) == 128 + 6 + 2
    assert len(expectations()) == 127
    for piece in [*DEVIATIONS, *FAILED]:
        assert sum(piece in name for name in captures()) == 1, piece
    for piece in UNEXPECTED:
        assert sum(piece in name for name in expectations()) == 1, piece


@pytest.mark.parametrize("name", captures())
def test_a_recorded_stream_is_complete_and_nothing_is_found(name: str) -> None:
    told = judge(captures()[name].read_bytes(), dialect=DIALECT)
    failed = entry(FAILED, name)
    if failed is not None:
        assert told.error is not None
        assert (told.error.kind, told.codes) == (failed[0], {"stream-failed"})
    else:
        assert told.error is None
        assert told.complete
        assert told.codes == (entry(DEVIATIONS, name) or (set(), ""))[0]


def wanted(path: Path) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    """Lists of items that a stream is to come to, and whether each has all of them, or the calls alone."""
    expected = json.loads(path.read_text("utf-8"))["expected"]
    if "later" in expected:
        yield expected["later"]["message"]["items"], False
        expected = expected["instream"]
    if "output" in expected:
        yield expected["output"], True


@pytest.mark.parametrize("name", expectations())
def test_it_comes_to_what_was_expected(name: str) -> None:
    told = tell(captures()[name].read_bytes(), dialect=DIALECT)
    message = told.result.message
    ours = [(call.id, call.name, parsed(call.arguments)) for call in message.tool_calls]
    agrees = True
    for items, whole in wanted(expectations()[name]):
        # Some clients sent the arguments back as a text in a text.
        calls = [
            (item["call_id"], item["name"], parsed(item.get("arguments", item.get("input"))))
            for item in items
            if item["type"] in ("function_call", "custom_tool_call")
        ]
        calls = [(a, b, parsed(c) if isinstance(c, str) else c) for a, b, c in calls]
        agrees = agrees and calls == ours
        if whole:
            parts = [p for i in items if i["type"] == "message" for p in i["content"]]
            agrees = agrees and (message.content or "") == "".join(p["text"] for p in parts)
            thoughts = [
                p["text"]
                for i in items
                if i["type"] == "reasoning"
                for p in [*(i.get("summary") or ()), *(i.get("content") or ())]
            ]
            agrees = agrees and (message.reasoning_content or "") == "\n\n".join(thoughts)
    assert agrees == (entry(UNEXPECTED, name) is None)


@pytest.mark.parametrize("name", captures())
def test_its_finish_and_its_usage_are_those_of_the_last_event(name: str) -> None:
    told = tell(captures()[name].read_bytes(), dialect=DIALECT)
    if entry(FAILED, name) is not None:
        return
    last = next(
        found["response"]
        for found in objects_of(captures()[name].read_bytes())
        if found["type"] in ("response.completed", "response.incomplete")
    )
    (choice,) = told.result.choices
    if last.get("status") == "incomplete":
        assert choice.raw_finish_reason == last["incomplete_details"]["reason"]
        assert choice.finish_reason == "length"
    else:
        assert choice.finish_reason == ("tool_calls" if choice.message.tool_calls else "stop")
    usage, sent = told.result.usage or {}, last["usage"]
    assert usage["prompt_tokens"] == sent["input_tokens"]
    assert usage["completion_tokens"] == sent["output_tokens"]
    assert {key: usage[key] for key in sent if key != "total_tokens"} == {
        key: value for key, value in sent.items() if key != "total_tokens"
    }
    assert told.result.id == last["id"]


@pytest.mark.parametrize("name", captures())
def test_every_annotation_and_every_secret_is_told_once(name: str) -> None:
    if entry(FAILED, name) is not None:
        return
    items = [
        found["item"]
        for found in objects_of(captures()[name].read_bytes())
        if found["type"] == "response.output_item.done"
    ]
    if "openai-shell-tool-1-chunks" in name:
        items = items[:1]
    annotations = [
        a for i in items for p in i.get("content") or () for a in p.get("annotations") or ()
    ]
    secrets = [item["encrypted_content"] for item in items if item.get("encrypted_content")]
    message = tell(captures()[name].read_bytes(), dialect=DIALECT).result.message
    assert len(message.annotations or ()) == len(annotations)
    assert [detail["encrypted_content"] for detail in message.reasoning_details or ()] == secrets


def small(most: int) -> list[str]:
    return [name for name, path in captures().items() if path.stat().st_size < most]


@pytest.mark.parametrize("name", sorted(small(3_500)))
def test_a_small_capture_may_be_cut_anywhere(name: str) -> None:
    assert two_way_splits_differ(captures()[name].read_bytes(), DIALECT) == []


@pytest.mark.parametrize("path", fixtures_of(DIALECT), ids=lambda path: path.stem)
def test_strangers_anywhere_change_nothing(path: Path) -> None:
    objects = objects_of(path.read_bytes())
    whole = story(tell(as_sse(objects), dialect=DIALECT))
    for mixed in with_each_between(objects, STRANGERS):
        assert story(tell(as_sse(mixed), dialect=DIALECT)) == whole


# The types.


def test_every_event_is_typed_with_every_field_of_it() -> None:
    documented = facts("dialects/responses.json")
    events, sdk = documented["events"], documented["types"]
    assert EVENTS.keys() == events.keys()
    assert len(EVENTS) == 59
    for name, described in events.items():
        fields = {*described.get("spec", {}).get("fields", {}), *sdk[described["ref"]]["fields"]}
        struct = EVENTS[name]
        assert {*struct.__struct_fields__, "type"} >= fields, name
        assert struct.__name__ == described["ref"].rpartition(".")[2]


#: How the specification's types are read.
JSON_TYPES = {"string": str, "integer": int, "array": list, "object": dict}


@pytest.mark.parametrize("name", EVENTS)
def test_each_field_has_the_type_that_is_documented(name: str) -> None:
    described = facts("dialects/responses.json")["events"].get(name, {}).get("spec")
    if described is None:
        pytest.skip("only the SDK knows it")
    values = {"string": "x", "integer": 3, "array": [{}], "object": {"type": "x"}}
    made: dict[str, Any] = {}
    for field, about in described["fields"].items():
        kind = about.get("type", "object")
        if kind == "anyOf":
            kind = "string" if field in ("code", "param") else "object"
        made[field] = values[kind]
    made["type"] = name
    found = decode(msgspec.json.encode(made))
    assert type(found) is EVENTS[name]
    assert found.type == name
    assert {field: getattr(found, field) for field in made} == made
    for field, value in made.items():
        if field == "type":
            continue
        wrong = {**made, field: 3 if not isinstance(value, int) else "3"}
        assert decode(msgspec.json.encode(wrong)) == UnknownEvent(name, wrong)
        # Null is as good as missing.
        without = {key: value for key, value in made.items() if key != field}
        without_event = decode(msgspec.json.encode(without))
        assert type(without_event) is EVENTS[name]
        assert decode(msgspec.json.encode({**made, field: None})) == without_event


@pytest.mark.parametrize("name", captures())
def test_nothing_of_a_recorded_event_is_lost(name: str) -> None:
    for line in captures()[name].read_bytes().splitlines():
        payload = line.removeprefix(b"data: ")
        try:
            sent = msgspec.json.decode(payload) if payload.startswith(b"{") else None
        except msgspec.DecodeError:
            sent = None
        if sent is None:
            continue
        found = decode(payload)
        if sent["type"] in EVENTS:
            assert type(found) is EVENTS[sent["type"]]
            kept = {field: getattr(found, field) for field in found.__struct_fields__}
            assert {**kept, **found.extra, "type": found.type} | sent == {
                **kept,
                **found.extra,
                "type": found.type,
            }
        else:
            assert found == UnknownEvent(sent["type"], sent)


def test_what_is_no_event_is_kept_as_it_is() -> None:
    for value in ([], 1, None, "x", {}, {"type": 3}, {"type": "response.new", "a": {"b": None}}):
        found = decode(json.dumps(value).encode())
        assert isinstance(found, UnknownEvent)
        assert found.data == value
    with pytest.raises(msgspec.DecodeError):
        decode(b"{")


def test_a_field_that_nobody_knows_is_an_attribute() -> None:
    sent = {"type": "response.output_text.delta", "delta": "x", "obfuscation": "k", "extra": 1}
    found: Any = decode(json.dumps(sent).encode())
    assert found.obfuscation == "k"
    assert found.extra == {"obfuscation": "k", "extra": 1}


# The order.


def test_the_tables_are_of_what_is_documented() -> None:
    documented = facts("dialects/responses.json")
    kinds = kinds_in(RESPONSE).union(*map(kinds_in, ITEMS.values()))
    free = {name for name in EVENTS if name == "error" or name.startswith("response.audio.")}
    assert kinds | free == documented["events"].keys()
    assert not kinds & free
    assert ITEMS.keys() <= {item["type"] for item in documented["output_items"]}


def in_item(type: str, kinds: list[str]) -> list[dict[str, Any]]:
    """A response with one item, in which these kinds of event come."""
    opening = added(type, **FUNCTION)
    return [*HEAD, opening, *({"type": kind, **AT, "item": {"id": "i"}} for kind in kinds)]


@pytest.mark.parametrize("type", ITEMS)
def test_in_an_item_what_is_legal_passes_and_what_is_not_is_found(type: str) -> None:
    table = ITEMS[type]
    for walk in walks_of(table, 30):
        told = tell(as_sse([*in_item(type, walk), response("incomplete")]), dialect=DIALECT)
        assert told.codes <= {"finish-unknown", "deltas-missing", "tool-arguments-incomplete"}
    for path, kind in violations_of(table):
        order = ItemOrder(type)
        assert all(order.step(step) for step in path)
        assert not order.step(kind)
        told = tell(as_sse(in_item(type, [*path, kind])), dialect=DIALECT)
        assert "event-out-of-order" in told.codes, (path, kind)


def test_of_the_response_what_is_legal_passes_and_what_is_not_is_found() -> None:
    bodies = {"response.output_item.added": added("x"), "response.output_item.done": done("x")}

    def made(kinds: list[str]) -> bytes:
        return as_sse(bodies.get(kind, response(kind.removeprefix("response."))) for kind in kinds)

    legal = [
        ["created", "in_progress", "completed"],
        ["created", "queued", "in_progress", "completed"],
        ["created", "in_progress", "output_item.added", "output_item.done", "completed"],
        ["created", "failed"],
        ["created", "queued", "failed"],
        ["created", "in_progress", "incomplete"],
    ]
    for kinds in legal:
        told = tell(made([f"response.{kind}" for kind in kinds]), dialect=DIALECT)
        assert "event-out-of-order" not in told.codes, kinds
    for path, kind in violations_of(RESPONSE):
        order = Order(RESPONSE)
        assert all(order.step(step) for step in path)
        assert not order.step(kind)
        found = tell(made([*path, kind]), dialect=DIALECT).codes
        ended = path and path[-1].endswith(("completed", "incomplete"))
        assert ("event-after-end" if ended else "event-out-of-order") in found or (
            path and path[-1].endswith("failed")
        )
    assert ResponsesReader.order is RESPONSE
    assert START in RESPONSE


def test_an_event_of_another_type_of_item_is_found() -> None:
    for name, table in ITEMS.items():
        for kind in ("response.output_text.delta", "response.mcp_call.in_progress"):
            if kind not in kinds_in(table):
                told = tell(as_sse(in_item(name, [kind])), dialect=DIALECT)
                assert "event-out-of-order" in told.codes
    # Of a type that nobody knows, anything may come.
    told = tell(as_sse(in_item("x", ["response.mcp_call.in_progress"])), dialect=DIALECT)
    assert told.codes == {"stream-failed"}


def test_numbers_go_up_by_one_where_there_are_any() -> None:
    events = [*HEAD, *(event("audio.delta", delta="") for _ in range(4)), response("completed")]
    for numbers, fits in (
        ([0, 1, 2, 3, 4, 5, 6], True),
        ([7, 8, 9, 10, 11, 12, 13], True),
        ([None, None, None, None, None, None, None], True),
        ([0, None, 2, None, None, 5, None], True),
        ([None, None, None, 3, 4, 5, 6], True),
        ([0, None, 1, 2, 3, 4, 5], True),
        ([0, 1, 2, 4, 5, 6, 7], False),
        ([0, 1, 2, 2, 3, 4, 5], False),
        ([0, 1, 3, 2, 4, 5, 6], False),
        ([0, None, 4, 5, 6, 7, 8], False),
        ([0, 1, 2, 3, 4, 5, 0], False),
    ):
        pairs = zip(events, numbers, strict=True)
        made = [{**body, "sequence_number": number} for body, number in pairs]
        assert read(*made).codes == (set() if fits else {"event-out-of-order"}), numbers


def test_no_frame_is_lost_unnoticed() -> None:
    """A frame that is missing fails the stream, or is found, as its number is; whatever is said is said all the same."""
    for path in fixtures_of(DIALECT):
        objects = objects_of(path.read_bytes())
        whole = tell(as_sse(objects), dialect=DIALECT)
        if not whole.complete or whole.codes or "sequence_number" not in objects[0]:
            continue
        for at in range(len(objects)):
            told = tell(as_sse([*objects[:at], *objects[at + 1 :]]), dialect=DIALECT)
            assert told.codes, (path.stem, at)
            if at == len(objects) - 1:
                assert told.error is not None
                assert told.error.kind == "truncated"


def test_no_stream_without_its_end_is_complete() -> None:
    for path in fixtures_of(DIALECT):
        objects = objects_of(path.read_bytes())
        ends = ("response.completed", "response.incomplete", "error")
        last = next((at for at, made in enumerate(objects) if made["type"] in ends), len(objects))
        for at in range(last):
            told = judge(as_sse(objects[:at]), dialect=DIALECT)
            assert told.error is not None
            assert told.error.kind == "truncated"


# What comes in one way or another is told once.

ARGUMENTS = '{"a": 1}'
DELTAS = [
    event("function_call_arguments.delta", **AT, delta='{"a"'),
    event("function_call_arguments.delta", **AT, delta=": 1}"),
]
ARGUMENTS_DONE = event("function_call_arguments.done", **AT, arguments=ARGUMENTS)
WHOLE_CALL = {"id": "i", "type": "function_call", **FUNCTION, "arguments": ARGUMENTS}


@pytest.mark.parametrize("opening", ["", ARGUMENTS])
@pytest.mark.parametrize("deltas", [DELTAS, []])
@pytest.mark.parametrize("whole", [ARGUMENTS_DONE, None])
@pytest.mark.parametrize("closing", [done(**WHOLE_CALL), done("function_call", **FUNCTION), None])
@pytest.mark.parametrize("output", [[WHOLE_CALL], []])
def test_arguments_come_once_wherever_they_are(
    opening: str, deltas: list[Any], whole: Any, closing: Any, output: list[Any]
) -> None:
    made = [added("function_call", **FUNCTION, arguments=opening), *deltas, whole, closing]
    told = read(*HEAD, *(item for item in made if item), response("completed", output))
    anywhere = opening or deltas or whole or output or (closing and "arguments" in closing["item"])
    if not anywhere and closing is None:
        assert told.error is not None
        assert told.error.kind == "truncated"
        return
    (call,) = told.result.message.tool_calls
    expected = ARGUMENTS if anywhere else "{}"
    assert (call.id, call.name, call.arguments, call.complete) == ("call_1", "f", expected, True)
    assert ("deltas-missing" in told.codes) == bool(anywhere and not deltas)


@pytest.mark.parametrize(
    "source", ["delta", "done", "part", "item", "output", "opening part", "opening item"]
)
def test_text_comes_once_wherever_it_is(source: str) -> None:
    cite = {"type": "url_citation", "url": "https://example.com"}

    def content(*sources: str) -> list[Any]:
        return [part("Hello", cite)] if source in sources else []

    opening = part("Hello", cite) if source == "opening part" else part("")
    events = [
        *HEAD,
        added("message", content=content("opening item")),
        event("content_part.added", **AT, part=opening),
    ]
    if source == "delta":
        events.append(event("output_text.delta", **AT, delta="Hel"))
        events.append(event("output_text.delta", **AT, delta="lo"))
        events.append(event("output_text.annotation.added", **AT, annotation=cite))
    if source in ("delta", "done"):
        events.append(event("output_text.done", **AT, text="Hello"))
    if source in ("delta", "done", "part"):
        events.append(event("content_part.done", **AT, part=part("Hello", cite)))
    closing = content("delta", "done", "part", "item")
    if source in ("delta", "done", "part", "item"):
        events.append(done("message", content=closing))
    output = [{"id": "i", "type": "message", "content": [*closing, *content("output")]}]
    told = read(*events, response("completed", output if output[0]["content"] else []))
    message = told.result.message
    assert told.complete
    assert message.content == "Hello"
    assert ("deltas-missing" in told.codes) == (source != "delta")
    assert message.annotations == [cite]


def test_what_only_the_last_event_has_is_told() -> None:
    output = [
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {
            "type": "message",
            "id": "m",
            "content": [part("Hello"), {"type": "refusal", "refusal": "No"}],
        },
        {**WHOLE_CALL, "id": "f"},
        {"type": "custom_tool_call", "id": "c", "call_id": "call_2", "name": "g", "input": "x"},
    ]
    told = read(*HEAD, response("completed", output))
    message = told.result.message
    assert told.complete
    assert (message.content, message.reasoning_content, message.refusal) == ("Hello", "Hm.", "No")
    calls = [(call.id, call.type, call.arguments) for call in message.tool_calls]
    assert calls == [("call_1", "function", ARGUMENTS), ("call_2", "custom", "x")]
    assert told.codes == {"deltas-missing", "event-out-of-order"}


def test_ids_may_change_on_the_way() -> None:
    """Some send another id for the same item in each event; the place holds."""
    names = iter(range(100))

    def elsewhere(made: dict[str, Any]) -> dict[str, Any]:
        if "item" in made:
            return {**made, "item": {**made["item"], "id": f"x{next(names)}"}}
        return {**made, "item_id": f"x{next(names)}"}

    made = [added("function_call", **FUNCTION), *DELTAS, ARGUMENTS_DONE, done(**WHOLE_CALL)]
    told = read(
        *HEAD, *map(elsewhere, made), response("completed", [{**WHOLE_CALL, "id": "another"}])
    )
    (call,) = told.result.message.tool_calls
    assert (call.arguments, told.complete) == (ARGUMENTS, True)
    assert told.codes == {"event-out-of-order"}


def test_items_may_share_an_id() -> None:
    made: list[Any] = []
    for at, text in enumerate(("a", "b")):
        where = {"item_id": "i", "output_index": at, "content_index": 0}
        item = {"id": "i", "type": "message"}
        made += [
            event("output_item.added", output_index=at, item=item),
            event("content_part.added", **where, part=part("")),
            event("output_text.delta", **where, delta=text),
            event("output_text.done", **where, text=text),
            event("content_part.done", **where, part=part(text)),
            event("output_item.done", output_index=at, item={**item, "content": [part(text)]}),
        ]
    told = read(*HEAD, *made, response("completed"))
    assert told.result.message.content == "ab"
    assert (told.complete, told.codes) == (True, set())


def test_a_repeated_opening_opens_nothing() -> None:
    opening = added("function_call", **FUNCTION)
    rest = [*DELTAS, ARGUMENTS_DONE, done(**WHOLE_CALL), response("completed", [WHOLE_CALL])]
    told = read(*HEAD, opening, opening, *rest)
    (call,) = told.result.message.tool_calls
    assert (call.id, call.arguments, told.complete) == ("call_1", ARGUMENTS, True)
    assert told.codes == {"event-out-of-order"}


def test_what_must_come_back_with_a_call_is_kept() -> None:
    besides = {"namespace": "clock", "caller": {"type": "program", "caller_id": "p"}}
    named = {**FUNCTION, **besides}
    for opening, closing in (
        (named, {**WHOLE_CALL, **besides}),
        ({**named, "name": ""}, WHOLE_CALL),
    ):
        made = [added("function_call", **opening), *DELTAS, ARGUMENTS_DONE, done(**closing)]
        (call,) = read(*HEAD, *made, response("completed")).result.message.tool_calls
        assert call.extra_content == {"responses": besides}


def test_a_name_may_come_late() -> None:
    nameless = added("function_call", call_id="call_1", name="")
    named = {**ARGUMENTS_DONE, "name": "f"}
    for made in (
        [nameless, *DELTAS, named, done(**WHOLE_CALL)],
        [nameless, *DELTAS, ARGUMENTS_DONE, done(**WHOLE_CALL)],
        [*DELTAS, ARGUMENTS_DONE, done(**WHOLE_CALL)],
        [*DELTAS, named, done(**WHOLE_CALL)],
        [nameless, *DELTAS, ARGUMENTS_DONE],
    ):
        told = read(*HEAD, *made, response("completed", [WHOLE_CALL]))
        (call,) = told.result.message.tool_calls
        assert (call.id, call.name, call.arguments) == ("call_1", "f", ARGUMENTS)
        assert told.complete


def test_a_call_without_a_name_is_told_and_is_none_that_can_be_made() -> None:
    told = read(*HEAD, *DELTAS, response("completed"))
    (call,) = told.result.message.tool_calls
    assert (call.name, call.arguments, call.complete) == ("", ARGUMENTS, False)
    assert "tool-name-missing" in told.codes


@pytest.mark.parametrize("type", ["function_call", "custom_tool_call"])
def test_a_call_of_which_nothing_says_where_it_ends_is_a_truncation(type: str) -> None:
    begun = [*HEAD, added(type, **FUNCTION)]
    assert read(*begun, response("completed")).error is not None
    delta = event("custom_tool_call_input.delta", **AT, delta="rm -rf /home/u")
    if type == "custom_tool_call":
        assert read(*begun, delta, response("completed")).error is not None
    whole = {"id": "i", "type": type, **FUNCTION, "arguments": "{}", "input": "rm -rf /home/u/tmp"}
    assert read(*begun, response("completed", [whole])).complete


def test_parts_that_are_counted_otherwise_are_not_told_twice() -> None:
    at = {**AT, "content_index": 1}
    told = read(
        *HEAD,
        added("message"),
        event("content_part.added", **at, part=part("")),
        event("output_text.delta", **at, delta="Hello"),
        event("output_text.done", **at, text="Hello"),
        event("content_part.done", **at, part=part("Hello")),
        done("message", content=[part("Hello")]),
        response("completed", [{"id": "i", "type": "message", "content": [part("Hello")]}]),
    )
    assert told.result.message.content == "Hello"
    assert (told.complete, told.codes) == (True, {"event-out-of-order"})


def test_arguments_that_are_an_object_are_its_text() -> None:
    whole = {**WHOLE_CALL, "arguments": {"a": ["é", 1.0, 10**30]}}
    told = read(*HEAD, added("function_call", **FUNCTION), done(**whole), response("completed"))
    (call,) = told.result.message.tool_calls
    assert (json.loads(call.arguments), call.complete) == (whole["arguments"], True)
    assert "tool-arguments-object" in told.codes


def test_what_differs_from_the_deltas_is_found_and_not_told() -> None:
    for whole in ("Help", "Hell", "", "😀"):
        told = read(
            *HEAD,
            added("message"),
            event("content_part.added", **AT, part=part("")),
            event("output_text.delta", **AT, delta="Hello"),
            event("output_text.done", **AT, text=whole),
            event("content_part.done", **AT, part=part(whole)),
            done("message", content=[part(whole)]),
            response("completed"),
        )
        assert told.result.message.content == "Hello"
        assert told.codes == {"deltas-differ"}
        assert [finding.count for finding in told.findings] == [1]


def test_halves_of_a_character_in_two_deltas_are_one() -> None:
    told = read(
        *HEAD,
        added("message"),
        event("content_part.added", **AT, part=part("")),
        event("output_text.delta", **AT, delta="a\ud83d"),
        event("output_text.delta", **AT, delta="\ude00b"),
        event("output_text.done", **AT, text="a😀b"),
        event("content_part.done", **AT, part=part("a😀b")),
        done("message", content=[part("a😀b")]),
        response("completed"),
    )
    assert told.result.message.content == "a😀b"
    assert told.codes == {"surrogate-split"}


# Tools of the server.


def test_custom_calls_are_the_servers_where_no_custom_tool_was_offered() -> None:
    whole = {"id": "i", "type": "custom_tool_call", **FUNCTION, "input": "x"}
    made = [
        added("custom_tool_call", **FUNCTION),
        event("custom_tool_call_input.delta", **AT, delta="x"),
        event("custom_tool_call_input.done", **AT, input="x"),
        done(**whole),
    ]
    for tools, ours in (
        (None, True),
        ([], True),
        ([{"type": "custom", "name": "f"}], True),
        ([{"type": "x_search"}, {"type": "custom", "name": "f"}], True),
        ([{"type": "tool_search"}], True),
        ([{"type": "x_search"}], False),
        ([{"type": "function", "name": "g"}], False),
    ):
        head = [response("created", tools=tools), response("in_progress", tools=tools)]
        told = read(*head, *made, response("completed", [whole]))
        assert (told.complete, told.codes) == (True, set())
        assert len(told.result.message.tool_calls) == ours
        assert told.result.choices[0].finish_reason == ("tool_calls" if ours else "stop")


def test_items_that_are_no_messages_and_no_calls_say_nothing() -> None:
    documented = {item["type"] for item in facts("dialects/responses.json")["output_items"]}
    assert len(documented) == 28
    said = {"message", "reasoning", "function_call", "custom_tool_call"}
    fields = {"name": "f", "call_id": "c", "arguments": ARGUMENTS, "output": "x", "action": {}}
    for name in documented - said:
        told = read(*HEAD, added(name, **fields), done(name, **fields), response("completed"))
        assert (told.complete, told.codes) == (True, set()), name
        assert told.result.message.content is None
        assert told.result.message.tool_calls == []


# The end.


@pytest.mark.parametrize(("reason", "means"), ResponsesReader.reasons.items())
def test_a_reason_ends_the_stream_as_the_table_says(reason: str, means: str) -> None:
    fields: dict[str, Any] = {"incomplete_details": {"reason": reason}, "status": "incomplete"}
    if reason == "completed":
        fields = {}
    # Some call the last event completed whatever the status is.
    for kind in ("completed",) if not fields else ("completed", "incomplete"):
        told = read(*HEAD, response(kind, **fields))
        assert (told.complete, told.codes) == (True, set())
        (choice,) = told.result.choices
        assert (choice.finish_reason, choice.raw_finish_reason) == (means, reason)


def test_a_response_that_is_incomplete_for_no_known_reason_is_no_success() -> None:
    for details in (None, {}, {"reason": None}, {"reason": "tired"}, {"reason": "steered"}):
        for kind in ("completed", "incomplete"):
            end = response(kind, status="incomplete", incomplete_details=details)
            told = read(*HEAD, end)
            assert (told.complete, told.codes) == (False, {"finish-unknown"})


FAILURE = {"code": "server_error", "message": "Sorry."}


@pytest.mark.parametrize(
    "end",
    [
        response("failed", error=FAILURE),
        response("failed", status=None, error=FAILURE),
        response("completed", status="failed", error=FAILURE),
        {"type": "error", **FAILURE, "param": None},
        {"type": "error", "error": {"type": "server_error", **FAILURE}},
        {"error": FAILURE},
    ],
)
def test_a_failure_brings_the_words_of_the_server(end: dict[str, Any]) -> None:
    for before in ([], HEAD, [*HEAD, added("message")]):
        told = read(*before, end, response("failed"))
        assert told.error is not None
        assert (told.error.kind, told.error.message) == ("server", "Sorry.")
        assert told.error.code == "server_error"
        assert told.codes <= {"stream-failed", "event-out-of-order"}


def test_a_failure_without_words_is_one() -> None:
    for end in (response("failed"), response("completed", status="cancelled"), {"type": "error"}):
        told = read(*HEAD, end)
        assert told.error is not None
        assert told.error.kind == "server"


def test_done_may_follow_and_does_not_stand_for_the_end() -> None:
    done_frame = b"data: [DONE]\n\n"
    told = judge(as_sse([*HEAD, response("completed")]) + done_frame, dialect=DIALECT)
    assert (told.complete, told.codes) == (True, set())
    told = judge(as_sse(HEAD) + done_frame, dialect=DIALECT)
    assert told.error is not None
    assert (told.error.kind, told.codes) == ("truncated", {"done-foreign", "stream-failed"})


def test_the_time_is_in_whole_seconds() -> None:
    for sent, seconds in (
        (17.9, 17),
        (17, 17),
        ("17", 0),
        (None, 0),
        (-1, 0),
        (1e300, 0),
        (True, 0),
    ):
        assert read(response("created", created_at=sent)).result.created == seconds


def test_a_stream_that_was_taken_up_again_names_itself_all_the_same() -> None:
    told = read(response("queued"), response("in_progress"), response("completed"))
    assert (told.result.id, told.result.model) == ("resp_1", "m-1")
    assert (told.complete, told.codes) == (True, {"event-out-of-order"})


def test_the_parts_of_reasoning_are_paragraphs() -> None:
    made: list[Any] = [*HEAD]
    for at in (0, 1):
        item = {"id": f"r{at}", "type": "reasoning", "summary": []}
        made.append(event("output_item.added", output_index=at, item=item))
        for index in (0, 1):
            where = {"item_id": f"r{at}", "output_index": at, "summary_index": index}
            made += [
                event("reasoning_summary_part.added", **where, part={}),
                event("reasoning_summary_text.delta", **where, delta="a"),
                event("reasoning_summary_text.delta", **where, delta="b"),
                event("reasoning_summary_text.done", **where, text="ab"),
                event("reasoning_summary_part.done", **where, part={}),
            ]
        made.append(event("output_item.done", output_index=at, item=item))
    told = read(*made, response("completed"))
    assert told.result.message.reasoning_content == "ab\n\nab\n\nab\n\nab"
    assert told.codes == set()


# Whatever is sent.


def test_whatever_is_in_the_fields_what_is_true_of_every_stream_holds() -> None:
    streams = [objects_of(path.read_bytes()) for path in fixtures_of(DIALECT)]
    for seed in range(4_000):
        judge(as_sse(damaged(streams[seed % len(streams)], seed)), dialect=DIALECT)


def test_a_field_that_nobody_reads_may_be_anything() -> None:
    path = next(path for path in fixtures_of(DIALECT) if path.stem == "tools-of-the-server")
    objects = objects_of(path.read_bytes())
    whole = story(tell(as_sse(objects), dialect=DIALECT))
    for field in ("logprobs", "annotation_index", "obfuscation", "novelty"):
        for value in (None, 1.5, "x", [[]], {"a": 1}):
            told = tell(as_sse({**made, field: value} for made in objects), dialect=DIALECT)
            assert story(told) == whole
