"""What a request offers the model to call, and what it says of whether to call: `tools` and `tool_choice`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from streamnorm.errors import RequestError
from streamnorm.requests.reading import worded
from streamnorm.requests.work import ABSENT, Work, fits
from streamnorm.tools.tool import NO_PARAMETERS

if TYPE_CHECKING:
    from streamnorm.requests.options import ModelsWithTools, SchemaWords, ToolChoices

__all__ = [
    "choose_any",
    "choose_what_is_taken",
    "close_strict_objects",
    "describe_no_parameters",
    "leave_out_empty_offers",
    "leave_out_strict",
    "refuse_tools",
    "rewrite_schemas",
    "send_none_without_tools",
]

_NO_TOOLS: Final = "response_format-with-tools"
_UNSUPPORTED: Final = "tools-unsupported-model"
_NO_PARAMETERS: Final = "noarg-schema-must-be-object"
_STRICT: Final = "strict-unsupported"
_CLOSED: Final = "additionalProperties-false-required"
_KEYWORDS: Final = "schema-keywords-rejected"
_GARBLES: Final = "tool_choice-none-garbles"
_ANY: Final = "tool_choice-required-vs-any"
_CHOICES: Final = "tool_choice-unsupported-values"
_PARALLEL: Final = "parallel_tool_calls-rejected"

#: Keywords that say what the members are, so that an object without `properties` is not one without members.
_SHAPED: Final = frozenset({"$ref", "allOf", "anyOf", "oneOf", "patternProperties", "properties"})


def leave_out_empty_offers(work: Work) -> None:
    """Everywhere: an empty list of tools is none, and without tools there is nothing to say about calls."""
    for field in ("tools", "functions"):
        if work.body.get(field, ABSENT) in (None, []):
            work.drop(_NO_TOOLS, field)
            for word in ("tool_choice", "function_call"):
                if work.body.get(word, ABSENT) in (None, "auto", "none") and not work.offered:
                    work.drop(_NO_TOOLS, word, ": there are no tools")
    if not work.offered:
        work.drop(_PARALLEL, "parallel_tool_calls", ": there are no tools")


def refuse_tools(work: Work) -> None:
    """Tools go to models that take them. Raises RequestError before anything is sent, for the model would answer as if there
    were none."""
    claim = work.claim(_UNSUPPORTED)
    if claim is None or not work.offered:
        return
    models = cast("ModelsWithTools", claim.options).models
    if not any(fits(work.model, pattern) for pattern in models):
        instead = f": take a model such as {', '.join(models)}" if models else ""
        raise RequestError(
            f"{work.offers_at}: at this provider, the model {work.model!r} takes no tools ({claim.source}){instead}"
        )


def describe_no_parameters(work: Work) -> None:
    """Everywhere: a tool without parameters has an object schema with no properties, which means the same."""

    def describe(function: dict[str, Any], where: str) -> dict[str, Any]:
        given = function.get("parameters", ABSENT)
        if given is ABSENT or given is None or given == {}:
            described = dict(NO_PARAMETERS)
        elif (
            isinstance(given, dict) and given.get("type") == "object" and not _SHAPED & given.keys()
        ):
            described = {**given, "properties": {}}
        else:
            return function
        work.note(_NO_PARAMETERS, f"{where}/parameters", given, f"sent as {worded(described)}")
        return {**function, "parameters": described}

    _each_function(work, describe)


def close_strict_objects(work: Work) -> None:
    """Under `strict`, each object that names its members says that there are no others."""
    if work.claim(_CLOSED) is None:
        return
    # Only where a profile asks for it: the linter's modules take longer to import than all others of a request.
    from streamnorm.requests.schemas import closed

    def close(function: dict[str, Any], where: str) -> dict[str, Any]:
        if function.get("strict") is not True:
            return function
        return _with_parameters(work, _CLOSED, function, where, closed(function.get("parameters")))

    _each_function(work, close)


def rewrite_schemas(work: Work) -> None:
    """Schemas without what the host refuses. What they can no longer ask for, the description says."""
    claim = work.claim(_KEYWORDS)
    if claim is None:
        return
    from streamnorm.requests.schemas import rewritten

    options = cast("SchemaWords", claim.options)

    def rewrite(function: dict[str, Any], where: str) -> dict[str, Any]:
        if options.strict_only and function.get("strict") is not True:
            return function
        found = rewritten(function.get("parameters"), options.keywords, options.shapes)
        return _with_parameters(work, _KEYWORDS, function, where, found)

    _each_function(work, rewrite)


def leave_out_strict(work: Work) -> None:
    """No tool says `strict`, where the host does not know the word."""
    if work.claim(_STRICT) is None:
        return

    def leave_out(function: dict[str, Any], where: str) -> dict[str, Any]:
        if "strict" not in function:
            return function
        work.note(_STRICT, f"{where}/strict", function["strict"], "left out")
        return {key: value for key, value in function.items() if key != "strict"}

    _each_function(work, leave_out)


def _with_parameters(
    work: Work,
    rule: str,
    function: dict[str, Any],
    where: str,
    found: tuple[dict[str, Any], list[tuple[str, Any, str]]] | None,
) -> dict[str, Any]:
    if found is None or not found[1]:
        return function
    schema, changes = found
    for pointer, seen, done in changes:
        work.note(rule, f"{where}/parameters{pointer}", seen, done)
    return {**function, "parameters": schema}


def _each_function(work: Work, rewrite: Callable[[dict[str, Any], str], dict[str, Any]]) -> None:
    """Put what `rewrite` makes of each function in its place."""
    for field in ("tools", "functions"):
        offered = work.body.get(field)
        if not isinstance(offered, list):
            continue
        changed = []
        for at, tool in enumerate(offered):
            function = tool.get("function") if field == "tools" else tool
            where = f"{work.offers_at if field == 'tools' else '/functions'}/{at}"
            where = f"{where}/function" if where.startswith("/tools") else where
            if isinstance(function, dict):
                made = rewrite(function, where)
                if made is not function:
                    tool = {**tool, "function": made} if field == "tools" else made
            changed.append(tool)
        work.body[field] = changed


def send_none_without_tools(work: Work) -> None:
    """To rule calls out, the tools stay at home."""
    if work.claim(_GARBLES) is not None and work.body.get("tool_choice") == "none":
        _keep_tools_back(work, _GARBLES)


def _keep_tools_back(work: Work, rule: str) -> None:
    work.drop(rule, "tools", ": the choice is none")
    work.drop(rule, "tool_choice", ": no tools are sent")
    work.drop(rule, "parallel_tool_calls", ": no tools are sent")


def choose_any(work: Work) -> None:
    """A call is asked for in the host's word: `any`, with only those tools that may be called; or `required`, where the host
    is known and has no word of its own."""
    choice = work.body.get("tool_choice")
    if work.claim(_ANY) is None:
        if choice == "any" and work.profile is not None:
            work.put(_ANY, "tool_choice", "required")
        return
    names = _named(choice)
    if names is not None:
        _offer_only(work, names)
        work.put(_ANY, "tool_choice", "auto" if _may_pass(choice) else "any")
    elif choice == "required":
        work.put(_ANY, "tool_choice", "any")


def _named(choice: Any) -> list[Any] | None:
    """The names of the tools that a choice lets the model call; None where it names none."""
    match choice:
        case {"function": {"name": name}}:
            return [name]
        case {"allowed_tools": {"tools": list(tools)}}:
            return [_name_of(tool) for tool in tools]
    return None


def _may_pass(choice: Any) -> bool:
    """A choice that names tools leaves it to the model whether to call one of them."""
    match choice:
        case {"allowed_tools": {"mode": "auto"}}:
            return True
    return False


def _name_of(tool: Any) -> Any:
    function = tool.get("function") if isinstance(tool, dict) else None
    return function.get("name") if isinstance(function, dict) else None


def _offer_only(work: Work, names: list[Any]) -> None:
    known = [_name_of(tool) for tool in work.tools]
    if missing := [name for name in names if name not in known]:
        raise RequestError(
            f"/tool_choice: no tool is called {worded(missing[0])}; there are {', '.join(map(worded, known)) or 'none'}"
        )
    kept = [tool for tool in work.tools if _name_of(tool) in names]
    if len(kept) < len(known):
        work.put(_ANY, "tools", kept, f"only {', '.join(map(worded, names))}: the choice is any")


def choose_what_is_taken(work: Work) -> None:
    """A choice that the host refuses becomes one that it takes. A call is then no longer certain, which the finding says."""
    claim = work.claim(_CHOICES)
    choice = work.body.get("tool_choice")
    if claim is None or choice is None:
        return
    options = cast("ToolChoices", claim.options)
    kind = "named" if _named(choice) is not None else choice
    if not isinstance(kind, str) or kind not in options.refuses:
        return
    sure = kind in ("required", "named")
    loss = "; the model may answer without a call" if sure else ""
    if kind == "none":
        _keep_tools_back(work, _CHOICES)
    elif options.instead == "omit":
        work.drop(_CHOICES, "tool_choice", loss)
    else:
        work.put(_CHOICES, "tool_choice", "auto", f"sent as auto{loss}")
