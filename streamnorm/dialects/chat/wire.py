"""What a chat chunk may look like on the wire: bytes in, typed Structs out. Knows types, not order.

There are two readings of the same bytes. The *clean* one refuses whatever needs a second look (a field of the wrong JSON
type, or one that another provider uses for the same thing); a field typed `None` below is a detector: absent or null
passes, anything else refuses. The refusal costs nothing on a clean chunk, and is what sends a chunk down the tolerant path
(`shape.read`), which works on a dict and ends in the *general* types. Field set: `CreateChatCompletionStreamResponse` of
the OpenAI specification, and the fields seen in the wild that change the meaning of a stream.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

__all__ = [
    "OBJECT",
    "REFUSED",
    "Call",
    "Choice",
    "Chunk",
    "CleanChunk",
    "Custom",
    "Delta",
    "Function",
    "decode_clean",
]

# None of these can be part of a cycle, so the garbage collector need not look at them (`gc=False`).

OBJECT: Final = "chat.completion.chunk"

#: A number that no server means: the field was missing or null.
MISSING: Final = -1


class Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None
    id: str | None = None


class Custom(msgspec.Struct, gc=False):
    """A custom tool's call; `input` is free text, not JSON."""

    name: str | None = None
    input: str | None = None


class Call(msgspec.Struct, gc=False):
    index: int = MISSING
    id: str | None = None
    type: str | None = None
    function: Function | None = None
    custom: Custom | None = None
    extra_content: Any = None


class Delta(msgspec.Struct, gc=False):
    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None
    audio: dict[str, Any] | None = None
    annotations: list[Any] | None = None
    reasoning_details: list[Any] | None = None


class Choice(msgspec.Struct, gc=False):
    index: int = MISSING
    delta: Delta = msgspec.field(default_factory=Delta)
    logprobs: dict[str, Any] | None = None
    finish_reason: str | None = None
    message: Delta | None = None
    usage: dict[str, Any] | None = None


class Chunk(msgspec.Struct, gc=False):
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    choices: list[Choice] = []
    usage: dict[str, Any] | None = None
    x_groq: Any = None


class CleanFunction(Function, gc=False):
    id: None = None
    parameters: None = None


class CleanCall(Call, gc=False):
    # Missing is fine and null is not: readers that merge deltas take it for the new type.
    type: str = None  # type: ignore[assignment]
    function: CleanFunction | None = None
    custom: None = None
    extra_content: None = None
    name: None = None
    arguments: None = None


class CleanDelta(Delta, gc=False):
    refusal: None = None
    tool_calls: list[CleanCall] | None = None  # type: ignore[assignment]  # list is invariant; only the decoder reads this
    function_call: None = None
    audio: None = None
    annotations: None = None
    reasoning: None = None
    reasoning_details: None = None
    reasoning_text: None = None
    thinking: None = None


# The fields of these two stand in the order of the wire, where the decoder looks first.


class CleanChoice(Choice, kw_only=True, gc=False):
    index: int = MISSING
    delta: CleanDelta
    logprobs: None = None
    finish_reason: str | None = None
    message: None = None
    usage: None = None
    error: None = None


class CleanChunk(Chunk, kw_only=True, gc=False):
    id: str = ""
    object: Literal["chat.completion.chunk"]
    created: int = 0
    model: str = ""
    choices: list[CleanChoice]  # type: ignore[assignment]  # as above
    usage: dict[str, Any] | None = None
    error: None = None
    x_groq: None = None


#: What a decoder raises where it refuses: wrong types or broken JSON, broken UTF-8, too many brackets.
REFUSED: Final = (msgspec.DecodeError, UnicodeError, RecursionError)

decode_clean = msgspec.json.Decoder(CleanChunk).decode
