"""Words for a sentence about a schema: short, whatever the schema holds."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["escaped", "kind", "quoted"]


def escaped(name: str) -> str:
    """One step of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


_KINDS: Final = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}

#: Characters of a value from the schema that a sentence quotes.
_QUOTED: Final = 60


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value), type(value).__name__)


def quoted(value: Any) -> str:
    """A value from the schema for a sentence: short, whatever it is."""
    if isinstance(value, dict | list) or type(value) not in _KINDS:
        return kind(value)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return "a very large number"
    text = repr(value[: _QUOTED + 1] if isinstance(value, str) else value)
    return text if len(text) <= _QUOTED else text[: _QUOTED - 3] + "..."
