"""Tools from pydantic models, as the OpenAI SDK makes them: the schema of the model, made strict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamnorm.errors import ToolError
from streamnorm.tools.tool import Tool

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["ModelFunction", "is_model", "pydantic_function_tool", "strict_schema", "tool_of_model"]


class ModelFunction(dict[str, Any]):
    """The `function` of a tool's dict, which remembers the model it was made from: `.parse()` makes instances of it."""

    def __init__(self, function: dict[str, Any], model: type[BaseModel]) -> None:
        super().__init__(function)
        self.model = model


def pydantic_function_tool(
    model: type[BaseModel], *, name: str | None = None, description: str | None = None
) -> dict[str, Any]:
    """The dict of a strict function tool whose arguments are the model's fields; the same as `openai.pydantic_function_tool`.

    name: the class's by default. description: its docstring by default (none where it has none of its own).
    Raises ToolError for a model that has no JSON Schema, or what is no model.
    """
    if description is None:
        description = model.__doc__
    function: dict[str, Any] = {
        "name": name or model.__name__,
        "strict": True,
        "parameters": strict_schema(model),
    }
    if description is not None:
        function["description"] = description
    return {"type": "function", "function": ModelFunction(function, model)}


def tool_of_model(model: type[BaseModel]) -> Tool:
    function = pydantic_function_tool(model)["function"]
    return Tool(**function)


def is_model(value: object) -> bool:
    """Whether it is a class of pydantic's models. (pydantic is not imported for what cannot be one.)"""
    if not isinstance(value, type) or not hasattr(value, "model_json_schema"):
        return False
    from pydantic import BaseModel

    return issubclass(value, BaseModel)


def strict_schema(model: Any) -> dict[str, Any]:
    """The strict JSON Schema of a pydantic model, or of one of pydantic's dataclasses. Raises ToolError for what has none."""
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    is_dataclass = hasattr(model, "__pydantic_config__")
    if not (is_dataclass or is_model(model)):
        raise ToolError(f"{model!r} is no pydantic model: a class that derives from BaseModel is")
    try:
        schema: dict[str, Any] = (
            TypeAdapter(model).json_schema() if is_dataclass else model.model_json_schema()
        )
    except PydanticUserError as error:
        raise ToolError(
            f"the model {model.__name__!r} has no JSON Schema: {error.message}"
        ) from None
    return _strict(schema, schema)


def _strict(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Changes a schema in place, by the SDK's rules: every object is closed and all of its properties are required, a default
    of null goes, a lone `allOf` is folded in, and a reference with anything beside it is replaced by what it names."""
    for key in ("$defs", "definitions"):
        for inner in _dict_in(schema, key).values():
            _strict(inner, root)
    if schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    if isinstance(properties := schema.get("properties"), dict):
        schema["required"] = list(properties)
        schema["properties"] = {name: _strict(inner, root) for name, inner in properties.items()}
    if isinstance(items := schema.get("items"), dict):
        schema["items"] = _strict(items, root)
    if isinstance(branches := schema.get("anyOf"), list):
        schema["anyOf"] = [_strict(inner, root) for inner in branches]
    if isinstance(parts := schema.get("allOf"), list):
        if len(parts) == 1:
            schema.update(_strict(parts[0], root))
            del schema["allOf"]
        else:
            schema["allOf"] = [_strict(inner, root) for inner in parts]
    if schema.get("default", ...) is None:
        del schema["default"]
    if "$ref" in schema and len(schema) > 1:
        named = _named_by(schema.pop("$ref"), root)
        own = dict(schema)
        schema.update({**named, **own})
        return _strict(schema, root)
    return schema


def _dict_in(schema: dict[str, Any], key: str) -> dict[str, Any]:
    found = schema.get(key)
    return found if isinstance(found, dict) else {}


def _named_by(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    named: Any = root
    for part in reference.removeprefix("#/").split("/"):
        named = named[part]
    return dict(named)
