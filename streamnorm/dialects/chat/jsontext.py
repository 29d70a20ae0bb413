"""The JSON of a chat chunk, and where in it is text."""

from __future__ import annotations

from typing import Any, Final

from streamnorm.dialects import jsontext
from streamnorm.dialects.jsontext import ROOT, TEXT, Paths
from streamnorm.findings import Findings

__all__ = ["load", "reload"]

_PATHS: Final[Paths] = {
    (ROOT, "choices"): "choice",
    ("choice", "delta"): "delta",
    ("choice", "message"): "delta",
    ("delta", "content"): TEXT,
    ("delta", "reasoning_content"): TEXT,
    ("delta", "refusal"): TEXT,
    ("delta", "tool_calls"): "call",
    ("delta", "function_call"): "function",
    ("call", "function"): "function",
    ("call", "custom"): "function",
    ("function", "arguments"): TEXT,
    ("function", "input"): TEXT,
}


def load(data: bytes, findings: Findings) -> tuple[Any, bool]:
    """As `dialects.jsontext.load`."""
    return jsontext.load(data, findings, _PATHS)


def reload(data: bytes) -> Any:
    """The JSON value in data that has been read before: what is to be found has been found."""
    return load(data, Findings())[0]
