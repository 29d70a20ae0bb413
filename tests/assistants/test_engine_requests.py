"""The paths of the local engine: what each gives, what it refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from engine_help import Api, calls, text, tool

from streamnorm.assistants.engine.routes import ROUTES

A = {"type": "integer"}
NONE = "x_none"


@pytest.fixture
def api() -> Api:
    return Api(lambda _: calls(("call_1", "get", '{"a": 1}'), ("call_2", "get", '{"a": 2}')))


def refusal(api: Api, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
    found = api(method, path, body, **query)
    assert set(found) == {"error"}
    error: dict[str, Any] = found["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    return error


# Ids.


def paths(thread: str, *ids: str) -> dict[str, tuple[str, str]]:
    return {
        "assistant": ("GET", f"/assistants/{ids[0]}"),
        "thread": ("GET", f"/threads/{ids[0]}"),
        "message": ("GET", f"/threads/{thread}/messages/{ids[0]}"),
        "run": ("GET", f"/threads/{thread}/runs/{ids[0]}"),
    }


@pytest.mark.parametrize("what", ["assistant", "thread", "message", "run"])
def test_an_id_of_another_store_is_not_found_in_the_apis_words(api: Api, what: str) -> None:
    _, thread = api.started()
    error = refusal(api, *paths(thread, NONE)[what])
    assert api.status == 404
    assert error["message"] == f"No {what} found with id '{NONE}'."


def test_an_id_of_another_thread_is_not_found(api: Api) -> None:
    assistant, thread = api.started(tool(a=A))
    _, other = api.started()
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
    message = api.get(f"/threads/{thread}/messages")["data"][0]
    step = api.get(f"/threads/{thread}/runs/{run['id']}/steps")["data"][0]
    for path in (
        f"/threads/{other}/messages/{message['id']}",
        f"/threads/{other}/runs/{run['id']}",
        f"/threads/{other}/runs/{run['id']}/steps",
        f"/threads/{other}/runs/{run['id']}/steps/{step['id']}",
        f"/threads/{thread}/runs/{NONE}/steps/{step['id']}",
        f"/assistants/{thread}",
        f"/threads/{assistant}",
    ):
        refusal(api, "GET", path)
        assert api.status == 404, path
    assert api.get(f"/threads/{thread}/runs/{run['id']}/steps/{step['id']}") == step


def test_every_path_refuses_what_it_does_not_know(api: Api) -> None:
    """No path answers a parameter, a method or an id that does not exist with anything but a refusal."""
    for method, path, _, _ in ROUTES:
        filled = path.replace("{}", NONE)
        error = refusal(api, method, filled, {"unheard_of": 1})
        assert (api.status, error["param"]) == (400, "unheard_of"), path
        if "{}" in path:
            assert api(method, filled)["error"]["message"]
            assert api.status in (400, 404), path
        refusal(api, "PATCH", filled)
        assert api.status == 405
    refusal(api, "GET", "/chat/completions")
    assert api.status == 404


# Bodies.


MESSAGE = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    ("path", "body", "param", "code"),
    [
        ("/assistants", {}, "model", "missing_required_parameter"),
        ("/assistants", {"model": 1}, "model", "invalid_type"),
        ("/assistants", {"model": ""}, "model", "empty_string"),
        ("/assistants", {"model": "m", "nmae": "x"}, "nmae", "unknown_parameter"),
        ("/assistants", {"model": "m", "temperature": 3}, "temperature", "invalid_value"),
        ("/assistants", {"model": "m", "temperature": True}, "temperature", "invalid_type"),
        ("/assistants", {"model": "m", "metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        (
            "/assistants",
            {"model": "m", "metadata": {str(n): "" for n in range(17)}},
            "metadata",
            "object_above_max_properties",
        ),
        ("/assistants", {"model": "m", "tools": [{"type": "x"}]}, "tools[0].type", "invalid_value"),
        (
            "/assistants",
            {"model": "m", "tools": [{"type": "function"}]},
            "tools[0].function",
            "missing_required_parameter",
        ),
        ("/assistants", {"model": "m", "tools": {}}, "tools", "invalid_type"),
        (
            "/assistants",
            {"model": "m", "response_format": "json"},
            "response_format",
            "invalid_value",
        ),
        (
            "/threads",
            {"messages": [{"role": "system", "content": "x"}]},
            "messages[0].role",
            "invalid_value",
        ),
        (
            "/threads",
            {"messages": [{"role": "user"}]},
            "messages[0].content",
            "missing_required_parameter",
        ),
        (
            "/threads",
            {"messages": [{"role": "user", "content": []}]},
            "messages[0].content",
            "empty_array",
        ),
        (
            "/threads",
            {"messages": [{"role": "user", "content": 1}]},
            "messages[0].content",
            "invalid_type",
        ),
        (
            "/threads",
            {"messages": [{"role": "user", "content": [{"type": "audio"}]}]},
            "messages[0].content[0].type",
            "invalid_value",
        ),
        (
            "/threads/runs",
            {"thread": {"messages": [MESSAGE]}},
            "assistant_id",
            "missing_required_parameter",
        ),
        (
            "/threads/runs",
            {"assistant_id": "a", "max_prompt_tokens": 255},
            "max_prompt_tokens",
            "integer_below_min_value",
        ),
        (
            "/threads/runs",
            {"assistant_id": "a", "max_prompt_tokens": 1.5},
            "max_prompt_tokens",
            "invalid_type",
        ),
        (
            "/threads/runs",
            {"assistant_id": "a", "truncation_strategy": {"type": "x"}},
            "truncation_strategy.type",
            "invalid_value",
        ),
        (
            "/threads/runs",
            {"assistant_id": "a", "tool_choice": {"type": "function"}},
            "tool_choice.function",
            "missing_required_parameter",
        ),
        ("/threads/runs", {"assistant_id": "a", "stream": "yes"}, "stream", "invalid_type"),
        ("/threads", [], "body", "invalid_type"),
    ],
)
def test_what_is_wrong_with_a_body_is_said_with_its_place(
    api: Api, path: str, body: Any, param: str, code: str
) -> None:
    error = refusal(api, "POST", path, body)
    assert (api.status, error["param"], error["code"]) == (400, param, code)


def test_a_body_that_is_no_json_is_refused(api: Api) -> None:
    for body in (b"{", b"\xff", b'{"a": "\\ud800"}', b"[" * 100_000):
        response = api.http.post("/threads", content=body)
        assert response.status_code == 400
        assert "JSON" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (
            "/assistants",
            {"model": "m", "tools": [{"type": "code_interpreter"}]},
            "function tool that runs it",
        ),
        (
            "/assistants",
            {"model": "m", "tools": [{"type": "file_search"}]},
            "function tool that searches",
        ),
        (
            "/assistants",
            {"model": "m", "tool_resources": {"file_search": {"vector_store_ids": ["vs"]}}},
            "function tool that searches",
        ),
        (
            "/threads",
            {"tool_resources": {"code_interpreter": {"file_ids": ["f"]}}},
            "function tool that runs it",
        ),
        (
            "/threads",
            {"messages": [{**MESSAGE, "attachments": [{"file_id": "f"}]}]},
            "no files are kept here",
        ),
        (
            "/threads",
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_file", "image_file": {"file_id": "f"}}],
                    }
                ]
            },
            "image_url",
        ),
    ],
)
def test_what_is_not_here_is_refused_with_what_to_do_instead(
    api: Api, path: str, body: Any, words: str
) -> None:
    error = refusal(api, "POST", path, body)
    assert api.status == 400
    assert words in error["message"]
    assert error["code"] in ("unsupported_tool", "unsupported_content")


def test_an_image_of_an_assistant_is_refused(api: Api) -> None:
    parts = [{"type": "image_url", "image_url": {"url": "https://a.example/cat.png"}}]
    error = refusal(
        api, "POST", "/threads", {"messages": [{"role": "assistant", "content": parts}]}
    )
    assert (error["param"], error["code"]) == ("messages[0].content", "unsupported_content")


def test_tools_and_resources_that_say_nothing_are_taken(api: Api) -> None:
    given = {
        "tools": [],
        "tool_resources": {"code_interpreter": {"file_ids": []}},
        "metadata": None,
    }
    assert api.post("/assistants", model="m", **given)["tools"] == []
    api.post("/threads", messages=[{**MESSAGE, "attachments": []}])
    assert api.status == 200


# Objects.


def test_what_was_made_can_be_read_changed_and_deleted(api: Api) -> None:
    assistant = api.post("/assistants", model="m", name="A", metadata={"a": "1"})
    changed = api.post(f"/assistants/{assistant['id']}", name="B", tools=[tool()])
    assert (changed["name"], changed["model"], changed["metadata"]) == ("B", "m", {"a": "1"})
    assert api.get(f"/assistants/{assistant['id']}") == changed
    thread = api.post("/threads", messages=[MESSAGE])
    assert api.post(f"/threads/{thread['id']}", metadata={"b": "2"})["metadata"] == {"b": "2"}
    (message,) = api.get(f"/threads/{thread['id']}/messages")["data"]
    path = f"/threads/{thread['id']}/messages/{message['id']}"
    assert api.post(path, metadata={"c": "3"})["metadata"] == {"c": "3"}
    assert refusal(api, "POST", path, {"content": "x"})["param"] == "content"
    for gone, what in (
        (path, "thread.message"),
        (f"/threads/{thread['id']}", "thread"),
        (f"/assistants/{assistant['id']}", "assistant"),
    ):
        found = api("DELETE", gone)
        assert (found["deleted"], found["object"]) == (True, f"{what}.deleted")
        refusal(api, "GET", gone)
        assert api.status == 404


def test_a_thread_is_deleted_with_all_that_is_in_it(api: Api) -> None:
    assistant, thread = api.started(tool(a=A))
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
    api("DELETE", f"/threads/{thread}")
    with api.engine.store.reading() as rows:
        assert not rows.any("thread = ? OR run = ?", thread, run["id"])


def test_a_run_can_be_labelled(api: Api) -> None:
    assistant, thread = api.started(tool(a=A))
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]
    changed = api.post(f"/threads/{thread}/runs/{run['id']}", metadata={"a": "b"})
    assert changed == {**run, "metadata": {"a": "b"}}


# Runs.


def test_a_thread_is_locked_while_a_run_is_active(api: Api) -> None:
    assistant, thread = api.started(tool(a=A))
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]["id"]
    error = refusal(api, "POST", f"/threads/{thread}/messages", MESSAGE)
    assert (api.status, error["message"]) == (
        400,
        f"Can't add messages to {thread} while a run {run} is active.",
    )
    error = refusal(api, "POST", f"/threads/{thread}/runs", {"assistant_id": assistant})
    assert (api.status, error["message"]) == (
        400,
        f"Thread {thread} already has an active run {run}.",
    )
    assert len(api.get(f"/threads/{thread}/runs")["data"]) == 1
    assert api.post(f"/threads/{thread}/runs/{run}/cancel")["status"] == "cancelled"
    api.post(f"/threads/{thread}/messages", **MESSAGE)
    assert api.status == 200


@pytest.mark.parametrize(
    ("submitted", "words"),
    [
        ([], "missing: call_1, call_2"),
        (["call_1"], "missing: call_2"),
        (["call_1", "call_3"], "missing: call_2; not of this run: call_3"),
        (["call_1", "call_1", "call_2"], "given twice: call_1"),
        (["call_1", "call_2", "call_3"], "not of this run: call_3"),
    ],
)
def test_all_outputs_are_submitted_at_once(api: Api, submitted: list[str], words: str) -> None:
    assistant, thread = api.started(tool(a=A))
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]["id"]
    path = f"/threads/{thread}/runs/{run}"
    outputs = [{"tool_call_id": each, "output": "x"} for each in submitted]
    error = refusal(api, "POST", f"{path}/submit_tool_outputs", {"tool_outputs": outputs})
    assert (api.status, error["param"]) == (400, "tool_outputs")
    assert words in error["message"]
    assert api.get(path)["status"] == "requires_action"


def test_a_run_takes_outputs_and_cancellations_only_while_it_can(api: Api) -> None:
    assistant, thread = api.started()
    api.endpoint.says = lambda _: text("Hello")
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]["id"]
    path = f"/threads/{thread}/runs/{run}"
    error = refusal(api, "POST", f"{path}/submit_tool_outputs", {"tool_outputs": []})
    assert error["message"] == 'Runs in status "completed" do not accept tool outputs.'
    error = refusal(api, "POST", f"{path}/cancel")
    assert error["message"] == "Cannot cancel run with status 'completed'."
    assert api.status == 400


def test_a_run_of_an_assistant_that_is_not_there_leaves_nothing_behind(api: Api) -> None:
    thread = api.post("/threads")["id"]
    given = {"assistant_id": NONE, "additional_messages": [MESSAGE]}
    assert (
        refusal(api, "POST", f"/threads/{thread}/runs", given)["message"]
        == f"No assistant found with id '{NONE}'."
    )
    refusal(api, "POST", "/threads/runs", {"assistant_id": NONE, "thread": {"messages": [MESSAGE]}})
    with api.engine.store.reading() as rows:
        assert [row.kind for row in rows.of("1")] == ["thread"]


# Lists.


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_put_together_are_the_list(api: Api, order: str, limit: int) -> None:
    thread = api.post("/threads")["id"]
    path = f"/threads/{thread}/messages"
    made = [api.post(path, role="user", content=str(n))["id"] for n in range(7)]
    wanted = made if order == "asc" else made[::-1]
    forwards, page = [], api.get(path, order=order, limit=limit)
    while True:
        found = [each["id"] for each in page["data"]]
        assert (page["first_id"], page["last_id"]) == (found[0], found[-1])
        forwards += found
        if not page["has_more"]:
            break
        page = api.get(path, order=order, limit=limit, after=page["last_id"])
    assert forwards == wanted
    backwards: list[str] = []
    before = wanted[-1]
    while page := api.get(path, order=order, limit=limit, before=before):
        found = [each["id"] for each in page["data"]]
        backwards = found + backwards
        if not page["has_more"]:
            break
        before = page["first_id"]
    assert backwards == wanted[:-1]
    between = api.get(path, order=order, after=wanted[1], before=wanted[4])
    assert [each["id"] for each in between["data"]] == wanted[2:4]


def test_a_list_has_twenty_items_the_newest_first_unless_told(api: Api) -> None:
    made = [api.post("/assistants", model="m")["id"] for _ in range(21)]
    page = api.get("/assistants")
    assert [each["id"] for each in page["data"]] == made[:0:-1]
    assert (page["object"], page["has_more"]) == ("list", True)
    assert (
        api.get("/threads/none/messages")["error"]["message"] == "No thread found with id 'none'."
    )


def test_an_empty_list_has_no_ids(api: Api) -> None:
    page = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert api.get("/assistants") == page


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": "9" * 5_000}, "limit"),
        ({"order": "up"}, "order"),
    ],
)
def test_a_page_that_cannot_be_is_refused(api: Api, query: dict[str, str], param: str) -> None:
    assert refusal(api, "GET", "/assistants", **query)["param"] == param
    assert api.status == 400


def test_a_page_behind_what_is_not_there_is_not_found(api: Api) -> None:
    refusal(api, "GET", "/assistants", after=NONE)
    assert api.status == 404


def test_the_messages_of_one_run_can_be_listed(api: Api) -> None:
    assistant, thread = api.started()
    api.endpoint.says = lambda _: text("Hello")
    run = api.events(f"/threads/{thread}/runs", assistant_id=assistant)[-2][1]["id"]
    (found,) = api.get(f"/threads/{thread}/messages", run_id=run)["data"]
    assert found["run_id"] == run
