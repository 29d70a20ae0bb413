"""The tool loop: ask, run what was called, answer, ask again."""

from streamnorm.client.tool_loop.events import (
    Invocation,
    Outcome,
    RoundStarted,
    RunFinished,
    ToolAnswered,
    ToolStarted,
)
from streamnorm.client.tool_loop.run import AsyncToolRun, ToolRun

__all__ = [
    "AsyncToolRun",
    "Invocation",
    "Outcome",
    "RoundStarted",
    "RunFinished",
    "ToolAnswered",
    "ToolRun",
    "ToolStarted",
]
