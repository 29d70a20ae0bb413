"""A thread."""

from __future__ import annotations

from typing import ClassVar, Literal

from streamnorm.assistants.types.assistant import (
    ToolResources,
    ToolResourcesCodeInterpreter,
    ToolResourcesFileSearch,
)
from streamnorm.dialects.chat.model import Model, Models

__all__ = [
    "Thread",
    "ThreadDeleted",
    "ToolResources",
    "ToolResourcesCodeInterpreter",
    "ToolResourcesFileSearch",
]


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
