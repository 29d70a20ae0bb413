"""The same Assistants code over the OpenAI SDK and over streamnorm, against the same server: what it sends and what it sees is
the same. Where it is not, a test says so, and why."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import AsyncIterable, Awaitable, Callable
from types import ModuleType
from typing import Any

import pytest
from beta_server import TOOL, AssistantsServer, assistants_server, sent
from loopback import Loopback, Request, Script, whole

import streamnorm.openai as ours
from streamnorm.client.beta.parameters import About

theirs = pytest.importorskip("openai", minversion="3.52")

pytestmark = [
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"),
    # The SDK's; ours has none.
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:use `stream` instead:DeprecationWarning"),
]

OUTPUTS = [{"tool_call_id": "call_1", "output": "57"}]
ASKED: dict[str, Any] = {"thread_id": "thread_1", "assistant_id": "asst_1"}

#: Calls, each on `client.beta`. What they return is looked at as `seen` does.
CALLS: dict[str, Callable[[Any], Any]] = {
    "an assistant": lambda b: b.assistants.create(
        model="m-1", tools=[TOOL], name=None, metadata={"a": "b"}, top_p=0.5
    ),
    "an assistant retrieved": lambda b: b.assistants.retrieve("asst_1"),
    "an assistant by keyword": lambda b: b.assistants.retrieve(assistant_id="asst_1"),
    "an odd id": lambda b: b.assistants.retrieve("asst_ä/ö?#%2F a:b@c"),
    "an assistant updated": lambda b: b.assistants.update("asst_1", instructions="", model="m-2"),
    "an assistant deleted": lambda b: b.assistants.delete("asst_1"),
    "assistants": lambda b: b.assistants.list(limit=2, order="asc", after="asst_1"),
    "a thread": lambda b: b.threads.create(),
    "a thread with messages": lambda b: b.threads.create(
        messages=[{"role": "user", "content": "Hallo"}], tool_resources=None
    ),
    "a thread retrieved": lambda b: b.threads.retrieve("thread_1"),
    "a thread updated": lambda b: b.threads.update("thread_1", metadata={"a": "b"}),
    "a thread deleted": lambda b: b.threads.delete("thread_1"),
    "a message": lambda b: b.threads.messages.create("thread_1", role="user", content="Hallo ☀"),
    "a message retrieved": lambda b: b.threads.messages.retrieve("msg_1", thread_id="thread_1"),
    "a message updated": lambda b: b.threads.messages.update(
        message_id="msg_1", thread_id="thread_1", metadata={}
    ),
    "a message deleted": lambda b: b.threads.messages.delete("msg_1", thread_id="thread_1"),
    "messages": lambda b: b.threads.messages.list(thread_id="thread_1", run_id="run_1"),
    "a run": lambda b: b.threads.runs.create(
        **ASKED,
        additional_messages=[{"role": "user", "content": "Hallo"}],
        include=["step_details.tool_calls[*].file_search.results[*].content"],
        stream=False,
    ),
    "a run of a new thread": lambda b: b.threads.create_and_run(
        assistant_id="asst_1", thread={"messages": []}
    ),
    "a run retrieved": lambda b: b.threads.runs.retrieve("run_1", thread_id="thread_1"),
    "a run updated": lambda b: b.threads.runs.update(
        "run_1", thread_id="thread_1", metadata={"a": "b"}
    ),
    "a run cancelled": lambda b: b.threads.runs.cancel("run_1", thread_id="thread_1"),
    "runs": lambda b: b.threads.runs.list("thread_1", before="run_9"),
    "outputs": lambda b: b.threads.runs.submit_tool_outputs(
        "run_1", thread_id="thread_1", tool_outputs=OUTPUTS
    ),
    "a step": lambda b: b.threads.runs.steps.retrieve(
        "step_1", thread_id="thread_1", run_id="run_1", include=["a", "b"]
    ),
    "steps": lambda b: b.threads.runs.steps.list("run_1", thread_id="thread_1"),
    "arguments beside it": lambda b: b.threads.create(
        extra_headers={"X-One": "1"}, extra_query={"q": "ä"}, extra_body={"x": 1}, timeout=20
    ),
    "a run polled": lambda b: b.threads.runs.poll("run_1", "thread_1", poll_interval_ms=1),
    "a run created and polled": lambda b: b.threads.runs.create_and_poll(
        **ASKED, poll_interval_ms=1
    ),
    "a run of a new thread, polled": lambda b: b.threads.create_and_run_poll(
        assistant_id="asst_1", poll_interval_ms=1
    ),
    "outputs, polled": lambda b: b.threads.runs.submit_tool_outputs_and_poll(
        run_id="run_1", thread_id="thread_1", tool_outputs=OUTPUTS, poll_interval_ms=1
    ),
    "a stream": lambda b: b.threads.runs.create(**ASKED, stream=True),
    "a stream of a new thread": lambda b: b.threads.create_and_run(
        assistant_id="asst_1", stream=True
    ),
    "a stream of outputs": lambda b: b.threads.runs.submit_tool_outputs(
        run_id="run_1", thread_id="thread_1", tool_outputs=iter(OUTPUTS), stream=True
    ),
}

MANAGERS: dict[str, Callable[[Any], Any]] = {
    "a run followed": lambda b: b.threads.runs.stream(**ASKED, include=["a"]),
    "a run followed, by its old name": lambda b: b.threads.runs.create_and_stream(**ASKED),
    "a run of a new thread followed": lambda b: b.threads.create_and_run_stream(
        assistant_id="asst_1"
    ),
    "outputs followed": lambda b: b.threads.runs.submit_tool_outputs_stream(
        run_id="run_1", thread_id="thread_1", tool_outputs=OUTPUTS
    ),
}

STATES = ("queued", "in_progress", "completed")


def over(module: ModuleType, script: Script, act: Callable[[Any], Any]) -> Any:
    with (
        Loopback(script) as server,
        module.OpenAI(api_key="sk-of-nobody", base_url=f"{server.url}/v1") as client,
    ):
        return act(client), [_sent(request) for request in server.seen]


async def over_async(module: ModuleType, script: Script, act: Callable[[Any], Any]) -> Any:
    with Loopback(script) as server:
        url = f"{server.url}/v1"
        async with module.AsyncOpenAI(api_key="sk-of-nobody", base_url=url) as client:
            return await act(client), [_sent(request) for request in server.seen]


def _sent(request: Request) -> dict[str, Any]:
    """A content type is said where there is content; the SDK says it always."""
    told = sent(request)
    if not request.body:
        del told["headers"]["content-type"]
    return told


def dumped(model: Any) -> list[Any]:
    return [
        type(model).__name__.partition("[")[0],
        repr(model),
        model.to_dict(),
        model.to_json(),
        model.model_dump(),
    ]


def seen(result: Any) -> Any:
    if hasattr(result, "data") and hasattr(result, "has_next_page"):
        return [
            dumped(result),
            result.has_next_page(),
            result.first_id,
            result.last_id,
            result.has_more,
            [one.id for one in result],
            [repr(page) for page in result.iter_pages()],
        ]
    if hasattr(result, "response"):
        return [dumped(event) for event in result]
    return [*dumped(result), result._request_id]


async def seen_async(result: Any) -> Any:
    if isinstance(result, Awaitable):
        result = await result
    if hasattr(result, "data") and hasattr(result, "has_next_page"):
        pages = [page async for page in result.iter_pages()]
        ids = [one.id async for one in result]
        return [[page.to_dict() for page in pages], ids, result.has_next_page()]
    if isinstance(result, AsyncIterable):
        return [dumped(event) async for event in result]
    return [*dumped(result), result._request_id]


@pytest.mark.parametrize("name", CALLS)
def test_a_call_sends_and_gives_the_same(name: str) -> None:
    def act(client: Any) -> Any:
        return seen(CALLS[name](client.beta))

    expected = over(theirs, AssistantsServer(states=STATES), act)
    assert over(ours, AssistantsServer(states=STATES), act) == expected
    assert expected[1]


@pytest.mark.parametrize("name", CALLS)
def test_an_awaited_call_does_too(name: str) -> None:
    async def act(client: Any) -> Any:
        return await seen_async(CALLS[name](client.beta))

    expected = asyncio.run(over_async(theirs, AssistantsServer(states=STATES), act))
    mine = asyncio.run(over_async(ours, AssistantsServer(states=STATES), act))
    # The SDK's awaited pages have another class name in their repr, which is as long as ours.
    assert mine == expected


@pytest.mark.parametrize("name", MANAGERS)
def test_a_run_is_followed_the_same(name: str) -> None:
    log: list[str] = []

    def act(client: Any, module: ModuleType) -> Any:
        class Handler(module.AssistantEventHandler):  # type: ignore[name-defined, misc]
            def on_text_delta(self, delta: Any, snapshot: Any) -> None:
                log.append(snapshot.value)

        manager = MANAGERS[name](client.beta)
        with manager as stream:
            events = [repr(event) for event in stream]
        return events, repr(stream.get_final_run()), repr(stream.get_final_messages())

    async def act_async(client: Any) -> Any:
        async with MANAGERS[name](client.beta) as stream:
            events = [repr(event) async for event in stream]
        return events, repr(await stream.get_final_run()), repr(await stream.get_final_messages())

    expected = over(theirs, AssistantsServer(["text"]), lambda client: act(client, theirs))
    assert over(ours, AssistantsServer(["text"]), lambda client: act(client, ours)) == expected
    awaited = asyncio.run(over_async(ours, AssistantsServer(["text"]), act_async))
    assert awaited == expected


def test_an_async_list_is_awaited_or_iterated_over() -> None:
    async def act(client: Any) -> Any:
        page = await client.beta.threads.messages.list("thread_1")
        return [
            [message.id async for message in client.beta.threads.messages.list("thread_1")],
            [message.id for message in page.data],
            repr(await page.get_next_page()),
        ]

    expected = asyncio.run(over_async(theirs, AssistantsServer(), act))
    assert asyncio.run(over_async(ours, AssistantsServer(), act)) == expected
    assert expected[0][0] == [f"msg_{number}" for number in range(1, 6)]


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_a_refusal_is_the_same_exception(status: int) -> None:
    body = {"error": {"message": "No thread found with id 'thread_1'.", "code": None, "type": "t"}}
    script: Script = lambda request: [whole(body, status)]  # noqa: E731

    def act(client: Any, module: ModuleType) -> Any:
        told = []
        runs = client.with_options(max_retries=0).beta.threads.runs
        for call in (
            lambda: runs.retrieve("run_1", thread_id="thread_1"),
            lambda: runs.create(**ASKED, stream=True),
        ):
            with pytest.raises(module.APIStatusError) as error:
                call()
            told.append((type(error.value).__name__, str(error.value), error.value.body))
        return told

    expected = over(theirs, script, lambda client: act(client, theirs))
    mine = over(ours, script, lambda client: act(client, ours))
    assert [(kind, body) for kind, _, body in mine[0]] == [
        (kind, body) for kind, _, body in expected[0]
    ]
    assert all("No thread found" in words for _, words, _ in mine[0])
    assert mine[1] == expected[1]


#: Calls that cannot be made.
WRONG: dict[str, Callable[[Any], Any]] = {
    "no model": lambda b: b.assistants.create(),
    "a misspelt argument": lambda b: b.assistants.create(model="m", instruction="x"),
    "by position": lambda b: b.assistants.create("m"),
    "no thread": lambda b: b.threads.runs.create(assistant_id="a"),
    "no assistant": lambda b: b.threads.runs.create("thread_1"),
    "no assistant, streamed": lambda b: b.threads.runs.create("thread_1", stream=True),
    "no assistant, followed": lambda b: b.threads.runs.stream(thread_id="thread_1"),
    "no outputs": lambda b: b.threads.runs.submit_tool_outputs("run_1", thread_id="thread_1"),
    "no run": lambda b: b.threads.runs.steps.list(thread_id="thread_1"),
    "no role": lambda b: b.threads.messages.create("thread_1", content="x"),
    "a thread by position": lambda b: b.threads.runs.retrieve("run_1", "thread_1"),
    "an empty id": lambda b: b.threads.retrieve(""),
    "an empty id of a run": lambda b: b.threads.runs.cancel("", thread_id="thread_1"),
    "an empty id to follow": lambda b: b.threads.runs.stream(thread_id="", assistant_id="a"),
    "a way out": lambda b: b.threads.retrieve(".."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_call_that_cannot_be_made_is_refused_before_anything_is_sent(name: str) -> None:
    def act(client: Any) -> Any:
        with pytest.raises((TypeError, ValueError)) as error:
            WRONG[name](client.beta)
        return type(error.value)

    async def act_async(client: Any) -> Any:
        with pytest.raises((TypeError, ValueError)) as error:
            await WRONG[name](client.beta)
        return type(error.value)

    expected = over(theirs, AssistantsServer(), act)
    assert over(ours, AssistantsServer(), act) == expected
    assert expected[1] == []
    if "follow" not in name:
        assert asyncio.run(over_async(ours, AssistantsServer(), act_async)) == expected


PLACES = ("assistants", "threads", "threads.messages", "threads.runs", "threads.runs.steps")


def _at(client: Any, place: str) -> Any:
    found = client.beta
    for name in place.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["OpenAI", "AsyncOpenAI"])
def test_every_method_has_the_sdks_parameters(place: str, kind: str) -> None:
    mine = _at(getattr(ours, kind)(api_key="x"), place)
    real = _at(getattr(theirs, kind)(api_key="x"), place)
    names = {name for name in dir(type(real)) if name[0] != "_"} - {"with_streaming_response"}
    names -= {"with_raw_response", "messages", "runs", "steps"}
    assert names <= {name for name in dir(type(mine)) if name[0] != "_"}
    for name in names:
        expected = inspect.signature(getattr(real, name)).parameters
        found = inspect.signature(getattr(mine, name)).parameters
        # Ours is `stream` by its old name, and takes all that `stream` takes.
        more = {"include", "reasoning_effort"} if name == "create_and_stream" else set()
        assert set(found) - more == set(expected) - more, name
        for parameter in expected.values():
            required = parameter.default is inspect.Parameter.empty
            assert (found[parameter.name].default is inspect.Parameter.empty) == required, name
            if parameter.name not in (*About.__annotations__, "poll_interval_ms"):
                assert found[parameter.name].kind == parameter.kind, (name, parameter.name)


def test_ours_does_not_warn_that_the_service_has_ended() -> None:
    """Whoever calls this has chosen to."""
    with warnings.catch_warnings(), assistants_server() as server:
        warnings.simplefilter("error")
        with ours.OpenAI(base_url=server.url) as client:
            client.beta.threads.runs.create_and_poll(**ASKED, poll_interval_ms=1)
            assert list(client.beta.threads.runs.create(**ASKED, stream=True))
