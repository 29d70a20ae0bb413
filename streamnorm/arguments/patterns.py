"""What `re.search` would say of a pattern and a text, at a cost that is known before, or counted on the way.

Python's `re` goes back over what it has read and cannot be interrupted, so a pattern such as `(a+)+$` takes minutes over thirty
characters. Here the parsed pattern is looked at first: where the most that `re` could do is little, `re` is asked; else all its
states are followed at once, which needs no going back, and each is counted. The parser is Python's own, and so is the test of a
single character: what is written here only follows the states.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from math import inf, log2
from typing import Any, Final

from streamnorm.arguments.budget import Meter

__all__ = ["Pattern"]

# Private to `re`, and there under these names since Python 3.11. The tests hold all that is used of them.
_parser: Final = import_module("re._parser")
_compiler: Final = import_module("re._compiler")

#: What `re` does in the time of one step: the characters it looks at, going back included.
LOOKS_PER_STEP: Final = 200

#: The most steps that `re` may cost, by the count made beforehand, for it to be asked at all.
PLAIN_STEPS: Final = 100

#: States followed in the time of one step.
STATES_PER_STEP: Final = 4

#: A program longer than this is not written: `(a{1000}){1000}` would have a million states.
MAX_PROGRAM: Final = 10_000

_Node = tuple[Any, Any]
_REPEATS: Final = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_CHARACTERS: Final = ("LITERAL", "NOT_LITERAL", "ANY", "IN")
_STARTS: Final = ("AT_BEGINNING", "AT_BEGINNING_STRING")


class Pattern:
    """A regular expression. Raises re.error (or OverflowError, RecursionError) for one that Python cannot read."""

    __slots__ = ("_charges", "_nodes", "_program", "_search", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._search = re.compile(source).search
        tree = _parser.parse(source)
        self._nodes: list[_Node] = list(tree)
        self._charges: dict[int, float] = {}
        self._program: _Program | None = None
        if self.charge(1 << 16) > PLAIN_STEPS:
            writer = _Writer()
            if writer.write(self._nodes, tree.state.flags):
                self._program = writer.end()

    def charge(self, length: int) -> float:
        """The most steps that `re` takes over a text of this length; infinite where it could go on for ever."""
        size = length.bit_length()
        found = self._charges.get(size)
        if found is None:
            found = self._charges[size] = _looks(self._nodes, 1 << size) / LOOKS_PER_STEP
        return found

    def search(self, text: str, meter: Meter) -> bool:
        """Whether the pattern is found in the text, as `re.search` has it. Raises OverBudget where the meter does not cover
        what it takes to know."""
        charge = self.charge(len(text))
        if charge > PLAIN_STEPS and self._program is not None:
            return _follow(self._program, text, 0, meter, anchored=False)
        meter.spend(charge)
        return self._search(text) is not None


# How much `re` could do at most.


def _looks(nodes: list[_Node], length: int) -> float:
    """Characters looked at in a search, at most."""
    looks = _bound(nodes, length)[1] + 1
    begins = bool(nodes) and nodes[0][0].name == "AT" and nodes[0][1].name in _STARTS
    return looks + length if begins else looks * (length + 1)


def _bound(nodes: Iterable[_Node], length: int) -> tuple[float, float]:
    """In how many ways a sequence can be gone through from one place, and the characters looked at in all of them, at most:
    each node is tried once for every way through those before it."""
    ways, looks = 1.0, 0.0
    for operation, argument in nodes:
        more, cost = _bound_of(operation.name, argument, length)
        looks += ways * cost
        ways *= more
    return ways, looks


def _bound_of(operation: str, argument: Any, length: int) -> tuple[float, float]:
    if operation in _CHARACTERS or operation in ("AT", "FAILURE"):
        return 1, 1
    if operation in _REPEATS:
        return _bound_of_repeat(argument, length)
    if operation == "SUBPATTERN":
        return _bound(argument[-1], length)
    if operation == "ATOMIC_GROUP":
        return _bound(argument, length)
    if operation in ("ASSERT", "ASSERT_NOT"):
        # One way on, however many there are within.
        return 1, _bound(argument[1], length)[1] + 1
    if operation == "BRANCH":
        bounds = [_bound(branch, length) for branch in argument[1]]
        return sum(ways for ways, _ in bounds), sum(looks + 1 for _, looks in bounds)
    if operation == "GROUPREF":
        return 1, length + 1
    return inf, inf


def _bound_of_repeat(argument: Any, length: int) -> tuple[float, float]:
    least, most, body = argument
    most = min(int(most), length + 1)
    least = min(int(least), most)
    ways, looks = _bound(body, length)
    if ways <= 1:
        return most - least + 1, (most + 1) * (looks + 1)
    if ways == inf or most * log2(ways) > 64:
        return inf, inf
    paths = sum(ways**times for times in range(most + 1))
    return paths, paths * (looks + 1)


# Following all states at once.

_CHARACTER, _ANY_OF, _PLACE, _LOOK, _FOUND = range(5)
_Step = tuple[int, Any]
_Program = tuple[_Step, ...]


class _Unwritable(Exception):  # noqa: N818 - a detour within this module
    """The pattern needs memory of what was matched, or is too long."""


class _Writer:
    """Turns nodes into a program. A step goes on to the next one, but an `_ANY_OF` to each of those it names."""

    def __init__(self) -> None:
        self._steps: list[_Step] = []

    def write(self, nodes: Iterable[_Node], flags: int) -> bool:
        try:
            self._sequence(nodes, flags)
        except _Unwritable:
            return False
        return True

    def end(self) -> _Program:
        return (*self._steps, (_FOUND, None))

    def _sequence(self, nodes: Iterable[_Node], flags: int) -> None:
        for operation, argument in nodes:
            self._node(operation, argument, flags)

    def _node(self, operation: Any, argument: Any, flags: int) -> None:
        name = operation.name
        if name in _CHARACTERS:
            self._add(_CHARACTER, _test_of((operation, argument), flags))
        elif name == "AT":
            self._add(_PLACE, _compiled((operation, argument), flags).match)
        elif name == "FAILURE":
            self._add(_ANY_OF, ())
        elif name == "BRANCH":
            self._branches(argument[1], flags)
        elif name == "SUBPATTERN":
            _, added, removed, body = argument
            self._sequence(body, _compiler._combine_flags(flags, added, removed))
        elif name in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, body = argument
            self._repeat(least, most, body, flags)
        elif name in ("ASSERT", "ASSERT_NOT"):
            direction, body = argument
            self._look(name == "ASSERT", direction, body, flags)
        else:
            raise _Unwritable(name)

    def _add(self, kind: int, argument: Any) -> int:
        if len(self._steps) >= MAX_PROGRAM:
            raise _Unwritable("too long")
        self._steps.append((kind, argument))
        return len(self._steps) - 1

    def _branches(self, branches: list[Any], flags: int) -> None:
        fork = self._add(_ANY_OF, ())
        begins, ends = [], []
        for branch in branches:
            begins.append(len(self._steps))
            self._sequence(branch, flags)
            ends.append(self._add(_ANY_OF, ()))
        self._steps[fork] = (_ANY_OF, tuple(begins))
        for end in ends:
            self._steps[end] = (_ANY_OF, (len(self._steps),))

    def _repeat(self, least: Any, most: Any, body: Any, flags: int) -> None:
        for _ in range(int(least)):
            self._sequence(body, flags)
            if not body:
                return
        if most is _parser.MAXREPEAT:
            fork = self._add(_ANY_OF, ())
            self._sequence(body, flags)
            self._add(_ANY_OF, (fork,))
            self._steps[fork] = (_ANY_OF, (fork + 1, len(self._steps)))
            return
        forks = []
        for _ in range(int(most) - int(least)):
            forks.append(self._add(_ANY_OF, ()))
            self._sequence(body, flags)
        for fork in forks:
            self._steps[fork] = (_ANY_OF, (fork + 1, len(self._steps)))

    def _look(self, wanted: bool, direction: int, body: Any, flags: int) -> None:
        writer = _Writer()
        writer._sequence(body, flags)
        if len(self._steps) + len(writer._steps) > MAX_PROGRAM:
            raise _Unwritable("too long")
        behind = body.getwidth()[0] if direction < 0 else 0
        self._add(_LOOK, (wanted, behind, writer.end()))


def _test_of(node: _Node, flags: int) -> Callable[[str], object]:
    """Whether a character is one that the node takes."""
    if node[0].name == "LITERAL" and not flags & re.IGNORECASE:
        return chr(node[1]).__eq__
    test: Callable[[str], object] = _compiled(node, flags).match
    return test


def _compiled(node: _Node, flags: int) -> Any:
    state = _parser.State()
    state.flags = flags
    return _compiler.compile(_parser.SubPattern(state, [node]), flags)


def _follow(program: _Program, text: str, at: int, meter: Meter, *, anchored: bool) -> bool:
    """Whether the program comes to its end from `at`, or, unless it is anchored, from any place after."""
    current = [0]
    while True:
        reached = _spread(program, current, text, at, meter)
        if reached is None:
            return True
        if at == len(text):
            return False
        character = text[at]
        current = [step + 1 for step in reached if program[step][1](character)]
        at += 1
        if not anchored:
            current.append(0)
        elif not current:
            return False


def _spread(
    program: _Program, steps: list[int], text: str, at: int, meter: Meter
) -> list[int] | None:
    """The characters that may come next, as steps of the program; None where it has come to its end."""
    seen: set[int] = set()
    reached = []
    waiting = steps
    while waiting:
        step = waiting.pop()
        if step in seen:
            continue
        seen.add(step)
        kind, argument = program[step]
        if kind == _CHARACTER:
            reached.append(step)
        elif kind == _ANY_OF:
            waiting.extend(argument)
        elif kind == _FOUND:
            return None
        elif kind == _PLACE:
            if argument(text, at) is not None:
                waiting.append(step + 1)
        else:
            wanted, behind, within = argument
            found = at >= behind and _follow(within, text, at - behind, meter, anchored=True)
            if found == wanted:
                waiting.append(step + 1)
    meter.spend(1 + len(seen) // STATES_PER_STEP)
    return reached
