"""What is new of a step of a run."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from streamnorm.dialects.chat.model import Model, Models, OneOf

__all__ = [
    "CodeInterpreter",
    "CodeInterpreterLogs",
    "CodeInterpreterOutputImage",
    "CodeInterpreterToolCallDelta",
    "FileSearchToolCallDelta",
    "Function",
    "FunctionToolCallDelta",
    "Image",
    "MessageCreation",
    "RunStepDelta",
    "RunStepDeltaEvent",
    "RunStepDeltaMessageDelta",
    "ToolCallDelta",
    "ToolCallDeltaObject",
]


class MessageCreation(Model, kw_only=True):
    message_id: str | None = None


class RunStepDeltaMessageDelta(Model, kw_only=True):
    _models: ClassVar[Models] = {"message_creation": MessageCreation}

    type: Literal["message_creation"]
    message_creation: MessageCreation | None = None


class CodeInterpreterLogs(Model, kw_only=True):
    index: int
    type: Literal["logs"]
    logs: str | None = None


class Image(Model, kw_only=True):
    file_id: str | None = None


class CodeInterpreterOutputImage(Model, kw_only=True):
    _models: ClassVar[Models] = {"image": Image}

    index: int
    type: Literal["image"]
    image: Image | None = None


class CodeInterpreter(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "outputs": OneOf(logs=CodeInterpreterLogs, image=CodeInterpreterOutputImage)
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"outputs"})

    input: str | None = None
    outputs: list[CodeInterpreterLogs | CodeInterpreterOutputImage] | None = None


class CodeInterpreterToolCallDelta(Model, kw_only=True):
    _models: ClassVar[Models] = {"code_interpreter": CodeInterpreter}

    index: int
    type: Literal["code_interpreter"]
    id: str | None = None
    code_interpreter: CodeInterpreter | None = None


class FileSearchToolCallDelta(Model, kw_only=True):
    file_search: Any
    index: int
    type: Literal["file_search"]
    id: str | None = None


class Function(Model, kw_only=True):
    arguments: str | None = None
    name: str | None = None
    output: str | None = None


class FunctionToolCallDelta(Model, kw_only=True):
    _models: ClassVar[Models] = {"function": Function}

    index: int
    type: Literal["function"]
    id: str | None = None
    function: Function | None = None


class ToolCallDeltaObject(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "tool_calls": OneOf(
            code_interpreter=CodeInterpreterToolCallDelta,
            file_search=FileSearchToolCallDelta,
            function=FunctionToolCallDelta,
        )
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"tool_calls"})

    type: Literal["tool_calls"]
    tool_calls: (
        list[CodeInterpreterToolCallDelta | FileSearchToolCallDelta | FunctionToolCallDelta] | None
    ) = None


class RunStepDelta(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "step_details": OneOf(
            message_creation=RunStepDeltaMessageDelta, tool_calls=ToolCallDeltaObject
        )
    }

    step_details: RunStepDeltaMessageDelta | ToolCallDeltaObject | None = None


class RunStepDeltaEvent(Model, kw_only=True):
    _models: ClassVar[Models] = {"delta": RunStepDelta}

    id: str
    delta: RunStepDelta
    object: Literal["thread.run.step.delta"]


ToolCallDelta = CodeInterpreterToolCallDelta | FileSearchToolCallDelta | FunctionToolCallDelta
