"""What a value may be: small checks that return the value as it is kept, or refuse it, saying where it is and what would be
right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from streamnorm.assistants.engine.refusals import Refusal

__all__ = [
    "Check",
    "boolean",
    "fields",
    "items",
    "metadata",
    "number",
    "one_of",
    "text",
    "whole",
    "wrong",
    "wrong_type",
]

#: Given a value and its place in the request.
Check = Callable[[Any, str], Any]

#: The API's limits: pairs of metadata, characters of their names and values, characters of a text.
MAX_PAIRS: Final = 16
MAX_NAME: Final = 64
MAX_VALUE: Final = 512
MAX_TEXT: Final = 256_000

_NAMES: Final = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    list: "an array",
}


def wrong_type(value: Any, at: str, wanted: str) -> Refusal:
    found = "null" if value is None else _NAMES.get(type(value), "an object")
    return Refusal(
        f"Invalid type for '{at}': expected {wanted}, but got {found} instead.",
        param=at,
        code="invalid_type",
    )


def wrong(words: str, at: str, code: str = "invalid_value") -> Refusal:
    return Refusal(f"Invalid '{at}': {words}", param=at, code=code)


def text(most: int = MAX_TEXT, *, least: int = 0) -> Check:
    def check(value: Any, at: str) -> str:
        if not isinstance(value, str):
            raise wrong_type(value, at, "a string")
        if not least <= len(value) <= most:
            words = f"it has {len(value):,} characters, and may have {least:,} to {most:,}."
            raise wrong(words, at, "string_above_max_length" if value else "empty_string")
        return value

    return check


def number(least: float, most: float) -> Check:
    def check(value: Any, at: str) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise wrong_type(value, at, "a decimal")
        if not least <= value <= most:
            raise wrong(f"it is {value}, and may be {least:g} to {most:g}.", at)
        return value

    return check


def whole(least: int) -> Check:
    def check(value: Any, at: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong_type(value, at, "an integer")
        if value < least:
            words = f"it is {value}, and must be {least} or more."
            raise wrong(words, at, "integer_below_min_value")
        return value

    return check


def boolean(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise wrong_type(value, at, "a boolean")
    return value


def one_of(*names: str) -> Check:
    def check(value: Any, at: str) -> str:
        if not isinstance(value, str) or value not in names:
            raise Refusal(
                f"Invalid value: {value!r:.80}. Supported values are: {', '.join(map(repr, names))}.",
                param=at,
                code="invalid_value",
            )
        return value

    return check


def fields(checks: Mapping[str, Check], needed: Sequence[str] = ()) -> Check:
    """An object with these members and no others. One that is null counts as one that is not there."""

    def check(value: Any, at: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong_type(value, at or "body", "an object")
        place = f"{at}." if at else ""
        for name in value:
            if name not in checks:
                raise Refusal(
                    f"Unknown parameter: '{place}{name}'.",
                    param=f"{place}{name}",
                    code="unknown_parameter",
                )
        found = {
            name: checks[name](each, place + name)
            for name, each in value.items()
            if each is not None
        }
        for name in needed:
            if name not in found:
                raise Refusal(
                    f"Missing required parameter: '{place}{name}'.",
                    param=f"{place}{name}",
                    code="missing_required_parameter",
                )
        return found

    return check


def items(of: Check, most: int) -> Check:
    """A list of such values."""

    def check(value: Any, at: str) -> list[Any]:
        if not isinstance(value, list):
            raise wrong_type(value, at, "an array")
        if len(value) > most:
            words = f"it has {len(value):,} items, and may have {most:,}."
            raise wrong(words, at, "array_above_max_length")
        return [of(each, f"{at}[{place}]") for place, each in enumerate(value)]

    return check


def metadata(value: Any, at: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise wrong_type(value, at, "an object")
    if len(value) > MAX_PAIRS:
        words = f"it has {len(value)} pairs, and may have {MAX_PAIRS}."
        raise wrong(words, at, "object_above_max_properties")
    for name, each in value.items():
        text(MAX_NAME, least=1)(name, at)
        text(MAX_VALUE)(each, f"{at}.{name}")
    return value
