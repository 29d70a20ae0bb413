"""The usual whole completion, one choice of text, read at once: a typed decode that refuses whatever a repair might want to look
at. The refusal is the detector, as it is for chunks."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from streamnorm.assemble import AssembledChoice, Message, Result

__all__ = ["read_plain"]


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["assistant"]
    content: str
    refusal: None = None
    annotations: list[None] | None = None
    audio: None = None
    function_call: None = None
    tool_calls: None = None


class _Choice(msgspec.Struct, forbid_unknown_fields=True):
    index: Literal[0]
    message: _Message
    finish_reason: Literal["stop", "length", "content_filter"]
    logprobs: None = None


class _Completion(msgspec.Struct):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: tuple[_Choice]
    usage: dict[str, Any]
    error: None = None


_decode_typed = msgspec.json.Decoder(_Completion).decode
_decode = msgspec.json.Decoder().decode


def read_plain(body: bytes) -> tuple[dict[str, Any], Result] | None:
    """The completion as it is, and what it amounts to; None for one that has to be looked at."""
    try:
        typed = _decode_typed(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    (choice,) = typed.choices
    message, reason = choice.message, choice.finish_reason
    if not (typed.id and typed.model and message.content) or message.annotations:
        return None
    result = Result(
        id=typed.id,
        model=typed.model,
        created=typed.created,
        choices=[
            AssembledChoice(
                index=0,
                message=Message(content=message.content),
                finish_reason=reason,
                raw_finish_reason=reason,
            )
        ],
        usage=typed.usage,
    )
    return _decode(body), result
