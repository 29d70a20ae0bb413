"""The drop-in client: the OpenAI SDK's methods over any endpoint. The only place that knows HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamnorm.client.api import AsyncOpenAI, OpenAI
    from streamnorm.client.stream import AsyncStream, Stream
    from streamnorm.client.timeouts import DEFAULT_TIMEOUT, Timeout
    from streamnorm.client.transports import DefaultAioHttpClient

__all__ = [
    "DEFAULT_TIMEOUT",
    "AsyncOpenAI",
    "AsyncStream",
    "DefaultAioHttpClient",
    "OpenAI",
    "Stream",
    "Timeout",
]

_HOMES = {
    "api": ("AsyncOpenAI", "OpenAI"),
    "stream": ("AsyncStream", "Stream"),
    "timeouts": ("DEFAULT_TIMEOUT", "Timeout"),
    "transports": ("DefaultAioHttpClient",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'streamnorm.client' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"streamnorm.client.{home}"), name)
