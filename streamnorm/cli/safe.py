"""Text from outside, fit for a terminal: what a model or a server wrote is shown, never obeyed."""

from __future__ import annotations

import re

from rich.text import Text

__all__ = ["shown", "styled"]

#: Controls but newline and tab (C0, DEL, C1), marks that reorder or hide text, a byte order mark, halves of characters.
_DANGEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def shown(text: str) -> str:
    """`text` with each dangerous character written out, such as `\\x1b`."""
    return _DANGEROUS.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def styled(text: str, style: str = "") -> Text:
    """`text` for rich, dangerous characters written out and nothing in it read as markup."""
    return Text(shown(text), style=style)
