"""Words to HTML: those from outside escaped, shown where they could not be seen, and cut; our own, in which `code` is code."""

from __future__ import annotations

import html
import re
from typing import Any, Final

import msgspec

from streamnorm.conformance.printable import cut, printable

__all__ = ["code", "data_block", "ours", "outside"]

#: Characters of a word from outside that are shown, and of bytes written out.
WORDS: Final = 200
BYTES: Final = 1_000

_code = re.compile(r"`([^`]+)`").sub
_link = re.compile(r"https://[^\s;,]+").sub


def outside(words: str, most: int = WORDS) -> str:
    """Words from outside. Nothing in them is markup, and they cannot turn the text around them."""
    return f"<bdi>{html.escape(cut(printable(words), most))}</bdi>"


def code(text: str, most: int = BYTES) -> str:
    """Bytes as they were written out, as code."""
    return f"<code>{html.escape(cut(printable(text), most))}</code>"


def ours(words: str) -> str:
    """A sentence of our own tables: `code` in it is code, an address a link."""
    escaped = _code(r"<code>\1</code>", html.escape(words))
    return _link(r'<a href="\g<0>" rel="noreferrer">\g<0></a>', escaped)


def data_block(data: Any) -> str:
    """JSON for a `<script type="application/json">`: nothing in it can end the element, or begin another."""
    text = msgspec.json.encode(data).decode()
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text
