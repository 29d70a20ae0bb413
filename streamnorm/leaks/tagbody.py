"""Arguments written as tags, one for each parameter, made into a JSON object while they come."""

from __future__ import annotations

import json
from typing import Any

from streamnorm.arguments.prefix import PrefixScanner
from streamnorm.leaks.markers import Markers
from streamnorm.leaks.source import MAX_HOLD, Reading, Source, Take
from streamnorm.leaks.teller import Teller

__all__ = ["Members", "Value", "is_string"]


def is_string(schema: Any, key: str) -> bool:
    """The JSON schema of the parameters lets `key` be a string and nothing else."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return isinstance(properties, dict) and _only_strings(properties.get(key))


def _only_strings(schema: Any, depth: int = 0) -> bool:
    """`depth`: a schema that holds itself is not followed for ever."""
    if not isinstance(schema, dict) or depth > 8:
        return False
    kinds = schema.get("type")
    if kinds is not None:
        return kinds == "string" or (
            isinstance(kinds, list) and bool(kinds) and all(kind == "string" for kind in kinds)
        )
    choices = schema.get("anyOf", schema.get("oneOf"))
    return (
        isinstance(choices, list)
        and bool(choices)
        and all(_only_strings(choice, depth + 1) for choice in choices)
    )


class Value:
    """Writes one value as JSON. Unless it is a string anyway, it waits for its end as long as it may become JSON: what does is
    passed on as it is, what does not is a string."""

    __slots__ = ("_held", "_scanner", "_size", "_tell")

    def __init__(self, tell: Take, *, string: bool) -> None:
        self._tell = tell
        self._held: list[str] = []
        self._size = 0
        self._scanner: PrefixScanner | None = PrefixScanner()
        if string:
            self._be_string()

    def take(self, piece: str) -> None:
        if self._scanner is None:
            self._tell(_escaped(piece))
            return
        self._held.append(piece)
        self._size += len(piece)
        if self._size > MAX_HOLD or not self._scanner.feed(piece):
            self._be_string()

    def close(self) -> None:
        if self._scanner is not None:
            if self._scanner.complete:
                self._tell("".join(self._held))
                return
            self._be_string()
        self._tell('"')

    def _be_string(self) -> None:
        self._scanner = None
        self._tell('"' + _escaped("".join(self._held)))
        self._held = []


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


class Members:
    """The argument object of the call that was opened last, written member by member. It is begun at once: a call that
    is cut before its first member must not look like one that has none."""

    __slots__ = ("_any", "_schema", "_source", "_teller")

    def __init__(self, source: Source, teller: Teller, name: str) -> None:
        self._source = source
        self._teller = teller
        self._schema = teller.schema(name)
        self._any = False
        teller.fragment("{")

    def add(self, key: str, end: Ending, *, json_text: bool | None = None) -> Reading[None]:
        """Read the value of `key` up to `end`. `json_text`: it is JSON as it stands, or it is a string; None: the schema, or
        else the value itself, decides."""
        self._teller.fragment(", " if self._any else "")
        self._any = True
        self._teller.fragment(json.dumps(key, ensure_ascii=False) + ": ")
        if json_text:
            yield from end.read(self._source, self._teller.fragment)
            return
        string = json_text is False or is_string(self._schema, key)
        value = Value(self._teller.fragment, string=string)
        yield from end.read(self._source, value.take)
        value.close()

    def close(self) -> None:
        self._teller.fragment("}")


class Ending:
    """The literal that ends a value. `newlines`: one before it, and one before the value, are markup too."""

    def __init__(self, literal: str, *, newlines: bool = False) -> None:
        self._newlines = newlines
        self._markers = Markers({literal, "\n" + literal} if newlines else {literal})

    def read(self, source: Source, take: Take) -> Reading[None]:
        """Give `take` the value as it comes, and read its end."""
        if self._newlines and (yield from source.char()) == "\n":
            source.at += 1
        while True:
            found = self._markers.find(source.text, source.at)
            if found:
                take(source.text[source.at : found.start()])
                source.at = found.end()
                return
            settled = (
                len(source.text) if source.ended else self._markers.settled(source.text, source.at)
            )
            take(source.text[source.at : settled])
            source.at = settled
            yield from source.wait()
