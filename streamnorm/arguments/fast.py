"""jsonschema-rs, where it says what jsonschema says. It only gives the verdict "valid": what it refuses is looked at again by
jsonschema, which has the last word and names the reasons."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from streamnorm.arguments.budget import DEFAULT_MILLISECONDS
from streamnorm.arguments.keywords import FORMATS, formats_of
from streamnorm.arguments.schemas import Schema
from streamnorm.errors import LocalError

__all__ = ["FastVerdict", "fast_is_installed", "fast_verdict"]

#: Says whether a value, whose text had that many characters, is valid; None where jsonschema has to be asked.
FastVerdict = Callable[[Any, str], bool | None]

#: Keywords that the two read differently. Patterns are JavaScript's to one and Python's to the other, a multiple of 0.1 is
#: exact to one and a float to the other, contents are checked by one and not by the other; the rest can lead anywhere.
NOT_SHARED: Final = frozenset(
    {
        *("$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef"),
        *("$vocabulary", "contentEncoding", "contentMediaType", "contentSchema", "id"),
        *("multipleOf", "pattern", "patternProperties", "unevaluatedItems"),
        "unevaluatedProperties",
    }
)
#: Schemas times characters: what it goes through in a millisecond at the least. Nothing interrupts it.
WORK_PER_MILLISECOND: Final = 100_000

#: Formats it knows and jsonschema does not check: they must say nothing.
_SILENT: Final = (
    *("date-time", "duration", "hostname", "idn-hostname", "iri", "iri-reference"),
    *("json-pointer", "regex", "relative-json-pointer", "time", "uri", "uri-reference"),
    "uri-template",
)
_CLASSES: Final = {
    "Draft7Validator": "Draft7Validator",
    "Draft201909Validator": "Draft201909Validator",
    "Draft202012Validator": "Draft202012Validator",
}
#: An integer that no float holds, perhaps: comparing it would not be exact. (A fraction is a float to both.)
_long_integer = re.compile(r"(?<![0-9.])[0-9]{16}").search


def fast_is_installed() -> bool:
    return find_spec("jsonschema_rs") is not None


def fast_verdict(schema: Schema, budget_ms: float = DEFAULT_MILLISECONDS) -> FastVerdict | None:
    """None for a schema of which it is not known that the two agree. Raises LocalError where jsonschema-rs is absent."""
    if not fast_is_installed():
        raise LocalError(
            'the fast engine needs jsonschema-rs: install "streamnorm[fast]", or take engine="auto"'
        )
    name = _CLASSES.get(schema.draft.__name__)
    shared = schema.keywords.isdisjoint(NOT_SHARED) and not _long_integer(repr(schema.plain))
    most = budget_ms * WORK_PER_MILLISECOND
    if name is None or not shared or schema.weight > most:
        return None
    module: Any = import_module("jsonschema_rs")
    is_valid = _compiled(getattr(module, name), schema).is_valid
    weight = schema.weight

    def verdict(value: Any, text: str) -> bool | None:
        if weight * len(text) > most or _long_integer(text):
            return None
        try:
            valid: bool = is_valid(value)
        except ValueError:  # half of a surrogate pair, which no Rust string holds
            return None
        return valid

    return verdict


def _compiled(validator: Any, schema: Schema) -> Any:
    checks = formats_of(schema.draft)
    formats: dict[str, Callable[[str], bool]] = dict.fromkeys((*FORMATS, *_SILENT), _anything)
    formats |= {name: _check_of(checks, name) for name in checks.checkers}
    return validator(schema.plain, formats=formats, validate_formats=True, retriever=_nothing)


def _nothing(uri: str) -> Any:
    """No schema comes from elsewhere. (None refers there either, by the time it is here.)"""
    raise LookupError(uri)


def _anything(_value: str) -> bool:
    return True


def _check_of(checks: Any, name: str) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        conforms: bool = checks.conforms(value, name)
        return conforms

    return check
