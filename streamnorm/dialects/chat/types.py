"""The chunks handed out: msgspec Structs that look like the OpenAI SDK's `ChatCompletionChunk` and its parts (3.52), with the
same class names, fields, field order, repr and dumps, and without pydantic. Fields that the SDK does not know are attributes
all the same, and follow the others in repr and dumps."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from streamnorm.assemble import StreamState
from streamnorm.dialects.chat.jsontext import reload
from streamnorm.dialects.chat.model import Model, Models
from streamnorm.dialects.chat.pieces import Piece

__all__ = [
    "ChatCompletionChunk",
    "ChatCompletionTokenLogprob",
    "Choice",
    "ChoiceDelta",
    "ChoiceDeltaAudio",
    "ChoiceDeltaFunctionCall",
    "ChoiceDeltaToolCall",
    "ChoiceDeltaToolCallFunction",
    "ChoiceLogprobs",
    "CompletionTokensDetails",
    "CompletionUsage",
    "PromptTokensDetails",
    "TopLogprob",
    "decode_strict",
]


class TopLogprob(Model, kw_only=True):
    _floats: ClassVar[frozenset[str]] = frozenset({"logprob"})

    token: str
    bytes: list[int] | None = None
    logprob: float


class ChatCompletionTokenLogprob(Model, kw_only=True):
    _models: ClassVar[Models] = {"top_logprobs": TopLogprob}
    _lists: ClassVar[frozenset[str]] = frozenset({"top_logprobs"})
    _floats: ClassVar[frozenset[str]] = frozenset({"logprob"})

    token: str
    bytes: list[int] | None = None
    logprob: float
    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "content": ChatCompletionTokenLogprob,
        "refusal": ChatCompletionTokenLogprob,
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"content", "refusal"})

    content: list[ChatCompletionTokenLogprob] | None = None
    refusal: list[ChatCompletionTokenLogprob] | None = None


class ChoiceDeltaAudio(Model, kw_only=True):
    id: str | None = None
    data: str | None = None
    expires_at: int | None = None
    transcript: str | None = None


class ChoiceDeltaFunctionCall(Model, kw_only=True):
    arguments: str | None = None
    name: str | None = None


class ChoiceDeltaToolCallFunction(Model, kw_only=True):
    arguments: str | None = None
    name: str | None = None


class ChoiceDeltaToolCall(Model, kw_only=True):
    _models: ClassVar[Models] = {"function": ChoiceDeltaToolCallFunction}

    index: int
    id: str | None = None
    function: ChoiceDeltaToolCallFunction | None = None
    type: str | None = None


class ChoiceDelta(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "audio": ChoiceDeltaAudio,
        "function_call": ChoiceDeltaFunctionCall,
        "tool_calls": ChoiceDeltaToolCall,
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"tool_calls"})
    _soft: ClassVar[frozenset[str]] = frozenset({"reasoning_content"})

    audio: ChoiceDeltaAudio | None = None
    content: str | None = None
    function_call: ChoiceDeltaFunctionCall | None = None
    refusal: str | None = None
    role: str | None = None
    tool_calls: list[ChoiceDeltaToolCall] | None = None
    reasoning_content: str | None = None


class Choice(Model, kw_only=True):
    _models: ClassVar[Models] = {"delta": ChoiceDelta, "logprobs": ChoiceLogprobs}

    delta: ChoiceDelta
    index: int
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None


class CompletionTokensDetails(Model, kw_only=True):
    accepted_prediction_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    text_tokens: int | None = None


class PromptTokensDetails(Model, kw_only=True):
    audio_tokens: int | None = None
    cache_write_tokens: int | None = None
    cached_tokens: int | None = None
    image_tokens: int | None = None
    text_tokens: int | None = None


class CompletionUsage(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "completion_tokens_details": CompletionTokensDetails,
        "prompt_tokens_details": PromptTokensDetails,
    }

    completion_tokens: int
    prompt_tokens: int
    total_tokens: int
    completion_tokens_details: CompletionTokensDetails | None = None
    prompt_tokens_details: PromptTokensDetails | None = None


class ChatCompletionChunk(Model, kw_only=True):
    """One canonical chunk."""

    _models: ClassVar[Models] = {"choices": Choice, "usage": CompletionUsage}
    _lists: ClassVar[frozenset[str]] = frozenset({"choices"})

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: Literal["chat.completion.chunk"]
    moderation: Any = None
    obfuscation: str | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None

    @classmethod
    def from_piece(cls, piece: Piece, stream: StreamState) -> ChatCompletionChunk:
        raw = piece.slot.raw
        obj = piece.render(stream) if raw is None else reload(raw)
        return cls.from_dict(obj)


# The strict reading: decodes the usual chunk straight into the classes above, and refuses one that has an unknown field (it
# would be lost), or says something rare. Declared again as None, a field is a detector, as in `wire`.


class _StrictFunction(ChoiceDeltaToolCallFunction, kw_only=True, forbid_unknown_fields=True):
    pass


class _StrictToolCall(ChoiceDeltaToolCall, kw_only=True, forbid_unknown_fields=True):
    type: str = None  # type: ignore[assignment]  # null refuses, as in `wire`
    function: _StrictFunction | None = None


class _StrictDelta(ChoiceDelta, kw_only=True, forbid_unknown_fields=True):
    audio: None = None
    function_call: None = None
    refusal: None = None
    tool_calls: list[_StrictToolCall] | None = None  # type: ignore[assignment]  # list is invariant; only decoded


class _StrictChoice(Choice, kw_only=True, forbid_unknown_fields=True):
    delta: _StrictDelta
    logprobs: None = None


class _StrictChunk(ChatCompletionChunk, kw_only=True, forbid_unknown_fields=True):
    choices: list[_StrictChoice]  # type: ignore[assignment]  # as above
    moderation: None = None
    usage: None = None


for _strict in (_StrictFunction, _StrictToolCall, _StrictDelta, _StrictChoice, _StrictChunk):
    _strict.__name__ = _strict.__mro__[1].__name__

decode_strict = msgspec.json.Decoder(_StrictChunk).decode
