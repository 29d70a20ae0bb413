"""A step of a run: a message that it writes, or its calls."""

from __future__ import annotations

from typing import ClassVar, Literal

from streamnorm.dialects.chat.model import Model, Models, OneOf

__all__ = [
    "CodeInterpreter",
    "CodeInterpreterOutputImage",
    "CodeInterpreterOutputImageImage",
    "CodeInterpreterOutputLogs",
    "CodeInterpreterToolCall",
    "FileSearch",
    "FileSearchRankingOptions",
    "FileSearchResult",
    "FileSearchResultContent",
    "FileSearchToolCall",
    "Function",
    "FunctionToolCall",
    "LastError",
    "MessageCreation",
    "MessageCreationStepDetails",
    "RunStep",
    "ToolCall",
    "ToolCallsStepDetails",
    "Usage",
]


class MessageCreation(Model, kw_only=True):
    message_id: str


class MessageCreationStepDetails(Model, kw_only=True):
    _models: ClassVar[Models] = {"message_creation": MessageCreation}

    message_creation: MessageCreation
    type: Literal["message_creation"]


class CodeInterpreterOutputLogs(Model, kw_only=True):
    logs: str
    type: Literal["logs"]


class CodeInterpreterOutputImageImage(Model, kw_only=True):
    file_id: str


class CodeInterpreterOutputImage(Model, kw_only=True):
    _models: ClassVar[Models] = {"image": CodeInterpreterOutputImageImage}

    image: CodeInterpreterOutputImageImage
    type: Literal["image"]


class CodeInterpreter(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "outputs": OneOf(logs=CodeInterpreterOutputLogs, image=CodeInterpreterOutputImage)
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"outputs"})

    input: str
    outputs: list[CodeInterpreterOutputLogs | CodeInterpreterOutputImage]


class CodeInterpreterToolCall(Model, kw_only=True):
    _models: ClassVar[Models] = {"code_interpreter": CodeInterpreter}

    id: str
    code_interpreter: CodeInterpreter
    type: Literal["code_interpreter"]


class FileSearchRankingOptions(Model, kw_only=True):
    _floats: ClassVar[frozenset[str]] = frozenset({"score_threshold"})

    ranker: str
    score_threshold: float


class FileSearchResultContent(Model, kw_only=True):
    text: str | None = None
    type: Literal["text"] | None = None


class FileSearchResult(Model, kw_only=True):
    _models: ClassVar[Models] = {"content": FileSearchResultContent}
    _lists: ClassVar[frozenset[str]] = frozenset({"content"})
    _floats: ClassVar[frozenset[str]] = frozenset({"score"})

    file_id: str
    file_name: str
    score: float
    content: list[FileSearchResultContent] | None = None


class FileSearch(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "ranking_options": FileSearchRankingOptions,
        "results": FileSearchResult,
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"results"})

    ranking_options: FileSearchRankingOptions | None = None
    results: list[FileSearchResult] | None = None


class FileSearchToolCall(Model, kw_only=True):
    _models: ClassVar[Models] = {"file_search": FileSearch}

    id: str
    file_search: FileSearch
    type: Literal["file_search"]


class Function(Model, kw_only=True):
    arguments: str
    name: str
    output: str | None = None


class FunctionToolCall(Model, kw_only=True):
    _models: ClassVar[Models] = {"function": Function}

    id: str
    function: Function
    type: Literal["function"]


class ToolCallsStepDetails(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "tool_calls": OneOf(
            code_interpreter=CodeInterpreterToolCall,
            file_search=FileSearchToolCall,
            function=FunctionToolCall,
        )
    }
    _lists: ClassVar[frozenset[str]] = frozenset({"tool_calls"})

    tool_calls: list[CodeInterpreterToolCall | FileSearchToolCall | FunctionToolCall]
    type: Literal["tool_calls"]


class LastError(Model, kw_only=True):
    code: str
    message: str


class Usage(Model, kw_only=True):
    completion_tokens: int
    prompt_tokens: int
    total_tokens: int


class RunStep(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "last_error": LastError,
        "step_details": OneOf(
            message_creation=MessageCreationStepDetails, tool_calls=ToolCallsStepDetails
        ),
        "usage": Usage,
    }

    id: str
    assistant_id: str
    cancelled_at: int | None = None
    completed_at: int | None = None
    created_at: int
    expired_at: int | None = None
    failed_at: int | None = None
    last_error: LastError | None = None
    metadata: dict[str, str] | None = None
    object: Literal["thread.run.step"]
    run_id: str
    status: str
    step_details: MessageCreationStepDetails | ToolCallsStepDetails
    thread_id: str
    type: str
    usage: Usage | None = None


ToolCall = CodeInterpreterToolCall | FileSearchToolCall | FunctionToolCall
