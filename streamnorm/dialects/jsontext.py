"""JSON as servers write it: bytes in, a value out that can be written again. Knows nothing of dialects; each says where its
text is that comes in pieces."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streamnorm.findings import Findings
from streamnorm.repairs.framing import JsonNonFinite, SurrogateLone

__all__ = ["MAX_DEPTH", "ROOT", "TEXT", "NotJsonError", "Paths", "load"]

_REFUSED: Final = (msgspec.DecodeError, UnicodeError, RecursionError)

#: Half of a surrogate pair, in a string and in JSON text.
HALF: Final = re.compile("[\ud800-\udfff]")
HALF_ESCAPED: Final = re.compile(r"\\u[dD][89a-fA-F]")

#: Where text that comes in pieces is: the string at the end of one of these paths. From where one is, by key, to where it
#: leads; a path begins at `ROOT` and ends at `TEXT`.
Paths = Mapping[tuple[str, str], str]
ROOT: Final = "root"
TEXT: Final = "text"

#: Containers in each other. Whoever writes the value again gives up near a thousand, and nobody means so many.
MAX_DEPTH: Final = 512

_brackets: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL).finditer

#: Python reads no integer with more digits, nor does anybody mean one.
MAX_DIGITS: Final = 4_000


class NotJsonError(ValueError):
    """The frame's data is no JSON text that we read; the message says why."""


def load(
    data: bytes, findings: Findings, paths: Paths, *, max_depth: int | None = None
) -> tuple[Any, bool]:
    """The JSON value in `data`. What no JSON number is, NaN and infinities and integers without end, becomes null; half
    characters U+FFFD, except in the text at the end of `paths`, where the other half may still come. The second value says
    that there may be some. `max_depth`: how many containers may be open at once, for values that are handed on whole; what
    writes them again does not take as many as what reads them.

    Raises NotJsonError.
    """
    if max_depth is not None and _is_deeper(data, max_depth):
        raise NotJsonError("the JSON is nested too deeply")
    try:
        return msgspec.json.decode(data), False
    except _REFUSED:
        pass
    text = data.decode("utf-8", "replace")

    def null(constant: str) -> Any:
        findings.note(JsonNonFinite.code, f"{constant[:40]} where JSON has no such number")
        return None

    def finite(number: str) -> Any:
        value = float(number)
        return value if math.isfinite(value) else null(number)

    def integer(number: str) -> Any:
        return int(number) if len(number) <= MAX_DIGITS else null(number)

    try:
        value = json.loads(text, parse_constant=null, parse_float=finite, parse_int=integer)
        if HALF_ESCAPED.search(text):
            return _without_halves(value, findings, paths, ROOT), True
        return value, False
    except RecursionError:
        raise NotJsonError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise NotJsonError(f"not JSON: {error}") from None


def _is_deeper(data: bytes, limit: int) -> bool:
    if data.count(b"{") + data.count(b"[") <= limit:
        return False
    depth = 0
    for match in _brackets(data):
        mark = match[0]
        if mark in (b"{", b"["):
            depth += 1
            if depth > limit:
                return True
        elif mark in (b"}", b"]"):
            depth -= 1
    return False


def _without_halves(value: Any, findings: Findings, paths: Paths, at: str | None) -> Any:
    """`value` with half characters replaced, except in the text. `at` is where in `paths` it is (None: beside)."""
    if isinstance(value, str):
        if at == TEXT or not HALF.search(value):
            return value
        findings.note(SurrogateLone.code)
        return HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_halves(item, findings, paths, at) for item in value]
    if isinstance(value, dict):
        return {
            _without_halves(key, findings, paths, None): _without_halves(
                item, findings, paths, paths.get((at or "", key))
            )
            for key, item in value.items()
        }
    return value
