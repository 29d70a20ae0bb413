"""All checks, in the order of their ids: those that the bytes of one exchange decide, and those that only a live server shows.
`CHECKS` finds them by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streamnorm.conformance.base import Check
from streamnorm.conformance.checks.assistants import ASSISTANT
from streamnorm.conformance.checks.calls import CALLS
from streamnorm.conformance.checks.choice import CHOICE
from streamnorm.conformance.checks.chunks import CHUNKS
from streamnorm.conformance.checks.ending import ENDING
from streamnorm.conformance.checks.responses import RESPONSE
from streamnorm.conformance.checks.text import TEXT
from streamnorm.conformance.checks.transport import TRANSPORT
from streamnorm.conformance.checks.usage import USAGE
from streamnorm.conformance.live.checks import LIVE

__all__ = ["CHECKS"]

#: The families in the order in which they are told: transport, ending, shape, usage, calls, formats, Responses, Assistants.
_FAMILIES: Final = "TESUFORA"

_ALL: Final = (
    *TRANSPORT,
    *ENDING,
    *CHUNKS,
    *TEXT,
    *USAGE,
    *CALLS,
    *CHOICE,
    *RESPONSE,
    *ASSISTANT,
    *LIVE,
)

CHECKS: Final[Mapping[str, Check]] = {
    check.id: check
    for check in sorted(_ALL, key=lambda each: (_FAMILIES.index(each.id[0]), each.id))
}
