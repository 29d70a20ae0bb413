"""Streams over a real socket: what the client gives is what the core gives, a connection is free as soon as nobody reads from it,
and nobody waits longer than they said."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import anyio
import httpx
import pytest
from loopback import END, Loopback, Request, Script, Step, frame, head, piece, sse
from style_server import USAGE, Said, Style, chunks, speaking
from test_captures import everything

from streamnorm import AsyncOpenAI, Normalizer, OpenAI
from streamnorm.client import Timeout
from streamnorm.client.errors import APIConnectionError, APIError, APITimeoutError, StreamTruncated
from streamnorm.errors import LocalError
from streamnorm.events import StreamEnded, TextDelta

ASKED: dict[str, Any] = {
    "model": "m-1",
    "messages": [{"role": "user", "content": "Hi"}],
    "stream": True,
}
OPENAI = Style("openai", 5)
LONG = Said("one two three four five six seven eight nine ten")

KINDS = ("sync", "async")
VIEWS = ("chunks", "events")


class Given(NamedTuple):
    """What came of a stream."""

    items: list[str]
    findings: list[Any]
    result: Any
    complete: bool
    error: tuple[str, str] | None


def of_core(body: bytes, view: str) -> Given:
    normalizer = Normalizer(n=1)
    if view == "events":
        events = [*normalizer.feed(body), *normalizer.close()]
        items = list(map(repr, events))
    else:
        items = list(map(repr, [*normalizer.feed_chunks(body), *normalizer.close_chunks()]))
    failure = normalizer.error
    return Given(
        items,
        normalizer.findings,
        normalizer.result,
        normalizer.complete,
        None if failure is None else (_CLASSES[failure.kind], failure.message),
    )


_CLASSES = {
    "truncated": "StreamTruncated",
    "server": "ReportedError",
    "invalid": "StreamInvalid",
    "too_large": "StreamInvalid",
}


def _given(stream: Any, items: list[Any], error: APIError | None) -> Given:
    if error is not None:
        assert error.partial == stream.result
    return Given(
        list(map(repr, items)),
        stream.findings,
        stream.result,
        stream.complete,
        None if error is None else (type(error).__name__, error.message),
    )


def read(client: OpenAI, view: str, **asked: Any) -> Given:
    items: list[Any] = []
    stream = client.chat.completions.create(**{**ASKED, **asked})
    try:
        items.extend(stream if view == "chunks" else stream.events())
    except APIError as error:
        return _given(stream, items, error)
    return _given(stream, items, None)


async def aread(client: AsyncOpenAI, view: str, **asked: Any) -> Given:
    items: list[Any] = []
    stream = await client.chat.completions.create(**{**ASKED, **asked})
    try:
        async for item in stream if view == "chunks" else stream.events():
            items.append(item)  # noqa: PERF401  # what came before an error counts
    except APIError as error:
        return _given(stream, items, error)
    return _given(stream, items, None)


@contextlib.contextmanager
def quiet(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Nothing goes wrong behind the caller's back."""
    troubles: list[Any] = []
    loop.set_exception_handler(lambda loop, context: troubles.append(context))
    yield
    assert troubles == []


def run_async(main: Callable[[], Any]) -> Any:
    """The coroutine's value. What it left behind is collected while a loop is there to end it."""

    async def whole() -> Any:
        with quiet(asyncio.get_running_loop()):
            value = await main()
            gc.collect()
            await asyncio.sleep(0.01)
            return value

    return asyncio.run(whole())


# All recorded streams.


def serving(bodies: list[bytes], size: int) -> Script:
    """The model that is asked for is the number of the body."""

    def script(request: Request) -> Iterable[Step]:
        body = bodies[int(request.json["model"])]
        yield head(content_type="text/event-stream", transfer_encoding="chunked")
        for at in range(0, len(body), size):
            yield piece(body[at : at + size])
        yield END

    return script


def every(step: int) -> list[tuple[str, bytes]]:
    return everything()[::step]


USAGE_ASKED = {"stream_options": {"include_usage": True}}


def differing(streams: list[tuple[str, bytes]], size: int) -> list[str]:
    """The streams of which the client gives something else than the core, with how they were read."""
    bodies = [body for _, body in streams]
    wanted = {(view, at): of_core(body, view) for view in VIEWS for at, body in enumerate(bodies)}
    wrong = []
    with Loopback(serving(bodies, size)) as server:
        with OpenAI(base_url=server.url) as client:
            for view, at in wanted:
                if read(client, view, model=str(at), **USAGE_ASKED) != wanted[view, at]:
                    wrong.append(f"{streams[at][0]} {view} sync")

        async def main() -> None:
            async with AsyncOpenAI(base_url=server.url) as client:
                for view, at in wanted:
                    if await aread(client, view, model=str(at), **USAGE_ASKED) != wanted[view, at]:
                        wrong.append(f"{streams[at][0]} {view} async")

        run_async(main)
        assert len(server.seen) == 4 * len(bodies)
    return wrong


def test_the_client_gives_of_a_recorded_stream_what_the_core_gives() -> None:
    assert differing(every(25), 1_000) == []


@pytest.mark.deep
@pytest.mark.parametrize("size", [97, 1 << 16])
def test_the_client_gives_of_all_recorded_streams_what_the_core_gives(size: int) -> None:
    assert differing(every(1), size) == []


# Leaving early.


def open_ended(body: bytes) -> Script:
    """The body in its frames, and no end: the server waits for the client to leave."""

    def script(request: Request) -> Iterable[Step]:
        yield head(content_type="text/event-stream", transfer_encoding="chunked")
        for block in body.split(b"\n\n"):
            yield piece(block + b"\n\n")
        yield "hang"

    return script


def one_connection() -> dict[str, Any]:
    return {
        "limits": httpx.Limits(max_connections=1),
        "timeout": httpx.Timeout(10, pool=5),
    }


def small(count: int) -> list[tuple[str, bytes]]:
    """Recorded streams of a few chunks, of as many kinds as there are."""
    fitting = [(name, body) for name, body in everything() if 3 <= body.count(b"data:") <= 24]
    return fitting[:: max(1, len(fitting) // count)][:count]


def count_open(body: bytes) -> int:
    """How many chunks come while the stream is open."""
    return len(Normalizer(n=1).feed_chunks(body))


def _break_everywhere(streams: list[tuple[str, bytes]]) -> None:
    for _, body in streams:
        with (
            Loopback(open_ended(body)) as server,
            OpenAI(base_url=server.url, http_client=httpx.Client(**one_connection())) as client,
        ):
            for at in range(count_open(body)):
                stream = client.chat.completions.create(**ASKED)
                for got, _chunk in enumerate(stream):
                    if got == at:
                        break
                assert stream.response.is_closed


def _break_everywhere_async(streams: list[tuple[str, bytes]]) -> None:
    async def main() -> None:
        for _, body in streams:
            with Loopback(open_ended(body)) as server:
                http = httpx.AsyncClient(**one_connection())
                async with AsyncOpenAI(base_url=server.url, http_client=http) as client:
                    for at in range(count_open(body)):
                        got = 0
                        async for _chunk in await client.chat.completions.create(**ASKED):
                            got += 1
                            if got > at:
                                break

    run_async(main)


def test_a_break_at_any_chunk_frees_the_connection() -> None:
    _break_everywhere(small(5))


def test_a_break_at_any_chunk_frees_the_connection_async() -> None:
    _break_everywhere_async(small(5))


@pytest.mark.deep
def test_a_break_at_any_chunk_of_twenty_streams_frees_the_connection() -> None:
    streams = small(20)
    assert len(streams) == 20
    _break_everywhere(streams)
    _break_everywhere_async(streams)


class EnoughError(Exception):
    pass


def raise_in_a_loop(stream: Any) -> None:
    for _chunk in stream:
        raise EnoughError


async def raise_in_an_async_loop(stream: Any) -> None:
    async for _chunk in stream:
        raise EnoughError


LEAVING = ("break", "exception", "close", "with", "next", "events")


@pytest.mark.parametrize("how", LEAVING)
def test_however_a_stream_is_left_its_connection_is_free(how: str) -> None:
    with (
        Loopback(lambda request: sse(chunks(OPENAI, LONG), "hang", done=False)) as server,
        OpenAI(base_url=server.url, http_client=httpx.Client(**one_connection())) as client,
    ):
        for _ in range(3):
            stream = client.chat.completions.create(**ASKED)
            match how:
                case "break":
                    for _chunk in stream:
                        break
                case "exception":
                    with pytest.raises(EnoughError):
                        raise_in_a_loop(stream)
                case "close":
                    next(stream)
                    stream.close()
                case "with":
                    with stream:
                        next(stream)
                case "next":
                    next(stream)
                    del stream
                    gc.collect()
                case "events":
                    for _event in stream.events():
                        break
        assert server.wait_for(lambda: server.left == 3)


@pytest.mark.parametrize("how", [*LEAVING, "aclose", "cancel", "timeout", "cancel scope"])
def test_however_a_stream_is_left_its_connection_is_free_async(how: str) -> None:
    async def read_on(client: AsyncOpenAI, begun: asyncio.Event) -> None:
        async for _ in await client.chat.completions.create(**ASKED):
            begun.set()

    async def leave(client: AsyncOpenAI) -> None:
        begun = asyncio.Event()
        if how == "cancel":
            task = asyncio.create_task(read_on(client, begun))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return
        if how == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await read_on(client, begun)
            return
        if how == "cancel scope":
            with anyio.move_on_after(0.1) as scope:
                await read_on(client, begun)
            assert scope.cancelled_caught
            return
        stream = await client.chat.completions.create(**ASKED)
        match how:
            case "break":
                async for _chunk in stream:
                    break
            case "exception":
                with pytest.raises(EnoughError):
                    await raise_in_an_async_loop(stream)
            case "close":
                await anext(stream)
                await stream.close()
            case "aclose":
                await anext(stream)
                await stream.aclose()
            case "with":
                async with stream:
                    await anext(stream)
            case "next":
                await anext(stream)
                del stream
                gc.collect()
            case "events":
                async for _event in stream.events():
                    break

    async def main() -> None:
        with Loopback(lambda request: sse(chunks(OPENAI, LONG), "hang", done=False)) as server:
            http = httpx.AsyncClient(**one_connection())
            async with AsyncOpenAI(base_url=server.url, http_client=http) as client:
                for _ in range(3):
                    await leave(client)
                assert await asyncio.to_thread(server.wait_for, lambda: server.left >= 2)

    run_async(main)


def test_a_stream_that_was_left_cannot_be_read_on() -> None:
    with Loopback(speaking()) as server, OpenAI(base_url=server.url) as client:
        stream = client.chat.completions.create(**ASKED)
        for _ in stream:
            break
        with pytest.raises(LocalError, match="was read before"):
            next(iter(stream))


def test_a_stream_is_read_by_next_and_then_by_a_loop() -> None:
    with Loopback(speaking()) as server, OpenAI(base_url=server.url) as client:
        whole = [repr(chunk) for chunk in client.chat.completions.create(**ASKED)]
        stream = client.chat.completions.create(**ASKED)
        assert [repr(next(stream)), *map(repr, stream)] == whole


# Keeping a connection.


@pytest.mark.parametrize("view", VIEWS)
def test_streams_read_to_their_end_share_a_connection(view: str) -> None:
    with Loopback(speaking()) as server, OpenAI(base_url=server.url) as client:
        for _ in range(5):
            assert read(client, view).complete
        assert server.connections == 1


@pytest.mark.parametrize("view", VIEWS)
def test_streams_read_to_their_end_share_a_connection_async(view: str) -> None:
    async def main() -> None:
        with Loopback(speaking()) as server:
            async with AsyncOpenAI(base_url=server.url) as client:
                for _ in range(5):
                    assert (await aread(client, view)).complete
                assert server.connections == 1

    run_async(main)


def test_a_late_end_of_the_body_is_waited_for_and_one_that_never_comes_is_not() -> None:
    def script(request: Request) -> Iterable[Step]:
        frames = [*map(frame, chunks(OPENAI, LONG)), frame("[DONE]")]
        late: tuple[Step, ...] = (0.02, END) if request.json["model"] == "late" else ("hang",)
        return sse(frames, *late, done=False)

    with Loopback(script) as server, OpenAI(base_url=server.url) as client:
        for _ in range(3):
            assert read(client, "chunks", model="late").complete
        assert server.connections == 1
        for _ in range(2):
            assert read(client, "chunks", model="never").complete
        assert server.connections == 2


# What is asked of a stream.


def test_the_chunk_of_the_usage_is_for_those_who_asked() -> None:
    def script(request: Request) -> Iterable[Step]:
        return sse(chunks(OPENAI, LONG, usage=True))  # asked or not

    with Loopback(script) as server, OpenAI(base_url=server.url) as client:
        plain = list(client.chat.completions.create(**ASKED))
        asked = list(client.chat.completions.create(**ASKED, **USAGE_ASKED))
        assert all(chunk.choices for chunk in plain)
        assert [chunk.usage.to_dict() for chunk in asked if not chunk.choices] == [USAGE]
        assert len(asked) == len(plain) + 1
        stream = client.chat.completions.create(**ASKED)
        list(stream)
        assert stream.result.usage == USAGE


def test_a_stream_tells_what_came_of_it_at_any_time() -> None:
    with Loopback(speaking("absent arguments")) as server, OpenAI(base_url=server.url) as client:
        tool = {
            "type": "function",
            "function": {
                "name": "get_weather",
                "parameters": {"type": "object", "properties": {"location": {"type": "string"}}},
            },
        }
        stream = client.chat.completions.create(**ASKED, tools=[tool])
        assert not stream.complete
        for chunk in stream:
            if chunk.choices[0].delta.tool_calls:
                break
        assert [call.name for call in stream.result.message.tool_calls] == ["get_weather"]
        stream = client.chat.completions.create(**ASKED, tools=[tool])
        list(stream)
        assert stream.complete
        assert [finding.code for finding in stream.findings] == ["tool-arguments-null"]
        (call,) = stream.result.message.tool_calls
        assert call.validation.ok
        assert stream.response.status_code == 200


def test_events_come_in_place_of_chunks() -> None:
    with (
        Loopback(speaking(scenario=lambda body: LONG)) as server,
        OpenAI(base_url=server.url) as client,
    ):
        events = list(client.chat.completions.create(**ASKED).events())
        assert "".join(e.text for e in events if isinstance(e, TextDelta)) == LONG.text
        assert isinstance(events[-1], StreamEnded)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_in_gzip_is_read_as_it_comes(kind: str) -> None:
    import zlib

    def script(request: Request) -> Iterable[Step]:
        packer = zlib.compressobj(wbits=31)
        yield head(
            content_type="text/event-stream", transfer_encoding="chunked", content_encoding="gzip"
        )
        for each in [*map(frame, chunks(OPENAI, LONG)), frame("[DONE]")]:
            yield piece(packer.compress(each) + packer.flush(zlib.Z_SYNC_FLUSH))
        yield piece(packer.flush())
        yield END

    with Loopback(script) as server:
        assert given_by(kind, server).result.message.content == LONG.text


# Waiting.


def given_by(kind: str, server: Loopback, view: str = "chunks", **options: Any) -> Given:
    """What a client of this kind gives of the server's stream."""
    if kind == "sync":
        with OpenAI(base_url=server.url, **options) as client:
            return read(client, view)

    async def main() -> Given:
        async with AsyncOpenAI(base_url=server.url, **options) as client:
            return await aread(client, view)

    given: Given = run_async(main)
    return given


def dripping(seconds: float, what: bytes = b": ping\n\n") -> Iterator[Step]:
    """The same every few milliseconds: comments that keep a connection alive, where nothing else is said."""
    for _ in range(int(seconds / 0.02)):
        yield piece(what)
        yield 0.02


#: What a server does in place of going on, for longer than anybody waits here.
SILENCES: dict[str, Callable[[], Iterable[Step]]] = {
    "silence": lambda: ["hang"],
    "comments": lambda: dripping(10),
    "a frame without an end": lambda: itertools.chain([piece(b"data: {")], dripping(10, b" ")),
}


def broken_by(frames: int, silence: str) -> Script:
    """So many frames, then silence; then, far too late, the rest."""

    def script(request: Request) -> Iterable[Step]:
        all_frames = [*map(frame, chunks(OPENAI, LONG)), frame("[DONE]")]
        yield from sse(all_frames[:frames], b"", done=False)
        yield from SILENCES[silence]()
        yield from (piece(each) for each in all_frames[frames:])
        yield END

    return script


@pytest.mark.parametrize("silence", SILENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_falls_silent_is_a_timeout_with_what_had_come(
    kind: str, silence: str
) -> None:
    with Loopback(broken_by(3, silence)) as server:
        given = given_by(kind, server, timeout=Timeout(idle=0.2, first_token=20))
        assert given.error == ("APITimeoutError", "Request timed out.")
        assert given.result.message.content == "one two three"[: 2 * 6]
        assert not given.complete
        assert len(server.seen) == 1
        assert server.wait_for(lambda: server.left == 1)


@pytest.mark.parametrize("silence", SILENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_does_not_begin_is_a_timeout(kind: str, silence: str) -> None:
    with Loopback(broken_by(0, silence)) as server:
        given = given_by(kind, server, timeout=Timeout(idle=20, first_token=0.3))
        assert given.error == ("APITimeoutError", "Request timed out.")
        assert len(server.seen) == 1  # the head had come: nothing is asked again


@pytest.mark.parametrize("kind", KINDS)
def test_a_timeout_is_between_frames_and_not_of_the_whole(kind: str) -> None:
    def script(request: Request) -> Iterable[Step]:
        for each in sse(chunks(OPENAI, LONG)):
            yield each
            yield 0.08

    with Loopback(script) as server:
        given = given_by(kind, server, timeout=Timeout(idle=0.5, first_token=5))
        assert given.complete  # about a second, in all


@pytest.mark.parametrize("kind", KINDS)
def test_comments_count_as_progress_where_that_is_asked_for(kind: str) -> None:
    def script(request: Request) -> Iterable[Step]:
        frames = [*map(frame, chunks(OPENAI, LONG)), frame("[DONE]")]
        yield from sse(frames[:2], b"", done=False)
        yield from dripping(0.9)
        yield from (piece(each) for each in frames[2:])
        yield END

    for counts in (True, False):
        with Loopback(script) as server:
            patience = Timeout(idle=0.4, comments_count=counts)
            assert given_by(kind, server, timeout=patience).complete == counts


@pytest.mark.parametrize("kind", KINDS)
def test_a_pause_of_the_reader_is_not_one_of_the_server(kind: str) -> None:
    import time

    def slowly(client: OpenAI) -> int:
        count = 0
        for _ in client.chat.completions.create(**ASKED):
            count += 1
            if count == 2:
                time.sleep(0.5)
        return count

    async def slowly_async(server: Loopback) -> int:
        count = 0
        async with AsyncOpenAI(base_url=server.url, timeout=Timeout(idle=0.2)) as client:
            async for _ in await client.chat.completions.create(**ASKED):
                count += 1
                if count == 2:
                    await asyncio.sleep(0.5)
        return count

    with Loopback(speaking(scenario=lambda body: LONG)) as server:
        if kind == "async":
            assert run_async(lambda: slowly_async(server)) > 3
            return
        with OpenAI(base_url=server.url, timeout=Timeout(idle=0.2)) as client:
            assert slowly(client) > 3


@pytest.fixture
def deaf() -> Iterator[str]:
    """A port that takes no connection, and refuses none."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_connection_that_does_not_come_about_is_a_timeout(deaf: str) -> None:
    patience = Timeout(connect=0.2, first_token=20, idle=20)
    with (
        OpenAI(base_url=deaf, timeout=patience, max_retries=0) as client,
        pytest.raises(APITimeoutError),
    ):
        client.chat.completions.create(**ASKED)

    async def main() -> None:
        async with AsyncOpenAI(base_url=deaf, timeout=patience, max_retries=0) as client:
            with pytest.raises(APITimeoutError):
                await client.chat.completions.create(**ASKED)

    run_async(main)


def test_a_timeout_of_one_stream_is_not_that_of_the_next_on_its_connection() -> None:
    def script(request: Request) -> Iterable[Step]:
        steps = sse(chunks(OPENAI, LONG))
        return steps if request.json["model"] == "quick" else itertools.chain([0.6], steps)

    with Loopback(script) as server, OpenAI(base_url=server.url, max_retries=0) as client:
        assert read(
            client, "chunks", model="quick", timeout=Timeout(idle=0.2, first_token=0.2)
        ).complete
        assert read(client, "chunks", model="slow", timeout=30).complete
        assert server.connections == 1


# Broken connections.


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_breaks_is_a_truncated_stream_with_its_cause(kind: str, end: Any) -> None:
    with Loopback(
        lambda request: sse(list(chunks(OPENAI, LONG))[:3], 0.05, end, done=False)
    ) as server:
        given = given_by(kind, server)
        assert given.error is not None
        assert given.error[0] == "StreamTruncated"
        assert given.result.message.content == "one two thre"
        assert len(server.seen) == 1
        with OpenAI(base_url=server.url) as client, pytest.raises(StreamTruncated) as error:
            list(client.chat.completions.create(**ASKED))
        assert isinstance(error.value, APIConnectionError)
        assert isinstance(error.value.__cause__, httpx.TransportError)


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_breaks_after_the_end_is_no_matter(kind: str) -> None:
    frames = [*map(frame, chunks(OPENAI, LONG)), frame("[DONE]")]
    with Loopback(lambda request: sse(frames, "reset", done=False)) as server:
        assert given_by(kind, server).complete


# Two HTTP libraries.


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize("view", VIEWS)
def test_either_http_library_will_do(library: str, view: str) -> None:
    http = pytest.importorskip(library)
    with Loopback(speaking()) as server:
        wanted = given_by("sync", server, view)
        assert given_by("sync", server, view, http_client=http.Client()) == wanted
        assert given_by("async", server, view, http_client=http.AsyncClient()) == wanted
    with Loopback(broken_by(3, "comments")) as server:
        patience = Timeout(idle=0.2)
        for kind, client in (("sync", http.Client()), ("async", http.AsyncClient())):
            given = given_by(kind, server, view, http_client=client, timeout=patience)
            assert given.error == ("APITimeoutError", "Request timed out.")


def test_a_client_that_nobody_closed_closes_its_connections() -> None:
    with Loopback(speaking()) as server:
        client = OpenAI(base_url=server.url).with_options(timeout=5)
        gc.collect()  # the first client is gone, and its connections are the second one's
        assert read(client, "chunks").complete
        del client
        gc.collect()  # without a ResourceWarning, which would fail this test


def test_threads_that_begin_at_once_share_their_connections() -> None:
    client = OpenAI(base_url="http://127.0.0.1:9")
    begin, made = threading.Barrier(16), []

    def use() -> None:
        begin.wait()
        made.append(client._http)

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 16
    assert len(set(map(id, made))) == 1
    client.close()
