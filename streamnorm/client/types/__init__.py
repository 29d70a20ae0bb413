"""The objects that calls return, with the OpenAI SDK's class names, fields, order, repr and dumps (3.52), without pydantic."""

from __future__ import annotations

from streamnorm.client.types.completion import (
    Annotation,
    AnnotationURLCitation,
    ChatCompletion,
    ChatCompletionAudio,
    ChatCompletionMessage,
    ChatCompletionMessageCustomToolCall,
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageToolCall,
    Choice,
    Custom,
    Function,
    FunctionCall,
)
from streamnorm.client.types.listed import AsyncPage, Model, ModelDeleted, SyncPage
from streamnorm.client.types.parsed import (
    ParsedChatCompletion,
    ParsedChatCompletionMessage,
    ParsedChoice,
    ParsedFunction,
    ParsedFunctionToolCall,
)

__all__ = [
    "Annotation",
    "AnnotationURLCitation",
    "AsyncPage",
    "ChatCompletion",
    "ChatCompletionAudio",
    "ChatCompletionMessage",
    "ChatCompletionMessageCustomToolCall",
    "ChatCompletionMessageFunctionToolCall",
    "ChatCompletionMessageToolCall",
    "Choice",
    "Custom",
    "Function",
    "FunctionCall",
    "Model",
    "ModelDeleted",
    "ParsedChatCompletion",
    "ParsedChatCompletionMessage",
    "ParsedChoice",
    "ParsedFunction",
    "ParsedFunctionToolCall",
    "SyncPage",
]
