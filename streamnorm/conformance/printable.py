"""Words from outside made fit to be shown: on one line, what cannot be seen written out, and cut to a length that is said. Knows
nothing of markup; whoever writes some escapes for it."""

from __future__ import annotations

__all__ = ["cut", "printable", "several"]


def printable(text: str) -> str:
    """On one line, with what cannot be printed, or turns and hides the text around it, written out such as `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text
    )


def cut(text: str, most: int) -> str:
    """At most the first `most` characters of `text`, and how many bytes of UTF-8 were left out."""
    if len(text) <= most:
        return text
    left = len(text[most:].encode("utf-8", "surrogatepass"))
    return f"{text[:most]}... ({several(left, 'more byte')})"


def several(count: int, words: str) -> str:
    """How many of what."""
    return f"{count:,} {words}{'' if count == 1 else 's'}"
