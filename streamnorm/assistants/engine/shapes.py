"""What the objects in a request may be: tools, messages, and what a run can be told; each as it is kept."""

from __future__ import annotations

from typing import Any, Final

from streamnorm.assistants.engine.objects import text_part
from streamnorm.assistants.engine.values import (
    Check,
    boolean,
    fields,
    items,
    metadata,
    one_of,
    text,
    whole,
    wrong,
    wrong_type,
)

__all__ = [
    "message",
    "response_format",
    "tool_choice",
    "tool_resources",
    "tools",
    "truncation",
]

#: The API's limits.
MAX_TOOLS: Final = 128
MAX_PARTS: Final = 10_000

#: What the service ran and this engine does not, and what to do instead.
_HOSTED: Final = {
    "code_interpreter": "no code is run here: give the assistant a function tool that runs it",
    "file_search": "no files are kept here: give the assistant a function tool that searches them, or put their text into "
    "messages",
}


# Tools.

_function: Final = fields(
    {
        "name": text(64, least=1),
        "description": text(),
        "parameters": lambda value, at: _object(value, at),
        "strict": boolean,
    },
    needed=("name",),
)


def _object(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong_type(value, at, "an object")
    return value


def _tool(value: Any, at: str) -> dict[str, Any]:
    kind = _object(value, at).get("type")
    if kind in _HOSTED:
        raise wrong(
            f"this endpoint has no {kind}, and {_HOSTED[kind]}.", f"{at}.type", "unsupported_tool"
        )
    one_of("function")(kind, f"{at}.type")
    found: dict[str, Any] = fields({"type": text(), "function": _function}, ("function",))(
        value, at
    )
    # As the API shows a tool: what was not said of it, it says itself.
    function = {
        "parameters": {"type": "object", "properties": {}},
        "strict": False,
        **found["function"],
    }
    return {"type": "function", "function": function}


tools: Final = items(_tool, MAX_TOOLS)


def tool_resources(value: Any, at: str) -> dict[str, Any]:
    """Of tools that are not here: only what says nothing."""
    for name, resource in _object(value, at).items():
        if resource and any(resource.values() if isinstance(resource, dict) else (resource,)):
            reason = _HOSTED.get(name, "only functions are called here")
            raise wrong(f"{reason}.", f"{at}.{name}", "unsupported_tool")
    return value  # type: ignore[no-any-return]


def tool_choice(value: Any, at: str) -> Any:
    if isinstance(value, str):
        return one_of("none", "auto", "required")(value, at)
    named = fields({"name": text(64, least=1)}, ("name",))
    return fields({"type": one_of("function"), "function": named}, ("type", "function"))(value, at)


# The rest of a run.


def response_format(value: Any, at: str) -> Any:
    if isinstance(value, str):
        return one_of("auto")(value, at)
    kinds = one_of("text", "json_object", "json_schema")
    return fields({"type": kinds, "json_schema": _object}, ("type",))(value, at)


truncation: Final = fields(
    {"type": one_of("auto", "last_messages"), "last_messages": whole(1)}, needed=("type",)
)


# Messages.


def _text_content(value: Any, at: str) -> dict[str, Any]:
    return text_part(fields({"type": text(), "text": text(least=1)}, ("text",))(value, at)["text"])


def _image_content(value: Any, at: str) -> dict[str, Any]:
    checks = {"url": text(20_000_000, least=1), "detail": one_of("auto", "low", "high")}
    image = fields(checks, ("url",))
    found = fields({"type": text(), "image_url": image}, ("image_url",))(value, at)
    return {"type": "image_url", "image_url": {"detail": "auto", **found["image_url"]}}


def _file_content(_: Any, at: str) -> dict[str, Any]:
    raise wrong(
        "no files are kept here: send the image as an image_url part, whose url may be a data: URL.",
        at,
        "unsupported_content",
    )


_PARTS: Final[dict[str, Check]] = {
    "text": _text_content,
    "image_url": _image_content,
    "image_file": _file_content,
}


def _part(value: Any, at: str) -> dict[str, Any]:
    kind = one_of(*_PARTS)(_object(value, at).get("type"), f"{at}.type")
    return _PARTS[kind](value, at)  # type: ignore[no-any-return]


def _content(value: Any, at: str) -> list[dict[str, Any]]:
    """A message's content: a text, or parts."""
    if isinstance(value, str):
        return [text_part(text(least=1)(value, at))]
    found: list[dict[str, Any]] = items(_part, MAX_PARTS)(value, at)
    if not found:
        raise wrong("a message has a text or an image.", at, "empty_array")
    return found


def _attachments(value: Any, at: str) -> list[Any]:
    found: list[Any] = items(_object, MAX_PARTS)(value, at)
    if found:
        raise wrong(f"{_HOSTED['file_search']}.", at, "unsupported_content")
    return found


_message: Final = fields(
    {
        "role": one_of("user", "assistant"),
        "content": _content,
        "attachments": _attachments,
        "metadata": metadata,
    },
    needed=("role", "content"),
)


def message(value: Any, at: str) -> dict[str, Any]:
    found: dict[str, Any] = _message(value, at)
    kinds = [part["type"] for part in found["content"]]
    if found["role"] == "assistant" and "image_url" in kinds:
        place = f"{at}.content" if at else "content"
        words = "chat endpoints take images from the user alone: give the message the role 'user'."
        raise wrong(words, place, "unsupported_content")
    return found
