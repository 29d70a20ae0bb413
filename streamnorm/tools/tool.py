"""One tool, whatever it was made from, and the two shapes in which requests take it."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from streamnorm.errors import ToolError

__all__ = ["NO_PARAMETERS", "Tool"]

#: What every provider takes. (Some take dots, or 128 characters; a tool named so would work with those alone.)
_name = re.compile(r"[a-zA-Z0-9_-]{1,64}").fullmatch
_outside = re.compile(r"[^a-zA-Z0-9_-]+")

#: What a tool without parameters is sent with: several hosts refuse one whose schema is absent or empty.
NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as offered to a model.

    parameters: JSON Schema of the arguments; None where it is not known, and for a custom tool.
    strict: whether the provider is asked to hold the model to the schema; None where nothing was said.
    kind: `"function"` (its arguments are a JSON object) or `"custom"` (its input is text).
    format: what the text of a custom tool must look like, in the shape of the Responses API; None for any.

    Raises ToolError for a name that providers refuse: it takes 1 to 64 of `a-z`, `A-Z`, `0-9`, `_` and `-`.
    """

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    kind: Literal["function", "custom"] = "function"
    format: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ToolError(
                f"a tool needs a name, not {self.name!r}: a string such as 'get_weather'"
            )
        if not _name(self.name):
            near = _outside.sub("_", self.name)[:64]
            raise ToolError(
                f"providers refuse the tool name {self.name[:200]!r}: 1 to 64 of a-z, A-Z, 0-9, _ and -, "
                f"such as {near!r}"
            )

    def openai(self) -> dict[str, Any]:
        """As chat completions take it, in `tools`."""
        body = self._named()
        if self.kind == "custom":
            if self.format is not None:
                body["format"] = _nested(self.format)
            return {"type": "custom", "custom": body}
        body["parameters"] = self.parameters or dict(NO_PARAMETERS)
        if self.strict is not None:
            body["strict"] = self.strict
        return {"type": "function", "function": body}

    def responses(self) -> dict[str, Any]:
        """As the Responses API takes it. `strict` is always there: that API takes its absence for true."""
        body = {"type": self.kind, **self._named()}
        if self.kind == "custom":
            if self.format is not None:
                body["format"] = self.format
            return body
        body["parameters"] = self.parameters or dict(NO_PARAMETERS)
        body["strict"] = bool(self.strict)
        return body

    def _named(self) -> dict[str, Any]:
        named = {"name": self.name}
        return named if self.description is None else {**named, "description": self.description}


def _nested(format: dict[str, Any]) -> dict[str, Any]:
    """Chat completions put a grammar one level deeper than Responses."""
    if format.get("type") != "grammar" or "grammar" in format:
        return format
    inner = {key: value for key, value in format.items() if key != "type"}
    return {"type": "grammar", "grammar": inner}
