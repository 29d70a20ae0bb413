"""Content and arguments as values: what `response_format` and strict tools promise becomes the request's JSON Schema, and the
text that comes back becomes instances. pydantic is imported where there is something to parse."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from streamnorm.client.errors import ContentFilterFinishReasonError, LengthFinishReasonError
from streamnorm.client.given import NotGiven, Omit
from streamnorm.client.types.parsed import ParsedChatCompletion
from streamnorm.dialects.chat.model import named_after

if TYPE_CHECKING:
    from streamnorm.client.types.completion import ChatCompletion

__all__ = [
    "checked_tools",
    "is_parseable",
    "parse_arguments",
    "parse_completion",
    "parse_content",
    "response_format_param",
    "tool_named",
]

#: What the SDK's generic classes show as their argument, where nobody said which.
_UNSAID = "~ResponseFormatT"


def response_format_param(response_format: Any) -> Any:
    """`response_format` as the request has it: a class becomes a strict JSON Schema under its name; anything else stays.

    Raises TypeError for a class that is neither a pydantic model nor a pydantic dataclass.
    """
    if not isinstance(response_format, type):
        return response_format
    from streamnorm.tools.models import strict_schema

    if not (_is_model(response_format) or _is_dataclass(response_format)):
        raise TypeError(
            f"response_format is a pydantic model, a pydantic dataclass or a dict, not {response_format!r}"
        )
    schema = {
        "schema": strict_schema(response_format),
        "name": response_format.__name__,
        "strict": True,
    }
    return {"type": "json_schema", "json_schema": schema}


def checked_tools(tools: Iterable[Any] | NotGiven | Omit | None) -> list[Any]:
    """The tools, if the arguments of each can be parsed.

    Raises ValueError for a tool that is no function, or not strict.
    """
    listed = _listed(tools)
    for tool in listed:
        if tool["type"] != "function":
            raise ValueError(
                f"Currently only `function` tool types support auto-parsing; Received `{tool['type']}`"
            )
        if tool["function"].get("strict") is not True:
            raise ValueError(
                f"`{tool['function']['name']}` is not strict. Only `strict` function tools can be auto-parsed"
            )
    return listed


def is_parseable(response_format: Any, tools: Iterable[Any]) -> bool:
    """Whether there is anything to parse: a cut answer is an error then."""
    if isinstance(response_format, type):
        return True
    functions = [tool["function"] for tool in tools if tool.get("type") == "function"]
    return any(_model_of(function) or function.get("strict") for function in functions)


def parse_completion(
    completion: ChatCompletion,
    *,
    response_format: Any = None,
    tools: Iterable[Any] | NotGiven | Omit | None = None,
) -> ParsedChatCompletion:
    """The completion with `message.parsed` and the calls' `function.parsed_arguments`.

    Raises LengthFinishReasonError and ContentFilterFinishReasonError for a choice that was cut; pydantic's ValidationError and
    ValueError for text that is not what was promised, as the SDK does.
    """
    offered = _listed(tools)
    for choice in completion.choices:
        if choice.finish_reason == "length":
            raise LengthFinishReasonError(completion=completion)
        if choice.finish_reason == "content_filter":
            raise ContentFilterFinishReasonError(completion=completion)
    parsed = ParsedChatCompletion.from_dict(completion.to_dict())
    named_after(parsed, _UNSAID)
    for choice, original in zip(parsed.choices, completion.choices, strict=True):
        named_after(choice, _UNSAID)
        message = named_after(choice.message, _UNSAID)
        content, refusal = original.message.content, original.message.refusal
        message.parsed = None if refusal else parse_content(response_format, content)
        message.tool_calls = message.tool_calls or None
        for call in message.tool_calls or ():
            if call.type == "function":
                function = call.function
                function.parsed_arguments = parse_arguments(
                    tool_named(offered, function.name), function.arguments
                )
    return parsed


def parse_content(response_format: Any, content: str | None) -> Any:
    """The content as an instance of the class; None where there is no class, or no content."""
    if not isinstance(response_format, type) or not content:
        return None
    if _is_model(response_format):
        return response_format.model_validate_json(content)  # type: ignore[attr-defined]
    if _is_dataclass(response_format):
        from pydantic import TypeAdapter

        return TypeAdapter(response_format).validate_json(content)
    raise TypeError(f"Unable to automatically parse response format type {response_format}")


def parse_arguments(tool: Mapping[str, Any] | None, arguments: str) -> Any:
    """The arguments of a call of this tool: an instance where the tool was made from a model, a decoded value where it is strict,
    else None."""
    if tool is None:
        return None
    function = tool["function"]
    model = _model_of(function)
    if model is not None:
        return model.model_validate_json(arguments)
    return json.loads(arguments) if function.get("strict") else None


def tool_named(tools: Iterable[Any], name: str | None) -> Mapping[str, Any] | None:
    for tool in tools:
        if tool.get("type") == "function" and tool.get("function", {}).get("name") == name:
            found: Mapping[str, Any] = tool
            return found
    return None


def _listed(tools: Iterable[Any] | NotGiven | Omit | None) -> list[Any]:
    return list(tools or ())


def _model_of(function: Any) -> Any:
    """The model that a tool's function was made from."""
    return getattr(function, "model", None)


def _is_model(kind: type) -> bool:
    from streamnorm.tools.models import is_model

    return is_model(kind)


def _is_dataclass(kind: type) -> bool:
    """One of pydantic's: a plain dataclass says nothing of how it is read."""
    return hasattr(kind, "__pydantic_config__")
