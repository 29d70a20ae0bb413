"""What two requests must have in common for one recorded answer to serve both, and where they differ. Knows no file and no
library of captures."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec

from streamnorm.arguments.live import pointer_of
from streamnorm.captures.format import Header, Request
from streamnorm.captures.secrets import MASK, is_secret_name

__all__ = ["Asked", "Difference", "asked", "asked_of", "differences", "fit"]

#: Members of a body that do not decide what is answered.
VOLATILE: Final = frozenset(
    (
        "metadata",  # for the operator's own lists
        "prompt_cache_key",  # where to look for a cached prefix
        "prompt_cache_retention",
        "safety_identifier",  # who asks
        "user",  # the same, as it was called before
        "service_tier",  # how fast
        "store",  # whether it is kept
        "stream_options",  # whether usage is told
    )
)

#: Members whose value is an id that a server or a client made up. In the conversation they are told apart by their order.
IDS: Final = frozenset(
    ("id", "call_id", "item_id", "tool_call_id", "tool_use_id", "previous_response_id")
)

#: Where the conversation is, and what in it is the tools' own: an `id` among the arguments of a call is no id of ours.
_CONVERSATION: Final = frozenset(("messages", "input", "contents", "tool_outputs"))
_OF_A_TOOL: Final = frozenset(("arguments", "args", "input", "response", "output"))

#: A day, with or without the time. What is behind a dash is the version of something, of a model for one.
_DATE: Final = re.compile(
    r"(?<![\w-])\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_A_DATE: Final = "<date>"

#: The end of a path that says what is asked for; what is before it is the base URL.
_ENDPOINT: Final = re.compile(
    r"/(?:chat/completions|completions|embeddings|messages|models|responses(?:/.*)?|threads(?:/.*)?|[^/]+:\w+)$"
)

#: The first line of a multipart body, which was made up for it.
_BOUNDARY: Final = re.compile(r"--([^\r\n]+)\r\n")

#: What stands for a secret: `MASK`, or a star for each of its characters.
_WRITTEN_OVER: Final = re.compile(r"\*{3,}")

#: Differences counted between two bodies; beyond that they have little in common.
_COUNTED: Final = 50


class Asked(msgspec.Struct, frozen=True):
    """A request, without what is different each time. `body` is its JSON or its text; the dates in it are in `dates`, in order.
    `known` is false where a capture does not know its request; `masked` is true where something in the body was written over."""

    method: str
    path: str
    endpoint: str
    query: tuple[tuple[str, str], ...]
    body: Any
    dates: tuple[str, ...] = ()
    known: bool = True
    masked: bool = False


class Difference(msgspec.Struct, frozen=True):
    """Where a request is not as recorded: `method`, `path`, `query`, or a JSON Pointer into the body ("" is all of it). What is
    missing is UNSET."""

    where: str
    recorded: Any
    asked: Any


def asked(method: str, path: str, body: bytes | None, *, ignore: Collection[str] = ()) -> Asked:
    """The request of a client. `path` has the query; `ignore` names members of the body, at its top, that do not matter."""
    return _asked(method, path, _read(body or b""), ignore, known=True)


def asked_of(header: Header, *, ignore: Collection[str] = ()) -> Asked:
    """The request of a capture."""
    request = header.request
    known = "request" not in header.lost and not request.omitted
    return _asked(request.method, request.path, _recorded_body(request), ignore, known=known)


def fit(recorded: Asked, request: Asked) -> int | None:
    """How well the recorded answer fits: 0 is best; None: not at all.

    1 is another base URL, 2 other dates in the body (3 both), 4 a capture that does not know what was asked.
    """
    if recorded.endpoint != request.endpoint and (recorded.known or recorded.path != "/"):
        return None
    if not recorded.known:
        return 4
    if (recorded.method, recorded.query) != (request.method, request.query):
        return None
    if recorded.body != request.body and not _like(recorded, request):
        return None
    return (recorded.path != request.path) + 2 * (recorded.dates != request.dates)


def differences(recorded: Asked, request: Asked) -> list[Difference]:
    """What keeps the one from being the other, in order; of the bodies not more than a few dozen."""
    found = [
        Difference(name, ours, theirs)
        for name, ours, theirs in (
            ("method", recorded.method, request.method),
            ("path", recorded.path, request.path),
            ("query", dict(recorded.query), dict(request.query)),
        )
        if ours != theirs and not (name == "path" and recorded.endpoint == request.endpoint)
    ]
    if recorded.known:
        found.extend(islice(_unlike(recorded.body, request.body, ()), _COUNTED))
    return found


def _asked(method: str, path: str, body: Any, ignore: Collection[str], *, known: bool) -> Asked:
    path, _, query = path.partition("?")
    path = path.rstrip("/") or "/"
    endpoint = _ENDPOINT.search(path)
    pairs = parse_qsl(query, keep_blank_values=True)
    normal = _Normal()
    return Asked(
        method=method.upper(),
        path=path,
        endpoint=endpoint[0] if endpoint else path,
        query=tuple(sorted(pair for pair in pairs if not is_secret_name(pair[0]))),
        body=normal.body(body, ignore),
        dates=tuple(normal.dates),
        known=known,
        masked=normal.masked,
    )


def _recorded_body(request: Request) -> Any:
    if request.json is not msgspec.UNSET:
        return request.json
    if request.b64 is not None:
        return _bytes(request.b64)
    return request.text or ""


def _bytes(text: str) -> bytes | str:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


class _Normal:
    """Makes the normal form of one body, and gathers what it leaves out: ids (for their order) and dates."""

    def __init__(self) -> None:
        self.dates: list[str] = []
        self.masked = False
        self._ids: dict[str, str] = {}

    def body(self, body: Any, ignore: Collection[str]) -> Any:
        if isinstance(body, str):
            boundary = _BOUNDARY.match(body)
            return self._text(body.replace(boundary[1], "boundary") if boundary else body)
        if not isinstance(body, dict):
            return self._value(body, said=False)
        return {
            name: self._id(value)
            if name in IDS and isinstance(value, str)
            else self._value(value, said=name in _CONVERSATION)
            for name, value in body.items()
            if name not in VOLATILE and name not in ignore
        }

    def _value(self, value: Any, *, said: bool) -> Any:
        """`said`: it is part of the conversation."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self._value(item, said=said) for item in value]
        if isinstance(value, dict):
            return {name: self._member(name, held, said=said) for name, held in value.items()}
        return value

    def _member(self, name: str, value: Any, *, said: bool) -> Any:
        if not said:
            return self._value(value, said=False)
        if name in IDS and isinstance(value, str):
            return self._id(value)
        if name == "arguments" and isinstance(value, str):
            return self._value(_read(value.encode()), said=False)
        return self._value(value, said=name not in _OF_A_TOOL)

    def _id(self, value: str) -> str:
        return self._ids.setdefault(value, f"<id {len(self._ids) + 1}>")

    def _text(self, text: str) -> str:
        self.masked |= MASK in text
        found = _DATE.findall(text)
        if not found:
            return text
        self.dates += found
        return _DATE.sub(_A_DATE, text)


def _like(recorded: Asked, request: Asked) -> bool:
    """They differ in nothing but what was masked."""
    return recorded.masked and next(_unlike(recorded.body, request.body, ()), None) is None


def _unlike(recorded: Any, request: Any, path: tuple[str | int, ...]) -> Iterator[Difference]:
    """The places where two normal bodies differ. What was masked is like anything."""
    if recorded == request:
        return
    match recorded, request:
        case dict(), dict():
            for name in {**recorded, **request}:
                ours, theirs = recorded.get(name, msgspec.UNSET), request.get(name, msgspec.UNSET)
                yield from _unlike(ours, theirs, (*path, name))
        case list(), list():
            for at in range(max(len(recorded), len(request))):
                ours, theirs = _item(recorded, at), _item(request, at)
                yield from _unlike(ours, theirs, (*path, at))
        case str(), _ if MASK in recorded and _masks(recorded, request):
            return
        case _:
            yield Difference(pointer_of(path), recorded, request)


def _item(items: list[Any], at: int) -> Any | Literal[msgspec.UnsetType.UNSET]:
    return items[at] if at < len(items) else msgspec.UNSET


def _masks(recorded: str, request: Any) -> bool:
    """`recorded` is `request` with secrets written over. A whole value may have been of any type."""
    first, *rest = _WRITTEN_OVER.split(recorded)
    if not first and rest == [""]:
        return True
    if not (isinstance(request, str) and request.startswith(first) and rest):
        return False
    *between, last = rest
    at, end = len(first), len(request) - len(last)
    for part in between:
        at = request.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return at <= end and request.endswith(last)
