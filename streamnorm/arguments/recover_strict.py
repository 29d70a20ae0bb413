"""Strict JSON in, a value out: the judge of every recovery. It also says what is odd about a value that it takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import isinf
from typing import Any, Final

from streamnorm.arguments.prefix import is_complete
from streamnorm.arguments.recover_steps import Refusal, Steps

__all__ = [
    "MAX_DEPTH",
    "add_member",
    "canonical",
    "encodable",
    "float_of",
    "int_of",
    "read_strict",
    "remark",
    "strings_in",
]

#: Containers open at once. Deeper than any tool's schema, shallow enough for any stack.
MAX_DEPTH: Final = 64

#: Digits of a number: what CPython converts to an integer, since longer ones cost quadratic time.
MAX_DIGITS: Final = 4300

_in_quotes = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.S)
_brackets = re.compile(r"[\[\]{}]")
_surrogates = re.compile("[\ud800-\udfff]")
_controls = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def read_strict(text: str, steps: Steps) -> tuple[bool, Any]:
    """Whether `text` is JSON by the letter (RFC 8259), and its value.

    Raises Refusal for JSON that is not read alike everywhere: a key twice with different values, NaN, Infinity, numbers
    that overflow or have more than `MAX_DIGITS` digits.
    """
    if _nests_too_deep(text):
        return False, None
    own = Steps()

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            found.clear()
            for key, value in pairs:
                add_member(found, key, value, own, None)
        return found

    decoder = json.JSONDecoder(
        object_pairs_hook=members, parse_int=int_of, parse_float=float_of, parse_constant=_no_number
    )
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError:
        return False, None
    steps.add(own)
    return True, value


def _nests_too_deep(text: str) -> bool:
    """As far as `text` is JSON, it nests deeper than `MAX_DEPTH`."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _brackets.finditer(_in_quotes.sub("", text)):
        depth += 1 if bracket[0] in "{[" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def add_member(members: dict[str, Any], key: str, value: Any, steps: Steps, at: int | None) -> None:
    """Put a member in. The same member twice is remarked; another value for a key is refused, as readers differ on which
    counts (RFC 8259, section 4)."""
    if key in members:
        if canonical(members[key], sort=True) != canonical(value, sort=True):
            raise Refusal(
                "two-readings", f"the key {key[:60]!r} comes twice, with different values"
            )
        steps.note("duplicate-keys", at)
    members[key] = value


def int_of(digits: str) -> int:
    _check_length(digits)
    try:
        return int(digits)
    except ValueError as error:  # the interpreter was told a lower limit
        raise Refusal("number", f"an integer of {len(digits)} digits") from error


def _check_length(digits: str) -> None:
    if len(digits) > MAX_DIGITS:
        raise Refusal("number", f"a number of {len(digits)} digits; {MAX_DIGITS} are the limit")


def float_of(digits: str) -> float:
    _check_length(digits)
    value = float(digits)
    if isinf(value):
        raise Refusal("number", f"the number {digits[:40]} is larger than a float can be")
    return value


def _no_number(word: str) -> None:
    raise Refusal("number", f"{word} is no JSON number, and a schema's limits let it pass")


def canonical(value: Any, *, sort: bool = False) -> str:
    """JSON text of `value`, without spaces; nothing but what JSON demands is escaped."""
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort
    )


def strings_in(value: Any) -> Iterator[str]:
    """Every string in `value`, keys included."""
    for found in _all_in(value):
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            yield from found


def _all_in(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        found = waiting.pop()
        yield found
        if isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def encodable(value: Any, steps: Steps) -> Any:
    """`value` with each lone half of a surrogate pair replaced: no encoder takes one, and no reader can tell what it was."""
    if not any(map(_surrogates.search, strings_in(value))):
        return value
    steps.note("surrogate-replaced")
    return _encodable(value)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return _surrogates.sub("\ufffd", value)
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if not isinstance(value, dict):
        return value
    members = {_encodable(key): _encodable(item) for key, item in value.items()}
    if len(members) < len(value):
        raise Refusal("two-readings", "two keys differ only in what is no character")
    return members


def remark(value: Any, steps: Steps) -> None:
    """Note what is odd about `value`, once for each kind; nothing is changed."""
    codes = {code for found in _all_in(value) for code in _oddities(found)}
    if not isinstance(value, dict):
        codes.add("not-an-object")
    elif len(value) == 2 and isinstance(value.get("name"), str):
        inner = value.get("arguments", value.get("parameters"))
        if isinstance(inner, dict | str):
            codes.add("maybe-wrapped")
    for code in sorted(codes):
        steps.note(code)


def _oddities(found: Any) -> Iterator[str]:
    """What is odd about one value, apart from what it contains."""
    if isinstance(found, str):
        yield from _odd_characters(found)
        inner = found.strip()
        if inner[:1] + inner[-1:] in ("{}", "[]") and is_complete(inner):
            yield "string-holds-json"
    elif isinstance(found, dict):
        for key in found:
            yield from _odd_characters(key)
        constructor = found.get("constructor")
        if "__proto__" in found or (isinstance(constructor, dict) and "prototype" in constructor):
            yield "suspicious-key"
    elif isinstance(found, int) and abs(found) > 2**53:
        yield "beyond-2^53"


def _odd_characters(string: str) -> Iterator[str]:
    if _controls.search(string):
        yield "control-chars"
    if "\ufffd" in string:
        yield "replacement-char"
