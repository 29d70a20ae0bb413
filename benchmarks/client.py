"""What the drop-in client costs: a request beside httpx's own, a chunk through httpx beside the floor, and many streams at once
beside what carries them."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from benchmarks.bodies import cut_by_event, cut_by_size, text
from benchmarks.measure import Measured, least
from benchmarks.readers import floor

__all__ = ["measure"]

#: The most that a warm request may cost, in httpx's own; that a chunk may cost, in floors, read blocking and not.
REQUEST_LIMIT: Final = 1.6
CHUNK_LIMIT: Final = 3.0
ASYNC_CHUNK_LIMIT: Final = 4.0

#: Deltas of the body that goes through httpx in memory, and requests of one round.
DELTAS: Final = 2_000
REQUESTS: Final = 100

#: Streams at once, seconds between two events of one, and for how many seconds they are watched.
STREAMS: Final = 1_000
INTERVAL: Final = 1 / 3
WATCHED: Final = 4
PACED_ROUNDS: Final = 3
#: The most that an event may cost with so many streams: in those of raw aiohttp, and in those of the OpenAI SDK.
PACED_LIMIT: Final = 1.3
SDK_SHARE: Final = 0.25

REQUEST: Final = {"model": "m", "messages": [{"role": "user", "content": "Say hello."}]}
ANSWER: Final = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello.", "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }
).encode()
EVENT: Final = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
    b'"delta":{"content":"word "},"finish_reason":null}]}\n\n'
)

#: A server of its own, so that its time is nobody's: a JSON answer; or, once so many streams are asked for, all of them, each at
#: its pace and none at the time of another. A GET is answered when they have begun.
SERVER: Final = """
import asyncio, sys
ANSWER, EVENT, STREAMS, INTERVAL, EVENTS = eval(sys.argv[1])
FIRST = EVENT.replace(b'"content"', b'"role":"assistant","content"')
LAST = EVENT.replace(b'"finish_reason":null', b'"finish_reason":"stop"')
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: %b\\r\\n%b\\r\\n\\r\\n"
chunk = lambda data: b"%x\\r\\n%b\\r\\n" % (len(data), data)
waiting, begun = [], asyncio.Event()

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            if head.startswith(b"GET"):
                await begun.wait()
                begun.clear()
                return writer.close()
            length = int(head.lower().split(b"content-length:")[1].split(b"\\r\\n")[0])
            body = await reader.readexactly(length)
            if b'"stream":true' not in body.replace(b" ", b""):
                writer.write(HEAD % (b"application/json", b"content-length: %d" % len(ANSWER)) + ANSWER)
                continue
            writer.write(HEAD % (b"text/event-stream", b"transfer-encoding: chunked"))
            waiting.append(writer)
            if len(waiting) == STREAMS:
                at = asyncio.get_running_loop().time() + 0.5
                for number, each in enumerate(waiting):
                    asyncio.ensure_future(speak(each, at + number / STREAMS * INTERVAL))
                waiting.clear()
                asyncio.get_running_loop().call_later(0.5 + INTERVAL, begun.set)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def speak(writer, at):
    for number in range(EVENTS):
        await asyncio.sleep(at + number * INTERVAL - asyncio.get_running_loop().time())
        writer.write(chunk(FIRST if not number else LAST if number == EVENTS - 1 else EVENT))
    writer.write(chunk(b"data: [DONE]\\n\\n") + b"0\\r\\n\\r\\n")

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@contextmanager
def serving() -> Iterator[str]:
    """A server in a process of its own; its base URL."""
    events = int((WATCHED + 1) / INTERVAL)
    settings = repr((ANSWER, EVENT, STREAMS, INTERVAL, events))
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, settings], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.terminate()


def measure(rounds: int) -> Iterator[Measured]:
    """The rows, with their limits."""
    with serving() as url:
        yield from requests(url, rounds)
        yield from chunks(rounds)
        yield from paced(url)


def requests(url: str, rounds: int) -> Iterator[Measured]:
    """A warm request over loopback, whose answer does not stream."""
    import httpx
    import openai

    import streamnorm

    http = httpx.Client()
    ours = streamnorm.OpenAI(base_url=url, http_client=httpx.Client())
    theirs = openai.OpenAI(base_url=url, api_key="-")

    def bare() -> None:
        for _ in range(REQUESTS):
            http.post(f"{url}/chat/completions", json=REQUEST).raise_for_status().json()

    def asked(client: Any) -> Callable[[], None]:
        def ask() -> None:
            for _ in range(REQUESTS):
                client.chat.completions.create(**REQUEST)

        return ask

    spent = least({"bare": bare, "ours": asked(ours), "sdk": asked(theirs)}, max(3, rounds // 3))
    yield Measured("a warm request, to bare httpx", spent["ours"] / spent["bare"], REQUEST_LIMIT)
    yield Measured("the OpenAI SDK's, to bare httpx", spent["sdk"] / spent["bare"], None)
    for client in (http, ours, theirs):
        client.close()


def chunks(rounds: int) -> Iterator[Measured]:
    """A chunk of a stream through httpx in memory."""
    body = b"".join(text(DELTAS))
    for cut, limits in (
        (cut_by_size, (CHUNK_LIMIT, ASYNC_CHUNK_LIMIT)),
        (cut_by_event, (None, None)),
    ):
        pieces = cut(body)
        spent = least(
            {
                "floor": lambda pieces=pieces: floor(pieces),  # type: ignore[misc]
                "sync": lambda pieces=pieces: in_memory(pieces),  # type: ignore[misc]
                "async": lambda pieces=pieces: asyncio.run(in_memory_async(pieces)),  # type: ignore[misc]
            },
            max(3, rounds),
        )
        piece = "" if limits[0] else ", one event a piece"
        for how, limit in zip(("sync", "async"), limits, strict=True):
            yield Measured(
                f"a chunk through httpx, {how}{piece}", spent[how] / spent["floor"], limit
            )


def in_memory(pieces: list[bytes]) -> None:
    import httpx

    import streamnorm

    def answer(_: Any) -> Any:
        return httpx.Response(
            200, headers={"content-type": "text/event-stream"}, content=iter(pieces)
        )

    http = httpx.Client(transport=httpx.MockTransport(answer))
    client = streamnorm.OpenAI(base_url="http://127.0.0.1:1", http_client=http)
    for _ in client.chat.completions.create(**REQUEST, stream=True):
        pass


async def in_memory_async(pieces: list[bytes]) -> None:
    import httpx

    import streamnorm

    async def content() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    def answer(_: Any) -> Any:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=content())

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    client = streamnorm.AsyncOpenAI(base_url="http://127.0.0.1:1", http_client=http)
    async for _ in await client.chat.completions.create(**REQUEST, stream=True):
        pass


def paced(url: str) -> Iterator[Measured]:
    """Many streams at once, each at its pace: CPU time of the client's process, of an event while they go on and of a request
    until they have begun."""
    readers = (bytes_aiohttp, by_hand_aiohttp, ours_aiohttp, sdk)
    spent: dict[str, tuple[float, float]] = {}
    for _ in range(PACED_ROUNDS):
        for reader in readers:
            gc.collect()
            cost = asyncio.run(_cpu(reader, url))
            least = spent.get(reader.__name__, cost)
            spent[reader.__name__] = min(least[0], cost[0]), min(least[1], cost[1])
    (raw_asked, raw), (_, by_hand), (asked, ours), (_, theirs) = spent.values()
    many = f"an event of {STREAMS:,} paced streams, aiohttp extra"
    yield Measured("an event of raw aiohttp, which only reads", raw, None, " µs")
    yield Measured(f"{many}, to raw aiohttp", ours / raw, PACED_LIMIT)
    yield Measured("the same, to aiohttp and json by hand", ours / by_hand, None)
    yield Measured(f"{many}, to the OpenAI SDK", ours / theirs, SDK_SHARE)
    yield Measured("a request of these, to raw aiohttp", asked / raw_asked, None)


async def _cpu(reader: Callable[[str], Any], url: str) -> tuple[float, float]:
    """µs of a request, and of an event."""
    first = time.process_time()
    reading = asyncio.ensure_future(reader(url))
    host, _, port = url.removeprefix("http://").removesuffix("/v1").partition(":")
    begun, asking = await asyncio.open_connection(host, int(port))
    asking.write(b"GET / HTTP/1.1\r\n\r\n")
    await begun.read()
    asking.close()
    second, at = time.process_time(), time.perf_counter()
    await asyncio.sleep(WATCHED)
    third, seconds = time.process_time(), time.perf_counter() - at
    await reading
    return (second - first) / STREAMS * 1e6, (third - second) / seconds / STREAMS * INTERVAL * 1e6


async def bytes_aiohttp(url: str) -> None:
    """Reads, and does nothing with it."""

    async def read(response: Any) -> None:
        async for _ in response.content.iter_any():
            pass

    await _with_aiohttp(url, read)


async def by_hand_aiohttp(url: str) -> None:
    """The events as one would read them by hand."""

    async def read(response: Any) -> None:
        async for line in response.content:
            if line.startswith(b"data: ") and line != b"data: [DONE]\n":
                json.loads(line[6:])

    await _with_aiohttp(url, read)


async def _with_aiohttp(url: str, read: Callable[[Any], Any]) -> None:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask() -> None:
            body = {**REQUEST, "stream": True}
            async with session.post(f"{url}/chat/completions", json=body) as response:
                await read(response)

        await asyncio.gather(*(ask() for _ in range(STREAMS)))


async def ours_aiohttp(url: str) -> None:
    from streamnorm import AsyncOpenAI, DefaultAioHttpClient

    async with AsyncOpenAI(base_url=url, http_client=DefaultAioHttpClient()) as client:
        await _read_all(client)


async def sdk(url: str) -> None:
    import openai

    limits = openai.DefaultAsyncHttpxClient(limits=_sdk_limits())
    async with openai.AsyncOpenAI(base_url=url, api_key="-", http_client=limits) as client:
        await _read_all(client)


def _sdk_limits() -> Any:
    import httpx2

    return httpx2.Limits(max_connections=STREAMS, max_keepalive_connections=20)


async def _read_all(client: Any) -> None:
    async def read() -> None:
        async for _ in await client.chat.completions.create(**REQUEST, stream=True):
            pass

    await asyncio.gather(*(read() for _ in range(STREAMS)))
