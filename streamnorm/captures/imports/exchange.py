"""An exchange as a source tells of it, before anything is decoded or masked. Each source format yields these; `arriving` makes
captures of them, and is the only one that does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Exchange", "Headers", "Sent"]

#: Name and value, as written; a name may come more than once.
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The request. `url` is whole, or a path alone; `omitted` says why there is no body where one was sent."""

    method: str = "POST"
    url: str = "/"
    headers: Headers = ()
    body: bytes | None = None
    omitted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What one exchange was. `sent` is None where the source says nothing of the request, `headers` where it says nothing of the
    response's; `answered` is false where no response came. The body comes in `pieces`; `cut` says that their boundaries are the
    wire's. `started` is a date, in any spelling; `head` (of the response) and `took` (all of it) are seconds after it, where
    `timed`. `ended` and `error` are as in a capture. `notes` are for the user."""

    sent: Sent | None = None
    answered: bool = True
    status: int | None = None
    headers: Headers | None = None
    pieces: Iterable[bytes] = ()
    cut: bool = False
    timed: bool = False
    started: str = ""
    head: float = 0.0
    took: float = 0.0
    ended: Literal["end", "left", "error"] = "end"
    error: str = ""
    notes: tuple[str, ...] = ()
