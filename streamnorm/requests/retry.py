"""A refusal in, the same request without the field that it names out: once, and never a field that the caller wrote."""

from __future__ import annotations

import re
from typing import Final

from streamnorm.requests.pipeline import Prepared, without

__all__ = ["learn"]

#: The statuses with which hosts refuse a field.
_REFUSALS: Final = (400, 422)

#: Characters of an error's text that are looked at.
_MAX_TEXT: Final = 65_536


def learn(status: int, text: str, prepared: Prepared) -> Prepared | None:
    """The request without the one field that `text` names among those that were put in; from then on that field is not put in
    at this base URL. None where there is nothing to try again without: another status, no such field or several, or this was
    the second attempt. What the caller wrote is never taken out.

    `text` is the body of the response.
    """
    if status not in _REFUSALS or prepared.retried:
        return None
    named = [field for field in prepared.added if _names(text[:_MAX_TEXT], field)]
    return without(prepared, named[0]) if len(named) == 1 else None


def _names(text: str, field: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(field)}(?![A-Za-z0-9_])", text) is not None
