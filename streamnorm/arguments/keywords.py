"""The keywords of jsonschema, each of which pays for its work. The verdicts are jsonschema's own: what is written anew is in
`rewritten`."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from jsonschema import (  # type: ignore[import-untyped]
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
    FormatChecker,
)
from jsonschema.validators import extend, validator_for  # type: ignore[import-untyped]

from streamnorm.arguments import paying, rewritten

__all__ = ["FALSE", "FORMATS", "draft_of", "formats_of", "metered"]

#: The keyword that stands for the schema `false`: jsonschema quotes the whole value each time it meets that one, uncounted.
FALSE: Final = "\x00false"

#: The formats that are asserted: those jsonschema checks without another package. Not `regex`: to compile what a model wrote is
#: work without a bound; nor `idn-hostname`, which is there or not as other packages are.
FORMATS: Final = ("date", "email", "idn-email", "ipv4", "ipv6", "uuid")

_DRAFTS: Final = (
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
)


#: Keywords that only look at the value itself: their errors are counted as they come.
_LEAVES: Final = frozenset(
    {
        *("const", "enum", "exclusiveMaximum", "exclusiveMinimum", "maxItems", "maxLength"),
        *("maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum"),
        *("required", "type", "dependentRequired"),
    }
)
#: Keywords that pass on what their subschemas find and say nothing themselves.
_PASSING: Final = frozenset(
    {"allOf", "dependentSchemas", "if", "items", "prefixItems", "properties", "propertyNames"}
)
_REFERENCES: Final = frozenset({"$dynamicRef", "$recursiveRef", "$ref"})


def draft_of(schema: Any) -> Any:
    """jsonschema's class for the draft that `$schema` names, as jsonschema has it: 2020-12 where it names none that is known.
    None for draft 3, which this library does not read."""
    draft = validator_for(schema, default=Draft202012Validator)
    return draft if draft in _DRAFTS else None


@cache
def formats_of(draft: Any) -> FormatChecker:
    """The draft's own checks of the formats that are asserted."""
    checker = FormatChecker(())
    known = draft.FORMAT_CHECKER.checkers
    checker.checkers = {name: known[name] for name in FORMATS if name in known}
    return checker


@cache
def metered(draft: Any) -> Any:
    """The draft's validator, paying as it goes. It runs only where `METER` is set."""
    keywords = {name: _paying(name, keyword) for name, keyword in draft.VALIDATORS.items()}
    keywords |= {
        FALSE: rewritten.refuse_all,
        "additionalProperties": rewritten.additional_properties(
            draft.VALIDATORS["additionalProperties"]
        ),
        "pattern": rewritten.pattern,
        "patternProperties": rewritten.pattern_properties,
        "uniqueItems": rewritten.unique_items,
    }
    return extend(draft, validators=keywords, format_checker=formats_of(draft))


def _paying(name: str, keyword: paying.Keyword) -> paying.Keyword:
    if name in _REFERENCES:
        return paying.reference(keyword)
    if name == "multipleOf":
        return paying.multiple_of(keyword)
    if name == "format":
        return paying.formatted(keyword)
    if name in _LEAVES:
        return paying.leaf(keyword, paying.FINE.get(name))
    if name in _PASSING:
        return paying.passing(keyword)
    if name in ("unevaluatedItems", "unevaluatedProperties"):
        return paying.unevaluated(paying.judging(keyword))
    return paying.judging(keyword)
