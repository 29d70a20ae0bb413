"""Recorded exchanges: what the wire said, in the pieces it said it, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamnorm.captures.library import CaptureLibrary
    from streamnorm.captures.recording import RecordingTransport
    from streamnorm.captures.replay import ReplayTransport
    from streamnorm.captures.serve import served, serving
    from streamnorm.captures.teeing import tee

#: Where each public name lives. They are imported when they are asked for.
_HOMES = {
    "CaptureLibrary": "streamnorm.captures.library",
    "RecordingTransport": "streamnorm.captures.recording",
    "ReplayTransport": "streamnorm.captures.replay",
    "served": "streamnorm.captures.serve",
    "serving": "streamnorm.captures.serve",
    "tee": "streamnorm.captures.teeing",
}

__all__ = ["CaptureLibrary", "RecordingTransport", "ReplayTransport", "served", "serving", "tee"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'streamnorm.captures' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
