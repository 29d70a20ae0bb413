"""What an endpoint's refusal, or an answer that broke off, means for a run."""

from __future__ import annotations

import re
from typing import Final

from streamnorm.assistants.engine.states import Verdict

__all__ = ["failed", "of_endpoint", "overflows"]

#: Characters of an endpoint's words that a run's last_error has.
MAX_WORDS: Final = 2_000

_TOO_MUCH: Final = (400, 413, 422)

#: The code of a run's last_error, by the status of the refusal.
_CODES: Final = {429: "rate_limit_exceeded", **dict.fromkeys(_TOO_MUCH, "invalid_prompt")}

#: How endpoints say that a prompt is too long for the model.
_OVERFLOW: Final = re.compile(
    r"context.{0,20}(length|window|size|exceeded)|maximum.{0,20}(context|tokens)|(prompt|input|request).{0,20}too (long|large)"
    r"|too many.{0,20}tokens",
    re.IGNORECASE,
)


def of_endpoint(error: BaseException) -> Verdict:
    """The run has failed, in the endpoint's words."""
    code = _CODES.get(getattr(error, "status_code", 0), "server_error")
    return failed(str(error) or type(error).__name__, code)


def failed(words: str, code: str = "server_error") -> Verdict:
    return Verdict("failed", {"code": code, "message": words[:MAX_WORDS]})


def overflows(error: BaseException) -> bool:
    """The prompt is longer than the model takes."""
    if getattr(error, "status_code", 0) not in _TOO_MUCH:
        return False
    told = getattr(error, "code", None) == "context_length_exceeded"
    return told or _OVERFLOW.search(str(error)) is not None
