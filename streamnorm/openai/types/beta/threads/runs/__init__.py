"""`openai.types.beta.threads.runs`, and the modules in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamnorm.openai.mirror import ANY_DICT, ANY_TEXT, Homes, Mirror, each_alone

if TYPE_CHECKING:
    from streamnorm.assistants.types.run_step import (
        CodeInterpreterToolCall,
        FileSearchToolCall,
        FunctionToolCall,
        MessageCreationStepDetails,
        RunStep,
        ToolCall,
        ToolCallsStepDetails,
    )
    from streamnorm.assistants.types.run_step_delta import (
        CodeInterpreterLogs,
        CodeInterpreterOutputImage,
        CodeInterpreterToolCallDelta,
        FileSearchToolCallDelta,
        FunctionToolCallDelta,
        RunStepDelta,
        RunStepDeltaEvent,
        RunStepDeltaMessageDelta,
        ToolCallDelta,
        ToolCallDeltaObject,
    )

__all__ = [
    "CodeInterpreterLogs",
    "CodeInterpreterOutputImage",
    "CodeInterpreterToolCall",
    "CodeInterpreterToolCallDelta",
    "FileSearchToolCall",
    "FileSearchToolCallDelta",
    "FunctionToolCall",
    "FunctionToolCallDelta",
    "MessageCreationStepDetails",
    "RunStep",
    "RunStepDelta",
    "RunStepDeltaEvent",
    "RunStepDeltaMessageDelta",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallDeltaObject",
    "ToolCallsStepDetails",
]

_DELTA = "streamnorm.assistants.types.run_step_delta"
_STEP = "streamnorm.assistants.types.run_step"

#: The modules that have more than one name.
_MODULES: dict[str, Homes] = {
    "code_interpreter_output_image": {_DELTA: ("CodeInterpreterOutputImage", "Image")},
    "code_interpreter_tool_call": {
        _STEP: (
            *("CodeInterpreter", "CodeInterpreterOutputImage", "CodeInterpreterOutputImageImage"),
            *("CodeInterpreterOutputLogs", "CodeInterpreterToolCall"),
        )
    },
    "code_interpreter_tool_call_delta": {
        _DELTA: ("CodeInterpreter", "CodeInterpreterToolCallDelta")
    },
    "file_search_tool_call": {
        _STEP: (
            *("FileSearch", "FileSearchRankingOptions", "FileSearchResult"),
            *("FileSearchResultContent", "FileSearchToolCall"),
        )
    },
    "function_tool_call": {_STEP: ("Function", "FunctionToolCall")},
    "function_tool_call_delta": {_DELTA: ("Function", "FunctionToolCallDelta")},
    "message_creation_step_details": {_STEP: ("MessageCreation", "MessageCreationStepDetails")},
    "run_step": {_STEP: ("LastError", "RunStep", "Usage")},
    "run_step_delta_message_delta": {_DELTA: ("MessageCreation", "RunStepDeltaMessageDelta")},
}

#: Names that have a module of their own.
_ALONE: Homes = {
    _DELTA: (
        *("CodeInterpreterLogs", "FileSearchToolCallDelta", "RunStepDelta", "RunStepDeltaEvent"),
        *("ToolCallDelta", "ToolCallDeltaObject"),
    ),
    _STEP: ("ToolCall", "ToolCallsStepDetails"),
    ANY_DICT: ("StepListParams", "StepRetrieveParams"),
    ANY_TEXT: ("RunStepInclude",),
}

_mirror = Mirror(
    __name__,
    {
        **_ALONE,
        _DELTA: (
            *_ALONE[_DELTA],
            *("CodeInterpreterOutputImage", "CodeInterpreterToolCallDelta"),
            *("FunctionToolCallDelta", "RunStepDeltaMessageDelta"),
        ),
        _STEP: (
            *_ALONE[_STEP],
            *("CodeInterpreterToolCall", "FileSearchToolCall", "FunctionToolCall"),
            *("MessageCreationStepDetails", "RunStep"),
        ),
    },
    modules={**each_alone(_ALONE), **_MODULES},
)


def __getattr__(name: str) -> Any:
    return _mirror.find(name)


def __dir__() -> list[str]:
    return _mirror.names()
