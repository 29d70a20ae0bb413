"""The operations of the Assistants API as a table: where each is, and what comes of it. And a request, made of a row and a
caller's arguments. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import msgspec

from streamnorm.assistants.types.assistant import Assistant, AssistantDeleted
from streamnorm.assistants.types.message import Message, MessageDeleted
from streamnorm.assistants.types.run import Run
from streamnorm.assistants.types.run_step import RunStep
from streamnorm.assistants.types.thread import Thread, ThreadDeleted
from streamnorm.client.given import NOT_GIVEN, given
from streamnorm.client.parameters import ABOUT
from streamnorm.requests.reading import read

__all__ = ["BETA", "Operation", "Request", "request_of"]

R = TypeVar("R")

#: What says which Assistants API is meant.
BETA: Final = {"OpenAI-Beta": "assistants=v2"}

#: What a segment of a path may have besides letters, digits and `-._~` (RFC 3986, 3.3).
_IN_A_SEGMENT: Final = "!$&'()*+,;=:@"

#: Sent in the URL whatever the method is.
_IN_THE_URL: Final = frozenset(("include",))


class Operation(msgspec.Struct, Generic[R], frozen=True):
    """`path`: below the base URL, ids in braces. `result`: the class of what comes, or of what is listed."""

    method: str
    path: str
    result: type[R]


ASSISTANT_CREATE: Final = Operation("POST", "assistants", Assistant)
ASSISTANT_LIST: Final = Operation("GET", "assistants", Assistant)
ASSISTANT_RETRIEVE: Final = Operation("GET", "assistants/{assistant_id}", Assistant)
ASSISTANT_UPDATE: Final = Operation("POST", "assistants/{assistant_id}", Assistant)
ASSISTANT_DELETE: Final = Operation("DELETE", "assistants/{assistant_id}", AssistantDeleted)

THREAD_CREATE: Final = Operation("POST", "threads", Thread)
THREAD_RETRIEVE: Final = Operation("GET", "threads/{thread_id}", Thread)
THREAD_UPDATE: Final = Operation("POST", "threads/{thread_id}", Thread)
THREAD_DELETE: Final = Operation("DELETE", "threads/{thread_id}", ThreadDeleted)
THREAD_RUN: Final = Operation("POST", "threads/runs", Run)

_MESSAGES: Final = "threads/{thread_id}/messages"
MESSAGE_CREATE: Final = Operation("POST", _MESSAGES, Message)
MESSAGE_LIST: Final = Operation("GET", _MESSAGES, Message)
MESSAGE_RETRIEVE: Final = Operation("GET", _MESSAGES + "/{message_id}", Message)
MESSAGE_UPDATE: Final = Operation("POST", _MESSAGES + "/{message_id}", Message)
MESSAGE_DELETE: Final = Operation("DELETE", _MESSAGES + "/{message_id}", MessageDeleted)

_RUNS: Final = "threads/{thread_id}/runs"
_RUN: Final = _RUNS + "/{run_id}"
RUN_CREATE: Final = Operation("POST", _RUNS, Run)
RUN_LIST: Final = Operation("GET", _RUNS, Run)
RUN_RETRIEVE: Final = Operation("GET", _RUN, Run)
RUN_UPDATE: Final = Operation("POST", _RUN, Run)
RUN_CANCEL: Final = Operation("POST", _RUN + "/cancel", Run)
RUN_SUBMIT: Final = Operation("POST", _RUN + "/submit_tool_outputs", Run)

STEP_LIST: Final = Operation("GET", _RUN + "/steps", RunStep)
STEP_RETRIEVE: Final = Operation("GET", _RUN + "/steps/{step_id}", RunStep)

#: A POST that says nothing but its path.
_WORDLESS: Final = (RUN_CANCEL,)


class Request(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One request as it is meant. `ids` are those that it names."""

    operation: Operation[R]
    path: str
    ids: tuple[str, ...]
    query: Mapping[str, Any]
    body: dict[str, Any] | None
    headers: Mapping[str, str]
    timeout: Any

    def __repr__(self) -> str:
        return f"Request({self.operation.method} {self.path})"

    @property
    def streams(self) -> bool:
        return self.body is not None and self.body.get("stream") is True

    def after(self, id: str) -> Request[R]:
        """The same, for what is listed after this one."""
        return msgspec.structs.replace(self, query={**self.query, "after": id})


def request_of(
    operation: Operation[R], ids: Mapping[str, Any], passed: Mapping[str, Any]
) -> Request[R]:
    """Raises ValueError for an id that is none, RequestError for what is no JSON."""
    said = given({name: value for name, value in passed.items() if name not in ABOUT})
    asks = operation.method == "POST" and operation not in _WORDLESS
    query = {name: said[name] for name in said if not asks or name in _IN_THE_URL}
    body = {name: read(said[name], f"/{name}") for name in said if name not in query}
    extra = read(passed.get("extra_body") or {}, "/extra_body")
    query.update(given(dict(passed.get("extra_query") or {})))
    return Request(
        operation=operation,
        path=_path(operation.path, ids),
        ids=tuple(str(named) for named in (*ids.values(), said.get("assistant_id")) if named),
        query=dict(map(_parameter, query.items())),
        body={**body, **extra} if asks or extra else None,
        headers={**BETA, **given(dict(passed.get("extra_headers") or {}))},
        timeout=passed.get("timeout", NOT_GIVEN),
    )


def _parameter(item: tuple[str, Any]) -> tuple[str, Any]:
    """Of a list, each value is sent with brackets behind the name."""
    name, value = item
    return (f"{name}[]", list(value)) if isinstance(value, list | tuple) else item


def _path(template: str, ids: Mapping[str, Any]) -> str:
    segments = {}
    for name, value in ids.items():
        if not value:
            raise ValueError(f"Expected a non-empty value for `{name}` but received {value!r}")
        segments[name] = quote(str(value), safe=_IN_A_SEGMENT)
        if segments[name] in (".", ".."):
            raise ValueError(f"{value!r} is no id of a {name.removesuffix('_id')}")
    return template.format_map(segments)
