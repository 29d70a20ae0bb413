"""Damaged streams. Whatever the bytes, nothing but our own errors comes out, and what is true of every stream stays true.

Each input is made from a number, so that a failure is found again by `damaged(number)`.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import traceback
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from corpus import CAPTURES, FACTS, facts
from strategies import FRAMINGS, chunk, continuing, judge, opening, sse, tell
from test_captures import body_of, varied

from streamnorm import StreamnormError

#: Values that a field may have instead of its own.
VALUES: tuple[str, ...] = (
    *("null", "true", "0", "-1", "1.5", "1e999", "-0.0", "NaN", "-Infinity"),
    *('""', '"x"', '"1"', '"\\ud83d"', '"\\udc00x"', '"\\u0000"', '"[DONE]"', '"{}"'),
    *(
        "[]",
        "[null]",
        '["x"]',
        "[{}]",
        "{}",
        '{"text": "x"}',
        '{"error": "x"}',
        '{"\\ud800": "\\udfff"}',
    ),
    *("1" * 19, "9" * 40, "1" * 5_000, '"' + "1" * 5_000 + '"'),
)
#: Bytes put in anywhere.
SCRAPS: tuple[bytes, ...] = (
    *(b"\n", b"\n\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x98"),
    *(
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\\ud83d",
        b"\\",
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
    ),
    *(
        b"data: ",
        b"data:",
        b"\ndata: [DONE]\n\n",
        b"\nevent: error\n",
        b"\n: x\n",
        b"\nid: \xff\n",
        b"\nretry: 1\n",
    ),
    *(
        b'\nerror: {"message": "x"}\n',
        b'\n\ndata: {"error": {"message": "x"}}\n\n',
        b"<html>",
        b"{}",
        b"null",
    ),
)


def body_with_everything() -> bytes:
    """A stream of our own, so that there is one without the corpus."""
    return sse(
        [
            chunk({"role": "assistant", "content": "", "reasoning_content": "Hm."}),
            chunk({"content": "é 😀"}, logprobs=None),
            chunk({"tool_calls": [opening(0, "call_0", "get", "{}")]}),
            chunk({"tool_calls": [continuing(0, '{"a": "')]}),
            chunk({"tool_calls": [continuing(0, '😀"}'), opening(1, "call_1", "search")]}),
            chunk({"refusal": "No."}),
            chunk({"function_call": {"name": "f", "arguments": "{"}}, index=1),
            chunk({"content": [{"type": "thinking", "thinking": "x"}, {"text": "y"}]}, index=1),
            chunk({}, "tool_calls"),
            chunk({}, "function_call", 1),
            chunk(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
        ]
    )


@cache
def seeds() -> list[bytes]:
    """Streams to damage: the scenarios, small captures, one of our own."""
    found = [body_with_everything()]
    if (FACTS / "scenarios.json").exists():
        found += [scenario["body"].encode() for scenario in facts("scenarios.json")]
    if (CAPTURES / "index.json").exists():
        found += [body_of(entry) for entry in varied(80, 4_000)]
    return found


# Damage to bytes.


def flip(rng: random.Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]


def delete(rng: random.Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + body[at + rng.choice((1, 1, 5, 50, 500)) :]


def double(rng: random.Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[: at + rng.choice((1, 5, 50, 500))] + body[at:]


def put_in(rng: random.Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + rng.choice(SCRAPS) + body[at:]


def splice(rng: random.Random, body: bytes) -> bytes:
    other = rng.choice(seeds())
    return body[: rng.randrange(len(body) + 1)] + other[rng.randrange(len(other) + 1) :]


def cut(rng: random.Random, body: bytes) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def reframe(rng: random.Random, body: bytes) -> bytes:
    return rng.choice(FRAMINGS)(body)


# Damage to frames.


def _frames(body: bytes) -> list[bytes]:
    return body.replace(b"\r\n", b"\n").split(b"\n\n")


def repeat_frame(rng: random.Random, body: bytes) -> bytes:
    frames = _frames(body)
    frames.insert(rng.randrange(len(frames) + 1), rng.choice(frames))
    return b"\n\n".join(frames)


def swap_frames(rng: random.Random, body: bytes) -> bytes:
    frames = _frames(body)
    one, other = rng.randrange(len(frames)), rng.randrange(len(frames))
    frames[one], frames[other] = frames[other], frames[one]
    return b"\n\n".join(frames)


def drop_frame(rng: random.Random, body: bytes) -> bytes:
    frames = _frames(body)
    del frames[rng.randrange(len(frames))]
    return b"\n\n".join(frames)


def weave(rng: random.Random, body: bytes) -> bytes:
    """The frames of two streams, in turns."""
    other = iter(_frames(rng.choice(seeds())))
    woven = []
    for frame in _frames(body):
        woven.append(frame)
        if rng.random() < 0.5:
            woven += [*[next(other, b"")]]
    return b"\n\n".join(woven)


# Damage to JSON.

#: Stands for a value that no JSON writer writes, until the text is there.
_MARK = "\0value\0"


def damage_json(rng: random.Random, body: bytes) -> bytes:
    """One to three fields of some frame dropped, renamed, moved, or given another value."""
    frames = _frames(body)
    places = [at for at, frame in enumerate(frames) if frame.startswith((b"data: {", b"data:{"))]
    if not places:
        return body
    at = rng.choice(places)
    values: list[str] = []
    try:
        item = json.loads(frames[at].partition(b":")[2])
        for _ in range(rng.randint(1, 3)):
            _damage_one(rng, item, values)
        text = json.dumps(item, ensure_ascii=rng.random() < 0.5)
    except (ValueError, RecursionError):
        return body
    for value in values:
        text = text.replace(json.dumps(_MARK), value, 1)
    frames[at] = b"data: " + text.encode("utf-8", "surrogatepass")
    return b"\n\n".join(frames)


def _damage_one(rng: random.Random, item: Any, values: list[str]) -> None:
    owner, key = rng.choice(_fields(item) or [(None, None)])
    if owner is None:
        return
    what = rng.randrange(6)
    if what == 0:
        del owner[key]
    elif what == 1 and isinstance(owner, dict):
        names = (
            "choices",
            "delta",
            "content",
            "tool_calls",
            "function",
            "error",
            "message",
            "index",
            "id",
        )
        owner[rng.choice(names)] = owner.pop(key)
    elif what == 2:
        owner[key] = [owner[key]]
    elif what == 3:
        owner[key] = {rng.choice(("text", "content", "error", "result", "choices")): owner[key]}
    else:
        values.append(rng.choice(VALUES) if rng.random() < 0.97 else nested(rng))
        owner[key] = _MARK


def _fields(item: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as its owner and key."""
    keys = (
        list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
    )
    found: list[tuple[Any, Any]] = []
    for key in keys:
        found += [(item, key), *_fields(item[key])]
    return found


def nested(rng: random.Random) -> str:
    """Brackets in brackets: within what parsers take, near the end of it, and far beyond."""
    depth = rng.choice((50, 200, 400, 600, 900, 1_000, 5_000, 100_000))
    opens, closes = rng.choice((("[", "]"), ('{"a":', "}")))
    return (
        opens * depth + rng.choice(("1", '"\\ud800"', "")) + closes * rng.choice((depth, depth, 0))
    )


DAMAGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    flip,
    delete,
    double,
    put_in,
    splice,
    cut,
    reframe,
    repeat_frame,
    swap_frames,
    drop_frame,
    weave,
    *(damage_json,) * 9,
)


def damaged(number: int) -> bytes:
    """The input of this number."""
    rng = random.Random(number)
    body = rng.choice(seeds())
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        body = rng.choice(DAMAGES)(rng, body) or b"\n"
    return body


def failures(numbers: range) -> list[tuple[str, int]]:
    """What went wrong, and the input that showed it: one for each kind."""
    found: dict[str, int] = {}
    for number in numbers:
        try:
            judge(damaged(number))
        except Exception as error:
            found.setdefault(_kind(error), number)
    return list(found.items())


def _kind(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {where.name}, line {where.lineno}: {error}"[:200]


def test_damaged_streams_keep_the_laws_of_all_streams() -> None:
    assert failures(range(2_000)) == []


@pytest.mark.deep
def test_very_many_damaged_streams_keep_the_laws_of_all_streams() -> None:
    batches = [range(start, start + 1_000) for start in range(10_000, 210_000, 1_000)]
    with multiprocessing.get_context("spawn").Pool() as pool:
        found = [failure for batch in pool.imap_unordered(failures, batches) for failure in batch]
    assert dict(found) == {}


def test_a_damaged_stream_may_be_cut_anywhere() -> None:
    rng = random.Random(7)
    different = []
    for number in range(500):
        body = damaged(number)
        points = sorted(rng.randrange(len(body) + 1) for _ in range(3))
        pieces = [body[a:b] for a, b in zip([0, *points], [*points, len(body)], strict=True)]
        try:
            if tell(pieces) != tell(body):
                different.append(number)
        except StreamnormError as error:
            pytest.fail(f"{number}: {error}")
    assert different == []


@pytest.mark.parametrize("depth", [100, 500, 900, 990, 1_000, 2_000, 100_000])
@pytest.mark.parametrize("place", ["extra", "usage", "arguments", "error", "content", "details"])
def test_deep_nesting_is_no_recursion_error(depth: int, place: str) -> None:
    deep = "[" * depth + "]" * depth
    deltas = {
        "arguments": '{"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": %s}}]}',
        "content": '{"content": %s}',
        "details": '{"reasoning_details": [{"text": "x", "more": %s}]}',
    }
    extras = {
        "extra": ', "x": %s',
        "usage": ', "usage": {"x": %s}',
        "error": ', "error": {"x": %s}',
    }
    text = (
        '{{"id": "1", "choices": [{{"index": 0, "delta": {}, "finish_reason": null}}]{}}}'.format(
            deltas.get(place, "{}"),
            extras.get(place, ""),
        )
    )
    judge(sse([text % deep, chunk({}, "stop")]))
