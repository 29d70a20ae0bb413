"""Tools from a JSON file: a list of them, one, a request body with `tools` or `functions`, or a bare schema. What it is shows in
what it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

from streamnorm.arguments.strict.subject import Subject, subject_of
from streamnorm.arguments.strict.walk import TYPES
from streamnorm.arguments.strict.words import escaped
from streamnorm.errors import LocalError

__all__ = ["Item", "items_in", "json_text", "parsed", "replaced"]

#: Bytes of a file. A request with its whole conversation is smaller.
MAX_FILE: Final = 32 * 1024 * 1024

#: Words by which a bare schema is known; so is a `type` of JSON Schema.
_SCHEMA_WORDS: Final = frozenset(
    {
        *("$defs", "$ref", "$schema", "additionalProperties", "allOf", "anyOf", "const"),
        *("definitions", "enum", "items", "oneOf", "properties", "required"),
    }
)


class Item(NamedTuple):
    """One thing in a file. `path`: where, as keys and indexes. `subject` is None for what has no schema of its own, such as a
    tool that the provider runs itself. `may_be_strict`: its shape has a place for `strict`."""

    path: tuple[str | int, ...]
    subject: Subject | None
    label: str
    may_be_strict: bool

    @property
    def pointer(self) -> str:
        return "".join(f"/{escaped(str(step))}" for step in self.path)


def parsed(body: bytes) -> Any:
    """The JSON of a file. Raises LocalError for what is none, or is too large or too deep."""
    if len(body) > MAX_FILE:
        raise LocalError(f"it is larger than {MAX_FILE:,} bytes")
    try:
        return json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise LocalError("its JSON nests too deep") from None
    except ValueError as error:
        raise LocalError(f"it is not JSON: {error}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def json_text(value: Any, *, indent: int | None = None) -> str:
    """`value` as ASCII, fit for a terminal; on one line, unless indented. Raises LocalError where it nests too deep."""
    try:
        return json.dumps(value, indent=indent).replace("\x7f", "\\u007f")
    except RecursionError:
        raise LocalError("its JSON nests too deep to be written") from None


def items_in(value: Any) -> list[Item]:
    """What a file holds. Raises LocalError where that is neither tools nor a schema."""
    found = list(_items(value, ()))
    if not found:
        raise LocalError(
            "it holds neither tools nor a schema: it takes a list of tools, one tool, a request with `tools` or "
            "`functions`, or a JSON Schema"
        )
    return found


def _items(value: Any, path: tuple[str | int, ...]) -> Iterator[Item]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _element(each, (*path, index), in_functions=False)
    elif isinstance(value, dict) and not _is_schema(value):
        body = list(_in_body(value, path))
        yield from body or _element(value, path, in_functions=False)
    elif isinstance(value, dict | bool):
        yield Item(path, subject_of(value), "schema", False)


def _in_body(value: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Item]:
    for holder in (("tools",), ("functions",), ("toolConfig", "tools")):
        held = _at(value, holder)
        for index, each in enumerate(held if isinstance(held, list) else ()):
            yield from _element(
                each, (*path, *holder, index), in_functions=holder == ("functions",)
            )
    for holder in (("response_format",), ("text", "format")):
        held = _at(value, holder)
        if isinstance(held, dict) and subject_of(held).kind == "format":
            yield from _element(held, (*path, *holder), in_functions=False)
    if isinstance(value.get("request"), dict):  # a recorded exchange
        yield from _in_body(value["request"], (*path, "request"))


def _element(value: Any, path: tuple[str | int, ...], *, in_functions: bool) -> Iterator[Item]:
    if not isinstance(value, dict):
        raise LocalError(f"{_place(path)} is no tool: a tool is an object")
    for word in ("functionDeclarations", "function_declarations"):
        declared = value.get(word)
        if isinstance(declared, list):
            for index, each in enumerate(declared):
                yield from _element(each, (*path, word, index), in_functions=True)
            return
    if value.get("type") == "namespace" and isinstance(value.get("tools"), list):
        for index, each in enumerate(value["tools"]):
            yield from _element(each, (*path, "tools", index), in_functions=in_functions)
        return
    subject = subject_of(value)
    if subject.kind != "schema":
        placed = subject.path[-1] in ("parameters", "input_schema", "json", "schema")
        label = subject.name or subject.kind
        yield Item(path, subject, label, placed and not in_functions)
    elif _is_schema(value):
        yield Item(path, subject, "schema", False)
    elif path or isinstance(value.get("type"), str):
        label = value.get("name") or value.get("type") or next(iter(value), "tool")
        yield Item(path, None, str(label), False)


def _is_schema(value: dict[str, Any]) -> bool:
    named = value.get("type")
    is_type = isinstance(named, list) or (isinstance(named, str) and named.lower() in TYPES)
    about_it = not _SCHEMA_WORDS.isdisjoint(value) and subject_of(value).kind == "schema"
    return (is_type or about_it) and "tools" not in value and "function" not in value


def _place(path: tuple[str | int, ...]) -> str:
    return "".join(f"/{step}" for step in path) or "it"


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def replaced(value: Any, path: tuple[str | int, ...], instead: Any) -> Any:
    """`value` with something else at `path`; `value` stays as it is."""
    if not path:
        return instead
    step, *rest = path
    changed = value.copy()
    changed[step] = replaced(value[step], tuple(rest), instead)
    return changed
