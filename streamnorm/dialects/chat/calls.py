"""How calls are told apart, and what of a fragment is new. Knows the calls of one choice; says nothing to anybody.

The rules come from a catalogue of what servers really send; their order matters:

1. An empty id, a null and a missing one are the same. A known id names its call.
2. Then the index does, unless a different id comes with a name and the call's arguments are whole: then it is a new call.
3. Without an index, an unknown id opens a call, and so does a new name where the latest call's arguments are whole, or
   where the latest call came in this same chunk. Anything else goes on with the latest call.
"""

from __future__ import annotations

from streamnorm.arguments.prefix import is_prefix
from streamnorm.assemble import CallState, ChoiceState
from streamnorm.dialects.chat.wire import MISSING, Call
from streamnorm.findings import Findings
from streamnorm.repairs.order import ToolIndexMissing, ToolIndexReused, ToolIndexVaries

__all__ = ["PLACEHOLDERS", "locate", "new_part", "starts_anew"]

#: Argument texts that some servers send before the real ones.
PLACEHOLDERS = frozenset({"{}", "null"})


def locate(delta: Call, state: ChoiceState, findings: Findings, together: bool) -> CallState | None:
    """The call that `delta` belongs to, or None where it opens a new one. `together`: the latest call was opened by an
    earlier entry of this same chunk."""
    known = state.by_id.get(delta.id) if delta.id else None
    if delta.index == MISSING:
        findings.note(ToolIndexMissing.code)
        return known or _without_index(delta, state, together)
    indexed = state.by_index.get(delta.index)
    if known is not None:
        if indexed is not known:
            findings.note(
                ToolIndexVaries.code,
                f"index {delta.index} for the call that began at {known.wire_index}",
            )
        return known
    if indexed is None:
        return _under_new_index(delta, state, findings)
    if delta.id and indexed.wire_id and _name(delta) and _may_end(indexed):
        findings.note(ToolIndexReused.code, f"index {delta.index} again, with id {delta.id!r}")
        return None
    return indexed


def _without_index(delta: Call, state: ChoiceState, together: bool) -> CallState | None:
    latest = state.latest
    if latest is None or (delta.id and latest.wire_id):
        return None
    name = _name(delta)
    if not name:
        return latest
    if name != latest.name and latest.name and (together or _may_end(latest)):
        return None
    if name == latest.name and _whole(latest) and _arguments(delta):
        return None
    return latest


def _under_new_index(delta: Call, state: ChoiceState, findings: Findings) -> CallState | None:
    """A new index opens a call, unless it brings neither an id nor a name and there is a call to go on with."""
    if delta.id or _name(delta) or state.latest is None or _whole(state.latest):
        return None
    findings.note(ToolIndexVaries.code, f"index {delta.index} with neither id nor name")
    return state.latest


def _name(delta: Call) -> str | None:
    body = delta.function or delta.custom
    return body.name if body else None


def _arguments(delta: Call) -> str | None:
    return delta.function.arguments if delta.function else None


def _whole(call: CallState) -> bool:
    return call.type == "custom" or call.scanner().complete


def _may_end(call: CallState) -> bool:
    return call.placeholder or _whole(call)


def new_part(call: CallState, fragment: str) -> str | None:
    """What `fragment` adds, where it repeats the whole of what came before; None where it simply goes on.

    It is a repetition only where appending it would not be a prefix of any JSON text and what follows the repetition is
    one: in a conformant stream appending always is, so a conformant stream is never touched. A call that did it once does it
    again, even where a nested object could begin as the text does.
    """
    if fragment[0] != call.first or len(fragment) < len(call.recent):
        return None
    length = call.length
    if len(fragment) < length or not fragment.startswith(call.text):
        return None
    scanner = call.scanner()
    if not call.cumulative and scanner.fork().feed(fragment):
        return None
    rest = fragment[length:]
    if not scanner.fork().feed(rest):
        return None
    call.cumulative = True
    return rest


def starts_anew(fragment: str) -> bool:
    """`fragment` begins the arguments' object: what came before it was a placeholder."""
    return fragment.lstrip().startswith("{") and is_prefix(fragment)
