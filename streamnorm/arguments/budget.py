"""How much work one validation may do. Work is counted in steps and not in time, so a verdict is the same on every machine
and on every day, and the core needs no clock; a step is what an ordinary keyword costs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from streamnorm.arguments.patterns import Pattern

__all__ = ["DEFAULT_LEVELS", "DEFAULT_MILLISECONDS", "METER", "Meter", "OverBudget", "steps_in"]

#: What a validation may take, unless told otherwise.
DEFAULT_MILLISECONDS: Final = 100.0
DEFAULT_LEVELS: Final = 64

#: A keyword of jsonschema's takes 1.5 to 5 µs, references and errors counted as several (measured on schemas that double at each
#: of 20 levels): a budget of 100 ms ends after 30 to 100 ms there.
STEPS_PER_MILLISECOND: Final = 200

#: Characters of text that are parsed, compared or quoted in the time of one step.
CHARACTERS_PER_STEP: Final = 128

#: References open at once, in levels: each level of the arguments may take one, and that one another.
REFERENCES_PER_LEVEL: Final = 2


class OverBudget(Exception):  # noqa: N818 - it never leaves the package: a verdict is made of it
    """The work that was allowed is done, and no verdict reached. `str(it)` says what there was too much of."""


class Meter:
    """The work left to one validation, and what the keywords need to know of the schema."""

    __slots__ = ("left", "nodes", "patterns", "references", "spreads")

    def __init__(
        self,
        steps: int,
        *,
        levels: int = DEFAULT_LEVELS,
        patterns: dict[str, Pattern] | None = None,
        spreads: dict[int, float] | None = None,
        nodes: int = 0,
    ) -> None:
        self.left = steps
        self.references = levels * REFERENCES_PER_LEVEL
        self.patterns = patterns or {}
        #: By the id of a schema with an `unevaluated...` keyword: how many schemas that keyword has to look through.
        self.spreads = spreads or {}
        self.nodes = nodes

    def spend(self, steps: float) -> None:
        """Raises OverBudget where that much is not left."""
        if steps > self.left:
            self.left = 0
            raise OverBudget("the work")
        self.left -= int(steps)


#: The meter of the validation that runs now. A context variable: threads and tasks that validate at once each have their own.
METER: Final[ContextVar[Meter]] = ContextVar("streamnorm_validation_meter")


def steps_in(milliseconds: float) -> int:
    """A budget of time as a budget of work."""
    return max(1, int(milliseconds * STEPS_PER_MILLISECOND))
