"""A chat endpoint for the tests of the engine, and the engine in front of it: what is said goes by the conversation alone."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import anyio.to_thread
import httpx

from streamnorm.assistants.engine.engines import AsyncEngine, Engine
from streamnorm.assistants.local import AsyncLocalTransport, LocalTransport
from streamnorm.client import AsyncOpenAI, OpenAI
from streamnorm.dialects.assistants.order import MESSAGE, RUN, RUN_ENDS, STEP
from streamnorm.dialects.order import Order
from streamnorm.sse import FrameDecoder

USAGE = {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35}

#: A piece of an answer's body, or something to be called before the next one comes.
Said = bytes | Callable[[], object]

#: Given the JSON of a request, the pieces of its answer; or a status and an error.
Says = Callable[[dict[str, Any]], Iterable[Said] | tuple[int, dict[str, Any]]]


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self, now: float = 1_700_000_000) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


# What an endpoint says.


def frame(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1"}
    return frame({**head, "choices": [choice]})


def end(finish: str | None, usage: dict[str, Any] | None = USAGE) -> Iterator[bytes]:
    yield chunk({}, finish)
    if usage is not None:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1"}
        yield frame({**head, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def text(
    *parts: str, finish: str = "stop", usage: dict[str, Any] | None = USAGE
) -> Iterator[bytes]:
    yield chunk({"role": "assistant", "content": ""})
    for part in parts:
        yield chunk({"content": part})
    yield from end(finish, usage)


def calls(
    *made: tuple[str, str, str], content: str = "", finish: str | None = "tool_calls"
) -> Iterator[bytes]:
    """Calls, as (id, name, arguments), behind a text; the arguments come in two fragments."""
    yield chunk({"role": "assistant", "content": content or None})
    for index, (call_id, name, arguments) in enumerate(made):
        function = {"name": name, "arguments": ""}
        yield chunk(
            {
                "tool_calls": [
                    {"index": index, "id": call_id, "type": "function", "function": function}
                ]
            }
        )
        for part in (arguments[:4], arguments[4:]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield from end(finish)


def tool(name: str = "get", **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


class Endpoint:
    """A chat endpoint. `seen` has the JSON of its requests, the oldest first."""

    def __init__(self, says: Says) -> None:
        self.says = says
        self.seen: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        self.seen.append(asked)
        said = self.says(asked)
        if isinstance(said, tuple):
            status, error = said
            return httpx.Response(status, json={"error": error})
        headers = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=headers, stream=_Body(said))

    def client(self) -> OpenAI:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return OpenAI(base_url="http://127.0.0.1:1/v1", http_client=http, max_retries=0)

    def async_client(self) -> AsyncOpenAI:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return AsyncOpenAI(base_url="http://127.0.0.1:1/v1", http_client=http, max_retries=0)


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, pieces: Iterable[Said]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                piece()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                await anyio.to_thread.run_sync(piece)


# The engine in front of it.


class Api:
    """The engine's requests, answered as JSON. `status` is that of the last one."""

    def __init__(
        self, says: Says, store: Any = None, *, now: Callable[[], float] | None = None
    ) -> None:
        self.endpoint = Endpoint(says)
        self.clock = now or Clock()
        self.engine = Engine(self.endpoint.client(), store, now=self.clock)
        self.http = httpx.Client(base_url="http://local/v1", transport=LocalTransport(self.engine))
        self.status = 0

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        response = self.http.request(method, path, json=body, params=query)
        self.status = response.status_code
        return response.json()

    def post(self, path: str, **body: Any) -> Any:
        return self("POST", path, body)

    def get(self, path: str, **query: Any) -> Any:
        return self("GET", path, **query)

    def events(self, path: str, **body: Any) -> list[tuple[str, Any]]:
        """The events of a streamed run."""
        return read_events(self.http.post(path, json={**body, "stream": True}).content)

    def started(self, *tools: dict[str, Any], **given: Any) -> tuple[str, str]:
        """An assistant, and a thread with a message."""
        assistant = self.post("/assistants", model="m-1", tools=list(tools), **given)
        thread = self.post("/threads", messages=[{"role": "user", "content": "Hi"}])
        return assistant["id"], thread["id"]

    def ended(self, path: str) -> Any:
        """A run, once nobody carries it on any more."""
        assert self.engine.live.wait(10)
        return self.get(path)

    def close(self) -> None:
        self.http.close()


def async_http(says: Says, store: Any = None, **settings: Any) -> httpx.AsyncClient:
    engine = AsyncEngine(Endpoint(says).async_client(), store, **settings)
    return httpx.AsyncClient(base_url="http://local/v1", transport=AsyncLocalTransport(engine))


def read_events(body: bytes) -> list[tuple[str, Any]]:
    """The events of a body by name, with their data; `done` has the text that it has."""
    decoder = FrameDecoder()
    frames = [*decoder.feed(body), *decoder.close()]
    return [
        (each.event, each.data.decode() if each.event == "done" else json.loads(each.data))
        for each in frames
    ]


def names(events: Iterable[tuple[str, Any]]) -> list[str]:
    """The names of events, deltas that follow each other as one."""
    found: list[str] = []
    for name, _ in events:
        if not name.endswith(".delta") or found[-1] != name:
            found.append(name)
    return found


class Gate:
    """Holds an answer where `wait` stands in it, until it is opened. `reached` says that it came so far."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def wait(self) -> None:
        self.reached.set()
        assert self._open.wait(10)


def assert_in_order(events: list[tuple[str, Any]]) -> None:
    """The events of one stream are as the API's tables have them, and end as they do."""
    run = Order(RUN)
    parts: dict[str, Order] = {}
    for name, data in events:
        assert run.step(name), f"{name} in {names(events)}"
        if name.startswith(("thread.message.", "thread.run.step.")):
            table = MESSAGE if name.startswith("thread.message.") else STEP
            # A run that goes on begins with the end of a step of the stream before.
            resumed = data["id"] not in parts and not name.endswith(".created")
            if not resumed:
                assert parts.setdefault(data["id"], Order(table)).step(name), name
    assert [name for name, _ in events if name in RUN_ENDS or name == "error"], names(events)
    assert events[-1] == ("done", "[DONE]")
