"""Text from outside, fit for a terminal: what a model or a server wrote is shown, never obeyed."""

from __future__ import annotations

import re

from rich.text import Text

__all__ = ["one_line", "shown", "styled"]

#: Controls but newline and tab (C0, DEL, C1), marks that reorder or hide text, a byte order mark, tags, halves of
#: characters. The joiners U+200C and U+200D stay: scripts and emoji need them.
_DANGEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def shown(text: str) -> str:
    """`text` with each dangerous character written out, such as `\\x1b`."""
    return _DANGEROUS.sub(_written_out, text)


def one_line(text: str) -> str:
    """As `shown`, with line ends and tabs written out too: nothing in it can pass for a line of ours."""
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


def _written_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def styled(text: str, style: str = "") -> Text:
    """`text` on one line for rich, nothing in it obeyed or read as markup."""
    return Text(one_line(text), style=style)
