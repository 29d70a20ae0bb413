"""`openai.types.beta`, as far as it is of the Assistants API, and the modules in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamnorm.openai.mirror import ANY_DICT, Homes, Mirror, each_alone

if TYPE_CHECKING:
    from streamnorm.assistants.types.assistant import (
        Assistant,
        AssistantDeleted,
    )
    from streamnorm.assistants.types.stream_event import (
        AssistantStreamEvent,
    )
    from streamnorm.assistants.types.thread import (
        Thread,
        ThreadDeleted,
    )
    from streamnorm.assistants.types.tools import (
        AssistantResponseFormatOption,
        AssistantTool,
        AssistantToolChoice,
        AssistantToolChoiceFunction,
        AssistantToolChoiceOption,
        CodeInterpreterTool,
        FileSearchTool,
        FunctionTool,
    )
    from streamnorm.openai.types.beta import threads

__all__ = [
    "Assistant",
    "AssistantDeleted",
    "AssistantResponseFormatOption",
    "AssistantStreamEvent",
    "AssistantTool",
    "AssistantToolChoice",
    "AssistantToolChoiceFunction",
    "AssistantToolChoiceOption",
    "CodeInterpreterTool",
    "FileSearchTool",
    "FunctionTool",
    "Thread",
    "ThreadDeleted",
    "threads",
]

_ASSISTANT = "streamnorm.assistants.types.assistant"
_EVENT = "streamnorm.assistants.types.stream_event"
_THREAD = "streamnorm.assistants.types.thread"
_TOOLS = "streamnorm.assistants.types.tools"

#: Names that have a module of their own.
_ALONE: Homes = {
    _ASSISTANT: ("AssistantDeleted",),
    _THREAD: ("ThreadDeleted",),
    _TOOLS: (
        *("AssistantResponseFormatOption", "AssistantTool", "AssistantToolChoice"),
        *("AssistantToolChoiceFunction", "AssistantToolChoiceOption", "CodeInterpreterTool"),
        "FunctionTool",
    ),
    ANY_DICT: (
        *("AssistantCreateParams", "AssistantListParams", "AssistantResponseFormatOptionParam"),
        *("AssistantToolChoiceFunctionParam", "AssistantToolChoiceOptionParam"),
        *("AssistantToolChoiceParam", "AssistantToolParam", "AssistantUpdateParams"),
        *("CodeInterpreterToolParam", "FileSearchToolParam", "FunctionToolParam"),
        *("ThreadCreateAndRunParams", "ThreadCreateParams", "ThreadUpdateParams"),
    ),
}
_RESOURCES = ("ToolResources", "ToolResourcesCodeInterpreter", "ToolResourcesFileSearch")

_mirror = Mirror(
    __name__,
    {
        **_ALONE,
        _ASSISTANT: ("Assistant", "AssistantDeleted"),
        _EVENT: ("AssistantStreamEvent",),
        _THREAD: ("Thread", "ThreadDeleted"),
        _TOOLS: (*_ALONE[_TOOLS], "FileSearchTool"),
    },
    packages=("threads",),
    modules={
        **each_alone(_ALONE),
        "assistant": {_ASSISTANT: ("Assistant", *_RESOURCES)},
        "assistant_stream_event": {
            _EVENT: (
                *("AssistantStreamEvent", "ErrorEvent", "ThreadCreated"),
                *("ThreadRunCreated", "ThreadRunQueued", "ThreadRunInProgress"),
                *("ThreadRunRequiresAction", "ThreadRunCompleted", "ThreadRunIncomplete"),
                *("ThreadRunFailed", "ThreadRunCancelling", "ThreadRunCancelled"),
                *("ThreadRunExpired", "ThreadRunStepCreated", "ThreadRunStepInProgress"),
                *("ThreadRunStepDelta", "ThreadRunStepCompleted", "ThreadRunStepFailed"),
                *("ThreadRunStepCancelled", "ThreadRunStepExpired", "ThreadMessageCreated"),
                *("ThreadMessageInProgress", "ThreadMessageDelta", "ThreadMessageCompleted"),
                "ThreadMessageIncomplete",
            )
        },
        "file_search_tool": {_TOOLS: ("FileSearchTool", "FileSearch", "FileSearchRankingOptions")},
        "thread": {_THREAD: ("Thread", *_RESOURCES)},
    },
)


def __getattr__(name: str) -> Any:
    return _mirror.find(name)


def __dir__() -> list[str]:
    return _mirror.names()
