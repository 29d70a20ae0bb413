"""What a rule is, and the words that rules of several targets share."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from streamnorm.arguments.strict.checks import Check

__all__ = ["CHECK_YOURSELF", "NUMERIC", "Level", "Rule"]

Level = Literal["MUST", "SHOULD"]

CHECK_YOURSELF: Final = (
    "leave it out and say it in the description; validate the arguments yourself"
)
NUMERIC: Final = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf")


class Rule(NamedTuple):
    """`source`: where it was read. `formats_only`: it holds for response formats, and not for the parameters of a tool."""

    id: str
    level: Level
    check: Check
    source: str
    formats_only: bool = False
