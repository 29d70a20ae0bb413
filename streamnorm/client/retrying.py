"""When a request is sent again, and after how long. The rules are the OpenAI SDK's (3.52, `_base_client.py`)."""

from __future__ import annotations

import email.utils
import random
from collections.abc import Mapping
from typing import Final

__all__ = ["MAX_RETRIES", "delay", "worth_retrying"]

MAX_RETRIES: Final = 2

#: Statuses that may be another the next time, beside all from 500 on: timeout, conflict, too many requests.
_PASSING: Final = frozenset((408, 409, 429))

#: The longest that a server may ask us to wait, in seconds. One that asks for more is not asked again.
MAX_RETRY_AFTER: Final = 120.0

_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 8.0


def worth_retrying(status: int, headers: Mapping[str, str], now: float) -> bool:
    """The answer may be another one if it is asked again. `now`: seconds since 1970, for a Retry-After that is a date."""
    said = headers.get("x-should-retry")
    if said in ("true", "false"):
        return said == "true"
    wait = retry_after(headers, now)
    if wait is not None and wait > MAX_RETRY_AFTER:
        return False
    return status in _PASSING or status >= 500


def delay(taken: int, headers: Mapping[str, str], now: float) -> float:
    """Seconds to wait before the next try, after `taken` retries: what the server asked for, or a growing time, a part of it by
    chance."""
    wait = retry_after(headers, now)
    if wait is not None and 0 < wait <= MAX_RETRY_AFTER:
        return wait
    longest = min(_FIRST_DELAY * 2.0 ** min(taken, 1_000), _LONGEST_DELAY)
    return longest * (1 - 0.25 * random.random())  # noqa: S311  # spreads retries, hides nothing


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """What the server asked for, in seconds; None where it did not, or not in words that RFC 9110 (10.2.3) has."""
    try:
        return float(headers["retry-after-ms"]) / 1000
    except (KeyError, ValueError):
        pass
    text = headers.get("retry-after", "")
    try:
        return float(text)
    except ValueError:
        pass
    when = email.utils.parsedate_tz(text)
    return None if when is None else email.utils.mktime_tz(when) - now
