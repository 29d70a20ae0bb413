"""`openai.lib.streaming`: the helper of `.stream()`, and the handlers of the Assistants API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamnorm.openai.mirror import Mirror

if TYPE_CHECKING:
    from streamnorm.assistants import (
        AssistantEventHandler,
        AssistantStreamManager,
        AsyncAssistantEventHandler,
        AsyncAssistantStreamManager,
    )
    from streamnorm.client import helper as chat

__all__ = [
    "AssistantEventHandler",
    "AssistantStreamManager",
    "AsyncAssistantEventHandler",
    "AsyncAssistantStreamManager",
    "chat",
]

_mirror = Mirror(
    __name__,
    {
        "streamnorm.assistants.handler": (
            *("AssistantEventHandler", "AssistantEventHandlerT=HandlerT"),
            *("AsyncAssistantEventHandler", "AsyncAssistantEventHandlerT=AsyncHandlerT"),
            *("AssistantStreamManager", "AsyncAssistantStreamManager"),
        )
    },
    modules={
        "chat": {
            "streamnorm.client.helper": (
                *("ChatCompletionStreamEvent", "ChatCompletionStreamState", "ChunkEvent"),
                *("ContentDeltaEvent", "ContentDoneEvent", "RefusalDeltaEvent", "RefusalDoneEvent"),
                "FunctionToolCallArgumentsDeltaEvent",
                "FunctionToolCallArgumentsDoneEvent",
                *("LogprobsContentDeltaEvent", "LogprobsContentDoneEvent"),
                *("LogprobsRefusalDeltaEvent", "LogprobsRefusalDoneEvent"),
                *("ChatCompletionStream", "AsyncChatCompletionStream"),
                *("ChatCompletionStreamManager", "AsyncChatCompletionStreamManager"),
            ),
            "streamnorm.client.types.parsed": (
                "ParsedChatCompletionSnapshot=ParsedChatCompletion",
                "ParsedChatCompletionMessageSnapshot=ParsedChatCompletionMessage",
                "ParsedChoiceSnapshot=ParsedChoice",
            ),
        }
    },
)


def __getattr__(name: str) -> Any:
    return _mirror.find(name)


def __dir__() -> list[str]:
    return _mirror.names()
