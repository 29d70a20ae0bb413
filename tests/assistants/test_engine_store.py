"""The store of the local engine: a file that outlives its process, that several may use, and that is nobody else's."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
from pathlib import Path

import pytest
from engine_help import Api, calls, text, tool

from streamnorm.assistants.engine import processes
from streamnorm.assistants.engine.schema import VERSION
from streamnorm.assistants.engine.store import Store, StoreError
from streamnorm.errors import LocalError

A = {"type": "integer"}


def test_what_a_file_has_is_there_again(tmp_path: Path) -> None:
    first = Api(lambda _: calls(("call_1", "get", '{"a": 1}')), tmp_path / "a.sqlite")
    assistant, thread = first.started(tool(a=A))
    run = first.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
    first.close()
    again = Api(lambda _: text("Hello"), tmp_path / "a.sqlite")
    assert again.get(f"/threads/{thread}/runs/{run['id']}") == run
    outputs = [{"tool_call_id": "call_1", "output": "x"}]
    path = f"/threads/{thread}/runs/{run['id']}/submit_tool_outputs"
    assert again.events(path, tool_outputs=outputs)[-2][0] == "thread.run.completed"


def test_two_engines_on_one_file_see_the_same(tmp_path: Path) -> None:
    one, two = (Api(lambda _: text("Hello"), tmp_path / "a.sqlite") for _ in range(2))
    assistant, thread = one.started()
    run = two.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
    assert one.get(f"/threads/{thread}/runs/{run['id']}") == run


def test_a_store_can_be_shared_without_a_file() -> None:
    store = Store()
    one, two = (Api(lambda _: text("Hello"), store) for _ in range(2))
    assistant, thread = one.started()
    one.close()
    assert two.get(f"/assistants/{assistant}")["id"] == assistant
    assert two.get(f"/threads/{thread}")["id"] == thread


@pytest.mark.skipif(sys.platform == "win32", reason="files there have no such modes")
def test_a_file_that_is_made_is_for_its_user_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    store.close()


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database" * 100)
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE t (x)")
    other.close()
    newer = sqlite3.connect(tmp_path / "newer")
    newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    newer.close()
    for name, words in (
        ("text", "not a database"),
        ("other", "something else"),
        ("newer", "newer streamnorm"),
    ):
        with pytest.raises(LocalError, match=words):
            Store(tmp_path / name)
    with pytest.raises(StoreError, match="cannot be a store"):
        Store(tmp_path / "no folder" / "a.sqlite")
    assert (tmp_path / "text").read_text() == "no database" * 100


def test_a_store_that_fails_is_an_error_of_the_api() -> None:
    api = Api(lambda _: text("Hello"))
    api.engine.store.close()
    error = api.get("/assistants")["error"]
    assert (api.status, error["type"]) == (500, "server_error")


def test_a_transaction_that_fails_changes_nothing() -> None:
    store = Store()
    with contextlib.suppress(ZeroDivisionError), store.writing() as rows:
        rows.add("thread", {"id": "thread_1"})
        raise ZeroDivisionError
    with store.reading() as rows:
        assert rows.get("thread", "thread_1") is None


def test_a_file_may_be_made_by_many_at_once(tmp_path: Path) -> None:
    stores: list[Store] = []
    threads = [
        threading.Thread(target=lambda: stores.append(Store(tmp_path / "a.sqlite")))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(stores) == 16


def test_no_two_runs_of_a_thread_are_active_whoever_adds_them() -> None:
    store = Store()
    with store.writing() as rows:
        rows.add("run", {"id": "run_1"}, thread="thread_1", status="queued")
        rows.add("run", {"id": "run_2"}, thread="thread_1", status="completed")
    with pytest.raises(StoreError), store.writing() as rows:
        rows.add("run", {"id": "run_3"}, thread="thread_1", status="queued")


def test_many_threads_may_use_one_store() -> None:
    store = Store()

    def count() -> None:
        for _ in range(50):
            with store.writing() as rows:
                row = rows.get("thread", "thread_1")
                assert row is not None
                row.body["count"] += 1
                rows.put(row)

    with store.writing() as rows:
        rows.add("thread", {"id": "thread_1", "count": 0})
    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with store.reading() as rows:
        row = rows.get("thread", "thread_1")
        assert row is not None
        assert row.body["count"] == 400


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_that_was_forked_opens_the_file_anew(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    with store.writing() as rows:
        rows.add("thread", {"id": "thread_1"})
    child = os.fork()
    if child == 0:
        with store.writing() as rows:
            rows.add("thread", {"id": "thread_2"})
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    with store.reading() as rows:
        assert {row.id for row in rows.of("kind = 'thread'")} == {"thread_1", "thread_2"}


# Which processes live.


def test_a_process_of_this_machine_is_dead_when_the_system_says_so() -> None:
    ours = processes.this_process()
    host, number, _ = ours.split(":")
    before = f"{host}:{number}:another"  # the same number, before a restart
    gone = f"{host}:{2**22 + 1}:x"  # above what numbers go to
    assert processes.dead_among({ours: 0, before: 9e12, gone: 9e12}) == [before, gone]


def test_a_process_of_another_machine_is_dead_when_it_is_silent() -> None:
    import time

    now = time.time()
    beats = {"elsewhere:1:a": now - 1, "elsewhere:1:b": now - processes.LEASE - 1}
    assert processes.dead_among(beats) == ["elsewhere:1:b"]


@pytest.mark.parametrize(
    ("status", "becomes"), [("in_progress", "failed"), ("cancelling", "cancelled")]
)
def test_the_runs_of_a_process_that_has_ended_end(
    tmp_path: Path, status: str, becomes: str
) -> None:
    api = Api(lambda _: text("Hello"), tmp_path / "a.sqlite")
    assistant, thread = api.started()
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
    with api.engine.store.writing() as rows:
        row = rows.get("run", run["id"])
        assert row is not None
        row.status = row.body["status"] = status
        row.owner = "elsewhere:1:x"
        rows.put(row)
        (message,) = rows.of("kind = 'message' AND run = ?", run["id"])
        message.status = message.body["status"] = "in_progress"
        rows.put(message)
    found = api.get(f"/threads/{thread}/runs/{run['id']}")
    assert found["status"] == becomes
    assert api.get(f"/threads/{thread}/messages")["data"][0]["status"] == "incomplete"
    api.post(f"/threads/{thread}/messages", role="user", content="Again")
    assert api.status == 200
