"""What no continuation can make valid: an argument text that still comes, held against the schema of its tool.

Only what applies without a condition is looked at: `properties`, `additionalProperties`, items, `$ref` within the schema, and
`allOf`. What stands under `anyOf`, `oneOf`, `if` or `not` depends on the rest of the text, so it is left to the validation of the
whole. That a name may come twice, the second value being the one that holds, is not taken for a continuation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from jsonschema import (  # type: ignore[import-untyped]
    Draft3Validator,
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
)

from streamnorm.arguments.budget import OverBudget
from streamnorm.arguments.live import Path, pointer_of

__all__ = ["Applicable", "Rejector"]

#: Schemas that may apply to one value. More is left to the validation of the whole.
MAX_APPLICABLE: Final = 64

#: In these drafts what stands beside `$ref` is ignored.
_REF_ALONE: Final = (Draft3Validator, Draft4Validator, Draft6Validator, Draft7Validator)

Schema = Any


class Applicable:
    """Finds the schemas that apply to the value at a path, whatever else the text will say.

    `root` is a valid schema, `draft` jsonschema's class for the draft it is of. Nothing outside of it is followed.
    """

    def __init__(self, root: dict[str, Any], draft: Any) -> None:
        self._root = root
        self._ref_alone = draft in _REF_ALONE
        self._has_names = _has_names(root)
        self._parent: Path = ()
        self._at_parent = list(self._expanded([root]))

    def at(self, path: Path) -> list[Schema]:
        """The schemas for the value at `path`, references followed."""
        if not path:
            return list(self._expanded([self._root]))
        steps: Iterable[Schema] = (
            inner for schema in self._container(path[:-1]) for inner in _below(schema, path[-1])
        )
        return list(self._expanded(steps))

    def forbids_name(self, path: Path) -> bool:
        """The object that holds the member at `path` may not have one of that name."""
        return any(
            schema.get("additionalProperties") is False
            and "patternProperties" not in schema
            and path[-1] not in _properties(schema)
            for schema in self._container(path[:-1])
            if isinstance(schema, dict)
        )

    def _container(self, path: Path) -> list[Schema]:
        """The same for a container, which is asked for once for each of its values."""
        if path != self._parent:
            found: list[Schema] = list(self._expanded([self._root]))
            for step in path:
                found = list(
                    self._expanded(inner for schema in found for inner in _below(schema, step))
                )
            self._parent, self._at_parent = path, found
        return self._at_parent

    def _expanded(self, schemas: Iterable[Schema]) -> Iterator[Schema]:
        """`schemas`, and what they refer to or consist of."""
        waiting = list(schemas)
        seen: set[int] = set()
        while waiting and len(seen) < MAX_APPLICABLE:
            schema = waiting.pop()
            if id(schema) in seen:
                continue
            seen.add(id(schema))
            if not isinstance(schema, dict):
                yield schema
                continue
            reference = schema.get("$ref")
            if isinstance(reference, str):
                waiting += self._referred(reference)
            if reference is None or not self._ref_alone:
                parts = schema.get("allOf")
                waiting += parts if isinstance(parts, list) else ()
                yield schema

    def _referred(self, reference: str) -> list[Schema]:
        """What a JSON Pointer into this schema leads to. Nothing for any other reference."""
        if self._has_names or "%" in reference or not (reference + "/").startswith("#/"):
            return []
        found: Any = self._root
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list):
                found = found[int(name)] if name.isdecimal() and int(name) < len(found) else None
            else:
                found = found.get(name) if isinstance(found, dict) else None
        return [] if found is None else [found]


def _has_names(schema: Schema) -> bool:
    """Some part of the schema has a URI of its own, from which references in it would count."""
    waiting = [(schema, True)]
    while waiting:
        part, root = waiting.pop()
        if isinstance(part, dict):
            if not root and (isinstance(part.get("$id"), str) or isinstance(part.get("id"), str)):
                return True
            waiting += [(inner, False) for inner in part.values()]
        elif isinstance(part, list):
            waiting += [(inner, False) for inner in part]
    return False


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _below(schema: Schema, step: str | int) -> Iterator[Schema]:
    """The schemas for a member or an item of what `schema` applies to."""
    if not isinstance(schema, dict):
        return
    if isinstance(step, str):
        properties = _properties(schema)
        if step in properties:
            yield properties[step]
        elif "patternProperties" not in schema and "additionalProperties" in schema:
            yield schema["additionalProperties"]
        return
    prefix, items = schema.get("prefixItems"), schema.get("items")
    if isinstance(items, list):
        # The older form of the same.
        prefix, items = items, schema.get("additionalItems")
    if isinstance(prefix, list) and step < len(prefix):
        yield prefix[step]
    elif items is not None:
        yield items


Check = Callable[[Any, Schema, Path], str | None]


class Rejector:
    """Watches one call. `check` validates a whole value, which is at a path, against a part of the schema, and says in a
    sentence what is wrong with it."""

    def __init__(self, applicable: Applicable, check: Check) -> None:
        self._applicable = applicable
        self._check = check
        #: A check went past the work allowed: what is left is for the end to say.
        self._exhausted = False

    def name(self, path: Path) -> str | None:
        """Why a member may not have this name; None where it may."""
        if not self._applicable.forbids_name(path):
            return None
        return f"`{pointer_of(path)[:80]}` is not allowed: the schema knows no property of that name here."

    def value(self, path: Path, value: Any) -> str | None:
        """Why this value, which is whole, cannot be; None where it can."""
        if self._exhausted:
            return None
        try:
            for schema in self._applicable.at(path):
                problem = self._check(value, schema, path)
                if problem is not None:
                    return problem
        except (OverBudget, RecursionError):
            self._exhausted = True
        return None
