"""Calls written as JSON objects: their members in any order, their arguments passed on byte for byte as they come."""

from __future__ import annotations

import json
import re
from typing import Final

from streamnorm.leaks.source import Reading, Refused, Source, Take, attempt, trailer
from streamnorm.leaks.teller import Teller

__all__ = ["json_arguments", "json_call", "json_calls", "json_value"]

ARGUMENTS: Final = ("arguments", "parameters")

_characters = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL).match
#: By the first character of a value: what can end it, or a string in it. Only its own kind of bracket is counted, so that a
#: wrong one of the other kind does not hide the end.
_STOPS: Final = {
    "{": re.compile(r'["{}]').search,
    "[": re.compile(r'["\[\]]').search,
    '"': re.compile(r'"').search,
}
_scalar = re.compile(r'[^\s,:"{}\[\]]*').match
#: A string, or the beginning of one.
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?)', re.DOTALL)


def json_value(source: Source, take: Take) -> Reading[None]:
    """Give `take` the next value as it comes."""
    first = yield from source.char()
    if first in _STOPS:
        yield from _bounded(source, take, first)
    else:
        yield from _bare(source, take)


def _bare(source: Source, take: Take) -> Reading[None]:
    """A number or a literal."""
    start = source.position
    while True:
        match = _scalar(source.text, source.at, source.end)
        end = match.end() if match else source.at
        take(source.text[source.at : end])
        source.at = end
        if end < source.end:
            break
        yield from source.wait()
    if source.position == start:
        raise Refused


def _bounded(source: Source, take: Take, first: str) -> Reading[None]:
    """A value that says itself where it ends. A step for each bracket and string; none looks back."""
    stop = _STOPS[first]
    depth = 0
    inside = escaped = False
    while True:
        text, at, end = source.text, source.at, source.end
        while at < end:
            if escaped:
                at, escaped = at + 1, False
            elif inside:
                match = _characters(text, at, end)
                at = match.end() if match else at
                if at == end:
                    break
                escaped = text[at] == "\\"
                inside = escaped
                at += 1
            else:
                match = stop(text, at, end)
                at = match.end() if match else end
                char = match[0] if match else ""
                inside = char == '"'
                if not inside and char:
                    depth += 1 if char == first else -1
            if depth == 0 and not inside:
                take(text[source.at : at])
                source.at = at
                return
        take(text[source.at : at])
        source.at = at
        yield from source.wait()


def _string(source: Source) -> Reading[str]:
    token = yield from source.token(_STRING)
    try:
        value = json.loads(token, strict=False)
    except ValueError:
        raise Refused from None
    return str(value)


def json_arguments(
    source: Source, teller: Teller, code: str, name: str, id: str | None = None, end: str = ""
) -> Reading[None]:
    """The arguments alone, where the name came before them. `end` in their place: there are none."""
    yield from source.skip_space()
    if end and (yield from source.stands(end)):
        teller.open(code, name, id)
        teller.fragment("{}")
        return
    if (yield from source.char()) != "{":
        raise Refused
    teller.open(code, name, id)
    yield from json_value(source, teller.fragment)


class _Call:
    """What is known of a call while its object is read."""

    __slots__ = ("code", "held", "id", "name", "opened", "strict")

    def __init__(self, code: str, strict: bool) -> None:
        self.code = code
        #: Nothing but the object itself says that it is a call: it must look like one.
        self.strict = strict
        self.name: str | None = None
        self.id: str | None = None
        self.held: list[str] | None = None
        self.opened = False


def json_call(
    source: Source, teller: Teller, code: str, *, strict: bool = False, begun: bool = False
) -> Reading[None]:
    """An object with a name and arguments; or `{"function": {...}}` around it. Refuses only what has not opened a call.
    `begun`: its first bracket was read."""
    call = _Call(code, strict)
    if not begun:
        yield from source.literal("{")
    yield from _object(source, teller, call)
    if not call.opened:
        if call.name is None or strict:
            raise Refused
        teller.open(code, call.name, call.id)
        teller.fragment("{}")


def _object(source: Source, teller: Teller, call: _Call) -> Reading[None]:
    """Behind the first bracket."""
    yield from source.skip_space()
    if (yield from source.take("}")):
        raise Refused
    while True:
        key = yield from _string(source)
        yield from source.skip_space()
        yield from source.literal(":")
        yield from source.skip_space()
        yield from _member(source, teller, call, key)
        if call.opened:
            yield from _rest(source)
            return
        yield from source.skip_space()
        if (yield from source.take("}")):
            return
        yield from source.literal(",")
        yield from source.skip_space()


def _member(source: Source, teller: Teller, call: _Call, key: str) -> Reading[None]:
    first = yield from source.char()
    if key in ("name", "function") and first == '"' and call.name is None:
        call.name = yield from _string(source)
        teller.check(call.name)
        if call.held is not None:
            teller.open(call.code, call.name, call.id)
            teller.fragment("".join(call.held))
            call.opened = True
    elif key == "function" and first == "{" and call.name is None:
        yield from source.literal("{")
        yield from _object(source, teller, call)
    elif key in ARGUMENTS and call.held is None:
        yield from _arguments(source, teller, call, first)
    elif key == "id" and first == '"':
        call.id = yield from _string(source)
    elif call.strict and not (key == "type" and first == '"'):
        raise Refused
    else:
        yield from json_value(source, _skip)


def _arguments(source: Source, teller: Teller, call: _Call, first: str) -> Reading[None]:
    """Pass the arguments on, or keep them until the name is known."""
    if first != "{" and (first != '"' or call.strict):
        raise Refused
    if call.name is not None:
        teller.open(call.code, call.name, call.id)
        call.opened = True
        yield from json_value(source, teller.fragment)
    elif call.strict:
        raise Refused
    else:
        call.held = []
        limit = source.begin_hold()
        yield from json_value(source, call.held.append)
        source.end_hold(limit)


def _rest(source: Source) -> Reading[None]:
    """Skip the members behind the arguments, and the end of the object; stop before what is neither."""
    while not (yield from trailer(source, "}")):
        if not (yield from attempt(source, _later(source))):
            return
        try:
            yield from json_value(source, _skip)
        except Refused:
            return


def _later(source: Source) -> Reading[None]:
    """Another member, up to its value."""
    yield from _next(source)
    yield from _string(source)
    yield from source.skip_space()
    yield from source.literal(":")
    yield from source.skip_space()
    source.commit()


def _skip(_: str) -> None:
    """What nobody asks for."""


def json_calls(source: Source, teller: Teller, code: str) -> Reading[None]:
    """One object, or a list of them."""
    yield from source.skip_space()
    if not (yield from source.take("[")):
        yield from json_call(source, teller, code)
        return
    yield from source.skip_space()
    yield from json_call(source, teller, code)
    while (yield from attempt(source, _next(source), json_call(source, teller, code))):
        pass
    yield from trailer(source, "]")


def _next(source: Source) -> Reading[None]:
    yield from source.skip_space()
    yield from source.literal(",")
    yield from source.skip_space()
