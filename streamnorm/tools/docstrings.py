"""A docstring taken apart: what the function does, and what each parameter is. Google's, NumPy's and reST's conventions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["Docstring", "read_docstring"]

_PARAMETERS: Final = frozenset(
    {"args", "arguments", "parameters", "params", "keyword args", "keyword arguments"}
    | {"other parameters"}
)
_OTHERS: Final = frozenset(
    {"attributes", "example", "examples", "note", "notes", "raises", "references", "return"}
    | {"returns", "see also", "todo", "warning", "warnings", "warns", "yield", "yields"}
)
_google_section = re.compile(r"([A-Z][A-Za-z ]*):$").match
_google_entry = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)").match
_numpy_entry = re.compile(r"(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$").match
_rule = re.compile(r"-{3,}$").match
_rest_parameter = re.compile(
    r":(?:param|parameter|arg|argument|key|keyword)\s+([^:]*):\s*(.*)"
).match
_rest_field = re.compile(r":\w[^:]*:").match


class Docstring(NamedTuple):
    """`summary`: the text before the first section, paragraphs kept. `parameters`: what is said of each, on one line."""

    summary: str
    parameters: dict[str, str]


def read_docstring(text: str) -> Docstring:
    """`text` has no common indent (as `inspect.getdoc` gives it)."""
    lines = text.splitlines()
    summary: list[str] = []
    told: dict[str, list[str]] = {}
    at, opened = 0, False
    while at < len(lines):
        line = lines[at].rstrip()
        end = _end_of_section(lines, at)
        if _rest_field(line):
            opened = True
            end = _end_of_field(lines, at)
            _read_rest(lines[at:end], told)
        elif _underlined(lines, at):
            opened = True
            if line.lower() in _PARAMETERS:
                _read_numpy(lines[at + 2 : end], told)
        elif (section := _google_section(line)) and _is_section(section[1]):
            opened = True
            if section[1].lower() in _PARAMETERS:
                _read_google(lines[at + 1 : end], told)
        else:
            if not opened:
                summary.append(line)
            end = at + 1
        at = end
    parameters = {name: " ".join(parts).strip() for name, parts in told.items()}
    return Docstring(
        "\n".join(summary).strip(), {name: words for name, words in parameters.items() if words}
    )


def _is_section(title: str) -> bool:
    return title.lower() in _PARAMETERS | _OTHERS


def _underlined(lines: list[str], at: int) -> bool:
    return at + 1 < len(lines) and bool(_rule(lines[at + 1].strip())) and bool(lines[at].strip())


def _end_of_section(lines: list[str], at: int) -> int:
    """A Google section ends with the next line that is not indented, a NumPy one with the next that is underlined."""
    numpy = _underlined(lines, at)
    for end in range(at + 2 if numpy else at + 1, len(lines)):
        line = lines[end]
        if numpy and _underlined(lines, end):
            return end
        if not numpy and line.strip() and not line[0].isspace():
            return end
    return len(lines)


def _end_of_field(lines: list[str], at: int) -> int:
    for end in range(at + 1, len(lines)):
        line = lines[end]
        if not line.strip() or _rest_field(line):
            return end
    return len(lines)


def _read_rest(lines: list[str], told: dict[str, list[str]]) -> None:
    match = _rest_parameter(lines[0])
    if match and (words := match[1].split()):
        told[words[-1].lstrip("*")] = [match[2], *(line.strip() for line in lines[1:])]


def _read_google(lines: list[str], told: dict[str, list[str]]) -> None:
    margin = min((_indent(line) for line in lines if line.strip()), default=0)
    _read_entries(lines, margin, told)


def _read_entries(lines: Iterable[str], margin: int, told: dict[str, list[str]]) -> None:
    parts: list[str] = []
    for line in lines:
        entry = _google_entry(line.strip()) if _indent(line) == margin else None
        if entry:
            parts = told[entry[1]] = [entry[2]]
        elif line.strip():
            parts.append(line.strip())


def _read_numpy(lines: list[str], told: dict[str, list[str]]) -> None:
    parts: list[str] = []
    for line in lines:
        if line.strip() and not line[0].isspace():
            entry = _numpy_entry(line.strip())
            parts = []
            for name in entry[1].split(",") if entry else ():
                told[name.strip().lstrip("*")] = parts
        elif line.strip():
            parts.append(line.strip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
