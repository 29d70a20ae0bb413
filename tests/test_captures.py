"""The laws, held over every recorded chat stream; and what each comes to, where somebody else has read it too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from corpus import CAPTURES, require
from strategies import CHECKS, judge, pieces_of, tell, without_raw_reason

from streamnorm import Normalizer, RemoteError, anormalize, normalize

#: A call ends a run of text; the client keeps the runs apart and sends back only the last one.
_LAST_TEXT_BLOCK = (
    "several runs of text with calls between them; the client sent back the last, one space"
)
#: The client never sends an empty string: it writes this in its place.
_EMPTY_STRING = (
    'the content in the stream is ""; the client writes "[empty string]" where it would be empty'
)
#: The client serves the Responses API over this stream. What it sends later has the call, and never any text before one.
_TEXT_DROPPED = (
    'the stream has text (reasoning in tags) before the call; the client sent the call and ""'
)

#: Where our content is not what the recorded client sent back, and why both are right: it is the stream's, to the byte.
DISAGREEMENTS = {
    "chatlas.test-provider-deepseek-test-deepseek-tool-variations-async.0.92ba84af": _EMPTY_STRING,
    "chatlas.test-provider-deepseek-test-deepseek-tool-variations-async.2.36dfdc68": _EMPTY_STRING,
    "fantasy.testopenaicompatiblecommon-avian-kimi-multi-tool-streaming.0.5c71adb6": _LAST_TEXT_BLOCK,
    "fantasy.testopenaicompatiblethinking-avian-kimi-thinking-streaming.0.d1b932dd": _LAST_TEXT_BLOCK,
    "llama-stack.responses-4c710c580a8ea851e213413d29aa62a7a08c4f2cf0f8229ffc919695ae680911.0.d2bb7760": _TEXT_DROPPED,
    "llama-stack.responses-9f43d0156294b538346f5333b72af54faca8d5e9f02afca3c26a81046ceaff7b.0.bba34439": _TEXT_DROPPED,
}

#: The index says that it has neither a finish reason nor [DONE]; but its last two frames lack the blank line between them,
#: and the finish is in the second, which a reader by the letter does not see.
READ_AFTER_ALL = frozenset({"huggingface_hub.test-async-chat-completion-with-stream.0.810a814c"})

#: [DONE] alone: nothing was ever said.
NOTHING_SAID = frozenset(
    {"genai.huggingface-meta-llama-llama-3-1-8b-instruct-genstream-json.0.d8d37da0"}
)

#: Recordings of our own that are of other protocols, by the beginning of their names.
OTHER_DIALECTS = ("responses", "messages", "anthropic_", "gemini_", "ollama_")


@cache
def index() -> list[dict[str, Any]]:
    path = CAPTURES / "index.json"
    if not path.exists():
        return []
    streams = json.loads(path.read_text("utf-8"))["streams"]
    return [entry for entry in streams if entry["dialect"] == "chat"]


def slug(entry: dict[str, Any]) -> str:
    return Path(entry["file"]).stem


def body_of(entry: dict[str, Any]) -> bytes:
    return (CAPTURES / entry["file"]).read_bytes()


def live() -> list[Path]:
    return [
        path
        for path in sorted((CAPTURES / "live").glob("*/*.sse"))
        if not path.name.startswith(OTHER_DIALECTS)
    ]


def everything() -> list[tuple[str, bytes]]:
    """All chat streams by name, recorded elsewhere and recorded here."""
    require(CAPTURES / "index.json")
    theirs = [(entry["file"], body_of(entry)) for entry in index()]
    return theirs + [(str(path.relative_to(CAPTURES)), path.read_bytes()) for path in live()]


def parsed(text: str) -> Any:
    """Arguments compare as JSON; a text that is none, as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def test_the_corpus_is_whole() -> None:
    require(CAPTURES / "index.json")
    assert len(index()) == 945
    assert sum(entry["expected"] is not None for entry in index()) == 350
    assert len(live()) > 60


@pytest.mark.parametrize("entry", [entry for entry in index() if entry["expected"]], ids=slug)
def test_it_comes_to_what_the_recorded_client_read(entry: dict[str, Any]) -> None:
    told = tell(body_of(entry))
    path = (CAPTURES / entry["file"]).with_suffix(".expected.json")
    wanted = json.loads(path.read_text("utf-8"))["message"]
    assert told.error is None
    assert told.complete
    message = told.result.message
    calls = wanted.get("tool_calls") or []
    assert [call.name for call in message.tool_calls] == [call["name"] for call in calls]
    assert [call.id for call in message.tool_calls] == [call["id"] for call in calls]
    assert [parsed(call.arguments) for call in message.tool_calls] == [
        parsed(call["arguments"]) for call in calls
    ]
    content = wanted.get("content")
    agrees = content is None or (message.content or "") == content
    assert agrees == (slug(entry) not in DISAGREEMENTS)


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_where_we_disagree_the_stream_says_what_we_say(name: str) -> None:
    entry = next((entry for entry in index() if slug(entry) == name), None)
    if entry is None:
        require(CAPTURES / "index.json")
    assert entry is not None
    body = body_of(entry)
    payloads = [
        json.loads(line.removeprefix(b"data: "))
        for line in body.splitlines()
        if line.startswith(b"data: {")
    ]
    said = "".join(
        choice["delta"].get("content") or "" for chunk in payloads for choice in chunk["choices"]
    )
    assert (tell(body).result.message.content or "") == said


def test_every_failure_is_told_and_nothing_else_is() -> None:
    require(CAPTURES / "index.json")
    wrong = []
    for entry in index():
        error = tell(body_of(entry)).error
        unended = not entry["finish_reasons"] and not entry["done"]
        cut = (unended and slug(entry) not in READ_AFTER_ALL) or slug(entry) in NOTHING_SAID
        wanted = "server" if entry["error_event"] else "truncated" if cut else None
        if (error and error.kind) != wanted:
            wrong.append((entry["file"], wanted, error))
        elif error is not None:
            assert error.message
    assert wrong == []


def test_every_stream_keeps_the_laws_of_all_streams() -> None:
    """Three feeds, one story; one end; and what leaves is in normal form, so that normalizing it again finds nothing."""
    wrong = []
    for name, body in everything():
        try:
            judge(body)
        except Exception as error:
            wrong.append((name, f"{type(error).__name__}: {error}"[:300]))
    assert wrong == []


def test_normalizing_twice_changes_nothing() -> None:
    """The second pass gives the same events, and the same bytes as the first."""
    wrong = []
    for name, body in everything():
        first = tell(body)
        once = tell(body, "sse").output
        if first.error is None:
            again = tell(once)
            if without_raw_reason(again.events) != without_raw_reason(first.events):
                wrong.append((name, "events"))
            if again.codes - CHECKS:
                wrong.append((name, sorted(again.codes - CHECKS)))
            if tell(once, "sse").output != once:
                wrong.append((name, "bytes"))
    assert wrong == []


def test_the_fast_path_changes_nothing() -> None:
    wrong = [
        name
        for name, body in everything()
        if tell(body, slow=True) != tell(body)
        or tell(body, "sse", slow=True) != tell(body, "sse")
        or tell(body, "chunks", slow=True) != tell(body, "chunks")
    ]
    assert wrong == []


def test_sync_async_and_the_bare_pipeline_agree() -> None:
    async def read(pieces: list[bytes], normalizer: Normalizer) -> list[Any]:
        async def source() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        return await _until_failure_async(anormalize(source(), normalizer=normalizer))

    async def read_all() -> list[str]:
        wrong = []
        for name, body in everything():
            told, pieces = tell(body), pieces_of(body, range(0, len(body), 777))
            blocking, waiting = Normalizer(), Normalizer()
            events = _until_failure(normalize(iter(pieces), normalizer=blocking))
            same_events = events == told.events == await read(pieces, waiting)
            same_findings = blocking.findings == told.findings == waiting.findings
            if not (same_events and same_findings):
                wrong.append(name)
        return wrong

    assert asyncio.run(read_all()) == []


def _until_failure(events: Iterator[Any]) -> list[Any]:
    told = []
    try:
        for event in events:
            told.append(event)  # noqa: PERF402 - the list is wanted although the iterator raises
    except RemoteError:
        pass
    return told


async def _until_failure_async(events: AsyncIterator[Any]) -> list[Any]:
    told = []
    try:
        async for event in events:
            told.append(event)  # noqa: PERF401 - as above
    except RemoteError:
        pass
    return told


# Every way to cut forty streams.


def varied(count: int = 40, largest: int = 6_000) -> list[dict[str, Any]]:
    """Small captures that have between them as many quirks and providers as may be: a greedy cover, then again from the
    start, until there are enough."""
    left = sorted(
        (entry for entry in index() if entry["bytes"] <= largest),
        key=lambda entry: (entry["bytes"], entry["file"]),
    )
    chosen: list[dict[str, Any]] = []
    covered: set[str] = set()
    while left and len(chosen) < count:
        best = max(left, key=lambda entry: len(_traits(entry) - covered))
        if not _traits(best) - covered:
            covered.clear()
            continue
        covered |= _traits(best)
        left.remove(best)
        chosen.append(best)
    return chosen


def _traits(entry: dict[str, Any]) -> set[str]:
    traits = {*entry["quirks"], entry["provider"], *entry["finish_reasons"]}
    traits |= {f"reasoning: {name}" for name in entry["reasoning"]}
    traits |= {f"usage: {name}" for name in entry["usage"]}
    if entry["error_event"]:
        traits.add("error")
    return traits


@pytest.mark.parametrize("entry", varied(), ids=slug)
def test_cut_in_two_anywhere_it_says_the_same(entry: dict[str, Any]) -> None:
    body = body_of(entry)
    whole = tell(body)
    different = [at for at in range(1, len(body)) if tell([body[:at], body[at:]]) != whole]
    assert different == []


@pytest.mark.parametrize("entry", varied(), ids=slug)
def test_byte_by_byte_it_leaves_the_same(entry: dict[str, Any]) -> None:
    body = body_of(entry)
    single = [body[at : at + 1] for at in range(len(body))]
    assert tell(single, "sse") == tell(body, "sse")
    assert tell(single, "chunks") == tell(body, "chunks")
