"""Faults of what a chunk says: frames of the chat dialect that come between two frames of the body, written as the one at the
place is (its id, its model), so that only the fault is odd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from streamnorm.captures.faults.base import Fault, Outcome, Play, Site, Value
from streamnorm.captures.faults.places import Place, Rest
from streamnorm.captures.script import Finish, Send, Step

__all__ = ["CHUNKS"]

#: What a chunk begins with, where the frame at the place does not say.
_ENVELOPE: Final = {
    "id": "chatcmpl-fault",
    "object": "chat.completion.chunk",
    "created": 1_700_000_000,
    "model": "fault",
}

#: Bytes of text in `huge-frame`'s pieces.
_SMALL: Final = 4_096


def _envelope(frame: bytes) -> bytes:
    """The beginning of a chunk, up to the comma, as `frame` has it."""
    try:
        seen = msgspec.json.decode(frame.strip().removeprefix(b"data:"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        seen = None
    known = seen if isinstance(seen, dict) else {}
    said = {name: known.get(name) or value for name, value in _ENVELOPE.items()}
    return msgspec.json.encode(said)[:-1] + b","


def _chunk(fields: str) -> Play:
    return _chunks((fields,))


def _chunks(chunks: tuple[str, ...], *, last: bool = False) -> Play:
    """A chunk for each of these JSON texts, which are the fields behind the envelope. `last`: the body ends behind them."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        yield from rest.until(site.place)
        envelope = b""
        if frame := rest.frame():
            envelope = _envelope(frame.data)
            rest.put_back(*frame.steps)
        for fields in chunks:
            yield Send(b"data: " + (envelope or _envelope(b"")) + fields.encode() + b"}\n\n")
        if last:
            yield Send(b"data: [DONE]\n\n")
            yield Finish()
        else:
            yield from rest

    return play


def _frames(*frames: bytes) -> Play:
    """These frames as they are, and the body ends behind them where they are an error."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        yield from rest.until(site.place)
        yield from map(Send, frames)
        yield from rest

    return play


def _ending(*frames: bytes) -> Play:
    """These frames as they are, and then the end."""

    def play(rest: Rest, site: Site) -> Iterator[Step]:
        yield from rest.until(site.place)
        yield from map(Send, frames)
        yield Finish()

    return play


def _huge(rest: Rest, site: Site) -> Iterator[Step]:
    yield from rest.until(site.place)
    yield Send(b"data: " + _envelope(b"") + b'"choices":[{"index":0,"delta":{"content":"')
    for _ in range(int(site.number * 1024 * 1024) // _SMALL):
        yield Send(b"a" * _SMALL)
    yield Send(b'"},"finish_reason":null}]}\n\n')
    yield from rest


def _delta(delta: str, finish: str = "null") -> str:
    return f'"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]'


def _text(content: str) -> str:
    """A delta with this text; `content` is the inside of a JSON string."""
    return _delta(f'{{"content":"{content}"}}')


def _call(arguments: str, name: str = '"look_up"', id: str = '"call_f"', index: int = 0) -> str:
    """A delta with a call, or a part of one; every value is JSON."""
    function = f'{{"name":{name},"arguments":{arguments}}}'
    return _delta(
        f'{{"tool_calls":[{{"index":{index},"id":{id},"type":"function","function":{function}}}]}}'
    )


def _called(arguments: str, name: str = '"look_up"', id: str = '"call_f"') -> tuple[str, str]:
    """A whole call: its opening, and all of its arguments."""
    return _call('""', name, id), _more(arguments)


def _more(arguments: str) -> str:
    """A delta with more arguments of the first call."""
    return _delta(f'{{"tool_calls":[{{"index":0,"function":{{"arguments":{arguments}}}}}]}}')


_CALLED: Final = _delta("{}", '"tool_calls"')


def _fault(
    name: str,
    does: str,
    play: Play,
    ends: Outcome,
    *facts: str,
    at: int = 2,
    value: Value = "",
    unit: str = "",
    finding: str = "",
) -> Fault:
    return Fault(
        name=name,
        does=does,
        play=play,
        ends=ends,
        facts=facts,
        takes=("frame",),
        default=Place("frame", at),
        value=value,
        unit=unit,
        finding=finding,
    )


_ERROR: Final = b'{"error":{"message":"The engine failed.","type":"server_error","code":500}}'

CHUNKS: Final = (
    # Errors.
    _fault(
        "error-object",
        'A frame `{"error": {...}}` comes, and the stream ends.',
        _ending(b"data: " + _ERROR + b"\n\n"),
        "ServerError",
        "ERR-01",
        at=3,
    ),
    _fault(
        "error-first",
        "The error is the first frame.",
        _ending(b"data: " + _ERROR + b"\n\n"),
        "ServerError",
        "ERR-06",
        at=1,
    ),
    _fault(
        "error-event",
        "`event: error` comes, whose data has no `error`, and the stream ends.",
        _ending(b'event: error\ndata: {"message":"The engine failed.","type":"server_error"}\n\n'),
        "ServerError",
        "ERR-02",
        at=3,
    ),
    _fault(
        "error-flat",
        'A frame `{"object": "error", "message": ...}` comes, and the stream ends.',
        _ending(
            b'data: {"object":"error","message":"The engine failed.","type":"server_error","code":500}\n\n'
        ),
        "ServerError",
        "ERR-03",
        at=3,
    ),
    _fault(
        "error-text",
        "The error of the frame is a text, and the stream ends.",
        _ending(b'data: {"error":"The engine failed."}\n\n'),
        "ServerError",
        "ERR-04",
        at=3,
    ),
    _fault(
        "error-null",
        'A chunk has `"error": null`: it is none.',
        _chunk(_text("") + ',"error":null'),
        "survived",
        "ERR-04",
    ),
    _fault(
        "error-choice",
        'The error is in the choice, with `finish_reason` "error".',
        _chunks(
            (
                '"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error",'
                '"error":{"code":502,"message":"The engine failed."}}]',
            ),
            last=True,
        ),
        "ServerError",
        "ERR-05",
        at=3,
    ),
    # JSON.
    _fault(
        "json-garbage",
        "A frame comes that is no JSON.",
        _frames(b'data: {"id":"x","choices":[}{\n\n'),
        "StreamInvalid",
        "ERR-15",
        at=3,
    ),
    _fault(
        "deep-json",
        "A chunk nests 100,000 deep.",
        _chunk(_text("") + ',"deep":' + "[" * 100_000 + "]" * 100_000),
        "StreamInvalid",
        "JSON-04",
        at=3,
    ),
    _fault(
        "nan",
        "Numbers that JSON has not: `NaN`, `Infinity`, `1e400`.",
        _chunk(_text("") + ',"numbers":[NaN,Infinity,-Infinity,1e400]'),
        "survived",
        "JSON-01",
        finding="json-non-finite",
    ),
    _fault(
        "big-number",
        "An integer above 2^53, and one of 5,000 digits.",
        _chunk(_text("") + ',"numbers":[9007199254740993,' + "9" * 5_000 + "]"),
        "survived",
        "JSON-02",
        "JSON-03",
    ),
    _fault(
        "duplicate-keys",
        "The arguments of a call have a key twice, with different values.",
        _chunks((*_called(r'"{\"path\":\"/tmp/a\",\"path\":\"/\"}"'), _CALLED), last=True),
        "survived",
        "JSON-05",
    ),
    _fault(
        "lone-surrogate",
        "The text has half of a surrogate pair.",
        _chunk(_text(r"a\ud800b")),
        "survived",
        "JSON-06",
        finding="surrogate-lone",
    ),
    _fault(
        "split-surrogates",
        "A surrogate pair is split over two chunks.",
        _chunks((_text(r"\ud83d"), _text(r"\ude00"))),
        "survived",
        "JSON-07",
        finding="surrogate-split",
    ),
    _fault(
        "control-characters",
        "The text has NUL and other control characters, escaped.",
        _chunk(_text(r"a\u0000\u0007\u001f\u007fb")),
        "survived",
        "JSON-08",
    ),
    _fault(
        "invalid-utf8",
        "The text has bytes that are not UTF-8.",
        _frames(b'data: {"choices":[{"index":0,"delta":{"content":"a\xff\xc3b"}}]}\n\n'),
        "survived",
        "SSE-04",
        finding="utf8-invalid",
    ),
    _fault(
        "unicode-line-ends",
        "The text has U+2028, U+2029 and U+0085 as they are, which end no line.",
        _chunk(_text("a\u2028b\u2029c\u0085d")),
        "survived",
        "SSE-06",
    ),
    _fault(
        "huge-frame",
        "A frame of many MiB comes in small pieces.",
        _huge,
        "survived",
        "SSE-10",
        value=4.0,
        unit="MiB",
    ),
    _fault(
        "null-choices",
        "`choices` is null, missing, empty with usage.",
        _chunks(
            (
                '"choices":null',
                '"note":"no choices"',
                '"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}',
            )
        ),
        "survived",
        "JSON-11",
        finding="choices-null",
    ),
    # Calls.
    _fault(
        "same-index",
        "Two calls come under index 0.",
        _chunks(
            (_call('"{}"', id='"call_a"'), _call('"{}"', '"go_on"', id='"call_b"'), _CALLED),
            last=True,
        ),
        "survived",
        "TOOL-01",
        finding="tool-index-reused",
    ),
    _fault(
        "empty-first",
        "The arguments of a call are `{}` at first, and then the real ones.",
        _chunks((_call('"{}"'), _more(r'"{\"q\":"'), _more(r'"1}"'), _CALLED), last=True),
        "survived",
        "TOOL-02",
        finding="tool-arguments-placeholder",
    ),
    _fault(
        "repeated-name",
        "Each delta of a call has its name.",
        _chunks((_call(r'"{\"q\":"'), _call('"1}"', id="null"), _CALLED), last=True),
        "survived",
        "TOOL-03",
        finding="tool-name-repeated",
    ),
    _fault(
        "open-call",
        "A call's arguments stop before they are whole, and the next call begins.",
        _chunks(
            (
                *_called(r'"{\"path\":\"/home/u"'),
                _call('"{}"', id='"call_b"', index=1),
                _CALLED,
            ),
            last=True,
        ),
        "survived",
        "TOOL-04",
        finding="tool-arguments-incomplete",
    ),
    _fault(
        "cut-call",
        "A call's arguments are cut, and the stream ends with `tool_calls` as if they were whole.",
        _chunks((*_called(r'"{\"command\":\"rm -rf /home/u"'), _CALLED), last=True),
        "survived",
        "END-13",
        finding="tool-arguments-incomplete",
    ),
    _fault(
        "bad-arguments",
        "The arguments of a call are no JSON.",
        _chunks((*_called("\"{'q': 1,}\""), _CALLED), last=True),
        "survived",
        "JSON-09",
        finding="tool-arguments-incomplete",
    ),
    _fault(
        "object-arguments",
        "The arguments of a call are an object, not a text.",
        _chunks((_call('{"q":1}'), _CALLED), last=True),
        "survived",
        "JSON-10",
        finding="tool-arguments-object",
    ),
    _fault(
        "odd-name",
        "The name and the id of a call have line ends and NUL, and are long.",
        _chunks(
            (
                *_called('"{}"', name=rf'"../x\n\u0000{"y" * 2_000}"', id=rf'"c\r\n{"z" * 2_000}"'),
                _CALLED,
            ),
            last=True,
        ),
        "survived",
        "SEC-14",
    ),
    # Text that is meant for who shows it.
    _fault(
        "terminal-escapes",
        "The text has terminal escapes: colours, a link, the clipboard, bidirectional marks.",
        _chunk(
            _text(
                r"\u001b[31mred\u001b]8;;http://x.invalid\u0007link\u001b]52;c;ZWNobw==\u0007\u202e\u009b2J"
            )
        ),
        "survived",
        "SEC-08",
    ),
    _fault(
        "html-text",
        "The text has HTML and a script.",
        _chunk(_text(r"<script>alert(1)</script><img src=x onerror=alert(2)>\"'")),
        "survived",
        "SEC-09",
    ),
    _fault(
        "formula-text",
        "The text begins as a formula of a spreadsheet does.",
        _chunk(_text("=1+1")),
        "survived",
        "SEC-16",
    ),
    _fault(
        "proto-keys",
        "A chunk and the arguments of a call have the keys `__proto__` and `constructor`.",
        _chunks(
            (
                _text("") + ',"__proto__":{"polluted":true}',
                *_called(r'"{\"__proto__\":{\"polluted\":true},\"constructor\":1}"'),
                _CALLED,
            ),
            last=True,
        ),
        "survived",
        "SEC-15",
    ),
)
