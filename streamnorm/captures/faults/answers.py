"""Faults of the answer as a whole: another answer in its place, or another head before the same body."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any, Final

import msgspec

from streamnorm.captures.faults.base import Fault, Outcome, Play, Site, Value
from streamnorm.captures.faults.places import Rest
from streamnorm.captures.script import Break, Finish, Head, Send, Step

__all__ = ["ANSWERS"]

_JSON: Final = {"content-type": "application/json"}
_HTML: Final = {"content-type": "text/html; charset=utf-8"}
_PAGE: Final = (
    b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n"
    b"<body><h1>Bad Gateway</h1><p>The upstream did not answer.</p></body></html>\n"
)
_COMPLETION: Final = msgspec.json.encode(
    {
        "id": "chatcmpl-fault",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "fault",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "The whole answer, at once."},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
    }
)

_GZIP: Final = zlib.MAX_WBITS | 16
_BLOCK: Final = 256 * 1024


def _error(status: int, type: str, message: str) -> bytes:
    return msgspec.json.encode(
        {"error": {"message": message, "type": type, "param": None, "code": str(status)}}
    )


def _answer(status: int, headers: dict[str, str], body: bytes) -> Play:
    """Another answer. `{}` in a header is the fault's value."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        given = {name: value.replace("{}", _written(site.value)) for name, value in headers.items()}
        yield Head(status, given)
        yield Send(body)
        yield Finish()

    return play


def _written(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"


def _endless_error(rest: Rest, site: Site) -> Iterator[Step]:
    yield Head(500, _HTML)
    yield from repeat(Send(b"x" * 65_536), int(site.number) * 16)
    yield Finish()


# Another head.


def _headed(change: Callable[[dict[str, str], Site], dict[str, str]]) -> Play:
    def play(rest: Rest, site: Site) -> Iterator[Step]:
        for step in rest:
            yield Head(step.status, change(step.headers, site)) if isinstance(step, Head) else step

    return play


def _with(header: str, value: str = "{}") -> Play:
    def change(headers: dict[str, str], site: Site) -> dict[str, str]:
        return {**_without(headers, header), header: value.format(_written(site.value))}

    return _headed(change)


def _without(headers: dict[str, str], header: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != header}


def _too_long(rest: Rest, site: Site) -> Iterator[Step]:
    """With the length a server closes the connection where the body ends."""
    for step in _with("content-length")(rest, site):
        yield Break("cut") if isinstance(step, Finish) else step


# Content encodings.


def _encoded(*, trailer: bool = True) -> Play:
    """With gzip, as many times over as the value says; flushed at each piece."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        levels = int(site.number) if site.value else 1
        packers = [zlib.compressobj(wbits=_GZIP) for _ in range(levels)]
        named = _with("content-encoding", ", ".join(["gzip"] * levels))
        for step in named(rest, site):
            if isinstance(step, Send):
                yield Send(_packed(packers, step.data, zlib.Z_SYNC_FLUSH))
            else:
                if isinstance(step, Finish) and trailer:
                    yield Send(_packed(packers, b"", zlib.Z_FINISH))
                yield step

    return play


def _packed(packers: list[Any], data: bytes, flush: int) -> bytes:
    for packer in packers:
        data = packer.compress(data) + packer.flush(flush)
    return data


def _unreadable(rest: Rest, site: Site) -> Iterator[Step]:
    """What the coding is does not matter: no byte of the body is as it was."""
    turned = bytes(255 - byte for byte in range(256))
    for step in _with("content-encoding")(rest, site):
        yield Send(step.data.translate(turned)) if isinstance(step, Send) else step


def _bomb(rest: Rest, site: Site) -> Iterator[Step]:
    yield Head(200, {"content-type": "text/event-stream", "content-encoding": "gzip"})
    packer = zlib.compressobj(9, wbits=_GZIP)
    for block in repeat(b" " * _BLOCK, int(site.number) * 4):
        if data := packer.compress(block):
            yield Send(data)
    yield Send(packer.flush())
    yield Finish()


def _status(
    name: str,
    type: str,
    message: str,
    *,
    does: str = "",
    facts: tuple[str, ...] = (),
    header: str = "",
    value: Value = "",
    unit: str = "",
) -> Fault:
    status = int(name.partition("-")[0])
    headers = {**_JSON, header: "{}"} if header else _JSON
    return Fault(
        name=name,
        does=does or f"The answer is an error with status {status}, in JSON.",
        play=_answer(status, headers, _error(status, type, message)),
        ends="status",
        facts=facts,
        value=value,
        unit=unit,
    )


def _other(
    name: str,
    does: str,
    play: Play,
    ends: Outcome,
    fact: str,
    value: Value = "",
    unit: str = "",
    finding: str = "",
) -> Fault:
    return Fault(
        name=name,
        does=does,
        play=play,
        ends=ends,
        facts=(fact,),
        value=value,
        unit=unit,
        finding=finding,
    )


_SLOW_DOWN: Final = "Rate limit reached: try again later."

ANSWERS: Final = (
    _status("400", "invalid_request_error", "The request is not valid.", facts=("ERR-12",)),
    _status("401", "invalid_request_error", "The API key is not known.", facts=("ERR-12",)),
    _status("403", "permission_error", "The key may not use this model.", facts=("ERR-12",)),
    _status("404", "invalid_request_error", "The model does not exist.", facts=("ERR-12",)),
    _status(
        "429",
        "rate_limit_error",
        _SLOW_DOWN,
        does="The answer is status 429 with `Retry-After` in seconds.",
        facts=("ERR-10",),
        header="retry-after",
        value=1.0,
        unit="seconds",
    ),
    _status(
        "429-date",
        "rate_limit_error",
        _SLOW_DOWN,
        does="The answer is status 429 with `Retry-After` as a date: a client that waits for it has no cap.",
        facts=("ERR-10",),
        header="retry-after",
        value="Fri, 31 Dec 2100 23:59:59 GMT",
        unit="the date",
    ),
    _status(
        "429-ms",
        "rate_limit_error",
        _SLOW_DOWN,
        does="The answer is status 429 with `retry-after-ms`.",
        facts=("ERR-10",),
        header="retry-after-ms",
        value=250.0,
        unit="milliseconds",
    ),
    _status("500", "server_error", "The server had an error.", facts=("ERR-16",)),
    _other(
        "502",
        "The answer is status 502 with an HTML page.",
        _answer(502, _HTML, _PAGE),
        "status",
        "ERR-11",
    ),
    _status(
        "503",
        "server_error",
        "The server is overloaded.",
        does="The answer is status 503 with `Retry-After` in seconds.",
        facts=("ERR-10",),
        header="retry-after",
        value=1.0,
        unit="seconds",
    ),
    _status("529", "overloaded_error", "Overloaded.", facts=("ERR-10",)),
    _other(
        "endless-error",
        "The answer is status 500, and its body goes on and on.",
        _endless_error,
        "status",
        "ERR-16",
        64.0,
        "MiB",
    ),
    _other(
        "html-200",
        "The answer is an HTML page with status 200.",
        _answer(200, _HTML, _PAGE),
        "StreamInvalid",
        "ERR-07",
    ),
    _other(
        "json-200",
        "The answer is a whole chat completion in JSON.",
        _answer(200, _JSON, _COMPLETION),
        "survived",
        "ERR-08",
        finding="json-body",
    ),
    _other(
        "json-error-200",
        "The answer is an error in JSON with status 200.",
        _answer(200, _JSON, _error(500, "server_error", "The engine failed.")),
        "ServerError",
        "ERR-09",
    ),
    Fault(
        name="redirect",
        does="The answer is status 307 to another origin.",
        play=_answer(307, {"location": "{}"}, b""),
        ends="status",
        facts=("SEC-01", "SEC-02"),
        value="https://elsewhere.invalid/v1/chat/completions",
        unit="the address",
    ),
    _other(
        "wrong-content-type",
        "The content type is another one.",
        _with("content-type"),
        "survived",
        "SSE-14",
        "application/octet-stream",
        "the content type",
    ),
    _other(
        "odd-content-type",
        "The content type is `Text/Event-Stream`.",
        _with("content-type", "Text/Event-Stream"),
        "survived",
        "SSE-14",
    ),
    _other(
        "no-content-type",
        "There is no content type.",
        _headed(lambda headers, site: _without(headers, "content-type")),
        "survived",
        "SSE-14",
    ),
    _other(
        "wrong-charset",
        "The content type names another encoding than UTF-8.",
        _with("content-type", "text/event-stream; charset={}"),
        "survived",
        "SSE-13",
        "windows-1252",
        "the encoding",
    ),
    Fault(
        name="wrong-length",
        does="`Content-Length` is larger than the body.",
        play=_too_long,
        ends="survived",
        facts=("END-08",),
        value=1_000_000_000.0,
        unit="bytes",
    ),
    Fault(
        name="short-length",
        does="`Content-Length` is smaller than the body, which goes on behind it.",
        play=_with("content-length"),
        ends="StreamTruncated",
        facts=("END-08", "SEC-18"),
        value=100.0,
        unit="bytes",
        wire=True,
    ),
    _other(
        "gzip",
        "The body is encoded with gzip, flushed at each piece.",
        _encoded(),
        "survived",
        "ZIP-01",
    ),
    _other(
        "gzip-cut",
        "The body is encoded with gzip, and the trailer is missing.",
        _encoded(trailer=False),
        "survived",
        "END-09",
    ),
    _other(
        "gzip-chain",
        "The body is encoded with gzip several times over.",
        _encoded(),
        "survived",
        "ZIP-03",
        5.0,
        "times",
    ),
    _other(
        "gzip-bomb",
        "A small body in gzip that is a very large one decoded.",
        _bomb,
        "StreamInvalid",
        "ZIP-02",
        300.0,
        "MiB decoded",
    ),
    _other(
        "unknown-coding",
        "The body is in a coding that no client knows.",
        _unreadable,
        "StreamInvalid",
        "ZIP-04",
        "dcb",
        "the coding",
    ),
)
