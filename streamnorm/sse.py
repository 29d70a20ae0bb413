"""Server-sent events: bytes in, frames out, however the bytes are cut. Knows the stream format (WHATWG HTML, section 9.2) and
the ways in which LLM servers miss it; knows nothing of what the data means.

The fast path splits whole blocks; a block that is anything but one plain data line goes through the line reader, which is
the format's own algorithm. Every byte is copied a fixed number of times, whatever the cuts.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, Self

import msgspec

from streamnorm.errors import FrameTooLarge, LocalError
from streamnorm.findings import Findings

__all__ = ["Frame", "FrameDecoder", "FrameEncoder"]

MAX_FRAME: Final = 16 * 1024 * 1024

#: A pending line longer than this is not copied around to look for whole blocks.
LONG_LINE: Final = 64 * 1024

#: The beginning of a block is kept as one string up to this size: it is copied with each piece.
MAX_PENDING: Final = 4 * 1024

#: How much of what is no stream at all is kept for an error message.
MAX_IGNORED: Final = 512

_BOM: Final = b"\xef\xbb\xbf"
_DONE: Final = b"[DONE]"
_FIELDS: Final = frozenset({b"data", b"event", b"id", b"retry"})
_JSON_OPENS: Final = (b"{", b"[")
_item = re.compile(rb"[^ \t\[\],]").search
_structure = re.compile(rb'["{}\[\]]').finditer
_end_of_string = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL).match


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One dispatch.

    `event` is the event's name, `data` its payload (lines joined by a newline; the bytes as they came, but a lenient decoder
    replaces what is not UTF-8), `id` the last event id,
    `retry` a reconnection time in ms that this block carried. `complete` is false where the end of the bytes, not a blank
    line, ended it.
    """

    event: str = "message"
    data: bytes = b""
    id: str = ""
    retry: int | None = None
    complete: bool = True

    @property
    def text(self) -> str:
        """The data as text; what is not UTF-8 becomes U+FFFD."""
        return self.data.decode("utf-8", "replace")

    @classmethod
    def from_sse(cls, sse: Any) -> Self:
        """From an httpx-sse `ServerSentEvent`, or anything with its `event`, `data`, `id` and `retry`."""
        return cls(
            sse.event or "message",
            sse.data.encode("utf-8", "surrogatepass"),
            sse.id or "",
            sse.retry,
        )


class FrameDecoder:
    """Decodes one stream. Feed it bytes as they come; `close` it when they end.

    strict: the specification to the letter. Otherwise what servers get wrong is read as it was meant, each time with a
        finding (`repairs.framing` lists the codes).
    max_frame: the most data one frame may have, in bytes; past it `feed` raises FrameTooLarge, which carries the frames
        that came before.
    json_body: JSON values instead of fields are no deviation: each is a frame, one after the other, or as the items of one
        array.

    `last_event_id` and `retry` are as the specification has them, `comments` and `frames` count, `ignored` is the start of
    what was no field at all (an HTML page, for one).
    """

    def __init__(
        self,
        strict: bool = False,
        *,
        max_frame: int = MAX_FRAME,
        json_body: bool = False,
        findings: Findings | None = None,
    ) -> None:
        self.findings = Findings() if findings is None else findings
        self.last_event_id = ""
        self.retry: int | None = None
        self.comments = 0
        self.frames = 0
        self.ignored = b""
        self._strict = strict
        self._json_body = json_body
        self._max = max_frame
        self._closed = False
        #: Between blocks, the beginning of the next one pending: whole plain blocks need none of what follows.
        self._between = False
        self._pending = b""
        self._most_pending = min(MAX_PENDING, max_frame)
        self._at_start = True
        self._after_cr = False
        #: The line that has not ended yet, in pieces.
        self._partial: list[bytes] = []
        self._partial_size = 0
        # The block that has not ended yet.
        self._data: list[bytes] = []
        self._data_size = 0
        self._event = ""
        self._id: str | None = None
        self._block_retry: int | None = None
        self._json: _JsonValue | None = None
        self._values = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes.

        Raises FrameTooLarge for a frame over the cap, LocalError after that or after `close`.
        """
        return self._as_frames(self.feed_plain(data))

    def feed_plain(self, data: bytes) -> list[Frame] | list[bytes]:
        """As `feed`, but the bare data of each frame where none of them says anything else, as nearly always."""
        frames: list[Frame] = []
        if self._between:
            if not self._pending and data[-2:] == b"\n\n":
                # One block: what a server that flushes each event sends.
                if (
                    data[:7] == b"data: {"
                    and data.find(b"\n") == len(data) - 2
                    and data.isascii()
                    and b"\r" not in data
                    and len(data) <= self._max
                ):
                    self.frames += 1
                    return [data[6:-2]]
                named = None if b"\r" in data else self._named_frame(data[:-2])
                if named is not None:
                    return [named]
            data = self._pending + data
            end = data.rfind(b"\n\n")
            plain = self._plain_data(data, end) if end >= 0 else []
            if plain is not None:
                if end >= 0:
                    data = data[end + 2 :]
                # Of a next line, or a CR that may be one's end, more is to be said.
                if len(data) <= self._most_pending and not (b"\n" in data[:-1] or b"\r" in data):
                    self._pending = data
                    return plain
                frames = self._as_frames(plain)
            self._pending = b""
            self._between = False
        elif self._closed:
            raise LocalError("this FrameDecoder is closed: make a new one for each stream")
        self._read(data, frames)
        between = not (self._in_block or self._at_start or self._after_cr)
        if between and self._partial_size <= self._most_pending:
            self._between = True
            self._pending = self._take_partial()
        return frames

    def _read(self, data: bytes, frames: list[Frame]) -> None:
        """Read `data`, wherever in a block it begins."""
        if self._at_start:
            data = self._without_bom(data)
        if self._after_cr or b"\r" in data:
            data = self._with_newlines(data)
        if b"\n" not in data:
            self._keep(data, frames)
            return
        if self._partial_size > LONG_LINE:
            data = self._end_long_line(data, frames)
        elif self._partial:
            data = self._take_partial() + data
        if self._in_block:
            data = self._read_lines(data, frames)
        if data:
            self._read_blocks(data, frames)

    def close(self) -> list[Frame]:
        """The bytes have ended: in lenient mode, the frame that was still open."""
        frames: list[Frame] = []
        if self._closed:
            return frames
        self._read(self._pending, frames)
        self._pending = b""
        rest = self._take_partial()
        if self._at_start and rest == _BOM[: len(rest)]:
            rest = b""
        if not self._strict:
            if rest:
                self._read_line(rest, frames)
            if self._json is not None:
                self._dispatch_json(self._json, frames)
            if self._data:
                self._note("frame-unterminated", self._data[0])
                self._dispatch(frames, complete=False)
        self._closed = True
        self._between = False
        return frames

    # Bytes to lines.

    def _without_bom(self, data: bytes) -> bytes:
        """A byte order mark may open the stream; it may come in pieces."""
        data = self._take_partial() + data
        if len(data) < len(_BOM) and data == _BOM[: len(data)]:
            self._partial.append(data)
            self._partial_size = len(data)
            return b""
        self._at_start = False
        return data.removeprefix(_BOM)

    def _with_newlines(self, data: bytes) -> bytes:
        """CR and CRLF end a line as LF does. A CR ends it at once; a LF that follows, in this piece or the next, is part
        of the same line end."""
        if not data:
            return data
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _keep(self, data: bytes, frames: list[Frame]) -> None:
        if data:
            self._partial.append(data)
            self._partial_size += len(data)
            if self._partial_size + self._data_size > self._max:
                self._overflow(frames)

    def _take_partial(self) -> bytes:
        partial = b"".join(self._partial)
        self._partial.clear()
        self._partial_size = 0
        return partial

    def _end_long_line(self, data: bytes, frames: list[Frame]) -> bytes:
        """Join the pending line up to the newline in `data`, its field name left off, so that it is copied but once;
        returns what follows."""
        end = data.index(b"\n")
        first, *rest = self._partial
        size = self._partial_size + end
        if self._json is not None or not first.startswith(b"data: "):
            line = self._take_partial() + data[:end]
            self._read_line(line, frames)
        else:
            if size + self._data_size > self._max:
                self._overflow(frames)
            value = b"".join([first[6:], *rest, data[:end]])
            self._partial.clear()
            self._partial_size = 0
            self._read_data(value, frames)
        return data[end + 1 :]

    @property
    def _in_block(self) -> bool:
        return bool(
            self._data or self._event or self._id is not None or self._block_retry is not None
        ) or (self._json is not None)

    def _plain_data(self, data: bytes, end: int) -> list[bytes] | None:
        """The data of each frame in `data[:end]`, if that is nothing but blocks of one line `data: {...}`, blank lines
        between."""
        if data[:7] != b"data: {" or end > self._max or b"\r" in data:
            return None
        payloads = []
        find = data.find
        start = 6
        while (stop := find(b"\n", start, end)) >= 0:
            if data[stop : stop + 9] != b"\n\ndata: {":
                return None
            payloads.append(data[start:stop])
            start = stop + 8
        payloads.append(data[start:end])
        if not (self._strict or data.isascii()):
            payloads = [
                self._as_utf8(payload, number)
                for number, payload in enumerate(payloads, self.frames + 1)
            ]
        self.frames += len(payloads)
        return payloads

    def _as_frames(self, items: list[Frame] | list[bytes]) -> list[Frame]:
        last_id = self.last_event_id
        return [
            Frame("message", item, last_id) if isinstance(item, bytes) else item for item in items
        ]

    def _as_utf8(self, data: bytes, number: int) -> bytes:
        """`data`, with what is not UTF-8 replaced by U+FFFD: nothing behind the decoder has to ask again."""
        if data.isascii():
            return data
        try:
            data.decode()
        except UnicodeDecodeError:
            self.findings.note("utf8-invalid", seen=data, chunk=number)
            return data.decode("utf-8", "replace").encode()
        return data

    def _read_blocks(self, data: bytes, frames: list[Frame]) -> None:
        """Read all of `data`, which begins between blocks: whole blocks where they are plain, lines from there on."""
        end = data.rfind(b"\n\n")
        rest = data[end + 2 :] if end >= 0 else data
        if end >= 0:
            plain = self._plain_data(data, end)
            if plain is not None:
                frames += self._as_frames(plain)
            else:
                rest = self._read_mixed_blocks(data[:end], rest, frames)
        lines, newline, partial = rest.rpartition(b"\n")
        if newline:
            for line in lines.split(b"\n"):
                self._read_line(line, frames)
        self._keep(partial, frames)

    def _read_mixed_blocks(self, whole: bytes, rest: bytes, frames: list[Frame]) -> bytes:
        """Read blocks of any kind; returns what is left to be read line by line."""
        blocks = whole.split(b"\n\n")
        for at, block in enumerate(blocks):
            if block.startswith(b"data: {") and b"\n" not in block and len(block) <= self._max:
                payload = block[6:]
                if not self._strict:
                    payload = self._as_utf8(payload, self.frames + 1)
                frames.append(Frame("message", payload, self.last_event_id))
                self.frames += 1
                continue
            named = self._named_frame(block)
            if named is not None:
                frames.append(named)
                continue
            for line in block.split(b"\n"):
                self._read_line(line, frames)
            self._read_line(b"", frames)
            if self._json is not None:
                # A JSON value goes over the blank line: what follows is no longer a sequence of blocks.
                return b"\n\n".join([*blocks[at + 1 :], rest])
        return rest

    def _named_frame(self, block: bytes) -> Frame | None:
        """The frame of a block of two lines, `event: NAME` and `data: {...}`; None for any other."""
        end = block.find(b"\n")
        if (
            block[end : end + 8] != b"\ndata: {"
            or block[:7] != b"event: "
            or block.find(b"\n", end + 1) >= 0
            or len(block) > self._max
        ):
            return None
        payload = block[end + 7 :]
        if not self._strict:
            payload = self._as_utf8(payload, self.frames + 1)
        self.frames += 1
        event = block[7:end].decode("utf-8", "replace")
        return Frame(event or "message", payload, self.last_event_id)

    def _read_lines(self, data: bytes, frames: list[Frame]) -> bytes:
        """Read lines until the block ends; returns what is left."""
        at = 0
        while self._in_block:
            end = data.find(b"\n", at)
            if end < 0:
                self._keep(data[at:], frames)
                return b""
            self._read_line(data[at:end], frames)
            at = end + 1
        return data[at:]

    # Lines to frames.

    def _read_line(self, line: bytes, frames: list[Frame]) -> None:
        if len(line) + self._data_size > self._max:
            self._overflow(frames)
        if self._json is not None and self._goes_on_with_json(self._json, line, frames):
            return
        if not line:
            self._end_block(frames)
            return
        name, colon, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._read_data(value, frames)
        elif not name and colon:
            self.comments += 1
        elif name in _FIELDS:
            self._read_field(name, value)
        elif not self._strict:
            self._read_other(line, name, value, frames)

    def _read_field(self, name: bytes, value: bytes) -> None:
        if name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif value.isdigit() and len(value) < 16:
            self.retry = self._block_retry = int(value)

    def _read_data(self, value: bytes, frames: list[Frame]) -> None:
        if not self._strict:
            while value.startswith(b"data:"):
                self._note("data-prefix-doubled", value)
                value = value[5:].removeprefix(b" ")
            if value.startswith(b":"):
                self._note("comment-as-data", value)
                self.comments += 1
                return
            if self._ends_a_frame(value):
                self._note("frame-single-newline", value)
                self._dispatch(frames, complete=True)
        self._data.append(value)
        self._data_size += len(value) + 1

    def _ends_a_frame(self, value: bytes) -> bool:
        """The pending line is a whole payload and `value` begins another: their blank line was left out."""
        return (
            len(self._data) == 1
            and value.startswith(_JSON_OPENS)
            and (self._data[0].strip() == _DONE or _is_json(self._data[0]))
        )

    def _end_block(self, frames: list[Frame]) -> None:
        if self._id is not None:
            self.last_event_id = self._id
        if self._data:
            self._dispatch(frames, complete=True)
        self._event = ""
        self._id = None
        self._block_retry = None

    def _dispatch(self, frames: list[Frame], *, complete: bool) -> None:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        if not self._strict:
            data = self._as_utf8(data, self.frames + 1)
        last_id = self.last_event_id if self._id is None else self._id
        frames.append(Frame(self._event or "message", data, last_id, self._block_retry, complete))
        self.frames += 1
        self._data = []
        self._data_size = 0
        self._event = ""

    # What servers send that is no field.

    def _read_other(self, line: bytes, name: bytes, value: bytes, frames: list[Frame]) -> None:
        if name == b"error" and value.lstrip().startswith(_JSON_OPENS):
            self._note("error-field", line)
            if self._data:
                self._dispatch(frames, complete=True)
            self._event = "error"
            self._data = [value]
            self._dispatch(frames, complete=True)
        elif (
            self._data
            and self._data[0].startswith(b"{")
            and not (len(self._data) == 1 and _is_json(self._data[0]))
        ):
            self._note("raw-newline", line)
            self._data.append(line)
            self._data_size += len(line) + 1
        elif line.lstrip().startswith(_JSON_OPENS):
            if self._data:
                self._dispatch(frames, complete=True)
            if self._json_body:
                self._read_items(line, frames)
            else:
                self._json = _JsonValue()
                self._goes_on_with_json(self._json, line, frames)
        elif self._json_body and not _item(line):
            pass
        else:
            self._ignore(line)

    def _goes_on_with_json(self, value: _JsonValue, line: bytes, frames: list[Frame]) -> bool:
        """Read `line` as part of the open JSON value. False where it is a field of the stream: then the value was none."""
        if line.partition(b":")[0] in _FIELDS:
            self._json = None
            self._data_size = 0
            self._ignore(value.data)
            return False
        end = value.feed(line, stop=self._json_body)
        self._data_size += len(line) + 1
        if value.whole:
            self._dispatch_json(value, frames)
            self._read_items(line, frames, end)
        return True

    def _read_items(self, line: bytes, frames: list[Frame], at: int = 0) -> None:
        """Read `line` from `at` on, where it is or goes on with a sequence of JSON values; what is between them is left out."""
        while item := _item(line, at):
            at = item.start()
            if line[at : at + 1] != b"{":
                self._ignore(line[at:])
                return
            self._json = value = _JsonValue()
            start, at = at, value.feed(line, at, stop=True)
            self._data_size += at - start
            if not value.whole:
                return
            self._dispatch_json(value, frames)

    def _dispatch_json(self, value: _JsonValue, frames: list[Frame]) -> None:
        data = self._as_utf8(value.data, self.frames + 1)
        self._values += 1
        if not self._json_body:
            self._note("json-body" if self._values == 1 else "ndjson", data)
        frames.append(Frame("message", data, self.last_event_id, None, value.whole))
        self.frames += 1
        self._json = None
        self._data_size = 0

    def _ignore(self, line: bytes) -> None:
        self._note("unknown-line", line)
        if len(self.ignored) < MAX_IGNORED:
            self.ignored = (self.ignored + line + b"\n")[:MAX_IGNORED]

    def _note(self, code: str, seen: bytes) -> None:
        self.findings.note(code, seen=seen, chunk=self.frames + 1)

    def _overflow(self, frames: list[Frame]) -> None:
        self._closed = True
        self._between = False
        self._partial.clear()
        self._data.clear()
        raise FrameTooLarge(self._max, frames)


class _JsonValue:
    """A JSON value that comes line by line: knows its brackets and strings, and so where it ends."""

    __slots__ = ("_depth", "_lines", "whole")

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._depth = 0
        self.whole = False

    @property
    def data(self) -> bytes:
        return b"\n".join(self._lines)

    def feed(self, line: bytes, start: int = 0, *, stop: bool = False) -> int:
        """Read the next line from `start` on. A string cannot go over lines: a newline in one would have been escaped.
        `stop`: only up to the end of the value. Returns how far it was read."""
        at, end = start, len(line)
        while at < end:
            match = next(_structure(line, at), None)
            if match is None:
                break
            at = match.end()
            mark = match.group()
            if mark == b'"':
                string = _end_of_string(line, at)
                at = (string.end() if string else end) + 1
            else:
                self._depth += 1 if mark in _JSON_OPENS else -1
                if stop and self._depth <= 0:
                    end = at
        self._lines.append(line[start:end])
        self.whole = self._depth <= 0
        return end


class FrameEncoder:
    """Encodes frames to bytes that any SSE reader reads back."""

    DONE: Final = b"data: [DONE]\n\n"

    def encode(
        self, data: bytes | str, *, event: str = "message", id: str = "", retry: int | None = None
    ) -> bytes:
        """One frame. Raises LocalError for an event name or an id that the format cannot carry."""
        payload = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        lines: list[bytes] = []
        if event != "message":
            lines.append(b"event: " + _one_line("event", event))
        if id:
            lines.append(b"id: " + _one_line("id", id))
        if retry is not None:
            lines.append(b"retry: %d" % retry)
        payload = payload.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines += [b"data: " + line for line in payload.split(b"\n")]
        return b"\n".join(lines) + b"\n\n"

    def comment(self, text: str) -> bytes:
        """A comment, such as a keep-alive."""
        return b": " + _one_line("comment", text) + b"\n\n"


def _one_line(what: str, text: str) -> bytes:
    if any(mark in text for mark in "\r\n\0"):
        raise LocalError(f"an SSE {what} cannot hold a line end or NUL: {text!r}")
    return text.encode("utf-8", "replace")


def _is_json(data: bytes) -> bool:
    """`data` is one JSON object or array."""
    text = data.strip()
    if not (text.startswith(_JSON_OPENS) and text.endswith((b"}", b"]"))):
        return False
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            json.loads(text.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return False
    return True
