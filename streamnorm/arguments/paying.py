"""Wrappers for the keywords of jsonschema, which take from the meter what a keyword's work comes to: one step, more for a long
list, a large value, and the text of an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, Final

from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]

from streamnorm.arguments.budget import CHARACTERS_PER_STEP, METER, Meter, OverBudget

__all__ = [
    "FINE",
    "Errors",
    "Keyword",
    "formatted",
    "judging",
    "leaf",
    "length",
    "multiple_of",
    "passing",
    "reference",
    "size_of",
    "unevaluated",
]

Errors = Iterator[ValidationError]
Keyword = Callable[[Any, Any, Any, Any], Any]
Fine = Callable[[Any, Any, Any], bool]

#: Steps to find what a reference leads to.
LOOKUP: Final = 5

_CONTAINERS: Final = frozenset({dict, list})


def length(value: Any) -> int:
    """Steps for going through what a keyword holds, or through a value: none where it is short."""
    return len(value) >> 2 if isinstance(value, list | dict) else 0


def size_of(value: Any, most: int) -> int:
    """How many values there are in `value`; no more than `most` and one are counted."""
    count, waiting = 0, [value]
    while waiting and count <= most:
        inner = waiting.pop()
        count += 1
        if isinstance(inner, dict):
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)
    return count


def told(meter: Meter, error: ValidationError) -> None:
    """An error is made, and jsonschema quotes the value in it."""
    meter.spend(1 + len(error.message) // CHARACTERS_PER_STEP)


def leaf(keyword: Keyword, fine: Fine | None) -> Keyword:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> list[ValidationError] | None:
        meter = METER.get()
        meter.left -= 1
        if type(value) in _CONTAINERS:
            meter.left -= len(value) >> 2
            if type(instance) in _CONTAINERS:  # compared with each of them, perhaps to the end
                meter.spend(size_of(value, meter.left))
        if meter.left < 0:
            raise OverBudget("the work")
        if fine is not None and fine(validator, value, instance):
            return None
        errors = list(keyword(validator, value, instance, schema))
        for error in errors:
            told(meter, error)
        return errors

    return run


# Short cuts: what they call fine, jsonschema does too, after more ado. They make up for what the counting costs.


def _fine_type(validator: Any, types: Any, instance: Any) -> bool:
    return type(types) is str and bool(validator.is_type(instance, types))


def _fine_enum(_validator: Any, values: Any, instance: Any) -> bool:
    return type(instance) is str and instance in values


def _fine_required(_validator: Any, names: Any, instance: Any) -> bool:
    return type(instance) is dict and all(map(instance.__contains__, names))


FINE: Final[dict[str, Fine]] = {
    "type": _fine_type,
    "enum": _fine_enum,
    "required": _fine_required,
}


def passing(keyword: Keyword) -> Keyword:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        meter = METER.get()
        meter.left -= 1
        if type(value) in _CONTAINERS:
            meter.left -= len(value) >> 2
        if type(instance) is list:
            meter.left -= len(instance) >> 1
        if meter.left < 0:
            raise OverBudget("the work")
        return keyword(validator, value, instance, schema)

    return run


def judging(keyword: Keyword) -> Keyword:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
        meter = METER.get()
        meter.spend(1 + length(value) + length(instance))
        for error in keyword(validator, value, instance, schema) or ():
            if not error.relative_schema_path:  # not from within
                told(meter, error)
            yield error

    return run


def reference(keyword: Keyword) -> Keyword:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
        meter = METER.get()
        # A pointer is walked; for any other name the schemas are searched.
        local = isinstance(value, str) and (value == "#" or value.startswith("#/"))
        meter.spend(LOOKUP + (len(value) >> 4 if local else meter.nodes >> 1))
        if not meter.references:
            raise OverBudget("references that lead to references")
        meter.references -= 1
        try:
            yield from keyword(validator, value, instance, schema) or ()
        finally:
            meter.references += 1

    return run


def unevaluated(keyword: Keyword) -> Keyword:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        meter = METER.get()
        spread = meter.spreads.get(id(schema), 0)
        if isinstance(instance, dict):
            # It searches for every pattern in every name, with `re`.
            names = sum(
                pattern.charge(len(name))
                for pattern in meter.patterns.values()
                for name in instance
            )
            meter.spend(names)
        meter.spend(spread * (1 + length(instance)))
        return keyword(validator, value, instance, schema)

    return run


def multiple_of(keyword: Keyword) -> Keyword:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> list[ValidationError]:
        METER.get().spend(1)
        try:
            return list(keyword(validator, value, instance, schema))
        except OverflowError:  # an integer beyond every float; jsonschema lets this out
            if (Fraction(instance) / Fraction(value)).denominator == 1:
                return []
            return [ValidationError("not a multiple")]

    return run


def formatted(keyword: Keyword) -> Keyword:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
        length = len(instance) if isinstance(instance, str) else 0
        METER.get().spend(1 + length // CHARACTERS_PER_STEP)
        if value in validator.format_checker.checkers:
            yield from keyword(validator, value, instance, schema)

    return run
