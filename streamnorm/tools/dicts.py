"""The dicts by which requests offer tools, of every dialect, read into tools. Nothing is checked here but the shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamnorm.errors import ToolError
from streamnorm.tools.tool import NO_PARAMETERS, Tool

__all__ = ["tools_of_dict"]


def tools_of_dict(given: Mapping[str, Any]) -> Iterator[Tool | dict[str, Any]]:
    """The tools that one entry of `tools` or `functions` offers; a dict is given back where the provider runs the tool itself
    (`web_search`, `mcp`...), so that there are no arguments to judge.

    The shapes: chat completions' (`{"type": "function", "function": {...}}`), Responses' (flat), the older `functions`
    (without a type), both kinds of custom tool, Messages' (`input_schema`), and Gemini's `functionDeclarations`. Raises ToolError
    for any other.
    """
    kind = given.get("type")
    body = given.get("function")
    declarations = given.get("functionDeclarations") or given.get("function_declarations")
    if isinstance(body, Mapping):
        yield _function(body)
    elif isinstance(declarations, list):
        yield from map(_declared, declarations)
        if rest := {key: given[key] for key in given if not key.startswith("function")}:
            yield rest
    elif kind == "custom" and "input_schema" not in given:
        yield _custom(given)
    elif kind in (None, "function", "custom") and "name" in given:
        yield _function(given)
    elif isinstance(kind, str) and kind != "function":
        yield dict(given)
    elif kind is None and given and all(isinstance(value, Mapping) for value in given.values()):
        yield dict(given)  # Gemini's own tools have a key and no type: {"googleSearch": {}}
    else:
        raise ToolError(
            f"no tool in a dict with the keys {sorted(map(str, given))}: it needs a name, as in "
            '{"type": "function", "function": {"name": ..., "parameters": ...}}'
        )


def _function(body: Mapping[str, Any]) -> Tool:
    name = _text(body, "name", "")
    for key in ("parameters", "input_schema", "inputSchema"):
        if key in body:
            parameters = body[key]
            break
    else:
        parameters = None
    if parameters is None or parameters == {}:
        parameters = dict(NO_PARAMETERS)
    if not isinstance(parameters, dict):
        raise ToolError(
            f"the parameters of tool {name!r} are a {type(parameters).__name__}: a JSON Schema is a dict"
        )
    strict = body.get("strict")
    return Tool(
        name=name,
        description=_text(body, "description", name) if body.get("description") else None,
        parameters=parameters,
        strict=strict if isinstance(strict, bool) else None,
    )


def _custom(given: Mapping[str, Any]) -> Tool:
    inner = given.get("custom")
    body = inner if isinstance(inner, Mapping) else given
    name = _text(body, "name", "")
    wanted = body.get("format")
    if isinstance(wanted, dict) and isinstance(wanted.get("grammar"), dict):
        wanted = {"type": "grammar", **wanted["grammar"]}
    return Tool(
        name=name,
        description=_text(body, "description", name) if body.get("description") else None,
        kind="custom",
        format=wanted if isinstance(wanted, dict) else None,
    )


def _text(body: Mapping[str, Any], key: str, name: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        of = f" of tool {name!r}" if name else " of a tool"
        raise ToolError(f"the {key}{of} is a {type(value).__name__}, not a string")
    return value


def _declared(declaration: Any) -> Tool:
    if not isinstance(declaration, Mapping):
        raise ToolError(f"a function declaration is a dict, not a {type(declaration).__name__}")
    for key in ("parametersJsonSchema", "parameters_json_schema"):
        if key in declaration:
            return _function({**declaration, "parameters": declaration[key]})
    if isinstance(declaration.get("parameters"), dict):
        return _function({**declaration, "parameters": _json_schema(declaration["parameters"])})
    return _function(declaration)


def _json_schema(schema: Any) -> Any:
    """Gemini's Schema, which is OpenAPI's (https://ai.google.dev/api/caching#Schema), as JSON Schema: its types are in capitals,
    null is a property of a type, and counts are strings."""
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        match key, value:
            case "type", str():
                made[key] = value.lower()
            case "properties", dict():
                made[key] = {name: _json_schema(inner) for name, inner in value.items()}
            case "items", _:
                made[key] = _json_schema(value)
            case "anyOf", list():
                made[key] = list(map(_json_schema, value))
            case _, str() if key.startswith(("min", "max")) and value.isdigit():
                made[key] = int(value)
            case "nullable", _:
                continue
            case _:
                made[key] = value
    if schema.get("nullable") is True and "type" in made:
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made
