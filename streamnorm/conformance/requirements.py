"""The sets of requirements, frozen by date (`requirements/<date>.toml`): a grade keeps its meaning when the checks grow."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from streamnorm.conformance.base import Level

__all__ = ["CURRENT", "Requirement", "requirements"]

#: The set by which a run is graded.
CURRENT: Final = "2026-11"


class Requirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a check asks, in the words of that date."""

    level: Level
    dialects: tuple[str, ...]
    words: str


@cache
def requirements(date: str = CURRENT) -> dict[str, Requirement]:
    """The requirements of a date, by the id of their check."""
    text = (files("streamnorm.conformance") / f"requirements/{date}.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["checks"], dict[str, Requirement])
