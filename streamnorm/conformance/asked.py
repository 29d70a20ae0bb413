"""What each id of the suite asks, in words, for whoever writes about checks: also for an id that this version has no check for.
It examines nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from streamnorm.conformance.base import ALL
from streamnorm.conformance.checks import CHECKS

__all__ = ["AREAS", "ASKED", "Asked", "area_of", "asked_of"]

#: The areas of the suite, by the letter with which their ids begin, in the order in which they are told.
AREAS: Final[Mapping[str, str]] = {
    "T": "Transport",
    "E": "Ends and errors",
    "S": "The shape of chat chunks",
    "U": "Usage",
    "F": "Tool calls",
    "O": "Formats and refusals",
    "R": "Responses streams",
    "A": "Assistants streams",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One id. All but the id is empty where this version does not know it."""

    id: str
    requirement: str = ""
    level: str = ""
    dialects: tuple[str, ...] = ()
    source: str = ""
    looks_at: str = ""

    @property
    def streams(self) -> str:
        """The dialects in words."""
        return "any" if self.dialects == ALL else ", ".join(self.dialects)


def _asked() -> dict[str, Asked]:
    found = (
        Asked(
            id=check.id,
            requirement=check.requirement,
            level=check.level.value,
            dialects=check.dialects,
            source=check.source,
            looks_at=check.looks_at,
        )
        for check in CHECKS.values()
    )
    return {each.id: each for each in found}


#: By id, in the order of the areas.
ASKED: Final[Mapping[str, Asked]] = _asked()


def asked_of(check: str) -> Asked:
    """What an id asks; only the id where this version does not know it."""
    return ASKED.get(check) or Asked(id=check)


def area_of(check: str) -> str:
    """The title of the area of an id."""
    return AREAS.get(check[:1], "Other")
