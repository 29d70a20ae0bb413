"""Several processes on one file, and processes that are killed at any moment: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client.loopback import Loopback, Request, sse
from engine_help import Api, calls, text, tool

ROOT = Path(__file__).parents[2]

#: Seconds after which a test that hangs fails.
HUNG = 60

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")


def echo(request: Request) -> Iterator[Any]:
    """Calls, and repeats the output of the call."""
    if not request.body:
        return iter(["close"])  # whoever asked was killed in the middle of it
    last = request.json["messages"][-1]
    said = (
        text(*f"You said: {last['content']}".split(" "))
        if last["role"] == "tool"
        else calls(("call_1", "get", "{}"))
    )
    return sse([*said], done=False)


def engine(
    store: Path, url: str, assistant: str, *, threads: int, rounds: int, name: str
) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).parent / "engine_process.py")]
    return subprocess.Popen(
        [*command, str(store), url, assistant, str(threads), str(rounds), name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def assistant_of(api: Api) -> str:
    found: str = api.post("/assistants", model="m-1", tools=[tool()])["id"]
    return found


def texts(api: Api, thread: str) -> list[tuple[str, str, str]]:
    found = api.get(f"/threads/{thread}/messages", order="asc", limit=100)["data"]
    return [
        (each["role"], "".join(part["text"]["value"] for part in each["content"]), each["status"])
        for each in found
    ]


def assert_whole(api: Api, told: list[str]) -> None:
    """What a process said that it was told is there, once; of what it was not told yet there is all or nothing."""
    said = [line.split() for line in told]
    for thread in (line[1] for line in said if line[0] == "thread"):
        written = [line[2] for line in said if line[:2] == ["written", thread]]
        answered = [line[2] for line in said if line[:2] == ["answered", thread]]
        found = texts(api, thread)
        assert api.status == 200
        users = [word for role, word, _ in found if role == "user"]
        assert users[: len(written)] == written
        assert len(users) - len(written) in (0, 1)
        replies = Counter(
            word for role, word, status in found if role == "assistant" and status == "completed"
        )
        assert set(replies.values()) <= {1}
        assert {f"Yousaid:{word}" for word in answered} <= set(replies)
        runs = api.get(f"/threads/{thread}/runs", limit=100)["data"]
        for run in runs:
            steps = api.get(f"/threads/{thread}/runs/{run['id']}/steps", limit=100)["data"]
            ours = api.get(f"/threads/{thread}/messages", run_id=run["id"])["data"]
            assert_of_one_piece(run, steps, ours)


def assert_of_one_piece(run: dict[str, Any], steps: list[Any], messages: list[Any]) -> None:
    """A run, its steps and its messages are in states that go together."""
    states = [step["status"] for step in steps]
    match run["status"]:
        case "completed":
            assert states == ["completed", "completed"]
            assert [each["status"] for each in messages] == ["completed"]
            used = [step["usage"]["total_tokens"] for step in steps]
            assert run["usage"]["total_tokens"] == sum(used)
        case "requires_action":
            assert states == ["in_progress"]
        case "failed":
            assert run["last_error"]["code"] == "server_error"
            assert "in_progress" not in states
            assert {each["status"] for each in messages} <= {"incomplete"}
        case other:
            raise AssertionError(f"a run of a process that has ended is {other}")


def killed(store: Path, url: str, assistant: str, after: float) -> list[str]:
    """What a process had said when it was killed, so many seconds after its first word."""
    with engine(store, url, assistant, threads=2, rounds=500, name="k") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        said = first + process.stdout.read()
        assert first, process.communicate(timeout=HUNG)[1]
    return said.splitlines()


def kill(tmp_path: Path, trials: int) -> Counter[str]:
    """Kill so many processes, one after the other. Returns how their runs ended."""
    store, moments = tmp_path / "a.sqlite", random.Random(7)
    api = Api(lambda _: text("Hello"), store, now=time.time)
    assistant = assistant_of(api)
    with Loopback(echo) as endpoint:
        for _ in range(trials):
            told = killed(store, endpoint.url, assistant, moments.uniform(0, 0.3))
            assert_whole(api, told)
            goes_on(api, told)
    with api.engine.store.reading() as rows:
        ended = Counter(row.status for row in rows.of("kind = 'run'"))
    api.close()
    return ended


def goes_on(api: Api, told: list[str]) -> None:
    """The threads of a process that was killed are free, or wait for what they waited for."""
    api.endpoint.says = lambda _: text("Hello")
    for thread in {line.split()[1] for line in told if line.startswith("thread")}:
        (run, *_) = api.get(f"/threads/{thread}/runs", limit=1)["data"] or [None]
        if run is not None and run["status"] == "requires_action":
            outputs = [{"tool_call_id": "call_1", "output": "late"}]
            path = f"/threads/{thread}/runs/{run['id']}/submit_tool_outputs"
            assert api.events(path, tool_outputs=outputs)[-2][0] == "thread.run.completed"
        api.post(f"/threads/{thread}/messages", role="user", content="Still there?")
        assert api.status == 200


def test_a_process_that_is_killed_loses_and_doubles_nothing(tmp_path: Path) -> None:
    kill(tmp_path, 3)


@pytest.mark.deep
def test_two_hundred_processes_that_are_killed_lose_and_double_nothing(tmp_path: Path) -> None:
    assert kill(tmp_path, 200)["failed"] > 10


def work_together(tmp_path: Path, threads: int, rounds: int) -> None:
    """Two processes on one file, each with so many threads that run at once."""
    store = tmp_path / "a.sqlite"
    api = Api(lambda _: text("Hello"), store, now=time.time)
    assistant = assistant_of(api)
    told: list[str] = []
    with Loopback(echo) as endpoint:
        processes = [
            engine(store, endpoint.url, assistant, threads=threads, rounds=rounds, name=name)
            for name in ("x", "y")
        ]
        for process in processes:
            out, errors = process.communicate(timeout=10 * HUNG)
            assert out.endswith("done\n"), errors
            told += out.splitlines()
    assert len([line for line in told if line.startswith("answered")]) == 2 * threads * rounds
    assert_whole(api, told)
    with api.engine.store.reading() as rows:
        counts = Counter((row.kind, row.status) for row in rows.of("thread <> ''"))
    number = 2 * threads * rounds
    assert counts == {
        ("run", "completed"): number,
        ("message", "completed"): 2 * number,
        ("step", "completed"): 2 * number,
    }
    api.close()


def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    work_together(tmp_path, 5, 2)


@pytest.mark.deep
def test_fifty_threads_of_two_processes_lose_nothing(tmp_path: Path) -> None:
    work_together(tmp_path, 50, 5)
