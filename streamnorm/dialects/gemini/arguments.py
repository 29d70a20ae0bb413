"""A call's arguments that come as values, each with the path of its place, as the text of one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from itertools import pairwise
from typing import Any

import msgspec

from streamnorm.dialects.gemini.paths import PathError, Steps, steps_of
from streamnorm.dialects.gemini.wire import PartialArg
from streamnorm.findings import Findings
from streamnorm.repairs.sequence import ArgumentInvalid, ArgumentReturns

__all__ = ["ArgumentWriter", "json_text"]


def json_text(value: Any) -> str:
    """`value` as JSON, compact, characters as they are. Numbers are those that were read: 1.0 stays 1.0, and an integer has
    all its digits. Raises RecursionError for what is nested too deeply to be written."""
    return msgspec.json.encode(value).decode()


class _Told(Enum):
    """How much of a value is in the text."""

    NOTHING = 0
    BEGINNING = 1
    ALL = 2


class _Value:
    """A string, as pieces without its quotation marks, or anything else as its JSON text."""

    __slots__ = ("ended", "is_string", "pieces", "sent", "told")

    def __init__(self, is_string: bool) -> None:
        self.is_string = is_string
        self.pieces: list[str] = []
        #: How many of them are in the text.
        self.sent = 0
        self.ended = True
        self.told = _Told.NOTHING

    @property
    def text(self) -> str:
        """All of it."""
        inner = "".join(self.pieces)
        return f'"{inner}"' if self.is_string else inner

    @property
    def unsent(self) -> str:
        """What follows what is in the text, of a string that has begun."""
        return "".join(self.pieces[self.sent :]) + ('"' if self.ended else "")


class _Group:
    """An object or a list that lies on a path."""

    __slots__ = ("is_list", "items", "told")

    def __init__(self, is_list: bool) -> None:
        self.is_list = is_list
        self.items: dict[str | int, _Group | _Value] = {}
        self.told = _Told.NOTHING

    @property
    def opener(self) -> str:
        return "[" if self.is_list else "{"

    @property
    def closer(self) -> str:
        return "]" if self.is_list else "}"

    def in_order(self) -> Iterator[tuple[str | int, _Group | _Value]]:
        """What is in it, as the text has it. Raises PathError for a list of which an item never came."""
        if not self.is_list:
            yield from self.items.items()
            return
        for index in range(len(self.items)):
            if index not in self.items:
                raise PathError(f"item {index} of a list never came")
            yield index, self.items[index]


class ArgumentWriter:
    """Writes the arguments of one call.

    What comes in the order of the text is told at once, strings as they grow. Text cannot be put in before other text: what
    comes before its turn (a second string while one goes on, an item before those in front of it) is held to the end of the
    call, and so is all that follows. Something added to what the text has already closed makes its member of the arguments
    be told a second time, whole, at the end: of a member that is there twice, readers of JSON take the last.

    What has no place is left out, and then the object is never closed: such a call is not complete. Neither is one that ends
    before its strings do.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._root = _Group(is_list=False)
        #: The groups that the text is in, the root first.
        self._open = [self._root]
        #: The string that the text is in.
        self._string: _Value | None = None
        self._held = False
        self._broken = False
        #: Strings that are to go on.
        self._unended = 0
        #: Members that grew after they were closed.
        self._again: dict[str | int, None] = {}

    def open(self) -> str:
        """The beginning of the text."""
        self._root.told = _Told.BEGINNING
        return "{"

    def put_member(self, name: str, value: Any) -> str:
        """What a whole member adds to the text."""
        return self._put((name,), json_text(value), is_string=False)

    def put(self, arg: PartialArg) -> str:
        """What a value, or a piece of one, adds to the text."""
        goes_on = bool(arg.will_continue)
        try:
            steps = steps_of(arg.json_path or "")
            if arg.string_value is not None:
                # As characters: what is half of one finds its other half in the next piece.
                piece = json.dumps(arg.string_value, ensure_ascii=False)[1:-1]
                return self._put(steps, piece, is_string=True, goes_on=goes_on)
            value = arg.number_value if arg.bool_value is None else arg.bool_value
            if value is not None or arg.null_value is not msgspec.UNSET:
                return self._put(steps, json_text(value), is_string=False)
            if not goes_on:
                raise PathError(f"no value at {(arg.json_path or '')[:80]!r}")
        except PathError as error:
            self._break(str(error))
        return ""

    def close(self) -> str:
        """The rest of the text."""
        if self._broken or self._unended:
            return ""
        try:
            return "".join(self._rest())
        except PathError as error:
            self._break(str(error))
            return ""

    # Within.

    def _break(self, reason: str) -> None:
        self._broken = True
        self._findings.note(ArgumentInvalid.code, reason)

    def _put(self, steps: Steps, piece: str, *, is_string: bool, goes_on: bool = False) -> str:
        if self._broken:
            return ""
        try:
            depth, value, told = self._store(steps, piece, is_string)
        except PathError as error:
            self._break(str(error))
            return ""
        self._unended += goes_on - (not value.ended)
        value.ended = not goes_on
        if told is _Told.ALL:
            self._again[steps[0]] = None
            self._findings.note(ArgumentReturns.code, f"{steps[0]!r} was told already"[:200])
        elif not self._held and value is self._string:
            return self._go_on(value)
        elif not self._held and self._string is None and self._is_next(depth, steps):
            return "".join(self._lead_to(depth, steps))
        self._held = True
        return ""

    def _store(self, steps: Steps, piece: str, is_string: bool) -> tuple[int, _Value, _Told]:
        """Keep a piece. Returns how deep its path was known, its value, and how much of what it is added to has been told."""
        group, depth = self._root, 0
        while isinstance(node := _at(group, steps[depth]), _Group) and depth < len(steps) - 1:
            group, depth = node, depth + 1
        told = group.told
        if node is None:
            value = _planted(group, steps[depth:], is_string)
        elif isinstance(node, _Value) and depth == len(steps) - 1 and node.is_string and is_string:
            value, told = node, node.told
        else:
            raise PathError(f"there is something else at {steps[depth]!r}"[:200])
        value.pieces.append(piece)
        return depth, value, told

    def _is_next(self, depth: int, steps: Steps) -> bool:
        """A new value, whose path was known down to an open group, is the next in the text."""
        first = len(self._open[depth].items) - 1
        return all(
            step == (0 if at else first)
            for at, step in enumerate(steps[depth:])
            if isinstance(step, int)
        )

    def _lead_to(self, depth: int, steps: Steps) -> Iterator[str]:
        """The text from where it is to the end of a new value."""
        while len(self._open) > depth + 1:
            group = self._open.pop()
            group.told = _Told.ALL
            yield group.closer
        group = self._open[-1]
        if len(group.items) > 1:
            yield ","
        for step in steps[depth:]:
            yield _label(step)
            node = group.items[step]
            if isinstance(node, _Group):
                group = node
                group.told = _Told.BEGINNING
                self._open.append(group)
                yield group.opener
            else:
                yield self._begin(node)

    def _begin(self, value: _Value) -> str:
        if value.ended:
            value.told = _Told.ALL
            return value.text
        value.told = _Told.BEGINNING
        value.sent = len(value.pieces)
        self._string = value
        return '"' + "".join(value.pieces)

    def _go_on(self, value: _Value) -> str:
        grown = value.unsent
        value.sent = len(value.pieces)
        if value.ended:
            value.told = _Told.ALL
            self._string = None
        return grown

    def _rest(self) -> Iterator[str]:
        if self._string is not None:
            yield self._string.unsent
        for group in reversed(self._open):
            begun = False
            for step, node in group.in_order():
                if node.told is _Told.NOTHING:
                    yield f"{',' if begun else ''}{_label(step)}{_whole(node)}"
                begun = True
            if group is self._root:
                for name in self._again:
                    yield f",{_label(name)}{_whole(group.items[name])}"
            yield group.closer


def _at(group: _Group, step: str | int) -> _Group | _Value | None:
    if group.is_list != isinstance(step, int):
        kind = "a list" if group.is_list else "an object"
        raise PathError(f"step {step!r} into {kind}"[:200])
    return group.items.get(step)


def _planted(group: _Group, steps: Steps, is_string: bool) -> _Value:
    """A new value in `group`, with the groups that lead to it."""
    for step, onward in pairwise(steps):
        node = group.items[step] = _Group(isinstance(onward, int))
        group = node
    value = group.items[steps[-1]] = _Value(is_string)
    return value


def _label(step: str | int) -> str:
    return "" if isinstance(step, int) else f"{json_text(step)}:"


def _whole(node: _Group | _Value) -> str:
    if isinstance(node, _Value):
        return node.text
    inner = ",".join(_label(step) + _whole(item) for step, item in node.in_order())
    return f"{node.opener}{inner}{node.closer}"
