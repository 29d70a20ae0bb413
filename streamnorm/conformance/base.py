"""What a check is: one requirement with its id, its level and its source, and what examines an exchange for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

import msgspec

from streamnorm.conformance.evidence import OTHER, Evidence

__all__ = [
    "ALL",
    "ANY",
    "ASSISTANTS",
    "CHAT",
    "RESPONSES",
    "Check",
    "Examine",
    "Fault",
    "Level",
    "Verdict",
    "check",
]


class Level(StrEnum):
    """What the requirement asks (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Verdict(StrEnum):
    """`non-strict`: allowed, and likely to break clients. `skipped`: this exchange does not show it. `inconclusive`: it could
    have, and does not say."""

    PASS = "pass"  # noqa: S105  # no password
    NON_STRICT = "non-strict"
    FAIL = "fail"
    SKIPPED = "skipped"
    INCONCLUSIVE = "inconclusive"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a requirement is not met.

    frame: the number of the frame, 0 for what is not in one. span: the range of the body's bytes, where it is not the frame's.
    verdict: what it comes to; by the check's level where None. seen: the scenario in which it was measured which clients
    break on it.
    """

    words: str
    frame: int = 0
    span: tuple[int, int] | None = None
    verdict: Verdict | None = None
    seen: str = ""


#: For a check that looks at the answers to all requests of a live run.
ANY: Final = "*"

Examine = Callable[[Evidence], Iterable[Fault]]

#: Dialects. `ALL` are those that stream server-sent events.
CHAT: Final = ("chat",)
RESPONSES: Final = ("responses",)
ASSISTANTS: Final = ("assistants",)
ALL: Final = ("chat", "responses", "assistants", "anthropic", "cohere", "gemini", OTHER)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement. `needs` names what an exchange must show (`needs.NEEDS`) for `examine` to look at it; `looks_at` says in
    words what that is. `probes`: the requests (`live.probes`) whose answers it looks at; none for what any exchange shows.
    `beside`: the requests with whose answers it compares them."""

    id: str
    level: Level
    dialects: tuple[str, ...]
    requirement: str
    source: str
    looks_at: str
    needs: tuple[str, ...]
    examine: Examine
    probes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def own(self) -> Verdict:
        """What a fault comes to that does not say."""
        return Verdict.FAIL if self.level is Level.MUST else Verdict.NON_STRICT


def check(
    id: str,
    level: str,
    dialects: tuple[str, ...],
    requirement: str,
    *,
    source: str,
    looks_at: str,
    needs: tuple[str, ...] = (),
    probes: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
) -> Callable[[Examine], Check]:
    """Make the function below it a check."""

    def made(examine: Examine) -> Check:
        return Check(
            id=id,
            level=Level(level),
            dialects=dialects,
            requirement=requirement,
            source=source,
            looks_at=looks_at,
            needs=needs,
            examine=examine,
            probes=probes,
            beside=beside,
        )

    return made
