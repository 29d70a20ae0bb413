"""Whole streams from each kind of source give the same events; a failure is raised after them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import httpx2
import httpx_sse
import pytest

import streamnorm
from streamnorm import LocalError, Normalizer, ServerError, StreamTruncated, anormalize, normalize


def chunk(delta: str, finish: str = "null") -> bytes:
    return (
        b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m",'
        b'"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n'
        % (delta.encode(), finish.encode())
    )


BODY = (
    chunk('{"role":"assistant","content":"Hel"}')
    + chunk('{"content":"lo \\u00e9"}')
    + chunk("{}", '"stop"')
    + b"data: [DONE]\n\n"
)
PIECES = [BODY[:10], BODY[10:200], BODY[200:]]


def direct() -> list[Any]:
    normalizer = Normalizer()
    return normalizer.feed(BODY) + normalizer.close()


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        return iter(PIECES)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in PIECES:
            yield piece


class Pieces2(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    __iter__ = Pieces.__iter__
    __aiter__ = Pieces.__aiter__


HEADERS = {"content-type": "text/event-stream"}


def sources() -> list[tuple[str, Any]]:
    return [
        ("bytes", BODY),
        ("bytearray", bytearray(BODY)),
        ("iterable", PIECES),
        ("generator", iter(PIECES)),
        ("httpx response", httpx.Response(200, headers=HEADERS, stream=Pieces())),
        ("httpx2 response", httpx2.Response(200, headers=HEADERS, stream=Pieces2())),
        (
            "httpx-sse source",
            httpx_sse.EventSource(httpx.Response(200, headers=HEADERS, stream=Pieces())),
        ),
    ]


@pytest.mark.parametrize("name", [name for name, _ in sources()])
def test_every_source_gives_the_same_events(name: str) -> None:
    source = dict(sources())[name]
    assert list(normalize(source)) == direct()


@pytest.mark.parametrize("name", [name for name, _ in sources()])
def test_every_source_gives_the_same_events_asynchronously(name: str) -> None:
    async def collect() -> list[Any]:
        return [event async for event in anormalize(dict(sources())[name])]

    assert asyncio.run(collect()) == direct()


def test_server_sent_events_are_taken_as_they_are_decoded() -> None:
    response = httpx.Response(200, headers=HEADERS, stream=Pieces())
    events = httpx_sse.EventSource(response).iter_sse()
    assert list(normalize(events)) == direct()


def test_async_iterables_of_bytes_are_taken() -> None:
    async def collect() -> list[Any]:
        return [event async for event in anormalize(Pieces().__aiter__())]

    assert asyncio.run(collect()) == direct()


def test_a_truncated_stream_raises_with_what_came() -> None:
    seen: list[Any] = []
    with pytest.raises(StreamTruncated) as raised:
        seen.extend(normalize(BODY[:250]))
    assert isinstance(seen[-1], streamnorm.StreamFailed)
    assert raised.value.partial is not None
    assert raised.value.partial.message.content == "Hel"


def test_a_servers_error_raises_in_its_own_words() -> None:
    with pytest.raises(ServerError, match="too long") as raised:
        list(normalize(b'data: {"error":{"message":"too long","type":"bad","code":400}}\n\n'))
    assert (raised.value.type, raised.value.code) == ("bad", 400)


def test_ones_own_normalizer_can_be_asked_afterwards() -> None:
    normalizer = Normalizer()
    list(normalize(PIECES, normalizer=normalizer))
    assert normalizer.complete
    assert normalizer.result.message.content == "Hello \u00e9"


@pytest.mark.parametrize("source", ["text", 7, {"choices": []}, [1, 2], None])
def test_what_is_no_source_is_refused_in_words(source: Any) -> None:
    with pytest.raises(LocalError, match="give bytes"):
        list(normalize(source))


def test_a_normalizer_is_used_once_and_one_way() -> None:
    normalizer = Normalizer()
    normalizer.feed(BODY)
    with pytest.raises(LocalError, match="do not mix"):
        normalizer.feed_sse(BODY)
    normalizer.close()
    with pytest.raises(LocalError, match="closed"):
        normalizer.feed(BODY)
    with pytest.raises(LocalError, match="unknown dialect"):
        Normalizer(dialect="smoke-signals")


def test_a_stream_that_has_ended_is_not_waited_for() -> None:
    """Some servers leave the connection open after [DONE]."""

    def open_forever() -> Iterator[bytes]:
        yield BODY
        raise AssertionError("asked for more after the end")

    async def open_forever_too() -> AsyncIterator[bytes]:
        for piece in open_forever():
            yield piece

    async def read() -> list[Any]:
        return [event async for event in anormalize(open_forever_too())]

    assert list(normalize(open_forever())) == direct() == asyncio.run(read())
