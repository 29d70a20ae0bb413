"""The objects of the API as JSON, each with all of its fields in the API's order. Knows no rows and no clock."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

__all__ = [
    "MESSAGE",
    "assistant",
    "calls_step",
    "deleted",
    "listed",
    "message",
    "message_step",
    "new_id",
    "run",
    "summed",
    "text_part",
    "thread",
    "usage_of",
]

#: What the names of ids begin with.
MESSAGE: Final = "msg"


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def assistant(given: Mapping[str, Any], now: int) -> dict[str, Any]:
    return {
        "id": new_id("asst"),
        "object": "assistant",
        "created_at": now,
        "name": given.get("name"),
        "description": given.get("description"),
        "model": given["model"],
        "instructions": given.get("instructions"),
        "tools": given.get("tools") or [],
        "top_p": _or(given.get("top_p"), 1.0),
        "temperature": _or(given.get("temperature"), 1.0),
        "reasoning_effort": given.get("reasoning_effort"),
        "tool_resources": given.get("tool_resources") or {},
        "metadata": given.get("metadata") or {},
        "response_format": _or(given.get("response_format"), "auto"),
    }


def thread(given: Mapping[str, Any], now: int) -> dict[str, Any]:
    return {
        "id": new_id("thread"),
        "object": "thread",
        "created_at": now,
        "metadata": given.get("metadata") or {},
        "tool_resources": given.get("tool_resources") or {},
    }


def message(
    given: Mapping[str, Any],
    now: int,
    *,
    thread_id: str,
    run: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A message that is whole; with `run`, one that a run has begun to write."""
    return {
        "id": new_id(MESSAGE),
        "object": "thread.message",
        "created_at": now,
        "assistant_id": run["assistant_id"] if run else None,
        "thread_id": thread_id,
        "run_id": run["id"] if run else None,
        "status": "in_progress" if run else "completed",
        "incomplete_details": None,
        "incomplete_at": None,
        "completed_at": None if run else now,
        "role": given["role"],
        "content": given["content"],
        "attachments": [],
        "metadata": given.get("metadata") or {},
    }


def text_part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": {"value": text, "annotations": []}}


def run(
    given: Mapping[str, Any],
    now: int,
    *,
    expires: int,
    thread_id: str,
    assistant: Mapping[str, Any],
) -> dict[str, Any]:
    """A run that is queued. What it was not given it has from its assistant."""

    def either(name: str) -> Any:
        return _or(given.get(name), assistant[name])

    instructions = either("instructions")
    if given.get("additional_instructions"):
        instructions = "\n".join(filter(None, (instructions, given["additional_instructions"])))
    return {
        "id": new_id("run"),
        "object": "thread.run",
        "created_at": now,
        "assistant_id": assistant["id"],
        "thread_id": thread_id,
        "status": "queued",
        "started_at": None,
        "expires_at": expires,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "required_action": None,
        "last_error": None,
        "model": either("model"),
        "instructions": instructions,
        "tools": either("tools"),
        "tool_resources": assistant["tool_resources"],
        "metadata": given.get("metadata") or {},
        "temperature": either("temperature"),
        "top_p": either("top_p"),
        "reasoning_effort": either("reasoning_effort"),
        "max_completion_tokens": given.get("max_completion_tokens"),
        "max_prompt_tokens": given.get("max_prompt_tokens"),
        "truncation_strategy": {
            "type": "auto",
            "last_messages": None,
            **(given.get("truncation_strategy") or {}),
        },
        "incomplete_details": None,
        "usage": None,
        "response_format": either("response_format"),
        "tool_choice": _or(given.get("tool_choice"), "auto"),
        "parallel_tool_calls": _or(given.get("parallel_tool_calls"), True),
    }


def message_step(run: Mapping[str, Any], message_id: str, now: int) -> dict[str, Any]:
    creation = {"type": "message_creation", "message_creation": {"message_id": message_id}}
    return _step(run, creation, now)


def calls_step(run: Mapping[str, Any], now: int) -> dict[str, Any]:
    return _step(run, {"type": "tool_calls", "tool_calls": []}, now)


def _step(run: Mapping[str, Any], details: dict[str, Any], now: int) -> dict[str, Any]:
    return {
        "id": new_id("step"),
        "object": "thread.run.step",
        "created_at": now,
        "run_id": run["id"],
        "assistant_id": run["assistant_id"],
        "thread_id": run["thread_id"],
        "type": details["type"],
        "status": "in_progress",
        "cancelled_at": None,
        "completed_at": None,
        "expired_at": None,
        "expires_at": run["expires_at"],
        "failed_at": None,
        "last_error": None,
        "step_details": details,
        "usage": None,
        "metadata": None,
    }


def deleted(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": body["id"], "object": f"{body['object']}.deleted", "deleted": True}


def listed(bodies: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """A page."""
    return {
        "object": "list",
        "data": bodies,
        "first_id": bodies[0]["id"] if bodies else None,
        "last_id": bodies[-1]["id"] if bodies else None,
        "has_more": more,
    }


def usage_of(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A chat endpoint's usage as a step's; None where it told none."""
    if told is None:
        return None
    prompt, completion = _count(told, "prompt_tokens"), _count(told, "completion_tokens")
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": _count(told, "total_tokens") or prompt + completion,
        "prompt_token_details": {
            "cached_tokens": _count(told.get("prompt_tokens_details"), "cached_tokens")
        },
        "completion_tokens_details": {
            "reasoning_tokens": _count(told.get("completion_tokens_details"), "reasoning_tokens")
        },
    }


def summed(usages: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The usage of a run: that of its steps, taken together. None where no step has any."""
    if not usages:
        return None
    return {
        name: summed([usage[name] for usage in usages])
        if isinstance(value, dict)
        else sum(usage[name] for usage in usages)
        for name, value in usages[0].items()
    }


def _count(told: Any, name: str) -> int:
    value = told.get(name) if isinstance(told, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
