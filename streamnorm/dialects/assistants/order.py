"""The legal order of an Assistants stream: one table for the run, one for each of its steps, one for each of its messages."""

from __future__ import annotations

from typing import Final

from streamnorm.dialects.assistants.types import DONE, MESSAGE_EVENTS, STEP_EVENTS
from streamnorm.dialects.order import START, OrderTable

__all__ = ["MESSAGE", "MESSAGE_ENDS", "RESUMED", "RUN", "RUN_ENDS", "STEP"]

_STEP_ENDS: Final = {
    f"thread.run.step.{name}": "ended" for name in ("completed", "failed", "cancelled", "expired")
}
#: What ends a message.
MESSAGE_ENDS: Final = {"thread.message.completed": "ended", "thread.message.incomplete": "ended"}
#: What ends a run, for one stream at least.
RUN_ENDS: Final = {
    f"thread.run.{name}": "ended"
    for name in ("completed", "incomplete", "failed", "cancelled", "expired", "requires_action")
}
_WITHIN: Final = (*STEP_EVENTS, *MESSAGE_EVENTS)

#: The state of a stream that goes on with a run whose calls were answered: it begins with the end of their step.
RESUMED: Final = "resumed"

#: The run. What is said of a step or a message has its turn in their own table too; `error` may come at any time, and ends it.
RUN: Final[OrderTable] = {
    START: {
        "thread.created": "thread",
        "thread.run.created": "created",
        "thread.run.queued": "queued",
        **dict.fromkeys(_STEP_ENDS, RESUMED),
    },
    "thread": {"thread.run.created": "created"},
    RESUMED: {**dict.fromkeys(_STEP_ENDS, RESUMED), "thread.run.queued": "queued"},
    "created": {"thread.run.queued": "queued", **RUN_ENDS},
    "queued": {
        "thread.run.in_progress": "running",
        "thread.run.cancelling": "cancelling",
        **RUN_ENDS,
    },
    "running": {
        **dict.fromkeys(_WITHIN, "running"),
        "thread.run.cancelling": "cancelling",
        **RUN_ENDS,
    },
    "cancelling": {**dict.fromkeys(_WITHIN, "cancelling"), **RUN_ENDS},
    "ended": {DONE: "done"},
}

#: One step. It may stay open where the run waits for the client.
STEP: Final[OrderTable] = {
    START: {"thread.run.step.created": "created"},
    "created": {"thread.run.step.in_progress": "running", **_STEP_ENDS},
    "running": {"thread.run.step.delta": "running", **_STEP_ENDS},
}

#: One message.
MESSAGE: Final[OrderTable] = {
    START: {"thread.message.created": "created"},
    "created": {"thread.message.in_progress": "running", **MESSAGE_ENDS},
    "running": {"thread.message.delta": "running", **MESSAGE_ENDS},
}
