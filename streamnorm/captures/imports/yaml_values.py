"""YAML as plain values: mappings, lists, text, bytes, numbers, true, false and null. Nothing else can come of it, whatever its
tags say, and neither depth nor aliases can make it cost more than its length."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, Final

from streamnorm.errors import CaptureError

__all__ = ["yaml_documents"]

#: Collections within collections. A request body written as YAML is the deepest there is.
MAX_DEPTH: Final = 200

_CORE: Final = "tag:yaml.org,2002:"
#: Tags that say what the text says anyway. Any other is refused: it asks for an object of somebody's program.
_PLAIN_TAGS: Final = frozenset(
    (None, "!", *(_CORE + kind for kind in ("str", "int", "float", "bool", "null", "map", "seq")))
)
#: Psych, Ruby's writer, has one `!`.
_BINARY_TAGS: Final = frozenset((_CORE + "binary", "!binary"))

# The core schema of YAML 1.2 (10.3.2), not YAML 1.1: there a date is no text, and `no` is false, in headers as well.
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?\Z")

_INSTALL: Final = (
    "reading YAML takes PyYAML: pip install 'streamnorm[import]' (or convert the file to JSON)"
)


def yaml_documents(text: bytes, name: str) -> Iterator[Any]:
    """The documents in `text`; `name` is the file's, for messages. A node that an alias repeats is one object, shared. Raises
    CaptureError for what is no YAML, a tag that asks for an object, and where PyYAML is missing."""
    try:
        import yaml  # type: ignore[import-untyped]  # it has no types of its own
    except ImportError:
        raise CaptureError(f"{name}: {_INSTALL}") from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _Reader(name)
    try:
        for event in yaml.parse(text, Loader=loader):
            yield from reader.take(type(event).__name__, event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise _refused(name, mark, f"not YAML: {problem}") from None


class _Open:
    """A collection that is being read. A mapping holds its key until the value comes."""

    __slots__ = ("anchor", "held", "key", "waits")

    def __init__(self, held: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.held = held
        self.anchor = anchor
        self.key = ""
        self.waits = False

    def put(self, value: Any) -> None:
        if isinstance(self.held, list):
            self.held.append(value)
        elif self.waits:
            self.held[self.key] = value
            self.waits = False
        else:
            self.key = value if isinstance(value, str) else str(value)
            self.waits = True


class _Reader:
    """Builds documents from the parser's events. The collections that are open are a stack, not calls within calls."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stack: list[_Open] = []
        self._anchors: dict[str, Any] = {}

    def take(self, kind: str, event: Any) -> Iterator[Any]:
        """One event; yields the document that it completes."""
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._open({} if kind.startswith("Mapping") else [], event)
            return
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            ended = self._stack.pop()
            value, anchor = ended.held, ended.anchor
        elif kind == "ScalarEvent":
            value, anchor = self._scalar(event), event.anchor
        elif kind == "AliasEvent":
            value, anchor = self._named(event), None
        else:
            if kind == "DocumentStartEvent":
                self._anchors.clear()
            return
        if anchor is not None:
            self._anchors[anchor] = value
        if self._stack:
            self._stack[-1].put(value)
        else:
            yield value

    def _open(self, held: dict[str, Any] | list[Any], event: Any) -> None:
        if event.tag not in _PLAIN_TAGS:
            raise self._tagged(event)
        if len(self._stack) == MAX_DEPTH:
            raise _refused(self._name, event.start_mark, f"nested deeper than {MAX_DEPTH}")
        self._stack.append(_Open(held, event.anchor))

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.tag in _BINARY_TAGS:
            try:
                return base64.b64decode(text)
            except (binascii.Error, ValueError) as error:
                raise _refused(self._name, event.start_mark, f"not base64: {error}") from None
        if event.tag not in _PLAIN_TAGS:
            raise self._tagged(event)
        # A plain scalar means what it looks like; a quoted one is text.
        return _plain(text) if event.tag is None and event.implicit[0] else text

    def _named(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise _refused(
                self._name, event.start_mark, f"the alias *{event.anchor} names nothing before it"
            )
        return self._anchors[event.anchor]

    def _tagged(self, event: Any) -> CaptureError:
        return _refused(
            self._name,
            event.start_mark,
            f"the tag {event.tag[:80]!r} asks for an object of a program, and none is built: "
            "record it again in plain YAML, or remove the tag",
        )


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _NUMBER.match(text) else text


def _refused(name: str, mark: Any, reason: str) -> CaptureError:
    return CaptureError(f"{name}{f', line {mark.line + 1}' if mark else ''}: {reason}")
