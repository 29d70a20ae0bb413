"""The usual event of a run, one more piece of one text, read at once: a typed decode that refuses whatever the reader might want
to look at. The refusal is the detector, as it is for chunks."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from streamnorm.assistants.types.message_delta import (
    MessageDelta,
    MessageDeltaEvent,
    TextDelta,
    TextDeltaBlock,
)
from streamnorm.assistants.types.stream_event import ThreadMessageDelta

__all__ = ["TEXT_EVENT", "PlainText", "plain_text"]

#: The name of the event.
TEXT_EVENT: Final = "thread.message.delta"


class _Text(msgspec.Struct, forbid_unknown_fields=True):
    value: str


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    index: int
    type: Literal["text"]
    text: _Text


class _Delta(msgspec.Struct, forbid_unknown_fields=True):
    content: tuple[_Part]


class PlainText(msgspec.Struct, forbid_unknown_fields=True):
    """A delta with one part, a text without annotations."""

    id: str
    object: Literal["thread.message.delta"]
    delta: _Delta

    @property
    def index(self) -> int:
        return self.delta.content[0].index

    @property
    def text(self) -> str:
        return self.delta.content[0].text.value

    def event(self) -> ThreadMessageDelta:
        """As the SDK has it."""
        (part,) = self.delta.content
        block = TextDeltaBlock(index=part.index, type="text", text=TextDelta(value=part.text.value))
        data = MessageDeltaEvent(id=self.id, delta=MessageDelta(content=[block]), object=TEXT_EVENT)
        return ThreadMessageDelta(data=data, event=TEXT_EVENT)


_decode: Final = msgspec.json.Decoder(PlainText).decode


def plain_text(data: bytes) -> PlainText | None:
    """What the event's data says; None for one that has to be looked at."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
