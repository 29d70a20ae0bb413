"""Counts of tokens, as any dialect has them, under the names of chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["count", "detail_in", "usage_of"]


def count(value: Any) -> int:
    """A count of tokens; 0 for what is none. Some send a whole number as a float."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def detail_in(sent: Mapping[str, Any], details: str, name: str) -> int | None:
    """A count among the details of another; None where the server does not say."""
    found = sent.get(details)
    value = found.get(name) if isinstance(found, dict) else None
    return None if value is None else count(value)


def usage_of(
    prompt: int,
    completion: int,
    sent: Mapping[str, Any],
    *,
    cached: int | None = None,
    reasoning: int | None = None,
) -> dict[str, Any]:
    """The usage under the names of chat; then what the server sent, as it was. `cached` is a part of the prompt, `reasoning`
    of the completion; None where the server does not say."""
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    if cached is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
    if reasoning is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return {**usage, **{key: value for key, value in sent.items() if key not in usage}}
