"""The style before tools (`functions`, `function_call`, role `function`) as tools, and tools in that style; answers in the role
that fits the call they answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from streamnorm.errors import RequestError
from streamnorm.requests.ids import is_id, maker
from streamnorm.requests.reading import worded
from streamnorm.requests.work import ABSENT, Turn, Work, calls_of

if TYPE_CHECKING:
    from streamnorm.requests.options import ResultName

__all__ = ["answer_in_kind", "name_results", "to_functions", "to_tools"]

_ROLES: Final = "tool-vs-function-role"
_LEGACY: Final = "functions-only-legacy"


def answer_in_kind(work: Work) -> None:
    """A `function` message with the id of a tool call made before it answers that call: its role is `tool`."""
    called: set[str] = set()
    for turn in work.turns:
        called.update(call["id"] for call in _calls(turn))
        id_ = turn.message.get("tool_call_id")
        if turn.role == "function" and is_id(id_) and id_ in called:
            turn.message = {**turn.message, "role": "tool"}
            work.note(
                _ROLES,
                f"{turn.where}/role",
                "function",
                "sent as tool: it answers a call by its id",
            )


def to_tools(work: Work) -> None:
    """Where the request has to be in the style of tools: functions, calls, results and the choice as those."""
    if work.style != "tools":
        return
    _offer_tools(work)
    _call_by_id(work)


def _offer_tools(work: Work) -> None:
    if "functions" in work.body:
        if "tools" in work.body:
            raise RequestError("/functions: there are `tools` too, and a request takes one of them")
        work.rename(_ROLES, "functions", "tools")
        work.body["tools"] = [{"type": "function", "function": each} for each in work.tools]
        if work.claim("parallel_tool_calls-rejected") is None:
            said = "added: false, for an answer in the older style has room for one call"
            work.add(_ROLES, "parallel_tool_calls", False, said)
    choice = work.body.get("function_call", ABSENT)
    if "tool_choice" in work.body:
        work.drop(_ROLES, "function_call", ": tool_choice says it")
    elif choice is not ABSENT:
        work.rename(_ROLES, "function_call", "tool_choice")
        if isinstance(choice, dict):
            work.body["tool_choice"] = {"type": "function", "function": choice}


def _call_by_id(work: Work) -> None:
    made = maker(work, [call["id"] for turn in work.turns for call in _calls(turn)])
    open_calls: list[tuple[str, str]] = []
    turns: list[Turn] = []
    for turn in work.turns:
        if turn.role == "assistant" and isinstance(turn.message.get("function_call"), dict):
            call = turn.message["function_call"]
            open_calls.append((str(call.get("name")), made.of(turn.where)))
            _as_tool_call(work, turn, open_calls[-1][1])
        elif turn.role == "function":
            id_ = _answered(turn, open_calls)
            if id_ is None:
                id_ = turn.message.get("tool_call_id")
                id_ = id_ if is_id(id_) else made.of(turn.where)
                _call_for(work, turns, turn, id_)
            _as_tool_result(work, turn, id_)
        turns.append(turn)
    work.turns = turns


def _calls(turn: Turn) -> list[dict[str, Any]]:
    return [call for _, _, call in calls_of(turn) if is_id(call.get("id"))]


def _answered(turn: Turn, open_calls: list[tuple[str, str]]) -> str | None:
    """The id of the call that a result answers: the first open one of its name."""
    for at, (name, id_) in enumerate(open_calls):
        if turn.message.get("name") in (name, None):
            del open_calls[at]
            return id_
    return None


def _as_tool_call(work: Work, turn: Turn, id_: str) -> None:
    call = turn.message["function_call"]
    calls = [{"id": id_, "type": "function", "function": call}]
    turn.message = {
        "tool_calls" if key == "function_call" else key: calls if key == "function_call" else value
        for key, value in turn.message.items()
        if key != "tool_calls"
    }
    turn.calls_at = f"{turn.where}/function_call"
    work.note(_ROLES, turn.calls_at, call, f"sent as the tool call {id_}")


def _as_tool_result(work: Work, turn: Turn, id_: str) -> None:
    work.note(_ROLES, f"{turn.where}/role", "function", f"sent as tool, answering {id_}")
    turn.message = {**turn.message, "role": "tool", "tool_call_id": id_}


def _call_for(work: Work, turns: list[Turn], result: Turn, id_: str) -> None:
    """Put in the turn that made the call which `result` answers: no host takes a tool's result without one. Results that
    follow one another share it."""
    name = result.message.get("name")
    if not isinstance(name, str):
        raise RequestError(
            f"{result.where}: a result in the role function needs the function's name, or the message that called it before it"
        )
    call = {"id": id_, "type": "function", "function": {"name": name, "arguments": "{}"}}
    before = next((turn for turn in reversed(turns) if turn.role != "tool"), None)
    if before is not None and before.put_in:
        before.message = {**before.message, "tool_calls": [*before.message["tool_calls"], call]}
    else:
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        turns.append(Turn(result.where, message, calls_at=result.where))
    done = f"put an assistant's turn before it that calls {worded(name)}; the arguments are not known, so there are none"
    work.note(_ROLES, result.where, ABSENT, done)


def name_results(work: Work) -> None:
    """A result carries the name of the tool beside the call's id, where the host looks for it."""
    claim = work.claim(_ROLES)
    if claim is None or not cast("ResultName", claim.options).name:
        return
    names: dict[str, str] = {}
    for turn in work.turns:
        for call in _calls(turn):
            function = call.get("function")
            if isinstance(function, dict) and isinstance(function.get("name"), str):
                names[call["id"]] = function["name"]
        name = names.get(str(turn.message.get("tool_call_id")))
        if turn.role == "tool" and name is not None and "name" not in turn.message:
            turn.message = {**turn.message, "name": name}
            work.note(_ROLES, f"{turn.where}/name", ABSENT, f"added: {worded(name)}")


def to_functions(work: Work) -> None:
    """Where the request has to be in the style before tools: tools, calls, results and the choice as functions."""
    if work.style != "functions":
        return
    if "tools" in work.body:
        if "functions" in work.body:
            raise RequestError("/functions: there are `tools` too, and a request takes one of them")
        _offer_functions(work)
    work.drop(_LEGACY, "parallel_tool_calls", ": this style has one call at a time")
    if "function_call" in work.body:
        work.drop(_LEGACY, "tool_choice", ": function_call says it")
    elif "tool_choice" in work.body:
        _choose_function(work)
    work.turns = list(_one_by_one(work))


def _offer_functions(work: Work) -> None:
    functions = []
    for at, tool in enumerate(work.tools):
        if not isinstance(tool.get("function"), dict):
            raise RequestError(f"/tools/{at}: this host takes functions only, not {worded(tool)}")
        functions.append(tool["function"])
    work.rename(_LEGACY, "tools", "functions")
    work.body["functions"] = functions


def _choose_function(work: Work) -> None:
    choice = work.body["tool_choice"]
    names = [function.get("name") for function in work.body.get("functions", [])]
    work.rename(_LEGACY, "tool_choice", "function_call")
    if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        work.body["function_call"] = choice["function"]
    elif choice in ("required", "any") and len(names) == 1:
        work.body["function_call"] = {"name": names[0]}
    elif choice not in ("auto", "none"):
        raise RequestError(
            f"/tool_choice: this host can be told `auto`, `none` or one function's name, not {worded(choice)}"
        )


def _one_by_one(work: Work) -> Iterator[Turn]:
    """The turns with a call each, and its result right after it: this style has no ids to tell two apart."""
    results: dict[str, deque[Turn]] = {}
    for turn in work.turns:
        if turn.role == "tool":
            results.setdefault(str(turn.message.get("tool_call_id")), deque()).append(turn)
    for turn in work.turns:
        calls = list(calls_of(turn))
        if turn.role != "tool" and not calls:
            yield turn
        rest = {key: value for key, value in turn.message.items() if key != "tool_calls"}
        for at, where, call in calls:
            message = {**rest, "function_call": call.get("function")}
            work.note(_LEGACY, where, call, "sent as function_call")
            if at == 0:
                yield Turn(turn.where, message)
            else:
                yield Turn(turn.where, {**message, "content": None}, calls_at=turn.where)
            answers = results.get(str(call.get("id")))
            if answers:
                yield _as_function_result(work, answers.popleft(), call)
    for answers in results.values():
        for turn in answers:
            raise RequestError(
                f"{turn.where}: no call before it has the id {worded(turn.message.get('tool_call_id'))}"
            )


def _as_function_result(work: Work, turn: Turn, call: dict[str, Any]) -> Turn:
    function = call.get("function")
    name = function.get("name") if isinstance(function, dict) else None
    kept = {key: value for key, value in turn.message.items() if key != "tool_call_id"}
    work.note(_LEGACY, f"{turn.where}/role", "tool", f"sent as function, named {worded(name)}")
    return Turn(turn.where, {**kept, "role": "function", "name": name})
