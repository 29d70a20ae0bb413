"""Recorded runs come again through the client: whole and cut anywhere, blocking and awaited, they come to what their own last
events say they came to."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from captures.corpus_captures import corpus_capture, metadata_of
from corpus import CAPTURES, require
from hypothesis import given, settings
from hypothesis import strategies as st
from run_streams import FIXTURES, runs

from streamnorm import Normalizer
from streamnorm.assistants import event_of
from streamnorm.captures import CaptureLibrary, ReplayTransport
from streamnorm.client.beta.reading import RunNormalizer
from streamnorm.client.errors import StreamTruncated
from streamnorm.client.tool_loop import Outcome, RunFinished, ToolAnswered
from streamnorm.errors import StreamnormError
from streamnorm.openai import AssistantEventHandler, AsyncAssistantEventHandler, AsyncOpenAI, OpenAI
from streamnorm.sse import FrameDecoder

#: Streams up to this size are cut at every place; of the others, at some.
SMALL = 5_700
SOME = 40

#: In one published example, `data:` is missing before the run that ends it.
UNFINISHED = "paths_threads_runs_post_Streaming"
MADE_UP = {"assistant_id": "asst_abc123"}


def captures() -> dict[str, Path]:
    return {path.stem: path for path in sorted(CAPTURES.glob("assistants/*/*.sse"))}


def examples() -> dict[str, Path]:
    found = sorted(CAPTURES.glob("reference/*/paths_threads*.sse"))
    return {path.stem: path for path in found if path.stem != UNFINISHED}


def ended_streams() -> dict[str, Path]:
    return {**captures(), **examples()}


def test_the_corpus_is_whole() -> None:
    require(CAPTURES / "index.json")
    assert (len(captures()), len(examples())) == (16, 4)


# Asking as it was asked.


def asking(client: Any, path: str, request: dict[str, Any]) -> Any:
    """The call that sends this request."""
    match path.removeprefix("/v1/").split("/"):
        case ["threads", "runs"]:
            return client.beta.threads.create_and_run(**request)
        case ["threads", thread_id, "runs"]:
            return client.beta.threads.runs.create(thread_id, **request)
        case ["threads", thread_id, "runs", run_id, "submit_tool_outputs"]:
            submit = client.beta.threads.runs.submit_tool_outputs
            return submit(run_id, thread_id=thread_id, **request)
    raise AssertionError(path)


def following(client: Any, path: str, request: dict[str, Any], handler: Any) -> Any:
    """The same with a handler."""
    asked = {name: value for name, value in request.items() if name != "stream"}
    asked["event_handler"] = handler
    runs = client.beta.threads.runs
    match path.removeprefix("/v1/").split("/"):
        case ["threads", "runs"]:
            return client.beta.threads.create_and_run_stream(**asked)
        case ["threads", thread_id, "runs"]:
            return runs.stream(thread_id=thread_id, **asked)
        case ["threads", thread_id, "runs", run_id, "submit_tool_outputs"]:
            return runs.submit_tool_outputs_stream(run_id=run_id, thread_id=thread_id, **asked)
    raise AssertionError(path)


def asked(path: Path) -> tuple[str, dict[str, Any]]:
    known = metadata_of(path)
    return known.get("url_path") or "/v1/threads/runs", known.get("request") or {
        **MADE_UP,
        "stream": True,
    }


def blocking(transport: Any) -> OpenAI:
    http = httpx.Client(transport=transport)
    return OpenAI(api_key="x", base_url="http://replayed.test/v1", http_client=http)


def awaited(transport: Any) -> AsyncOpenAI:
    http = httpx.AsyncClient(transport=transport)
    return AsyncOpenAI(api_key="x", base_url="http://replayed.test/v1", http_client=http)


# What they came to.


@cache
def said(path: Path) -> dict[str, Any]:
    """What the last event about each thing says of it, by its id."""
    decoder = FrameDecoder()
    last: dict[str, Any] = {}
    for frame in [*decoder.feed(path.read_bytes()), *decoder.close()]:
        text = frame.text.strip()
        if frame.event.startswith("thread.") and not frame.event.endswith(".delta"):
            obj, _ = json.JSONDecoder().raw_decode(text)
            last[obj["id"]] = obj
    return last


def kept(things: dict[str, Any], kind: str) -> list[Any]:
    return [obj for obj in things.values() if obj["object"] == kind]


def check(path: Path, handler: Any) -> None:
    last = said(path)
    assert [handler.current_run.to_dict()] == kept(last, "thread.run")
    messages = [message.to_dict() for message in handler._following.messages.values()]
    assert messages == kept(last, "thread.message")
    expected_file = path.with_suffix(".expected.json")
    if expected_file.exists():
        expected = json.loads(expected_file.read_text("utf-8"))["expected"]
        assert messages == expected["messages"]
        action = handler.current_run.required_action
        calls = action and [call.to_dict() for call in action.submit_tool_outputs.tool_calls]
        assert calls == expected["tool_calls"]
    # Of the step of calls that were answered, a stream says only that it has ended.
    began = {name: step.to_dict() for name, step in handler._following.steps.items()}
    for step in kept(last, "thread.run.step"):
        if step["id"] in began and step["step_details"]["type"] == "tool_calls":
            assert_same_calls(began[step["id"]], step)


def assert_same_calls(grown: dict[str, Any], whole: dict[str, Any]) -> None:
    """The deltas of a step come to its calls. (What a search found is only in the whole.)"""
    mine, theirs = grown["step_details"]["tool_calls"], whole["step_details"]["tool_calls"]
    if whole["status"] == "in_progress":
        return  # the run waits: its calls are in the run
    assert [(call["id"], call["type"]) for call in mine] == [
        (call["id"], call["type"]) for call in theirs
    ]
    for one, other in zip(mine, theirs, strict=True):
        for field in ("arguments", "input"):
            assert one[one["type"]].get(field) == other[other["type"]].get(field)


@pytest.mark.parametrize("name", ended_streams())
def test_a_replayed_run_comes_to_what_its_own_last_events_say(name: str, tmp_path: Path) -> None:
    path = ended_streams()[name]
    where, request = asked(path)
    capture = corpus_capture(path, tmp_path)
    for cut in (None, "byte", "seed:7"):
        handler = AssistantEventHandler()
        with (
            blocking(ReplayTransport(CaptureLibrary(capture), cut=cut)) as client,
            following(client, where, request, handler) as stream,
        ):
            stream.until_done()
        check(path, handler)

    async def later() -> None:
        handler = AsyncAssistantEventHandler()
        async with (
            awaited(ReplayTransport(CaptureLibrary(capture), cut="seed:8")) as client,
            following(client, where, request, handler) as stream,
        ):
            await stream.until_done()
        check(path, handler)

    asyncio.run(later())


def test_an_example_that_lost_the_end_of_its_run_is_truncated(tmp_path: Path) -> None:
    path = require(CAPTURES / "reference/openai_spec_examples" / f"{UNFINISHED}.sse")
    where, request = asked(path)
    transport = ReplayTransport(corpus_capture(path, tmp_path))
    with blocking(transport) as client, pytest.raises(StreamTruncated) as error:
        list(asking(client, where, request))
    assert error.value.partial is not None
    assert error.value.partial.message.content


# Cut.


class Pieces(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers each request with the same body, in the pieces that were set last."""

    pieces: Sequence[bytes] = ()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=_SSE, stream=_Body(self.pieces))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


_SSE = {"content-type": "text/event-stream"}


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def places(body: bytes) -> Iterator[int]:
    """Where to cut: everywhere, or where lines end, about there, and elsewhere."""
    if len(body) <= SMALL:
        yield from range(1, len(body))
        return
    ends = [at for at, byte in enumerate(body) if byte == 10]
    chosen = random.Random(len(body))
    for end in chosen.sample(ends, min(len(ends), SOME)):
        yield from (end, end + 1)
    yield from chosen.sample(range(1, len(body)), SOME)


@pytest.mark.parametrize("name", captures())
def test_a_run_that_is_cut_in_two_is_the_same_run(name: str) -> None:
    path = captures()[name]
    body = path.read_bytes()
    where, request = asked(path)
    transport = Pieces()
    with blocking(transport) as client:
        transport.pieces = [body]
        whole = asking(client, where, request)
        expected = list(whole)
        assert (whole.complete, whole.findings) == (True, [])
        for place in places(body):
            transport.pieces = [body[:place], body[place:]]
            assert list(asking(client, where, request)) == expected, place

    async def later() -> None:
        async with awaited(transport) as client:
            for place in random.Random(3).sample(range(1, len(body)), 20):
                transport.pieces = [body[:place], body[place:]]
                stream = await asking(client, where, request)
                assert [event async for event in stream] == expected

    asyncio.run(later())


# Runs that nobody recorded, and streams that are broken.


def as_sse(pairs: list[tuple[str, Any]]) -> bytes:
    frames = [f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in pairs]
    return "".join([*frames, "event: done\ndata: [DONE]\n\n"]).encode()


def streamed(pieces: Sequence[bytes]) -> Any:
    transport = Pieces()
    transport.pieces = pieces
    return asking(blocking(transport), "/v1/threads/thread_1/runs", {**MADE_UP, "stream": True})


@settings(max_examples=100, deadline=None)
@given(runs(), st.data())
def test_every_event_of_any_run_is_given_however_it_is_cut(pairs: Any, data: Any) -> None:
    body = as_sse(pairs)
    places = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=4)))
    pieces = [body[a:b] for a, b in itertools.pairwise([0, *places, len(body)])]
    stream = streamed(pieces)
    expected = [event_of(name, value) for name, value in pairs]
    told = list(stream)
    assert told == expected
    assert [(repr(e), e.to_dict()) for e in told] == [(repr(e), e.to_dict()) for e in expected]
    assert stream.complete
    handler = AssistantEventHandler()
    handler._init(streamed(pieces))
    handler.until_done()
    assert handler.current_run == event_of(*pairs[-1]).data


@settings(max_examples=60, deadline=None)
@given(runs())
def test_what_the_core_makes_of_a_run_is_what_the_client_makes_of_it(pairs: Any) -> None:
    core = Normalizer(dialect="assistants")
    told = [*core.feed(as_sse(pairs)), *core.close()]
    stream = streamed([as_sse(pairs)])
    assert list(stream.events()) == told
    again = streamed([as_sse(pairs)])
    list(again)
    for each in (stream, again):
        assert (each.result, each.findings) == (core.result, core.findings)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(FIXTURES.glob("*.sse"))), st.randoms(use_true_random=False))
def test_a_broken_stream_raises_nothing_but_our_errors(path: Path, random: Any) -> None:
    body = bytearray(path.read_bytes())
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(body) + 1)
        match random.randint(0, 3):
            case 0:
                del body[at : at + random.randint(1, 200)]
            case 1:
                body[at : at + 1] = bytes([random.choice(b'{}[]":,\\n\r0eE\xff\x00')])
            case 2:
                body[at:at] = random.choice((b"null", b"[]", b"{}", b"[DONE]", b"\n\n", b"data: "))
            case 3:
                del body[at:]
    stream = streamed([bytes(body)])
    handler = AssistantEventHandler()
    handler._init(streamed([bytes(body)]))
    for reader in (stream, handler):
        try:
            list(reader)
        except StreamnormError as error:
            assert str(error)  # noqa: PT017  # it may as well not raise
    core, mine = Normalizer(dialect="assistants"), RunNormalizer()
    core.feed(bytes(body))
    core.close()
    mine.feed_chunks(bytes(body))
    mine.close_chunks()
    assert (mine.result, mine.findings) == (core.result, core.findings)
    assert mine.error == (None if mine.state else core.error)


# Two recordings of one run, in one loop.

RUNS = (
    ("1.361eb924", "2.5ad0d6d6"),
    ("1.0310463a", "2.fb91bcb8"),
)


def weather() -> str:
    """What was answered when it was recorded."""
    return "warm and sunny"


@pytest.mark.parametrize("endings", RUNS)
def test_a_recorded_run_with_a_call_comes_again_in_one_loop(
    endings: tuple[str, str], tmp_path: Path
) -> None:
    prefix = "openai-dotnet.sessionrecords-assistantstests-streamingtoolcall-async."
    paths = [require(CAPTURES / f"assistants/openai/{prefix}{ending}.sse") for ending in endings]
    for path in paths:
        corpus_capture(path, tmp_path)
    _, request = asked(paths[0])
    with blocking(ReplayTransport(tmp_path)) as client:
        first = client.beta.threads.create_and_run(**request)
        run = [event.data for event in first][-1]
        (call,) = run.required_action.submit_tool_outputs.tool_calls
        assert call.function.name == "get_current_weather"
        again = client.beta.threads.runs.submit_tool_outputs(
            run.id,
            thread_id=run.thread_id,
            tool_outputs=[{"tool_call_id": call.id, "output": weather()}],
            stream=True,
        )
        events = list(again)
    (message,) = kept(said(paths[1]), "thread.message")
    assert [e.data.to_dict() for e in events if e.event == "thread.message.completed"] == [message]


def test_and_by_run_tools(tmp_path: Path) -> None:
    """The recording began with a new thread; here it is one that is there."""
    prefix = "openai-dotnet.sessionrecords-assistantstests-streamingtoolcall-async."
    bodies = [
        require(CAPTURES / f"assistants/openai/{prefix}{ending}.sse").read_bytes()
        for ending in RUNS[0]
    ]

    class InTurn(Pieces):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            self.pieces = [bodies.pop(0)]
            self.asked = json.loads(request.content)
            return super().handle_request(request)

    transport = InTurn()
    with blocking(transport) as client:
        run = client.beta.threads.runs.run_tools(
            thread_id="thread_1", assistant_id="a", functions={"get_current_weather": weather}
        )
        events = list(run)
    (answered,) = [event.outcome for event in events if isinstance(event, ToolAnswered)]
    assert answered == Outcome(answered.id, "get_current_weather", "warm and sunny", "done")
    assert transport.asked["tool_outputs"] == [
        {"tool_call_id": answered.id, "output": "warm and sunny"}
    ]
    assert events[-1] == RunFinished("done", 2)
    assert run.run is not None
    assert run.run.status == "completed"
