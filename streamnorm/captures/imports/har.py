"""HAR 1.2, as browsers and proxies write it (http://www.softwareishard.com/blog/har-12-spec/)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from streamnorm.captures.imports.exchange import Exchange, Sent
from streamnorm.captures.imports.values import (
    UnreadableError,
    body_of,
    headers_of,
    objects,
    status_of,
    text_of,
)

__all__ = ["entries", "read_har"]

#: What passes before the first byte of the answer, in milliseconds; -1 is what does not apply. `ssl` is part of `connect`.
_BEFORE: Final = ("blocked", "dns", "connect", "send", "wait")
_NO_ANSWER: Final = "no answer came"
_NO_BODY: Final = (
    "the HAR has no body of the answer: the browser drops those of streams that are still open, "
    "and some tools drop all unless told (save it 'with content')"
)


def entries(document: Any) -> list[Mapping[str, Any]]:
    """The entries of a document that is a HAR; nothing for any other."""
    log = document.get("log") if isinstance(document, Mapping) else None
    return objects(log.get("entries")) if isinstance(log, Mapping) else []


def read_har(found: list[Mapping[str, Any]]) -> Iterator[Exchange]:
    return map(_exchange, found)


def _exchange(entry: Mapping[str, Any]) -> Exchange:
    request, response = entry.get("request"), entry.get("response")
    if not isinstance(request, Mapping) or not isinstance(response, Mapping):
        raise UnreadableError("it has no request and response")
    content = response.get("content")
    content = content if isinstance(content, Mapping) else {}
    posted = request.get("postData")
    status = status_of(response.get("status"))
    body = body_of({key: content.get(key) for key in ("text", "encoding")})
    missing = body is None and _number(content.get("size")) > 0
    head, receive = _timings(entry)
    return Exchange(
        sent=Sent(
            method=text_of(request.get("method")).upper() or "GET",
            url=text_of(request.get("url")) or "/",
            # Names that begin with a colon are HTTP/2's own lines.
            headers=[(n, v) for n, v in headers_of(request.get("headers")) if n[:1] != ":"],
            body=body_of(posted.get("text")) if isinstance(posted, Mapping) else None,
        ),
        answered=status is not None,
        status=status,
        headers=[(n, v) for n, v in headers_of(response.get("headers")) if n[:1] != ":"],
        pieces=[body] if body else [],
        timed=head is not None,
        head=head or 0.0,
        took=(head or 0.0) + receive,
        started=text_of(entry.get("startedDateTime")),
        ended="error" if status is None else "left" if missing else "end",
        error=(text_of(response.get("_error")) or _NO_ANSWER) if status is None else "",
        notes=(_NO_BODY,) if missing else (),
    )


def _timings(entry: Mapping[str, Any]) -> tuple[float | None, float]:
    """Seconds to the head of the answer (None where nothing says), and from there to its end."""
    timings = entry.get("timings")
    if not isinstance(timings, Mapping) or not isinstance(timings.get("wait"), int | float):
        return None, 0.0
    head = sum(max(_number(timings.get(phase)), 0.0) for phase in _BEFORE)
    return head / 1000, max(_number(timings.get("receive")), 0.0) / 1000


def _number(value: Any) -> float:
    """A number, 0 for what is none, or could not have been measured."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if abs(value) < 1e9 else 0.0
