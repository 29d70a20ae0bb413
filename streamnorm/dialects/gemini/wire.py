"""What of a response is read, as types; and responses in other clothes, put into those of the wire. A field that is null is
one that is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

__all__ = [
    "MEDIA",
    "METADATA",
    "STEPS",
    "Candidate",
    "FunctionCall",
    "Part",
    "PartialArg",
    "PromptFeedback",
    "Response",
    "is_snake_case",
    "to_camel_case",
    "values_of",
]


class PartialArg(msgspec.Struct, rename="camel"):
    """One value of a call's arguments, or the next piece of a string. A null comes as null itself or as its enum's word."""

    json_path: str | None = None
    string_value: str | None = None
    number_value: int | float | None = None
    bool_value: bool | None = None
    null_value: Any = msgspec.UNSET
    will_continue: bool | None = None


class FunctionCall(msgspec.Struct, rename="camel"):
    id: str | None = None
    name: str | None = None
    args: dict[str, Any] | None = None
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: dict[str, Any] | None = None
    file_data: dict[str, Any] | None = None
    audio_transcription: dict[str, Any] | None = None
    executable_code: dict[str, Any] | None = None
    code_execution_result: dict[str, Any] | None = None
    tool_call: dict[str, Any] | None = None
    tool_response: dict[str, Any] | None = None


class Content(msgspec.Struct, rename="camel"):
    parts: list[Part] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    index: int | None = None
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    continuation_token: str | None = None
    grounding_metadata: dict[str, Any] | None = None
    citation_metadata: dict[str, Any] | None = None
    url_context_metadata: dict[str, Any] | None = None


class PromptFeedback(msgspec.Struct, rename="camel"):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Response(msgspec.Struct, rename="camel"):
    response_id: str | None = None
    model_version: str | None = None
    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: dict[str, Any] | None = None


# What is kept as it was sent, by its name on the wire.

#: Parts that are for whoever reads the message.
MEDIA: Final = {
    "inlineData": "inline_data",
    "fileData": "file_data",
    "audioTranscription": "audio_transcription",
}
#: Parts that tell how it was made, which the server wants back.
STEPS: Final = {
    "executableCode": "executable_code",
    "codeExecutionResult": "code_execution_result",
    "toolCall": "tool_call",
    "toolResponse": "tool_response",
}
#: What is said of the text of a candidate.
METADATA: Final = {
    "citationMetadata": "citation_metadata",
    "groundingMetadata": "grounding_metadata",
    "urlContextMetadata": "url_context_metadata",
}


def values_of(
    owner: Part | Candidate, fields: Mapping[str, str]
) -> list[tuple[str, dict[str, Any]]]:
    """Those of these fields that are there and not empty, each with its name on the wire."""
    return [(name, value) for name, field in fields.items() if (value := getattr(owner, field))]


# Responses as the objects of Python's SDK have them.

#: Names of a response's fields that the wire writes otherwise.
_SNAKE: Final = frozenset(
    {
        "create_time",
        "model_version",
        "prompt_feedback",
        "response_id",
        "sdk_http_response",
        "usage_metadata",
    }
)

#: Objects and lists from a response down to a piece of a call's arguments; nothing that is read lies deeper.
_DEPTH: Final = 10

#: What the user or the model named: not ours to rename.
_THEIRS: Final = frozenset({"args", "headers"})

_after_underscore = re.compile(r"(?<=[a-z0-9])_([a-z])").sub


def is_snake_case(obj: Mapping[str, Any]) -> bool:
    """This response names its fields as Python's SDK does."""
    return not _SNAKE.isdisjoint(obj)


def to_camel_case(value: Any, depth: int = _DEPTH) -> Any:
    """`value` with its fields named as on the wire."""
    if isinstance(value, list) and depth:
        return [to_camel_case(item, depth - 1) for item in value]
    if not (isinstance(value, dict) and depth):
        return value
    return {
        _after_underscore(lambda match: match[1].upper(), key): (
            item if key in _THEIRS else to_camel_case(item, depth - 1)
        )
        for key, item in value.items()
    }
