"""The engine, awaited: under asyncio and trio, with readers that leave and are cancelled."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from engine_help import (
    Api,
    Clock,
    Gate,
    Said,
    Says,
    assert_in_order,
    async_http,
    calls,
    read_events,
    text,
    tool,
)

A = {"type": "integer"}

#: Seconds after which a test that hangs fails.
HUNG = 20

LOOPS = pytest.mark.parametrize("loop", ["asyncio", "trio"])


def run(loop: str, work: Callable[[], Awaitable[Any]]) -> Any:
    if loop == "trio":
        pytest.importorskip("trio")

    async def limited() -> Any:
        with anyio.fail_after(HUNG):
            return await work()

    with warnings.catch_warnings():
        # Trio tells of each body that the client of the endpoint did not read to its end.
        warnings.simplefilter("ignore", ResourceWarning)
        found = anyio.run(limited, backend=loop)
        gc.collect()
    return found


async def post(http: httpx.AsyncClient, path: str, **body: Any) -> Any:
    return (await http.post(path, json=body)).json()


async def started(http: httpx.AsyncClient, *tools: Any) -> tuple[str, str]:
    assistant = await post(http, "/assistants", model="m-1", tools=list(tools))
    thread = await post(http, "/threads", messages=[{"role": "user", "content": "Hi"}])
    return assistant["id"], thread["id"]


async def ended(http: httpx.AsyncClient, path: str) -> Any:
    while (found := (await http.get(path)).json())["status"] in (
        "queued",
        "in_progress",
        "cancelling",
    ):
        await anyio.sleep(0.01)
    return found


def halves(gate: Gate) -> Says:
    def says(_: Any) -> Iterator[Said]:
        yield from itertools.islice(text("Hel"), 2)
        yield gate.wait
        yield from itertools.islice(text("lo"), 1, None)

    return says


@LOOPS
@pytest.mark.parametrize("kept", ["memory", "file"])
def test_it_tells_what_the_blocking_one_tells(loop: str, kept: str, tmp_path: Path) -> None:
    def says(request: dict[str, Any]) -> Any:
        last = request["messages"][-1]
        return (
            text("It is", " warm.")
            if last["role"] == "tool"
            else calls(("call_1", "get", '{"a": 1}'))
        )

    async def awaited() -> list[tuple[str, Any]]:
        store = tmp_path / "a.sqlite" if kept == "file" else None
        async with async_http(says, store, now=Clock()) as http:
            assistant, thread = await started(http, tool(a=A))
            asked = {"assistant_id": assistant, "stream": True}
            first = read_events((await http.post(f"/threads/{thread}/runs", json=asked)).content)
            path = f"/threads/{thread}/runs/{first[-2][1]['id']}/submit_tool_outputs"
            body = {"tool_outputs": [{"tool_call_id": "call_1", "output": "x"}], "stream": True}
            second = read_events((await http.post(path, json=body)).content)
            assert_in_order(first)
            assert_in_order(second)
            return first + second

    api = Api(says)
    assistant, thread = api.started(tool(a=A))
    first = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    outputs = [{"tool_call_id": "call_1", "output": "x"}]
    path = f"/threads/{thread}/runs/{first[-2][1]['id']}/submit_tool_outputs"
    blocking = first + api.events(path, tool_outputs=outputs)
    found = run(loop, awaited)
    assert [name for name, _ in found] == [name for name, _ in blocking]
    assert without_ids(found) == without_ids(blocking)


def without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        named = ("id", "thread_id", "run_id", "assistant_id", "message_id")
        return {name: without_ids(each) for name, each in value.items() if name not in named}
    if isinstance(value, list | tuple):
        return [without_ids(each) for each in value]
    return value


@LOOPS
def test_a_run_that_is_not_streamed_goes_on(loop: str) -> None:
    async def work() -> Any:
        async with async_http(lambda _: text("Hello")) as http:
            assistant, thread = await started(http)
            made = await post(http, f"/threads/{thread}/runs", assistant_id=assistant)
            assert made["status"] == "queued"
            return await ended(http, f"/threads/{thread}/runs/{made['id']}")

    assert run(loop, work)["status"] == "completed"


@LOOPS
def test_a_run_goes_on_when_its_reader_is_cancelled(loop: str) -> None:
    gate = Gate()

    async def work() -> Any:
        async with async_http(halves(gate)) as http:
            assistant, thread = await started(http)
            asked = {"assistant_id": assistant, "stream": True}
            with anyio.move_on_after(0.2):
                await http.post(f"/threads/{thread}/runs", json=asked)
            gate.open()
            (found,) = (await http.get(f"/threads/{thread}/runs")).json()["data"]
            await ended(http, f"/threads/{thread}/runs/{found['id']}")
            return (await http.get(f"/threads/{thread}/messages")).json()["data"][0]

    message = run(loop, work)
    assert (message["status"], message["content"][0]["text"]["value"]) == ("completed", "Hello")


@LOOPS
def test_a_request_that_is_cancelled_leaves_no_run_that_nobody_carries_on(
    loop: str, tmp_path: Path
) -> None:
    """Wherever in it that happens: the run would hold its thread."""

    async def work() -> list[str]:
        states: list[str] = []
        async with async_http(lambda _: text("Hello"), tmp_path / "a.sqlite") as http:
            assistant, thread = await started(http)
            for turns in range(30):
                async with anyio.create_task_group() as group:
                    path = f"/threads/{thread}/runs"
                    group.start_soon(partial(post, http, path, assistant_id=assistant))
                    for _ in range(turns):
                        await anyio.sleep(0.0002)
                    group.cancel_scope.cancel()
                await anyio.sleep(0.05)  # a thread that was begun ends
                found = (await http.get(path, params={"limit": 1})).json()["data"]
                states += [(await ended(http, f"{path}/{each['id']}"))["status"] for each in found]
        return states

    assert set(run(loop, work)) == {"completed"}


@LOOPS
def test_a_run_can_be_cancelled(loop: str) -> None:
    gate = Gate()

    async def work() -> Any:
        async with async_http(halves(gate)) as http:
            assistant, thread = await started(http)
            made = await post(http, f"/threads/{thread}/runs", assistant_id=assistant)
            path = f"/threads/{thread}/runs/{made['id']}"
            await anyio.to_thread.run_sync(gate.reached.wait)
            assert (await post(http, f"{path}/cancel"))["status"] == "cancelling"
            gate.open()
            return await ended(http, path)

    assert run(loop, work)["status"] == "cancelled"


def test_a_loop_that_ends_fails_its_runs(tmp_path: Path) -> None:
    gate = Gate()

    async def work() -> str:
        http = async_http(halves(gate), tmp_path / "a.sqlite")
        assistant, thread = await started(http)
        await post(http, f"/threads/{thread}/runs", assistant_id=assistant)
        await asyncio.to_thread(gate.reached.wait)
        asyncio.get_running_loop().call_later(0.1, gate.open)
        return thread

    thread = asyncio.run(work())
    api = Api(lambda _: text("Hello"), tmp_path / "a.sqlite", now=time.time)
    (found,) = api.get(f"/threads/{thread}/runs")["data"]
    assert (found["status"], found["last_error"]["code"]) == ("failed", "server_error")
    (message, _) = api.get(f"/threads/{thread}/messages")["data"]
    assert message["content"][0]["text"]["value"] == "Hel"


@LOOPS
def test_many_runs_at_once(loop: str, tmp_path: Path) -> None:
    async def one(http: httpx.AsyncClient, assistant: str, seen: list[str]) -> None:
        message = {"role": "user", "content": "Hi"}
        asked = {"assistant_id": assistant, "stream": True, "thread": {"messages": [message]}}
        events = read_events((await http.post("/threads/runs", json=asked)).content)
        assert_in_order(events)
        seen.append(events[-2][0])

    async def work() -> list[str]:
        seen: list[str] = []
        async with async_http(lambda _: text("Hello"), tmp_path / "a.sqlite") as http:
            assistant, _ = await started(http)
            async with anyio.create_task_group() as group:
                for _ in range(40):
                    group.start_soon(partial(one, http, assistant, seen))
        return seen

    assert run(loop, work) == ["thread.run.completed"] * 40
