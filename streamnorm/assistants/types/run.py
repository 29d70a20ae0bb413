"""A run, and what it waits for."""

from __future__ import annotations

from typing import ClassVar, Literal

from streamnorm.assistants.types.tools import (
    AssistantToolChoice,
    CodeInterpreterTool,
    FileSearchTool,
    FunctionTool,
    ResponseFormatJSONObject,
    ResponseFormatJSONSchema,
    ResponseFormatText,
)
from streamnorm.dialects.chat.model import Model, Models, OneOf

__all__ = [
    "Function",
    "IncompleteDetails",
    "LastError",
    "RequiredAction",
    "RequiredActionFunctionToolCall",
    "RequiredActionSubmitToolOutputs",
    "Run",
    "TruncationStrategy",
    "Usage",
]


class Function(Model, kw_only=True):
    arguments: str
    name: str


class RequiredActionFunctionToolCall(Model, kw_only=True):
    _models: ClassVar[Models] = {"function": Function}

    id: str
    function: Function
    type: Literal["function"]


class IncompleteDetails(Model, kw_only=True):
    reason: str | None = None


class LastError(Model, kw_only=True):
    code: str
    message: str


class RequiredActionSubmitToolOutputs(Model, kw_only=True):
    _models: ClassVar[Models] = {"tool_calls": RequiredActionFunctionToolCall}
    _lists: ClassVar[frozenset[str]] = frozenset({"tool_calls"})

    tool_calls: list[RequiredActionFunctionToolCall]


class RequiredAction(Model, kw_only=True):
    _models: ClassVar[Models] = {"submit_tool_outputs": RequiredActionSubmitToolOutputs}

    submit_tool_outputs: RequiredActionSubmitToolOutputs
    type: Literal["submit_tool_outputs"]


class TruncationStrategy(Model, kw_only=True):
    type: str
    last_messages: int | None = None


class Usage(Model, kw_only=True):
    completion_tokens: int
    prompt_tokens: int
    total_tokens: int


class Run(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "incomplete_details": IncompleteDetails,
        "last_error": LastError,
        "required_action": RequiredAction,
        "response_format": OneOf(
            text=ResponseFormatText,
            json_object=ResponseFormatJSONObject,
            json_schema=ResponseFormatJSONSchema,
        ),
        "tool_choice": AssistantToolChoice,
        "tools": OneOf(
            code_interpreter=CodeInterpreterTool, file_search=FileSearchTool, function=FunctionTool
        ),
        "truncation_strategy": TruncationStrategy,
        "usage": Usage,
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"tools"})
    _floats: ClassVar[frozenset[str]] = frozenset({"temperature", "top_p"})

    id: str
    assistant_id: str
    cancelled_at: int | None = None
    completed_at: int | None = None
    created_at: int
    expires_at: int | None = None
    failed_at: int | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str
    last_error: LastError | None = None
    max_completion_tokens: int | None = None
    max_prompt_tokens: int | None = None
    metadata: dict[str, str] | None = None
    model: str
    object: Literal["thread.run"]
    parallel_tool_calls: bool
    required_action: RequiredAction | None = None
    response_format: (
        str | ResponseFormatText | ResponseFormatJSONObject | ResponseFormatJSONSchema | None
    ) = None
    started_at: int | None = None
    status: str
    thread_id: str
    tool_choice: str | AssistantToolChoice | None = None
    tools: list[CodeInterpreterTool | FileSearchTool | FunctionTool]
    truncation_strategy: TruncationStrategy | None = None
    usage: Usage | None = None
    temperature: float | None = None
    top_p: float | None = None
