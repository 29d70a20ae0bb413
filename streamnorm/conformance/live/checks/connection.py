"""T: what only several requests show of a connection: encodings, redirects, and what a client that goes away leaves behind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from streamnorm.conformance.base import (
    ANY,
    ASSISTANTS,
    CHAT,
    RESPONSES,
    Check,
    Fault,
    Verdict,
    check,
)
from streamnorm.conformance.evidence import Evidence

__all__ = ["CONNECTION"]

_LIVE: Final = (*CHAT, *RESPONSES, *ASSISTANTS)

#: How much longer than the first request one may wait that follows a client that left: so many times, and so many seconds.
TIMES: Final = 10
SECONDS: Final = 5.0


@check(
    "T-015",
    "SHOULD",
    _LIVE,
    "A client that takes compressed answers gets its events as they are made: not compressed, or in a way that can be undone at "
    "each of them.",
    source="RFC 9110, 8.4; what streaming is for",
    looks_at="`Content-Encoding`, and when the decoded events came",
    probes=("encodings",),
    beside=("plain",),
)
def flushed(evidence: Evidence) -> Iterator[Fault]:
    end = evidence.end
    if end is not None and "Encoding" in end.kind:
        yield Fault(words=end.error or "the encoding cannot be taken off", verdict=Verdict.FAIL)
    plain = evidence.sent.beside.get("plain")
    if evidence.decoded and plain is not None and not _in_one(plain) and _in_one(evidence):
        yield Fault(words=f"all events came at once, in {evidence.decoded}")


def _in_one(evidence: Evidence) -> bool:
    """More than half of the events came at the same time."""
    times = [evidence.seconds_of(frame) for frame in evidence.frames]
    bursts = (len(list(burst)) for _, burst in itertools.groupby(times))
    return max(bursts, default=0) * 2 > len(times)


@check(
    "T-017",
    "MUST",
    _LIVE,
    "No redirect leads to another origin: a client that follows takes its key there, or loses it.",
    source="RFC 9110, 15.4; WHATWG Fetch, 4.4",
    looks_at="`Location`, where a redirect came",
    probes=(ANY,),
)
def same_origin(evidence: Evidence) -> Iterator[Fault]:
    place = evidence.headers.get("location", "")
    if (evidence.status or 0) >= 400:
        yield Fault(words="the request was refused", verdict=Verdict.SKIPPED)
    elif evidence.status in (301, 302, 303, 307, 308) and _host(place) not in (
        "",
        _host(evidence.origin),
    ):
        yield Fault(words=f"status {evidence.status} leads to {place}")


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""


@check(
    "T-018",
    "SHOULD",
    _LIVE,
    "A client that goes away in the middle of a stream holds nothing up: the next request is answered, in the usual time.",
    source="RFC 9112, 9.6",
    looks_at="the answer to a request that follows one that was left after 5 events",
    probes=("after-left",),
    beside=("left", "plain"),
)
def goes_on(evidence: Evidence) -> Iterator[Fault]:
    left, plain = evidence.sent.beside.get("left"), evidence.sent.beside.get("plain")
    if left is None or left.end is None or left.end.how != "left":
        yield Fault(words="no stream was left before", verdict=Verdict.SKIPPED)
    elif (evidence.status or 0) >= 400:
        yield Fault(words=f"the next request was refused with status {evidence.status}")
    elif not evidence.frames:
        yield Fault(words="the next request was answered without an event")
    elif plain is not None and evidence.answered > plain.answered * TIMES + SECONDS:
        yield Fault(
            words=f"the next answer began after {evidence.answered:.1f} s, the first one after {plain.answered:.1f} s"
        )


@check(
    "T-019",
    "MAY",
    _LIVE,
    "The connection can be used again once a stream has ended.",
    source="RFC 9112, 9.3",
    looks_at="on which connection later requests were answered",
    needs=("whole", "a connection"),
    probes=("plain",),
)
def used_again(evidence: Evidence) -> Iterator[Fault]:
    others = [each for each in evidence.sent.beside.values() if each is not evidence]
    if not others:
        yield Fault(words="no other request was sent", verdict=Verdict.SKIPPED)
    elif all(each.sent.connection != evidence.sent.connection for each in others):
        yield Fault(words=f"none of {len(others)} later requests came on its connection")


CONNECTION: Final[tuple[Check, ...]] = (flushed, same_origin, goes_on, used_again)
