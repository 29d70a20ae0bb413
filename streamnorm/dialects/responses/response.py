"""What a response says of itself: how it ended, what it cost, when it was made. Any JSON may be in its place."""

from __future__ import annotations

from typing import Any

from streamnorm.dialects.counts import count, detail_in, usage_of
from streamnorm.dialects.failure import failure_in
from streamnorm.events import StreamFailed

__all__ = ["dicts", "failure_of", "reason_of", "seconds", "usage_in", "word"]


def reason_of(response: dict[str, Any], kind: str) -> str:
    """How the response ended: why it is incomplete where it is, whatever the event is called; or else its status."""
    details = response.get("incomplete_details")
    why = word(details.get("reason")) if isinstance(details, dict) else ""
    if why:
        return why
    ended = kind.removeprefix("response.")
    status = word(response.get("status"))
    return status if status == "incomplete" else ended


def failure_of(response: dict[str, Any], status: str) -> StreamFailed:
    error = response.get("error")
    if error:
        failure = failure_in({"error": error}, "error")
        if failure is not None:
            return failure
    return StreamFailed("server", f"the response {status or 'failed'}, and does not say why")


def usage_in(sent: dict[str, Any]) -> dict[str, Any]:
    """The counts under the names of chat, then as they were sent."""
    return usage_of(
        count(sent.get("input_tokens")),
        count(sent.get("output_tokens")),
        sent,
        cached=detail_in(sent, "input_tokens_details", "cached_tokens"),
        reasoning=detail_in(sent, "output_tokens_details", "reasoning_tokens"),
    )


def seconds(value: Any) -> int:
    """A time in Unix seconds; some send fractions of them."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if number and 0 <= value < 2**53 else 0


def word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects in a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
