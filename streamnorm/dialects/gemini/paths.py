"""JSON paths that lead to one place: `$.a`, `$.list[0].name`, `$['odd key']`."""

from __future__ import annotations

import json
import re
from typing import Final

from streamnorm.dialects.jsontext import HALF

__all__ = ["PathError", "Steps", "steps_of"]

#: How deep a value may lie: what a protocol buffer, which these arguments are, may nest.
MAX_DEPTH: Final = 100

#: A path: names of members and indexes of items.
Steps = tuple[str | int, ...]

_step = re.compile(
    r"""\.(?P<name>[^.\[\]*'"]+)"""
    r"""|\[(?P<index>0|[1-9][0-9]{0,8})\]"""
    r"""|\['(?P<single>[^'\\]*(?:\\.[^'\\]*)*)'\]"""
    r"""|\["(?P<double>[^"\\]*(?:\\.[^"\\]*)*)"\]""",
    re.DOTALL,
).match


class PathError(ValueError):
    """A value has no place; the message says why."""


def steps_of(path: str) -> Steps:
    """The steps of a JSON path (RFC 9535) that leads to one place below the root: `$.a`, `$.list[0].name`, `$['odd key']`.

    Raises PathError for any other.
    """
    steps: list[str | int] = []
    at = 1 if path.startswith("$") else len(path) + 1
    while at < len(path) and len(steps) < MAX_DEPTH and (found := _step(path, at)):
        at = found.end()
        steps.append(_step_of(found))
    if at != len(path) or not steps or isinstance(steps[0], int):
        raise PathError(f"no path to an argument: {path[:80]!r}")
    return tuple(steps)


def _step_of(found: re.Match[str]) -> str | int:
    if found.lastgroup == "name":
        return found["name"]
    if found.lastgroup == "index":
        return int(found["index"])
    quoted = found["double"]
    if quoted is None:
        # As JSON would write it: the other quotation mark is the one that is escaped.
        quoted = re.sub(r"""\\.|\"""", _requoted, found["single"], flags=re.DOTALL)
    try:
        name = json.loads(f'"{quoted}"')
    except ValueError:
        raise PathError(f"no name of an argument: {found.group()[:80]!r}") from None
    if HALF.search(name):
        raise PathError(f"half a character in {found.group()[:80]!r}")
    return str(name)


def _requoted(mark: re.Match[str]) -> str:
    return {'"': '\\"', "\\'": "'"}.get(mark.group(), mark.group())
