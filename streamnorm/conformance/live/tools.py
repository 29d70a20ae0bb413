"""The canned tools of the probes: schemas with one difficulty each, and the arguments that are asked for. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = [
    "FORECAST",
    "MANY",
    "ORDER",
    "POEM",
    "PROFILE",
    "ROUTE",
    "SCHEMA",
    "STORE",
    "STRICT_ORDER",
    "STRICT_TREE",
    "TIME",
    "UNSUPPORTED",
    "WEATHER",
    "call_of",
    "function",
]


def function(
    name: str, description: str, parameters: Mapping[str, Any] | None, *, strict: bool = False
) -> dict[str, Any]:
    """A function as `tools[].function` has it."""
    made: dict[str, Any] = {"name": name, "description": description}
    if parameters is not None:
        made["parameters"] = parameters
    return {**made, "strict": True} if strict else made


def _object(properties: dict[str, Any], *required: str, closed: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties}
    made["required"] = list(required or properties)
    return {**made, "additionalProperties": False} if closed else made


_TEXT: Final = {"type": "string"}

#: Types and a choice of values.
WEATHER: Final = function(
    "get_weather",
    "The weather in a city, now.",
    _object({"city": _TEXT, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}}),
)

#: No parameters.
TIME: Final = function("get_time", "The time, now.", _object({}))

#: An object in an object, and a list of them.
ORDER: Final = function(
    "place_order",
    "Order something.",
    _object(
        {
            "customer": _object({"name": _TEXT, "address": _object({"street": _TEXT})}),
            "lines": {
                "type": "array",
                "items": _object({"article": _TEXT, "count": {"type": "integer"}}),
            },
        }
    ),
)

#: A value that may be null, and one of several types.
FORECAST: Final = function(
    "get_forecast",
    "The weather on a day in a city.",
    _object(
        {
            "city": _TEXT,
            "day": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            "unit": {"type": ["string", "null"]},
        }
    ),
)

#: A text as long as a model cares to make it.
POEM: Final = function("print_poem", "Print a poem.", _object({"poem": _TEXT}))

#: Values that must come as they are.
STORE: Final = function(
    "store",
    "Store a text and a number, exactly as they are.",
    _object({"text": _TEXT, "number": {"type": "integer"}}),
)

#: Names that are not ASCII.
PROFILE: Final = function(
    "save_profile",
    "Save somebody's profile.",
    _object({"Straße": _TEXT, "名前": _TEXT}),
)

#: A definition that is referred to, several levels deep.
ROUTE: Final = function(
    "plan_route",
    "Plan a way between two points.",
    {
        **_object({"from": {"$ref": "#/$defs/place"}, "to": {"$ref": "#/$defs/place"}}),
        "$defs": {
            "place": _object({"point": _object({"at": _object({"latitude": {"type": "number"}})})})
        },
    },
)

#: In the subset of strict mode: nested, a list, a choice, a value that may be null.
STRICT_ORDER: Final = function(
    "place_strict_order",
    "Order something.",
    _object(
        {
            "lines": {
                "type": "array",
                "items": _object(
                    {"article": _TEXT, "size": {"type": "string", "enum": ["small", "large"]}},
                    closed=True,
                ),
            },
            "note": {"type": ["string", "null"]},
        },
        closed=True,
    ),
    strict=True,
)

#: In the subset of strict mode: a definition that refers to itself, and one of several types.
STRICT_TREE: Final = function(
    "save_tree",
    "Save a tree of names.",
    {
        **_object({"root": {"$ref": "#/$defs/node"}}, closed=True),
        "$defs": {
            "node": _object(
                {
                    "name": _TEXT,
                    "weight": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                closed=True,
            )
        },
    },
    strict=True,
)

#: Not in the subset of strict mode: a property that is not required, and properties that are not named.
UNSUPPORTED: Final = function(
    "save_anything",
    "Save something.",
    {"type": "object", "properties": {"a": _TEXT, "b": _TEXT}, "required": ["a"]},
    strict=True,
)

#: A format for content, its keys in an order that is not the alphabet's.
SCHEMA: Final = _object(
    {
        "title": _TEXT,
        "authors": {"type": "array", "items": _TEXT},
        "year": {"type": "integer"},
        "kind": {"type": "string", "enum": ["novel", "essay"]},
    },
    closed=True,
)

#: 128 tools: as many as OpenAI takes.
MANY: Final = tuple(
    function(
        f"read_sensor_{number}",
        f"What sensor {number} says.",
        _object({"precision": {"type": "integer"}}),
    )
    for number in range(1, 129)
)


def call_of(tool: Mapping[str, Any], arguments: str) -> str:
    """A prompt that asks for one call of a tool."""
    return f"Call {tool['name']} once, with exactly these arguments: {arguments}"
