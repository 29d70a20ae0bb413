"""What a request changes in a thread and its runs, one function for each, to be called in one transaction. Each raises Refusal
for what the state of the run does not allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamnorm.assistants.engine import objects
from streamnorm.assistants.engine.refusals import Refusal
from streamnorm.assistants.engine.states import (
    ACTIVE,
    LIFETIME,
    Verdict,
    active_run,
    end,
    end_step,
    move,
    open_of,
)
from streamnorm.assistants.engine.store import Row, Rows

__all__ = ["add_message", "add_run", "ask_to_cancel", "submit"]


def add_message(rows: Rows, thread_id: str, given: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Raises Refusal where a run holds the thread."""
    active = active_run(rows, thread_id)
    if active is not None:
        raise Refusal(f"Can't add messages to {thread_id} while a run {active.id} is active.")
    return _add_message(rows, thread_id, given, now)


def add_run(
    rows: Rows,
    thread_id: str,
    given: Mapping[str, Any],
    assistant: Row,
    *,
    owner: str,
    now: int,
) -> dict[str, Any]:
    """A queued run, behind the messages that come with it. Raises Refusal where another holds the thread."""
    active = active_run(rows, thread_id)
    if active is not None:
        raise Refusal(f"Thread {thread_id} already has an active run {active.id}.")
    for each in given.get("additional_messages") or ():
        _add_message(rows, thread_id, each, now)
    run = objects.run(
        given, now, expires=now + LIFETIME, thread_id=thread_id, assistant=assistant.body
    )
    # What nobody asked for is not asked of the endpoint either, whose own defaults may be others.
    notes = {"asked": sorted({*assistant.notes.get("asked", ()), *given})}
    rows.add(
        "run",
        run,
        thread=thread_id,
        status="queued",
        due=run["expires_at"],
        owner=owner,
        notes=notes,
    )
    return run


def submit(
    rows: Rows, run: Row, outputs: list[dict[str, Any]], *, owner: str, now: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answer the calls of a run, which is queued again. Returns the run and its step. Raises Refusal where it waits for none, or
    for others than these."""
    if run.status != "requires_action":
        raise Refusal(f'Runs in status "{run.status}" do not accept tool outputs.')
    (step,) = open_of(rows, run.id, "step")
    calls = step.body["step_details"]["tool_calls"]
    _check_outputs([call["id"] for call in calls], outputs)
    told = {each["tool_call_id"]: each.get("output", "") for each in outputs}
    for call in calls:
        call["function"]["output"] = told[call["id"]]
    end_step(rows, step, "completed", now)
    run.body["required_action"] = None
    run.owner = owner
    move(rows, run, "queued")
    return run.body, step.body


def _check_outputs(wanted: list[str], outputs: list[dict[str, Any]]) -> None:
    came = [each.get("tool_call_id", "") for each in outputs]
    if sorted(came) == sorted(wanted):
        return
    words = f"Expected tool outputs for call_ids {wanted}, got {came}"
    missing = [each for each in wanted if each not in came]
    others = [each for each in came if each not in wanted]
    twice = sorted({each for each in came if came.count(each) > 1})
    for what, ids in (("missing", missing), ("not of this run", others), ("given twice", twice)):
        if ids:
            words += f"; {what}: {', '.join(ids)}"
    raise Refusal(f"{words}. Submit the outputs of all calls at once.", param="tool_outputs")


def ask_to_cancel(rows: Rows, run: Row, now: int) -> dict[str, Any]:
    """Where a process carries the run on, that one cancels it. Raises Refusal for a run that has ended."""
    if run.status == "requires_action":
        return end(rows, run, Verdict("cancelled"), now).run
    if run.status == "cancelling":
        return run.body
    if run.status not in ACTIVE:
        raise Refusal(f"Cannot cancel run with status '{run.status}'.")
    move(rows, run, "cancelling")
    return run.body


def _add_message(rows: Rows, thread_id: str, given: Mapping[str, Any], now: int) -> dict[str, Any]:
    message = objects.message(given, now, thread_id=thread_id)
    rows.add("message", message, thread=thread_id, status=message["status"])
    return message
