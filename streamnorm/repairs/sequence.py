"""What may be wrong with the sequence of a stream in any dialect but chat, where each event has a kind and its turn
(`dialects.base`)."""

from __future__ import annotations

from typing import Final

from streamnorm.repairs.base import Repair

__all__ = ["SEQUENCE_REPAIRS", "DoneForeign", "EndMissing", "EventAfterEnd", "EventOutOfOrder"]


class _SequenceRepair(Repair):
    dialects = ("anthropic", "cohere", "gemini", "ollama", "responses")


class EventOutOfOrder(_SequenceRepair):
    """An event that may not come at this point: a delta of a block that was never opened, for one."""

    code = "event-out-of-order"
    rule = "events come in the order that the dialect's table gives"
    done = "read all the same"


class EndMissing(_SequenceRepair):
    """The finish reason came, but not the event that ends the stream."""

    code = "end-missing"
    rule = "the dialect's last event ends the stream"
    done = "the finish reason was taken for the end"


class EventAfterEnd(_SequenceRepair):
    """Something follows the event that ends the stream."""

    code = "event-after-end"
    rule = "the dialect's last event ends the stream"
    done = "the frame was left out"


class DoneForeign(_SequenceRepair):
    """`[DONE]`, which is chat's, in a dialect that ends its streams otherwise."""

    code = "done-foreign"
    rule = "the payload is JSON"
    done = "the frame was left out"


SEQUENCE_REPAIRS: Final[tuple[type[Repair], ...]] = (
    EventOutOfOrder,
    EndMissing,
    EventAfterEnd,
    DoneForeign,
)
