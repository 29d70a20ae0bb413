"""The reasoning of an assistant's turns: sent back where the host needs it, left out where the host refuses it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, cast

from streamnorm.requests.reading import pointer
from streamnorm.requests.work import ABSENT, Work, calls_of

if TYPE_CHECKING:
    from streamnorm.requests.options import ReasoningKept

__all__ = ["REASONING", "keep_reasoning", "leave_out_reasoning"]

#: The fields in which reasoning comes.
REASONING: Final = ("reasoning_content", "reasoning", "reasoning_details")

_NO_REASONING: Final = "reasoning-must-not-be-replayed"
_WITH_REASONING: Final = "reasoning-must-be-replayed"


def leave_out_reasoning(work: Work) -> None:
    """Where reasoning may not come back, it does not."""
    if work.claim(_NO_REASONING) is not None:
        for turn in work.assistants():
            for key in REASONING:
                if key in turn.message:
                    work.leave_out(_NO_REASONING, turn, key)


def keep_reasoning(work: Work) -> None:
    """Where reasoning has to come back, it is in the field that the host reads; a turn that calls tools and lost it has the
    placeholder that the profile names."""
    claim = work.claim(_WITH_REASONING)
    if claim is None:
        return
    options = cast("ReasoningKept", claim.options)
    for turn in work.assistants():
        given = next((key for key in options.renamed if turn.message.get(key)), None)
        if turn.message.get(options.field) is None and given is not None:
            work.note(
                _WITH_REASONING,
                pointer(turn.where, given),
                turn.message[given],
                f"sent as {options.field}",
            )
            turn.message = {
                options.field if key == given else key: value
                for key, value in turn.message.items()
                if key != options.field
            }
        lost = turn.message.get(options.field) is None and options.field not in work.refused
        if lost and options.placeholder is not None and any(calls_of(turn)):
            seen = turn.message.get(options.field, ABSENT)
            turn.message = {**turn.message, options.field: options.placeholder}
            work.added.add(options.field)
            where = pointer(turn.where, options.field)
            done = f"it was lost; sent as {json.dumps(options.placeholder)}"
            work.note(_WITH_REASONING, where, seen, done)
