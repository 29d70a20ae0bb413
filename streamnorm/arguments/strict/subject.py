"""What was handed in: a bare schema, a tool in one of the shapes in which providers take them, or a response format. The schema
is found in it, and where it lies."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

__all__ = ["Subject", "subject_of"]

#: Where a tool or a format keeps its name and its schema: the keys to what bears the name, and from there to the schema.
_SHAPES: Final = (
    (("function",), ("parameters",), "tool"),
    (("toolSpec",), ("inputSchema", "json"), "tool"),
    (("json_schema",), ("schema",), "format"),
    ((), ("parameters",), "tool"),
    ((), ("input_schema",), "tool"),
    ((), ("inputSchema",), "tool"),
    ((), ("parametersJsonSchema",), "tool"),
    ((), ("parameters_json_schema",), "tool"),
    ((), ("schema",), "format"),
)


class Subject(NamedTuple):
    """`kind`: `schema`, `tool` or `format`. `name`: what it is called, None for a bare schema. `path`: the keys that lead to
    the schema; `holder`: those that lead to what bears the name and says `strict`. `schema` is None for a tool without one.
    """

    given: Any
    kind: str
    name: str | None
    holder: tuple[str, ...]
    path: tuple[str, ...]
    schema: Any

    @property
    def pointer(self) -> str:
        return "".join(f"/{key}" for key in self.path)

    @property
    def strict(self) -> bool:
        """It says `strict: true`."""
        return self.path != () and _at(self.given, self.holder).get("strict") is True

    def with_schema(self, schema: Any) -> Any:
        """What was given, with another schema in it; what was given stays as it is."""
        return _replaced(self.given, self.path, schema)

    def with_strict(self, strict: bool) -> Any:
        """What was given, saying `strict`."""
        return _replaced(self.given, (*self.holder, "strict"), strict)


def subject_of(given: Any) -> Subject:
    """What `given` is. Whatever is not known as a tool or a format is a bare schema."""
    if isinstance(given, dict) and not isinstance(given.get("properties"), dict):
        for holder, to_schema, kind in _SHAPES:
            bearer = _at(given, holder)
            if isinstance(bearer, dict) and isinstance(bearer.get("name"), str):
                found = _at(bearer, to_schema)
                if found is not None or (holder and kind == "tool"):
                    path = (*holder, *to_schema)
                    return Subject(given, kind, bearer["name"], holder, path, found)
        if given.get("type") == "function" and isinstance(given.get("name"), str):
            return Subject(given, "tool", given["name"], (), ("parameters",), None)
    return Subject(given, "schema", None, (), (), given)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _replaced(value: Any, path: tuple[str, ...], instead: Any) -> Any:
    if not path:
        return instead
    key, *rest = path
    inner = value.get(key) if isinstance(value, dict) else None
    return {
        **(value if isinstance(value, dict) else {}),
        key: _replaced(inner, tuple(rest), instead),
    }
