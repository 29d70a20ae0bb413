"""The frames of an Assistants stream (v2), told apart: events are named by the frame, their data is the object itself."""

from __future__ import annotations

from typing import Any, Final

from streamnorm.conformance.frames import SeenFrame

__all__ = ["RUN_ENDS", "AssistantsStream"]

#: The events after which a run says nothing more in this stream.
RUN_ENDS: Final = tuple(
    f"thread.run.{state}"
    for state in ("completed", "failed", "cancelled", "expired", "incomplete", "requires_action")
)


class AssistantsStream:
    """`events` are the frames with an object, `ends` those that end the run, `errors` those that tell of a failure."""

    def __init__(self, frames: list[SeenFrame]) -> None:
        self.frames = frames
        self.events = [frame for frame in frames if isinstance(frame.value, dict)]
        self.ends = [frame for frame in self.events if frame.event in RUN_ENDS]
        self.errors = [frame for frame in frames if frame.event == "error"]

    def of(self, kind: str) -> list[SeenFrame]:
        """The events of a kind, in their order."""
        return [frame for frame in self.events if frame.event == kind]

    @property
    def required(self) -> list[dict[str, Any]]:
        """The calls whose outputs the run waits for."""
        found = self.of("thread.run.requires_action")
        action = found[-1].value.get("required_action") if found else None
        outputs = action.get("submit_tool_outputs") if isinstance(action, dict) else None
        calls = outputs.get("tool_calls") if isinstance(outputs, dict) else None
        return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
