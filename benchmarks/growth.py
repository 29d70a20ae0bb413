"""Bodies made to be slow to read, and how the cost grows with their length: so many times the text should cost about as many
times as much, where reading something twice would cost the square of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from benchmarks.measure import Measured, least
from streamnorm import FrameDecoder
from streamnorm.arguments.recover import recover
from streamnorm.arguments.strict import TARGETS, lint_strict, to_strict
from streamnorm.leaks import FORMATS, LeakReader

__all__ = ["FRAMES", "GROUPS", "LEAKS", "MALFORMED", "SCHEMAS", "Group", "measure"]

#: The cost may grow this much more than the length.
LIMIT: Final = 1.5

#: CPU seconds below which nothing that grows can be told from the clock's own steps.
LEAST: Final = 0.0005

#: Frames of `n` bytes.
FRAMES: Final[dict[str, Callable[[int], bytes]]] = {
    "one line": lambda n: b'data: {"a":"' + b"x" * (n - 16) + b'"}\n\n',
    "many lines": lambda n: b"data: " + b"x\ndata: ".join([b"y" * 64] * (n // 72)) + b"\n\n",
    "a JSON body": lambda n: b'{"a":[\n' + b'{"b":"c"},\n' * (n // 11) + b"1]}",
    "lines of one character": lambda n: b"data:x\n" * (n // 7) + b"\n",
}

#: Texts of about `n` characters, in which calls seem to have leaked.
LEAKS: Final[dict[str, Callable[[int], str]]] = {
    "markers": lambda n: "<tool_call>" * (n // 11),
    "mistral": lambda n: "[TOOL_CALLS]" * (n // 12),
    "arrows": lambda n: ">>>" * (n // 3),
    "names": lambda n: ">>>aaaa" * (n // 7),
    "less than": lambda n: "<" * n,
    "nearly": lambda n: "assistantcommentary to=functions" * (n // 32),
    "open braces": lambda n: '<tool_call>{"name": "f", "arguments": ' + "{" * n,
    "nested": lambda n: '<tool_call>{"name": "f", "arguments": ' + "{" * (n // 2) + "}" * (n // 2),
    "backslashes": lambda n: '<tool_call>{"name": "f", "arguments": {"a": "' + "\\" * n,
    "quotes": lambda n: '<tool_call>{"name": "f", "arguments": {' + '"' * n,
    "holds": lambda n: '<tool_call>{"arguments":{"' * (n // 26),
    "holds with braces": lambda n: '<tool_call>{"arguments":{' * (n // 25),
    "one hold": lambda n: '<tool_call>{"arguments":{"a":"' + "x" * n,
    "calls": lambda n: "<tool_call>f</tool_call>\n" * (n // 25),
    "list": lambda n: "[TOOL_CALLS][" + '{"name":"f","arguments":{}},' * (n // 28),
    "objects": lambda n: '{"name":"f","parameters":{}};' * (n // 29),
    "channels": lambda n: "<|channel|>" * (n // 11),
    "messages": lambda n: "<|channel|>final<|message|>" * (n // 27),
    "blank": lambda n: "<tool_call>f</tool_call>" + " " * n,
    "blank first": lambda n: " " * n,
    "value": lambda n: "<function=f><parameter=a>" + "</parameter" * (n // 11),
    "held value": lambda n: "<function=f><parameter=a>[" + "1," * (n // 2),
    "newlines": lambda n: "<function=f><parameter=a>" + "\n" * n,
    "members": lambda n: "<function=f>" + "<parameter=a>1</parameter>" * (n // 26),
    "later members": lambda n: '<tool_call>{"name":"f","arguments":{}' + ',"x":1' * (n // 6),
    "long later member": lambda n: '<tool_call>{"name":"f","arguments":{},"x":' + "1" * n,
    "thinking": lambda n: "<thinking>" + "</thinkin" * (n // 9),
    "prose": lambda n: "It was a dark and stormy night. " * (n // 32),
}

#: Argument texts that are no JSON: a beginning, what comes again and again, and an end.
_MALFORMED: Final = [
    ("", "[", ""), ("", "{", ""), ("", '{"a":', ""), ("", "{'a':(", ""), ('{"a": "', "\\", ""),
    ('{"a": "', '\\"', ""), ("{'a': '", "\\n", "'}"), ('{"a": "', "\n", '"}'), ("{", "/**/", "}"),
    ("", "/*", ""), ("", "{}", ""), ("", "`", ""), ("", "a ", ""), ("", "a ", "{}"), ("", "<|a|>", ""),
    ("{}", "}", ""), ("{}", "} ", "x"), ("{}", "\x00", ""), ("{}", " a", "{"), ("{", "a:1,b:1,", "}"),
    ('{"a":', "9", "}"), ('{"a":0.', "9", "}"), ("{'a':[", "1,", "]}"), ("", "\ufeff", ""),
    ('{"a":', "x", "}"), ('{"a": "', "{", '"}'), ('{\\"a\\":\\"', '\\\\\\"', ""), ("{", ",", "}"),
    ('{"a":1', ",", "}"), ("", "#", ""), ("", "#\n", ""), ("{\u201ca\u201d: \u201c", "x", ""),
    ('{"a": "', "{}   ", 'x"}'), ('{"k":', '{"a":1},"k":', '{"a":1}}'), ('"', '{\\"a\\":1}', '"'),
]  # fmt: skip


def _repeated(before: str, again: str, after: str, n: int) -> str:
    return before + again * (n // len(again)) + after


#: Argument texts of about `n` characters that are no JSON, each by what it repeats and where.
MALFORMED: Final[dict[str, Callable[[int], str]]] = {
    repr(before + again + "..." + after): partial(_repeated, before, again, after)
    for before, again, after in _MALFORMED
}


def _closed(schema: Any, **more: Any) -> dict[str, Any]:
    members = {"properties": {"a": schema}, "required": ["a"], "additionalProperties": False}
    return {"type": "object", **members, **more}


def _nested(n: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(n):
        schema = _closed(schema)
    return schema


def _doubled(n: int) -> dict[str, Any]:
    steps = {f"D{at}": {"anyOf": [{"$ref": f"#/$defs/D{at + 1}"}] * 2} for at in range(n)}
    return _closed({"$ref": "#/$defs/D0"}, **{"$defs": {**steps, f"D{n}": {"type": "null"}}})


#: Schemas with `n` of something.
SCHEMAS: Final[dict[str, Callable[[int], dict[str, Any]]]] = {
    "deep": _nested,
    "references doubled": _doubled,
    "a huge enum": lambda n: _closed({"enum": [str(at) for at in range(n)]}),
    "many branches": lambda n: _closed({"oneOf": [{"type": "object"}] * n}),
    "many properties": lambda n: {
        "type": "object",
        "properties": {f"p{at}": {"type": "object", "properties": {}} for at in range(n)},
    },
}


# Who reads them.


def _frame(body: bytes) -> None:
    decoder = FrameDecoder(max_frame=2**26)
    for at in range(0, len(body), 1024):
        decoder.feed(body[at : at + 1024])
    decoder.close()
    assert decoder.frames == 1


def _leak(pieces: str | list[str]) -> None:
    reader = LeakReader([*FORMATS])
    for piece in pieces if isinstance(pieces, list) else [pieces]:
        reader.feed(piece)
    reader.close()


def _lint(schema: dict[str, Any]) -> None:
    for target in TARGETS:
        lint_strict(schema, target)
        to_strict(schema, target)


class Group(NamedTuple):
    """Bodies for one reader, of `size` and of `times` that."""

    name: str
    makers: dict[str, Callable[[int], Any]]
    read: Callable[[Any], object]
    size: int
    times: int


def _characters(make: Callable[[int], str], n: int) -> list[str]:
    return list(make(n))


GROUPS: Final = [
    Group("a frame of 16 MiB", {"one line": FRAMES["one line"]}, _frame, 2**20, 16),
    Group("a frame of 4 MiB", dict(FRAMES), _frame, 2**18, 16),
    Group("leaked text", dict(LEAKS), _leak, 25_000, 4),
    Group(
        "leaked text by the character",
        {name: partial(_characters, make) for name, make in LEAKS.items()},
        _leak,
        4_000,
        4,
    ),
    Group("malformed arguments", dict(MALFORMED), recover, 25_000, 4),
    Group("a schema to lint", dict(SCHEMAS), _lint, 500, 4),
]


def measure(rounds: int, groups: list[Group] = GROUPS) -> Iterator[Measured]:
    """For each group, the body whose cost grows the most."""
    rounds = max(3, rounds // 4)
    for group in groups:
        grown = {name: _grown(group, make, rounds) for name, make in group.makers.items()}
        worst = max(grown, key=grown.__getitem__)
        what = f"{group.name}, to one {group.times} times shorter; worst of {len(grown)}: {worst}"
        yield Measured(what, grown[worst], LIMIT * group.times)


def _grown(group: Group, make: Callable[[int], Any], rounds: int) -> float:
    short, long = make(group.size), make(group.size * group.times)
    spent = least({"short": partial(group.read, short), "long": partial(group.read, long)}, rounds)
    return spent["long"] / max(spent["short"], LEAST)
