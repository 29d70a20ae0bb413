"""A run's next chat request, made of its thread: the messages and calls so far, cut to what the run may use. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from streamnorm.assistants.engine.store import Row

__all__ = ["chat_request", "replay", "spent", "tokens_of"]

#: A token is taken to be so many bytes, a message to have so many tokens besides, and an image so many: what is sent is measured
#: before any endpoint has counted it.
BYTES_PER_TOKEN: Final = 4
MESSAGE_TOKENS: Final = 4
IMAGE_TOKENS: Final = 1_000

#: What of a run goes into the request as it is, where somebody asked for it.
_PASSED: Final = ("temperature", "top_p", "reasoning_effort", "parallel_tool_calls")


class _Turn(msgspec.Struct, frozen=True):
    """Messages that belong together: one, or calls with their outputs. `own`: they are of the run that asks. `counts`: it is a
    message of the thread."""

    messages: list[dict[str, Any]]
    own: bool
    counts: bool

    @property
    def tokens(self) -> int:
        return tokens_of(self.messages)


def _tokens(message: dict[str, Any]) -> int:
    parts = message["content"] if isinstance(message["content"], list) else []
    images = [part for part in parts if part["type"] == "image_url"]
    size = len(msgspec.json.encode(message)) - len(msgspec.json.encode(images))
    return size // BYTES_PER_TOKEN + MESSAGE_TOKENS + IMAGE_TOKENS * len(images)


def spent(run: Mapping[str, Any], used: Mapping[str, Any] | None) -> str:
    """Which tokens the run may not use any more; "" where it may go on."""
    for name in ("completion_tokens", "prompt_tokens"):
        most = run[f"max_{name}"]
        if most is not None and used is not None and used[name] >= most:
            return f"max_{name}"
    return ""


def chat_request(
    run: Row, items: list[Row], used: Mapping[str, Any] | None, most: int | None = None
) -> dict[str, Any]:
    """What to ask the endpoint.

    items: the messages and steps of the thread, oldest first. used: the run's usage so far. most: tokens that the prompt may
    have, where that is known.
    """
    body = run.body
    asked = run.notes.get("asked", ())
    request: dict[str, Any] = {
        "model": body["model"],
        "messages": _messages(run, items, used, most),
    }
    for name in _PASSED:
        if name in asked and body[name] is not None:
            request[name] = body[name]
    if body["response_format"] != "auto":
        request["response_format"] = body["response_format"]
    if body["tools"]:
        request["tools"] = [_tool(tool) for tool in body["tools"]]
        # A choice that forces a call holds until one was made: the model could never answer otherwise.
        choice, called = body["tool_choice"], any(_is_called_by(run.id, row) for row in items)
        if choice == "none" or (choice != "auto" and not called):
            request["tool_choice"] = choice
    else:
        request.pop("parallel_tool_calls", None)
    may_write = body["max_completion_tokens"]
    if may_write is not None:
        request["max_completion_tokens"] = may_write - (used or {}).get("completion_tokens", 0)
    return request


def replay(message: Any) -> dict[str, Any]:
    """An assembled answer as a message of the next request, with all that the endpoint may want to see again."""
    found: dict[str, Any] = {"role": "assistant", "content": message.content}
    for name in ("refusal", "reasoning_content", "reasoning_details"):
        value = getattr(message, name)
        if value:
            found[name] = value
    found["tool_calls"] = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
            **({} if call.extra_content is None else {"extra_content": call.extra_content}),
        }
        for call in message.tool_calls
    ]
    return found


def tokens_of(messages: list[dict[str, Any]]) -> int:
    """About how many tokens messages have."""
    return sum(map(_tokens, messages))


def _messages(
    run: Row, items: list[Row], used: Mapping[str, Any] | None, most: int | None
) -> list[dict[str, Any]]:
    turns = list(_turns(run.id, items))
    last = run.body["truncation_strategy"]["last_messages"]
    if run.body["truncation_strategy"]["type"] == "last_messages" and last is not None:
        turns = _last(turns, last)
    instructions = run.body["instructions"]
    begin = [{"role": "system", "content": instructions}] if instructions else []
    allowed = run.body["max_prompt_tokens"]
    if allowed is not None:
        left = allowed - (used or {}).get("prompt_tokens", 0)
        most = left if most is None else min(left, most)
    if most is not None:
        turns = _fitting(turns, most - tokens_of(begin))
    return begin + [message for turn in turns for message in turn.messages]


def _last(turns: list[_Turn], number: int) -> list[_Turn]:
    """From the last so many messages of the thread on, and all that is of the run."""
    left = number
    kept: list[_Turn] = []
    for turn in reversed(turns):
        if turn.own or left > 0:
            kept.append(turn)
        if turn.counts and not turn.own:
            left -= 1
    return kept[::-1]


def _fitting(turns: list[_Turn], tokens: int) -> list[_Turn]:
    """Without the oldest ones, until the rest fits. What is of the run stays, and the last message."""
    spare = sum(turn.tokens for turn in turns) - tokens
    newest = max((at for at, turn in enumerate(turns) if not turn.own), default=-1)
    kept = []
    for at, turn in enumerate(turns):
        if spare > 0 and not turn.own and at != newest:
            spare -= turn.tokens
        else:
            kept.append(turn)
    return kept


def _turns(run_id: str, items: list[Row]) -> Iterable[_Turn]:
    calls = [row for row in items if _answered(row, run_id)]
    told_with_calls = {each for row in calls for each in row.notes["with"]}
    ids = {row.id for row in items}
    for row in items:
        own = row.run == run_id
        if row.kind == "message" and row.id not in told_with_calls:
            message = _message(row.body)
            if message is not None:
                yield _Turn([message], own, True)
        elif _answered(row, run_id):
            said = row.notes["message"]
            if not ids.issuperset(row.notes["with"]):
                said = {**said, "content": None}  # the message beside the calls was deleted
            yield _Turn([said, *_outputs(row)], own, False)


def _is_called_by(run_id: str, row: Row) -> bool:
    """A step whose calls this run made, and had answered."""
    return row.run == run_id and row.status == "completed" and _answered(row, run_id)


def _answered(row: Row, run_id: str) -> bool:
    """A step whose calls have outputs, or that the run was told to make again."""
    if row.kind != "step" or row.body["type"] != "tool_calls" or "message" not in row.notes:
        return False
    return row.status == "completed" or (row.run == run_id and "corrections" in row.notes)


def _outputs(step: Row) -> list[dict[str, Any]]:
    if step.status != "completed":
        outputs: list[dict[str, Any]] = step.notes["corrections"]
        return outputs
    return [
        {"role": "tool", "tool_call_id": call["id"], "content": call["function"]["output"] or ""}
        for call in step.body["step_details"]["tool_calls"]
    ]


def _message(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """None for a message that says nothing."""
    parts = [_part(part) for part in body["content"]]
    texts = [part["text"] for part in parts if part["type"] == "text" and part["text"]]
    if body["role"] == "assistant" or len(texts) == len(parts) == 1:
        # An assistant's message is a text in most endpoints.
        joined = "\n\n".join(texts)
        return {"role": body["role"], "content": joined} if joined else None
    return {"role": body["role"], "content": parts} if parts else None


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    match part["type"]:
        case "text":
            return {"type": "text", "text": part["text"]["value"]}
        case "refusal":
            return {"type": "text", "text": part["refusal"]}
        case _:
            return {"type": "image_url", "image_url": part["image_url"]}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """As the endpoint is told: strict only where that is asked for, as not every endpoint knows the word."""
    function = {
        name: value for name, value in tool["function"].items() if name != "strict" or value
    }
    return {"type": "function", "function": function}
