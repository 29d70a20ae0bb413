"""A run of the local engine: what it tells, in which order, and what it comes to."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from corpus import CAPTURES, require
from engine_help import (
    USAGE,
    Api,
    Clock,
    Gate,
    Said,
    assert_in_order,
    calls,
    chunk,
    end,
    frame,
    names,
    read_events,
    text,
    tool,
)
from run_streams import pairs_of

from streamnorm.assistants.engine.store import Rows, Store
from streamnorm.captures.format import Piece
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.grade import grade

RECORDED = (
    "openai-dotnet.sessionrecords-assistantstests-streamingrunworks.2.4c4b5434",
    "openai-dotnet.sessionrecords-assistantstests-streamingtoolcall-async.1.0310463a",
    "openai-dotnet.sessionrecords-assistantstests-streamingtoolcall-async.2.5ad0d6d6",
)

ONE_CALL = ("call_1", "get", '{"a": 1}')
A = {"type": "integer"}


def answering(*answers: Any) -> Any:
    """An endpoint that gives these answers, one after the other, and the last one from then on."""
    left = list(answers)

    def says(_: dict[str, Any]) -> Any:
        return left.pop(0)() if len(left) > 1 else left[0]()

    return says


def asked_then_told(request: dict[str, Any]) -> Iterator[bytes]:
    """An endpoint that calls, and tells what it was told."""
    last = request["messages"][-1]
    if last["role"] == "tool":
        return text("It is ", last["content"], ".")
    return calls(ONE_CALL)


def submit(api: Api, run: dict[str, Any], **outputs: str) -> list[tuple[str, Any]]:
    told = [{"tool_call_id": name, "output": each} for name, each in outputs.items()]
    path = f"/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs"
    return api.events(path, tool_outputs=told)


def shape(value: Any) -> Any:
    """The fields of an object, in depth, and the kinds of their values."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return type(value).__name__


# Beside what the API itself was recorded to say.


def test_a_run_tells_what_the_api_told() -> None:
    """The same events in the same order, where deltas count as one, of a text, of calls, and of a run that goes on."""
    recorded = [pairs_of(require(CAPTURES / f"assistants/openai/{name}.sse")) for name in RECORDED]
    api = Api(asked_then_told)
    plain, thread = api.started()
    told = [api.events(f"/threads/{thread}/runs", assistant_id=plain)]
    calling, _ = api.started(tool(a=A))
    message = {"role": "user", "content": "Hi"}
    told.append(api.events("/threads/runs", assistant_id=calling, thread={"messages": [message]}))
    told.append(submit(api, told[1][-2][1], call_1="warm"))
    api.endpoint.says = lambda _: text("a")
    told[0] = api.events(f"/threads/{api.started()[1]}/runs", assistant_id=plain)
    for events, theirs in zip(told, recorded, strict=True):
        assert_in_order(events)
        assert names(events)[:-1] == names(theirs)


@pytest.mark.parametrize("recording", RECORDED)
def test_the_objects_have_the_fields_that_the_api_gives_them(recording: str) -> None:
    theirs = pairs_of(require(CAPTURES / f"assistants/openai/{recording}.sse"))
    api = Api(asked_then_told)
    assistant, _ = api.started(tool(a=A))
    message = {"role": "user", "content": "Hi"}
    first = api.events("/threads/runs", assistant_id=assistant, thread={"messages": [message]})
    ours = dict([*first, *submit(api, first[-2][1], call_1="warm")])
    for name, data in theirs:
        if name in ours and isinstance(data, dict):
            #: Where the recordings leave out what the API's description has, we have it; see facts/dialects/assistants.json.
            more = {"expired_at", "metadata"} if data["object"] == "thread.run.step" else set()
            assert set(data) | more == set(ours[name]), name


def test_what_a_run_tells_is_conformant_and_nothing_in_it_is_to_be_put_right() -> None:
    api = Api(asked_then_told)
    assistant, thread = api.started(tool(a=A))
    path, asked = f"/threads/{thread}/runs", {"assistant_id": assistant, "stream": True}
    for _ in range(2):
        response = api.http.post(path, json=asked)
        sent = {"path": path, "request": asked, "status": 200, "headers": dict(response.headers)}
        graded = grade(Evidence([Piece(0.0, response.content)], dialect="assistants", **sent))
        assert graded.against(strict=True) == []
        assert graded.findings == ()
        assert graded.checked > 10
        run = read_events(response.content)[-2][1]
        path = f"/threads/{thread}/runs/{run['id']}/submit_tool_outputs"
        asked = {"tool_outputs": [{"tool_call_id": "call_1", "output": "warm"}], "stream": True}


# What a run comes to.


def test_deltas_join_to_what_the_objects_say() -> None:
    said = ["", "Grüß", " Gott", "\n", "\u2028", '"\\', "😀", " data: x"]
    api = Api(lambda _: text(*said))
    assistant, thread = api.started()
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    deltas = [
        data["delta"]["content"][0] for name, data in events if name.endswith("message.delta")
    ]
    joined = "".join(each["text"]["value"] for each in deltas)
    assert joined == "".join(said)
    assert deltas[0]["text"]["annotations"] == []
    (message,) = [data for name, data in events if name == "thread.message.completed"]
    assert message["content"] == [{"type": "text", "text": {"value": joined, "annotations": []}}]
    assert api.get(f"/threads/{thread}/messages")["data"][0] == message


def test_arguments_join_to_those_of_the_required_action() -> None:
    api = Api(lambda _: calls(ONE_CALL, ("call_2", "get", '{"a": 22}')))
    assistant, thread = api.started(tool(a=A))
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    joined: dict[int, dict[str, Any]] = {}
    for name, data in events:
        if name == "thread.run.step.delta":
            (call,) = data["delta"]["step_details"]["tool_calls"]
            if "id" in call:
                assert call["function"] == {"name": "get", "arguments": "", "output": None}
                joined[call["index"]] = call
            else:
                joined[call["index"]]["function"]["arguments"] += call["function"]["arguments"]
    action = events[-2][1]["required_action"]
    assert action["type"] == "submit_tool_outputs"
    wanted = [
        {**{name: call[name] for name in ("id", "type")}, "function": {**call["function"]}}
        for call in joined.values()
    ]
    for call in wanted:
        del call["function"]["output"]
    assert action["submit_tool_outputs"]["tool_calls"] == wanted
    assert [call["id"] for call in wanted] == ["call_1", "call_2"]


def test_a_run_that_goes_on_asks_with_the_outputs_and_sums_what_was_used() -> None:
    api = Api(asked_then_told)
    assistant, thread = api.started(tool(a=A), instructions="Be good.")
    first = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    run = submit(api, first[-2][1], call_1="warm")[-2][1]
    assert run["status"] == "completed"
    assert run["usage"]["total_tokens"] == 2 * USAGE["total_tokens"]
    assert api.endpoint.seen[-1]["messages"] == [
        {"role": "system", "content": "Be good."},
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "get", "arguments": '{"a": 1}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "warm"},
    ]
    steps = api.get(f"/threads/{thread}/runs/{run['id']}/steps", order="asc")["data"]
    assert [(step["type"], step["status"]) for step in steps] == [
        ("tool_calls", "completed"),
        ("message_creation", "completed"),
    ]
    assert steps[0]["step_details"]["tool_calls"][0]["function"]["output"] == "warm"


def test_a_text_before_calls_is_a_message_and_is_said_with_them_again() -> None:
    api = Api(
        lambda request: (
            asked_then_told(request)
            if "tool" in str(request["messages"][-1])
            else calls(ONE_CALL, content="Let me see.")
        )
    )
    assistant, thread = api.started(tool(a=A))
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    assert names(events).index("thread.message.completed") < names(events).index(
        "thread.run.step.delta"
    )
    submit(api, events[-2][1], call_1="warm")
    roles = [(each["role"], each["content"]) for each in api.endpoint.seen[-1]["messages"]]
    assert roles == [("user", "Hi"), ("assistant", "Let me see."), ("tool", "warm")]


def test_a_run_that_is_not_streamed_is_queued_and_goes_on() -> None:
    api = Api(lambda _: text("Hello"))
    assistant, thread = api.started()
    run = api.post(f"/threads/{thread}/runs", assistant_id=assistant)
    assert run["status"] == "queued"
    assert api.ended(f"/threads/{thread}/runs/{run['id']}")["status"] == "completed"


@pytest.mark.parametrize(
    ("finish", "reason", "cut"),
    [
        ("length", "max_completion_tokens", "max_tokens"),
        ("content_filter", "content_filter", "content_filter"),
    ],
)
def test_an_answer_that_was_cut_is_an_incomplete_run(finish: str, reason: str, cut: str) -> None:
    api = Api(lambda _: text("Hel", finish=finish))
    assistant, thread = api.started()
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    told = dict(events)
    assert told["thread.run.incomplete"]["incomplete_details"] == {"reason": reason}
    message = told["thread.message.incomplete"]
    assert message["incomplete_details"] == {"reason": cut}
    assert message["content"][0]["text"]["value"] == "Hel"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (lambda: calls(ONE_CALL, finish="length"), "incomplete"),
        (lambda: calls(ONE_CALL, finish="content_filter"), "incomplete"),
        (lambda: itertools.islice(calls(ONE_CALL), 3), "failed"),
        (lambda: itertools.islice(calls(ONE_CALL), 4), "failed"),
        (
            lambda: [
                *itertools.islice(calls(ONE_CALL), 3),
                frame({"error": {"message": "Overloaded"}}),
            ],
            "failed",
        ),
    ],
)
def test_calls_that_were_cut_are_never_asked_for(body: Any, status: str) -> None:
    """However whole their arguments look."""
    api = Api(lambda _: body())
    assistant, thread = api.started(tool(a=A))
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    assert events[-2][0] == f"thread.run.{status}"
    (step,) = api.get(f"/threads/{thread}/runs/{events[-2][1]['id']}/steps")["data"]
    assert (step["status"], step["step_details"]["tool_calls"]) == ("failed", [])
    assert step["last_error"]["code"] == "server_error"


def test_calls_that_do_not_fit_are_made_again() -> None:
    """The model is told what is wrong, in the same run; whoever polls never sees them."""
    bad = ("call_0", "get", '{"a": "x"}')
    api = Api(answering(lambda: calls(bad, ("call_9", "get", '{"a": 1}')), lambda: calls(ONE_CALL)))
    assistant, thread = api.started(tool(a=A))
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    assert [
        name
        for name, _ in events
        if name.startswith("thread.run.step.") and name.endswith(("created", "failed"))
    ] == [
        "thread.run.step.created",
        "thread.run.step.failed",
        "thread.run.step.created",
    ]
    action = events[-2][1]["required_action"]["submit_tool_outputs"]
    assert [call["id"] for call in action["tool_calls"]] == ["call_1"]
    *_, made, first, second = api.endpoint.seen[-1]["messages"]
    assert [call["id"] for call in made["tool_calls"]] == ["call_0", "call_9"]
    assert "integer" in first["content"]
    assert "another one" in second["content"]


def test_a_model_that_makes_no_call_that_fits_fails_the_run() -> None:
    api = Api(lambda _: calls(("call_0", "unheard_of", "{}")))
    assistant, thread = api.started(tool(a=A))
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    assert "unheard_of" in events[-2][1]["last_error"]["message"]
    assert len(api.endpoint.seen) == 3


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "rate_limit_exceeded"),
        (400, "invalid_prompt"),
        (500, "server_error"),
        (401, "server_error"),
    ],
)
def test_a_refusal_of_the_endpoint_is_the_runs_last_error(status: int, code: str) -> None:
    api = Api(lambda _: (status, {"message": "Not now."}))
    assistant, thread = api.started()
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    name, run = events[-2]
    assert name == "thread.run.failed"
    assert run["last_error"]["code"] == code
    assert "Not now." in run["last_error"]["message"]
    assert run["failed_at"] is not None


def test_an_answer_that_breaks_off_keeps_what_was_written() -> None:
    api = Api(lambda _: itertools.islice(text("Hel", "lo"), 2))
    assistant, thread = api.started()
    told = dict(api.events(f"/threads/{thread}/runs", assistant_id=assistant))
    assert told["thread.run.failed"]["last_error"]["code"] == "server_error"
    assert told["thread.message.incomplete"]["incomplete_details"] == {"reason": "run_failed"}
    assert told["thread.message.incomplete"]["content"][0]["text"]["value"] == "Hel"


def test_an_answer_that_says_nothing_is_an_empty_message() -> None:
    api = Api(lambda _: text())
    assistant, thread = api.started()
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    assert dict(events)["thread.message.completed"]["content"][0]["text"]["value"] == ""


def test_a_refusal_of_the_model_is_a_part_of_its_own() -> None:
    api = Api(
        lambda _: [
            chunk({"role": "assistant", "refusal": "I "}),
            chunk({"refusal": "won't"}),
            *end("stop"),
        ]
    )
    assistant, thread = api.started()
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    assert dict(events)["thread.message.completed"]["content"] == [
        {"type": "refusal", "refusal": "I won't"}
    ]


# Runs that are stopped.


def test_a_run_that_is_cancelled_while_it_writes_keeps_what_it_wrote() -> None:
    gate = Gate()

    def says(_: Any) -> Iterator[Said]:
        yield from itertools.islice(text("Hel"), 2)
        yield gate.wait
        yield from text("lo")

    api = Api(says)
    assistant, thread = api.started()
    run = api.post(f"/threads/{thread}/runs", assistant_id=assistant)
    assert gate.reached.wait(10)
    path = f"/threads/{thread}/runs/{run['id']}"
    assert api.post(f"{path}/cancel")["status"] == "cancelling"
    gate.open()
    ended = api.ended(path)
    assert (ended["status"], ended["last_error"]) == ("cancelled", None)
    assert ended["cancelled_at"] is not None
    message = api.get(f"/threads/{thread}/messages")["data"][0]
    assert message["incomplete_details"] == {"reason": "run_cancelled"}
    assert message["content"][0]["text"]["value"] == "Hel"


def test_a_run_is_cancelled_by_another_engine_on_its_store() -> None:
    gate, store = Gate(), Store()

    def says(_: Any) -> Iterator[Said]:
        yield gate.wait
        yield from text("late")

    api, other = Api(says, store), Api(says, store)
    assistant, thread = api.started()
    run = api.post(f"/threads/{thread}/runs", assistant_id=assistant)
    assert gate.reached.wait(10)
    path = f"/threads/{thread}/runs/{run['id']}"
    assert other.post(f"{path}/cancel")["status"] == "cancelling"
    gate.open()
    assert api.ended(path)["status"] == "cancelled"


def test_the_reader_of_a_run_that_is_cancelled_is_told() -> None:
    def says(_: Any) -> Iterator[Said]:
        yield from itertools.islice(text("Hel"), 2)
        yield lambda: api.post(f"/threads/{thread}/runs/{run_of()}/cancel")
        yield from itertools.islice(text("lo"), 1, None)

    def run_of() -> str:
        found: str = api.get(f"/threads/{thread}/runs")["data"][0]["id"]
        return found

    api = Api(says)
    assistant, thread = api.started()
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    assert [name for name, _ in events[-5:]] == [
        "thread.run.cancelling",
        "thread.message.incomplete",
        "thread.run.step.cancelled",
        "thread.run.cancelled",
        "done",
    ]


def test_a_run_expires_ten_minutes_after_it_was_made() -> None:
    clock = Clock()

    def says(_: Any) -> Iterator[Said]:
        yield from itertools.islice(text("Hel"), 2)
        yield lambda: setattr(clock, "now", clock.now + 600)
        yield from itertools.islice(text("lo"), 1, None)

    api = Api(says, now=clock)
    assistant, thread = api.started()
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    assert [name for name, _ in events[-4:]] == [
        "thread.message.incomplete",
        "thread.run.step.expired",
        "thread.run.expired",
        "done",
    ]


def test_a_run_that_waits_expires_too_and_frees_its_thread() -> None:
    api = Api(lambda _: calls(ONE_CALL))
    assistant, thread = api.started(tool(a=A))
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
    api.clock.now += 599  # type: ignore[attr-defined]
    assert api.get(f"/threads/{thread}/runs/{run['id']}")["status"] == "requires_action"
    api.clock.now += 1  # type: ignore[attr-defined]
    assert api.get(f"/threads/{thread}/runs/{run['id']}")["status"] == "expired"
    assert api.get(f"/threads/{thread}/runs/{run['id']}/steps")["data"][0]["status"] == "expired"
    api.post(f"/threads/{thread}/messages", role="user", content="Still there?")
    assert api.status == 200


def test_a_run_whose_thread_is_deleted_says_so_to_its_reader() -> None:
    def says(_: Any) -> Iterator[Said]:
        yield from itertools.islice(text("Hel"), 2)
        yield lambda: api("DELETE", f"/threads/{thread}")
        yield from itertools.islice(text("lo"), 1, None)

    api = Api(says)
    assistant, thread = api.started()
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert events[-2][0] == "error"
    assert (
        api.get(f"/threads/{thread}/messages")["error"]["message"]
        == f"No thread found with id '{thread}'."
    )


# Readers that leave, or do nothing.


def test_a_run_goes_on_when_its_reader_leaves() -> None:
    gate = Gate()

    def says(_: Any) -> Iterator[Said]:
        yield from itertools.islice(text("Hel"), 2)
        yield gate.wait
        yield from itertools.islice(text("lo"), 1, None)

    api = Api(says)
    assistant, thread = api.started()
    asked = {"assistant_id": assistant, "stream": True}
    with api.http.stream("POST", f"/threads/{thread}/runs", json=asked) as response:
        for piece in response.iter_raw():
            if b"Hel" in piece:
                break
    gate.open()
    assert api.engine.live.wait(10)
    message = api.get(f"/threads/{thread}/messages")["data"][0]
    assert (message["status"], message["content"][0]["text"]["value"]) == ("completed", "Hello")


def test_a_run_goes_on_when_its_reader_stops_reading_and_it_can_read_on() -> None:
    api = Api(lambda _: text("Hel", "lo"))
    assistant, thread = api.started()
    asked = {"assistant_id": assistant, "stream": True}
    with api.http.stream("POST", f"/threads/{thread}/runs", json=asked) as response:
        pieces = response.iter_raw()
        body = next(pieces)
        assert api.engine.live.wait(10)
        assert api.get(f"/threads/{thread}/runs")["data"][0]["status"] == "completed"
        body += b"".join(pieces)
    assert_in_order(read_events(body))


def test_an_interrupt_fails_the_run() -> None:
    def says(_: Any) -> Iterator[Said]:
        yield from itertools.islice(text("Hel"), 2)
        raise KeyboardInterrupt

    api = Api(says)
    assistant, thread = api.started()
    with pytest.raises(KeyboardInterrupt):
        api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    run = api.get(f"/threads/{thread}/runs")["data"][0]
    assert (run["status"], run["last_error"]["code"]) == ("failed", "server_error")
    message = api.get(f"/threads/{thread}/messages")["data"][0]
    assert message["content"][0]["text"]["value"] == "Hel"


def test_closing_the_client_fails_what_is_in_progress() -> None:
    gate, store = Gate(), Store()

    def says(_: Any) -> Iterator[Said]:
        yield gate.wait
        yield from text("late")

    api = Api(says, store)
    assistant, thread = api.started()
    api.post(f"/threads/{thread}/runs", assistant_id=assistant)
    assert gate.reached.wait(10)
    api.close()
    gate.open()
    assert api.engine.live.wait(10)
    with store.reading() as rows:
        (run,) = rows.of("kind = 'run'")
        assert (
            run.body["last_error"]["message"] == "The process that carried this run on has ended."
        )
        assert not rows.any("kind = 'message' AND run <> ''")


# The request that the endpoint gets.


def test_only_what_was_asked_for_is_asked_of_the_endpoint() -> None:
    api = Api(lambda _: text("Hello"))
    assistant, thread = api.started()
    api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert set(api.endpoint.seen[-1]) == {"model", "messages", "stream", "stream_options"}


def test_a_run_overrides_its_assistant() -> None:
    api = Api(lambda _: text("Hello"))
    assistant, thread = api.started(instructions="Be good.", temperature=0.5, top_p=0.9)
    given: dict[str, Any] = {
        "model": "m-2",
        "instructions": "Be bad.",
        "additional_instructions": "Be quick.",
        "additional_messages": [
            {"role": "assistant", "content": "Yes?"},
            {"role": "user", "content": "No."},
        ],
        "tools": [tool(a=A)],
        "temperature": 0.1,
        "response_format": {"type": "json_object"},
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "max_completion_tokens": 1000,
    }
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant, **given)[-2][1]
    seen = api.endpoint.seen[-1]
    assert [each["content"] for each in seen["messages"]] == [
        "Be bad.\nBe quick.",
        "Hi",
        "Yes?",
        "No.",
    ]
    asked = {
        name: seen[name]
        for name in ("model", "temperature", "top_p", "tool_choice", "parallel_tool_calls")
    }
    assert asked == {
        "model": "m-2",
        "temperature": 0.1,
        "top_p": 0.9,
        "tool_choice": "required",
        "parallel_tool_calls": False,
    }
    assert seen["max_completion_tokens"] == 1000
    assert seen["response_format"] == {"type": "json_object"}
    assert "strict" not in seen["tools"][0]["function"]
    assert (run["model"], run["temperature"], run["top_p"], run["tool_choice"]) == (
        "m-2",
        0.1,
        0.9,
        "required",
    )


def test_a_choice_that_forces_a_call_forces_one() -> None:
    api = Api(asked_then_told)
    assistant, thread = api.started(tool(a=A))
    choice = {"type": "function", "function": {"name": "get"}}
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant, tool_choice=choice)[-2][1]
    submit(api, run, call_1="warm")
    assert [asked.get("tool_choice") for asked in api.endpoint.seen] == [choice, None]


def test_calls_of_a_run_before_do_not_count_as_forced() -> None:
    api = Api(asked_then_told)
    assistant, thread = api.started(tool(a=A))
    submit(api, api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1], call_1="warm")
    given = {
        "assistant_id": assistant,
        "additional_messages": [{"role": "user", "content": "Again"}],
    }
    run = api.events(f"/threads/{thread}/runs", **given, tool_choice="required")[-2][1]
    submit(api, run, call_1="cold")
    api.events(f"/threads/{thread}/runs", **given, tool_choice="none")
    chosen = [asked.get("tool_choice") for asked in api.endpoint.seen]
    assert chosen == [None, None, "required", None, "none"]
    said = [(each["role"], each["content"]) for each in api.endpoint.seen[-2]["messages"]]
    assert said == [
        *(("user", "Hi"), ("assistant", None), ("tool", "warm"), ("assistant", "It is warm.")),
        *(("user", "Again"), ("assistant", None), ("tool", "cold")),
    ]


def test_calls_that_were_never_answered_are_not_said_again() -> None:
    api = Api(asked_then_told)
    assistant, thread = api.started(tool(a=A))
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
    api.post(f"/threads/{thread}/runs/{run['id']}/cancel")
    api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert [each["role"] for each in api.endpoint.seen[-1]["messages"]] == ["user"]


def test_a_deleted_message_is_not_said_again_with_the_calls_beside_it() -> None:
    api = Api(
        lambda request: (
            text("Fine.")
            if request["messages"][-1]["role"] == "tool"
            else calls(ONE_CALL, content="Let me see.")
        )
    )
    assistant, thread = api.started(tool(a=A))
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
    (said, _) = api.get(f"/threads/{thread}/messages")["data"]
    api("DELETE", f"/threads/{thread}/messages/{said['id']}")
    submit(api, run, call_1="warm")
    assert "Let me see." not in json.dumps(api.endpoint.seen[-1])


def test_images_go_to_the_endpoint() -> None:
    api = Api(lambda _: text("A cat."))
    assistant, _ = api.started()
    parts = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": "https://a.example/cat.png"}},
    ]
    thread = api.post("/threads", messages=[{"role": "user", "content": parts}])["id"]
    api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    image = {"url": "https://a.example/cat.png", "detail": "auto"}
    assert api.endpoint.seen[-1]["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": image},
            ],
        }
    ]


def test_an_endpoint_that_cannot_be_asked_to_count_is_not() -> None:
    def says(request: dict[str, Any]) -> Any:
        if "stream_options" in request:
            return 400, {"message": "Unknown parameter: stream_options"}
        return text("Hello", usage=None)

    api = Api(says)
    assistant, thread = api.started()
    for _ in range(2):
        run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
        assert (run["status"], run["usage"]) == ("completed", None)
    assert ["stream_options" in asked for asked in api.endpoint.seen] == [True, False, False]


# How much of a thread is asked with, and how much a run may use.


def thread_of(api: Api, *contents: str) -> str:
    roles = itertools.cycle(("user", "assistant"))
    messages = [{"role": next(roles), "content": each} for each in contents]
    found: str = api.post("/threads", messages=messages)["id"]
    return found


def test_last_messages_are_those_of_the_thread_and_all_of_the_run() -> None:
    api = Api(asked_then_told)
    assistant, _ = api.started(tool(a=A))
    thread = thread_of(api, "1", "2", "3")
    strategy = {"type": "last_messages", "last_messages": 2}
    run = api.events(
        f"/threads/{thread}/runs", assistant_id=assistant, truncation_strategy=strategy
    )[-2][1]
    submit(api, run, call_1="warm")
    first, second = ([each["content"] for each in asked["messages"]] for asked in api.endpoint.seen)
    assert first == ["2", "3"]
    assert second == ["2", "3", None, "warm"]


def test_a_prompt_has_no_more_tokens_than_a_run_may_use() -> None:
    api = Api(lambda _: text("Hello"))
    assistant, _ = api.started(instructions="Be good.")
    thread = thread_of(api, "a" * 4000, "b" * 400, "c" * 400)
    api.events(f"/threads/{thread}/runs", assistant_id=assistant, max_prompt_tokens=300)
    assert [each["content"][:1] for each in api.endpoint.seen[-1]["messages"]] == ["B", "b", "c"]
    thread = thread_of(api, "a" * 4000)
    api.events(f"/threads/{thread}/runs", assistant_id=assistant, max_prompt_tokens=300)
    assert [each["content"][:1] for each in api.endpoint.seen[-1]["messages"]] == ["B", "a"]


@pytest.mark.parametrize("kind", ["prompt", "completion"])
def test_a_run_that_has_used_its_tokens_is_incomplete(kind: str) -> None:
    usage = {"prompt_tokens": 300, "completion_tokens": 300, "total_tokens": 600}

    def says(_: Any) -> Iterator[bytes]:
        yield from itertools.islice(calls(ONE_CALL), 4)
        yield from end("tool_calls", usage)

    api = Api(says)
    assistant, thread = api.started(tool(a=A))
    given = {f"max_{kind}_tokens": 300}
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant, **given)[-2][1]
    events = submit(api, run, call_1="warm")
    assert_in_order(events)
    assert events[-2][1]["incomplete_details"] == {"reason": f"max_{kind}_tokens"}
    assert len(api.endpoint.seen) == 1


def test_what_is_too_long_for_the_model_is_asked_with_less() -> None:
    def says(request: dict[str, Any]) -> Any:
        if len(json.dumps(request["messages"])) > 1000:
            return 400, {"message": "This model's maximum context length is 1000 tokens."}
        return text("Hello")

    api = Api(says)
    assistant, _ = api.started(instructions="Be good.")
    thread = thread_of(api, *("x" * 400 for _ in range(9)))
    events = api.events(f"/threads/{thread}/runs", assistant_id=assistant)
    assert_in_order(events)
    assert events[-2][0] == "thread.run.completed"
    assert [len(asked["messages"]) for asked in api.endpoint.seen] == [10, 5, 2]
    long = thread_of(api, "x" * 4000)
    run = api.events(f"/threads/{long}/runs", assistant_id=assistant)[-2][1]
    assert (run["status"], run["last_error"]["code"]) == ("failed", "invalid_prompt")
    last = {"type": "last_messages", "last_messages": 9}
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant, truncation_strategy=last)[
        -2
    ][1]
    assert run["status"] == "failed"


# What it costs.


def test_a_delta_costs_no_transaction() -> None:
    """However many there are."""

    class Counting(Store):
        count = 0

        @contextlib.contextmanager
        def writing(self) -> Iterator[Rows]:
            self.count += 1
            with super().writing() as rows:
                yield rows

    def transactions(number: int) -> int:
        store = Counting()
        api = Api(lambda _: text(*"x" * number), store)
        assistant, thread = api.started()
        before = store.count
        api.events(f"/threads/{thread}/runs", assistant_id=assistant)
        return store.count - before

    assert transactions(1) == transactions(1_000)
