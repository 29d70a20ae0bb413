"""The API's paths: a request as method, path, query and body becomes an answer, and where a run begins or goes on, its flow too.
Knows no HTTP library and sends nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from streamnorm.assistants.engine import parameters
from streamnorm.assistants.engine.parameters import read_body
from streamnorm.assistants.engine.refusals import Refusal
from streamnorm.assistants.engine.shapes import message
from streamnorm.assistants.engine.store import StoreError
from streamnorm.assistants.engine.surface import Reply, Request, Surface
from streamnorm.assistants.engine.values import Check

__all__ = ["ROUTES", "handle"]

_write = msgspec.json.Encoder().encode

_THREADS: Final = "/threads/{}"
_MESSAGES: Final = f"{_THREADS}/messages"
_RUNS: Final = f"{_THREADS}/runs"
_STEPS: Final = f"{_RUNS}/{{}}/steps"

#: Method and path of each request, what does it, and what its body may say.
ROUTES: Final[tuple[tuple[str, str, Callable[..., Any], Check], ...]] = (
    ("POST", "/assistants", Surface.add_assistant, parameters.ASSISTANT),
    ("GET", "/assistants", Surface.assistants, parameters.NOTHING),
    ("GET", "/assistants/{}", Surface.one_assistant, parameters.NOTHING),
    ("POST", "/assistants/{}", Surface.change_assistant, parameters.ASSISTANT_CHANGES),
    ("DELETE", "/assistants/{}", Surface.drop_assistant, parameters.NOTHING),
    ("POST", "/threads", Surface.add_thread, parameters.THREAD),
    ("POST", "/threads/runs", Surface.add_thread_and_run, parameters.THREAD_AND_RUN),
    ("GET", _THREADS, Surface.one_thread, parameters.NOTHING),
    ("POST", _THREADS, Surface.change_thread, parameters.THREAD_CHANGES),
    ("DELETE", _THREADS, Surface.drop_thread, parameters.NOTHING),
    ("POST", _MESSAGES, Surface.add_message, message),
    ("GET", _MESSAGES, Surface.messages, parameters.NOTHING),
    ("GET", f"{_MESSAGES}/{{}}", Surface.one_message, parameters.NOTHING),
    ("POST", f"{_MESSAGES}/{{}}", Surface.change_message, parameters.LABELS),
    ("DELETE", f"{_MESSAGES}/{{}}", Surface.drop_message, parameters.NOTHING),
    ("POST", _RUNS, Surface.add_run, parameters.RUN),
    ("GET", _RUNS, Surface.runs, parameters.NOTHING),
    ("GET", f"{_RUNS}/{{}}", Surface.one_run, parameters.NOTHING),
    ("POST", f"{_RUNS}/{{}}", Surface.change_run, parameters.LABELS),
    ("POST", f"{_RUNS}/{{}}/submit_tool_outputs", Surface.submit, parameters.OUTPUTS),
    ("POST", f"{_RUNS}/{{}}/cancel", Surface.cancel, parameters.NOTHING),
    ("GET", _STEPS, Surface.steps, parameters.NOTHING),
    ("GET", f"{_STEPS}/{{}}", Surface.one_step, parameters.NOTHING),
)

_MATCHED: Final = tuple(
    (method, re.compile(path.replace("{}", "([^/]+)")).fullmatch, does, check)
    for method, path, does, check in ROUTES
)


def handle(
    surface: Surface, method: str, path: str, query: Mapping[str, str], body: bytes
) -> Reply:
    """Answer a request; `path` begins behind `/v1`. Never raises for what a request says."""
    try:
        return _answered(surface, method, path.rstrip("/"), query, body)
    except Refusal as refusal:
        return Reply(refusal.status, _write(refusal.body()))
    except StoreError as error:
        return Reply(500, _write(Refusal(str(error), status=500).body()))


def _answered(
    surface: Surface, method: str, path: str, query: Mapping[str, str], body: bytes
) -> Reply:
    does, check, ids = _route(method, path)
    request = Request(ids, query, read_body(check, body))
    surface.settle()
    found = does(surface, request)
    return found if isinstance(found, Reply) else Reply(200, _write(found))


def _route(method: str, path: str) -> tuple[Callable[..., Any], Check, tuple[str, ...]]:
    allowed = []
    for known, matches, does, check in _MATCHED:
        found = matches(path)
        if found and known == method:
            return does, check, found.groups()
        if found:
            allowed.append(known)
    if allowed:
        words = f"{path} takes {' and '.join(allowed)}, not {method[:20]}."
        raise Refusal(words, status=405)
    raise Refusal(
        f"Invalid URL ({method[:20]} {path[:200]}): assistants and threads are served here, and nothing else.",
        status=404,
    )
