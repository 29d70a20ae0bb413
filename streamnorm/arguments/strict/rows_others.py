"""The rules of strict modes other than OpenAI's, a row each."""

from __future__ import annotations

from typing import Final

from streamnorm.arguments.strict.checks import (
    Check,
    about_the_endpoint,
    bounded_items,
    branches,
    formats,
    keyword,
    only,
    root_without,
    simple_enums,
    type_arrays,
)
from streamnorm.arguments.strict.objects import closed, required, unordered
from streamnorm.arguments.strict.references import (
    external_references,
    merged_references,
    without_recursion,
)
from streamnorm.arguments.strict.rewrites import (
    default_to_description,
    drop_idle,
    integer_bound,
    merge_all_of,
    one_to_any,
    single_enum,
    split_types,
    type_array,
)
from streamnorm.arguments.strict.rule import CHECK_YOURSELF, NUMERIC, Rule

__all__ = ["ANTHROPIC", "BEDROCK", "CEREBRAS", "GATEWAY", "GEMINI", "GROQ", "NO_CHOICE_AT_ROOT"]

_CLAUDE: Final = "platform.claude.com/docs/en/build-with-claude/structured-outputs"
_GOOGLE: Final = "ai.google.dev/gemini-api/docs/structured-output"
_GROQ: Final = "console.groq.com/docs/structured-outputs"
_AMAZON: Final = "docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html"
_CEREBRAS: Final = "inference-docs.cerebras.ai/capabilities/structured-outputs"
_MERGE: Final = "docs.merge.dev/merge-gateway/capabilities/structured-outputs"

_REFUSED: Final = "it is not compiled, and the request is answered with HTTP 400"

_numbers: Final = keyword(*NUMERIC, why=_REFUSED, fix=CHECK_YOURSELF)
_lengths: Final = keyword(
    "minLength", "maxLength", why=_REFUSED, fix=CHECK_YOURSELF, mend=drop_idle("minLength")
)

#: What is asked of a tool's schema with and without strict mode.
NO_CHOICE_AT_ROOT: Final = (
    Rule(
        "ANT-M01",
        "MUST",
        root_without("anyOf", "oneOf", "allOf"),
        "the error 'input_schema does not support oneOf, allOf, or anyOf at the top level'",
    ),
)

ANTHROPIC: Final = (
    Rule("ANT-S01", "MUST", closed(), _CLAUDE),
    Rule("ANT-S02", "MUST", without_recursion, _CLAUDE),
    Rule("ANT-S03", "MUST", simple_enums, _CLAUDE),
    Rule("ANT-S04", "MUST", external_references, _CLAUDE),
    Rule("ANT-S05", "MUST", _numbers, _CLAUDE),
    Rule("ANT-S06", "MUST", _lengths, _CLAUDE),
    Rule(
        "ANT-S07",
        "MUST",
        bounded_items("maxItems", "uniqueItems", "contains", "minContains", "maxContains"),
        _CLAUDE,
    ),
    Rule("ANT-S08", "MUST", merged_references(merge_all_of), _CLAUDE),
    Rule("ANT-S09", "MUST", keyword("pattern", why=_REFUSED, fix=CHECK_YOURSELF), _CLAUDE),
    Rule(
        "ANT-S10",
        "MUST",
        formats(
            *("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4"),
            *("ipv6", "uuid"),
        ),
        _CLAUDE,
    ),
)

BEDROCK: Final = tuple(
    Rule("BED-S01", "MUST", check, _AMAZON)
    for check in (
        without_recursion,
        external_references,
        _numbers,
        _lengths,
        closed(),
        bounded_items(),
    )
)

_GEMINI_WORDS: Final = frozenset(
    {
        *("additionalProperties", "description", "enum", "format", "items", "maxItems"),
        *("maximum", "minItems", "minimum", "prefixItems", "properties", "propertyOrdering"),
        *("required", "title", "type"),
        # Taken since November 2025.
        *("$defs", "$ref", "anyOf"),
    }
)

GEMINI: Final = (
    Rule(
        "GEM-S01",
        "MUST",
        only(
            _GEMINI_WORDS,
            elsewhere=("nullable",),
            mends={
                "$comment": drop_idle("$comment"),
                "$schema": drop_idle("$schema"),
                "allOf": merge_all_of,
                "const": single_enum,
                "default": default_to_description,
                "dependentRequired": drop_idle("dependentRequired"),
                "exclusiveMaximum": integer_bound("exclusiveMaximum", "maximum", -1),
                "exclusiveMinimum": integer_bound("exclusiveMinimum", "minimum", 1),
                "maxProperties": drop_idle("maxProperties"),
                "minLength": drop_idle("minLength"),
                "minProperties": drop_idle("minProperties"),
                "oneOf": one_to_any,
                "patternProperties": drop_idle("patternProperties"),
                "uniqueItems": drop_idle("uniqueItems"),
            },
        ),
        _GOOGLE,
    ),
    Rule("GEM-S02", "MUST", formats("date-time", "date", "time"), _GOOGLE),
    Rule(
        "GEM-S03",
        "MUST",
        keyword(
            "nullable",
            why="it is a word of OpenAPI, and JSON Schema has null as a type",
            fix='write `type: [..., "null"]`',
            mend=type_array,
        ),
        _GOOGLE,
    ),
    Rule("GEM-S04", "SHOULD", unordered, _GOOGLE),
)

GROQ: Final = (
    Rule("GRQ-S01", "MUST", closed(), _GROQ),
    Rule("GRQ-S01", "MUST", required(), _GROQ),
    Rule(
        "GRQ-S02",
        "SHOULD",
        about_the_endpoint(
            "strict mode holds on some models only; on the others the schema is followed as well as they can, and what "
            "misses it comes back as HTTP 400",
            "look up whether the model is on the page's list; nothing in the schema tells",
        ),
        _GROQ,
    ),
)

_BISECTED: Final = "github.com/elizaOS/eliza/pull/11156 (bisected on a live endpoint)"


def _bounds(*words: str) -> Check:
    return keyword(*words, why=_REFUSED, fix=CHECK_YOURSELF, mend=drop_idle(*words))


CEREBRAS: Final = (
    Rule(
        "CER-R01", "MUST", closed(), "the error 'additionalProperties is required to be ... false'"
    ),
    Rule("CER-R02", "MUST", required(type_arrays=False), _CEREBRAS),
    Rule("CER-R03", "MUST", type_arrays(split_types), _CEREBRAS),
    Rule("CER-R04", "MUST", branches(5), _CEREBRAS),
    Rule(
        "CER-R05",
        "MUST",
        _bounds(
            *("format", "maxItems", "maxLength", "maxProperties", "minItems", "minLength"),
            *("minProperties", "pattern"),
        ),
        _BISECTED,
    ),
)

GATEWAY: Final = (
    Rule(
        "MER-S01",
        "SHOULD",
        about_the_endpoint(
            "a gateway may send the call on to a model that cannot hold this schema; a good one then fails loudly, and "
            "never falls back to plain text",
            "try it on each route, or validate the arguments yourself",
        ),
        _MERGE,
    ),
)
