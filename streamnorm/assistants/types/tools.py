"""The tools of a run, and how it is to use and to answer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self

from streamnorm.dialects.chat.model import Model, Models

__all__ = [
    "AssistantResponseFormatOption",
    "AssistantTool",
    "AssistantToolChoice",
    "AssistantToolChoiceFunction",
    "AssistantToolChoiceOption",
    "CodeInterpreterTool",
    "FileSearch",
    "FileSearchRankingOptions",
    "FileSearchTool",
    "FunctionDefinition",
    "FunctionTool",
    "JSONSchema",
    "ResponseFormatJSONObject",
    "ResponseFormatJSONSchema",
    "ResponseFormatText",
]


_UNDER: Final = {"schema": "schema_"}
_OVER: Final = {"schema_": "schema"}


class FunctionDefinition(Model, kw_only=True):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class CodeInterpreterTool(Model, kw_only=True):
    type: Literal["code_interpreter"]


class FileSearchRankingOptions(Model, kw_only=True):
    _floats: ClassVar[frozenset[str]] = frozenset({"score_threshold"})

    score_threshold: float
    ranker: str | None = None


class FileSearch(Model, kw_only=True):
    _models: ClassVar[Models] = {"ranking_options": FileSearchRankingOptions}

    max_num_results: int | None = None
    ranking_options: FileSearchRankingOptions | None = None


class FileSearchTool(Model, kw_only=True):
    _models: ClassVar[Models] = {"file_search": FileSearch}

    type: Literal["file_search"]
    file_search: FileSearch | None = None


class FunctionTool(Model, kw_only=True):
    _models: ClassVar[Models] = {"function": FunctionDefinition}

    function: FunctionDefinition
    type: Literal["function"]


class AssistantToolChoiceFunction(Model, kw_only=True):
    name: str


class AssistantToolChoice(Model, kw_only=True):
    _models: ClassVar[Models] = {"function": AssistantToolChoiceFunction}

    type: str
    function: AssistantToolChoiceFunction | None = None


class ResponseFormatText(Model, kw_only=True):
    type: Literal["text"]


class ResponseFormatJSONObject(Model, kw_only=True):
    type: Literal["json_object"]


class JSONSchema(Model, kw_only=True):
    """`schema_` is `schema` on the wire."""

    name: str
    description: str | None = None
    schema_: dict[str, Any] | None = None
    strict: bool | None = None

    @classmethod
    def from_dict(cls, obj: Mapping[str, Any]) -> Self:
        return super().from_dict({_UNDER.get(key, key): value for key, value in obj.items()})

    def _dump(self, how: Any) -> dict[str, Any]:
        return {_OVER.get(key, key): value for key, value in super()._dump(how).items()}


class ResponseFormatJSONSchema(Model, kw_only=True):
    _models: ClassVar[Models] = {"json_schema": JSONSchema}

    json_schema: JSONSchema
    type: Literal["json_schema"]


AssistantTool = CodeInterpreterTool | FileSearchTool | FunctionTool
AssistantToolChoiceOption = str | AssistantToolChoice
AssistantResponseFormatOption = (
    str | ResponseFormatText | ResponseFormatJSONObject | ResponseFormatJSONSchema
)
