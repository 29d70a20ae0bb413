"""What one message of the history may hold: its fields, its calls' arguments and its content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from streamnorm.requests.reading import pointer
from streamnorm.requests.reasoning import REASONING
from streamnorm.requests.work import ABSENT, Turn, Work, calls_of

if TYPE_CHECKING:
    from streamnorm.requests.options import (
        ArgumentText,
        EmptyContent,
        ResultText,
        Roles,
        UnknownFields,
    )

__all__ = [
    "flatten_content",
    "keep_own_fields",
    "leave_out_unknown",
    "write_arguments",
    "write_empty_content",
    "write_results",
]

#: What an assistant's message has in a request (platform.openai.com/docs/api-reference/chat/create). Reasoning is the business
#: of other rules.
_OWN: Final = frozenset(
    {"role", "content", "name", "refusal", "audio", "tool_calls", "function_call"}
)
_OF_CALL: Final = frozenset({"id", "type", "function", "custom"})

#: Fields that answers have, and that say nothing where they are null or an empty list. A request may leave out each.
_IDLE: Final = frozenset({"annotations", "audio", "function_call", "refusal", "tool_calls"})

_STREAM_ONLY: Final = "replay-strip-stream-only-keys"
_ARGUMENTS: Final = "arguments-must-be-valid-json-string"
_RESULT: Final = "tool-result-must-be-string"
_CONTENT: Final = "content-must-be-string"
_EMPTINESS: Final = "assistant-content-null-vs-empty"
_UNKNOWN: Final = "unknown-fields-rejected"


def keep_own_fields(work: Work) -> None:
    """An assistant's message as a request has it. Everywhere: without the fields that say nothing, the calls' `index`, which is
    a delta's, and what a client parsed. Where the profile names the rule: without any field that only answers have."""
    strict = work.claim(_STREAM_ONLY) is not None
    for turn in work.assistants():
        for key in [*turn.message]:
            value = turn.message[key]
            idle = key in _IDLE and (value is None or value == [])
            foreign = strict and key not in _OWN and key not in REASONING
            if idle or foreign or key == "parsed":
                work.leave_out(_STREAM_ONLY, turn, key)
        function = turn.message.get("function_call")
        if isinstance(function, dict):
            kept = _own_of_function(function, strict=strict)
            if len(kept) < len(function):
                _note_without(work, f"{turn.where}/function_call", function, kept)
                turn.message = {**turn.message, "function_call": kept}
        for at, where, call in calls_of(turn):
            kept = {
                key: value
                for key, value in call.items()
                if key != "index" and (not strict or key in _OF_CALL)
            }
            if isinstance(function := call.get("function"), dict):
                kept["function"] = _own_of_function(function, strict=strict)
            if kept != call:
                _note_without(work, where, call, kept)
                turn.with_call(at, kept)


def _own_of_function(function: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    return {
        key: value
        for key, value in function.items()
        if key != "parsed_arguments" and (not strict or key in ("name", "arguments"))
    }


def _note_without(work: Work, where: str, given: dict[str, Any], kept: dict[str, Any]) -> None:
    extra = [key for key in given if key not in kept]
    inner = given.get("function")
    if isinstance(inner, dict):
        extra += [f"function.{key}" for key in inner if key not in kept["function"]]
    work.note(_STREAM_ONLY, where, given, f"without {', '.join(extra)}")


def write_arguments(work: Work) -> None:
    """A call's arguments are a string of JSON. Everywhere: what is no string is written as one, and nothing is `{}`. Where the
    profile names the rule: text that does not parse becomes an object that holds it."""
    claim = work.claim(_ARGUMENTS)
    broken = cast("ArgumentText", claim.options).broken if claim else None
    for turn in work.assistants():
        call = turn.message.get("function_call")
        if isinstance(call, dict):
            written = _written(work, call, f"{turn.where}/function_call", broken)
            turn.message = {**turn.message, "function_call": written}
        for at, where, call in calls_of(turn):
            function = call.get("function")
            if isinstance(function, dict):
                written = _written(work, function, f"{where}/function", broken)
                if written is not function:
                    turn.with_call(at, {**call, "function": written})


def _written(
    work: Work, function: dict[str, Any], where: str, broken: str | None
) -> dict[str, Any]:
    arguments = function.get("arguments", ABSENT)
    if isinstance(arguments, str) and arguments.strip():
        if broken is None or _parses(arguments):
            return function
        written = _compact({"_raw": arguments}) if broken == "raw" else "{}"
        done = "it does not parse; sent as " + ("{}" if broken == "empty" else "_raw in an object")
    elif arguments is ABSENT or arguments is None or isinstance(arguments, str):
        written, done = "{}", "sent as {}"
    else:
        written, done = _compact(arguments), "sent as a string of JSON"
    work.note(_ARGUMENTS, f"{where}/arguments", arguments, done)
    return {**function, "arguments": written}


def write_results(work: Work) -> None:
    """A result's content is text. Everywhere: what is neither text nor a list of parts is written as JSON. Where the profile
    names the rule: a list of text parts is joined, and plain text is quoted if the profile says so."""
    claim = work.claim(_RESULT)
    options = cast("ResultText", claim.options) if claim else None
    for turn in work.turns:
        if turn.role not in ("tool", "function") or "content" not in turn.message:
            continue
        content = turn.message["content"]
        written, done = content, ""
        if not isinstance(content, str) and not _is_parts(content):
            written, done = _compact(content), "sent as a string of JSON"
        elif options and (joined := _joined(content)) is not None:
            written, done = joined, "its text parts joined"
        if options and options.quoted and isinstance(written, str) and not _parses(written):
            written, done = json.dumps(written, ensure_ascii=False), "quoted, as a string of JSON"
        if done:
            _set_content(work, _RESULT, turn, written, done)


def flatten_content(work: Work) -> None:
    """Where content has to be a string, text parts are joined, a line each. Content with anything else in it stays."""
    claim = work.claim(_CONTENT)
    if claim is None:
        return
    roles = cast("Roles", claim.options).roles
    for turn in work.turns:
        joined = _joined(turn.message.get("content"))
        if joined is not None and (not roles or turn.role in roles):
            _set_content(work, _CONTENT, turn, joined, "its text parts joined")


def write_empty_content(work: Work) -> None:
    """Beside calls, an assistant's empty content is of the kind that the host takes."""
    claim = work.claim(_EMPTINESS)
    if claim is None:
        return
    options = cast("EmptyContent", claim.options)
    for turn in work.assistants():
        content = turn.message.get("content", ABSENT)
        kind = {"absent": content is ABSENT, "null": content is None, "empty": content in ("", [])}
        if not _calls_something(turn) or not any(kind[refused] for refused in options.refuses):
            continue
        if options.write == "absent":
            work.leave_out(_EMPTINESS, turn, "content")
        else:
            written = None if options.write == "null" else ""
            _set_content(work, _EMPTINESS, turn, written, f"sent as {json.dumps(written)}")


def leave_out_unknown(work: Work) -> None:
    """Fields of messages and calls that the host refuses."""
    claim = work.claim(_UNKNOWN)
    if claim is None:
        return
    options = cast("UnknownFields", claim.options)
    by_role = cast("Mapping[str, frozenset[str]]", options.messages)
    for turn in work.turns:
        for key in sorted(by_role.get(turn.role, frozenset()) & turn.message.keys()):
            refusal = turn.message[key] if key == "refusal" else None
            work.leave_out(_UNKNOWN, turn, key)
            if _is_text(refusal) and not turn.message.get("content"):
                _set_content(
                    work, _UNKNOWN, turn, refusal, "the refusal, which was all that was said"
                )
        for at, where, call in calls_of(turn):
            for key in sorted(options.calls & call.keys()):
                work.note(_UNKNOWN, pointer(where, key), call[key], "left out")
            if not options.calls.isdisjoint(call):
                kept = {key: call[key] for key in call if key not in options.calls}
                turn.with_call(at, kept)


def _calls_something(turn: Turn) -> bool:
    return any(calls_of(turn)) or isinstance(turn.message.get("function_call"), dict)


def _set_content(work: Work, rule: str, turn: Turn, content: Any, done: str) -> None:
    work.note(rule, f"{turn.where}/content", turn.seen("content"), done)
    turn.message = {**turn.message, "content": content}


def _joined(content: Any) -> str | None:
    """The text of a list of text parts; None for anything else."""
    if not isinstance(content, list) or not content:
        return None
    texts = [
        part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None
        for part in content
    ]
    return "\n".join(cast("list[str]", texts)) if all(map(_is_string, texts)) else None


def _is_parts(content: Any) -> bool:
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in content)
    )


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _parses(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
