"""The streams that are read: as OpenAI sends them, or with a quirk on every chunk. Each is there once, for all readers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

__all__ = ["Body", "bodies", "calls", "cut_by_event", "cut_by_size"]

DELTAS: Final = 2_000

_CHUNK: Final = (
    '{"id":"chatcmpl-BuFelt7bkjYdsZGg8EKQVprtt6efi","object":"chat.completion.chunk","created":1752746251,'
    '"model":"gpt-4.1-nano-2025-04-14","service_tier":"default","system_fingerprint":"fp_38343a2f8f",'
    '"choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}],"usage":null,"obfuscation":"Xq3Zt8"}'
)

Delta = dict[str, Any]


class Body(NamedTuple):
    """One stream. `kind` says which limit it is held to: clean, order or shape."""

    name: str
    kind: str
    data: bytes
    deltas: int


def frames(deltas: Iterable[Delta], finish: str) -> Iterator[bytes]:
    for delta in deltas:
        yield f"data: {_CHUNK % (json.dumps(delta), 'null')}\n\n".encode()
    yield f"data: {_CHUNK % ('{}', json.dumps(finish))}\n\ndata: [DONE]\n\n".encode()


def text(count: int, quirk: Callable[[Delta], Delta] = dict) -> Iterator[bytes]:
    """`count` deltas of text."""
    spoken = [quirk({"content": f" word{at}"}) for at in range(count)]
    return frames([{"role": "assistant", "content": ""}, *spoken], "stop")


def calls(count: int, together: int = 1, quirk: Callable[[Delta], Delta] = dict) -> Iterator[bytes]:
    """`together` calls in turns, `count` deltas of arguments in all."""

    def deltas() -> Iterator[Delta]:
        yield {"role": "assistant", "content": None}
        for at in range(together):
            function = {"name": f"tool_{at}", "arguments": ""}
            opening = {"index": at, "id": f"call_{at}", "type": "function", "function": function}
            yield {"tool_calls": [opening]}
        for at in range(count):
            first, last = at < together, at >= count - together
            fragment = ('{"text": "' if first else "") + f"word{at:<6}" + ('"}' if last else "")
            entry = {"index": at % together, "function": {"arguments": fragment}}
            yield {"tool_calls": [quirk(entry)]}

    return frames(deltas(), "tool_calls")


# Quirks.


def role_repeated(delta: Delta) -> Delta:
    return {"role": "assistant", **delta}


def index_missing(entry: Delta) -> Delta:
    return {key: value for key, value in entry.items() if key != "index"}


def id_repeated(entry: Delta) -> Delta:
    return {**entry, "id": "call_0", "type": "function"}


def name_repeated(entry: Delta) -> Delta:
    return {**entry, "function": {"name": "tool_0", **entry["function"]}}


def index_as_text(entry: Delta) -> Delta:
    return {**entry, "index": "0"}


def content_in_parts(delta: Delta) -> Delta:
    return {"content": [{"type": "text", "text": delta["content"]}]}


def bodies() -> list[Body]:
    """All of them, the long one last."""

    def body(name: str, kind: str, made: Iterator[bytes], deltas: int = DELTAS) -> Body:
        return Body(name, kind, b"".join(made), deltas)

    return [
        body("2,000 text chunks", "clean", text(DELTAS)),
        body("one call in 2,000 deltas", "clean", calls(DELTAS)),
        body("four calls in turns", "clean", calls(DELTAS, 4)),
        body("text, the role on every chunk", "order", text(DELTAS, role_repeated)),
        body("call, no index", "order", calls(DELTAS, quirk=index_missing)),
        body("call, the id on every chunk", "order", calls(DELTAS, quirk=id_repeated)),
        body("call, the name on every chunk", "order", calls(DELTAS, quirk=name_repeated)),
        body("call, the index a string", "shape", calls(DELTAS, quirk=index_as_text)),
        body("text, the content a list", "shape", text(DELTAS, content_in_parts)),
        body("1 MB of arguments in 100,000 deltas", "clean", calls(100_000), 100_000),
        body("the same, no index", "order", calls(100_000, quirk=index_missing), 100_000),
    ]


# How they come.


def cut_by_size(data: bytes) -> list[bytes]:
    """In pieces of 1 to 4 KB, as a socket gives them."""
    sizes, pieces, at = random.Random(1), [], 0
    while at < len(data):
        size = sizes.randint(1024, 4096)
        pieces.append(data[at : at + size])
        at += size
    return pieces


def cut_by_event(data: bytes) -> list[bytes]:
    """One event a piece, as a server that flushes each sends them."""
    return [block + b"\n\n" for block in data.split(b"\n\n")[:-1]]
