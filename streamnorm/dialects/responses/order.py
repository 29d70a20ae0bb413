"""The legal order of a Responses stream: one table for the response, and one for each kind of item in it, as items may be
told side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streamnorm.dialects.order import START, Order, OrderTable

__all__ = ["ITEMS", "RESPONSE", "ItemOrder"]

_ENDS: Final = {
    "response.completed": "end",
    "response.incomplete": "end",
    "response.failed": "end",
}

#: The response. What is said within an item has its turn in the item's table; `error` may come at any time, and ends it.
RESPONSE: Final[OrderTable] = {
    START: {"response.created": "created"},
    "created": {"response.queued": "queued", "response.in_progress": "output", **_ENDS},
    "queued": {"response.in_progress": "output", **_ENDS},
    "output": {
        "response.output_item.added": "output",
        "response.output_item.done": "output",
        **_ENDS,
    },
}

_DONE: Final = "response.output_item.done"


def _stages(*stages: tuple[str, ...]) -> OrderTable:
    """A table for what the server does itself: the kinds of a stage may come again, and no later stage waits for an earlier
    one; but none goes back."""
    names = [START, *(stage[0] for stage in stages)]
    return {
        name: {
            **{kind: stage[0] for stage in stages[max(0, at - 1) :] for kind in stage},
            _DONE: "done",
        }
        for at, name in enumerate(names)
    }


def _deltas(name: str) -> OrderTable:
    """A table for an item that is one text: its deltas, then the whole."""
    deltas = {f"{name}.delta": "text", f"{name}.done": "whole"}
    return {START: deltas, "text": deltas, "whole": {_DONE: "done"}}


#: By the type of an item, what may come between its `added` and its `done`. Of a type that is not here, anything may.
ITEMS: Final[Mapping[str, OrderTable]] = {
    "message": {
        START: {"response.content_part.added": "part", _DONE: "done"},
        "part": {
            "response.output_text.delta": "text",
            "response.output_text.done": "whole",
            "response.refusal.delta": "refusal",
            "response.refusal.done": "whole",
        },
        "text": {
            "response.output_text.delta": "text",
            "response.output_text.annotation.added": "text",
            "response.output_text.done": "whole",
        },
        "refusal": {"response.refusal.delta": "refusal", "response.refusal.done": "whole"},
        "whole": {"response.content_part.done": START},
    },
    # The text itself may come in a part or in none.
    "reasoning": {
        START: {
            "response.reasoning_summary_part.added": "summary",
            "response.content_part.added": "part",
            "response.reasoning_text.delta": "bare",
            "response.reasoning_text.done": START,
            _DONE: "done",
        },
        "summary": {
            "response.reasoning_summary_text.delta": "summary",
            "response.reasoning_summary_text.done": "whole summary",
        },
        "whole summary": {"response.reasoning_summary_part.done": START},
        "part": {
            "response.reasoning_text.delta": "part",
            "response.reasoning_text.done": "whole",
        },
        "whole": {"response.content_part.done": START},
        "bare": {"response.reasoning_text.delta": "bare", "response.reasoning_text.done": START},
    },
    "function_call": _deltas("response.function_call_arguments"),
    "custom_tool_call": _deltas("response.custom_tool_call_input"),
    "web_search_call": _stages(
        ("response.web_search_call.in_progress",),
        ("response.web_search_call.searching",),
        ("response.web_search_call.completed",),
    ),
    "file_search_call": _stages(
        ("response.file_search_call.in_progress",),
        ("response.file_search_call.searching",),
        ("response.file_search_call.completed",),
    ),
    "code_interpreter_call": _stages(
        ("response.code_interpreter_call.in_progress",),
        ("response.code_interpreter_call_code.delta",),
        ("response.code_interpreter_call_code.done",),
        ("response.code_interpreter_call.interpreting",),
        ("response.code_interpreter_call.completed",),
    ),
    "image_generation_call": _stages(
        ("response.image_generation_call.in_progress",),
        ("response.image_generation_call.generating",),
        ("response.image_generation_call.partial_image",),
        ("response.image_generation_call.completed",),
    ),
    "mcp_list_tools": _stages(
        ("response.mcp_list_tools.in_progress",),
        ("response.mcp_list_tools.completed", "response.mcp_list_tools.failed"),
    ),
    # OpenAI says that a call is in progress once more between its arguments.
    "mcp_call": _stages(
        ("response.mcp_call.in_progress", "response.mcp_call_arguments.delta"),
        ("response.mcp_call_arguments.done",),
        ("response.mcp_call.completed", "response.mcp_call.failed"),
    ),
    # One command after the other.
    "shell_call": {
        START: {"response.shell_call_command.added": "command", _DONE: "done"},
        "command": {
            "response.shell_call_command.delta": "command",
            "response.shell_call_command.done": START,
        },
    },
    "shell_call_output": _stages(
        (
            "response.shell_call_output_content.delta",
            "response.shell_call_output_content.done",
        ),
    ),
    "compaction": _stages(("response.compaction.compacting",)),
}

#: By the type of an item, the kinds of event that belong to it.
_KINDS: Final = {
    name: frozenset(kind for row in table.values() for kind in row) for name, table in ITEMS.items()
}
_OF_ITEMS: Final = frozenset().union(*_KINDS.values())


class ItemOrder:
    """Walks the table of one item."""

    __slots__ = ("_order", "_type")

    def __init__(self, type: str) -> None:
        self._type = type
        self._order = Order(ITEMS.get(type, {}))

    def knows(self, kind: str) -> bool:
        """An event of this kind may belong to the item, at this point or at another."""
        return self._type not in _KINDS or kind not in _OF_ITEMS or kind in _KINDS[self._type]

    def step(self, kind: str) -> bool:
        """Go on by an event of this kind. False where it may not come now."""
        return self.knows(kind) and self._order.step(kind)
