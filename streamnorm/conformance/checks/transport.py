"""T: the response and its bytes, before anything in them is JSON. For every dialect that streams server-sent events."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from statistics import median
from typing import Final

from streamnorm.conformance.base import ALL, CHAT, Check, Fault, Verdict, check
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.frames import Line

__all__ = ["TRANSPORT"]

SSE: Final = "WHATWG HTML, 9.2 Server-sent events"
_BOM: Final = b"\xef\xbb\xbf"
_KNOWN: Final = (b"data", b"event", b"id", b"retry")

#: Bytes of one event: what an httpx2 client takes unless told otherwise, and what no client has to take.
LARGE: Final = 1024 * 1024
TOO_LARGE: Final = 16 * LARGE

#: Seconds without a byte after which proxies close a connection.
SILENCE: Final = 30.0

_charset = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]*)", re.IGNORECASE).search


@check(
    "T-001",
    "MUST",
    ALL,
    "A stream is answered with status 200 and the media type `text/event-stream`.",
    source=f"{SSE}, 9.2.3",
    looks_at="the status, `Content-Type`",
    needs=("status", "headers"),
)
def event_stream(evidence: Evidence) -> Iterator[Fault]:
    if evidence.status != 200:
        yield Fault(words=f"the status is {evidence.status}")
    media = evidence.headers.get("content-type", "")
    if media.partition(";")[0].strip().lower() != "text/event-stream":
        yield Fault(words=f"the media type is {media or 'missing'}")


@check(
    "T-002",
    "SHOULD",
    ALL,
    "`Content-Type` names no charset, or `utf-8`: a stream is always UTF-8, and clients that go by another read garbage.",
    source=f"{SSE}, 9.2.6",
    looks_at="the charset of `Content-Type`",
    needs=("headers",),
)
def utf8_charset(evidence: Evidence) -> Iterator[Fault]:
    found = _charset(evidence.headers.get("content-type", ""))
    if found and found[1].lower() not in ("utf-8", "utf8"):
        yield Fault(words=f"the charset is {found[1]}", verdict=Verdict.FAIL)


@check(
    "T-003",
    "MUST",
    ALL,
    "The body is UTF-8.",
    source=f"{SSE}, 9.2.5",
    looks_at="all bytes of the body",
)
def utf8_body(evidence: Evidence) -> Iterator[Fault]:
    try:
        evidence.body.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data"
        if not (cut and evidence.end is not None and not evidence.end.whole):
            yield Fault(words=f"byte {error.start} is none of UTF-8", span=(error.start, error.end))


@check(
    "T-004",
    "SHOULD",
    ALL,
    "The body begins without a byte order mark: 13 of 23 clients lose the first event to one.",
    source=f"{SSE}, 9.2.5; measured",
    looks_at="the first three bytes",
)
def no_bom(evidence: Evidence) -> Iterator[Fault]:
    if evidence.body.startswith(_BOM):
        yield Fault(words="the body begins with a byte order mark", span=(0, 3))


@check(
    "T-005",
    "MUST",
    ALL,
    "Every event ends with a blank line, and all lines end in the same way: LF, CRLF or CR.",
    source=f"{SSE}, 9.2.5",
    looks_at="the ends of lines and events",
    needs=("frames", "framing", "whole"),
)
def blank_lines(evidence: Evidence) -> Iterator[Fault]:
    cut = evidence.end is not None and not evidence.end.whole
    for frame in evidence.frames:
        if not frame.frame.complete and not cut:
            yield Fault(
                words="no blank line ends the last event",
                frame=frame.number,
                seen="sse-last-frame-without-newline",
            )
    for finding in evidence.framed.findings:
        if finding.code == "frame-single-newline":
            for number in finding.chunks:
                yield Fault(words="no blank line is between this event and the next", frame=number)
    endings = {line.ending for line in evidence.lines if line.ending}
    if len(endings) > 1:
        first = evidence.lines[0].ending
        other = next(line for line in evidence.lines if line.ending != first)
        yield Fault(
            words="lines end in different ways",
            span=(other.start, other.end),
            verdict=Verdict.NON_STRICT,
        )


@check(
    "T-006",
    "MUST",
    ALL,
    "The body ends as its HTTP framing says.",
    source="RFC 9112, 8",
    looks_at="how the recording says that the body ended",
    needs=("end", "whole"),
)
def closed(evidence: Evidence) -> Iterator[Fault]:
    end = evidence.end
    if end is not None and not end.whole:
        said = f": {end.error}" if end.error else ""
        at = len(evidence.body)
        yield Fault(words=f"the connection ended before the body did{said}", span=(at, at))


@check(
    "T-007",
    "MUST",
    ALL,
    "Every line is a comment or one of the fields data, event, id and retry.",
    source=f"{SSE}, 9.2.6",
    looks_at="the names of the fields",
    needs=("frames", "framing"),
)
def known_fields(evidence: Evidence) -> Iterator[Fault]:
    for line in evidence.lines:
        name = line.field.removeprefix(_BOM) if line.start == 0 else line.field
        if not name or name in _KNOWN:
            continue
        value = line.text.partition(b":")[2]
        lost = (
            line.text.lstrip()[:1] in (b"{", b"[", b"<", b'"', b"}", b"]")
            or value.lstrip()[:1] == b"{"
        )
        yield Fault(
            words="what stands here is outside of `data:`" if lost else "no field has this name",
            span=(line.start, line.end),
            verdict=Verdict.FAIL if lost else Verdict.NON_STRICT,
            seen="sse-error-as-own-field" if name == b"error" else "",
        )


def _blocks(lines: list[Line]) -> Iterator[list[Line]]:
    block: list[Line] = []
    for line in lines:
        if line.text:
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


@check(
    "T-008",
    "SHOULD",
    CHAT,
    "No block is without data, and no data is empty: readers take both for a chunk.",
    source="measured; openai-python and openai-go fail on them",
    looks_at="blocks of lines",
    needs=("frames", "framing"),
)
def blocks_have_data(evidence: Evidence) -> Iterator[Fault]:
    for block in _blocks(evidence.lines):
        fields = {line.field for line in block} - {b""}
        span = (block[0].start, block[-1].end)
        if fields and fields.issubset({b"id", b"retry", b"event"}):
            yield Fault(
                words="a block without data",
                span=span,
                seen="sse-retry-only-event"
                if b"retry" in fields
                else "sse-blank-event-after-comment-or-id",
            )
        elif b"data" in fields and not any(
            line.text.partition(b":")[2].strip() for line in block if line.field == b"data"
        ):
            yield Fault(words="the data is empty", span=span, seen="sse-empty-data-line")


@check(
    "T-009",
    "SHOULD",
    CHAT,
    "Where events have ids, a comment that keeps the connection alive has no blank line behind it: readers dispatch an empty "
    "event there.",
    source="https://github.com/theopenco/llmgateway/issues/2334",
    looks_at="comments, once an event had an id",
    needs=("frames", "framing"),
)
def lone_comments(evidence: Evidence) -> Iterator[Fault]:
    identified = False
    for block in _blocks(evidence.lines):
        if identified and all(line.text.startswith(b":") for line in block):
            yield Fault(
                words="a comment is a block of its own, and events have ids",
                span=(block[0].start, block[-1].end),
                seen="sse-blank-event-after-comment-or-id",
            )
        identified |= any(line.field == b"id" for line in block)


@check(
    "T-010",
    "MAY",
    ALL,
    "One space is behind `data:`.",
    source=f"{SSE}, 9.2.6, where it is left to the server; readers that look for `data: ` drop the line without it",
    looks_at="lines of data",
    needs=("frames", "framing"),
)
def space_behind_data(evidence: Evidence) -> Iterator[Fault]:
    for line in evidence.lines:
        if line.text.startswith(b"data:") and line.text[5:6] not in (b" ", b""):
            yield Fault(
                words="no space is behind `data:`",
                span=(line.start, line.end),
                seen="sse-no-space-after-data",
            )
            return


@check(
    "T-011",
    "MUST",
    CHAT,
    "Chunks have no event name, or `message`.",
    source="OpenAI API reference, chat streaming: chunks are data-only events",
    looks_at="`event:` fields",
    needs=("frames", "framing"),
)
def no_event_names(evidence: Evidence) -> Iterator[Fault]:
    for frame in evidence.frames:
        if frame.event not in ("message", "error"):
            yield Fault(words=f"an event named {frame.event!r}", frame=frame.number)


@check(
    "T-012",
    "SHOULD",
    ALL,
    "No event is larger than 1 MiB; over 16 MiB is too much for any reader.",
    source="the limit of httpx2's reader; streamnorm's own",
    looks_at="the largest event",
    needs=("frames",),
)
def small_events(evidence: Evidence) -> Iterator[Fault]:
    for frame in evidence.frames:
        size = len(frame.data)
        if size > LARGE:
            yield Fault(
                words=f"an event of {size:,} bytes",
                frame=frame.number,
                verdict=Verdict.FAIL if size > TOO_LARGE else None,
            )


@check(
    "T-013",
    "SHOULD",
    ALL,
    "Events leave as they are made: not all at once, nor more than half of them in one burst.",
    source="what streaming is for; proxies that buffer do otherwise",
    looks_at="the times at which events came",
    needs=("frames", "times", "many events"),
)
def unbuffered(evidence: Evidence) -> Iterator[Fault]:
    times = [evidence.seconds_of(frame) for frame in evidence.frames]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    largest = max(len(list(burst)) for _, burst in itertools.groupby(times))
    if largest * 2 > len(times) and median(gaps) <= 0:
        yield Fault(words=f"{largest} of {len(times)} events came at once")


@check(
    "T-014",
    "MAY",
    ALL,
    "`Cache-Control` is no-cache or no-store. (OpenAI itself leaves it out.)",
    source="RFC 9111, 5.2",
    looks_at="`Cache-Control`",
    needs=("headers",),
)
def uncached(evidence: Evidence) -> Iterator[Fault]:
    said = evidence.headers.get("cache-control", "").lower()
    if "no-cache" not in said and "no-store" not in said:
        yield Fault(words=f"Cache-Control is {said or 'missing'}")


@check(
    "T-016",
    "SHOULD",
    ALL,
    "A byte comes at least every 30 seconds, if only a comment.",
    source=f"{SSE}, 9.2.7, which advises one every 15 seconds",
    looks_at="the times at which bytes came",
    needs=("times",),
)
def no_silence(evidence: Evidence) -> Iterator[Fault]:
    at = 0
    for earlier, later in itertools.pairwise(evidence.pieces):
        at += len(earlier.data)
        if later.seconds - earlier.seconds > SILENCE:
            silence = later.seconds - earlier.seconds
            yield Fault(words=f"nothing came for {silence:.0f} s", span=(at, at))


TRANSPORT: Final[tuple[Check, ...]] = (
    event_stream,
    utf8_charset,
    utf8_body,
    no_bom,
    blank_lines,
    closed,
    known_fields,
    blocks_have_data,
    lone_comments,
    space_behind_data,
    no_event_names,
    small_events,
    unbuffered,
    uncached,
    no_silence,
)
