"""Who reads a stream: the floor, streamnorm in each of its ways, and what people use otherwise. Each takes the pieces of a body
and reads it to its end, all in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

import msgspec

from streamnorm import Normalizer, anormalize, normalize

__all__ = ["READERS", "SDK_READERS", "Reader", "floor"]

Reader = Callable[[list[bytes]], None]

URL: Final = "http://127.0.0.1:1/v1/chat/completions"


# The floor: split, and a typed decode of the fields that the normal form needs. Anything that reads a stream does this.


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    # Any: a body may have a quirk here, and the floor reads it all the same.
    index: Any = None
    id: str | None = None
    type: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    role: str | None = None
    content: Any = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: _Function | None = None


class _Choice(msgspec.Struct):
    delta: _Delta
    index: int = 0
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice]
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    usage: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(_Chunk).decode


def floor(pieces: list[bytes]) -> None:
    pending = b""
    for piece in pieces:
        *blocks, pending = (pending + piece).split(b"\n\n")
        for block in blocks:
            if block != b"data: [DONE]":
                _decode(block[6:])


# Ours.


def to_events(pieces: list[bytes]) -> None:
    normalizer = Normalizer()
    for piece in pieces:
        normalizer.feed(piece)
    normalizer.close()
    assert normalizer.complete


def to_chunks(pieces: list[bytes]) -> None:
    normalizer = Normalizer()
    for piece in pieces:
        normalizer.feed_chunks(piece)
    normalizer.close_chunks()
    assert normalizer.complete


def to_bytes(pieces: list[bytes]) -> None:
    normalizer = Normalizer()
    for piece in pieces:
        normalizer.feed_sse(piece)
    normalizer.close_sse()
    assert normalizer.complete


def through_httpx(pieces: list[bytes]) -> None:
    import httpx

    def answer(_: Any) -> Any:
        return httpx.Response(200, headers=_HEADERS, content=iter(pieces))

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as client,
        client.stream("POST", URL) as response,
    ):
        for _ in normalize(response):
            pass


def through_async_httpx(pieces: list[bytes]) -> None:
    import httpx

    async def content() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    def answer(_: Any) -> Any:
        return httpx.Response(200, headers=_HEADERS, content=content())

    async def read() -> None:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client,
            client.stream("POST", URL) as response,
        ):
            async for _ in anormalize(response):
                pass

    asyncio.run(read())


# Others.

_HEADERS: Final = {"content-type": "text/event-stream"}


def httpx_sse_and_json(pieces: list[bytes]) -> None:
    import httpx
    from httpx_sse import EventSource

    response = httpx.Response(200, headers=_HEADERS, content=iter(pieces))
    for sse in EventSource(response).iter_sse():
        if sse.data != "[DONE]":
            json.loads(sse.data)


#: The tools that the bodies' calls name, strict, as `.stream()` demands.
_PARAMETERS: Final = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
_TOOLS: Final = [
    {
        "type": "function",
        "function": {"name": f"tool_{at}", "parameters": _PARAMETERS, "strict": True},
    }
    for at in range(4)
]


def _sdk(pieces: list[bytes]) -> Any:
    import httpx2
    import openai

    def answer(_: Any) -> Any:
        return httpx2.Response(200, headers=_HEADERS, content=iter(pieces))

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(api_key="-", base_url=URL, http_client=client)


def sdk_create(pieces: list[bytes]) -> None:
    asked = {"model": "-", "messages": [], "tools": _TOOLS, "stream": True}
    for _ in _sdk(pieces).chat.completions.create(**asked):
        pass


def sdk_stream(pieces: list[bytes]) -> None:
    def read() -> Iterator[Any]:
        asked: Any = {"model": "-", "messages": [], "tools": _TOOLS}
        with _sdk(pieces).chat.completions.stream(**asked) as stream:
            yield from stream

    for _ in read():
        pass


READERS: Final[dict[str, Reader]] = {
    "to events": to_events,
    "to chunks": to_chunks,
    "to bytes": to_bytes,
    "httpx, to events": through_httpx,
    "async httpx, to events": through_async_httpx,
    "httpx-sse and json.loads": httpx_sse_and_json,
}
SDK_READERS: Final[dict[str, Reader]] = {
    "OpenAI SDK, create": sdk_create,
    "OpenAI SDK, .stream()": sdk_stream,
}
