"""A schema is looked at once, before it judges anything: it is copied, held against its draft's metaschema, its references
followed and its patterns read. What is wrong with it is said here, with the place, and not at the first call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf, isfinite
from typing import Any, Final, NamedTuple

from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

from streamnorm.arguments.keywords import FALSE, draft_of
from streamnorm.arguments.patterns import Pattern
from streamnorm.arguments.problems import pointer_to, shown
from streamnorm.errors import ToolError

__all__ = ["Schema", "read_schema"]

#: Larger than any tool that a provider takes (OpenAI: 5,000 properties). To hold a schema against its metaschema takes 0.1 ms an
#: object.
MAX_NODES: Final = 100_000
MAX_OBJECTS: Final = 10_000
MAX_DEPTH: Final = 100

#: What is data to a schema, and never a schema.
_DATA: Final = frozenset({"const", "default", "enum", "example", "examples"})
#: Keywords whose value names schemas; the names are no keywords.
_NAMED: Final = frozenset(
    {
        *("$defs", "definitions", "dependentSchemas", "dependencies"),
        *("patternProperties", "properties"),
    }
)
#: Keywords that hold a list of schemas, and those that hold one.
_LISTING: Final = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
_HOLDING: Final = frozenset({"contains", "else", "if", "not", "propertyNames", "then"})
#: Keywords that hold one, where `false` says that there is to be nothing more, and is told in the keyword's own words.
_ENDING: Final = frozenset(
    {
        *("additionalItems", "additionalProperties", "contentSchema", "items"),
        *("unevaluatedItems", "unevaluatedProperties"),
    }
)
#: Keywords whose schemas judge the very value that the schema judges.
_IN_PLACE: Final = frozenset(
    {
        *("allOf", "anyOf", "dependencies", "dependentSchemas", "else", "if"),
        *("not", "oneOf", "then"),
    }
)
_REFERENCES: Final = ("$dynamicRef", "$recursiveRef", "$ref")
_UNEVALUATED: Final = frozenset({"unevaluatedItems", "unevaluatedProperties"})


class Schema(NamedTuple):
    """A schema that was looked at.

    `contents`: a copy, in which `false` is written as a keyword and `$schema` is absent, so that no part of it brings in
    another validator. `plain`: a copy in which nothing was changed. `spreads`: by the id of a schema with an `unevaluated...`
    keyword, how many schemas that has to look through. `weight`: how many schemas there are when each reference is replaced
    by what it leads to; infinite where one leads back. `keywords`: all keys that stand where a keyword may.
    """

    contents: dict[str, Any] | bool
    plain: dict[str, Any] | bool
    draft: Any
    patterns: dict[str, Pattern]
    spreads: dict[int, float]
    nodes: int
    weight: float
    keywords: frozenset[str]


def read_schema(schema: Any, *, tool: str) -> Schema:
    """Raises ToolError, which names the tool and the place, for what is no schema, is larger than any provider takes, or refers
    to what is not in it."""
    return _Reader(tool).read(schema)


class _Reader:
    """One reading: of one schema, for one tool."""

    def __init__(self, tool: str) -> None:
        self._tool = tool
        self._nodes = 0
        self._objects = 0
        self._draft: Any = None
        self._patterns: dict[str, Pattern] = {}
        self._keywords: set[str] = set()
        #: By the id of a schema: the schemas inside it and what its references lead to, each with whether it judges in place.
        self._inner: dict[int, list[tuple[bool, Any]]] = {}
        self._unevaluated: list[Any] = []

    def read(self, schema: Any) -> Schema:
        if not isinstance(schema, dict | bool):
            raise self._error("", f"{shown(schema)} is neither an object nor a boolean")
        plain = self._copied(schema, "", 0)
        self._draft = draft_of(plain)
        if self._draft is None:
            raise self._error("/$schema", "draft 3 is not read here; write it in draft 4 or later")
        self._check(plain)
        contents = {FALSE: True} if plain is False else self._prepared(plain, "")
        self._walk(contents)
        return Schema(
            contents,
            plain,
            self._draft,
            self._patterns,
            {id(owner): self._spread(owner, in_place=True) for owner in self._unevaluated},
            self._nodes,
            self._spread(contents, in_place=False),
            frozenset(self._keywords),
        )

    def _error(self, pointer: str, message: str) -> ToolError:
        where = f" at `{pointer}`" if pointer else ""
        return ToolError(f"the parameters of tool {self._tool!r} are no schema{where}: {message}")

    def _copied(self, node: Any, pointer: str, depth: int) -> Any:
        """JSON data as plain dicts and lists, of which nobody else holds any."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._error("", f"there are more than {MAX_NODES:,} values in it")
        if depth > MAX_DEPTH:
            raise self._error(
                "", f"it is nested deeper than {MAX_DEPTH} levels, or inside itself; use $ref"
            )
        if isinstance(node, dict):
            self._objects += 1
            if self._objects > MAX_OBJECTS:
                raise self._error("", f"there are more than {MAX_OBJECTS:,} objects in it")
            for key in node:
                if not isinstance(key, str):
                    raise self._error(pointer, f"the key {key!r} is not a string")
            return {
                key: self._copied(value, pointer + pointer_to([key]), depth + 1)
                for key, value in node.items()
            }
        if isinstance(node, list | tuple):
            return [
                self._copied(value, f"{pointer}/{index}", depth + 1)
                for index, value in enumerate(node)
            ]
        if node is None or isinstance(node, str | bool | int):
            return node
        if isinstance(node, float) and isfinite(node):
            return node
        raise self._error(pointer, f"{shown(node)} is not JSON")

    def _check(self, schema: Any) -> None:
        try:
            self._draft.check_schema(schema, format_checker=None)
        except SchemaError as error:
            *_, keyword = error.absolute_schema_path or ("a schema",)
            raise self._error(
                pointer_to(error.absolute_path),
                f"{shown(error.instance)} does not meet the draft's rule "
                f"{keyword!r}: {shown(error.validator_value)}; put it right or leave it out",
            ) from None
        except RecursionError:
            raise self._error("", "it is nested too deep; use $ref") from None

    def _prepared(self, schema: Any, pointer: str) -> Any:
        if not isinstance(schema, dict):
            return schema
        prepared: dict[str, Any] = {}
        for key, value in schema.items():
            at = pointer + pointer_to([key])
            if key == FALSE:
                continue
            if key == "$schema" and isinstance(value, str):
                if draft_of({key: value}) is not self._draft:
                    raise self._error(at, "it changes the draft inside a schema; use one draft")
            elif key in _NAMED and isinstance(value, dict):
                prepared[key] = {
                    name: self._held(inner, at + pointer_to([name]))
                    for name, inner in value.items()
                }
            elif key in _DATA:
                prepared[key] = value
            elif isinstance(value, list):
                held = self._held if key in _LISTING else self._prepared
                prepared[key] = [held(inner, f"{at}/{index}") for index, inner in enumerate(value)]
            else:
                held = self._held if key in _HOLDING else self._prepared
                prepared[key] = held(value, at)
        return prepared

    def _held(self, schema: Any, pointer: str) -> Any:
        return {FALSE: True} if schema is False else self._prepared(schema, pointer)

    # The walk: every place where a schema stands, and whatever a reference leads to.

    def _walk(self, contents: Any) -> None:
        specification = specification_with(self._draft.META_SCHEMA.get("$schema", ""))
        # An empty registry: what is not in the schema cannot be referred to, over no network and in no file.
        root = Registry().resolver_with_root(specification.create_resource(contents))
        waiting = [(contents, root, "")]
        while waiting:
            schema, resolver, pointer = waiting.pop()
            if not isinstance(schema, dict) or id(schema) in self._inner:
                continue
            if "$schema" in schema:  # data that is used as a schema: nothing else still has it
                raise self._error(pointer, "it is an example or a constant, and no schema")
            resolver = resolver.in_subresource(specification.create_resource(schema))
            inner = self._inner[id(schema)] = []
            self._keywords.update(schema)
            self._note(schema, pointer)
            for key, at, found in _schemas_in(schema, pointer):
                inner.append((key in _IN_PLACE, found))
                waiting.append((found, resolver, at))
            for key in _REFERENCES:
                if isinstance(schema.get(key), str):
                    target, its_resolver = self._target(schema[key], resolver, f"{pointer}/{key}")
                    inner.append((True, target))
                    waiting.append((target, its_resolver, f"{pointer}/{key}"))
        if not self._keywords.isdisjoint(("$dynamicRef", "$recursiveRef")):
            for inner in self._inner.values():  # where these lead is known only on the way
                inner.append((True, None))

    def _target(self, reference: str, resolver: Any, pointer: str) -> tuple[Any, Any]:
        try:
            resolved = resolver.lookup(reference)
        except (Unresolvable, LookupError, TypeError, ValueError) as error:
            raise self._error(
                pointer,
                f"{shown(reference)} leads nowhere ({type(error).__name__}); a reference may lead "
                "only to a part of the schema itself: put what it names under $defs",
            ) from None
        if resolved.contents is not True and not isinstance(resolved.contents, dict):
            raise self._error(
                pointer, f"{shown(reference)} leads to {shown(resolved.contents)}, no schema"
            )
        return resolved.contents, resolved.resolver

    def _note(self, schema: dict[str, Any], pointer: str) -> None:
        if not _UNEVALUATED.isdisjoint(schema):
            self._unevaluated.append(schema)
        named = schema.get("patternProperties")
        sources = [(f"{pointer}/pattern", schema.get("pattern"))]
        if isinstance(named, dict):
            sources += [
                (f"{pointer}/patternProperties{pointer_to([source])}", source) for source in named
            ]
        for at, source in sources:
            if isinstance(source, str) and source not in self._patterns:
                try:
                    self._patterns[source] = Pattern(source)
                except (re.error, OverflowError, RecursionError) as error:
                    raise self._error(
                        at,
                        f"{shown(source)} is no regular expression that Python reads ({error}); rewrite it",
                    ) from None

    def _spread(self, schema: Any, *, in_place: bool) -> float:
        """How many schemas there are from this one on, each counted as often as it is come to; in all, or in its place."""
        counts: dict[int, float] = {}
        open_: set[int] = set()
        waiting: list[tuple[Any, bool]] = [(schema, False)]
        while waiting:
            node, done = waiting.pop()
            key = id(node)
            if done:
                open_.discard(key)
                counts[key] = 1 + sum(
                    counts.get(id(inner), 1) for inner in self._followed(node, in_place)
                )
            elif key in open_ or node is None:
                return inf
            elif key not in counts:
                open_.add(key)
                waiting.append((node, True))
                for inner in self._followed(node, in_place):
                    if id(inner) in open_:
                        return inf
                    if inner is None or id(inner) not in counts:
                        waiting.append((inner, False))
        return counts[id(schema)]

    def _followed(self, schema: Any, in_place: bool) -> list[Any]:
        if not isinstance(schema, dict):
            return []
        return [inner for here, inner in self._inner[id(schema)] if here or not in_place]


def _schemas_in(schema: dict[str, Any], pointer: str) -> Iterator[tuple[str, str, Any]]:
    """The keyword, the place and the object of each schema directly inside one."""
    for key, value in schema.items():
        at = pointer + pointer_to([key])
        if key in _NAMED and isinstance(value, dict):
            named = [(at + pointer_to([name]), inner) for name, inner in value.items()]
        elif key in _LISTING and isinstance(value, list):
            named = [(f"{at}/{index}", inner) for index, inner in enumerate(value)]
        elif key in _HOLDING or key in _ENDING:
            named = [(at, value)]
        else:
            continue
        for place, inner in named:
            if isinstance(inner, dict):
                yield key, place, inner
