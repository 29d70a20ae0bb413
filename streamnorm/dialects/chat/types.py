"""The chunks handed out: msgspec Structs that look like the OpenAI SDK's `ChatCompletionChunk` and its parts (3.52), with the
same class names, fields, field order, repr and dumps, and without pydantic. Fields that the SDK does not know are attributes
all the same, and follow the others in repr and dumps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Final, Literal, Self

import msgspec
import msgspec.structs

from streamnorm.assemble import StreamState
from streamnorm.dialects.chat.jsontext import reload
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

#: Where an instance remembers which of its fields the wire had; no attribute can have this name.
_SET: Final = "\0set"


#: By field, the class of the models in it (`type[Model]`; models with a field called `type` cannot spell that out).
_Models = Mapping[str, Any]


class Model(msgspec.Struct, dict=True, kw_only=True):
    """What all of them can do. Unknown fields live in the instance's `__dict__`, so that they are attributes."""

    #: The fields that hold models: their class. Those in `_lists` hold lists of them.
    _models: ClassVar[_Models] = {}
    _lists: ClassVar[frozenset[str]] = frozenset()
    #: Fields that the SDK does not have: they show only where they are set.
    _soft: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def from_dict(cls, obj: Mapping[str, Any]) -> Self:
        """Build one from a decoded JSON object, unknown fields kept."""
        fields: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in obj.items():
            if key not in cls.__struct_fields__:
                extra[key] = value
            elif (model := cls._models.get(key)) is None:
                fields[key] = value
            elif key in cls._lists and isinstance(value, list):
                fields[key] = [model.from_dict(v) if isinstance(v, dict) else v for v in value]
            else:
                fields[key] = model.from_dict(value) if isinstance(value, dict) else value
        for key in _required(cls):
            fields.setdefault(key, None)
        made = cls(**fields)
        made.__dict__.update(extra)
        made.__dict__[_SET] = frozenset(obj)
        return made

    @property
    def model_extra(self) -> dict[str, Any]:
        """The fields that the SDK does not know."""
        return {key: value for key, value in self.__dict__.items() if key[:1] != "\0"}

    @property
    def model_fields_set(self) -> set[str]:
        """The fields that the wire had. A part of a chunk that was decoded without one unknown field does not remember
        its nulls."""
        known = self.__dict__.get(_SET)
        if known is not None:
            return set(known)
        return {name for name in self.__struct_fields__ if getattr(self, name) is not None}

    def model_dump(
        self,
        *,
        mode: str = "python",
        include: set[str] | None = None,
        exclude: set[str] | None = None,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        **_: Any,
    ) -> dict[str, Any]:
        """A dict, nested models dumped too. `include` and `exclude` name top-level fields; pydantic's other options change
        nothing here and are accepted."""
        dumped = self._dump(exclude_unset, exclude_defaults, exclude_none)
        return {
            key: value
            for key, value in dumped.items()
            if (include is None or key in include) and (exclude is None or key not in exclude)
        }

    def model_dump_json(
        self, *, indent: int | None = None, ensure_ascii: bool = False, **options: Any
    ) -> str:
        separators = None if indent is not None else (",", ":")
        return json.dumps(
            self.model_dump(**options),
            indent=indent,
            ensure_ascii=ensure_ascii,
            separators=separators,
        )

    def to_dict(self, *, exclude_unset: bool = True, **options: Any) -> dict[str, Any]:
        return self.model_dump(exclude_unset=exclude_unset, **options)

    def to_json(self, *, indent: int | None = 2, exclude_unset: bool = True, **options: Any) -> str:
        return self.model_dump_json(indent=indent, exclude_unset=exclude_unset, **options)

    def model_copy(self) -> Self:
        return type(self).from_dict(self.to_dict())

    def _shown(self) -> dict[str, Any]:
        shown = {
            name: value
            for name in self._order()
            if (value := getattr(self, name)) is not None or name not in self._soft
        }
        shown.update(self.model_extra)
        return shown

    @classmethod
    @cache
    def _order(cls) -> tuple[str, ...]:
        """The fields as the SDK orders them; a strict reading of a class declares some of them again, elsewhere."""
        public = next(base for base in cls.__mro__ if not base.__qualname__.startswith("_Strict"))
        fields = public.__annotations__
        return tuple(name for name in fields if name in cls.__struct_fields__)

    def _dump(self, unset: bool, defaults: bool, none: bool) -> dict[str, Any]:
        known = self.model_fields_set if unset else None
        dumped: dict[str, Any] = {}
        for key, value in self._shown().items():
            if value is None and (none or (defaults and key in self.__struct_fields__)):
                continue
            if known is not None and value is None and key not in known:
                continue
            dumped[key] = _dumped(value, unset, defaults, none) if key in self._models else value
        return dumped

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._shown().items())})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model) or type(self).__name__ != type(other).__name__:
            return NotImplemented
        return self._shown() == other._shown()

    __hash__ = None  # type: ignore[assignment]  # mutable, as the SDK's


@cache
def _required(cls: type[Model]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(cls) if field.required)


def _dumped(value: Any, unset: bool, defaults: bool, none: bool) -> Any:
    if isinstance(value, Model):
        return value._dump(unset, defaults, none)
    if isinstance(value, list):
        return [_dumped(item, unset, defaults, none) for item in value]
    return value


class TopLogprob(Model, kw_only=True):
    token: str
    bytes: list[int] | None = None
    logprob: float


class ChatCompletionTokenLogprob(Model, kw_only=True):
    _models: ClassVar[_Models] = {"top_logprobs": TopLogprob}
    _lists: ClassVar[frozenset[str]] = frozenset({"top_logprobs"})

    token: str
    bytes: list[int] | None = None
    logprob: float
    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(Model, kw_only=True):
    _models: ClassVar[_Models] = {
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
    _models: ClassVar[_Models] = {"function": ChoiceDeltaToolCallFunction}

    index: int
    id: str | None = None
    function: ChoiceDeltaToolCallFunction | None = None
    type: str | None = None


class ChoiceDelta(Model, kw_only=True):
    _models: ClassVar[_Models] = {
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
    _models: ClassVar[_Models] = {"delta": ChoiceDelta, "logprobs": ChoiceLogprobs}

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
    _models: ClassVar[_Models] = {
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

    _models: ClassVar[_Models] = {"choices": Choice, "usage": CompletionUsage}
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
