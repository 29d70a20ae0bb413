"""`openai.types.beta.threads`, and the modules in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamnorm.openai.mirror import ANY_DICT, ANY_TEXT, Homes, Mirror, each_alone

if TYPE_CHECKING:
    from streamnorm.assistants.types.message import (
        Annotation,
        FileCitationAnnotation,
        FilePathAnnotation,
        ImageFile,
        ImageFileContentBlock,
        ImageURL,
        ImageURLContentBlock,
        Message,
        MessageContent,
        MessageDeleted,
        RefusalContentBlock,
        Text,
        TextContentBlock,
    )
    from streamnorm.assistants.types.message_delta import (
        AnnotationDelta,
        FileCitationDeltaAnnotation,
        FilePathDeltaAnnotation,
        ImageFileDelta,
        ImageFileDeltaBlock,
        ImageURLDelta,
        ImageURLDeltaBlock,
        MessageContentDelta,
        MessageDelta,
        MessageDeltaEvent,
        RefusalDeltaBlock,
        TextDelta,
        TextDeltaBlock,
    )
    from streamnorm.assistants.types.run import (
        RequiredActionFunctionToolCall,
        Run,
    )
    from streamnorm.openai.types.beta.threads import runs

__all__ = [
    "Annotation",
    "AnnotationDelta",
    "FileCitationAnnotation",
    "FileCitationDeltaAnnotation",
    "FilePathAnnotation",
    "FilePathDeltaAnnotation",
    "ImageFile",
    "ImageFileContentBlock",
    "ImageFileDelta",
    "ImageFileDeltaBlock",
    "ImageURL",
    "ImageURLContentBlock",
    "ImageURLDelta",
    "ImageURLDeltaBlock",
    "Message",
    "MessageContent",
    "MessageContentDelta",
    "MessageDeleted",
    "MessageDelta",
    "MessageDeltaEvent",
    "RefusalContentBlock",
    "RefusalDeltaBlock",
    "RequiredActionFunctionToolCall",
    "Run",
    "Text",
    "TextContentBlock",
    "TextDelta",
    "TextDeltaBlock",
    "runs",
]

_DELTA = "streamnorm.assistants.types.message_delta"
_MESSAGE = "streamnorm.assistants.types.message"
_RUN = "streamnorm.assistants.types.run"

_MESSAGES = (
    "Annotation",
    "ImageFile",
    "ImageFileContentBlock",
    "ImageURL",
    "ImageURLContentBlock",
    "MessageContent",
    "MessageDeleted",
    "RefusalContentBlock",
    "Text",
    "TextContentBlock",
)
_DELTAS = (
    "AnnotationDelta",
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
)
_PARAMS = (
    "ImageFileContentBlockParam",
    "ImageFileParam",
    "ImageURLContentBlockParam",
    "ImageURLParam",
    "MessageContentPartParam",
    "MessageListParams",
    "MessageUpdateParams",
    "RunListParams",
    "RunUpdateParams",
    "TextContentBlockParam",
)
_CREATING = ("MessageCreateParams", "RunCreateParams", "RunSubmitToolOutputsParams")

#: The modules that have more than one name.
_MODULES: dict[str, Homes] = {
    "file_citation_annotation": {_MESSAGE: ("FileCitation", "FileCitationAnnotation")},
    "file_citation_delta_annotation": {_DELTA: ("FileCitation", "FileCitationDeltaAnnotation")},
    "file_path_annotation": {_MESSAGE: ("FilePath", "FilePathAnnotation")},
    "file_path_delta_annotation": {_DELTA: ("FilePath", "FilePathDeltaAnnotation")},
    "message": {
        _MESSAGE: (
            *("Attachment", "AttachmentToolAssistantToolsFileSearchTypeOnly"),
            *("IncompleteDetails", "Message"),
        )
    },
    "message_create_params": {
        ANY_DICT: (
            "Attachment",
            "AttachmentTool",
            "AttachmentToolFileSearch",
            "MessageCreateParams",
        )
    },
    "required_action_function_tool_call": {_RUN: ("Function", "RequiredActionFunctionToolCall")},
    "run": {
        _RUN: (
            *(
                "IncompleteDetails",
                "LastError",
                "RequiredAction",
                "RequiredActionSubmitToolOutputs",
            ),
            *("Run", "TruncationStrategy", "Usage"),
        )
    },
    "run_create_params": {
        ANY_DICT: (
            *("AdditionalMessage", "RunCreateParams", "RunCreateParamsBase"),
            *("RunCreateParamsNonStreaming", "RunCreateParamsStreaming", "TruncationStrategy"),
        )
    },
    "run_submit_tool_outputs_params": {
        ANY_DICT: (
            *("RunSubmitToolOutputsParams", "RunSubmitToolOutputsParamsBase", "ToolOutput"),
            "RunSubmitToolOutputsParamsNonStreaming",
            "RunSubmitToolOutputsParamsStreaming",
        )
    },
}

_mirror = Mirror(
    __name__,
    {
        _MESSAGE: (*_MESSAGES, "FileCitationAnnotation", "FilePathAnnotation", "Message"),
        _DELTA: (*_DELTAS, "FileCitationDeltaAnnotation", "FilePathDeltaAnnotation"),
        _RUN: ("RequiredActionFunctionToolCall", "Run"),
        ANY_DICT: (*_PARAMS, *_CREATING),
        ANY_TEXT: ("RunStatus",),
    },
    packages=("runs",),
    modules={
        **each_alone(
            {_MESSAGE: _MESSAGES, _DELTA: _DELTAS, ANY_DICT: _PARAMS, ANY_TEXT: ("RunStatus",)}
        ),
        **_MODULES,
    },
)


def __getattr__(name: str) -> Any:
    return _mirror.find(name)


def __dir__() -> list[str]:
    return _mirror.names()
