"""The engine beside a simple model of it: whatever is asked in whatever order, states, errors, lists and events agree."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from engine_help import Api, Clock, Gate, Said, assert_in_order, calls, names, text, tool
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

TOOL = tool(a={"type": "integer"})

BEGIN = ["thread.run.created", "thread.run.queued"]
RESUME = ["thread.run.step.completed", "thread.run.queued"]
STEP = ["thread.run.step.created", "thread.run.step.in_progress"]
WRITE = [*STEP, "thread.message.created", "thread.message.in_progress", "thread.message.delta"]
CALL = [*STEP, "thread.run.step.delta"]

#: What an answer makes of a run: the events behind `thread.run.in_progress`, how the run ends, its step, and its message.
ANSWERS: dict[str, tuple[list[str], str, tuple[str, str] | None, str]] = {
    "text": (
        [*WRITE, "thread.message.completed", "thread.run.step.completed"],
        "completed",
        ("message_creation", "completed"),
        "completed",
    ),
    "cut": (
        [*WRITE, "thread.message.incomplete", "thread.run.step.completed"],
        "incomplete",
        ("message_creation", "completed"),
        "incomplete",
    ),
    "broken": (
        [*WRITE, "thread.message.incomplete", "thread.run.step.failed"],
        "failed",
        ("message_creation", "failed"),
        "incomplete",
    ),
    "calls": (CALL, "requires_action", ("tool_calls", "in_progress"), ""),
    "cut calls": (
        [*CALL, "thread.run.step.failed"],
        "incomplete",
        ("tool_calls", "failed"),
        "",
    ),
    "refused": ([], "failed", None, ""),
}
ANSWER = st.sampled_from(sorted(ANSWERS))


class ModelRun:
    """A run as it should be. `held`: its answer waits in the middle, behind `word`."""

    def __init__(self, id: str, now: float) -> None:
        self.id = id
        self.status = "queued"
        self.expires = int(now) + 600
        self.steps: list[tuple[str, str]] = []
        self.calls = 0
        self.held: Gate | None = None
        self.word = ""


class ModelThread:
    def __init__(self, id: str) -> None:
        self.id = id
        #: Role, text and status, the oldest first.
        self.messages: list[tuple[str, str, str]] = []
        self.runs: list[ModelRun] = []

    @property
    def active(self) -> ModelRun | None:
        ends = ("completed", "incomplete", "failed", "cancelled", "expired")
        return next((run for run in self.runs if run.status not in ends), None)


class EngineMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.api = Api(lambda request: self.says(request), now=self.clock)
        self.assistant = self.api.post("/assistants", model="m", tools=[TOOL])["id"]
        self.threads: list[ModelThread] = []
        self.numbers = itertools.count()
        self.answer: Any = None

    def teardown(self) -> None:
        for thread in self.threads:
            for run in thread.runs:
                if run.held is not None:
                    run.held.open()
        assert self.api.engine.live.wait(10)
        self.api.close()

    # What the endpoint says.

    def says(self, _: dict[str, Any]) -> Any:
        answer, self.answer = self.answer, None
        return answer

    def said(self, kind: str, count: int, word: str) -> Any:
        made = [(f"call_{n}", "get", f'{{"a": {n}}}') for n in range(count)]
        match kind:
            case "text":
                return text(word)
            case "cut":
                return text(word, finish="length")
            case "broken":
                return itertools.islice(text(word), 2)
            case "calls":
                return calls(*made)
            case "cut calls":
                return calls(*made, finish="length")
        return 500, {"message": "Not now."}

    # What is asked.

    def thread(self, data: st.DataObject) -> ModelThread:
        return data.draw(st.sampled_from(self.threads))

    @rule(count=st.integers(0, 2))
    def make_a_thread(self, count: int) -> None:
        words = [f"u{next(self.numbers)}" for _ in range(count)]
        given = [{"role": "user", "content": word} for word in words]
        made = ModelThread(self.api.post("/threads", messages=given)["id"])
        made.messages = [("user", word, "completed") for word in words]
        self.threads.append(made)

    @precondition(lambda self: self.threads)
    @rule(data=st.data(), role=st.sampled_from(["user", "assistant"]))
    def add_a_message(self, data: st.DataObject, role: str) -> None:
        thread, word = self.thread(data), f"u{next(self.numbers)}"
        found = self.api.post(f"/threads/{thread.id}/messages", role=role, content=word)
        if thread.active is not None:
            words = f"Can't add messages to {thread.id} while a run {thread.active.id} is active."
            self.assert_refused(found, 400, words)
        else:
            assert found["content"][0]["text"]["value"] == word
            thread.messages.append((role, word, "completed"))

    @precondition(lambda self: self.threads)
    @rule(data=st.data(), kind=ANSWER, count=st.integers(1, 3), streamed=st.booleans())
    def run(self, data: st.DataObject, kind: str, count: int, streamed: bool) -> None:
        thread, word = self.thread(data), f"a{next(self.numbers)}"
        path, given = f"/threads/{thread.id}/runs", {"assistant_id": self.assistant}
        if self.is_locked(thread, self.api.post(path, **given) if thread.active else None):
            return
        self.answer = self.said(kind, count, word)
        if streamed:
            events = self.api.events(path, **given)
            made = ModelRun(events[0][1]["id"], self.clock.now)
        else:
            events, run = [], self.api.post(path, **given)
            assert run["status"] == "queued"
            made = ModelRun(run["id"], self.clock.now)
            self.wait_for(made.id)
        thread.runs.append(made)
        self.came(thread, made, kind, count, word)
        self.assert_told(events, BEGIN, kind, made)

    @precondition(lambda self: self.threads)
    @rule(data=st.data())
    def run_and_hold(self, data: st.DataObject) -> None:
        """A run whose answer stops in the middle."""
        thread, word, gate = self.thread(data), f"a{next(self.numbers)}", Gate()
        path, given = f"/threads/{thread.id}/runs", {"assistant_id": self.assistant}
        if self.is_locked(thread, self.api.post(path, **given) if thread.active else None):
            return

        def half() -> Iterator[Said]:
            yield from itertools.islice(text(word), 2)
            yield gate.wait
            yield from itertools.islice(text("!"), 1, None)

        self.answer = half()
        made = ModelRun(self.api.post(path, **given)["id"], self.clock.now)
        assert gate.reached.wait(10)
        made.status, made.held, made.word = "in_progress", gate, word
        made.steps = [("message_creation", "in_progress")]
        thread.runs.append(made)
        thread.messages.append(("assistant", "", "in_progress"))

    @precondition(lambda self: any(run.held for thread in self.threads for run in thread.runs))
    @rule(data=st.data())
    def let_go_on(self, data: st.DataObject) -> None:
        held = [(thread, run) for thread in self.threads for run in thread.runs if run.held]
        thread, run = data.draw(st.sampled_from(held))
        assert run.held is not None
        run.held.open()
        run.held = None
        self.wait_for(run.id)
        ends = {"in_progress": "completed", "cancelling": "cancelled"}
        if run.status in ends:  # else it has expired
            run.status = ends[run.status]
            run.steps[-1] = ("message_creation", run.status)
            whole = run.status == "completed"
            told = (f"{run.word}!", "completed") if whole else (run.word, "incomplete")
            thread.messages[-1] = ("assistant", *told)

    @precondition(lambda self: any(thread.runs for thread in self.threads))
    @rule(
        data=st.data(),
        kind=ANSWER,
        how=st.sampled_from(["all", "all", "some", "others"]),
        streamed=st.booleans(),
    )
    def submit(self, data: st.DataObject, kind: str, how: str, streamed: bool) -> None:
        thread, run = self.any_run(data)
        ids = [f"call_{n}" for n in range(run.calls)]
        came = {"all": ids[::-1], "some": ids[1:], "others": [*ids, "call_x"]}[how]
        body: dict[str, Any] = {
            "tool_outputs": [{"tool_call_id": each, "output": "o"} for each in came]
        }
        path = f"/threads/{thread.id}/runs/{run.id}/submit_tool_outputs"
        if run.status != "requires_action":
            words = f'Runs in status "{run.status}" do not accept tool outputs.'
            self.assert_refused(self.api.post(path, **body), 400, words)
            return
        if how != "all":
            self.assert_refused(
                self.api.post(path, **body), 400, "Expected tool outputs for call_ids"
            )
            return
        word = f"a{next(self.numbers)}"
        self.answer = self.said(kind, 2, word)
        events = []
        if streamed:
            events = self.api.events(path, **body)
        else:
            assert self.api.post(path, **body)["status"] == "queued"
            self.wait_for(run.id)
        run.steps[-1] = ("tool_calls", "completed")
        self.came(thread, run, kind, 2, word)
        self.assert_told(events, RESUME, kind, run)

    @precondition(lambda self: any(thread.runs for thread in self.threads))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        thread, run = self.any_run(data)
        found = self.api.post(f"/threads/{thread.id}/runs/{run.id}/cancel")
        if run.status == "requires_action":
            run.status = "cancelled"
            run.steps[-1] = ("tool_calls", "cancelled")
        elif run.status in ("in_progress", "cancelling"):
            run.status = "cancelling"
        else:
            self.assert_refused(found, 400, f"Cannot cancel run with status '{run.status}'.")
            return
        assert found["status"] == run.status

    @rule(seconds=st.sampled_from([1, 299, 599, 600]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds
        for thread in self.threads:
            run = thread.active
            if run is not None and self.clock.now >= run.expires:
                run.status = "expired"
                run.steps[-1] = (run.steps[-1][0], "expired")
                if run.steps[-1][0] == "message_creation":
                    role, word, _ = thread.messages[-1]
                    thread.messages[-1] = (role, word, "incomplete")

    @precondition(lambda self: self.threads)
    @rule(data=st.data())
    def delete_a_thread(self, data: st.DataObject) -> None:
        thread = self.thread(data)
        assert self.api("DELETE", f"/threads/{thread.id}")["deleted"]
        self.threads.remove(thread)
        for run in thread.runs:
            if run.held is not None:
                run.held.open()
        self.assert_refused(
            self.api.get(f"/threads/{thread.id}"), 404, f"No thread found with id '{thread.id}'."
        )

    # What it should come to.

    def wait_for(self, run_id: str) -> None:
        """Until nobody carries it on any more; others may be held."""
        deadline = time.monotonic() + 10
        while any(each.flow.run_id == run_id for each in self.api.engine.live.all()):
            assert time.monotonic() < deadline
            time.sleep(0.0005)

    def any_run(self, data: st.DataObject) -> tuple[ModelThread, ModelRun]:
        return data.draw(
            st.sampled_from([(thread, run) for thread in self.threads for run in thread.runs])
        )

    def came(self, thread: ModelThread, run: ModelRun, kind: str, count: int, word: str) -> None:
        _, status, step, message = ANSWERS[kind]
        run.status = status
        run.calls = count if status == "requires_action" else 0
        if step is not None:
            run.steps.append(step)
        if message:
            thread.messages.append(("assistant", word, message))

    def assert_told(
        self, events: list[tuple[str, Any]], begun: list[str], kind: str, run: ModelRun
    ) -> None:
        if events:
            assert_in_order(events)
            told, status, _, _ = ANSWERS[kind]
            end = f"thread.run.{status}"
            assert names(events) == [*begun, "thread.run.in_progress", *told, end, "done"]

    def is_locked(self, thread: ModelThread, found: Any) -> bool:
        if found is None:
            return False
        assert thread.active is not None
        self.assert_refused(
            found, 400, f"Thread {thread.id} already has an active run {thread.active.id}."
        )
        return True

    def assert_refused(self, found: Any, status: int, words: str) -> None:
        assert self.api.status == status
        assert found["error"]["message"].startswith(words)

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        for thread in self.threads:
            messages = self.api.get(f"/threads/{thread.id}/messages", order="asc", limit=100)
            shown = [
                (
                    each["role"],
                    "".join(part["text"]["value"] for part in each["content"]),
                    each["status"],
                )
                for each in messages["data"]
            ]
            assert shown == thread.messages
            runs = self.api.get(f"/threads/{thread.id}/runs", order="asc", limit=100)["data"]
            assert [(run["id"], run["status"]) for run in runs] == [
                (run.id, run.status) for run in thread.runs
            ]
            for run in thread.runs:
                steps = self.api.get(f"/threads/{thread.id}/runs/{run.id}/steps", order="asc")[
                    "data"
                ]
                assert [(step["type"], step["status"]) for step in steps] == run.steps


#: Long sequences matter more than the shortest one that fails.
HOW: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
}

TestEngine = EngineMachine.TestCase
TestEngine.settings = settings(max_examples=30, stateful_step_count=25, **HOW)


@pytest.mark.deep
def test_a_thousand_sequences() -> None:
    run_state_machine_as_test(
        EngineMachine, settings=settings(max_examples=1_000, stateful_step_count=25, **HOW)
    )
