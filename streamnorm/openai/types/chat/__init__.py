"""`openai.types.chat`, and the modules in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamnorm.openai import absent
from streamnorm.openai.mirror import ANY_DICT, ANY_TEXT, Homes, Mirror, each_alone

if TYPE_CHECKING:
    from streamnorm.client.types import (
        ChatCompletion,
        ChatCompletionAudio,
        ChatCompletionMessage,
        ChatCompletionMessageCustomToolCall,
        ChatCompletionMessageFunctionToolCall,
        ChatCompletionMessageToolCall,
        ParsedChatCompletion,
        ParsedChatCompletionMessage,
        ParsedChoice,
        ParsedFunction,
        ParsedFunctionToolCall,
    )
    from streamnorm.dialects.chat.types import ChatCompletionChunk, ChatCompletionTokenLogprob

__all__ = [
    "ChatCompletion",
    "ChatCompletionAudio",
    "ChatCompletionChunk",
    "ChatCompletionMessage",
    "ChatCompletionMessageCustomToolCall",
    "ChatCompletionMessageFunctionToolCall",
    "ChatCompletionMessageToolCall",
    "ChatCompletionTokenLogprob",
    "ParsedChatCompletion",
    "ParsedChatCompletionMessage",
    "ParsedChoice",
    "ParsedFunction",
    "ParsedFunctionToolCall",
]

_WHOLE = "streamnorm.client.types.completion"
_PARSED = "streamnorm.client.types.parsed"
_CHUNK = "streamnorm.dialects.chat.types"

_MODULES: dict[str, Homes] = {
    "chat_completion": {_WHOLE: ("ChatCompletion", "Choice"), _CHUNK: ("ChoiceLogprobs",)},
    "chat_completion_audio": {_WHOLE: ("ChatCompletionAudio",)},
    "chat_completion_chunk": {
        _CHUNK: (
            *("ChatCompletionChunk", "Choice", "ChoiceDelta", "ChoiceDeltaAudio"),
            *("ChoiceDeltaFunctionCall", "ChoiceDeltaToolCall", "ChoiceDeltaToolCallFunction"),
            "ChoiceLogprobs",
        )
    },
    "chat_completion_message": {
        _WHOLE: ("Annotation", "AnnotationURLCitation", "ChatCompletionMessage", "FunctionCall")
    },
    "chat_completion_message_custom_tool_call": {
        _WHOLE: ("ChatCompletionMessageCustomToolCall", "Custom")
    },
    "chat_completion_message_function_tool_call": {
        _WHOLE: ("ChatCompletionMessageFunctionToolCall", "Function")
    },
    "chat_completion_message_tool_call": {
        _WHOLE: (
            *("ChatCompletionMessageCustomToolCall", "ChatCompletionMessageFunctionToolCall"),
            *("ChatCompletionMessageToolCall", "ChatCompletionMessageToolCallUnion", "Function"),
        )
    },
    "chat_completion_token_logprob": {_CHUNK: ("ChatCompletionTokenLogprob", "TopLogprob")},
    "parsed_chat_completion": {
        _PARSED: ("ParsedChatCompletion", "ParsedChatCompletionMessage", "ParsedChoice")
    },
    "parsed_function_tool_call": {_PARSED: ("ParsedFunction", "ParsedFunctionToolCall")},
    "completion_create_params": {
        ANY_DICT: (
            *("CompletionCreateParams", "CompletionCreateParamsBase", "Function", "FunctionCall"),
            *("CompletionCreateParamsNonStreaming", "CompletionCreateParamsStreaming"),
            *("ResponseFormat", "WebSearchOptions"),
        )
    },
}

#: The modules that have one name each, and it is the module's own in another spelling.
_PARAMS = (
    "ChatCompletionAllowedToolChoiceParam",
    "ChatCompletionAllowedToolsParam",
    "ChatCompletionAssistantMessageParam",
    "ChatCompletionAudioParam",
    "ChatCompletionContentPartImageParam",
    "ChatCompletionContentPartInputAudioParam",
    "ChatCompletionContentPartParam",
    "ChatCompletionContentPartRefusalParam",
    "ChatCompletionContentPartTextParam",
    "ChatCompletionCustomToolParam",
    "ChatCompletionDeveloperMessageParam",
    "ChatCompletionFunctionCallOptionParam",
    "ChatCompletionFunctionMessageParam",
    "ChatCompletionFunctionToolParam",
    "ChatCompletionMessageCustomToolCallParam",
    "ChatCompletionMessageFunctionToolCallParam",
    "ChatCompletionMessageParam",
    "ChatCompletionMessageToolCallParam",
    "ChatCompletionMessageToolCallUnionParam",
    "ChatCompletionNamedToolChoiceCustomParam",
    "ChatCompletionNamedToolChoiceParam",
    "ChatCompletionPredictionContentParam",
    "ChatCompletionStreamOptionsParam",
    "ChatCompletionSystemMessageParam",
    "ChatCompletionToolChoiceOptionParam",
    "ChatCompletionToolMessageParam",
    "ChatCompletionToolParam",
    "ChatCompletionToolUnionParam",
    "ChatCompletionUserMessageParam",
    "CreateChatCompletionRequestMessageParam",
)
_WORDS = ("ChatCompletionModality", "ChatCompletionReasoningEffort", "ChatCompletionRole")


_mirror = Mirror(
    __name__,
    {
        _WHOLE: (
            *("ChatCompletion", "ChatCompletionAudio", "ChatCompletionMessage"),
            *("ChatCompletionMessageCustomToolCall", "ChatCompletionMessageFunctionToolCall"),
            *("ChatCompletionMessageToolCall", "ChatCompletionMessageToolCallUnion"),
        ),
        _PARSED: (
            *("ParsedChatCompletion", "ParsedChatCompletionMessage", "ParsedChoice"),
            *("ParsedFunction", "ParsedFunctionToolCall"),
        ),
        _CHUNK: ("ChatCompletionChunk", "ChatCompletionTokenLogprob"),
        ANY_DICT: (*_PARAMS, "CompletionCreateParams"),
        ANY_TEXT: _WORDS,
    },
    modules={
        **_MODULES,
        **each_alone({ANY_DICT: _PARAMS, ANY_TEXT: _WORDS}),
    },
    absent=absent.CHAT_TYPES,
)


def __getattr__(name: str) -> Any:
    return _mirror.find(name)


def __dir__() -> list[str]:
    return _mirror.names()
