"""A whole chat completion and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from streamnorm.client.types.moderation import Moderation
from streamnorm.dialects.chat.model import Model, Models, OneOf
from streamnorm.dialects.chat.types import ChoiceLogprobs, CompletionUsage

if TYPE_CHECKING:
    from streamnorm.assemble import Result
    from streamnorm.findings import Finding

__all__ = [
    "Annotation",
    "AnnotationURLCitation",
    "ChatCompletion",
    "ChatCompletionAudio",
    "ChatCompletionMessage",
    "ChatCompletionMessageCustomToolCall",
    "ChatCompletionMessageFunctionToolCall",
    "ChatCompletionMessageToolCall",
    "ChatCompletionMessageToolCallUnion",
    "Choice",
    "Custom",
    "Function",
    "FunctionCall",
]


#: Where a completion remembers how it was read; no field has such a name.
_FINDINGS: Final = "\0findings"
_RESULT: Final = "\0result"
_REQUEST_ID: Final = "\0request_id"


class AnnotationURLCitation(Model, kw_only=True):
    end_index: int
    start_index: int
    title: str
    url: str


class Annotation(Model, kw_only=True):
    _models: ClassVar[Models] = {"url_citation": AnnotationURLCitation}

    type: Literal["url_citation"]
    url_citation: AnnotationURLCitation


class ChatCompletionAudio(Model, kw_only=True):
    id: str
    data: str
    expires_at: int
    transcript: str


class FunctionCall(Model, kw_only=True):
    arguments: str
    name: str


class Function(Model, kw_only=True):
    arguments: str
    name: str


class ChatCompletionMessageFunctionToolCall(Model, kw_only=True):
    _models: ClassVar[Models] = {"function": Function}

    id: str
    function: Function
    type: Literal["function"]


class Custom(Model, kw_only=True):
    input: str
    name: str


class ChatCompletionMessageCustomToolCall(Model, kw_only=True):
    _models: ClassVar[Models] = {"custom": Custom}

    id: str
    custom: Custom
    type: Literal["custom"]


#: The older name, as in the SDK.
ChatCompletionMessageToolCall = ChatCompletionMessageFunctionToolCall

ChatCompletionMessageToolCallUnion = (
    ChatCompletionMessageFunctionToolCall | ChatCompletionMessageCustomToolCall
)


class ChatCompletionMessage(Model, kw_only=True):
    """An assistant's message. It can be put back into `messages` as it is."""

    _models: ClassVar[Models] = {
        "annotations": Annotation,
        "audio": ChatCompletionAudio,
        "function_call": FunctionCall,
        "tool_calls": OneOf(
            function=ChatCompletionMessageFunctionToolCall,
            custom=ChatCompletionMessageCustomToolCall,
        ),
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"annotations", "tool_calls"})
    #: A field that the SDK does not know, and that shows where the wire had it: None where it had not.
    reasoning_content: ClassVar[str | None] = None

    content: str | None = None
    refusal: str | None = None
    role: Literal["assistant"]
    annotations: list[Annotation] | None = None
    audio: ChatCompletionAudio | None = None
    function_call: FunctionCall | None = None
    tool_calls: list[ChatCompletionMessageToolCallUnion] | None = None


class Choice(Model, kw_only=True):
    _models: ClassVar[Models] = {"logprobs": ChoiceLogprobs, "message": ChatCompletionMessage}

    finish_reason: str
    index: int
    logprobs: ChoiceLogprobs | None = None
    message: ChatCompletionMessage


class ChatCompletion(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "choices": Choice,
        "moderation": Moderation,
        "usage": CompletionUsage,
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"choices"})

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: Literal["chat.completion"]
    metadata: dict[str, str] | None = None
    moderation: Any = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None

    @property
    def findings(self) -> list[Finding]:
        """What was put right in the body."""
        found: list[Finding] = self.__dict__.get(_FINDINGS, [])
        return found

    @property
    def result(self) -> Result | None:
        """What the body amounts to, as of a stream: its calls carry their verdicts. None where it is of no body."""
        return self.__dict__.get(_RESULT)

    @property
    def _request_id(self) -> str | None:
        """The server's own name for the request, from its headers; the OpenAI SDK has it under this name."""
        return self.__dict__.get(_REQUEST_ID)

    @_request_id.setter
    def _request_id(self, request_id: str | None) -> None:
        self.__dict__[_REQUEST_ID] = request_id

    def tell(self, findings: list[Finding], result: Result, request_id: str | None) -> None:
        """Remember how it was read, and what it answers."""
        self.__dict__.update({_FINDINGS: findings, _RESULT: result, _REQUEST_ID: request_id})
