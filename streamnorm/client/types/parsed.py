"""A chat completion whose content and arguments were parsed: by `.parse()`, and by the helper of `.stream()`."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from streamnorm.client.types.completion import (
    ChatCompletion,
    ChatCompletionMessage,
    ChatCompletionMessageCustomToolCall,
    ChatCompletionMessageFunctionToolCall,
    Choice,
    Function,
)
from streamnorm.dialects.chat.model import Models, OneOf

__all__ = [
    "ParsedChatCompletion",
    "ParsedChatCompletionMessage",
    "ParsedChoice",
    "ParsedFunction",
    "ParsedFunctionToolCall",
]


class ParsedFunction(Function, kw_only=True):
    #: What of it is not sent back to the server.
    __api_exclude__: ClassVar[dict[str, Any]] = {"parsed_arguments": True}

    parsed_arguments: Any = None


class ParsedFunctionToolCall(ChatCompletionMessageFunctionToolCall, kw_only=True):
    __api_exclude__: ClassVar[dict[str, Any]] = {"function": ParsedFunction.__api_exclude__}
    _models: ClassVar[Models] = {"function": ParsedFunction}

    function: ParsedFunction


class _Generic:
    """`ParsedChatCompletion[Weather]` may be written in annotations; it is the class."""

    def __class_getitem__(cls, of: Any) -> type[Self]:
        return cls


class ParsedChatCompletionMessage(ChatCompletionMessage, _Generic, kw_only=True):
    __api_exclude__: ClassVar[dict[str, Any]] = {
        "parsed": True,
        "tool_calls": {"__all__": ParsedFunctionToolCall.__api_exclude__},
    }
    _models: ClassVar[Models] = {
        **ChatCompletionMessage._models,
        "tool_calls": OneOf(
            function=ParsedFunctionToolCall, custom=ChatCompletionMessageCustomToolCall
        ),
    }

    parsed: Any = None


class ParsedChoice(Choice, _Generic, kw_only=True):
    _models: ClassVar[Models] = {**Choice._models, "message": ParsedChatCompletionMessage}

    message: ParsedChatCompletionMessage


class ParsedChatCompletion(ChatCompletion, _Generic, kw_only=True):
    _models: ClassVar[Models] = {**ChatCompletion._models, "choices": ParsedChoice}

    choices: list[ParsedChoice]  # type: ignore[assignment]  # list is invariant; only read
