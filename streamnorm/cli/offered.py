"""The tools that a request offered: from a file that was named, or from the request that lies beside a stream."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streamnorm.captures.format import Capture, is_capture_name
from streamnorm.errors import LocalError
from streamnorm.tools import ToolSet

__all__ = ["listed_in", "tools_beside", "tools_in"]


def tools_in(file: str) -> ToolSet:
    """The tools in a JSON file: a list of them, or a request that has `tools` or `functions`.

    Raises OSError, and LocalError for a file that is neither, or a tool that is none.
    """
    return ToolSet(listed_in(file))


def listed_in(file: str) -> list[Any]:
    """As `tools_in`, as they are written there, none of them looked at."""
    try:
        content = json.loads(Path(file).read_text("utf-8"))
    except ValueError as error:
        raise LocalError(f"{file} is not JSON: {error}") from None
    found = content if isinstance(content, list) else _offered(content)
    if found is None:
        raise LocalError(f"{file} has no tools: give a list of them, or a request with `tools`")
    return found


def tools_beside(file: str) -> ToolSet | None:
    """The tools of the request that a capture holds, or that lies beside a stream as `<name>.request.json` or under `request` in
    `<name>.json`; None where there is none, or none whose tools can be read."""
    for request in _requests(file):
        with contextlib.suppress(LocalError):
            if found := _offered(request):
                return ToolSet(found)
    return None


def _requests(file: str) -> Iterator[Any]:
    if is_capture_name(file):
        with contextlib.suppress(OSError, LocalError):
            yield Capture(file).header.request.json
        return
    stream = Path(file)
    for path in (stream.with_suffix(".request.json"), stream.with_suffix(".json")):
        with contextlib.suppress(OSError, ValueError):
            content = json.loads(path.read_text("utf-8"))
            yield content.get("request", content) if isinstance(content, dict) else None


def _offered(request: Any) -> list[Any] | None:
    if not isinstance(request, dict):
        return None
    found = request.get("tools", request.get("functions"))
    return found if isinstance(found, list) else None
