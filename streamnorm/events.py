"""What a user of a stream sees: a closed union of small frozen Structs. Each carries the choice it belongs to (`choice`) and,
for tool calls, the call's dense index within that choice (`index`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from streamnorm.arguments.live import pointer_of
from streamnorm.errors import RemoteError, ServerError, StreamInvalid, StreamTruncated

if TYPE_CHECKING:
    from streamnorm.arguments.validate import Validation

__all__ = [
    "ArgumentsDelta",
    "ArgumentsRejected",
    "ChoiceFinished",
    "Event",
    "FailureKind",
    "FieldCompleted",
    "FinishReason",
    "ReasoningDelta",
    "RefusalDelta",
    "StreamEnded",
    "StreamFailed",
    "StreamStarted",
    "TextDelta",
    "ToolCallFinished",
    "ToolCallStarted",
    "UsageReported",
]

#: The unified reasons. `other` is a reason nobody has mapped yet: its raw value says what the server sent.
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "other"]

FailureKind = Literal["truncated", "server", "invalid", "too_large"]


class _Event(msgspec.Struct, frozen=True, gc=False, tag_field="event"):
    pass


class StreamStarted(_Event, frozen=True, gc=False, tag="start"):
    """The first chunk came. `created` is Unix seconds, 0 where the server never says."""

    id: str
    model: str
    created: int


class TextDelta(_Event, frozen=True, gc=False, tag="text"):
    choice: int
    text: str


class ReasoningDelta(_Event, frozen=True, gc=False, tag="reasoning"):
    choice: int
    text: str


class RefusalDelta(_Event, frozen=True, gc=False, tag="refusal"):
    choice: int
    text: str


class ToolCallStarted(_Event, frozen=True, gc=False, tag="tool_call_started"):
    """A call opens: its id is unique in the choice, its name whole. `type` is `function` or `custom`."""

    choice: int
    index: int
    id: str
    name: str
    type: str


class ArgumentsDelta(_Event, frozen=True, gc=False, tag="arguments"):
    """The next fragment of a call's argument text (of a custom call: of its input). Never empty."""

    choice: int
    index: int
    fragment: str


class FieldCompleted(_Event, frozen=True, gc=False, tag="field_completed"):
    """A value in a call's arguments is whole: nothing that follows changes it. `path` leads to it by names and indexes, `()` is
    the whole. Told where it was asked for (`live=True`), right behind the fragment that completed it."""

    choice: int
    index: int
    path: tuple[str | int, ...]
    value: Any

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer (RFC 6901)."""
        return pointer_of(self.path)


class ArgumentsRejected(_Event, frozen=True, gc=False, tag="arguments_rejected"):
    """The arguments that are still coming cannot become valid, whatever follows: whoever pays for them may stop. `message` says
    why, in a sentence fit for the model. Told once for a call, where the tools are known, right behind the fragment (or the
    name) that made it certain."""

    choice: int
    index: int
    path: tuple[str | int, ...]
    message: str

    @property
    def pointer(self) -> str:
        """The place of the value as a JSON Pointer (RFC 6901)."""
        return pointer_of(self.path)


class ToolCallFinished(_Event, frozen=True, gc=False, tag="tool_call_finished"):
    """A call is whole. `complete` is false where the arguments are not one JSON object: do not run such a call.
    `validation` is the verdict on them where the tools are known."""

    choice: int
    index: int
    id: str
    name: str
    arguments: str
    complete: bool
    validation: Validation | None = None


class ChoiceFinished(_Event, frozen=True, gc=False, tag="finish"):
    """`reason` is the unified reason, `raw_reason` the server's own (None where it never sent one)."""

    choice: int
    reason: FinishReason
    raw_reason: str | None


class UsageReported(_Event, frozen=True, gc=False, tag="usage"):
    """Token counts as the server sent them last, provider-specific keys included."""

    usage: dict[str, Any]


class StreamFailed(_Event, frozen=True, gc=False, tag="failed"):
    """The stream is not to be trusted past this point; what came before stays in the result. `message` holds the server's
    words where there are any."""

    kind: FailureKind
    message: str
    type: str | None = None
    code: str | int | None = None

    def exception(self, partial: Any = None) -> RemoteError:
        """The exception that a façade raises for this failure."""
        return _EXCEPTIONS[self.kind](self.message, type=self.type, code=self.code, partial=partial)


class StreamEnded(_Event, frozen=True, gc=False, tag="end"):
    """The stream ended as its protocol says."""


Event = (
    StreamStarted
    | TextDelta
    | ReasoningDelta
    | RefusalDelta
    | ToolCallStarted
    | ArgumentsDelta
    | FieldCompleted
    | ArgumentsRejected
    | ToolCallFinished
    | ChoiceFinished
    | UsageReported
    | StreamFailed
    | StreamEnded
)

_EXCEPTIONS: dict[FailureKind, type[RemoteError]] = {
    "truncated": StreamTruncated,
    "server": ServerError,
    "invalid": StreamInvalid,
    "too_large": StreamInvalid,
}
