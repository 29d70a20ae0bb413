"""What the frame decoder and the JSON reader put right. The work is done where the bytes are read (`sse`, `shape`); these
classes give each quirk its name and its rule."""

from __future__ import annotations

from typing import Final

from streamnorm.repairs.base import ANY, Repair

__all__ = ["FRAMING_REPAIRS", "JsonNonFinite", "SurrogateLone", "SurrogateSplit", "Utf8Invalid"]


class _FramingRepair(Repair):
    dialects = ANY


class FrameUnterminated(_FramingRepair):
    """The last frame has no blank line behind it."""

    code = "frame-unterminated"
    rule = "a frame ends with a blank line (WHATWG HTML 9.2.6)"
    done = "the frame was read; if its JSON is cut, the stream is truncated"


class FrameSingleNewline(_FramingRepair):
    """Frames are separated by one newline."""

    code = "frame-single-newline"
    rule = "a frame ends with a blank line (WHATWG HTML 9.2.6)"
    done = "each line was read as a frame"


class ErrorField(_FramingRepair):
    """An error sent as `error: {...}`, a field that SSE does not have."""

    code = "error-field"
    rule = "the fields are event, data, id and retry (WHATWG HTML 9.2.6)"
    done = "read as an error frame"


class JsonBody(_FramingRepair):
    """A JSON body where a stream was promised."""

    code = "json-body"
    rule = "the body of a stream is text/event-stream"
    done = "the JSON value was read as a frame"


class StreamForBody(_FramingRepair):
    """A stream where one JSON body was asked for."""

    code = "stream-for-body"
    rule = "what was not asked to stream is one JSON body"
    done = "the stream was read to its end and put together"


class Ndjson(_FramingRepair):
    """Several JSON values, one after the other, where a stream was promised."""

    code = "ndjson"
    rule = "the body of a stream is text/event-stream"
    done = "each JSON value was read as a frame"


class DataPrefixDoubled(_FramingRepair):
    """`data: data: {...}`."""

    code = "data-prefix-doubled"
    rule = "the payload is JSON"
    done = "the inner prefix was taken off"


class CommentAsData(_FramingRepair):
    """A comment that was sent as data: `data: : keep-alive`."""

    code = "comment-as-data"
    rule = "the payload is JSON"
    done = "read as a comment"


class RawNewline(_FramingRepair):
    """Raw newlines inside the payload."""

    code = "raw-newline"
    rule = "each line of the payload begins with data:"
    done = "the lines were joined"


class UnknownLine(_FramingRepair):
    """A line that is no SSE field."""

    code = "unknown-line"
    rule = "the fields are event, data, id and retry (WHATWG HTML 9.2.6)"
    done = "the line was left out"


class Utf8Invalid(_FramingRepair):
    """Bytes that are not UTF-8."""

    code = "utf8-invalid"
    rule = "the stream is UTF-8 (WHATWG HTML 9.2.5)"
    done = "each was replaced by U+FFFD"


class JsonNonFinite(_FramingRepair):
    """NaN, an infinity, or a number too large for a float."""

    code = "json-non-finite"
    rule = "JSON has no such number (RFC 8259, 6)"
    done = "read as null"


class SurrogateSplit(_FramingRepair):
    """The two halves of one character come in two deltas."""

    code = "surrogate-split"
    rule = "text is Unicode scalar values"
    done = "the halves were joined"


class SurrogateLone(_FramingRepair):
    """Half a character."""

    code = "surrogate-lone"
    rule = "text is Unicode scalar values"
    done = "replaced by U+FFFD"


class FrameEmpty(_FramingRepair):
    """A frame with empty data, used as a heartbeat."""

    code = "frame-empty"
    rule = "the payload is JSON"
    done = "the frame was left out"


class FrameScalar(_FramingRepair):
    """A frame whose JSON is not an object."""

    code = "frame-scalar"
    rule = "a chunk is an object"
    done = "the frame was left out"


class FrameOtherEvent(_FramingRepair):
    """A frame of another kind, such as `event: ping`."""

    code = "frame-other-event"
    rule = "a chat stream has no event names"
    done = "the frame was left out"


class DoneDecorated(_FramingRepair):
    """`[DONE]` with something around it. Only the exact token ends a stream."""

    code = "done-decorated"
    rule = "9: [DONE] is the exact token"
    done = "the frame was left out"


FRAMING_REPAIRS: Final[tuple[type[Repair], ...]] = (
    FrameUnterminated,
    FrameSingleNewline,
    ErrorField,
    JsonBody,
    StreamForBody,
    Ndjson,
    DataPrefixDoubled,
    CommentAsData,
    RawNewline,
    UnknownLine,
    Utf8Invalid,
    JsonNonFinite,
    SurrogateSplit,
    SurrogateLone,
    FrameEmpty,
    FrameScalar,
    FrameOtherEvent,
    DoneDecorated,
)
