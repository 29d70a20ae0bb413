"""`stream()` and `parse()` over a socket: what the OpenAI SDK tells of a conformant endpoint, ours tells of each style."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import openai
import pydantic
import pytest
from style_server import STYLES, Said, style_server

import streamnorm


class Forecast(pydantic.BaseModel):
    city: str
    days: list[int]


TOOL = openai.pydantic_function_tool(Forecast, name="forecast")
OWN_TOOL = streamnorm.pydantic_function_tool(Forecast, name="forecast")
ARGUMENTS = '{"city": "Rome", "days": [1, 2]}'

CALLED = Said("", (("call_aaaaaaaa", "forecast", ARGUMENTS),))
WRITTEN = Said(ARGUMENTS)

Client = Callable[..., Any]


def theirs(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="-")


def ours(url: str) -> streamnorm.OpenAI:
    return streamnorm.OpenAI(base_url=url)


def asked(**more: Any) -> dict[str, Any]:
    return {"model": "m-1", "messages": [{"role": "user", "content": "The forecast?"}], **more}


def told(events: Any, final: Any) -> list[Any]:
    """The events but for the chunks, whose number is the style's; and the end of it."""
    shown = [
        (event.type, getattr(event, "name", None), getattr(event, "parsed", None))
        for event in events
        if event.type.endswith(".done")
    ]
    message = final.choices[0].message
    calls = [
        (call.function.name, call.function.parsed_arguments) for call in message.tool_calls or ()
    ]
    return [*shown, message.parsed, calls, final.choices[0].finish_reason]


def streamed(client: Any, **more: Any) -> list[Any]:
    with client.chat.completions.stream(**asked(**more)) as stream:
        events = list(stream)
        return told(events, stream.get_final_completion())


def expected(said: Said, **more: Any) -> list[Any]:
    with style_server(scenario=lambda body: said) as server, theirs(server.url) as client:
        return streamed(client, **more)


@pytest.mark.parametrize("style", [style for style in STYLES if style != "legacy"])
def test_each_style_streams_the_call_that_the_sdk_reads_of_a_conformant_one(style: str) -> None:
    wanted = expected(CALLED, tools=[TOOL])
    assert ("forecast", Forecast(city="Rome", days=[1, 2])) in wanted[-2]
    with style_server(style, lambda body: CALLED) as server, ours(server.url) as client:
        assert streamed(client, tools=[OWN_TOOL]) == wanted
        parsed = client.chat.completions.parse(**asked(tools=[OWN_TOOL]))
    (call,) = parsed.choices[0].message.tool_calls
    assert call.function.parsed_arguments == Forecast(city="Rome", days=[1, 2])


def test_content_becomes_the_model_while_it_streams_and_at_once() -> None:
    wanted = expected(WRITTEN, response_format=Forecast)
    with style_server(scenario=lambda body: WRITTEN) as server, ours(server.url) as client:
        assert streamed(client, response_format=Forecast) == wanted
        parsed = client.chat.completions.parse(**asked(response_format=Forecast))
        sent = [request.json["response_format"]["json_schema"] for request in server.seen]
    assert parsed.choices[0].message.parsed == Forecast(city="Rome", days=[1, 2])
    assert sent[0] == sent[1]
    assert sent[0]["strict"] is True


def test_both_may_be_awaited() -> None:
    wanted = expected(CALLED, tools=[TOOL])

    async def ask(url: str) -> tuple[list[Any], Any]:
        async with streamnorm.AsyncOpenAI(base_url=url) as client:
            async with client.chat.completions.stream(**asked(tools=[OWN_TOOL])) as stream:
                events = [event async for event in stream]
                final = await stream.get_final_completion()
            return told(events, final), await client.chat.completions.parse(
                **asked(tools=[OWN_TOOL])
            )

    with style_server("missing index", lambda body: CALLED) as server:
        found, parsed = asyncio.run(ask(server.url))
    assert found == wanted
    assert parsed.choices[0].message.tool_calls[0].function.parsed_arguments.city == "Rome"


def test_what_cannot_be_parsed_is_refused_before_anything_is_sent() -> None:
    loose = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    with style_server() as server, ours(server.url) as client:
        for method in (client.chat.completions.stream, client.chat.completions.parse):
            with pytest.raises(ValueError, match="`f` is not strict"):
                method(**asked(tools=[loose]))
        with pytest.raises(TypeError, match=r"parse\(\) and stream\(\) take a class"):
            client.chat.completions.create(**asked(response_format=Forecast))
        assert not server.seen
