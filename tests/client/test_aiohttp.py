"""The client over aiohttp: the same chunks, the same exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from loopback import Loopback, frame, head, piece, sse
from style_server import STYLES, chunk, speaking, style_server

import streamnorm
from streamnorm.client import errors
from streamnorm.client.transports import DIRECT

ASKED: dict[str, Any] = {"model": "m-1", "messages": [{"role": "user", "content": "Who are you?"}]}

BEGUN = [chunk({"role": "assistant", "content": "I am "}), chunk({"content": "here"})]


def run(server: Loopback, use: Callable[[Any], Awaitable[Any]], **settings: Any) -> Any:
    async def main() -> Any:
        http = streamnorm.DefaultAioHttpClient()
        async with streamnorm.AsyncOpenAI(
            base_url=server.url, http_client=http, **settings
        ) as client:
            return await use(client)

    return asyncio.run(main())


async def read(client: Any) -> str:
    stream = await client.chat.completions.create(**ASKED, stream=True)
    return "".join([each.choices[0].delta.content or "" async for each in stream])


@pytest.mark.parametrize("style", STYLES)
def test_a_stream_is_read_as_over_httpx(style: str) -> None:
    with style_server(style) as server, streamnorm.OpenAI(base_url=server.url) as client:
        plain = list(client.chat.completions.create(**ASKED, stream=True))

        async def use(own: Any) -> list[Any]:
            stream = await own.chat.completions.create(**ASKED, stream=True)
            assert DIRECT in stream.response.extensions
            return [each async for each in stream]

        assert run(server, use) == plain


def test_what_does_not_stream_is_read_too() -> None:
    async def use(client: Any) -> Any:
        return (await client.chat.completions.create(**ASKED)).choices[0].message.content

    with style_server() as server:
        assert run(server, use) == "你好! I am here 🦄 to help."


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_stream_that_breaks_off_is_truncated_with_what_came(ending: Any) -> None:
    first = [head(transfer_encoding="chunked", content_type="text/event-stream")]
    script = [*first, *(piece(frame(each)) for each in BEGUN), ending]
    with Loopback(script) as server, pytest.raises(errors.APIConnectionError) as caught:
        run(server, read, max_retries=0)
    assert isinstance(caught.value, errors.StreamTruncated)
    assert caught.value.partial is not None
    assert caught.value.partial.message.content == "I am here"


def test_silence_ends_in_a_timeout_with_what_came() -> None:
    first = [head(transfer_encoding="chunked", content_type="text/event-stream")]
    with Loopback([*first, *(piece(frame(each)) for each in BEGUN), "hang"]) as server:
        timeout = streamnorm.Timeout(first_token=0.5, idle=0.5)
        with pytest.raises(errors.APITimeoutError) as caught:
            run(server, read, timeout=timeout)
    assert caught.value.partial is not None
    assert caught.value.partial.message.content == "I am here"


SPOKEN = [
    head(transfer_encoding="chunked", content_type="text/event-stream"),
    *(piece(frame(each)) for each in BEGUN),
]


def test_silence_between_two_events_is_not_that_before_the_first() -> None:
    timeout = streamnorm.Timeout(first_token=60, idle=0.3)
    with Loopback([*SPOKEN, "hang"]) as server, pytest.raises(errors.APITimeoutError) as caught:
        run(server, lambda client: asyncio.wait_for(read(client), 20), timeout=timeout)
    assert caught.value.partial is not None
    assert caught.value.partial.message.content == "I am here"


def test_a_comment_is_no_progress_unless_asked() -> None:
    comments = [each for _ in range(10) for each in (piece(b": alive\n\n"), 0.1)]
    script = [*SPOKEN, *comments, piece(b"data: [DONE]\n\n"), piece(b"")]
    with Loopback(script) as server, pytest.raises(errors.APITimeoutError):
        run(server, read, timeout=streamnorm.Timeout(idle=0.4))
    with Loopback(script) as server:
        timeout = streamnorm.Timeout(idle=0.4, comments_count=True)
        assert run(server, read, timeout=timeout) == "I am here"


def test_a_slow_reader_is_no_silence() -> None:
    async def use(client: Any) -> str:
        text = ""
        async for each in await client.chat.completions.create(**ASKED, stream=True):
            await asyncio.sleep(0.5)
            text += each.choices[0].delta.content or ""
        return text

    with style_server() as server:
        timeout = streamnorm.Timeout(first_token=0.3, idle=0.3)
        assert run(server, use, timeout=timeout) == "你好! I am here 🦄 to help."


@pytest.mark.parametrize("late", [0.1, "hang"])
def test_the_end_of_the_body_is_waited_for_a_little(late: Any) -> None:
    script = [
        *SPOKEN,
        piece(frame(chunk({}, "stop"))),
        piece(b"data: [DONE]\n\n"),
        late,
        piece(b""),
    ]

    async def use(client: Any) -> list[str]:
        return [await asyncio.wait_for(read(client), 20) for _ in range(2)]

    with Loopback(script) as server:
        assert run(server, use) == ["I am here"] * 2
        assert server.connections == (2 if late == "hang" else 1)


def test_leaving_the_loop_frees_the_connection() -> None:
    async def use(client: Any) -> str:
        for _ in range(3):
            async for _ in await client.chat.completions.create(**ASKED, stream=True):
                break
        return await read(client)

    with style_server() as server:
        assert run(server, use) == "你好! I am here 🦄 to help."


def test_an_error_in_the_stream_is_raised_with_the_servers_words() -> None:
    error = {"error": {"message": "out of memory", "code": "oom"}}
    with (
        Loopback(lambda request: sse([BEGUN[0], error])) as server,
        pytest.raises(errors.APIError, match="out of memory"),
    ):
        run(server, read)


def test_tools_run_over_it() -> None:
    def search(query: str) -> str:
        """Search."""
        return f"found {query}"

    async def use(client: Any) -> Any:
        loop = client.chat.completions.run_tools(
            model="m-1", messages=[{"role": "user", "content": "Search"}], tools=[search]
        )
        return (await loop.until_done()).result.message.content

    with Loopback(speaking("missing index")) as server:
        assert run(server, use) == "I have looked: found ChatGPT."
