"""The answer in an exchange, streamed or in one piece, in the form that both have in common. Nothing is put right in it."""

from __future__ import annotations

from typing import Any

import msgspec

from streamnorm.conformance.chat import dicts, is_integer
from streamnorm.conformance.evidence import Evidence

__all__ = ["Answer", "CallSaid", "answer_in"]


class CallSaid(msgspec.Struct, frozen=True):
    """A call: its id, the name of the tool, and the text of the arguments."""

    id: str
    name: str
    arguments: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was said: the text of the first choice, the calls, why it ended, the usage; empty where there is none."""

    text: str = ""
    calls: tuple[CallSaid, ...] = ()
    reason: str = ""
    usage: dict[str, Any] = {}

    def count(self, *names: str) -> int | None:
        """The count of tokens of the first of these names that the usage has; None where it has none."""
        found = (self.usage.get(name) for name in names)
        return next((count for count in found if is_integer(count)), None)


def answer_in(evidence: Evidence) -> Answer:
    """The answer of a chat or a Responses exchange; an empty one where there is none."""
    if evidence.dialect == "responses":
        return _of_response(evidence)
    return _of_stream(evidence) if evidence.is_stream else _of_completion(evidence.json)


def _of_stream(evidence: Evidence) -> Answer:
    chat = evidence.chat
    calls = (
        CallSaid(call.ids[0][1] if call.ids else "", call.name, call.arguments)
        for call in chat.calls
        if call.choice in (0, None)
    )
    return Answer(
        text=chat.text.get(0, ""),
        calls=tuple(calls),
        reason=_text(chat.reason_of(0)),
        usage=chat.usages[-1][1] if chat.usages else {},
    )


def _of_completion(body: Any) -> Answer:
    choices = dicts(_object(body).get("choices"))
    choice = choices[0] if choices else {}
    message = _object(choice.get("message"))
    calls = dicts(message.get("tool_calls"))
    return Answer(
        text=_text(message.get("content")),
        calls=tuple(_call(call, _object(call.get("function"))) for call in calls),
        reason=_text(choice.get("finish_reason")),
        usage=_object(_object(body).get("usage")),
    )


def _of_response(evidence: Evidence) -> Answer:
    body = evidence.responses.final if evidence.is_stream else _object(evidence.json)
    items = dicts(body.get("output"))
    parts = (part for item in items for part in dicts(item.get("content")))
    calls = (item for item in items if item.get("type") == "function_call")
    return Answer(
        text="".join(_text(part.get("text")) for part in parts),
        calls=tuple(_call({"id": call.get("call_id")}, call) for call in calls),
        reason=_text(body.get("status")),
        usage=_object(body.get("usage")),
    )


def _call(call: dict[str, Any], function: dict[str, Any]) -> CallSaid:
    return CallSaid(
        _text(call.get("id")), _text(function.get("name")), _text(function.get("arguments"))
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
