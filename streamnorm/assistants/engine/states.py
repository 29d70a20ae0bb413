"""The states of a run, and how it ends: what that does to its steps and messages, in one transaction. Knows rows and a time, and
neither the chat endpoint nor HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streamnorm.assistants.engine import objects
from streamnorm.assistants.engine.store import Row, Rows

__all__ = [
    "ACTIVE",
    "CARRIED",
    "LIFETIME",
    "STOPPED",
    "Ended",
    "Lost",
    "Verdict",
    "active_run",
    "end",
    "end_message",
    "end_step",
    "move",
    "open_of",
    "settle",
    "used",
]

#: Seconds that a run has, from its creation.
LIFETIME: Final = 600

#: A run in one of these holds the lock on its thread.
ACTIVE: Final = ("queued", "in_progress", "requires_action", "cancelling")
#: A run in one of these is being carried on by a process.
CARRIED: Final = ("queued", "in_progress", "cancelling")

#: How a run ends: the field that says when, what becomes of an open step, and why its message is incomplete ("" where the answer
#: itself says why, or it is whole).
_ENDS: Final = {
    "completed": ("completed_at", "completed", ""),
    "incomplete": ("", "completed", ""),
    "failed": ("failed_at", "failed", "run_failed"),
    "cancelled": ("cancelled_at", "cancelled", "run_cancelled"),
    "expired": ("", "expired", "run_expired"),
}
#: What becomes of a step, and the field that says when.
_STEP_TIMES: Final = {
    "completed": "completed_at",
    "failed": "failed_at",
    "cancelled": "cancelled_at",
    "expired": "expired_at",
}

#: The last_error of a run that its process cannot carry on.
STOPPED: Final = {
    "code": "server_error",
    "message": "The process that carried this run on has ended.",
}

_CUT_CALLS: Final = {
    "code": "server_error",
    "message": "The answer was cut before its calls were whole; they were not made.",
}


class Lost(Exception):  # noqa: N818  # it says what happened
    """The run is not this process's any more: it has expired, or was ended or deleted by another."""


class Verdict(msgspec.Struct, frozen=True):
    """How a run ends. `error` is its last_error, `reason` why it is incomplete, `cut` why its message is."""

    status: str
    error: dict[str, str] | None = None
    reason: str = ""
    cut: str = ""


class Ended(msgspec.Struct, frozen=True):
    """A run that has ended, with the steps and messages that ended with it."""

    run: dict[str, Any]
    steps: list[dict[str, Any]]
    messages: list[dict[str, Any]]


def settle(rows: Rows, now: int, dead: list[str]) -> None:
    """End what nobody else ends: runs whose time is over, and those of processes that have ended."""
    for owner in dead:
        for run in rows.of("owner = ?", owner):
            asked = run.status == "cancelling"
            end(rows, run, Verdict("cancelled") if asked else Verdict("failed", STOPPED), now)
        rows.bury(owner)
    for run in rows.of("due <= ?", now):
        end(rows, run, Verdict("expired"), now)


def end(
    rows: Rows,
    run: Row,
    verdict: Verdict,
    now: int,
    *,
    contents: Mapping[str, list[Any]] | None = None,
    usage: dict[str, Any] | None = None,
) -> Ended:
    """The run ends, and with it what is open of it. `contents`: what messages came to, by their ids; `usage` is of its last
    step."""
    when, step_status, cut = _ENDS[verdict.status]
    steps, messages = open_of(rows, run.id, "step"), open_of(rows, run.id, "message")
    for message in messages:
        message.body["content"] = (contents or {}).get(message.id, message.body["content"])
        end_message(rows, message, cut or verdict.cut, now)
    for step in steps:
        step.body["last_error"] = verdict.error
        if step is steps[-1] and step.body["usage"] is None:
            step.body["usage"] = usage
        cut_calls = verdict.status == "incomplete" and step.body["type"] == "tool_calls"
        if cut_calls:
            step.body["last_error"] = _CUT_CALLS
        end_step(rows, step, "failed" if cut_calls else step_status, now)
    body = run.body
    if when:
        body[when] = now
    if verdict.status != "expired":
        body["expires_at"] = None
    body["last_error"] = verdict.error
    body["incomplete_details"] = {"reason": verdict.reason} if verdict.reason else None
    body["required_action"] = None
    body["usage"] = used(rows, run.id)
    run.owner, run.due = None, None
    move(rows, run, verdict.status)
    return Ended(body, [step.body for step in steps], [each.body for each in messages])


def used(rows: Rows, run_id: str) -> dict[str, Any] | None:
    """What the steps of a run have used so far."""
    steps = rows.of("run = ? AND kind = 'step'", run_id)
    return objects.summed([step.body["usage"] for step in steps if step.body["usage"]])


def active_run(rows: Rows, thread_id: str) -> Row | None:
    """The run that holds the thread."""
    marks = ", ".join("?" for _ in ACTIVE)
    found = rows.of(f"thread = ? AND kind = 'run' AND status IN ({marks})", thread_id, *ACTIVE)
    return found[0] if found else None


def open_of(rows: Rows, run_id: str, kind: str) -> list[Row]:
    return rows.of("run = ? AND kind = ? AND status = 'in_progress'", run_id, kind)


def move(rows: Rows, row: Row, status: str) -> None:
    row.status = row.body["status"] = status
    rows.put(row)


def end_message(rows: Rows, message: Row, cut: str, now: int) -> None:
    message.body["incomplete_at" if cut else "completed_at"] = now
    message.body["incomplete_details"] = {"reason": cut} if cut else None
    move(rows, message, "incomplete" if cut else "completed")


def end_step(rows: Rows, step: Row, status: str, now: int) -> None:
    step.body[_STEP_TIMES[status]] = now
    move(rows, step, status)
