"""What `client.beta` does that the SDK's does not: streams that fail say so, lists and polls end, one loop runs a run to its end,
and an engine in this process stands in for the service."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from beta_server import ASSISTANT, FIXTURES, RUN, THREAD, TOOL, assistants_server
from loopback import END, Loopback, Request, Script, Step, head, piece, whole
from style_server import Said, speaking, style_server

import streamnorm
from streamnorm import AsyncOpenAI, OpenAI
from streamnorm.assistants import AssistantEventHandler
from streamnorm.assistants.types.stream_event import UnknownEvent
from streamnorm.client import Timeout
from streamnorm.client.beta.pages import NoPageError
from streamnorm.client.errors import (
    APIResponseValidationError,
    APITimeoutError,
    NotFoundError,
    ReportedError,
    StreamInvalid,
    StreamTruncated,
)
from streamnorm.client.tool_loop import (
    Invocation,
    RoundStarted,
    RunFinished,
    ToolAnswered,
    ToolStarted,
)
from streamnorm.errors import LocalError

ASKED: dict[str, Any] = {"thread_id": "thread_1", "assistant_id": "asst_1"}
NAMES = ("sync", "async")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "STREAMNORM_ASSISTANTS", "STREAMNORM_ASSISTANTS_STORE"):
        monkeypatch.delenv(name, raising=False)


def body(name: str) -> bytes:
    return (FIXTURES / f"{name}.sse").read_bytes()


def events(name: str) -> list[bytes]:
    """The frames of a stream."""
    return [frame + b"\n\n" for frame in body(name).split(b"\n\n") if frame]


def streaming(*steps: Step) -> Script:
    def script(request: Request) -> Iterable[Step]:
        yield head(content_type="text/event-stream", transfer_encoding="chunked")
        for step in steps:
            yield piece(step) if isinstance(step, bytes) and step != END else step

    return script


def read(script: Script, kind: str, **options: Any) -> tuple[list[str], Any, Any]:
    """The names of the events that came, the stream, and the error it ended with."""
    if kind == "async":
        return asyncio.run(_read_async(script, **options))
    with Loopback(script) as server, OpenAI(base_url=server.url, **options) as client:
        names: list[str] = []
        stream = client.beta.threads.runs.create(**ASKED, stream=True)
        try:
            names.extend(event.event for event in stream)
        except streamnorm.StreamnormError as error:
            return names, stream, error
        return names, stream, None


async def _read_async(script: Script, **options: Any) -> tuple[list[str], Any, Any]:
    with Loopback(script) as server:
        async with AsyncOpenAI(base_url=server.url, **options) as client:
            names = []
            stream = await client.beta.threads.runs.create(**ASKED, stream=True)
            try:
                async for event in stream:
                    names.append(event.event)  # noqa: PERF401  # what came before an error counts
            except streamnorm.StreamnormError as error:
                return names, stream, error
            return names, stream, None


# Streams.


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("end", [END, "close"])
def test_a_stream_without_its_end_is_truncated_and_gives_what_had_come(
    kind: str, end: Step
) -> None:
    names, stream, error = read(streaming(*events("text")[:-3], end), kind)
    assert isinstance(error, StreamTruncated)
    assert names[-1] == "thread.message.completed"
    assert not stream.complete
    assert error.partial is not None
    assert error.partial.message.content == "Hello."
    assert stream.response.is_closed


@pytest.mark.parametrize("kind", NAMES)
def test_a_stream_whose_run_has_ended_may_leave_done_out(kind: str) -> None:
    names, stream, error = read(streaming(*events("text")[:-1], END), kind)
    assert (names[-1], stream.complete, error) == ("thread.run.completed", True, None)
    assert [finding.code for finding in stream.findings] == ["end-missing"]


@pytest.mark.parametrize("kind", NAMES)
def test_an_error_in_a_stream_is_raised_in_the_servers_words(kind: str) -> None:
    names, _, error = read(streaming(body("error"), END), kind)
    assert isinstance(error, ReportedError)
    assert (str(error), error.code) == ("The server had an error.", "server_error")
    # The API's own event of it is told, too.
    assert names[-1] == "error"
    other = b'event: thread.run.queued\ndata: {"error": {"message": "overloaded"}}\n\n'
    names, _, error = read(streaming(*events("text")[:2], other, END), kind)
    assert (names, str(error)) == (["thread.created", "thread.run.created"], "overloaded")


@pytest.mark.parametrize("name", ["failed", "cancelled", "expired", "length", "content-filter"])
def test_that_a_run_ended_badly_is_told_by_its_last_event_and_raises_nothing(name: str) -> None:
    names, stream, error = read(streaming(body(name), END), "sync")
    assert error is None
    assert stream.complete
    assert names[-1].removeprefix("thread.run.") in (name, "incomplete")


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_no_stream_is_an_error(kind: str) -> None:
    page = [whole("<!doctype html><title>Sign in</title>", content_type="text/html")]
    names, _, error = read(lambda request: page, kind)
    assert (names, type(error)) == ([], StreamInvalid)
    assert "Sign in" in str(error)


def test_an_unknown_event_is_handed_on_untouched() -> None:
    with assistants_server(["unknown-event"]) as server, OpenAI(base_url=server.url) as client:
        stream = client.beta.threads.runs.create(**ASKED, stream=True)
        (unknown,) = [event for event in stream if isinstance(event, UnknownEvent)]
        assert unknown.event == "thread.message.sparkle"
        assert unknown.data == {"id": "msg_1", "object": unknown.event, "glitter": True}
        assert stream.findings == []


@pytest.mark.parametrize("kind", NAMES)
def test_silence_is_a_timeout_though_comments_come(kind: str) -> None:
    keep_alive = [step for _ in range(100) for step in (0.1, b": ping\n\n")]
    script = streaming(*events("text")[:5], *keep_alive, END)
    names, _, error = read(script, kind, timeout=Timeout(idle=1.0), max_retries=0)
    assert len(names) == 5
    assert isinstance(error, APITimeoutError)


def test_leaving_the_loop_frees_the_connection() -> None:
    with (
        Loopback(streaming(*events("text")[:5], "hang")) as server,
        OpenAI(base_url=server.url) as client,
    ):
        for _ in client.beta.threads.runs.create(**ASKED, stream=True):
            break
        gc.collect()
        assert server.wait_for(lambda: server.left == 1)
        with client.beta.threads.runs.stream(**ASKED) as handler:
            next(iter(handler))
        assert server.wait_for(lambda: server.left == 2)


def test_a_stream_can_be_seen_as_normalized_events_and_comes_to_a_message() -> None:
    with assistants_server(["calls"]) as server, OpenAI(base_url=server.url) as client:
        stream = client.beta.threads.runs.create(**ASKED, stream=True)
        names = [type(event).__name__ for event in stream.events()]
        assert names.count("ToolCallFinished") == 2
        calls = stream.result.message.tool_calls
        assert [json.loads(call.arguments)["city"] for call in calls] == ["Oslo", "Rome"]
        assert stream.complete


def test_a_callback_may_submit_and_follow_what_comes_of_it() -> None:
    said: list[str] = []
    with assistants_server(["calls", "resumed"]) as server, OpenAI(base_url=server.url) as client:

        class Handler(AssistantEventHandler):
            def on_event(self, event: Any) -> None:
                if event.event == "thread.run.requires_action":
                    with client.beta.threads.runs.submit_tool_outputs_stream(
                        thread_id=self.current_run.thread_id,
                        run_id=self.current_run.id,
                        tool_outputs=[{"tool_call_id": "call_1", "output": "57"}],
                        event_handler=Handler(),
                    ) as stream:
                        said.extend(stream.text_deltas)

        with client.beta.threads.runs.stream(**ASKED, event_handler=Handler()) as stream:
            stream.until_done()
    assert said == ["Cold."]


# Whole answers.


def answering(body: Any, status: int = 200, **headers: Any) -> Script:
    return lambda request: [whole(body, status, **headers)]


def test_an_error_in_a_good_status_is_raised() -> None:
    failed = {"error": {"message": "out of credits", "code": "insufficient_quota"}}
    with Loopback(answering(failed)) as server, OpenAI(base_url=server.url) as client:
        with pytest.raises(ReportedError, match="out of credits"):
            client.beta.threads.create()
        with pytest.raises(ReportedError, match="out of credits"):
            client.beta.assistants.list()


@pytest.mark.parametrize("said", [b"<html>", b"[1]", b"null", b""])
def test_what_is_no_json_object_is_an_error(said: bytes) -> None:
    with (
        Loopback(answering(said)) as server,
        OpenAI(base_url=server.url) as client,
        pytest.raises(APIResponseValidationError, match="no JSON object"),
    ):
        client.beta.threads.create()


def test_a_run_without_a_state_is_not_looked_at_forever() -> None:
    with (
        Loopback(answering({"id": "run_1"})) as server,
        OpenAI(base_url=server.url) as client,
        pytest.raises(APIResponseValidationError, match="status is None"),
    ):
        client.beta.threads.runs.poll("run_1", "thread_1", poll_interval_ms=1)


def test_a_raw_answer_has_its_headers_and_what_it_is() -> None:
    with assistants_server() as server, OpenAI(base_url=server.url) as client:
        raw = client.beta.assistants.with_raw_response.retrieve("asst_1")
        assert raw.headers["x-request-id"] == raw.request_id == "req_1"
        assert raw.parse().id == "asst_1"
        assert raw.json()["name"] == ASSISTANT["name"]
        streamed = client.beta.threads.runs.with_raw_response.create(**ASKED, stream=True)
        assert len(list(streamed.parse())) > 5
        with pytest.raises(TypeError, match="missing a required argument: 'assistant_id'"):
            client.beta.assistants.with_raw_response.retrieve()
        with pytest.raises(AttributeError, match="no one answer"):
            client.beta.threads.runs.with_raw_response.stream(**ASKED)

    async def later() -> None:
        with assistants_server() as server:
            async with AsyncOpenAI(base_url=server.url) as client:
                raw = await client.beta.threads.with_raw_response.retrieve("thread_1")
                assert (raw.request_id, raw.parse().id) == ("req_1", "thread_1")

    asyncio.run(later())


def test_what_is_handed_out_can_be_pickled() -> None:
    with assistants_server() as server, OpenAI(base_url=server.url) as client:
        run = client.beta.threads.runs.retrieve("run_1", thread_id="thread_1")
        assert pickle.loads(pickle.dumps(run)) == run
        assert run.to_dict() == {**RUN, "temperature": 1.0}


def test_a_model_is_sent_as_what_it_was() -> None:
    with assistants_server() as server, OpenAI(base_url=server.url) as client:
        tools = client.beta.assistants.retrieve("asst_1").tools
        client.beta.assistants.create(model="m-1", tools=tools)
        assert server.seen[-1].json["tools"] == [TOOL]


# 404.


@pytest.mark.parametrize(
    ("said", "hinted"),
    [
        ({"error": {"message": "Invalid URL (POST /v1/threads/thread_1/runs)"}}, True),
        (b"404 page not found", True),
        (b"", True),
        ({"error": {"message": "No thread found with id 'thread_1'."}}, False),
        ({"error": {"message": "No assistant found with id 'asst_1'."}}, False),
        ({"error": {"message": "No route to /v1/threads/thread_1/runs"}}, True),
    ],
)
def test_a_404_says_what_stands_in_for_the_service_unless_it_is_about_an_id(
    said: Any, hinted: bool
) -> None:
    with (
        Loopback(answering(said, 404)) as server,
        OpenAI(base_url=server.url) as client,
        pytest.raises(NotFoundError) as error,
    ):
        client.beta.threads.runs.create(**ASKED)
    assert ('OpenAI(assistants="local")' in str(error.value)) == hinted
    assert error.value.response.status_code == 404


# Lists.


def test_the_last_page_says_that_it_is() -> None:
    with assistants_server() as server, OpenAI(base_url=server.url) as client:
        pages = list(client.beta.assistants.list().iter_pages())
        assert [page.has_next_page() for page in pages] == [True, True, False]
        assert pages[0].next_page_info() == {"after": "asst_2"}
        with_more = pages[-1].get_next_page
        assert with_more().data == []
        with pytest.raises(NoPageError, match="has_next_page"):
            with_more().get_next_page()


@pytest.mark.parametrize("more", [{}, {"has_more": True}])
def test_a_list_that_begins_again_and_again_ends(more: dict[str, Any]) -> None:
    page = {"object": "list", "data": [THREAD, {**THREAD, "id": "thread_2"}], **more}
    with Loopback(answering(page)) as server, OpenAI(base_url=server.url) as client:
        assert len(list(client.beta.assistants.list())) == 4
        assert len(server.seen) == 2


@pytest.mark.parametrize("data", [None, [], {}, "x", [1], [{"id": None}]])
def test_a_page_that_is_none_has_no_next(data: Any) -> None:
    page = {"object": "list", "data": data, "has_more": True}
    with Loopback(answering(page)) as server, OpenAI(base_url=server.url) as client:
        found = client.beta.assistants.list()
        assert not found.has_next_page()
        assert len(list(found)) == (len(data) if isinstance(data, list) else 0)


# Polls.


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []

    async def sleep(delay: float) -> None:
        seconds.append(delay)

    monkeypatch.setattr("time.sleep", seconds.append)
    monkeypatch.setattr("anyio.sleep", sleep)
    return seconds


@pytest.mark.parametrize(
    ("headers", "options", "interval"),
    [
        ({}, {}, 1.0),
        ({"openai_poll_after_ms": "250"}, {}, 0.25),
        ({"openai_poll_after_ms": "soon"}, {}, 1.0),
        ({"openai_poll_after_ms": "250"}, {"poll_interval_ms": 20}, 0.02),
    ],
)
def test_a_poll_waits_as_it_is_told(
    headers: dict[str, str], options: dict[str, Any], interval: float, slept: list[float]
) -> None:
    states = ("queued", "in_progress", "requires_action")

    async def later(url: str) -> Any:
        async with AsyncOpenAI(base_url=url) as client:
            return await client.beta.threads.runs.poll("run_1", "thread_1", **options)

    with assistants_server(states=states, **headers) as server, OpenAI(base_url=server.url) as one:
        run = one.beta.threads.runs.poll("run_1", "thread_1", **options)
    assert (run.status, slept) == ("requires_action", [interval] * 2)
    slept.clear()
    with assistants_server(states=states, **headers) as server:
        run = asyncio.run(later(server.url))
    assert (run.status, slept) == ("requires_action", [interval] * 2)


# One loop.


def city(city: str) -> str:
    """The weather in a city."""
    return f"{city}: sunny"


def looped(kind: str, *streams: str | bytes, **options: Any) -> tuple[list[Any], list[Any], Any]:
    """What a run of `run_tools` tells, what it sends, and the run."""
    asked = {**ASKED, "functions": {"get_weather": city}, **options}

    async def later(url: str) -> Any:
        async with AsyncOpenAI(base_url=url) as client:
            run = client.beta.threads.runs.run_tools(**asked)
            return [event async for event in run], run

    with assistants_server(streams) as server:
        if kind == "async":
            told, run = asyncio.run(later(server.url))
        else:
            with OpenAI(base_url=server.url) as client:
                run = client.beta.threads.runs.run_tools(**asked)
                told = list(run)
        return told, [(request.path, request.json) for request in server.seen], run


def calling(arguments: str = '{"city": "Oslo"}', name: str = "get_weather") -> bytes:
    """A stream whose run has tools and requires an action."""
    tool = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
    run = {**RUN, "tools": [tool], "status": "requires_action", "required_action": action}
    states = ("created", "queued", "in_progress", "requires_action")
    frames = [f"event: thread.run.{state}\ndata: {json.dumps(run)}\n\n" for state in states]
    return "".join([*frames, "event: done\ndata: [DONE]\n\n"]).encode()


def names_of(told: list[Any]) -> list[str]:
    return [getattr(event, "event", type(event).__name__) for event in told]


@pytest.mark.parametrize("kind", NAMES)
def test_one_loop_runs_the_functions_and_goes_on_to_the_end(kind: str) -> None:
    told, seen, run = looped(kind, calling(), "resumed")
    assert [name for name in names_of(told) if not name.startswith("thread.")] == [
        *("RoundStarted", "ToolStarted", "ToolAnswered", "RoundStarted", "RunFinished")
    ]
    assert told[0] == RoundStarted(1)
    assert "thread.run.requires_action" in names_of(told)
    assert "thread.message.completed" in names_of(told)
    assert ToolStarted("call_1", "get_weather", {"city": "Oslo"}) in told
    assert told[-1] == RunFinished("done", 2)
    path, sent = seen[1]
    assert path == "/v1/threads/thread_1/runs/run_1/submit_tool_outputs"
    assert sent["tool_outputs"] == [{"tool_call_id": "call_1", "output": "Oslo: sunny"}]
    assert "tools" not in seen[0][1]
    assert (run.rounds, run.run.status) == (2, "completed")


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (calling('{"town": "Oslo"}'), "`/city` is required"),
        (calling('{"city": 5}'), "`/city`"),
        (calling('{"city": "Os'), "The call was not run."),
        (calling(name="get_wether"), 'Did you mean "get_weather"?'),
    ],
)
def test_a_call_that_is_not_valid_is_not_run_and_the_assistant_is_told_why(
    kind: str, stream: bytes, words: str
) -> None:
    told, seen, _ = looped(kind, stream, "resumed")
    (answered,) = [event.outcome for event in told if isinstance(event, ToolAnswered)]
    assert answered.status == "invalid"
    assert words in seen[1][1]["tool_outputs"][0]["output"]
    assert not any(isinstance(event, ToolStarted) for event in told)


def test_functions_by_themselves_are_the_runs_tools() -> None:
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return "sunny"

    _, seen, _ = looped("sync", calling(), "resumed", functions=[get_weather])
    (tool,) = seen[0][1]["tools"]
    assert tool["function"]["name"] == "get_weather"
    assert tool["function"]["parameters"]["required"] == ["city"]
    assert seen[1][1]["tool_outputs"] == [{"tool_call_id": "call_1", "output": "sunny"}]


@pytest.mark.parametrize("kind", NAMES)
def test_a_call_without_a_function_is_the_callers_mistake(kind: str) -> None:
    with pytest.raises(LocalError, match="'get_weather', for which there is no function"):
        looped(kind, calling(), functions={"get_time": city})


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("expired", "expired"),
        ("length", "length"),
        ("content-filter", "content_filter"),
        ("text", "done"),
    ],
)
def test_the_last_event_says_how_the_run_ended(stream: str, reason: Any) -> None:
    told, _, _ = looped("sync", stream)
    assert told[-1] == RunFinished(reason, 1)


@pytest.mark.parametrize("kind", NAMES)
def test_there_are_no_more_rounds_than_one_says(kind: str) -> None:
    told, seen, run = looped(kind, calling(), max_rounds=1)
    assert (told[-1], len(seen)) == (RunFinished("max_rounds", 1), 1)
    assert run.run.required_action is not None
    with pytest.raises(LocalError, match="max_rounds is 1 or more"):
        looped(kind, max_rounds=0)


def test_a_hook_is_asked_before_a_call_runs() -> None:
    asked: list[Invocation] = []

    def approve(call: Invocation) -> str:
        asked.append(call)
        return "Not today."

    _, seen, _ = looped("sync", calling(), "resumed", approve=approve)
    assert asked == [Invocation("call_1", "get_weather", {"city": "Oslo"})]
    assert seen[1][1]["tool_outputs"][0]["output"] == "The call was not run. Not today."


def test_a_run_is_iterated_over_once() -> None:
    _, _, run = looped("sync", "text")
    with pytest.raises(LocalError, match="iterated over before"):
        list(run)


# The engine in this process.


def test_assistants_run_here_over_any_chat_endpoint(tmp_path: Path) -> None:
    store = tmp_path / "threads.sqlite"
    with style_server("missing index") as server:
        with OpenAI(base_url=server.url, assistants="local", assistants_store=store) as client:
            assistant = client.beta.assistants.create(model="m-1", tools=[TOOL])
            thread = client.beta.threads.create(messages=[{"role": "user", "content": "Rain?"}])
            run = client.beta.threads.runs.run_tools(
                thread_id=thread.id,
                assistant_id=assistant.id,
                functions={"get_weather": lambda location: f"{location}: sunny"},
            )
            assert list(run)[-1] == RunFinished("done", 2)
            copy = client.with_options(timeout=5)
            (answer, _) = copy.beta.threads.messages.list(thread.id)
            assert answer.content[0].text.value == "I have looked: Paris, France: sunny."
        assert {request.path for request in server.seen} == {"/v1/chat/completions"}
        with OpenAI(base_url=server.url, assistants="local", assistants_store=store) as again:
            assert again.beta.threads.runs.retrieve(run.run.id, thread_id=thread.id) == run.run


def test_and_awaited() -> None:
    async def later(url: str) -> None:
        async with AsyncOpenAI(base_url=url, assistants="local") as client:
            assistant = await client.beta.assistants.create(model="m-1")
            run = await client.beta.threads.create_and_run_poll(
                assistant_id=assistant.id,
                thread={"messages": [{"role": "user", "content": "Hi"}]},
            )
            assert run.status == "completed"
            messages = client.with_options(timeout=5).beta.threads.messages
            texts = [m.content[0].text.value async for m in messages.list(run.thread_id)]
            assert texts == ["你好! I am here 🦄 to help.", "Hi"]

    with style_server() as server:
        asyncio.run(later(server.url))


def test_the_key_does_not_go_to_the_engine_and_a_404_of_it_says_only_what_is_missing() -> None:
    with (
        style_server() as server,
        OpenAI(base_url=server.url, api_key="sk-of-nobody", assistants="local") as client,
        pytest.raises(NotFoundError) as error,
    ):
        client.beta.threads.retrieve("thread_9")
    assert "authorization" not in error.value.request.headers
    assert "local" not in str(error.value)
    assert "thread_9" in str(error.value)


def test_threads_in_memory_are_those_of_the_client_and_its_copies() -> None:
    with style_server() as server:
        client = OpenAI(base_url=server.url, assistants="local")
        thread = client.beta.threads.create()
        assert client.copy(max_retries=1).beta.threads.retrieve(thread.id) == thread
        other = client.with_options(assistants="local")
        with pytest.raises(NotFoundError):
            other.beta.threads.retrieve(thread.id)
        client.close()
        with pytest.raises(RuntimeError, match="closed"):
            client.beta.threads.retrieve(thread.id)


def test_a_copy_for_another_endpoint_asks_that_one_about_the_same_threads() -> None:
    says = {name: speaking(scenario=lambda body, name=name: Said(name)) for name in ("one", "two")}
    with Loopback(says["one"]) as one, Loopback(says["two"]) as two:
        client = OpenAI(base_url=one.url, assistants="local")
        assistant = client.beta.assistants.create(model="m-1")
        thread = client.beta.threads.create(messages=[{"role": "user", "content": "Who?"}])
        for each in (client, client.with_options(base_url=two.url), client):
            each.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
        messages = client.beta.threads.messages.list(thread.id, order="asc")
        assert [m.content[0].text.value for m in messages] == ["Who?", "one", "two", "one"]
        assert len(two.seen) == 1
        assert [m["content"] for m in two.seen[0].json["messages"]] == ["Who?", "one"]
        client.close()


def test_the_environment_says_it_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STREAMNORM_ASSISTANTS", "local")
    monkeypatch.setenv("STREAMNORM_ASSISTANTS_STORE", str(tmp_path / "threads.sqlite"))
    with style_server() as server:
        with OpenAI(base_url=server.url) as client:
            thread = client.beta.threads.create()
        with OpenAI(base_url=server.url) as client:
            assert client.beta.threads.retrieve(thread.id) == thread
        assert server.seen == []
    with assistants_server() as server, OpenAI(base_url=server.url, assistants=None) as client:
        assert client.beta.threads.retrieve("thread_1").id == "thread_1"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"assistants": "remote"}, r"assistants \(or STREAMNORM_ASSISTANTS\) is"),
        ({"assistants_store": "x.sqlite"}, "assistants_store is"),
        ({"assistant": "local"}, "did you mean 'assistants'"),
    ],
)
def test_a_setting_that_is_none_is_a_type_error(settings: dict[str, Any], words: str) -> None:
    for kind in (OpenAI, AsyncOpenAI):
        with pytest.raises(TypeError, match=words):
            kind(base_url="http://localhost:1", **settings)


# What it looks like.


def test_help_spells_the_parameters_out() -> None:
    client = OpenAI(base_url="http://localhost:1")
    shown = str(inspect.signature(client.beta.threads.runs.create))
    assert shown.startswith("(thread_id: 'str', *, stream")
    assert "assistant_id: str," in shown
    assert shown.endswith("-> 'Run'")
    assert client.beta.threads.runs.create.__doc__


def test_code_from_when_chat_was_in_beta_finds_it_there() -> None:
    client = OpenAI(base_url="http://localhost:1")
    assert client.beta.chat is client.chat
    assert client.beta is client.beta
