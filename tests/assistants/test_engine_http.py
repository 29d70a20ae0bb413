"""The engine over HTTP: the OpenAI SDK runs against it, and pages and names from elsewhere do not reach it."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from conformance.conformant import KEY, MODEL, Scripted
from conformance.served_app import served_app
from engine_help import Api, Endpoint, Gate, Said, assert_in_order, calls, read_events, text

from streamnorm import AsyncOpenAI
from streamnorm.assistants.engine.server import EngineServer, Heard, served, serving
from streamnorm.conformance import check_endpoint

#: Seconds after which a test that hangs fails.
HUNG = 30


def says(request: dict[str, Any]) -> Iterator[bytes]:
    """Calls, and tells that it was told."""
    if request["messages"][-1]["role"] == "tool":
        return text("It ", "is ", "sunny.")
    return calls(("call_0", "get", '{"location": "Oslo"}'))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(Endpoint(says).async_client) as found:
        yield found


# The OpenAI SDK.


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_the_sdk_reads_is_what_its_types_say(url: str) -> None:
    """Read strictly: every field of the SDK's types is there, and has a value of its type."""
    beta = pytest.importorskip("openai.types.beta")
    threads = pytest.importorskip("openai.types.beta.threads")
    steps = pytest.importorskip("openai.types.beta.threads.runs")
    with httpx.Client(base_url=f"{url}/v1") as http:
        parameters = {"type": "object", "properties": {"location": {"type": "string"}}}
        function = {"name": "get", "parameters": parameters}
        given = {
            "model": "m",
            "instructions": "Be good.",
            "tools": [{"type": "function", "function": function}],
        }
        assistant = http.post("/assistants", json=given).json()
        beta.Assistant.model_validate(assistant)
        message = {"role": "user", "content": "Hi"}
        asked = {"assistant_id": assistant["id"], "stream": True, "thread": {"messages": [message]}}
        events = read_events(http.post("/threads/runs", json=asked).content)
        run = events[-2][1]
        path = f"/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs"
        outputs = [{"tool_call_id": "call_0", "output": "x"}]
        events += read_events(
            http.post(path, json={"tool_outputs": outputs, "stream": True}).content
        )
    types = {
        "thread": beta.Thread,
        "thread.message": threads.Message,
        "thread.message.delta": threads.MessageDeltaEvent,
        "thread.run": threads.Run,
        "thread.run.step": steps.RunStep,
        "thread.run.step.delta": steps.RunStepDeltaEvent,
    }
    for name, data in events:
        if name != "done":
            kind = types[data["object"]]
            kind.model_validate(data)
            needed = {field for field, about in kind.model_fields.items() if about.is_required()}
            assert needed <= set(data), name


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_error_reaches_the_sdk_as_its_own(url: str) -> None:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any") as client:
        with pytest.raises(
            openai.NotFoundError, match="No assistant found with id 'asst_none'"
        ) as caught:
            client.beta.assistants.retrieve("asst_none")
        assert caught.value.type == "invalid_request_error"


def test_the_engine_passes_the_check_of_the_api(tmp_path: Path) -> None:
    """That of `streamnorm check`, over a scripted chat endpoint."""
    with served_app(Scripted()) as chat:
        client = partial(AsyncOpenAI, base_url=f"{chat}/v1", api_key=KEY)
        with served(client, tmp_path / "a.sqlite") as url:
            found = check_endpoint(f"{url}/v1", MODEL, api_key=KEY, dialect="assistants")
    assert found.green, [(each.id, each.reason) for each in found.against()]
    assert found.checked > 20


# Runs and their readers.


def test_pieces_come_as_they_are_said() -> None:
    """The first delta is here before the second one is."""
    gate = Gate()

    def slow(_: Any) -> Iterator[Said]:
        yield from itertools.islice(text("Hel"), 2)
        yield gate.wait
        yield from itertools.islice(text("lo"), 1, None)

    with served(Endpoint(slow).async_client) as url, httpx.Client(base_url=f"{url}/v1") as http:
        assistant = http.post("/assistants", json={"model": "m"}).json()["id"]
        asked = {"assistant_id": assistant, "stream": True}
        body = b""
        with http.stream("POST", "/threads/runs", json=asked) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            for piece in response.iter_raw():
                body += piece
                if b"Hel" in piece:
                    gate.open()
        assert_in_order(read_events(body))


def halves(gate: Gate) -> Any:
    """An endpoint that says half, and the other half when the gate is open."""

    def slow(_: Any) -> Iterator[Said]:
        yield from itertools.islice(text("Hel"), 2)
        yield gate.wait
        yield from itertools.islice(text("lo"), 1, None)

    return slow


def until(http: httpx.Client, path: str, *statuses: str) -> dict[str, Any]:
    """A run, once it has one of these states."""
    deadline = time.monotonic() + HUNG
    while (run := http.get(path).json())["status"] not in statuses:
        assert time.monotonic() < deadline, run
        time.sleep(0.01)
    return run  # type: ignore[no-any-return]


def test_a_run_goes_on_when_the_connection_ends() -> None:
    gate = Gate()
    with (
        served(Endpoint(halves(gate)).async_client) as url,
        httpx.Client(base_url=f"{url}/v1") as http,
    ):
        assistant = http.post("/assistants", json={"model": "m"}).json()["id"]
        thread = http.post("/threads", json={}).json()["id"]
        asked = {"assistant_id": assistant, "stream": True}
        with http.stream("POST", f"/threads/{thread}/runs", json=asked) as response:
            next(piece for piece in response.iter_raw() if b"Hel" in piece)
        gate.open()
        (run,) = http.get(f"/threads/{thread}/runs").json()["data"]
        assert until(http, f"/threads/{thread}/runs/{run['id']}", "completed")
        (message,) = http.get(f"/threads/{thread}/messages").json()["data"]
        assert message["content"][0]["text"]["value"] == "Hello"


def test_a_run_is_polled_and_cancelled() -> None:
    gate = Gate()
    with (
        served(Endpoint(halves(gate)).async_client) as url,
        httpx.Client(base_url=f"{url}/v1") as http,
    ):
        assistant = http.post("/assistants", json={"model": "m"}).json()["id"]
        run = http.post("/threads/runs", json={"assistant_id": assistant}).json()
        assert run["status"] == "queued"
        path = f"/threads/{run['thread_id']}/runs/{run['id']}"
        assert gate.reached.wait(HUNG)
        assert "openai-poll-after-ms" in http.get(path).headers
        assert http.post(f"{path}/cancel").json()["status"] == "cancelling"
        gate.open()
        until(http, path, "cancelled")


def test_a_server_that_stops_fails_the_runs_in_progress(tmp_path: Path) -> None:
    gate = Gate()
    with served(Endpoint(halves(gate)).async_client, tmp_path / "a.sqlite") as url:
        with httpx.Client(base_url=f"{url}/v1") as http:
            assistant = http.post("/assistants", json={"model": "m"}).json()["id"]
            run = http.post("/threads/runs", json={"assistant_id": assistant}).json()
        assert gate.reached.wait(HUNG)
        gate.open()  # the thread that waits; its answer is not waited for
    api = Api(says, tmp_path / "a.sqlite")
    found = api.get(f"/threads/{run['thread_id']}/runs/{run['id']}")
    assert found["status"] in ("failed", "completed")
    api.close()


# Who may ask.


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:3000"}, 200),
        ({}, 200),
    ],
)
def test_pages_and_names_from_elsewhere_are_refused(
    url: str, headers: dict[str, str], status: int
) -> None:
    """A page of anywhere may have a browser send a request to this machine."""
    response = httpx.get(f"{url}/v1/assistants", headers=headers)
    assert response.status_code == status
    allowed = response.headers.get("access-control-allow-origin")
    assert allowed == (headers.get("origin") if status == 200 else None)


def test_a_browser_may_ask_before_it_asks(url: str) -> None:
    headers = {"origin": "http://localhost:3000", "access-control-request-headers": "authorization"}
    response = httpx.options(f"{url}/v1/threads", headers=headers)
    assert response.status_code == 204
    assert response.headers["access-control-allow-headers"] == "authorization"


def test_other_paths_are_refused_in_the_apis_shape(url: str) -> None:
    for path in ("/", "/v2/assistants", "/v1/chat/completions"):
        response = httpx.get(url + path)
        assert response.status_code == 404
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_who_serves_is_told_of_each_answer() -> None:
    told: list[Heard] = []

    async def ask() -> None:
        server = EngineServer(Endpoint(says).async_client(), heard=told.append)
        await server.start()
        async with httpx.AsyncClient() as http:
            await http.get(f"{server.url}/v1/assistants?api_key=sk-secret")
        await server.stop()

    asyncio.run(ask())
    assert [(one.method, one.status, one.whole) for one in told] == [("GET", 200, True)]
    assert "sk-secret" not in told[0].path


def test_a_server_in_ones_own_loop_asks_over_the_clients_of_that_loop() -> None:
    async def ask() -> list[tuple[str, Any]]:
        async with serving(Endpoint(says).async_client()) as url, httpx.AsyncClient() as http:
            made = await http.post(f"{url}/v1/assistants", json={"model": "m"})
            asked = {"assistant_id": made.json()["id"], "stream": True}
            return read_events((await http.post(f"{url}/v1/threads/runs", json=asked)).content)

    assert_in_order(asyncio.run(ask()))


# The command.


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "streamnorm.cli", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ready(process: subprocess.Popen[str]) -> str:
    """What it says once it listens."""
    assert process.stdout is not None
    said, deadline = "", time.monotonic() + HUNG
    while "Ctrl-C" not in said and time.monotonic() < deadline and process.poll() is None:
        if select.select([process.stdout], [], [], 0.1)[0]:
            said += os.read(process.stdout.fileno(), 65_536).decode()
    return said


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_command_serves_until_it_is_stopped_and_never_shows_the_key(tmp_path: Path) -> None:
    store = tmp_path / "a.sqlite"
    with command(
        *("--assistants", "-u", "http://127.0.0.1:9/v1", "-k", "sk-secret-1"),
        *("--store", str(store), "--port", "0"),
    ) as process:
        said = ready(process)
        (url,) = re.findall(r"at (http://\S+/v1)$", said, re.MULTILINE)
        with httpx.Client(base_url=url) as http:
            assistant = http.post("/assistants", json={"model": "m"}).json()["id"]
            asked = {"assistant_id": assistant, "stream": True}
            events = read_events(http.post("/threads/runs", json=asked).content)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=HUNG)
    assert process.returncode == 0
    assert events[-2][0] == "thread.run.failed"
    assert "POST /v1/threads/runs: 200" in err
    assert "sk-secret-1" not in said + out + err + str(events)
    assert b"sk-secret-1" not in store.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--assistants"),
        (("--assistants", "captures/"), "leave the paths out"),
        (("captures/", "-k", "x"), "-k goes with --assistants"),
        (("captures/", "--store", "x"), "--store goes with --assistants"),
        (
            ("--assistants", "-u", "http://127.0.0.1:9", "--store", "no/such/folder/x"),
            "cannot be a store",
        ),
        (("--assistants", "-u", "https://api.example.com/v1"), "no key"),
    ],
)
def test_the_command_says_how_it_is_used(
    arguments: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with command(*arguments, "--port", "0") as process:
        _, err = process.communicate(timeout=HUNG)
    assert process.returncode == 2
    assert words in err
