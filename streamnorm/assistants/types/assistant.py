"""An assistant: a model with instructions and tools of its own."""

from __future__ import annotations

from typing import ClassVar, Literal

from streamnorm.assistants.types.tools import (
    CodeInterpreterTool,
    FileSearchTool,
    FunctionTool,
    ResponseFormatJSONObject,
    ResponseFormatJSONSchema,
    ResponseFormatText,
)
from streamnorm.dialects.chat.model import Model, Models, OneOf

__all__ = [
    "Assistant",
    "AssistantDeleted",
    "ToolResources",
    "ToolResourcesCodeInterpreter",
    "ToolResourcesFileSearch",
]


class ToolResourcesCodeInterpreter(Model, kw_only=True):
    file_ids: list[str] | None = None


class ToolResourcesFileSearch(Model, kw_only=True):
    vector_store_ids: list[str] | None = None


class ToolResources(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "code_interpreter": ToolResourcesCodeInterpreter,
        "file_search": ToolResourcesFileSearch,
    }

    code_interpreter: ToolResourcesCodeInterpreter | None = None
    file_search: ToolResourcesFileSearch | None = None


class Assistant(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "tools": OneOf(
            code_interpreter=CodeInterpreterTool, file_search=FileSearchTool, function=FunctionTool
        ),
        "response_format": OneOf(
            text=ResponseFormatText,
            json_object=ResponseFormatJSONObject,
            json_schema=ResponseFormatJSONSchema,
        ),
        "tool_resources": ToolResources,
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"tools"})
    _floats: ClassVar[frozenset[str]] = frozenset({"temperature", "top_p"})

    id: str
    created_at: int
    description: str | None = None
    instructions: str | None = None
    metadata: dict[str, str] | None = None
    model: str
    name: str | None = None
    object: Literal["assistant"]
    tools: list[CodeInterpreterTool | FileSearchTool | FunctionTool]
    response_format: (
        str | ResponseFormatText | ResponseFormatJSONObject | ResponseFormatJSONSchema | None
    ) = None
    temperature: float | None = None
    tool_resources: ToolResources | None = None
    top_p: float | None = None


class AssistantDeleted(Model, kw_only=True):
    id: str
    deleted: bool
    object: Literal["assistant.deleted"]
