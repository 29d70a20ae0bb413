"""The events of the `.stream()` helper, with the OpenAI SDK's class names, types and fields.

What an event says of all that came before it (`snapshot`, `arguments`) is put together when it is asked for: a loop that looks at
deltas alone pays for deltas alone. `parsed` and `parsed_arguments` of a delta are the reader's own value, which grows in place:
copy what is to be kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from streamnorm.client.accumulate import Text
    from streamnorm.client.types.parsed import ParsedChatCompletion
    from streamnorm.dialects.chat.types import ChatCompletionChunk, ChatCompletionTokenLogprob

    Logprobs = list[ChatCompletionTokenLogprob]

__all__ = [
    "ChatCompletionStreamEvent",
    "ChunkEvent",
    "ContentDeltaEvent",
    "ContentDoneEvent",
    "FunctionToolCallArgumentsDeltaEvent",
    "FunctionToolCallArgumentsDoneEvent",
    "LogprobsContentDeltaEvent",
    "LogprobsContentDoneEvent",
    "LogprobsRefusalDeltaEvent",
    "LogprobsRefusalDoneEvent",
    "RefusalDeltaEvent",
    "RefusalDoneEvent",
]


class ChatCompletionStreamEvent:
    """What all of them can do. `type` says which one it is."""

    __slots__ = ()
    type: ClassVar[str]
    #: The fields as the SDK orders them, after `type`.
    _fields: ClassVar[tuple[str, ...]]

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """A dict, the models in it dumped too, with the options of their `model_dump`."""
        named = {name: getattr(self, name) for name in self._fields}
        return {"type": self.type} | {
            name: _dumped(value, options) for name, value in named.items()
        }

    def to_dict(self, *, exclude_unset: bool = True, **options: Any) -> dict[str, Any]:
        return self.model_dump(exclude_unset=exclude_unset, **options)

    def __repr__(self) -> str:
        fields = "".join(f", {name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}(type={self.type!r}{fields})"

    __str__ = __repr__


def _dumped(value: Any, options: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_dumped(item, options) for item in value]
    return value.model_dump(**options) if hasattr(value, "model_dump") else value


class ChunkEvent(ChatCompletionStreamEvent):
    """A chunk came. `snapshot` is the completion so far (all of it, if more has come since)."""

    __slots__ = ("_completion", "chunk")
    type = "chunk"
    _fields = ("chunk", "snapshot")

    def __init__(
        self, chunk: ChatCompletionChunk, completion: Callable[[], ParsedChatCompletion]
    ) -> None:
        self.chunk = chunk
        self._completion = completion

    @property
    def snapshot(self) -> ParsedChatCompletion:
        return self._completion()


class _TextSoFar(ChatCompletionStreamEvent):
    __slots__ = ("_length", "_text")

    def __init__(self, text: Text) -> None:
        self._text = text
        self._length = text.length

    def _so_far(self) -> str:
        return self._text.whole()[: self._length]


class ContentDeltaEvent(_TextSoFar):
    """Content came. `parsed` is what is whole of its value, where a class was asked for."""

    __slots__ = ("delta", "parsed")
    type = "content.delta"
    _fields = ("delta", "snapshot", "parsed")

    def __init__(self, delta: str, text: Text, parsed: Any) -> None:
        super().__init__(text)
        self.delta = delta
        self.parsed = parsed

    @property
    def snapshot(self) -> str:
        return self._so_far()


class ContentDoneEvent(ChatCompletionStreamEvent):
    """The content is whole. `parsed` is the instance of the class that was asked for."""

    __slots__ = ("content", "parsed")
    type = "content.done"
    _fields = ("content", "parsed")

    def __init__(self, content: str, parsed: Any) -> None:
        self.content = content
        self.parsed = parsed


class RefusalDeltaEvent(_TextSoFar):
    __slots__ = ("delta",)
    type = "refusal.delta"
    _fields = ("delta", "snapshot")

    def __init__(self, delta: str, text: Text) -> None:
        super().__init__(text)
        self.delta = delta

    @property
    def snapshot(self) -> str:
        return self._so_far()


class RefusalDoneEvent(ChatCompletionStreamEvent):
    __slots__ = ("refusal",)
    type = "refusal.done"
    _fields = ("refusal",)

    def __init__(self, refusal: str) -> None:
        self.refusal = refusal


class FunctionToolCallArgumentsDeltaEvent(_TextSoFar):
    """A fragment of a call's arguments came. `parsed_arguments` is what is whole of them, for a strict tool."""

    __slots__ = ("arguments_delta", "index", "name", "parsed_arguments")
    type = "tool_calls.function.arguments.delta"
    _fields = ("name", "index", "arguments", "parsed_arguments", "arguments_delta")

    def __init__(
        self, name: str, index: int, text: Text, parsed_arguments: Any, arguments_delta: str
    ) -> None:
        super().__init__(text)
        self.name = name
        self.index = index
        self.parsed_arguments = parsed_arguments
        self.arguments_delta = arguments_delta

    @property
    def arguments(self) -> str:
        return self._so_far()


class FunctionToolCallArgumentsDoneEvent(ChatCompletionStreamEvent):
    """A call's arguments are whole."""

    __slots__ = ("arguments", "index", "name", "parsed_arguments")
    type = "tool_calls.function.arguments.done"
    _fields = ("name", "index", "arguments", "parsed_arguments")

    def __init__(self, name: str, index: int, arguments: str, parsed_arguments: Any) -> None:
        self.name = name
        self.index = index
        self.arguments = arguments
        self.parsed_arguments = parsed_arguments


class _LogprobsSoFar(ChatCompletionStreamEvent):
    __slots__ = ("_all", "_count")

    def __init__(self, every: Logprobs) -> None:
        self._all = every
        self._count = len(every)

    @property
    def snapshot(self) -> Logprobs:
        return self._all[: self._count]


class LogprobsContentDeltaEvent(_LogprobsSoFar):
    __slots__ = ("content",)
    type = "logprobs.content.delta"
    _fields = ("content", "snapshot")

    def __init__(self, content: Logprobs, every: Logprobs) -> None:
        super().__init__(every)
        self.content = content


class LogprobsContentDoneEvent(ChatCompletionStreamEvent):
    __slots__ = ("content",)
    type = "logprobs.content.done"
    _fields = ("content",)

    def __init__(self, content: Logprobs) -> None:
        self.content = content


class LogprobsRefusalDeltaEvent(_LogprobsSoFar):
    __slots__ = ("refusal",)
    type = "logprobs.refusal.delta"
    _fields = ("refusal", "snapshot")

    def __init__(self, refusal: Logprobs, every: Logprobs) -> None:
        super().__init__(every)
        self.refusal = refusal


class LogprobsRefusalDoneEvent(ChatCompletionStreamEvent):
    __slots__ = ("refusal",)
    type = "logprobs.refusal.done"
    _fields = ("refusal",)

    def __init__(self, refusal: Logprobs) -> None:
        self.refusal = refusal
