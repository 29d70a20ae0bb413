"""What reading the arguments of a call while they stream costs: whatever their length, beside parsing every prefix, and on top of
reading the stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from benchmarks.bodies import calls, cut_by_size
from benchmarks.measure import Measured, least
from streamnorm import LiveArguments, Normalizer

__all__ = ["cut", "long_string", "measure", "records"]

#: The most that a delta of many may cost, in deltas of few.
GROWTH_LIMIT: Final = 1.3
#: How much faster than parsing every prefix.
PREFIX_LIMIT: Final = 100.0

#: The most that a normalizer that watches the arguments may cost, in ones that do not.
OPTION_LIMIT: Final = 2.5

#: Characters of a delta, as some providers send them; others send a token of about four.
DELTA: Final = 11
TOKEN: Final = 4

#: What may be offered to the calls of the streams.
TOOLS: Final = [
    {
        "type": "function",
        "function": {
            "name": "tool_0",
            "parameters": {
                "type": "object",
                "properties": {"text": {"type": "string", "minLength": 1}},
                "required": ["text"],
                "additionalProperties": False,
            },
        },
    }
]


def records(length: int) -> str:
    """Arguments of at least `length` characters: a list of objects, with values of every kind."""
    items = [
        {
            "id": number,
            "title": f"Item number {number} of the list",
            "price": number * 1.25,
            "tags": ["a", "new", "sale"],
            "in_stock": number % 2 == 0,
            "note": "Some words about it, as a model writes them.",
        }
        for number in range(length // 150 + 1)
    ]
    return json.dumps({"items": items})


def long_string(length: int) -> str:
    return json.dumps({"text": "word " * (length // 5)})


def cut(text: str, deltas: int, size: int) -> list[str]:
    return [text[at * size : at * size + size] for at in range(deltas)]


def follow(pieces: list[str]) -> None:
    live = LiveArguments()
    for piece in pieces:
        live.feed(piece)
    assert live.ok


def look_at_each(pieces: list[str]) -> None:
    live = LiveArguments()
    for piece in pieces:
        live.feed(piece)
        _ = live.value
    assert live.ok


def parse_each_prefix(pieces: list[str]) -> None:
    from pydantic_core import from_json

    text = ""
    for piece in pieces:
        text += piece
        from_json(text, allow_partial="trailing-strings")


def measure(rounds: int, deltas: int = 10_000) -> Iterator[Measured]:
    yield cost_of_length(rounds, deltas // 10, deltas * 10)
    yield from beside_prefixes(rounds, deltas)
    yield from on_top(rounds, deltas)


def cost_of_length(rounds: int, few: int, many: int) -> Measured:
    short, long = (cut(records(count * DELTA), count, DELTA) for count in (few, many))
    times = max(1, many // few // 5)

    def follow_short() -> None:
        for _ in range(times):
            follow(short)

    spent = least({"short": follow_short, "long": partial(follow, long)}, max(3, rounds // 4))
    ratio = spent["long"] / many / (spent["short"] / few / times)
    what = f"live values: a delta of {many:,}, to one of {few:,}"
    return Measured(what, ratio, GROWTH_LIMIT)


def beside_prefixes(rounds: int, deltas: int) -> Iterator[Measured]:
    bodies = [
        ("records", records, DELTA, PREFIX_LIMIT),
        ("records", records, TOKEN, None),
        ("one long string", long_string, DELTA, None),
    ]
    for name, make, size, limit in bodies:
        pieces = cut(make(deltas * size), deltas, size)
        spent = least(
            {
                "fed": partial(follow, pieces),
                "looked at": partial(look_at_each, pieces),
                "theirs": partial(parse_each_prefix, pieces),
            },
            max(4, rounds // 4),
        )
        fed, looked_at = (spent["theirs"] / spent[ours] for ours in ("fed", "looked at"))
        body = f"live values, {name} by {size}"
        yield Measured(f"{body}: faster than parsing each prefix", fed, limit, most=False)
        yield Measured(f"{body}: the same, the value read each time", looked_at, None)


def on_top(rounds: int, deltas: int) -> Iterator[Measured]:
    """Of streams whose call has one long string, and nothing of which is refused."""
    pieces = cut_by_size(b"".join(calls(deltas)))

    def read(**options: Any) -> None:
        normalizer = Normalizer(**options)
        for piece in pieces:
            normalizer.feed(piece)
        normalizer.close()
        assert normalizer.complete

    options: dict[str, Any] = {"live=True": {"live": True}, "tools=[...]": {"tools": TOOLS}}
    asked = {name: partial(read, **option) for name, option in options.items()}
    spent = least({"plain": read, **asked}, rounds)
    plain = spent.pop("plain")
    for option, cost in spent.items():
        what = f"one call in {deltas:,} deltas: Normalizer({option}), to Normalizer()"
        yield Measured(what, cost / plain, OPTION_LIMIT)
