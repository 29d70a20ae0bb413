"""Tools from Python functions: the signature says what the arguments are, the docstring what they mean."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args, get_origin, get_type_hints

from streamnorm.errors import ToolError
from streamnorm.tools.docstrings import read_docstring
from streamnorm.tools.tool import Tool

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

__all__ = ["argument_reader", "function_tool"]

#: Kinds of parameter that no JSON object can fill, and what to do about each.
_REFUSED: Final[dict[Any, str]] = {
    inspect.Parameter.POSITIONAL_ONLY: "is positional only; arguments come by name: move the /",
    inspect.Parameter.VAR_POSITIONAL: "takes any number of values; make it one list",
    inspect.Parameter.VAR_KEYWORD: "takes any name; name each argument",
}


def function_tool(
    function: Callable[..., Any], *, name: str | None = None, description: str | None = None
) -> Tool:
    """A tool whose arguments are the parameters of a function: `function(**arguments)` can be called with what is valid.

    Types come from the annotations, as pydantic reads them; a parameter with a default is optional. What a parameter means comes
    from `Annotated[..., "meaning"]`, a pydantic `Field(description=...)` or the docstring (Google's, NumPy's or reST's way), in
    this order. The description is the docstring up to its first section. Nothing beside the parameters is allowed.

    Raises ToolError for a parameter that cannot come by name, and a type that has no JSON Schema.
    """
    name = name or str(getattr(function, "__name__", type(function).__name__))
    told = read_docstring(inspect.getdoc(function) or "")
    return Tool(
        name=name,
        description=description or told.summary or None,
        parameters=_parameters(function, name, told.parameters),
    )


def argument_reader(function: Callable[..., Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What turns valid arguments, as JSON has them, into the keyword arguments that the function's annotations ask for: models,
    dates, enums.

    Raises ToolError as `function_tool` does; what it returns raises pydantic's ValidationError for what no type takes.
    """
    name = str(getattr(function, "__name__", type(function).__name__))
    model = _model(function, name, {})
    parameters = {field.alias or at: at for at, field in model.model_fields.items()}

    def read(arguments: dict[str, Any]) -> dict[str, Any]:
        found = model.model_validate(arguments)
        return {
            parameter: getattr(found, at)
            for parameter, at in parameters.items()
            if at in found.model_fields_set
        }

    return read


def _parameters(function: Any, name: str, told: dict[str, str]) -> dict[str, Any]:
    from pydantic.errors import PydanticUserError
    from pydantic.json_schema import GenerateJsonSchema

    class Untitled(GenerateJsonSchema):
        """Without the titles that pydantic makes of names, and silent on defaults that are not JSON."""

        ignored_warning_kinds: Final = {"skipped-choice", "non-serializable-default"}  # type: ignore[misc]

        def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
            return False

    try:
        schema: dict[str, Any] = _model(function, name, told).model_json_schema(
            schema_generator=Untitled
        )
    except PydanticUserError as error:
        raise ToolError(
            f"the parameters of function {name!r} have no JSON Schema: {error.message}"
        ) from None
    del schema["title"]
    return schema


def _model(function: Any, name: str, told: dict[str, str]) -> type[BaseModel]:
    """A model of the parameters."""
    import pydantic
    from pydantic.errors import PydanticUserError

    # pydantic takes no name with a leading underscore, and some are its own: the parameters' names are aliases.
    fields: dict[str, Any] = {
        f"argument_{number}": _field(parameter, hint, told.get(parameter.name))
        for number, (parameter, hint) in enumerate(_annotated(function, name))
    }
    try:
        return pydantic.create_model(
            "Arguments",
            __config__=pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True),
            **fields,
        )
    except PydanticUserError as error:
        raise ToolError(
            f"the parameters of function {name!r} have no JSON Schema: {error.message}"
        ) from None


def _annotated(function: Any, name: str) -> list[tuple[inspect.Parameter, Any]]:
    """The parameters, each with its annotation (Any where there is none)."""
    try:
        signature = inspect.signature(function)
        target = function if inspect.isroutine(function) else type(function).__call__
        hints = get_type_hints(inspect.unwrap(target), include_extras=True)
    except (NameError, TypeError, ValueError) as error:
        raise ToolError(f"the signature of {name!r} cannot be read: {error}") from None
    for parameter in signature.parameters.values():
        if reason := _REFUSED.get(parameter.kind):
            raise ToolError(f"the parameter {parameter.name!r} of function {name!r} {reason}")
    return [
        (parameter, hints.get(parameter.name, Any)) for parameter in signature.parameters.values()
    ]


def _field(parameter: inspect.Parameter, hint: Any, told: str | None) -> tuple[Any, Any]:
    from pydantic import Field
    from pydantic.fields import FieldInfo

    default = ... if parameter.default is inspect.Parameter.empty else parameter.default
    extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    fields: list[FieldInfo] = [
        extra for extra in (*extras, default) if isinstance(extra, FieldInfo)
    ]
    words = next((extra for extra in extras if isinstance(extra, str)), None)
    if words is None and not any(field.description for field in fields):
        words = told
    named = Field(alias=parameter.name, validation_alias=parameter.name)
    if words is not None:
        named = Field(
            alias=parameter.name,
            validation_alias=parameter.name,
            description=inspect.cleandoc(words),
        )
    return Annotated[hint, named], default
