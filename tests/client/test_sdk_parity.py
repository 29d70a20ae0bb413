"""The same program over the OpenAI SDK and over streamnorm, against the same server: what it sees is the same. Where it is not,
a test says so, and why."""

from __future__ import annotations

import asyncio
import email.utils
import inspect
import json
import time
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest
from loopback import Loopback, Request, Script, Step, head, sse, whole
from style_server import Said, Style, chunks, completion, speaking

import streamnorm
import streamnorm.openai as ours

theirs = pytest.importorskip("openai", minversion="3.52")

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

OPENAI = Style("openai", 5)
HELLO = completion(OPENAI, Said("Hello."))
ASKED: dict[str, Any] = {"model": "m-1", "messages": [{"role": "user", "content": "Hi"}]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
    },
}


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was slept, without sleeping; and no luck in it."""
    seconds: list[float] = []

    async def sleep(delay: float) -> None:
        seconds.append(delay)

    for variable in ("OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("time.sleep", seconds.append)
    monkeypatch.setattr("anyio.sleep", sleep)
    monkeypatch.setattr("random.random", lambda: 0.5)
    monkeypatch.setattr("openai._base_client.random", lambda: 0.5)
    return seconds


Act = Callable[[Any, Loopback, ModuleType], Any]


def seen_by(module: ModuleType, script: Script | Iterable[Step], act: Act, **options: Any) -> Any:
    """What `act` returns or raises over a client of this module, told in plain values."""
    with Loopback(script) as server:
        options = {"api_key": "sk-of-nobody", "base_url": f"{server.url}/v1", **options}
        with module.OpenAI(**options) as client:
            try:
                return act(client, server, module)
            except module.OpenAIError as error:
                return told(error), len(server.seen)


async def awaited(
    script: Script | Iterable[Step], act: Act, module: ModuleType, **options: Any
) -> Any:
    with Loopback(script) as server:
        options = {"api_key": "sk-of-nobody", "base_url": f"{server.url}/v1", **options}
        async with module.AsyncOpenAI(**options) as client:
            try:
                return await act(client, server, module)
            except module.OpenAIError as error:
                return told(error), len(server.seen)


def alike(script: Script | tuple[Step, ...], act: Act, **options: Any) -> Any:
    """Asserts that both see the same, and returns it."""
    expected = seen_by(theirs, script, act, **options)
    assert seen_by(ours, script, act, **options) == expected
    return expected


def told(error: Any) -> dict[str, Any]:
    """An exception in plain values. Its classes are compared down to the SDK's root."""
    names = [kind.__name__ for kind in type(error).__mro__]
    attributes = ("status_code", "code", "param", "type", "body", "request_id")
    return {
        "classes": names[: names.index("OpenAIError") + 1],
        "words": str(error),
        **{name: getattr(error, name, "absent") for name in attributes},
    }


def dumped(model: Any) -> list[Any]:
    """A model in each of the ways to see it. Dumps of the SDK warn of what its types do not foresee."""
    return [
        repr(model),
        str(model),
        model.model_dump(),
        model.model_dump(exclude_unset=True),
        model.model_dump(exclude_none=True),
        model.model_dump_json(),
        model.to_dict(),
        model.to_json(),
    ]


def chunk_dumped(chunk: Any) -> list[Any]:
    """As `dumped`. A chunk that came without one odd field does not remember which of its nulls were on the wire: that is what it
    costs to decode it thirty times as fast."""
    return [
        repr(chunk),
        str(chunk),
        chunk.model_dump(),
        chunk.model_dump(exclude_none=True),
        chunk.model_dump_json(),
        without_nulls(chunk.to_dict()),
        without_nulls(json.loads(chunk.to_json())),
    ]


def without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


# Answers.

#: Requests, and what is asked about by them.
REQUESTS = {
    "a text": {},
    "a call": {"tools": [WEATHER]},
    "a text and a call": {
        "tools": [WEATHER],
        "messages": [{"role": "user", "content": "unicorn, and the weather"}],
    },
    "two calls": {
        "tools": [WEATHER],
        "messages": [{"role": "user", "content": "In San Francisco and Los Angles?"}],
    },
    "results": {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "tool", "tool_call_id": "a", "content": "1"},
        ]
    },
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_completion_looks_the_same(request_: dict[str, Any]) -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        answer = client.chat.completions.create(**{**ASKED, **request_})
        return dumped(answer), dumped(answer.choices[0].message), answer._request_id

    assert alike(speaking(), act)[2] == "req_1"


@pytest.mark.parametrize("usage", [False, True])
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_each_chunk_of_a_stream_looks_the_same(request_: dict[str, Any], usage: bool) -> None:
    about = {"stream_options": {"include_usage": True}} if usage else {}

    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        stream = client.chat.completions.create(**{**ASKED, **request_, **about}, stream=True)
        return [chunk_dumped(chunk) for chunk in stream]

    async def act_async(client: Any, server: Loopback, module: ModuleType) -> Any:
        stream = await client.chat.completions.create(**{**ASKED, **request_, **about}, stream=True)
        return [chunk_dumped(chunk) async for chunk in stream]

    expected = alike(speaking(), act)
    assert len(expected) > 3
    assert asyncio.run(awaited(speaking(), act_async, ours)) == expected


def test_a_stream_is_an_iterator_and_a_context_manager() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        with client.chat.completions.create(**ASKED, stream=True) as stream:
            first = next(stream)
            rest = list(stream)
            response = stream.response
        return (
            repr(first),
            len(rest),
            isinstance(stream, module.Stream),
            response.status_code,
            response.headers["x-request-id"],
            response.is_closed,
        )

    assert alike(speaking(), act)[1] > 1


def test_a_message_is_put_back_into_messages_as_it_is() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        first = client.chat.completions.create(**ASKED, tools=[WEATHER])
        message = first.choices[0].message
        result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"}
        again = [*ASKED["messages"], message, result]
        second = client.chat.completions.create(model="m-1", messages=again, tools=[WEATHER])
        return second.choices[0].message.content, server.seen[-1].json

    content, sent = alike(speaking(), act)
    assert content == "I have looked: sunny."
    assert sent["messages"][1]["tool_calls"][0]["id"] == "call_aaaaaaaa"


# Requests.


def sent(request: Request) -> dict[str, Any]:
    """What of a request a server goes by. The others say which library it is."""
    names = (
        "accept",
        "authorization",
        "content-type",
        "openai-organization",
        "openai-project",
        "x-one",
        "x-two",
    )
    return {
        "line": (request.method, request.path),
        "headers": {name: request.headers.get(name) for name in names},
        "body": request.json if request.body else None,
    }


def test_each_argument_is_sent_as_it_is() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        client.chat.completions.create(
            **ASKED,
            temperature=0.5,
            max_tokens=None,
            seed=module.NOT_GIVEN,
            stop=["a"],
            metadata={"a": "b"},
            response_format={"type": "json_object"},
            extra_headers={"X-One": "1"},
            extra_query={"q": "1", "r": "ä b"},
            extra_body={"top_k": 5, "temperature": 0.7},
        )
        return sent(server.seen[0])

    request = alike((whole(HELLO),), act)
    assert request["body"]["top_k"] == 5
    assert request["body"]["max_tokens"] is None


#: Settings of a client; `later` are given to `with_options`.
SETTINGS: dict[str, dict[str, Any]] = {
    "organization and project": {"organization": "org-1", "project": "proj-1"},
    "default headers": {"default_headers": {"X-One": "1", "X-Two": "2"}},
    "default query": {"default_query": {"api-version": "2026-01-01"}},
    "authorization by a header": {"default_headers": {"Authorization": "Basic x"}},
    "one header more": {
        "default_headers": {"X-One": "1"},
        "later": {"default_headers": {"X-Two": "2"}},
    },
    "other headers": {
        "default_headers": {"X-One": "1"},
        "later": {"set_default_headers": {"X-Two": "2"}},
    },
    "another query": {
        "default_query": {"a": "1"},
        "later": {"set_default_query": {"b": "2"}},
    },
    "one parameter more": {
        "default_query": {"a": "1"},
        "later": {"default_query": {"b": "2"}},
    },
    "another key": {"later": {"api_key": "sk-another"}},
    "another organization": {"organization": "org-1", "later": {"organization": "org-2"}},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("method", ["with_options", "copy"])
def test_settings_reach_the_server_the_same(settings: dict[str, Any], method: str) -> None:
    settings = dict(settings)
    later = settings.pop("later", {})

    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        client = getattr(client, method)(**later) if later else client
        client.chat.completions.create(**ASKED)
        return sent(server.seen[0])

    assert alike((whole(HELLO),), act, **settings)


def test_headers_of_one_request_win() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        client.chat.completions.create(
            **ASKED, extra_headers={"x-one": "3", "authorization": "Bearer other"}
        )
        return sent(server.seen[0])

    request = alike((whole(HELLO),), act, default_headers={"X-One": "1"})
    assert request["headers"]["x-one"] == "3"
    assert request["headers"]["authorization"] == "Bearer other"


def test_the_environment_is_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def act(module: ModuleType) -> Any:
        with Loopback([whole(HELLO)]) as server:
            monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
            monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
            monkeypatch.setenv("OPENAI_ORG_ID", "org-env")
            monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-env")
            monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-One: 1\nX-Two: 2")
            with module.OpenAI() as client:
                client.chat.completions.create(**ASKED)
            return sent(server.seen[0])

    request = act(theirs)
    assert act(ours) == request
    assert request["headers"] == {
        "accept": "application/json",
        "authorization": "Bearer sk-env",
        "content-type": "application/json",
        "openai-organization": "org-env",
        "openai-project": "proj-env",
        "x-one": "1",
        "x-two": "2",
    }


def test_a_key_may_be_a_function_that_is_asked_before_each_request() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        keys = iter(["one", "two"])
        client = client.with_options(api_key=lambda: next(keys))
        for _ in range(2):
            client.chat.completions.create(**ASKED)
        return [request.headers["authorization"] for request in server.seen]

    async def act_async(client: Any, server: Loopback, module: ModuleType) -> Any:
        async def key() -> str:
            return f"key {len(server.seen)}"

        client = client.with_options(api_key=key)
        for _ in range(2):
            await client.chat.completions.create(**ASKED)
        return [request.headers["authorization"] for request in server.seen]

    assert alike((whole(HELLO),), act) == ["Bearer one", "Bearer two"]
    expected = asyncio.run(awaited((whole(HELLO),), act_async, theirs))
    assert asyncio.run(awaited((whole(HELLO),), act_async, ours)) == expected


# Errors.

STATUSES = (400, 401, 403, 404, 409, 418, 422, 429, 500, 503)
REFUSALS: dict[str, bytes] = {
    "json": json.dumps(
        {"error": {"message": "No: nö", "type": "t", "param": "model", "code": "c_1"}}
    ).encode(),
    "json without error": b'{"message": "No", "code": "c_2"}',
    "json with a text": b'{"error": "No"}',
    "text": b"upstream says no",
    "html": b"<html><title>502 Bad Gateway</title></html>",
    "nothing": b"",
}

#: What the SDK has in `body` only, and ours says in the message as well: a gateway's words are all there is to go by.
UNTOLD = {
    "json with a text": "No",
    "text": "upstream says no",
    "html": "<html><title>502 Bad Gateway</title></html>",
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_the_same_exception(status: int, kind: str) -> None:
    script = (whole(REFUSALS[kind], status, x_request_id="req_9"),)

    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        return client.chat.completions.create(**ASKED, stream=True)

    async def act_async(client: Any, server: Loopback, module: ModuleType) -> Any:
        return await client.chat.completions.create(**ASKED)

    expected, requests = seen_by(theirs, script, act, max_retries=1)
    if kind in UNTOLD:
        assert expected["words"] == f"Error code: {status}"
        expected["words"] += f" - {UNTOLD[kind]}"
    assert expected["status_code"] == status
    assert expected["request_id"] == "req_9"
    assert requests == (2 if status in (409, 429) or status >= 500 else 1)
    assert seen_by(ours, script, act, max_retries=1) == (expected, requests)
    assert asyncio.run(awaited(script, act_async, ours, max_retries=1)) == (expected, requests)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_never_comes_is_a_timeout(stream: bool) -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        with pytest.raises(module.APITimeoutError) as error:
            client.chat.completions.create(**ASKED, stream=stream, timeout=0.15)
        assert isinstance(error.value, module.APIConnectionError)
        return told(error.value), len(server.seen)

    error, requests = alike(("hang",), act, max_retries=1)
    assert (error["words"], requests) == ("Request timed out.", 2)


def test_a_server_that_is_not_there_is_a_connection_error() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        with pytest.raises(module.APIConnectionError) as error:
            client.with_options(base_url="http://127.0.0.1:9/v1").chat.completions.create(**ASKED)
        # The SDK says no more than this; ours says besides what the connection said.
        return {**told(error.value), "words": str(error.value)[:16]}

    assert alike((), act)


# Retries.


def again_and_again(*answers: tuple[Step, ...]) -> Script:
    """The answers in turn, the last one again and again."""
    left = list(answers)

    def script(request: Request) -> Iterable[Step]:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


def refused(status: int = 429, **headers: str) -> tuple[Step, ...]:
    return (whole(REFUSALS["json"], status, **headers),)


#: The answers before the good one, and the seconds that are slept between them.
RETRIES: dict[str, tuple[list[tuple[Step, ...]], list[float]]] = {
    "no words": ([refused(), refused(503)], [0.4375, 0.875]),
    "milliseconds": ([refused(retry_after_ms="1500")], [1.5]),
    "milliseconds before seconds": ([refused(retry_after_ms="1500", retry_after="9")], [1.5]),
    "seconds": ([refused(retry_after="3")], [3.0]),
    "a part of a second": ([refused(retry_after="0.25")], [0.25]),
    "no seconds": ([refused(retry_after="0")], [0.4375]),
    "less than none": ([refused(retry_after="-5")], [0.4375]),
    "no number": ([refused(retry_after="soon")], [0.4375]),
    "two minutes": ([refused(retry_after="120")], [120.0]),
    "a timeout of the server": ([refused(408)], [0.4375]),
    "a conflict": ([refused(409)], [0.4375]),
    "it says so": ([refused(400, x_should_retry="true")], [0.4375]),
    "it says something else": ([refused(500, x_should_retry="maybe")], [0.4375]),
    "a broken connection": ([("close",)], [0.4375]),
    "a broken connection, rudely": ([("reset",), refused()], [0.4375, 0.875]),
}


@pytest.mark.parametrize("name", RETRIES)
def test_a_request_is_sent_again_as_often_and_as_late(name: str, slept: list[float]) -> None:
    answers, delays = RETRIES[name]

    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        slept.clear()
        answer = client.chat.completions.create(**ASKED)
        assert {request.body for request in server.seen} == {server.seen[0].body}
        return answer.choices[0].message.content, len(server.seen), list(slept)

    async def act_async(client: Any, server: Loopback, module: ModuleType) -> Any:
        slept.clear()
        answer = await client.chat.completions.create(**ASKED)
        return answer.choices[0].message.content, len(server.seen), list(slept)

    def script() -> Script:
        return again_and_again(*answers, (whole(HELLO),))

    expected = ("Hello.", len(answers) + 1, delays)
    assert seen_by(theirs, script(), act) == expected
    assert seen_by(ours, script(), act) == expected
    assert asyncio.run(awaited(script(), act_async, ours)) == expected


@pytest.mark.parametrize(
    "answer",
    [
        refused(500, x_should_retry="false"),
        refused(429, retry_after="121"),
        refused(429, retry_after_ms="120001"),
        refused(429, retry_after=email.utils.formatdate(time.time() + 3600, usegmt=True)),
        refused(400),
    ],
)
def test_what_is_not_worth_it_is_not_sent_again(
    answer: tuple[Step, ...], slept: list[float]
) -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        return client.chat.completions.create(**ASKED)

    assert alike(answer, act)[1] == 1
    assert slept == []


def test_a_date_to_come_back_at_is_understood(slept: list[float]) -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        slept.clear()
        client.chat.completions.create(**ASKED)
        return len(server.seen), len(slept), 20 < slept[0] <= 30

    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    for module in (theirs, ours):
        script = again_and_again(refused(retry_after=date), (whole(HELLO),))
        assert seen_by(module, script, act) == (2, 1, True)


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_there_are_as_many_retries_as_one_says(retries: int, slept: list[float]) -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        slept.clear()
        with pytest.raises(module.RateLimitError):
            client.with_options(max_retries=retries).chat.completions.create(**ASKED)
        return len(server.seen), list(slept)

    requests, delays = alike(refused(), act)
    assert requests == retries + 1
    assert delays == [0.4375, 0.875, 1.75, 3.5, 7.0][:retries]


# Answers as they came.


def test_a_raw_response_has_the_same_of_the_answer() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        raw = client.chat.completions.with_raw_response.create(**ASKED)
        return (
            raw.status_code,
            raw.headers["X-Request-Id"],
            raw.request_id,
            raw.retries_taken,
            raw.text,
            raw.content,
            raw.method,
            str(raw.url).rpartition(":")[2].partition("/")[2],
            raw.http_version,
            raw.http_response.status_code,
            raw.http_request.method,
            dumped(raw.parse()),
        )

    assert alike(speaking(), act)[:4] == (200, "req_1", "req_1", 0)


def test_a_raw_response_may_stream() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        raw = client.chat.completions.with_raw_response.create(**ASKED, stream=True)
        return raw.status_code, raw.request_id, [chunk_dumped(chunk) for chunk in raw.parse()]

    async def act_async(client: Any, server: Loopback, module: ModuleType) -> Any:
        raw = await client.chat.completions.with_raw_response.create(**ASKED, stream=True)
        return raw.status_code, raw.request_id, [chunk_dumped(chunk) async for chunk in raw.parse()]

    expected = alike(speaking(), act)
    assert asyncio.run(awaited(speaking(), act_async, ours)) == expected


def test_a_raw_response_counts_its_retries() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        return client.chat.completions.with_raw_response.create(**ASKED).retries_taken

    for module in (theirs, ours):
        assert seen_by(module, again_and_again(refused(), (whole(HELLO),)), act) == 1


#: Ways to read a body that is still coming.
READS: dict[str, Callable[[Any], Any]] = {
    "lines": lambda response: list(response.iter_lines()),
    "bytes": lambda response: b"".join(response.iter_bytes()),
    "bytes of a size": lambda response: [len(piece) for piece in response.iter_bytes(50)],
    "text": lambda response: "".join(response.iter_text()),
    "all": lambda response: response.read(),
    "all as text": lambda response: response.text(),
    "json": lambda response: response.json(),
    "parsed": lambda response: dumped(response.parse()),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_streaming_response_is_read_the_same(read: Callable[[Any], Any]) -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        with client.chat.completions.with_streaming_response.create(**ASKED) as response:
            return (response.status_code, response.headers["x-request-id"], read(response))

    assert alike(speaking(), act)[2]


def test_a_streaming_response_of_a_stream_is_read_the_same() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        create = client.chat.completions.with_streaming_response.create
        with create(**ASKED, stream=True) as response:
            lines = list(response.iter_lines())
        with create(**ASKED, stream=True) as response:
            return lines, [chunk_dumped(chunk) for chunk in response.parse()]

    async def act_async(client: Any, server: Loopback, module: ModuleType) -> Any:
        create = client.chat.completions.with_streaming_response.create
        async with create(**ASKED, stream=True) as response:
            lines = [line async for line in response.iter_lines()]
        async with create(**ASKED, stream=True) as response:
            return lines, [chunk_dumped(chunk) async for chunk in await response.parse()]

    expected = alike(speaking(), act)
    assert expected[0][-2:] == ["data: [DONE]", ""]
    assert asyncio.run(awaited(speaking(), act_async, theirs)) == expected
    assert asyncio.run(awaited(speaking(), act_async, ours)) == expected


# Models.

MODEL = {"id": "m-1", "object": "model", "created": 1, "owned_by": "us", "context": 8192}


def test_models_are_listed_and_retrieved_the_same() -> None:
    def script(request: Request) -> Iterable[Step]:
        listed = {"object": "list", "data": [MODEL, {"id": "m/2"}]}
        return [whole(listed if request.path == "/v1/models" else MODEL)]

    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        page = client.models.list()
        one = client.models.retrieve("m-1", extra_headers={"X-One": "1"})
        return (
            repr(page),
            [model.id for model in page],
            [dumped(model) for model in page.data],
            dumped(one),
            [sent(request) for request in server.seen],
        )

    async def act_async(client: Any, server: Loopback, module: ModuleType) -> Any:
        ids = [model.id async for model in await client.models.list()]
        return ids, dumped(await client.models.retrieve("m-1"))

    assert alike(script, act)[1] == ["m-1", "m/2"]
    expected = asyncio.run(awaited(script, act_async, theirs))
    assert asyncio.run(awaited(script, act_async, ours)) == expected


# Wrong use.


def test_a_missing_key_is_an_error_and_ours_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    with pytest.raises(theirs.OpenAIError):
        theirs.OpenAI().chat.completions.create(**ASKED)
    with pytest.raises(
        ours.OpenAIError, match=r"no key for https://api\.openai\.com/v1/.* OPENAI_API_KEY"
    ):
        ours.OpenAI()
    with pytest.raises(ours.OpenAIError, match="GROQ_API_KEY or OPENAI_API_KEY"):
        ours.OpenAI(base_url="https://api.groq.com/openai/v1")


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"model": "m"}, "messages"),
        ({"messages": []}, "model"),
        ({}, "messages' and 'model"),
        ({**ASKED, "temprature": 1}, "temprature"),
    ],
)
def test_wrong_arguments_are_type_errors_that_name_them(wrong: dict[str, Any], names: str) -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        with pytest.raises(TypeError) as error:
            client.chat.completions.create(**wrong)
        assert module is theirs or names in str(error.value)
        return len(server.seen)

    assert alike((whole(HELLO),), act) == 0


def test_settings_that_are_none_are_type_errors() -> None:
    for module in (theirs, ours):
        with pytest.raises(TypeError):
            module.OpenAI(api_key="x", base_ulr="http://127.0.0.1")


def test_our_parameters_are_those_of_the_sdk() -> None:
    from streamnorm.client.parameters import ABOUT, CREATE

    def parameters(method: Any) -> set[str]:
        return set(inspect.signature(method).parameters) - {"self"}

    assert parameters(theirs.resources.chat.Completions.create) == CREATE
    assert ABOUT < CREATE


# On purpose different.


def both(script: Script | tuple[Step, ...], act: Act, **options: Any) -> tuple[Any, Any]:
    return seen_by(theirs, script, act, **options), seen_by(ours, script, act, **options)


def read_all(client: Any, server: Loopback, module: ModuleType) -> Any:
    return [
        chunk.choices[0].delta.content
        for chunk in client.chat.completions.create(**ASKED, stream=True)
    ]


def test_a_truncated_stream_is_an_error_where_the_sdk_takes_it_for_the_whole() -> None:
    def script(request: Request) -> Iterable[Step]:
        return sse(list(chunks(OPENAI, Said("Hello, you there.")))[:3], done=False)

    silent, error = both(script, read_all)
    assert silent == ["", "Hello,", " you t"]
    assert error[0]["classes"][:3] == ["StreamTruncated", "APIConnectionError", "APIError"]


def test_an_error_in_the_body_of_a_good_status_is_an_error_with_its_words_where_the_sdk_gives_a_completion_without_choices() -> (
    None
):
    script = (whole({"error": {"message": "out of credits", "code": "insufficient_quota"}}),)

    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        return client.chat.completions.create(**ASKED).choices

    nothing, (error, requests) = both(script, act)
    assert nothing is None
    assert (error["classes"][0], error["code"], requests) == (
        "ReportedError",
        "insufficient_quota",
        1,
    )


def test_an_error_in_a_stream_is_the_sdks_api_error() -> None:
    def script(request: Request) -> Iterable[Step]:
        failure = {"error": {"message": "overloaded", "type": "server_error", "code": "o_1"}}
        return sse([*list(chunks(OPENAI, Said("Hello.")))[:2], failure])

    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        found = []
        with pytest.raises(module.APIError) as error:
            found.extend(client.chat.completions.create(**ASKED, stream=True))
        assert not isinstance(error.value, module.APIStatusError)
        return str(error.value), error.value.code, error.value.type

    assert alike(script, act) == ("overloaded", "o_1", "server_error")


def test_a_page_in_place_of_a_stream_is_an_error_where_the_sdk_sees_an_empty_stream() -> None:
    page = b"<!doctype html><title>Sign in</title>"
    nothing, (error, _) = both((whole(page, content_type="text/html"),), read_all)
    assert nothing == []
    assert error["classes"][:2] == ["StreamInvalid", "APIError"]


def test_a_page_in_place_of_a_completion_is_an_error_where_the_sdk_gives_its_text() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        return client.chat.completions.create(**ASKED)

    page = b"<!doctype html><title>Sign in</title>"
    text, (error, _) = both((whole(page, content_type="text/html"),), act)
    assert text == page.decode()
    assert error["classes"][:2] == ["StreamInvalid", "APIError"]


def test_a_redirect_to_another_origin_is_refused_where_the_sdk_takes_the_prompt_along() -> None:
    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        return client.chat.completions.create(**ASKED).choices[0].message.content

    with Loopback([whole(HELLO)]) as other:
        away = head(307, location=f"{other.url}/v1/chat/completions", content_length=0)
        assert seen_by(theirs, (away,), act) == "Hello."
        assert b"Hi" in other.seen[0].body
        error, requests = seen_by(ours, (away,), act)
        assert (error["classes"][0], requests) == ("APIConnectionError", 1)
        assert len(other.seen) == 1


def test_a_stream_that_breaks_off_gives_the_same_root_and_ours_what_had_come() -> None:
    def script(request: Request) -> Iterable[Step]:
        return sse(list(chunks(OPENAI, Said("Hello.")))[:2], "close", done=False)

    def act(client: Any, server: Loopback, module: ModuleType) -> Any:
        with pytest.raises(module.APIConnectionError) as error:
            list(client.chat.completions.create(**ASKED, stream=True))
        if module is ours:
            assert isinstance(error.value, streamnorm.StreamTruncated)
            assert error.value.partial.message.content == "Hello."
        return len(server.seen)

    assert alike(script, act) == 1


def test_no_key_is_needed_on_this_machine_and_no_version_in_the_base_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for path in ("", "/", "/v1", "/v1/", "/v1/chat/completions"):
        with Loopback(speaking()) as server, ours.OpenAI(base_url=server.url + path) as client:
            assert client.chat.completions.create(**ASKED).choices
            assert "authorization" not in server.seen[0].headers
