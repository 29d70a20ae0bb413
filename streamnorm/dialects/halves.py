"""Surrogates: the only text that JSON can carry and UTF-8 cannot. Their two halves may come in two deltas."""

from __future__ import annotations

import re
from typing import Final

from streamnorm.findings import Findings
from streamnorm.repairs.framing import SurrogateLone, SurrogateSplit

__all__ = ["flush_halves", "whole_characters", "without_halves"]

_HALF: Final = re.compile("[\ud800-\udfff]")


def without_halves(text: str) -> str:
    return _HALF.sub("\ufffd", text)


def whole_characters(text: str, channel: str, halves: dict[str, str], findings: Findings) -> str:
    """`text`, the next of `channel`, with the half character before it, and without the one at its end that may still find
    its other half: that one waits in `halves`."""
    half = halves.pop(channel, "")
    if not half and not _HALF.search(text):
        return text
    if half and "\udc00" <= text[0] <= "\udfff":
        findings.note(SurrogateSplit.code)
    # Through UTF-16 and back, a pair becomes the one character it stands for.
    text = (half + text).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if "\ud800" <= text[-1] <= "\udbff":
        findings.note(SurrogateSplit.code)
        halves[channel] = text[-1]
        text = text[:-1]
    if _HALF.search(text):
        findings.note(SurrogateLone.code)
        text = without_halves(text)
    return text


def flush_halves(halves: dict[str, str], findings: Findings) -> None:
    """Nothing more will come: a half whose other half never came is left out."""
    for _ in range(len(halves)):
        findings.note(SurrogateLone.code)
    halves.clear()
