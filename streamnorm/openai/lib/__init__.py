"""`openai.lib`: what its documentation names of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamnorm.openai.mirror import Mirror

if TYPE_CHECKING:
    from streamnorm.openai.lib import streaming
    from streamnorm.tools.models import pydantic_function_tool

__all__ = ["pydantic_function_tool", "streaming"]

_mirror = Mirror(
    __name__, {"streamnorm.tools.models": ("pydantic_function_tool",)}, packages=("streaming",)
)


def __getattr__(name: str) -> Any:
    return _mirror.find(name)


def __dir__() -> list[str]:
    return _mirror.names()
