"""What is new of a message."""

from __future__ import annotations

from typing import ClassVar, Literal

from streamnorm.dialects.chat.model import Model, Models, OneOf

__all__ = [
    "AnnotationDelta",
    "FileCitation",
    "FileCitationDeltaAnnotation",
    "FilePath",
    "FilePathDeltaAnnotation",
    "ImageFileDelta",
    "ImageFileDeltaBlock",
    "ImageURLDelta",
    "ImageURLDeltaBlock",
    "MessageContentDelta",
    "MessageDelta",
    "MessageDeltaEvent",
    "RefusalDeltaBlock",
    "TextDelta",
    "TextDeltaBlock",
]


class ImageFileDelta(Model, kw_only=True):
    detail: str | None = None
    file_id: str | None = None


class ImageFileDeltaBlock(Model, kw_only=True):
    _models: ClassVar[Models] = {"image_file": ImageFileDelta}

    index: int
    type: Literal["image_file"]
    image_file: ImageFileDelta | None = None


class ImageURLDelta(Model, kw_only=True):
    detail: str | None = None
    url: str | None = None


class ImageURLDeltaBlock(Model, kw_only=True):
    _models: ClassVar[Models] = {"image_url": ImageURLDelta}

    index: int
    type: Literal["image_url"]
    image_url: ImageURLDelta | None = None


class FileCitation(Model, kw_only=True):
    file_id: str | None = None
    quote: str | None = None


class FileCitationDeltaAnnotation(Model, kw_only=True):
    _models: ClassVar[Models] = {"file_citation": FileCitation}

    index: int
    type: Literal["file_citation"]
    end_index: int | None = None
    file_citation: FileCitation | None = None
    start_index: int | None = None
    text: str | None = None


class FilePath(Model, kw_only=True):
    file_id: str | None = None


class FilePathDeltaAnnotation(Model, kw_only=True):
    _models: ClassVar[Models] = {"file_path": FilePath}

    index: int
    type: Literal["file_path"]
    end_index: int | None = None
    file_path: FilePath | None = None
    start_index: int | None = None
    text: str | None = None


class TextDelta(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "annotations": OneOf(
            file_citation=FileCitationDeltaAnnotation, file_path=FilePathDeltaAnnotation
        )
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"annotations"})

    annotations: list[FileCitationDeltaAnnotation | FilePathDeltaAnnotation] | None = None
    value: str | None = None


class TextDeltaBlock(Model, kw_only=True):
    _models: ClassVar[Models] = {"text": TextDelta}

    index: int
    type: Literal["text"]
    text: TextDelta | None = None


class RefusalDeltaBlock(Model, kw_only=True):
    index: int
    type: Literal["refusal"]
    refusal: str | None = None


class MessageDelta(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "content": OneOf(
            image_file=ImageFileDeltaBlock,
            text=TextDeltaBlock,
            refusal=RefusalDeltaBlock,
            image_url=ImageURLDeltaBlock,
        )
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"content"})

    content: (
        list[ImageFileDeltaBlock | TextDeltaBlock | RefusalDeltaBlock | ImageURLDeltaBlock] | None
    ) = None
    role: str | None = None


class MessageDeltaEvent(Model, kw_only=True):
    _models: ClassVar[Models] = {"delta": MessageDelta}

    id: str
    delta: MessageDelta
    object: Literal["thread.message.delta"]


AnnotationDelta = FileCitationDeltaAnnotation | FilePathDeltaAnnotation
MessageContentDelta = ImageFileDeltaBlock | TextDeltaBlock | RefusalDeltaBlock | ImageURLDeltaBlock
