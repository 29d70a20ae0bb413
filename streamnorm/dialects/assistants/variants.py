"""How some servers write the data of an Assistants event otherwise: recognised here, and put as the rest of them write it."""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["braces_off", "listed_parts", "says_choices"]

_decoder: Final = json.JSONDecoder(strict=False)


def braces_off(data: bytes) -> bytes | None:
    """The JSON object in `data` without the braces behind it; None where there is something else wrong with it."""
    text = data.decode("utf-8", "replace").lstrip()
    try:
        _, end = _decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    rest = "".join(text[end:].split())
    return text[:end].encode() if rest and not rest.strip("}") else None


def says_choices(obj: dict[str, Any]) -> bool:
    """The data is a chunk as chat has them."""
    return isinstance(obj.get("choices"), list) and "delta" not in obj


def listed_parts(obj: dict[str, Any]) -> dict[str, Any] | None:
    """The data of a delta with its parts, or the calls of its step, in a list; None where they are in one, or there are
    none."""
    delta = obj.get("delta")
    if not isinstance(delta, dict):
        return None
    details = delta.get("step_details")
    if isinstance(delta.get("content"), dict):
        delta = {**delta, "content": [delta["content"]]}
    elif isinstance(details, dict) and isinstance(details.get("tool_calls"), dict):
        delta = {**delta, "step_details": {**details, "tool_calls": [details["tool_calls"]]}}
    else:
        return None
    return {**obj, "delta": delta}
