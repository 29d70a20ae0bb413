"""The rules of OpenAI's strict mode, a row each."""

from __future__ import annotations

from typing import Final

from streamnorm.arguments.strict.checks import Check, formats, keyword, root_is_object, root_without
from streamnorm.arguments.strict.limits import at_most, long_enums
from streamnorm.arguments.strict.objects import (
    closed,
    free_form,
    required,
    same_first_key,
    unconstrained,
)
from streamnorm.arguments.strict.references import external_references, references_alone
from streamnorm.arguments.strict.rewrites import (
    default_to_description,
    drop_idle,
    merge_all_of,
    name_additional,
    one_to_any,
    wrap_reference,
)
from streamnorm.arguments.strict.rule import CHECK_YOURSELF, Rule

__all__ = ["FINETUNED", "SUPPORTED"]

_OPENAI: Final = "OpenAI's guide to structured outputs, 'Supported schemas'"

_UNLISTED: Final = "it is not among the supported keywords, so it may be refused or ignored"


def _unlisted(*words: str, fix: str = CHECK_YOURSELF) -> Check:
    """Keywords that the page does not list; those that ask for nothing can go."""
    return keyword(*words, why=_UNLISTED, fix=fix, mend=drop_idle(*words))


SUPPORTED: Final = (
    Rule("OAI-S01", "MUST", root_is_object, _OPENAI),
    Rule("OAI-S02", "MUST", root_without("anyOf"), _OPENAI),
    Rule("OAI-S03", "MUST", closed(where="root", absent_only=True), _OPENAI),
    Rule("OAI-S04", "MUST", closed(where="root", open_only=True), _OPENAI),
    Rule("OAI-S05", "MUST", required(where="root"), _OPENAI),
    Rule("OAI-S06", "MUST", closed(where="nested"), _OPENAI),
    Rule("OAI-S06", "MUST", required(where="nested"), _OPENAI),
    Rule(
        "OAI-S07",
        "MUST",
        at_most(5000, lambda c: c.properties, "properties", "make several tools of it"),
        _OPENAI,
    ),
    Rule(
        "OAI-S08",
        "MUST",
        at_most(10, lambda c: c.levels, "levels of objects", "lay levels together"),
        _OPENAI,
    ),
    Rule(
        "OAI-S09",
        "MUST",
        at_most(
            120_000,
            lambda c: c.characters,
            "characters in the names of properties and definitions and in the values of enums and constants",
            "shorten the names and the values",
        ),
        _OPENAI,
    ),
    Rule(
        "OAI-S10",
        "MUST",
        at_most(
            1000,
            lambda c: c.enum_values,
            "enum values",
            "take a plain string and check it yourself",
        ),
        _OPENAI,
    ),
    Rule("OAI-S11", "MUST", long_enums(values=250, characters=15_000), _OPENAI),
    Rule(
        "OAI-S12",
        "MUST",
        keyword(
            "allOf",
            why="strict mode compiles one schema for a place, or an `anyOf` of several, but no sum of them",
            fix="write what its branches say together as one schema",
            mend=merge_all_of,
        ),
        _OPENAI,
    ),
    Rule(
        "OAI-S13",
        "MUST",
        keyword(
            "not",
            why="a grammar says what may come next, and cannot say what may not; strict mode refuses it",
            fix="say what is allowed instead, or leave it out and validate yourself",
        ),
        _OPENAI,
    ),
    Rule(
        "OAI-S14",
        "MUST",
        keyword(
            "dependentRequired",
            why="strict mode requires every property anyway, and refuses what depends on another one",
            fix="take an `anyOf` of two objects, one with the dependent properties and one without any",
            mend=drop_idle("dependentRequired"),
        ),
        _OPENAI,
    ),
    Rule(
        "OAI-S15",
        "MUST",
        keyword(
            "dependentSchemas",
            "dependencies",
            why="strict mode refuses what depends on another property",
            fix="take an `anyOf` of two objects, one for each case",
            mend=drop_idle("dependentSchemas", "dependencies"),
        ),
        _OPENAI,
    ),
    Rule(
        "OAI-S16",
        "MUST",
        keyword(
            "if",
            "then",
            "else",
            why="strict mode knows no conditions",
            fix="take an `anyOf` with a branch for each case",
        ),
        _OPENAI,
    ),
    Rule(
        "OAI-S17",
        "SHOULD",
        keyword(
            "oneOf",
            why="only `anyOf` is among the supported choices",
            fix="take `anyOf`, with branches that exclude each other",
            mend=one_to_any,
        ),
        _OPENAI,
    ),
    Rule(
        "OAI-S18",
        "MUST",
        formats(
            *("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6"),
            "uuid",
        ),
        _OPENAI,
    ),
    Rule("OAI-S19", "SHOULD", _unlisted("minLength", "maxLength"), _OPENAI),
    Rule("OAI-S20", "SHOULD", _unlisted("uniqueItems"), _OPENAI),
    Rule("OAI-S21", "SHOULD", _unlisted("contains", "minContains", "maxContains"), _OPENAI),
    Rule(
        "OAI-S22",
        "SHOULD",
        _unlisted(
            "prefixItems",
            "additionalItems",
            "unevaluatedItems",
            fix="take an object with a named property for each place",
        ),
        _OPENAI,
    ),
    Rule(
        "OAI-S23",
        "SHOULD",
        _unlisted("patternProperties", fix="take an array of objects with a key and a value"),
        _OPENAI,
    ),
    Rule("OAI-S24", "SHOULD", _unlisted("propertyNames"), _OPENAI),
    Rule("OAI-S25", "SHOULD", _unlisted("minProperties", "maxProperties"), _OPENAI),
    Rule(
        "OAI-S26",
        "SHOULD",
        keyword(
            "unevaluatedProperties",
            why=_UNLISTED,
            fix="say `additionalProperties: false`",
            mend=name_additional,
        ),
        _OPENAI,
    ),
    Rule("OAI-S27", "MUST", unconstrained, "the error 'schema must have a type key'"),
    Rule("OAI-S28", "MUST", free_form, "follows from OAI-S03"),
    Rule("OAI-S29", "MUST", external_references, _OPENAI),
    # A tool of a real exchange had a default and was taken, so this is no MUST, and only for response formats.
    Rule(
        "OAI-S31",
        "SHOULD",
        keyword(
            "default",
            why="it was refused in response formats ('default' is not permitted)",
            fix="tell the default in the description",
            mend=default_to_description,
        ),
        "zenn.dev/nicopin/scraps/a8d8f53f5faebb",
        formats_only=True,
    ),
    # Seen in 2024 and 2025, and not on the page.
    Rule("OAI-S32", "SHOULD", same_first_key, "zenn.dev/nicopin/scraps/a8d8f53f5faebb"),
    Rule(
        "OAI-R01",
        "MUST",
        references_alone(wrap_reference),
        "the error '$ref cannot have keywords'; github.com/vectorize-io/hindsight/pull/3944",
    ),
)

#: What the fine-tuned models of the same provider ask besides.
FINETUNED: Final = (
    Rule(
        "OAI-F01",
        "MUST",
        keyword(
            *("format", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum"),
            *("multipleOf", "pattern", "patternProperties"),
            why="fine-tuned models take no bounds, no patterns and no formats",
            fix=CHECK_YOURSELF,
            mend=drop_idle("minItems", "minLength", "patternProperties"),
        ),
        _OPENAI,
    ),
)
