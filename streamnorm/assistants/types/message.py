"""A message, and the parts of its content."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from streamnorm.assistants.types.tools import (
    CodeInterpreterTool,
)
from streamnorm.dialects.chat.model import Model, Models, OneOf

__all__ = [
    "Annotation",
    "Attachment",
    "AttachmentToolAssistantToolsFileSearchTypeOnly",
    "FileCitation",
    "FileCitationAnnotation",
    "FilePath",
    "FilePathAnnotation",
    "ImageFile",
    "ImageFileContentBlock",
    "ImageURL",
    "ImageURLContentBlock",
    "IncompleteDetails",
    "Message",
    "MessageContent",
    "MessageDeleted",
    "Part",
    "RefusalContentBlock",
    "Text",
    "TextContentBlock",
]


class ImageFile(Model, kw_only=True):
    file_id: str
    detail: str | None = None


class ImageFileContentBlock(Model, kw_only=True):
    _models: ClassVar[Models] = {"image_file": ImageFile}

    image_file: ImageFile
    type: Literal["image_file"]


class ImageURL(Model, kw_only=True):
    url: str
    detail: str | None = None


class ImageURLContentBlock(Model, kw_only=True):
    _models: ClassVar[Models] = {"image_url": ImageURL}

    image_url: ImageURL
    type: Literal["image_url"]


class FileCitation(Model, kw_only=True):
    file_id: str


class FileCitationAnnotation(Model, kw_only=True):
    _models: ClassVar[Models] = {"file_citation": FileCitation}

    end_index: int
    file_citation: FileCitation
    start_index: int
    text: str
    type: Literal["file_citation"]


class FilePath(Model, kw_only=True):
    file_id: str


class FilePathAnnotation(Model, kw_only=True):
    _models: ClassVar[Models] = {"file_path": FilePath}

    end_index: int
    file_path: FilePath
    start_index: int
    text: str
    type: Literal["file_path"]


class Text(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "annotations": OneOf(file_citation=FileCitationAnnotation, file_path=FilePathAnnotation)
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"annotations"})

    annotations: list[FileCitationAnnotation | FilePathAnnotation]
    value: str


class TextContentBlock(Model, kw_only=True):
    _models: ClassVar[Models] = {"text": Text}

    text: Text
    type: Literal["text"]


class RefusalContentBlock(Model, kw_only=True):
    refusal: str
    type: Literal["refusal"]


#: The class of each part of a message.
Part: Final = OneOf(
    image_file=ImageFileContentBlock,
    image_url=ImageURLContentBlock,
    text=TextContentBlock,
    refusal=RefusalContentBlock,
)


class AttachmentToolAssistantToolsFileSearchTypeOnly(Model, kw_only=True):
    type: Literal["file_search"]


class Attachment(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "tools": OneOf(
            code_interpreter=CodeInterpreterTool,
            file_search=AttachmentToolAssistantToolsFileSearchTypeOnly,
        )
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"tools"})

    file_id: str | None = None
    tools: list[CodeInterpreterTool | AttachmentToolAssistantToolsFileSearchTypeOnly] | None = None


class IncompleteDetails(Model, kw_only=True):
    reason: str


class Message(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "attachments": Attachment,
        "content": Part,
        "incomplete_details": IncompleteDetails,
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"attachments", "content"})

    id: str
    assistant_id: str | None = None
    attachments: list[Attachment] | None = None
    completed_at: int | None = None
    content: list[
        ImageFileContentBlock | ImageURLContentBlock | TextContentBlock | RefusalContentBlock
    ]
    created_at: int
    incomplete_at: int | None = None
    incomplete_details: IncompleteDetails | None = None
    metadata: dict[str, str] | None = None
    object: Literal["thread.message"]
    role: str
    run_id: str | None = None
    status: str
    thread_id: str


class MessageDeleted(Model, kw_only=True):
    id: str
    deleted: bool
    object: Literal["thread.message.deleted"]


Annotation = FileCitationAnnotation | FilePathAnnotation
MessageContent = (
    ImageFileContentBlock | ImageURLContentBlock | TextContentBlock | RefusalContentBlock
)
