"""What moderation found in the input and the output of a completion."""

from __future__ import annotations

from typing import ClassVar, Literal

from streamnorm.dialects.chat.model import Model, Models, OneOf

__all__ = ["Moderation"]


class _Result(Model, kw_only=True):
    categories: dict[str, bool]
    category_applied_input_types: dict[str, list[str]]
    category_scores: dict[str, float]
    flagged: bool
    model: str
    type: Literal["moderation_result"]


class _Error(Model, kw_only=True):
    code: str
    message: str
    type: Literal["error"]


class _Results(Model, kw_only=True):
    _lists: ClassVar[frozenset[str]] = frozenset({"results"})

    model: str
    results: list[_Result]
    type: Literal["moderation_results"]


# The SDK has each of them twice, of the input and of the output: the same fields under two names.


class ModerationInputModerationResultsResult(_Result, kw_only=True):
    pass


class ModerationInputModerationResults(_Results, kw_only=True):
    _models: ClassVar[Models] = {"results": ModerationInputModerationResultsResult}


class ModerationInputError(_Error, kw_only=True):
    pass


class ModerationOutputModerationResultsResult(_Result, kw_only=True):
    pass


class ModerationOutputModerationResults(_Results, kw_only=True):
    _models: ClassVar[Models] = {"results": ModerationOutputModerationResultsResult}


class ModerationOutputError(_Error, kw_only=True):
    pass


class Moderation(Model, kw_only=True):
    _models: ClassVar[Models] = {
        "input": OneOf(
            moderation_results=ModerationInputModerationResults, error=ModerationInputError
        ),
        "output": OneOf(
            moderation_results=ModerationOutputModerationResults, error=ModerationOutputError
        ),
    }

    input: ModerationInputModerationResults | ModerationInputError
    output: ModerationOutputModerationResults | ModerationOutputError
