"""Cohere's v2 chat streams: what was recorded, and what no server should send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from corpus import CAPTURES, require
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

from streamnorm.dialects.cohere import CohereReader
from streamnorm.normalizer import Normalizer

DIALECT = "cohere"

_NO_CALL = "your request resulted in an invalid tool generation. Try updating the messages or tool definitions"

#: Captures that end with finish reason ERROR, and the server's words for it.
FAILED = {
    "genai.cohere-command-a-reasoning-08-2025-thinking-genstream-tools-websearch.0.1c161ae0": (
        "No valid response generated. Try updating messages"
    ),
    "langchain-cohere.libs-cohere-integration-tests-test-sql-agent.0.898a56dd": _NO_CALL,
    "langchain-cohere.libs-cohere-integration-tests-test-sql-agent.1.1c1f5de0": _NO_CALL,
}

#: The least that an event of each kind has.
EVENTS: dict[str, dict[str, Any]] = {
    "message-start": {"id": "msg-1", "delta": {"message": {"role": "assistant"}}},
    "content-start": {"index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
    "content-delta": {"index": 0, "delta": {"message": {"content": {"text": "a"}}}},
    "content-end": {"index": 0},
    "tool-plan-delta": {"delta": {"message": {"tool_plan": "a"}}},
    "tool-call-start": {
        "index": 0,
        "delta": {"message": {"tool_calls": {"id": "id", "function": {"name": "f"}}}},
    },
    "tool-call-delta": {
        "index": 0,
        "delta": {"message": {"tool_calls": {"function": {"arguments": " "}}}},
    },
    "tool-call-end": {"index": 0},
    "message-end": {"delta": {"finish_reason": "MAX_TOKENS"}},
}
CITATION = {"start": 0, "end": 1, "text": "a", "sources": []}
STRANGERS: list[Any] = [
    {"type": "debug", "prompt": "<user>"},
    {"type": "citation-end", "index": 0},
    {"type": "hologram-delta", "index": 0, "delta": {"message": {"content": {"text": "x"}}}},
    {"type": None},
    {},
]


def captures() -> dict[str, Path]:
    return {path.stem: path for path in sorted(CAPTURES.glob("other/cohere/*.sse"))}


def events(kinds: list[str]) -> list[dict[str, Any]]:
    """Events of these kinds; each call has an id of its own."""
    made = [{"type": kind, **EVENTS[kind]} for kind in kinds]
    for number, event in enumerate(made):
        if event["type"] == "tool-call-start":
            call = {"id": f"id_{number}", "function": {"name": "f", "arguments": "{}"}}
            event["delta"] = {"message": {"tool_calls": call}}
    return made


def test_the_corpus_is_whole() -> None:
    require(CAPTURES / "index.json")
    assert len(captures()) == 15
    assert captures().keys() >= FAILED.keys()


@pytest.mark.parametrize("name", captures())
def test_every_capture_is_complete_without_findings_or_failed_by_the_server(name: str) -> None:
    told = judge(captures()[name].read_bytes(), dialect=DIALECT)
    if name in FAILED:
        assert told.error is not None
        assert (told.error.kind, told.error.message) == ("server", FAILED[name])
        assert told.error.code == "ERROR"
        assert told.codes == {"stream-failed"}
    else:
        assert told.complete
        assert told.codes == set()


@pytest.mark.parametrize("name", captures())
def test_a_capture_comes_to_what_its_events_say(name: str) -> None:
    """Read again by hand: each kind's text joined, the calls by index."""
    body = captures()[name].read_bytes()
    text, reasoning, calls, citations = "", "", [], []
    usage: dict[str, Any] = {}
    for event in objects_of(body):
        message = event.get("delta", {}).get("message", {})
        content = message.get("content") or {}
        if event["type"] == "content-delta":
            text += content.get("text", "")
            reasoning += content.get("thinking", "")
        elif event["type"] == "tool-plan-delta":
            reasoning += message["tool_plan"]
        elif event["type"] == "tool-call-start":
            calls.append(
                [message["tool_calls"]["id"], message["tool_calls"]["function"]["name"], ""]
            )
        elif event["type"] == "tool-call-delta":
            calls[event["index"]][2] += message["tool_calls"]["function"]["arguments"]
        elif event["type"] == "citation-start":
            citations.append(message["citations"])
        elif event["type"] == "message-end":
            usage = event["delta"]["usage"].get("tokens", {})
    told = tell(body, dialect=DIALECT)
    message = told.result.message
    assert (message.content or "", message.reasoning_content or "") == (text, reasoning)
    assert (message.annotations or []) == citations
    assert [[call.id, call.name, parsed(call.arguments)] for call in message.tool_calls] == [
        [call_id, name, parsed(arguments or "{}")] for call_id, name, arguments in calls
    ]
    if told.complete:
        assert told.result.choices[0].finish_reason == ("tool_calls" if calls else "stop")
        assert all(call.complete for call in message.tool_calls)
        assert told.result.usage is not None
        assert told.result.usage["prompt_tokens"] == usage["input_tokens"]
        assert told.result.usage["completion_tokens"] == usage["output_tokens"]


@pytest.mark.parametrize("name", captures())
def test_a_capture_is_known_for_what_it_is(name: str) -> None:
    normalizer = Normalizer(dialect="auto")
    normalizer.feed(captures()[name].read_bytes())
    normalizer.close()
    assert normalizer.dialect == DIALECT


@pytest.mark.parametrize(
    "name", [name for name, path in captures().items() if path.stat().st_size < 3_000]
)
def test_cut_in_two_anywhere_a_capture_says_the_same(name: str) -> None:
    assert two_way_splits_differ(captures()[name].read_bytes(), DIALECT) == []


@pytest.mark.parametrize("path", fixtures_of(DIALECT), ids=lambda path: path.stem)
def test_unknown_kinds_change_nothing(path: Path) -> None:
    objects = objects_of(path.read_bytes())
    whole = story(tell(as_sse(objects), dialect=DIALECT))
    for with_one in with_each_between(objects, STRANGERS):
        assert story(tell(as_sse(with_one), dialect=DIALECT)) == whole


def test_every_kind_but_citations_has_its_turn() -> None:
    assert kinds_in(CohereReader.order) == CohereReader.kinds.keys() - {"citation-start"}
    assert kinds_in(CohereReader.order) == EVENTS.keys()


def test_what_is_in_order_passes() -> None:
    for walk in walks_of(CohereReader.order, 200):
        told = judge(as_sse(events(walk)), dialect=DIALECT)
        assert told.complete
        assert told.codes == set()


def test_what_is_out_of_order_is_found() -> None:
    for path, kind in violations_of(CohereReader.order):
        told = judge(as_sse(events([*path, kind])), dialect=DIALECT)
        after_end = bool(path) and path[-1] == "message-end"
        assert ("event-after-end" if after_end else "event-out-of-order") in told.codes, (
            path,
            kind,
        )


@pytest.mark.parametrize("citations", [CITATION, [CITATION, CITATION]])
def test_a_citation_may_come_at_any_time(citations: Any) -> None:
    cite = {"type": "citation-start", "index": 0, "delta": {"message": {"citations": citations}}}
    stream = events(
        ["message-start", "content-start", "content-delta", "content-end", "message-end"]
    )
    for at in range(1, len(stream)):
        told = judge(as_sse([*stream[:at], cite, *stream[at:]]), dialect=DIALECT)
        assert told.complete
        assert told.codes == set()
        assert told.result.message.annotations == (
            citations if isinstance(citations, list) else [citations]
        )


@pytest.mark.parametrize(("word", "reason"), CohereReader.reasons.items())
def test_every_reason_has_its_meaning(word: str, reason: str | None) -> None:
    stream = events(["message-start", "tool-call-start", "tool-call-end", "message-end"])
    stream[-1]["delta"] = {"finish_reason": word}
    if reason != "tool_calls":
        del stream[1:3]
    told = judge(as_sse(stream), dialect=DIALECT)
    assert told.complete == (reason is not None)
    assert told.result.choices[0].finish_reason == reason
    assert (told.error is None) == (reason is not None)


@pytest.mark.parametrize("delta", [{"error": "it broke", "finish_reason": "COMPLETE"}, {}])
def test_an_end_with_an_error_or_without_a_reason_is_none(delta: dict[str, Any]) -> None:
    stream = events(["message-start", "content-start", "content-delta", "content-end"])
    told = judge(as_sse([*stream, {"type": "message-end", "delta": delta}]), dialect=DIALECT)
    assert told.error is not None
    assert told.error.kind == ("server" if delta else "truncated")
    assert told.result.message.content == "a"


def test_done_is_no_end_and_may_follow_it() -> None:
    stream = as_sse(events(["message-start", "tool-plan-delta", "message-end"]))
    done = b"data: [DONE]\n\n"
    assert judge(stream + done, dialect=DIALECT).codes == set()
    early = stream.removesuffix(stream.split(b"\n\n")[-2] + b"\n\n") + done
    told = judge(early, dialect=DIALECT)
    assert told.error is not None
    assert told.error.kind == "truncated"
    assert told.codes == {"done-foreign", "stream-failed"}


def test_halves_of_a_character_in_two_deltas_are_one() -> None:
    for kind, path in (
        ("tool-plan-delta", "tool_plan"),
        ("content-delta", "text"),
        ("content-delta", "thinking"),
    ):
        halves = [
            {path: half} if path == "tool_plan" else {"content": {path: half}}
            for half in ("\ud83d", "\ude00")
        ]
        deltas = [{"type": kind, "index": 0, "delta": {"message": half}} for half in halves]
        opening = events(["message-start", "content-start"])
        told = tell(as_sse([*opening, *deltas, *events(["message-end"])]), dialect=DIALECT)
        message = told.result.message
        assert "😀" in (message.content, message.reasoning_content)
        assert "surrogate-split" in told.codes


def test_whatever_is_in_the_fields_what_is_true_of_every_stream_holds() -> None:
    streams = [objects_of(path.read_bytes()) for path in fixtures_of(DIALECT)]
    for seed in range(4_000):
        judge(as_sse(damaged(streams[seed % len(streams)], seed)), dialect=DIALECT)
