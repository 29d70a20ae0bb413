"""Which turns a conversation may have, and in which order: roles, empty turns, turns that have to be one, and turns that may not
follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from streamnorm.requests.work import ABSENT, Turn, Work

if TYPE_CHECKING:
    from streamnorm.requests.options import Filler

__all__ = [
    "drop_empty_turns",
    "fill_after_results",
    "merge_assistant_turns",
    "merge_instructions",
    "name_instructions",
]

_DEVELOPER: Final = "developer-role-rejected"
_EMPTY: Final = "empty-assistant-message-rejected"
_SYSTEM: Final = "multiple-system-messages"
_ASSISTANT: Final = "consecutive-assistant-rejected"
_FILLER: Final = "no-user-after-tool"

_INSTRUCTIONS: Final = ("system", "developer")


def name_instructions(work: Work) -> None:
    """Instructions have the role that the host knows."""
    if work.claim(_DEVELOPER) is not None:
        for turn in work.turns:
            if turn.role == "developer":
                work.note(_DEVELOPER, f"{turn.where}/role", "developer", "sent as system")
                turn.message = {**turn.message, "role": "system"}


def drop_empty_turns(work: Work) -> None:
    """An assistant's turn that says and calls nothing, as an aborted stream leaves it, is no turn."""
    if work.claim(_EMPTY) is None:
        return
    for turn in work.turns:
        if _is_empty(turn):
            work.note(_EMPTY, turn.where, turn.message, "the turn is left out")
    work.turns = [turn for turn in work.turns if not _is_empty(turn)]


def _is_empty(turn: Turn) -> bool:
    said = ("content", "tool_calls", "function_call", "refusal", "audio")
    return turn.role == "assistant" and not any(turn.message.get(key) for key in said)


def merge_instructions(work: Work) -> None:
    """One system message, the first of all messages."""
    if work.claim(_SYSTEM) is None:
        return
    told = [turn for turn in work.turns if turn.role in _INSTRUCTIONS]
    if not told or (len(told) == 1 and work.turns[0] is told[0]):
        return
    rest = [turn for turn in work.turns if turn.role not in _INSTRUCTIONS]
    first, *others = told
    if work.turns[0] is not first:
        work.note(_SYSTEM, first.where, first.message, "put at the start")
    for turn in others:
        work.note(_SYSTEM, turn.where, turn.message, "joined to the first system message")
        first.message = _merged(first.message, turn.message)
    work.turns = [first, *rest]


def merge_assistant_turns(work: Work) -> None:
    """Assistant's turns that follow one another are one."""
    if work.claim(_ASSISTANT) is None:
        return

    turns: list[Turn] = []
    for turn in work.turns:
        if turns and _make_one(turns[-1], turn):
            work.note(_ASSISTANT, turn.where, turn.message, "joined to the turn before it")
            turns[-1].message = _merged(turns[-1].message, turn.message)
        else:
            turns.append(turn)
    work.turns = turns


def _make_one(first: Turn, second: Turn) -> bool:
    """Two turns of the assistant; two calls in the older style have no room in one."""
    both_call = "function_call" in first.message and "function_call" in second.message
    return first.role == second.role == "assistant" and not both_call


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both in one: texts joined with an empty line between them, lists one after the other; of anything else the first."""
    merged = dict(first)
    for key, value in second.items():
        before = merged.get(key)
        if not before:
            merged[key] = value if value or key not in merged else before
        elif key == "content":
            merged[key] = _content(before, value)
        elif key == "tool_calls" and isinstance(before, list) and isinstance(value, list):
            merged[key] = [*before, *value]
        elif key in ("reasoning_content", "reasoning", "refusal") and isinstance(value, str):
            merged[key] = f"{before}\n\n{value}" if value else before
    return merged


def _content(first: Any, second: Any) -> Any:
    if not second:
        return first
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [{"type": "text", "text": str(content)}]


def fill_after_results(work: Work) -> None:
    """The assistant says a word between a tool's result and the user."""
    claim = work.claim(_FILLER)
    if claim is None:
        return
    text = cast("Filler", claim.options).text
    turns: list[Turn] = []
    for turn in work.turns:
        if turn.role == "user" and turns and turns[-1].role == "tool":
            turns.append(Turn(turn.where, {"role": "assistant", "content": text}))
            done = f"put an assistant's turn before it that says {text!r}"
            work.note(_FILLER, turn.where, ABSENT, done)
        turns.append(turn)
    work.turns = turns
