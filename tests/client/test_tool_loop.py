"""The tool loop: what is whole and valid runs, at the same time and in time; of all else the model is told, and nothing runs that
was cut."""

from __future__ import annotations

import asyncio
import contextvars
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import httpx
import msgspec
import pytest
from loopback import Loopback, Request, Script, Step, sse, whole
from pydantic import BaseModel, Field
from style_server import ONE_CALL, STYLES, Said, Scenario, Style, chunk, chunks, speaking

from streamnorm import AsyncOpenAI, OpenAI
from streamnorm.client.errors import RateLimitError, StreamTruncated
from streamnorm.client.tool_loop import (
    Invocation,
    Outcome,
    RoundStarted,
    RunFinished,
    ToolAnswered,
    ToolStarted,
)
from streamnorm.errors import LocalError
from streamnorm.events import ArgumentsDelta, TextDelta

KINDS = ("sync", "async")
OPENAI = Style("openai", 5)
QUESTION = [{"role": "user", "content": "How is the weather?"}]


def calls(*named: tuple[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Calls by name and arguments; text is taken as it is."""
    texts = [(name, args if isinstance(args, str) else json.dumps(args)) for name, args in named]
    return tuple((f"call_{at}", name, text) for at, (name, text) in enumerate(texts))


def in_turn(*said: Said) -> Scenario:
    """What is answered first, second and so on, and in the end. No id comes twice."""

    def scenario(body: dict[str, Any]) -> Said:
        turn = sum(message["role"] == "assistant" for message in body["messages"])
        text, found = msgspec.structs.astuple(said[min(turn, len(said) - 1)])
        return Said(text, tuple((f"call_{turn}{old[5:]}", *rest) for old, *rest in found))

    return scenario


ROME = Said("Let me see. ", calls(("weather", {"city": "Rome"})))
BOTH = Said("", calls(("weather", {"city": "Rome"}), ("weather", {"city": "Oslo"})))
DONE = Said("It is fine.")


class Weather:
    """The function `weather`, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @property
    def tool(self) -> Callable[..., str]:
        def weather(city: str) -> str:
            """The weather in a city."""
            self.asked.append(city)
            return f"sun in {city}"

        return weather


class Ran:
    """A run at its end."""

    def __init__(self, events: list[Any], run: Any) -> None:
        self.events = events
        self.messages = run.messages
        self.rounds = run.rounds
        self.result = run.result
        self.outcomes: list[Outcome] = [e.outcome for e in events if isinstance(e, ToolAnswered)]
        self.started = [e for e in events if isinstance(e, ToolStarted)]

    @property
    def end(self) -> RunFinished:
        assert isinstance(self.events[-1], RunFinished)
        return self.events[-1]


def run(kind: str, script: Script | Loopback, tools: list[Any], **options: Any) -> Ran:
    with script if isinstance(script, Loopback) else Loopback(script) as server:
        asked = {"model": "m", "messages": QUESTION, "tools": tools, **options}
        if kind == "sync":
            with OpenAI(base_url=server.url) as client:
                loop = client.chat.completions.run_tools(**asked)
                return Ran(list(loop), loop)

        async def main() -> Ran:
            async with AsyncOpenAI(base_url=server.url) as client:
                loop = client.chat.completions.run_tools(**asked)
                return Ran([event async for event in loop], loop)

        return asyncio.run(main())


def tool_messages(ran: Ran) -> list[str]:
    return [message["content"] for message in ran.messages if message["role"] == "tool"]


# Runs.


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_asks_calls_answers_and_asks_again(kind: str) -> None:
    weather = Weather()
    server = Loopback(speaking(scenario=in_turn(ROME, DONE)))
    ran = run(kind, server, [weather.tool])
    assert weather.asked == ["Rome"]
    assert ran.messages == [
        *QUESTION,
        {
            "role": "assistant",
            "content": ROME.text,
            "tool_calls": [
                {
                    "id": "call_00",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_00", "content": "sun in Rome"},
        {"role": "assistant", "content": DONE.text},
    ]
    assert ran.end == RunFinished("done", 2)
    assert [e.number for e in ran.events if isinstance(e, RoundStarted)] == [1, 2]
    assert ran.started == [ToolStarted("call_00", "weather", {"city": "Rome"})]
    assert ran.outcomes == [Outcome("call_00", "weather", "sun in Rome", "done")]
    told = "".join(event.text for event in ran.events if isinstance(event, TextDelta))
    assert told == ROME.text + DONE.text
    assert any(isinstance(event, ArgumentsDelta) for event in ran.events)
    assert ran.result.message.content == DONE.text
    first, second = (request.json for request in server.seen)
    assert first["tools"] == second["tools"]
    assert first["tools"][0]["function"]["description"] == "The weather in a city."
    assert second["messages"] == ran.messages[:-1]


def test_a_run_may_be_run_to_its_end_at_once() -> None:
    with Loopback(speaking(scenario=in_turn(ROME, DONE))) as server:
        asked = {"model": "m", "messages": QUESTION, "tools": [Weather().tool]}
        with OpenAI(base_url=server.url) as client:
            done = client.chat.completions.run_tools(**asked).until_done()
            assert done.result.message.content == DONE.text

        async def main() -> Any:
            async with AsyncOpenAI(base_url=server.url) as client:
                return await client.chat.completions.run_tools(**asked).until_done()

        assert asyncio.run(main()).messages == done.messages
    assert QUESTION == [{"role": "user", "content": "How is the weather?"}]


def without_ids(messages: list[Any]) -> str:
    """The text of the messages, with ids by the order of their appearance."""
    found: dict[str, str] = {}
    text = json.dumps(messages)
    return re.sub(r'"call_\w+"', lambda seen: found.setdefault(seen[0], f"id {len(found)}"), text)


@pytest.mark.parametrize("size", [0, 3])
@pytest.mark.parametrize("style", STYLES)
def test_a_run_comes_to_the_same_messages_whatever_the_provider_does(style: str, size: int) -> None:
    most = 1 if style == ONE_CALL else 9
    script = speaking("openai", in_turn(BOTH, ROME, DONE), most_calls=most)
    wanted = run("sync", script, [Weather().tool])
    for kind in KINDS:
        weather = Weather()
        ran = run(kind, speaking(style, in_turn(BOTH, ROME, DONE), size=size), [weather.tool])
        assert without_ids(ran.messages) == without_ids(wanted.messages)
        assert sorted(weather.asked) == (
            ["Rome", "Rome"] if most == 1 else ["Oslo", "Rome", "Rome"]
        )


def test_functions_of_one_round_run_at_the_same_time() -> None:
    together = threading.Barrier(2)

    def weather(city: str) -> str:
        together.wait(10)  # alone, it waits in vain
        return city

    for kind in KINDS:
        ran = run(kind, speaking(scenario=in_turn(BOTH, DONE)), [weather])
        assert tool_messages(ran) == ["Rome", "Oslo"]


def test_asynchronous_functions_of_one_round_run_at_the_same_time() -> None:
    arrived: list[str] = []

    async def weather(city: str) -> str:
        arrived.append(city)
        while len(arrived) < 2:
            await asyncio.sleep(0.001)
        return city

    ran = run("async", speaking(scenario=in_turn(BOTH, DONE)), [weather], tool_timeout=10)
    assert tool_messages(ran) == ["Rome", "Oslo"]


def test_answers_come_in_the_order_of_the_calls_whichever_is_first() -> None:
    oslo = threading.Event()

    def weather(city: str) -> str:
        if city == "Rome":
            assert oslo.wait(10)
        oslo.set()
        return city

    for kind in KINDS:
        oslo.clear()
        ran = run(kind, speaking(scenario=in_turn(BOTH, DONE)), [weather])
        assert [outcome.content for outcome in ran.outcomes] == ["Rome", "Oslo"]


def test_a_blocking_run_takes_asynchronous_functions_as_well() -> None:
    async def weather(city: str) -> str:
        await asyncio.sleep(0)
        return f"rain in {city}"

    assert tool_messages(run("sync", speaking(scenario=in_turn(ROME, DONE)), [weather])) == [
        "rain in Rome"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_functions_see_the_callers_context(kind: str) -> None:
    user = contextvars.ContextVar("user", default="nobody")

    def weather(city: str) -> str:
        return user.get()

    token = user.set("somebody")
    try:
        ran = run(kind, speaking(scenario=in_turn(ROME, DONE)), [weather])
    finally:
        user.reset(token)
    assert tool_messages(ran) == ["somebody"]


# Arguments and answers.


class Place(BaseModel):
    city: str
    country: Literal["it", "no"] = "it"


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_gets_the_types_that_it_asks_for(kind: str) -> None:
    got: list[Any] = []

    def weather(place: Place, days: list[int], note: str | None = None) -> dict[str, Any]:
        got.append((place, days, note))
        return {"ok": True}

    arguments = {"place": {"city": "Rome", "country": "no"}, "days": [1, 2]}
    said = Said("", calls(("weather", arguments)))
    ran = run(kind, speaking(scenario=in_turn(said, DONE)), [weather])
    assert got == [(Place(city="Rome", country="no"), [1, 2], None)]
    assert json.loads(tool_messages(ran)[0]) == {"ok": True}


def test_what_a_function_returns_becomes_text() -> None:
    values: list[tuple[Any, str]] = [
        ("text", "text"),
        ({"ä": 1}, '{"ä": 1}'),
        (None, "null"),
        ([1, None], "[1, null]"),
        (Place(city="Rome"), '{"city": "Rome", "country": "it"}'),
    ]
    for value, text in values:
        tool = {
            "type": "function",
            "function": {"name": "weather", "parameters": {"type": "object"}},
        }
        script = speaking(scenario=in_turn(ROME, DONE))
        ran = run("sync", script, [tool], functions={"weather": lambda city, v=value: v})
        assert tool_messages(ran) == [text]


def test_tools_of_any_kind_run_the_function_of_their_name() -> None:
    class weather(BaseModel):  # noqa: N801  # the tool's name
        """The weather."""

        city: str = Field(description="which")

    got: list[dict[str, Any]] = []

    def answer(**arguments: Any) -> str:
        got.append(arguments)
        return "sun"

    ran = run(
        "sync", speaking(scenario=in_turn(ROME, DONE)), [weather], functions={"weather": answer}
    )
    assert got == [{"city": "Rome"}]
    assert tool_messages(ran) == ["sun"]


def test_a_tool_without_a_function_is_refused_before_anything_is_asked() -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    with Loopback(speaking()) as server, OpenAI(base_url=server.url) as client:
        with pytest.raises(LocalError, match="'weather' has no function"):
            client.chat.completions.run_tools(model="m", messages=QUESTION, tools=[tool])
        with pytest.raises(LocalError, match="max_rounds is 1 or more"):
            client.chat.completions.run_tools(
                model="m", messages=QUESTION, tools=[Weather().tool], max_rounds=0
            )
        assert server.connections == 0


# Calls that do not run.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"town": "Rome"}, "/city"),
        ({"city": 5}, "city"),
        ("[]", "object"),
        ('{"city": "Ro', "arguments"),
        ("", "arguments"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_invalid_call_does_not_run_and_the_model_is_told_why(
    kind: str, arguments: Any, words: str
) -> None:
    weather = Weather()
    wrong = Said("", calls(("weather", arguments)))
    server = Loopback(speaking(scenario=in_turn(wrong, ROME, DONE)))
    ran = run(kind, server, [weather.tool])
    assert weather.asked == ["Rome"]
    assert [outcome.status for outcome in ran.outcomes] == ["invalid", "done"]
    sentence = tool_messages(ran)[0]
    assert sentence.startswith("The call was not run. ")
    assert sentence.endswith("Call it again with arguments that fit.")
    assert words in sentence
    assert server.seen[1].json["messages"][-1]["content"] == sentence
    assert ran.end == RunFinished("done", 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_of_an_unknown_tool_does_not_run_and_the_model_is_told(kind: str) -> None:
    weather = Weather()
    wrong = Said("", calls(("wether", {"city": "Rome"}), ("weather", {"city": "Oslo"})))
    ran = run(kind, speaking(scenario=in_turn(wrong, DONE)), [weather.tool])
    assert weather.asked == ["Oslo"]
    assert [outcome.status for outcome in ran.outcomes] == ["invalid", "done"]
    assert 'No tool is named "wether": the only tool is "weather".' in tool_messages(ran)[0]


def ending(said: Said, finish: str | None, *then: Step) -> Script:
    """A stream with another finish, or with none."""

    def script(request: Request) -> Iterable[Step]:
        frames: list[Any] = [*chunks(OPENAI, said)][:-1]
        if finish is not None:
            frames.append(chunk({}, finish))
        return sse(frames, *then, done=finish is not None)

    return script


@pytest.mark.parametrize("finish", ["length", "content_filter"])
@pytest.mark.parametrize("kind", KINDS)
def test_calls_of_an_answer_that_was_cut_do_not_run(kind: str, finish: str) -> None:
    weather = Weather()
    ran = run(kind, ending(BOTH, finish), [weather.tool])
    assert weather.asked == []
    assert ran.end == RunFinished(finish, 1)  # type: ignore[arg-type]
    assert ran.outcomes == []


@pytest.mark.parametrize("then", [(), ("close",), ("reset",)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_stream_raises_and_nothing_runs(kind: str, then: Any) -> None:
    weather = Weather()
    with pytest.raises(StreamTruncated) as error:
        run(kind, ending(BOTH, None, *then), [weather.tool])
    assert weather.asked == []
    assert error.value.partial is not None
    assert [call.name for call in error.value.partial.message.tool_calls] == ["weather"] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_of_the_server_raises_in_any_round(kind: str) -> None:
    def script(request: Request) -> Iterable[Step]:
        if len(request.json["messages"]) == 1:
            return sse(chunks(OPENAI, ROME))
        return [whole({"error": {"message": "slow down"}}, 429, x_should_retry="false")]

    weather = Weather()
    with pytest.raises(RateLimitError, match="slow down"):
        run(kind, script, [weather.tool])
    assert weather.asked == ["Rome"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_that_raises_is_an_answer_and_no_exception(kind: str) -> None:
    def weather(city: str) -> str:
        raise ValueError(f"no {city}" if city == "Rome" else "x" * 10_000)

    ran = run(kind, speaking(scenario=in_turn(BOTH, DONE)), [weather])
    assert [outcome.status for outcome in ran.outcomes] == ["failed", "failed"]
    assert tool_messages(ran)[0] == "The tool failed. ValueError: no Rome"
    assert len(tool_messages(ran)[1]) < 1_000
    assert ran.end == RunFinished("done", 2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_that_raises_a_timeout_of_its_own_has_failed(kind: str) -> None:
    def weather(city: str) -> str:
        raise TimeoutError("upstream")

    ran = run(kind, speaking(scenario=in_turn(ROME, DONE)), [weather])
    assert [outcome.status for outcome in ran.outcomes] == ["failed"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_that_takes_too_long_is_not_waited_for(kind: str) -> None:
    over = threading.Event()

    def weather(city: str) -> str:
        if city == "Rome":
            over.wait(20)
        return city

    try:
        ran = run(kind, speaking(scenario=in_turn(BOTH, DONE)), [weather], tool_timeout=0.3)
    finally:
        over.set()
    assert [outcome.status for outcome in ran.outcomes] == ["timeout", "done"]
    assert tool_messages(ran) == ["The tool gave no answer within 0.3 seconds.", "Oslo"]


def test_an_asynchronous_function_that_takes_too_long_is_cancelled() -> None:
    cancelled: list[str] = []

    async def weather(city: str) -> str:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            cancelled.append(city)
            raise
        return city

    ran = run("async", speaking(scenario=in_turn(ROME, DONE)), [weather], tool_timeout=0.1)
    assert cancelled == ["Rome"]
    assert [outcome.status for outcome in ran.outcomes] == ["timeout"]


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_no_more_rounds_than_one_says(kind: str) -> None:
    weather = Weather()
    server = Loopback(speaking(scenario=in_turn(ROME)))
    ran = run(kind, server, [weather.tool], max_rounds=3)
    assert len(server.seen) == 3
    assert ran.rounds == 3
    assert ran.end == RunFinished("max_rounds", 3)
    assert weather.asked == ["Rome", "Rome"]  # the calls of the last answer have nobody to go to


# The hook.

VERDICTS: dict[str, tuple[Any, list[str], str, str]] = {
    "nothing": (None, ["Rome"], "done", "sun in Rome"),
    "yes": (True, ["Rome"], "done", "sun in Rome"),
    "other arguments": ({"city": "Bari"}, ["Bari"], "done", "sun in Bari"),
    "no": (False, [], "refused", "The call was not run. The user did not allow it."),
    "a reason": ("not today", [], "refused", "The call was not run. not today"),
}


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("kind", [*KINDS, "async hook"])
def test_the_hook_has_the_last_word(kind: str, verdict: str) -> None:
    answer, asked, status, content = VERDICTS[verdict]
    seen: list[Invocation] = []

    def approve(invocation: Invocation) -> Any:
        seen.append(invocation)
        return answer

    async def approve_async(invocation: Invocation) -> Any:
        await asyncio.sleep(0)
        return approve(invocation)

    weather = Weather()
    hook = approve_async if kind == "async hook" else approve
    script = speaking(scenario=in_turn(ROME, DONE))
    ran = run("sync" if kind == "sync" else "async", script, [weather.tool], approve=hook)
    assert seen == [Invocation("call_00", "weather", {"city": "Rome"})]
    assert weather.asked == asked
    assert [(o.status, o.content) for o in ran.outcomes] == [(status, content)]
    assert [event.arguments["city"] for event in ran.started] == asked


@pytest.mark.parametrize("kind", KINDS)
def test_the_hook_is_asked_of_valid_calls_only_and_must_answer(kind: str) -> None:
    weather = Weather()
    wrong = Said("", calls(("weather", {"town": 1})))

    def never(invocation: Invocation) -> Any:
        raise AssertionError

    run(kind, speaking(scenario=in_turn(wrong, DONE)), [weather.tool], approve=never)
    with pytest.raises(LocalError, match="approve returns"):
        run(kind, speaking(scenario=in_turn(ROME, DONE)), [weather.tool], approve=lambda i: 5)
    assert weather.asked == []


def test_an_asynchronous_hook_of_a_blocking_run_is_refused_and_nothing_runs() -> None:
    async def approve(invocation: Invocation) -> bool:
        return True

    weather = Weather()
    with pytest.raises(LocalError, match="approve returns"):
        run("sync", speaking(scenario=in_turn(ROME, DONE)), [weather.tool], approve=approve)
    assert weather.asked == []


# Leaving early.


def hanging(request: Request) -> Iterator[Step]:
    """The first half of an answer, and then nothing."""
    return sse(list(chunks(OPENAI, ROME))[:4], "hang", done=False)


def test_a_break_in_the_middle_of_a_stream_frees_the_connection() -> None:
    http = httpx.Client(limits=httpx.Limits(max_connections=1), timeout=httpx.Timeout(10, pool=5))
    weather = Weather()
    with Loopback(hanging) as server, OpenAI(base_url=server.url, http_client=http) as client:
        for _ in range(3):
            for event in client.chat.completions.run_tools(
                model="m", messages=QUESTION, tools=[weather.tool]
            ):
                if isinstance(event, TextDelta):
                    break
        assert server.wait_for(lambda: server.left == 3)
    assert weather.asked == []


@pytest.mark.parametrize("how", ["break", "cancel", "timeout"])
def test_leaving_in_the_middle_of_a_stream_frees_the_connection_async(how: str) -> None:
    weather = Weather()

    async def read(client: AsyncOpenAI, begun: asyncio.Event, *, leave: bool) -> None:
        asked = {"model": "m", "messages": QUESTION, "tools": [weather.tool]}
        async for event in client.chat.completions.run_tools(**asked):
            if isinstance(event, TextDelta):
                begun.set()
                if leave:
                    break

    async def main() -> None:
        http = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=1), timeout=httpx.Timeout(10, pool=5)
        )
        troubles: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, what: troubles.append(what))
        with Loopback(hanging) as server:
            async with AsyncOpenAI(base_url=server.url, http_client=http) as client:
                for _ in range(3):
                    begun = asyncio.Event()
                    if how == "break":
                        await read(client, begun, leave=True)
                    elif how == "cancel":
                        task = asyncio.create_task(read(client, begun, leave=False))
                        await begun.wait()
                        task.cancel()
                        with pytest.raises(asyncio.CancelledError):
                            await task
                    else:
                        with pytest.raises(TimeoutError):
                            async with asyncio.timeout(0.2):
                                await read(client, begun, leave=False)
                left = await asyncio.to_thread(server.wait_for, lambda: server.left == 3)
                assert left
        assert troubles == []

    asyncio.run(main())
    assert weather.asked == []


def test_cancelling_a_run_cancels_its_functions() -> None:
    ended: list[str] = []

    async def weather(city: str) -> str:
        try:
            await asyncio.sleep(20)
        finally:
            ended.append(city)
        return city

    async def main() -> None:
        with Loopback(speaking(scenario=in_turn(BOTH, DONE))) as server:
            async with AsyncOpenAI(base_url=server.url) as client:
                asked = {"model": "m", "messages": QUESTION, "tools": [weather]}
                task = asyncio.ensure_future(
                    client.chat.completions.run_tools(**asked).until_done()
                )
                assert await asyncio.to_thread(server.wait_for, lambda: len(server.seen) == 1)
                await asyncio.sleep(0.2)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert len(server.seen) == 1

    asyncio.run(main())
    assert sorted(ended) == ["Oslo", "Rome"]


def test_an_exception_of_the_callers_own_ends_the_run() -> None:
    def divide_when_it_starts(run: Iterable[Any]) -> None:
        for event in run:
            if isinstance(event, ToolStarted):
                raise ZeroDivisionError

    weather = Weather()
    asked = {"model": "m", "messages": QUESTION, "tools": [weather.tool]}
    with (
        Loopback(speaking(scenario=in_turn(ROME, DONE))) as server,
        OpenAI(base_url=server.url) as client,
    ):
        with pytest.raises(ZeroDivisionError):
            divide_when_it_starts(client.chat.completions.run_tools(**asked))
        assert weather.asked == []
        assert len(server.seen) == 1
