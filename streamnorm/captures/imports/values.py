"""What recorders write for a header list, a body, a status and a time, each in the several ways there are. They know no format by
name: a value is taken by what it looks like."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from streamnorm.captures.imports.exchange import Headers
from streamnorm.errors import CaptureError

__all__ = [
    "UnreadableError",
    "body_of",
    "compact_json",
    "headers_of",
    "objects",
    "pieces_of",
    "status_of",
    "text_of",
]

#: Values within one body that is written as a tree. An alias may repeat a value; what it comes to is counted.
MAX_VALUES: Final = 1_000_000
#: Characters in such a tree, all its text together.
MAX_TEXT: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 200
#: Characters of all the headers of one message.
MAX_HEADERS: Final = 1024 * 1024

_DIGITS: Final = re.compile(r"\s*(?:HTTP/[\d.]+\s+)?(\d{3})\b")


class UnreadableError(CaptureError):
    """A value is not of the form it has to be. The message says which, and what was seen; whoever reads the file names it."""


def text_of(value: Any) -> str:
    """A scalar as text that can be written as UTF-8; nothing for none."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).encode("utf-8", "replace").decode("utf-8")


def headers_of(value: Any) -> Headers:
    """From a mapping of names to values or lists of values, from `[{name, value}]`, from `[[name, value]]`, or from names and
    values in turn."""
    found, size = [], 0
    for name, text in _pairs(value):
        size += len(name) + len(text)
        if size > MAX_HEADERS:
            raise UnreadableError(f"the headers are longer than {MAX_HEADERS:,} characters")
        found.append((name, text))
    return found


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, values in value.items():
            for each in values if isinstance(values, list) else (values,):
                yield text_of(name), text_of(each)
    elif isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
        for each in value:
            yield text_of(each.get("name")), text_of(each.get("value"))
    elif isinstance(value, list) and all(isinstance(each, list) for each in value):
        for each in value:
            if len(each) == 2:
                yield text_of(each[0]), text_of(each[1])
    elif isinstance(value, list):
        yield from zip(map(text_of, value[::2]), map(text_of, value[1::2]), strict=False)


def status_of(*values: Any) -> int | None:
    """The first of them that is a status: a number, `{code}`, or a line such as `200 OK`."""
    for value in values:
        if isinstance(value, Mapping):
            value = value.get("code", value.get("status"))
        found = _DIGITS.match(text_of(value))
        if found and 100 <= int(found[1]) <= 599:
            return int(found[1])
    return None


def pieces_of(value: Any) -> list[bytes]:
    """A body's pieces: those of a list, or the one that anything else is."""
    if isinstance(value, Mapping) and isinstance(value.get("string"), list):
        value = value["string"]
    if isinstance(value, list) and all(
        isinstance(each, str | bytes) or _is_wrapped(each) for each in value
    ):
        found, size = [], 0
        for each in value:
            piece = body_of(each) or b""
            size += len(piece)
            if size > MAX_TEXT * 4:
                raise UnreadableError(f"a body is larger than {MAX_TEXT * 4:,} bytes")
            found.append(piece)
        return found
    body = body_of(value)
    return [] if body is None else [body]


def body_of(value: Any) -> bytes | None:
    """A body from text, bytes, `{string}`, `{text}`, base64 (`{base64_string}`, `{b64}`, `{encoding: base64}`), or a tree that
    was JSON. None where there is none."""
    if isinstance(value, Mapping) and _is_wrapped(value):
        return _unwrapped(value)
    if value is None:
        return None
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return compact_json(value)


#: The keys of a body that is wrapped, the ones with base64 in the second set.
_WRAPPERS: Final = ("b64", "base64", "base64_string", "string", "text")
_BESIDE: Final = frozenset(
    ("encoding", "mimeType", "decoded", "size", "compression", "comment", *_WRAPPERS)
)


def _is_wrapped(value: Any) -> bool:
    """Not a JSON body that happens to have such a key: nothing else may be beside it."""
    return (
        isinstance(value, Mapping)
        and value.keys() <= _BESIDE
        and any(key in value for key in _WRAPPERS)
    )


def _unwrapped(value: Mapping[str, Any]) -> bytes | None:
    key = next(key for key in _WRAPPERS if key in value)
    held = value[key]
    coded = key in ("b64", "base64", "base64_string") or value.get("encoding") == "base64"
    if not coded or held is None or isinstance(held, bytes):
        return None if held is None else body_of(held)
    return from_base64(text_of(held))


def from_base64(text: str) -> bytes:
    """Raises UnreadableError."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableError(f"a body is not the base64 it says it is: {error}") from None


def compact_json(tree: Any) -> bytes:
    """A tree as JSON on one line. Raises UnreadableError for one that is too large once what it repeats is written out."""
    _measure(tree)
    try:
        return msgspec.json.encode(tree)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UnreadableError(f"a body cannot be written as JSON: {error}") from None


def _measure(tree: Any) -> None:
    values, size = 0, 0
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    while waiting:
        value, depth = waiting.pop()
        values += 1
        size += len(value) if isinstance(value, str | bytes) else 0
        if values > MAX_VALUES or size > MAX_TEXT or depth > MAX_DEPTH:
            raise UnreadableError("a body written as a tree is too large, or too deep")
        if isinstance(value, Mapping):
            size += sum(map(len, value))
            waiting.extend((each, depth + 1) for each in value.values())
        elif isinstance(value, list):
            if len(value) + len(waiting) > MAX_VALUES:
                raise UnreadableError("a body written as a tree is too large, or too deep")
            waiting.extend((each, depth + 1) for each in value)


def objects(value: Any) -> list[Mapping[str, Any]]:
    """`value`, if it is a list of objects and has any; else nothing."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        return value
    return []
