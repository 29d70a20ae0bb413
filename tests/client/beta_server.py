"""A server on this machine that speaks the Assistants API, by what is asked and in order: what it says is ours, written down here
and in `fixtures/assistants`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from client.loopback import END, Loopback, Request, Script, Step, head, piece, whole

FIXTURES: Final = Path(__file__).parents[2] / "fixtures" / "assistants"

TOOL: Final = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a place.",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
        "strict": False,
    },
}
_MADE: Final = {"created_at": 1_700_000_000, "metadata": {}}

ASSISTANT: Final = {
    "id": "asst_1",
    "object": "assistant",
    **_MADE,
    "name": "Wetter",
    "description": None,
    "model": "m-1",
    "instructions": "Sag es, wie es ist.",
    "tools": [TOOL],
    "top_p": 1,
    "temperature": 0.5,
    "reasoning_effort": None,
    "tool_resources": {},
    "response_format": "auto",
}
THREAD: Final = {"id": "thread_1", "object": "thread", **_MADE, "tool_resources": {}}
TEXT: Final = {"type": "text", "text": {"value": "Hallo ☀", "annotations": []}}
RUN: Final = {
    "id": "run_1",
    "object": "thread.run",
    **_MADE,
    "assistant_id": "asst_1",
    "thread_id": "thread_1",
    "status": "completed",
    "started_at": 1_700_000_001,
    "expires_at": None,
    "cancelled_at": None,
    "failed_at": None,
    "completed_at": 1_700_000_002,
    "required_action": None,
    "last_error": None,
    "model": "m-1",
    "instructions": "Sag es, wie es ist.",
    "tools": [TOOL],
    "tool_resources": {},
    "temperature": 1,
    "top_p": 1.0,
    "reasoning_effort": None,
    "max_completion_tokens": None,
    "max_prompt_tokens": None,
    "truncation_strategy": {"type": "auto", "last_messages": None},
    "incomplete_details": None,
    "usage": {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18},
    "response_format": "auto",
    "tool_choice": "auto",
    "parallel_tool_calls": True,
}


def message(number: int) -> dict[str, Any]:
    return {
        "id": f"msg_{number}",
        "object": "thread.message",
        **_MADE,
        "assistant_id": None,
        "thread_id": "thread_1",
        "run_id": None,
        "role": "user",
        "content": [TEXT],
        "attachments": [],
    }


def step(number: int) -> dict[str, Any]:
    made = {"type": "message_creation", "message_creation": {"message_id": f"msg_{number}"}}
    return {
        "id": f"step_{number}",
        "object": "thread.run.step",
        "created_at": 1_700_000_001,
        "run_id": "run_1",
        "assistant_id": "asst_1",
        "thread_id": "thread_1",
        "type": "message_creation",
        "status": "completed",
        "cancelled_at": None,
        "completed_at": 1_700_000_002,
        "expires_at": None,
        "failed_at": None,
        "last_error": None,
        "step_details": made,
        "usage": None,
    }


#: What a path, its ids as `*`, has of things in it; how many there are of each, and how one is made.
_LISTS: Final = {
    "assistants": lambda number: {**ASSISTANT, "id": f"asst_{number}"},
    "threads/*/messages": message,
    "threads/*/runs": lambda number: {**RUN, "id": f"run_{number}"},
    "threads/*/runs/*/steps": step,
}
_COUNT: Final = 5
_PAGE: Final = 2

_ID: Final = re.compile(r"(?<=/)(?:asst|thread|msg|run|step)_[^/]*")


class AssistantsServer:
    """A script: which states a run goes through when it is looked at, and which streams are given, one after the other."""

    def __init__(
        self,
        streams: Iterable[str | bytes] = ("calls", "resumed"),
        states: Iterable[str] = ("completed",),
        **headers: Any,
    ) -> None:
        self._streams = [
            name if isinstance(name, bytes) else (FIXTURES / f"{name}.sse").read_bytes()
            for name in streams
        ]
        self._states = list(states)
        self._headers = {"x_request_id": "req_1", **headers}

    def __call__(self, request: Request) -> Iterable[Step]:
        url = urlsplit(request.path)
        assert url.path.startswith("/v1/"), url.path
        path = url.path.removeprefix("/v1/")
        place = _ID.sub("*", f"/{path}").removeprefix("/")
        if request.body and request.json.get("stream"):
            return _streamed(self._streams.pop(0), **self._headers)
        if request.method == "GET" and place in _LISTS:
            return [self._whole(_page(_LISTS[place], dict(parse_qsl(url.query))))]
        return [self._whole(self._one(request, place, path.rpartition("/")[2]))]

    def _whole(self, body: Any) -> bytes:
        return whole(body, **self._headers)

    def _one(self, request: Request, place: str, last: str) -> dict[str, Any]:
        if request.method == "DELETE":
            kind = {"assistants": "assistant", "threads": "thread"}.get(
                place.partition("/")[0] if place.count("/") == 1 else "", "thread.message"
            )
            return {"id": last, "object": f"{kind}.deleted", "deleted": True}
        match place.removesuffix("/*").split("/"):
            case ["assistants"]:
                return ASSISTANT
            case ["threads"]:
                return THREAD
            case [*_, "messages"]:
                return message(1)
            case [*_, "steps"]:
                return step(1)
            case _ if request.method == "GET":
                status = self._states.pop(0) if len(self._states) > 1 else self._states[0]
                return {**RUN, "status": status}
            case _:
                return {**RUN, "status": "queued"}


def _page(made: Any, query: dict[str, str]) -> dict[str, Any]:
    numbers = list(range(1, _COUNT + 1))
    if "after" in query:
        numbers = [n for n in numbers if n > int(query["after"].rpartition("_")[2])]
    data = [made(number) for number in numbers[:_PAGE]]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": len(numbers) > _PAGE,
    }


def _streamed(body: bytes, **headers: Any) -> Iterator[Step]:
    yield head(content_type="text/event-stream", transfer_encoding="chunked", **headers)
    for at in range(0, len(body), 700):
        yield piece(body[at : at + 700])
    yield END


def assistants_server(*args: Any, **options: Any) -> Loopback:
    script: Script = AssistantsServer(*args, **options)
    return Loopback(script)


def sent(request: Request) -> dict[str, Any]:
    """What of a request a server goes by."""
    names = ("accept", "authorization", "content-type", "openai-beta", "openai-project", "x-one")
    url = urlsplit(request.path)
    return {
        "line": (request.method, url.path, sorted(parse_qsl(url.query))),
        "headers": {name: request.headers.get(name) for name in names},
        "body": json.loads(request.body) if request.body else None,
    }
