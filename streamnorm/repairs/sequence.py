"""What may be wrong with the sequence of a stream in any dialect but chat, where each event has a kind and its turn
(`dialects.base`)."""

from __future__ import annotations

from typing import ClassVar, Final

from streamnorm.repairs.base import Repair

__all__ = [
    "SEQUENCE_REPAIRS",
    "ArgumentInvalid",
    "ArgumentReturns",
    "BraceExtra",
    "ChoicesForeign",
    "DeltasDiffer",
    "DeltasMissing",
    "DoneForeign",
    "EndMissing",
    "EventAfterEnd",
    "EventOutOfOrder",
    "FieldsSnakeCase",
    "PartsObject",
    "ResponseWrapped",
]


class _SequenceRepair(Repair):
    dialects: ClassVar[tuple[str, ...]] = (
        *("anthropic", "assistants", "cohere", "gemini", "ollama", "responses"),
    )


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
    dialects = ("anthropic", "cohere", "gemini", "ollama", "responses")


class ResponseWrapped(_SequenceRepair):
    """Each response is the `response` of another object, as behind some gateways."""

    code = "response-wrapped"
    rule = "a frame is a response"
    done = "the response in it was read"
    dialects = ("gemini",)


class FieldsSnakeCase(_SequenceRepair):
    """`finish_reason` for `finishReason` and so on: an object of the SDK was written out, not the response it was made from."""

    code = "fields-snake-case"
    rule = "fields are named in camel case"
    done = "read under the names of the wire"
    dialects = ("gemini",)


class ArgumentInvalid(_SequenceRepair):
    """A piece of a call's arguments that has no place: no JSON path, one through what holds nothing, or no value."""

    code = "argument-invalid"
    rule = "a piece of the arguments is a value at a path"
    done = "left out; the call is not complete"
    dialects = ("gemini",)


class ArgumentReturns(_SequenceRepair):
    """A piece of a call's arguments that adds to what had ended: to a string, or to an object after the next one began."""

    code = "argument-returns"
    rule = "the pieces of the arguments come in the order of their text"
    done = "what it is a part of was told again, whole, at the end: of a member that is there twice, the last holds"
    dialects = ("gemini",)


class DeltasMissing(_SequenceRepair):
    """The event that ends a text has more of it than the deltas had, or there were no deltas."""

    code = "deltas-missing"
    rule = "the deltas of a text join to the whole that ends it"
    done = "what was missing was told when it came"
    dialects = ("responses", "assistants")


class DeltasDiffer(_SequenceRepair):
    """The event that ends a text has another one than the deltas had."""

    code = "deltas-differ"
    rule = "the deltas of a text join to the whole that ends it"
    done = "the deltas had been told, and hold"
    dialects = ("responses", "assistants")


class BraceExtra(_SequenceRepair):
    """Behind a frame's JSON come braces that close nothing, as in the specification's own examples."""

    code = "brace-extra"
    rule = "a frame is one JSON object"
    done = "left out"
    dialects = ("assistants",)


class PartsObject(_SequenceRepair):
    """The parts of a message's delta, or the calls of a step's, are one object."""

    code = "parts-object"
    rule = "the parts of a message and the calls of a step come in lists"
    done = "read as a list of one"
    dialects = ("assistants",)


class ChoicesForeign(_SequenceRepair):
    """The choices of a chat chunk, under the name of an event of a thread."""

    code = "choices-foreign"
    rule = "an event's data is the object or the delta that its name says"
    done = "the choices were read as chat's"
    dialects = ("assistants",)


SEQUENCE_REPAIRS: Final[tuple[type[Repair], ...]] = (
    EventOutOfOrder,
    EndMissing,
    EventAfterEnd,
    DoneForeign,
    ResponseWrapped,
    FieldsSnakeCase,
    ArgumentInvalid,
    ArgumentReturns,
    DeltasMissing,
    DeltasDiffer,
    BraceExtra,
    PartsObject,
    ChoicesForeign,
)
