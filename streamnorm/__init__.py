"""streamnorm reads the streams of endpoints that are almost OpenAI's, puts them right, and says what it changed.

for event in streamnorm.normalize(response):
    ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamnorm.arguments.live import LiveArguments
    from streamnorm.arguments.recover import Recovery, recover
    from streamnorm.assemble import AssembledChoice, Message, Result, ToolCall
    from streamnorm.captures.format import Capture
    from streamnorm.client import AsyncOpenAI, DefaultAioHttpClient, OpenAI, Timeout
    from streamnorm.errors import (
        CaptureError,
        FrameTooLarge,
        LocalError,
        ProfileError,
        RemoteError,
        ServerError,
        StreamInvalid,
        StreamnormError,
        StreamTruncated,
    )
    from streamnorm.events import (
        ArgumentsDelta,
        ArgumentsRejected,
        ChoiceFinished,
        Event,
        FieldCompleted,
        ReasoningDelta,
        RefusalDelta,
        StreamEnded,
        StreamFailed,
        StreamStarted,
        TextDelta,
        ToolCallFinished,
        ToolCallStarted,
        UsageReported,
    )
    from streamnorm.findings import Finding
    from streamnorm.normalizer import Normalizer
    from streamnorm.profiles import Profile, load_profile, provider_ids
    from streamnorm.sources import anormalize, normalize
    from streamnorm.sse import Frame, FrameDecoder, FrameEncoder
    from streamnorm.tools import Tool, ToolSet, pydantic_function_tool

__version__ = "0.1.0"

#: Where each public name lives. They are imported when they are asked for, so that `import streamnorm` costs next to nothing.
_HOMES = {
    "streamnorm.arguments.live": ("LiveArguments",),
    "streamnorm.arguments.recover": ("Recovery", "recover"),
    "streamnorm.assemble": ("AssembledChoice", "Message", "Result", "ToolCall"),
    "streamnorm.captures.format": ("Capture",),
    "streamnorm.client.api": ("AsyncOpenAI", "OpenAI"),
    "streamnorm.client.timeouts": ("Timeout",),
    "streamnorm.client.transports": ("DefaultAioHttpClient",),
    "streamnorm.errors": (
        "CaptureError",
        "FrameTooLarge",
        "LocalError",
        "ProfileError",
        "RemoteError",
        "ServerError",
        "StreamInvalid",
        "StreamTruncated",
        "StreamnormError",
    ),
    "streamnorm.events": (
        "ArgumentsDelta",
        "ArgumentsRejected",
        "ChoiceFinished",
        "Event",
        "FieldCompleted",
        "ReasoningDelta",
        "RefusalDelta",
        "StreamEnded",
        "StreamFailed",
        "StreamStarted",
        "TextDelta",
        "ToolCallFinished",
        "ToolCallStarted",
        "UsageReported",
    ),
    "streamnorm.findings": ("Finding",),
    "streamnorm.normalizer": ("Normalizer",),
    "streamnorm.profiles": ("Profile", "load_profile", "provider_ids"),
    "streamnorm.sources": ("anormalize", "normalize"),
    "streamnorm.tools": ("Tool", "ToolSet", "pydantic_function_tool"),
    "streamnorm.sse": ("Frame", "FrameDecoder", "FrameEncoder"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ArgumentsDelta",
    "ArgumentsRejected",
    "AssembledChoice",
    "AsyncOpenAI",
    "Capture",
    "CaptureError",
    "ChoiceFinished",
    "DefaultAioHttpClient",
    "Event",
    "FieldCompleted",
    "Finding",
    "Frame",
    "FrameDecoder",
    "FrameEncoder",
    "FrameTooLarge",
    "LiveArguments",
    "LocalError",
    "Message",
    "Normalizer",
    "OpenAI",
    "Profile",
    "ProfileError",
    "ReasoningDelta",
    "Recovery",
    "RefusalDelta",
    "RemoteError",
    "Result",
    "ServerError",
    "StreamEnded",
    "StreamFailed",
    "StreamInvalid",
    "StreamStarted",
    "StreamTruncated",
    "StreamnormError",
    "TextDelta",
    "Timeout",
    "Tool",
    "ToolCall",
    "ToolCallFinished",
    "ToolCallStarted",
    "ToolSet",
    "UsageReported",
    "__version__",
    "anormalize",
    "load_profile",
    "normalize",
    "provider_ids",
    "pydantic_function_tool",
    "recover",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'streamnorm' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
