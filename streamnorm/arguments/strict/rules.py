"""Which rules hold for which target."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from streamnorm.arguments.strict import rows_others as others
from streamnorm.arguments.strict.rows_openai import FINETUNED, SUPPORTED
from streamnorm.arguments.strict.rule import Rule
from streamnorm.errors import LocalError

__all__ = ["TARGETS", "is_a_name", "rules_of", "takes_names"]

_RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "openai": SUPPORTED,
    "openai-finetuned": SUPPORTED + FINETUNED,
    "anthropic": others.ANTHROPIC + others.NO_CHOICE_AT_ROOT,
    "anthropic-nonstrict": others.NO_CHOICE_AT_ROOT,
    "gemini": others.GEMINI,
    "groq": others.GROQ,
    "cerebras": others.CEREBRAS,
    "bedrock": others.BEDROCK,
    # A gateway takes what OpenAI takes, and translates it.
    "gateway": SUPPORTED + others.GATEWAY,
}

#: The targets by name. Those with two words are the first one under another condition.
TARGETS: Final = tuple(_RULES)

#: The rule on the name of a tool or a format, and the targets it is known of.
NAME_RULE: Final = "OAI-S30"
_NAMED: Final = ("openai", "openai-finetuned", "gateway")
_name = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch


def rules_of(target: str) -> tuple[Rule, ...]:
    """The rules of a target. Raises LocalError for one that is not known, with the nearest that is."""
    rules = _RULES.get(target)
    if rules is None:
        near = get_close_matches(target, TARGETS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise LocalError(f"no target {target!r}{hint} (known: {', '.join(TARGETS)})")
    return rules


def takes_names(target: str) -> bool:
    """The target says what a name may look like."""
    return target in _NAMED


def is_a_name(name: str) -> bool:
    return _name(name) is not None
