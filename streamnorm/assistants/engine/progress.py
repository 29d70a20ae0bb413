"""What carrying a run on changes, one function for each, to be called in one transaction. Each raises Lost where the run is not
this process's to carry any more."""

from __future__ import annotations

from typing import Any

from streamnorm.assistants.engine import objects
from streamnorm.assistants.engine.states import (
    CARRIED,
    Lost,
    end_message,
    end_step,
    move,
)
from streamnorm.assistants.engine.store import Row, Rows

__all__ = [
    "begin_calls",
    "begin_message",
    "carried",
    "complete_message",
    "fail_calls",
    "require_action",
    "start",
]


def carried(rows: Rows, run_id: str, owner: str) -> Row:
    """The run."""
    run = rows.get("run", run_id)
    if run is None or run.owner != owner or run.status not in CARRIED:
        raise Lost
    return run


def start(rows: Rows, run: Row, now: int) -> dict[str, Any]:
    """A queued run is in progress."""
    run.body["started_at"] = now
    move(rows, run, "in_progress")
    return run.body


def begin_message(rows: Rows, run: Row, now: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A step, and the message that it writes."""
    given = {"role": "assistant", "content": []}
    message = objects.message(given, now, thread_id=run.thread, run=run.body)
    step = objects.message_step(run.body, message["id"], now)
    _add_open(rows, "step", step, run)
    _add_open(rows, "message", message, run)
    return step, message


def begin_calls(rows: Rows, run: Row, now: int) -> dict[str, Any]:
    """A step of calls."""
    step = objects.calls_step(run.body, now)
    _add_open(rows, "step", step, run)
    return step


def complete_message(
    rows: Rows,
    step_id: str,
    message_id: str,
    content: list[Any],
    now: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The message has its content, and the step that wrote it has ended."""
    step, message = rows.get("step", step_id), rows.get("message", message_id)
    if step is None or message is None:
        raise Lost
    message.body["content"] = content
    end_message(rows, message, "", now)
    end_step(rows, step, "completed", now)
    return step.body, message.body


def require_action(
    rows: Rows,
    run: Row,
    step_id: str,
    calls: list[dict[str, Any]],
    usage: dict[str, Any] | None,
    notes: dict[str, Any],
) -> dict[str, Any]:
    """The run waits for the outputs of these calls. `notes` are kept with their step."""
    rows.put(_with_calls(rows, step_id, calls, usage, notes))
    run.body["required_action"] = {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {"tool_calls": calls},
    }
    run.owner = None
    move(rows, run, "requires_action")
    return run.body


def fail_calls(
    rows: Rows,
    step_id: str,
    calls: list[dict[str, Any]],
    words: str,
    usage: dict[str, Any] | None,
    notes: dict[str, Any],
    now: int,
) -> dict[str, Any]:
    """Calls that cannot be run: their step has failed, and says why. `notes` are kept with it."""
    step = _with_calls(rows, step_id, calls, usage, notes)
    step.body["last_error"] = {"code": "server_error", "message": words}
    end_step(rows, step, "failed", now)
    return step.body


def _with_calls(
    rows: Rows,
    step_id: str,
    calls: list[dict[str, Any]],
    usage: dict[str, Any] | None,
    notes: dict[str, Any],
) -> Row:
    """A step with the calls that it came to."""
    step = rows.get("step", step_id)
    if step is None:
        raise Lost
    step.body["usage"] = usage
    step.body["step_details"]["tool_calls"] = [
        {**call, "function": {**call["function"], "output": None}} for call in calls
    ]
    step.notes = notes
    return step


def _add_open(rows: Rows, kind: str, body: dict[str, Any], run: Row) -> None:
    rows.add(kind, body, thread=run.thread, run=run.id, status="in_progress")
