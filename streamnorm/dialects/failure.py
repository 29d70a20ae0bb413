"""Errors that a server reports inside a stream, in all their shapes, as one `StreamFailed`."""

from __future__ import annotations

import json
from typing import Any, Final

from streamnorm.events import StreamFailed

__all__ = ["failure_in", "failure_in_broken"]

#: Where servers put the words, in the order of preference.
_MESSAGE_KEYS: Final = ("message", "detail", "error", "msg", "error_message", "reason")

#: How much of an error's own JSON is quoted where it has no words.
_QUOTED: Final = 500


def failure_in(obj: Any, event: str) -> StreamFailed | None:
    """The failure that `obj`, the JSON of one frame named `event`, reports; None where it reports none.

    Shapes: `{"error": {...}}`, `{"error": "words"}`, `[{"error": ...}]`, `{"object": "error", ...}`, `{"detail": ...}`,
    `{"message": ...}` without choices, an error inside a choice, and any frame named `error`. An `error` that is null
    or empty is none.
    """
    if event == "message" and _is_plain(obj):
        return None
    if isinstance(obj, list) and len(obj) == 1:
        return failure_in(obj[0], event)
    if not isinstance(obj, dict):
        return _failure(obj) if event == "error" and obj is not None else None
    error = obj.get("error")
    if error:
        return _failure(error, obj)
    if event == "error" or obj.get("object") == "error":
        return _failure(obj)
    choices = obj.get("choices")
    if isinstance(choices, list):
        for choice in choices:
            if isinstance(choice, dict) and choice.get("error"):
                return _failure(choice["error"], choice)
    if (
        "choices" not in obj
        and "id" not in obj
        and (obj.get("detail") or (obj.get("message") and isinstance(obj["message"], str)))
    ):
        return _failure(obj)
    return None


def failure_in_broken(text: str) -> StreamFailed:
    """The failure that `text`, an error's JSON that is not quite JSON, reports: raw newlines are let pass, and where there is
    more wrong with it, all of it is what the server said."""
    try:
        found = failure_in(json.loads(text, strict=False), "error")
    except (ValueError, RecursionError):
        found = None
    return found or StreamFailed("server", text)


def _is_plain(obj: Any) -> bool:
    """The usual chunk, which reports nothing; a short cut."""
    if not isinstance(obj, dict) or "error" in obj or obj.get("object") == "error":
        return False
    choices = obj.get("choices")
    if not isinstance(choices, list) or len(choices) != 1:
        return False
    return isinstance(choices[0], dict) and "error" not in choices[0]


def _failure(error: Any, around: dict[str, Any] | None = None) -> StreamFailed:
    around = around or {}
    if not isinstance(error, dict):
        code = around.get("code") or around.get("status_code")
        return StreamFailed(
            "server", _words(error), type=_word(around.get("type")), code=_code(code)
        )
    message = next((error[key] for key in _MESSAGE_KEYS if error.get(key)), error)
    return StreamFailed(
        "server",
        _words(message),
        type=_word(error.get("type") or error.get("status") or around.get("type")),
        code=_code(error.get("code") or around.get("code") or error.get("status_code")),
    )


def _words(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)[:_QUOTED]


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _code(value: Any) -> str | int | None:
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None
