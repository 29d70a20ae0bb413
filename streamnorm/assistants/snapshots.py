"""Deltas added to the objects they are of: a message's parts, a step's calls. What is made is always a new object, so that one
that was handed out stays what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from streamnorm.assistants.types.message import Message, Part
from streamnorm.assistants.types.run_step import RunStep
from streamnorm.dialects.chat.model import Model
from streamnorm.errors import StreamInvalid

__all__ = ["add_parts", "item_of", "place_of", "with_delta"]

#: What names a thing in a list or says its kind: the last one holds.
_NAMES: Final = frozenset({"index", "type"})


def add_parts(message: Message, parts: list[Any]) -> list[Any]:
    """Add the parts of a delta to the message's content. Returns those that began a part."""
    began = []
    if not isinstance(message.content, list):
        message.content = []
    for delta in parts:
        at = place_of(delta, "part")
        if at < len(message.content):
            grown = _grown(_sent(message.content[at]), _sent(delta))
            message.content[at] = Part.from_dict(grown)
        else:
            message.content.append(Part.from_dict(_sent(delta)))
            began.append(delta)
    return began


def with_delta(step: RunStep, delta: Any) -> RunStep:
    """The step with what is new of it."""
    return RunStep.from_dict(_grown(_sent(step), _sent(delta)))


def item_of(items: Any, delta: Any, what: str) -> Any:
    """What a delta is of. Raises StreamInvalid where there is no such."""
    at = place_of(delta, what)
    found = items[at] if isinstance(items, list) and at < len(items) else None
    if not isinstance(found, Model):
        raise StreamInvalid(f"a delta of {what} {at}, which never began")
    return found


def place_of(delta: Any, what: str) -> int:
    """The index that a delta has, as an object or as JSON. Raises StreamInvalid where it has none."""
    index = delta.get("index") if isinstance(delta, dict) else getattr(delta, "index", None)
    if not isinstance(index, int) or index < 0:
        raise StreamInvalid(f"the delta of a {what} has the index {index!r}: a number is needed")
    return index


def _sent(part: Any) -> dict[str, Any]:
    """An object as the wire had it."""
    if not isinstance(part, Model):
        raise StreamInvalid(f"an object is needed where {part!r:.80} came")
    return part.to_dict()


def _grown(value: Mapping[str, Any], delta: Mapping[str, Any]) -> dict[str, Any]:
    """`value` with `delta` added: texts are joined, numbers summed, objects and lists of numbered objects go deeper."""
    made = dict(value)
    for key, new in delta.items():
        old = made.get(key)
        if key in _NAMES:
            made[key] = new
        elif old is None:
            made[key] = _listed([], new) if _is_numbered(new) else new
        elif all(isinstance(v, str) for v in (old, new)) or _are_numbers(old, new):
            made[key] = old + new
        elif isinstance(old, dict) and isinstance(new, dict):
            made[key] = _grown(old, new)
        elif isinstance(old, list) and isinstance(new, list):
            made[key] = _listed(old, new)
    return made


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _is_numbered(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(v, dict) and "index" in v for v in value)


def _listed(items: list[Any], new: list[Any]) -> list[Any]:
    made = list(items)
    if not any(isinstance(item, dict) for item in [*items, *new]):
        return made + new
    for delta in new:
        at = place_of(delta, "list's item")
        if at < len(made) and isinstance(made[at], dict):
            made[at] = _grown(made[at], delta)
        else:
            made.insert(at, delta)
    return made
