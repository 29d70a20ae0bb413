"""Messages streams: what was recorded, what was expected of it, and what no server should send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
from strategies import judge, tell

from streamnorm.dialects.anthropic import AnthropicReader

DIALECT = "anthropic"

_SEVERAL = "several messages one after the other: the recorder joined the streams of a conversation"

#: What is found in captures that are not as the dialect has it, and why.
DEVIATIONS = {
    "ai.anthropic-fixtures-anthropic-programmatic-tool-calling-1-chunks.0.1c18a979": (
        {"event-after-end"},
        _SEVERAL,
    ),
    "ai.anthropic-fixtures-anthropic-tool-search-bm25-1-chunks.0.7c7757fe": (
        {"event-after-end"},
        _SEVERAL,
    ),
    "ai.anthropic-fixtures-anthropic-tool-search-deferred-bm25-chunks.0.5cb4b483": (
        {"event-after-end"},
        _SEVERAL,
    ),
    "ai.anthropic-fixtures-duplicate-message-start-chunks.0.14b6091e": (
        {"event-out-of-order"},
        "message_start comes twice",
    ),
    "ai.anthropic-fixtures-spliced-message-start-chunks.0.a4c321a2": (
        {"event-out-of-order", "tool-arguments-incomplete"},
        "a second message begins inside a call of the first, which is never gone on with",
    ),
    "rig.anthropic-prompt-caching-streaming-prompt-caching-reuses-tool-cache.1.665bfc9f": (
        {"frame-unterminated"},
        "no blank line behind message_stop",
    ),
    "rust-genai.data-yakbak-opencode-go-minimax-stream-response-000.0.21fa0779": (
        {"event-after-end"},
        "the gateway sends a ping with the cost behind message_stop",
    ),
    "llama_server/messages_parallel": (
        {"event-out-of-order"},
        "the second call's block opens before the first one's is closed",
    ),
}
_SPACE = "the client appends a space to the text before a call, where there is none too"

#: What the recorded client sent back differs from the stream in its text, and why; and in its arguments.
OTHER_TEXT = {
    "llm-anthropic.test-anthropic-test-tools.0.6f1d9ff8": _SPACE,
    "llm-anthropic.test-anthropic-test-tools.0.912b34a5": _SPACE,
}
OTHER_ARGUMENTS = {
    "mirascope.output-test-call-with-tools-anthropic-claude-sonnet-4-0-async-stream.0.3e3870c5": (
        'a field called "password" was taken out of the expected file, not of the stream'
    ),
}

#: Recorded beside them, and no streams of this dialect.
OTHERS = ("other/anthropic/*.sse", "other/unknown/*vertex-anthropic*.sse")

#: The least that an event of each kind has.
EVENTS: dict[str, dict[str, Any]] = {
    "message_start": {"message": {"id": "msg_1", "model": "m-1"}},
    "content_block_start": {"index": 0, "content_block": {"type": "text", "text": ""}},
    "content_block_delta": {"index": 0, "delta": {"type": "text_delta", "text": "a"}},
    "content_block_stop": {"index": 0},
    "message_delta": {"delta": {"stop_reason": "end_turn"}},
    "message_stop": {},
}
STRANGERS: list[Any] = [
    {"type": "message_thought", "index": 0, "delta": {"type": "text_delta", "text": "x"}},
    {"type": "ping"},
    {"type": "content_block", "content_block": {"type": "tool_use"}},
    {"type": 7},
    {},
]


def captures() -> dict[str, Path]:
    theirs = sorted(CAPTURES.glob("anthropic/**/*.sse"))
    ours = sorted(
        path
        for start in ("messages", "anthropic")
        for path in CAPTURES.glob(f"live/*/{start}*.sse")
    )
    return {
        **{path.stem: path for path in theirs},
        **{f"{path.parent.name}/{path.stem}": path for path in ours},
    }


def events(kinds: list[str]) -> list[dict[str, Any]]:
    return [{"type": kind, **EVENTS[kind]} for kind in kinds]


def test_the_corpus_is_whole() -> None:
    require(CAPTURES / "index.json")
    assert len(captures()) == 61
    assert captures().keys() >= DEVIATIONS.keys() | OTHER_TEXT.keys() | OTHER_ARGUMENTS.keys()


@pytest.mark.parametrize("name", captures())
def test_every_capture_is_complete_and_nothing_is_found_that_is_not_there(name: str) -> None:
    told = judge(captures()[name].read_bytes(), dialect=DIALECT)
    codes, _ = DEVIATIONS.get(name, (set(), ""))
    assert told.complete, told.error
    assert told.codes == codes


@pytest.mark.parametrize("pattern", OTHERS)
def test_what_is_no_messages_stream_is_not_complete(pattern: str) -> None:
    require(CAPTURES / "index.json")
    for path in CAPTURES.glob(pattern):
        told = judge(path.read_bytes(), dialect=DIALECT)
        assert told.error is not None
        assert told.error.message == "the stream ended before it said anything"


@pytest.mark.parametrize(
    "name",
    [name for name, path in captures().items() if path.with_suffix(".expected.json").exists()],
)
def test_it_comes_to_what_the_recorded_client_read(name: str) -> None:
    path = captures()[name]
    expected = json.loads(path.with_suffix(".expected.json").read_bytes())["expected"]
    blocks = expected["message"]["content"]
    message = tell(path.read_bytes(), dialect=DIALECT).result.message
    calls = [block for block in blocks if block["type"] == "tool_use"]
    thinking = [block for block in blocks if block["type"] == "thinking"]
    text = "".join(block["text"] for block in blocks if block["type"] == "text")

    assert [(call.id, call.name) for call in message.tool_calls] == [
        (call["id"], call["name"]) for call in calls
    ]
    arguments = [parsed(call.arguments) for call in message.tool_calls]
    same = arguments == [call["input"] for call in calls]
    assert same == (name not in OTHER_ARGUMENTS)
    assert ((message.content or "") == text) == (name not in OTHER_TEXT)
    if thinking:
        assert message.reasoning_content == "".join(block["thinking"] for block in thinking)
        signatures = [detail["signature"] for detail in message.reasoning_details or ()]
        assert signatures == [block["signature"] for block in thinking]


@pytest.mark.parametrize(
    "name", [name for name, path in captures().items() if path.stat().st_size < 2_600]
)
def test_cut_in_two_anywhere_a_capture_says_the_same(name: str) -> None:
    assert two_way_splits_differ(captures()[name].read_bytes(), DIALECT) == []


@pytest.mark.parametrize("path", fixtures_of(DIALECT), ids=lambda path: path.stem)
def test_unknown_kinds_change_nothing(path: Path) -> None:
    objects = objects_of(path.read_bytes())
    whole = story(tell(as_sse(objects), dialect=DIALECT))
    for with_one in with_each_between(objects, STRANGERS):
        assert story(tell(as_sse(with_one), dialect=DIALECT)) == whole


def test_the_kinds_are_those_of_the_sdk() -> None:
    assert AnthropicReader.kinds.keys() == facts("dialects/anthropic.json")["events"].keys()
    assert kinds_in(AnthropicReader.order) == AnthropicReader.kinds.keys()


def test_the_reasons_are_those_of_the_sdk() -> None:
    types = facts("dialects/anthropic.json")["types"]
    fields = types["raw_message_delta_event.Delta"]["fields"]
    assert set(AnthropicReader.reasons) == set(fields["stop_reason"]["enum"])


def test_what_is_in_order_passes() -> None:
    for walk in walks_of(AnthropicReader.order, 200):
        told = judge(as_sse(events(walk)), dialect=DIALECT)
        assert told.complete
        assert told.codes == set()


def test_what_is_out_of_order_is_found() -> None:
    for path, kind in violations_of(AnthropicReader.order):
        told = judge(as_sse(events([*path, kind])), dialect=DIALECT)
        after_end = bool(path) and path[-1] == "message_stop"
        assert ("event-after-end" if after_end else "event-out-of-order") in told.codes, (
            path,
            kind,
        )


def test_a_delta_of_no_block_is_told_as_a_call_that_cannot_be_made() -> None:
    delta = {"type": "input_json_delta", "partial_json": '{"a": 1}'}
    stream = [
        *events(["message_start", "content_block_start"]),
        {"type": "content_block_delta", "index": 5, "delta": delta},
        *events(["content_block_stop", "message_delta", "message_stop"]),
    ]
    told = judge(as_sse(stream), dialect=DIALECT)
    (call,) = told.result.message.tool_calls
    assert (call.name, call.arguments, call.complete) == ("", '{"a": 1}', False)
    assert {"tool-id-missing", "tool-name-missing"} <= told.codes


def test_the_input_of_a_tool_that_the_server_runs_is_no_call() -> None:
    block = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    delta = {"type": "input_json_delta", "partial_json": '{"query": "x"}'}
    stream = [
        *events(["message_start"]),
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        *events(["content_block_stop", "message_delta", "message_stop"]),
    ]
    told = judge(as_sse(stream), dialect=DIALECT)
    assert told.result.message.tool_calls == []
    assert told.codes == set()


def test_the_usage_has_the_names_of_chat_and_its_own() -> None:
    start = {"input_tokens": 5, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 10}
    end = {"output_tokens": 8, "output_tokens_details": {"thinking_tokens": 3}}
    stream = events(["message_start", "message_delta", "message_stop"])
    stream[0]["message"] = {**stream[0]["message"], "usage": {**start, "output_tokens": 1}}
    stream[1]["usage"] = end
    assert tell(as_sse(stream), dialect=DIALECT).result.usage == {
        "prompt_tokens": 35,
        "completion_tokens": 8,
        "total_tokens": 43,
        "prompt_tokens_details": {"cached_tokens": 20},
        "completion_tokens_details": {"reasoning_tokens": 3},
        **start,
        **end,
    }


def test_whatever_is_in_the_fields_what_is_true_of_every_stream_holds() -> None:
    streams = [objects_of(path.read_bytes()) for path in fixtures_of(DIALECT)]
    for seed in range(3_000):
        judge(as_sse(damaged(streams[seed % len(streams)], seed)), dialect=DIALECT)
