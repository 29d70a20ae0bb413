"""What a tool loop tells beside the events of its streams, what it asks to be done, and what it is told of it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = [
    "Execute",
    "Invocation",
    "Outcome",
    "RoundStarted",
    "RunFinished",
    "ToolAnswered",
    "ToolStarted",
    "Turn",
]


class Invocation(msgspec.Struct, frozen=True):
    """A call that may be run: whole, and valid by its tool's schema. `arguments` is the value of its argument text."""

    id: str
    name: str
    arguments: dict[str, Any]


class Outcome(msgspec.Struct, frozen=True):
    """What came of a call. `content` goes back to the model. `status`: it ran (`done`), was cut or not valid (`invalid`), the
    hook refused it (`refused`), the function raised (`failed`) or took too long (`timeout`)."""

    id: str
    name: str
    content: str
    status: Literal["done", "invalid", "refused", "failed", "timeout"]


class RoundStarted(msgspec.Struct, frozen=True):
    """A request goes out, the `number`th of the run from 1."""

    number: int


class ToolStarted(msgspec.Struct, frozen=True):
    """A function runs, with these arguments (the hook may have changed them)."""

    id: str
    name: str
    arguments: dict[str, Any]


class ToolAnswered(msgspec.Struct, frozen=True):
    """A call has its answer; told in the order of the calls."""

    outcome: Outcome


class RunFinished(msgspec.Struct, frozen=True):
    """The last event. `reason`: the model made no call (`done`), the rounds were used up (`max_rounds`), or the last answer was
    cut by a limit or a filter (`length`, `content_filter`) and its calls were not run. Where it is the run of a thread, it may
    also have `failed`, been `cancelled` or `expired`."""

    reason: Literal[
        "done", "max_rounds", "length", "content_filter", "failed", "cancelled", "expired"
    ]
    rounds: int


# Between the loop and its drivers.


class Turn(msgspec.Struct, frozen=True):
    """Ask the model; comes back as the `Result` of its answer."""

    messages: list[Any]


class Execute(msgspec.Struct, frozen=True):
    """Run these, at the same time; comes back as their outcomes, in the same order."""

    invocations: list[Invocation]
