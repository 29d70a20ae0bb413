"""The tools of one request: found by name, written for a request, and asked for a verdict on the arguments that came."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from streamnorm.errors import LocalError, ToolError
from streamnorm.tools.dicts import tools_of_dict
from streamnorm.tools.functions import function_tool
from streamnorm.tools.models import is_model, tool_of_model
from streamnorm.tools.tool import Tool

if TYPE_CHECKING:
    from streamnorm.arguments.reject import Rejector
    from streamnorm.arguments.validate import ArgumentsValidator, Engine, Validation

__all__ = ["ToolSet"]

#: Characters of a name that are compared with those of the tools.
_MAX_NAME: Final = 64


class ToolSet:
    """Tools by name, each with its schema compiled once. It can be shared by threads and by streams.

    tools: tool dicts of any dialect, pydantic models (strict, as the OpenAI SDK makes them), Python functions, `Tool`s, or
        names (whose parameters are not known: any object will do). The dict of a tool that the provider runs itself is kept in
        `hosted`.
    engine: `"jsonschema"`, `"fast"` (jsonschema-rs, from the extra `fast`, with the same verdicts) or `"auto"`: fast if it is
        installed.
    budget_ms, levels: what one validation may take, and how deep arguments may be nested.

    Raises ToolError for a tool that is none, a name that is refused or given twice, or a schema that is none (with the tool's
    name and the JSON Pointer of the place), LocalError for an unknown engine, or `"fast"` without jsonschema-rs.
    """

    def __init__(
        self,
        tools: Iterable[Any] = (),
        *,
        engine: Engine = "auto",
        budget_ms: float = 100.0,
        levels: int = 64,
    ) -> None:
        from streamnorm.arguments.validate import ArgumentsValidator

        self._tools: dict[str, Tool] = {}
        self._validators: dict[str, ArgumentsValidator] = {}
        #: The dicts of tools that the provider runs itself, as they were given.
        self.hosted: tuple[dict[str, Any], ...] = ()
        if isinstance(tools, str | Mapping):
            raise LocalError(f"tools are given as a list, not as a {type(tools).__name__}")
        for tool in _tools_of(tools):
            if isinstance(tool, dict):
                self.hosted += (tool,)
                continue
            if tool.name in self._tools:
                raise ToolError(f"two tools are named {tool.name!r}: a call could be for either")
            self._tools[tool.name] = tool
            if tool.kind == "function":
                schema = {"type": "object"} if tool.parameters is None else tool.parameters
                self._validators[tool.name] = ArgumentsValidator(
                    schema, tool=tool.name, engine=engine, budget_ms=budget_ms, levels=levels
                )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._tools)

    def __getitem__(self, name: str) -> Tool:
        """Raises KeyError for a name that no tool has."""
        return self._tools[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __repr__(self) -> str:
        return f"ToolSet({', '.join(self._tools)})"

    def openai(self) -> list[dict[str, Any]]:
        """The `tools` of a chat completion. (Those the provider runs itself have no place there.)"""
        return [tool.openai() for tool in self]

    def responses(self) -> list[dict[str, Any]]:
        """The `tools` of a Responses request, those that the provider runs itself last."""
        return [*(tool.responses() for tool in self), *self.hosted]

    def validate(self, name: str, arguments: str) -> Validation:
        """The verdict on the argument text of a finished call. It raises nothing, whatever name and text are: a tool that does
        not exist is a problem (keyword `name`) which tells the nearest one. The input of a custom tool is text, and is valid."""
        from streamnorm.arguments.validate import Validation

        validator = self._validators.get(name)
        if validator is not None:
            return validator.validate(arguments)
        return Validation(ok=True) if name in self._tools else self._unknown(name)

    def rejector(self, name: str) -> Rejector | None:
        """What finds, while the arguments of a call of this tool still come, that they cannot become valid; None for a tool
        whose input is text."""
        validator = self._validators.get(name)
        return None if validator is None else validator.rejector()

    def validate_value(self, name: str, value: Any) -> Validation:
        """The same for arguments that have been parsed."""
        from streamnorm.arguments.validate import Validation

        validator = self._validators.get(name)
        if validator is not None:
            return validator.validate_value(value)
        return Validation(ok=True) if name in self._tools else self._unknown(name)

    def _unknown(self, name: str) -> Validation:
        from streamnorm.arguments.problems import listed, shown
        from streamnorm.arguments.validate import refused

        near = difflib.get_close_matches(name[:_MAX_NAME], self._tools, n=1)
        hint = f" Did you mean {shown(near[0])}?" if near else ""
        names = listed(map(shown, self._tools), "and")
        known = (
            "there are no tools.",
            f"the only tool is {names}.",
            f"the tools are {names}.",
        )[min(len(self._tools), 2)]
        return refused(
            "name",
            f"No tool is named {shown(name)}: {known}{hint}",
            seen=f"the name {shown(name)}",
            expected=f"the name {shown(near[0])}" if near else "the name of a tool",
        )


def _tools_of(given: Iterable[Any]) -> Iterator[Tool | dict[str, Any]]:
    for one in given:
        if isinstance(one, Tool):
            yield one
        elif isinstance(one, str):
            yield Tool(name=one)
        elif isinstance(one, Mapping):
            yield from tools_of_dict(one)
        elif is_model(one):
            yield tool_of_model(one)
        elif callable(one) and not isinstance(one, type):
            yield function_tool(one)
        else:
            raise ToolError(
                f"{one!r} is no tool: give a tool dict, a pydantic model, a function, a Tool or a name"
            )
