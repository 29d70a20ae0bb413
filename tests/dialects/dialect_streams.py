"""What the tests of all dialects but chat do with a stream: take it apart, damage it, and put it together again."""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from strategies import Told, tell

from streamnorm.dialects.order import START, OrderTable

FIXTURES = Path(__file__).parents[2] / "fixtures"

#: Values that a field may have instead of its own.
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, float("nan"), float("inf")),
    *("", "x", "1", "\ud83d", "\udc00x", "\0", "[DONE]", "{}", "{"),
    *([], [None], ["x"], [{}], [[]], {}, {"text": "x"}, {"error": "x"}, {"a": {"b": [1]}}),
)


def objects_of(body: bytes) -> list[Any]:
    """The JSON of each frame of a clean stream, SSE or lines."""
    payloads = [line.removeprefix(b"data: ") for line in body.splitlines()]
    return [json.loads(payload) for payload in payloads if payload.startswith(b"{")]


def as_sse(objects: Iterable[Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(item).encode() + b"\n\n" for item in objects)


def as_lines(objects: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in objects)


def fixtures_of(dialect: str) -> list[Path]:
    return sorted((FIXTURES / dialect).glob("*.sse"))


def two_way_splits_differ(body: bytes, dialect: str) -> list[int]:
    """Where a stream may not be cut in two; byte by byte is -1."""
    whole = tell(body, dialect=dialect)
    different = [
        at for at in range(1, len(body)) if tell([body[:at], body[at:]], dialect=dialect) != whole
    ]
    single = [body[at : at + 1] for at in range(len(body))]
    return different if tell(single, dialect=dialect) == whole else [-1, *different]


def places_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every owner and key in a JSON value."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield value, key
        yield from places_of(inner)


def damaged(objects: list[Any], seed: int) -> list[Any]:
    """The objects of a stream with one to three things wrong: a value, a key, a frame lost, doubled, moved or cut off."""
    chance = random.Random(seed)
    made = copy.deepcopy(objects)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(made))
        kind = chance.randrange(12)
        if kind == 0:
            made.insert(chance.randrange(len(made) + 1), copy.deepcopy(made[at]))
        elif kind == 1 and len(made) > 1:
            del made[at]
        elif kind == 2:
            made.insert(chance.randrange(len(made)), made.pop(at))
        elif kind == 3:
            made = made[: at + 1]
        elif places := list(places_of(made[at])):
            owner, key = chance.choice(places)
            if kind < 6 and isinstance(owner, dict):
                value = owner.pop(key)
                if kind == 5:
                    owner[f"{key}x"] = value
            else:
                owner[key] = copy.deepcopy(chance.choice(VALUES))
        else:
            made[at] = copy.deepcopy(chance.choice(VALUES))
    return made


def with_each_between(objects: list[Any], strangers: list[Any]) -> Iterator[list[Any]]:
    """The stream with each of `strangers` in each place before its last frame."""
    for at, stranger in itertools.product(range(len(objects)), strangers):
        yield [*objects[:at], stranger, *objects[at:]]


def story(told: Told) -> tuple[Any, ...]:
    """What a stream said, whichever frames it came in."""
    codes = [(found.code, found.detail) for found in told.findings]
    return told.events[1:], codes, told.complete, told.error


def parsed(text: str) -> Any:
    """Arguments compare as JSON; a text that is none, as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


# Legal order.


def kinds_in(table: OrderTable) -> set[str]:
    return {kind for row in table.values() for kind in row}


def paths_to(table: OrderTable) -> dict[str, list[str]]:
    """By state, the kinds of a shortest way to it."""
    paths: dict[str, list[str]] = {START: []}
    for state, path in (queue := list(paths.items())):
        for kind, leads_to in table.get(state, {}).items():
            if leads_to not in paths:
                paths[leads_to] = [*path, kind]
                queue.append((leads_to, paths[leads_to]))
    return paths


def violations_of(table: OrderTable) -> Iterator[tuple[list[str], str]]:
    """A legal way to each state, and each kind that may not come there."""
    for state, path in paths_to(table).items():
        yield from ((path, kind) for kind in sorted(kinds_in(table) - set(table.get(state, {}))))


def walks_of(table: OrderTable, count: int) -> Iterator[list[str]]:
    """Legal ways at random, each up to where nothing may follow."""
    for seed in range(count):
        chance, state, walk = random.Random(seed), START, []
        while row := table.get(state):
            kind = chance.choice(list(row))
            walk.append(kind)
            state = row[kind]
        yield walk
