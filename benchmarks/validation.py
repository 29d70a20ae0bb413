"""What judging the arguments of a call costs, beside bare jsonschema and bare jsonschema-rs: from the text to the verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any, Final

import jsonschema

from benchmarks.measure import Measured, least
from streamnorm.arguments.fast import fast_is_installed
from streamnorm.arguments.validate import ArgumentsValidator

__all__ = ["LIMIT", "cases", "measure"]

#: The most that a validation may cost, in bare compiled jsonschema (its parse and its verdict).
LIMIT: Final = 1.3

BARE: Final = "bare jsonschema"
OURS: Final = "validate"


def weather() -> tuple[dict[str, Any], dict[str, Any]]:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city's name"},
            "days": {"type": "integer", "minimum": 1, "maximum": 14},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    return schema, {"city": "Oslo", "days": 3, "unit": "celsius"}


def itinerary() -> tuple[dict[str, Any], dict[str, Any]]:
    """Large and nested: 20 legs, each with places, tagged unions, references and optional parts."""
    place = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "lat": {"type": "number", "minimum": -90, "maximum": 90},
            "lon": {"type": "number", "minimum": -180, "maximum": 180},
        },
        "required": ["name", "lat", "lon"],
        "additionalProperties": False,
    }
    by_train = {
        "type": "object",
        "properties": {
            "kind": {"const": "train"},
            "number": {"type": "string"},
            "seat": {"type": "integer"},
        },
        "required": ["kind", "number"],
    }
    by_ferry = {
        "type": "object",
        "properties": {"kind": {"const": "ferry"}, "deck": {"enum": ["upper", "lower"]}},
        "required": ["kind"],
    }
    leg = {
        "type": "object",
        "properties": {
            "start": {"$ref": "#/$defs/place"},
            "end": {"$ref": "#/$defs/place"},
            "day": {"type": "string", "format": "date"},
            "means": {"anyOf": [{"$ref": "#/$defs/train"}, {"$ref": "#/$defs/ferry"}]},
            "stops": {"type": "array", "items": {"$ref": "#/$defs/place"}, "maxItems": 10},
            "notes": {"type": ["string", "null"]},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 20}},
        },
        "required": ["start", "end", "day", "means"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {
            "legs": {"type": "array", "items": {"$ref": "#/$defs/leg"}},
            "title": {"type": "string"},
        },
        "required": ["legs"],
        "additionalProperties": False,
        "$defs": {"place": place, "train": by_train, "ferry": by_ferry, "leg": leg},
    }

    def somewhere(number: int) -> dict[str, Any]:
        return {"name": f"Place {number}", "lat": number / 7, "lon": number / 3}

    legs = [
        {
            "start": somewhere(number),
            "end": somewhere(number + 1),
            "day": "2025-06-01",
            "means": {"kind": "train", "number": f"R{number}", "seat": 4}
            if number % 2
            else {"kind": "ferry", "deck": "upper"},
            "stops": [somewhere(number + 30), somewhere(number + 60)],
            "notes": None,
            "tags": ["slow", "coast"],
        }
        for number in range(20)
    ]
    return schema, {"legs": legs, "title": "North"}


def cases() -> dict[str, tuple[dict[str, Any], str]]:
    """By name: a schema and the text of valid arguments."""
    return {
        name: (schema, json.dumps(value))
        for name, (schema, value) in {
            "weather": weather(),
            "itinerary, 20 legs": itinerary(),
        }.items()
    }


def measure(rounds: int) -> Iterator[Measured]:
    for name, (schema, text) in cases().items():
        bare = jsonschema.Draft202012Validator(schema).is_valid
        ours = ArgumentsValidator(schema, tool=name, engine="jsonschema").validate
        assert bare(json.loads(text))
        assert ours(text).ok
        runs: dict[str, Callable[[], object]] = {
            BARE: partial(_parse_and, bare, text),
            OURS: partial(ours, text),
        }
        if fast_is_installed():
            rust = import_module("jsonschema_rs").Draft202012Validator(schema).is_valid
            fast = ArgumentsValidator(schema, tool=name, engine="fast").validate
            assert fast(text) == ours(text)
            runs["bare jsonschema-rs"] = partial(_parse_and, rust, text)
            runs["validate, fast"] = partial(fast, text)
        times = max(1, 100_000 // len(text))
        spent = least({who: partial(_repeat, run, times) for who, run in runs.items()}, rounds)
        bare_cost = spent.pop(BARE)
        for who, cost in spent.items():
            limit = LIMIT if who == OURS else None
            yield Measured(f"{name}: {who}, to {BARE}", cost / bare_cost, limit)


def _parse_and(judge: Callable[[Any], object], text: str) -> None:
    judge(json.loads(text))


def _repeat(run: Callable[[], object], times: int) -> None:
    for _ in range(times):
        run()
