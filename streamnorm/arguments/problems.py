"""What is wrong with the arguments of a call, in a sentence that the model that made them can act on."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, Final

import msgspec
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]

from streamnorm.arguments.keywords import FALSE

__all__ = [
    "MAX_SHOWN",
    "ValidationProblem",
    "listed",
    "pointer_to",
    "problem_of",
    "seen",
    "shown",
    "subject",
]

#: Characters of a value that are quoted.
MAX_SHOWN: Final = 80

#: Words of a list that are named, and branches of an `anyOf` that are looked into.
MAX_LISTED: Final = 20
MAX_BRANCHES: Final = 64

#: The keyword that a schema `false` is told under; jsonschema itself gives it none.
FALSE_KEYWORD: Final = "false"


class ValidationProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the arguments of a call; `str(problem)` says it in a sentence fit for the model.

    pointer: the value in question, as a JSON Pointer (RFC 6901); "" is the whole. For what is missing or too much, the object.
    keyword: the keyword of JSON Schema that refuses, or `json` (no JSON), `object` (JSON, but no object), `name` (no such
        tool), `budget` (the work allowed did not suffice for a verdict), `duplicate` (a note), `false` (the schema `false`).
    seen: what is there. expected: what the schema asks for. Both in words.
    """

    pointer: str
    keyword: str
    seen: str
    expected: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def pointer_to(path: Iterable[str | int]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def subject(pointer: str) -> str:
    return f"`{pointer}`" if pointer else "The argument object"


def shown(value: Any, room: int = MAX_SHOWN) -> str:
    """A JSON value as text, cut where it is long. It looks at no more of it than it shows."""
    match value:
        case str():
            text = json.dumps(value[:room], ensure_ascii=False)
            return text if len(value) <= room else f"{text[:-1]}…"
        case dict():
            return _shown_in("{}", (f"{shown(k, 30)}: " for k in value), value.values(), room)
        case list() | tuple():
            return _shown_in("[]", ("" for _ in value), value, room)
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        return f"a {type(value).__name__}"
    return text if len(text) <= room else f"{text[:room]}…"


def _shown_in(brackets: str, names: Iterable[str], values: Iterable[Any], room: int) -> str:
    parts: list[str] = []
    for name, value in zip(names, values, strict=True):
        if room <= 8:
            parts.append("…")
            break
        part = name + shown(value, min(room, 30))
        room -= len(part) + 2
        parts.append(part)
    return brackets[0] + ", ".join(parts) + brackets[1]


def listed(words: Iterable[str], last: str = "or") -> str:
    """`a`, `b or c`, `a, b or c`; a long list is cut."""
    some = list(words)
    if len(some) > MAX_LISTED:
        return f"{', '.join(some[:MAX_LISTED])} {last} {len(some) - MAX_LISTED} others"
    return f" {last} ".join([", ".join(some[:-1]), some[-1]] if len(some) > 1 else some)


def _subject(error: ValidationError, pointer: str) -> str:
    """What must be otherwise: a value, or the name of one."""
    path = list(error.absolute_schema_path)
    named = any(
        part == "propertyNames" and before != "properties" for before, part in pairwise(["", *path])
    )
    if not named or not isinstance(error.instance, str):
        return subject(pointer)
    return f"A property's name in `{pointer}`" if pointer else "A property's name"


_KINDS: Final = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def seen(value: Any) -> str:
    """A value with its type: `the string "three"`."""
    match value:
        case None | bool():
            return shown(value)
        case str():
            return f"the string {shown(value)}"
        case int() | float():
            return f"the number {shown(value)}"
        case list():
            return f"the array {shown(value)}"
    return f"the object {shown(value)}"


# What each keyword expects, in words that follow "must". A keyword that is not here is told by its name and value.

_Words = Callable[[Any, Any], str]


def _plural(count: Any, thing: str, things: str | None = None) -> str:
    return f"{count} {thing if count == 1 else things or thing + 's'}"


def _types(value: Any, _error: Any) -> str:
    names = [value] if isinstance(value, str) else value
    return "be " + listed(_KINDS.get(str(name), str(name)) for name in names)


_FORMATS: Final = {
    "date": "a date such as 2025-01-31",
    "email": "an e-mail address",
    "idn-email": "an e-mail address",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uuid": "a UUID",
}
_EXPECTED: Final[dict[str, _Words]] = {
    "type": _types,
    "enum": lambda value, _: f"be one of {listed(map(shown, value))}",
    "const": lambda value, _: f"be {shown(value)}",
    "format": lambda value, _: f"be {_FORMATS.get(value, f'of the format {value}')}",
    "pattern": lambda value, _: f"match the regular expression {value[:MAX_SHOWN]}",
    "minimum": lambda value, _: f"be at least {shown(value)}",
    "maximum": lambda value, _: f"be at most {shown(value)}",
    "exclusiveMinimum": lambda value, _: f"be greater than {shown(value)}",
    "exclusiveMaximum": lambda value, _: f"be less than {shown(value)}",
    "multipleOf": lambda value, _: f"be a multiple of {shown(value)}",
    "minLength": lambda value, _: f"have at least {_plural(value, 'character')}",
    "maxLength": lambda value, _: f"have at most {_plural(value, 'character')}",
    "minItems": lambda value, _: f"have at least {_plural(value, 'item')}",
    "maxItems": lambda value, _: f"have at most {_plural(value, 'item')}",
    "items": lambda _, error: (
        f"have at most {_plural(len(error.schema.get('prefixItems', ())), 'item')}"
    ),
    "minProperties": lambda value, _: f"have at least {_plural(value, 'property', 'properties')}",
    "maxProperties": lambda value, _: f"have at most {_plural(value, 'property', 'properties')}",
    "uniqueItems": lambda *_: "have no two equal items",
    "contains": lambda value, _: f"have an item that meets {shown(value)}",
    "minContains": lambda value, _: f"have at least {value} of the items that are asked for",
    "maxContains": lambda value, _: f"have at most {value} of the items that are limited",
    "not": lambda value, _: f"not meet {shown(value)}",
    "unevaluatedItems": lambda *_: "have no items that the schema does not know",
    "unevaluatedProperties": lambda *_: "have no properties that the schema does not know",
    "oneOf": lambda value, _: f"meet exactly one of {_plural(len(value), 'schema')}",
    "anyOf": lambda value, _: f"meet one of {_plural(len(value), 'schema')}",
    FALSE_KEYWORD: lambda *_: "be left out: nothing is allowed there",
}


def problem_of(error: ValidationError) -> ValidationProblem:
    """An error of jsonschema's as a problem."""
    pointer = pointer_to(error.absolute_path)
    keyword = str(error.validator)
    if keyword in (FALSE, "None"):
        keyword = FALSE_KEYWORD
    teller = _TELLERS.get(keyword, _plain)
    there, expected, sentence = teller(error, keyword, pointer)
    return ValidationProblem(
        pointer=pointer, keyword=keyword, seen=there, expected=expected, sentence=sentence
    )


_Told = tuple[str, str, str]


def _plain(error: ValidationError, keyword: str, pointer: str) -> _Told:
    words = _EXPECTED.get(keyword)
    value = error.validator_value
    expected = words(value, error) if words else f"meet {keyword} {shown(value)}"
    there = seen(error.instance)
    return (
        there,
        expected.removeprefix("be "),
        f"{_subject(error, pointer)} must {expected}, but is {there}.",
    )


def _required(error: ValidationError, _keyword: str, pointer: str) -> _Told:
    # jsonschema gives one error for each name, and says which only in its message.
    names = error.validator_value if isinstance(error.validator_value, list) else []
    absent = [name for name in names if error.message.startswith(repr(name) + " ")]
    name = next((name for name in absent if name not in error.instance), "")
    wanted = _wanted(error.schema, name)
    sentence = f"`{pointer}{pointer_to([name])}` is required, but is missing{wanted}."
    return f"no {shown(name)}", f"the property {shown(name)}", sentence


def _wanted(schema: Any, name: str) -> str:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    subschema = properties.get(name) if isinstance(properties, dict) else None
    if not isinstance(subschema, dict):
        return ""
    for keyword in ("enum", "const", "type"):
        if keyword in subschema:
            return f"; it must {_EXPECTED[keyword](subschema[keyword], None)}"
    return ""


def _additional(error: ValidationError, _keyword: str, pointer: str) -> _Told:
    known = list(error.schema.get("properties", {}))
    searched = "patternProperties" in error.schema  # then the message is their list
    extras = json.loads(error.message) if searched else sorted(set(error.instance) - set(known))
    names = [f"`{pointer}{pointer_to([name[:MAX_SHOWN]])}`" for name in extras[:MAX_LISTED]]
    there = listed(names, "and")
    near = difflib.get_close_matches(extras[0][:MAX_SHOWN], known, n=1) if len(extras) == 1 else []
    hint = f"; did you mean {shown(near[0])}?" if near else ""
    allowed = f"only {listed(map(shown, known), 'and')}" if known else "no properties"
    verb = "is" if len(extras) == 1 else "are"
    expected = f"{allowed} {'is' if len(known) == 1 else 'are'}"
    return (
        f"the properties {there}" if len(extras) > 1 else f"the property {there}",
        allowed,
        f"{there} {verb} not allowed: {expected} known{hint}" + ("" if near else "."),
    )


def _one_of_many(error: ValidationError, keyword: str, pointer: str) -> _Told:
    """The branch that comes nearest says what to change."""
    there = seen(error.instance)
    expected = _EXPECTED[keyword](error.validator_value, error)
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        number = inner.schema_path[0] if inner.schema_path else 0
        if isinstance(number, int) and (number in branches or len(branches) < MAX_BRANCHES):
            branches.setdefault(number, []).append(inner)
    if not branches:  # `oneOf` of which more than one was met
        return (
            there,
            expected,
            f"{_subject(error, pointer)} must {expected}, but {there} meets more.",
        )
    types = [_type_of(errors, pointer) for errors in branches.values()]
    if all(types):  # none comes near: the value is of another type
        expected = _types(list(dict.fromkeys(name for names in types for name in names)), None)
        return (
            there,
            expected.removeprefix("be "),
            f"{_subject(error, pointer)} must {expected}, but is {there}.",
        )
    number, errors = min(branches.items(), key=lambda item: _distance(item[1], pointer))
    nearest = str(problem_of(errors[0]))
    return (
        there,
        expected,
        f"{_subject(error, pointer)} must {expected}, but is {there}; nearest is number {number + 1}, where "
        f"{nearest}",
    )


def _type_of(errors: list[ValidationError], pointer: str) -> list[str]:
    """The types that a branch asks for, where it refuses the value for its type."""
    for error in errors:
        if error.validator == "type" and pointer_to(error.absolute_path) == pointer:
            value = error.validator_value
            return [value] if isinstance(value, str) else list(value)
    return []


def _distance(errors: list[ValidationError], pointer: str) -> tuple[bool, bool, int]:
    told = {str(error.validator) for error in errors}
    return (
        bool(_type_of(errors, pointer)),
        # A tag that is another: the branch is for another kind of object.
        not told.isdisjoint(("const", "enum")),
        len(errors),
    )


_TELLERS: Final[dict[str, Callable[[ValidationError, str, str], _Told]]] = {
    "required": _required,
    "additionalProperties": _additional,
    "anyOf": _one_of_many,
    "oneOf": _one_of_many,
}
