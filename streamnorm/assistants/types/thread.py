"""A thread."""

from __future__ import annotations

from typing import ClassVar, Literal

from streamnorm.dialects.chat.model import Model, Models

__all__ = [
    "Thread",
    "ThreadDeleted",
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


class Thread(Model, kw_only=True):
    _models: ClassVar[Models] = {"tool_resources": ToolResources}

    id: str
    created_at: int
    metadata: dict[str, str] | None = None
    object: Literal["thread"]
    tool_resources: ToolResources | None = None


class ThreadDeleted(Model, kw_only=True):
    id: str
    deleted: bool
    object: Literal["thread.deleted"]
