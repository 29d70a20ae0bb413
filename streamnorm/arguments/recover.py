"""Argument text that does not parse in; what it means out, or a refusal. Never a guess.

Each liberty taken is a small labelled step with one reading only. Where two readings differ, and wherever a text may be the
beginning of a longer one, the text is refused: `rm -rf /home/u` is what is left of something else.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec

from streamnorm.arguments.recover_reader import Reader
from streamnorm.arguments.recover_steps import Refusal, Step, Steps, closed_too_soon
from streamnorm.arguments.recover_strict import canonical, encodable, read_strict, remark
from streamnorm.arguments.recover_strings import read_string
from streamnorm.arguments.recover_wrapping import leave, skip_to_object

__all__ = ["MAX_CHARS", "Recovery", "Step", "recover"]

#: The longest text looked at, in characters.
MAX_CHARS: Final = 16 * 1024 * 1024

#: How often an object may have been written into a string.
MAX_ENCODINGS: Final = 4

#: How models and servers write that there is nothing.
_NOTHING: Final = frozenset({"", "None", "null"})

_escaped_object = re.compile(r'\{(?:\s|\\[nrt])*\\"').match
_digit_at_end = re.compile(r"[0-9]\Z").search


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a text of arguments amounts to.

    action: `"valid"`: it is JSON, and nothing was done. `"recovered"`: it reads in one way only, once the `notes` are done.
        `"split"`: it holds several objects, each the arguments of a call of its own. `"refused"`: the last of the `notes`
        says why.
    value: the arguments; None where refused or split. Where the note `not-an-object` is there (a valid text only), it is
        some other JSON value, which no tool takes as its arguments.
    text: JSON text of the value, to go on with: the text itself where valid, canonical where recovered; None as for `value`.
    calls: the arguments of each call in order: one where valid or recovered, several where split, else none.
    notes: what was done and what is odd, in order. A remark (`string-holds-json`, `control-chars`) changes nothing.
    raw: the text as it came.
    """

    action: Literal["valid", "recovered", "split", "refused"]
    value: Any
    text: str | None
    calls: list[dict[str, Any]]
    notes: list[Step]
    raw: str

    @property
    def texts(self) -> list[str]:
        """JSON text of each of the calls."""
        return [canonical(call) if self.text is None else self.text for call in self.calls]

    @property
    def codes(self) -> list[str]:
        """The codes of the notes."""
        return [step.code for step in self.notes]

    @property
    def reason(self) -> str:
        """Why it was refused, in words fit to send back to the model; "" where it was not."""
        return self.notes[-1].words if self.action == "refused" else ""


def recover(text: str, *, may_be_empty: bool = False) -> Recovery:
    """Read argument text that may be damaged. Never raises on what a text holds; the cost is linear in its length.

    may_be_empty: the tool requires no parameter, and the call ended properly. Then nothing (an empty text, `null`, `None`,
        `""`) means `{}`; otherwise it is refused, since only the schema can tell, and nothing is the beginning of everything.

    What is recovered is a reading, not a verdict: validate it against the tool's schema like any other.
    """
    steps = Steps()
    try:
        found = _read(text, steps, may_be_empty=may_be_empty)
        for value in found:
            remark(value, steps)
        found = [encodable(value, steps) for value in found]
        if steps.changed and not isinstance(found[0], dict):
            raise Refusal("no-object", "JSON, but no object, and not to be taken as it stands")
    except Refusal as refusal:
        notes = [*steps.list(), refusal.step]
        return Recovery(action="refused", value=None, text=None, calls=[], notes=notes, raw=text)
    calls = [value for value in found if isinstance(value, dict)]
    if len(found) > 1:
        steps.note("split")
        notes = steps.list()
        return Recovery(action="split", value=None, text=None, calls=calls, notes=notes, raw=text)
    value, notes = found[0], steps.list()
    if not steps.changed:
        return Recovery(action="valid", value=value, text=text, calls=calls, notes=notes, raw=text)
    return Recovery(
        action="recovered",
        value=value,
        text=canonical(value),
        calls=calls,
        notes=notes,
        raw=text,
    )


def _read(text: str, steps: Steps, *, may_be_empty: bool, encodings: int = 0) -> list[Any]:
    """The value of `text`, or the objects in it."""
    if len(text) > MAX_CHARS:
        raise Refusal("too-large", f"{len(text):,} characters; {MAX_CHARS:,} are the limit")
    if text.strip() in _NOTHING:
        return [_nothing(steps, may_be_empty=may_be_empty)]
    strict, value = read_strict(text, steps)
    if strict and not isinstance(value, str):
        if _digit_at_end(text):
            raise closed_too_soon(text, "a number, which may go on")
        return [value]
    reader = Reader(text, steps)
    fence = skip_to_object(reader)
    if text[reader.at] == "{":
        if not fence and _escaped_object(text, reader.at):
            found = _escaped(text[reader.at :], steps, encodings)
        else:
            found = _objects(reader)
            leave(reader, fence)
        return found
    string = reader.string()
    leave(reader, fence)
    return _decoded(string, steps, encodings, may_be_empty=may_be_empty, strict=strict)


def _nothing(steps: Steps, *, may_be_empty: bool) -> dict[str, Any]:
    if not may_be_empty:
        raise Refusal(
            "no-arguments",
            "nothing was sent; that can stand for {} only where the tool requires no parameter (may_be_empty=True)",
        )
    steps.note("no-arguments")
    return {}


def _objects(reader: Reader) -> list[dict[str, Any]]:
    """The object at the cursor, and those that follow it with nothing between."""
    found = [reader.object()]
    while reader.peek() == "{":
        found.append(reader.object())
    if len(found) == 1:
        return found
    first = next((at for at, value in enumerate(found) if value), len(found) - 1)
    for _ in range(first):
        reader.steps.note("empty-prefix-dropped")
    rest = found[first:]
    if not all(rest):
        raise Refusal(
            "two-readings", "an empty object among others: a call without arguments, or nothing"
        )
    if len({canonical(value, sort=True) for value in rest}) < len(rest):
        raise Refusal(
            "two-readings", "the same object twice: two calls, or one that was sent again"
        )
    return rest


def _decoded(
    string: str, steps: Steps, encodings: int, *, may_be_empty: bool, strict: bool
) -> list[Any]:
    """What the text means that is one string as a whole: an object written into a string, nothing, or just a string."""
    inner = string.strip()
    if not inner:
        return [_nothing(steps, may_be_empty=may_be_empty)]
    if inner[0] in "{\"'" and encodings < MAX_ENCODINGS:
        own = Steps()
        own.note("double-encoded")
        try:
            found = _read(string, own, may_be_empty=False, encodings=encodings + 1)
        except Refusal:
            if inner[0] == "{":
                raise
        else:
            if isinstance(found[0], dict):
                steps.add(own)
                return found
    if not strict:
        raise Refusal("unreadable", "a string that is no JSON, and holds no object")
    return [string]


def _escaped(text: str, steps: Steps, encodings: int) -> list[Any]:
    r"""`{\"a\": 1}`: the inside of a string. Either all of it was escaped, or its quotes alone; both must come to the same."""
    if encodings >= MAX_ENCODINGS:
        raise Refusal("too-deep", f"an object written into a string {encodings} times")
    quoted = f'"{text}"'
    inner, end = read_string(quoted, 0, steps)
    if end < len(quoted):
        raise Refusal("two-readings", f"character {end}: a bare quote where all others are escaped")
    steps.note("double-encoded")
    found = _read(inner, steps, may_be_empty=False, encodings=encodings + 1)
    try:
        other = _read(
            text.replace('\\"', '"'), Steps(), may_be_empty=False, encodings=MAX_ENCODINGS
        )
    except Refusal:
        return found
    if canonical(other) != canonical(found):
        raise Refusal("two-readings", "a backslash here may be an escape, or the text's own")
    return found
