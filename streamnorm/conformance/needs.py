"""What a check may need of an exchange, by name: a function that gives the reason why it is not there, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from streamnorm.conformance.chat import is_integer
from streamnorm.conformance.evidence import Evidence

__all__ = ["NEEDS", "UNDECIDED"]

#: So few events do not show how they are sent.
FEW_EVENTS: Final = 20

#: The most choices that are looked for one by one: OpenAI takes no more.
MOST_CHOICES: Final = 128

Need = Callable[[Evidence], str]


def _answer(evidence: Evidence) -> str:
    status = evidence.status
    if status is not None and status >= 400:
        return f"the request was refused with status {status}"
    if status is not None and 300 <= status < 400:
        return f"the server sends elsewhere, with status {status}: T-017 judges that"
    return _response(evidence)


def _response(evidence: Evidence) -> str:
    failed = evidence.end is not None and evidence.end.how in ("cut", "error", "left")
    came = evidence.status is not None or evidence.body or not failed
    return "" if came else "no response came"


def _answered(evidence: Evidence) -> str:
    """There is an answer to a request, streamed or not, and all of it."""
    reason = _answer(evidence)
    if reason or evidence.end is None or evidence.end.whole:
        return reason
    return "the answer was broken off"


def _too_many(evidence: Evidence) -> str:
    return "" if evidence.status == 429 else "no request was refused with status 429"


def _connection(evidence: Evidence) -> str:
    return "" if evidence.sent.connection else "there is no connection: the app was called here"


def _streamed(evidence: Evidence) -> str:
    asked = evidence.request is None or evidence.request.get("stream") is not False
    return "" if asked else "no stream was asked for"


def _frames(evidence: Evidence) -> str:
    return "" if evidence.is_stream else "the body is no event stream: E-012 judges that"


def _whole(evidence: Evidence) -> str:
    how = evidence.end.how if evidence.end is not None else "end"
    unknown = {
        "left": "the reader went away before the end",
        "unfinished": "the recording does not say how the body ended",
        "damaged": "the recording is damaged",
    }
    return unknown.get(how, "")


def _end(evidence: Evidence) -> str:
    return "" if evidence.end is not None else "how the body ended is not known"


def _unfailed(evidence: Evidence) -> str:
    failed = {
        "chat": lambda: bool(evidence.chat.errors),
        "responses": lambda: evidence.responses.failed,
        "assistants": lambda: bool(evidence.assistants.errors),
    }.get(evidence.dialect)
    return "the stream ended in an error" if failed is not None and failed() else ""


def _without(name: str) -> Need:
    def need(evidence: Evidence) -> str:
        return (
            f"the {name} {'is' if name == 'request' else 'are'} not known"
            if name in evidence.lost
            else ""
        )

    return need


def _framing(evidence: Evidence) -> str:
    return (
        "the framing was made up by whoever kept the stream" if "framing" in evidence.lost else ""
    )


def _many(evidence: Evidence) -> str:
    few = len(evidence.frames) < FEW_EVENTS
    return f"less than {FEW_EVENTS} events do not show how they are sent" if few else ""


def _status(evidence: Evidence) -> str:
    return "" if evidence.status is not None else "the status is not known"


def _request(evidence: Evidence) -> str:
    return "" if evidence.request is not None else "the request is not known"


def _chunks(evidence: Evidence) -> str:
    return "" if evidence.chat.told else "no chunk came"


def _choices(evidence: Evidence) -> str:
    return "" if evidence.chat.deltas else "no choice came"


def _calls(evidence: Evidence) -> str:
    return "" if evidence.chat.calls else "no tool was called"


def _text(evidence: Evidence) -> str:
    return "" if evidence.chat.text else "there is no content"


def _error(evidence: Evidence) -> str:
    return "" if evidence.chat.errors else "no error came"


def _several(evidence: Evidence) -> str:
    asked = evidence.asked("n")
    return "" if is_integer(asked) and 1 < asked <= MOST_CHOICES else "one choice was asked for"


def _logprobs(evidence: Evidence) -> str:
    found = any(delta.choice.get("logprobs") is not None for delta in evidence.chat.deltas)
    return "" if found else "there are no log probabilities"


def _stop(evidence: Evidence) -> str:
    stop = evidence.asked("stop")
    return "" if stop and isinstance(stop, str | list) else "no stop text is known"


def _tools(evidence: Evidence) -> str:
    offered = evidence.request is None or evidence.tools() or evidence.chat.calls
    return "" if offered else "no tools were offered"


def _json_format(evidence: Evidence) -> str:
    asked = evidence.asked("response_format")
    kind = asked.get("type") if isinstance(asked, dict) else None
    return "" if kind in ("json_object", "json_schema") else "no JSON was asked for"


def _refusal(evidence: Evidence) -> str:
    found = any(delta.delta.get("refusal") for delta in evidence.chat.deltas)
    return "" if found else "nothing was refused"


def _usage_asked(evidence: Evidence) -> str:
    options = evidence.asked("stream_options")
    asked = isinstance(options, dict) and options.get("include_usage") is True
    return "" if asked else "usage was not asked for"


def _usage(evidence: Evidence) -> str:
    return "" if evidence.chat.usages else "there is no usage"


def _parameterless(evidence: Evidence) -> str:
    names = {name for name, tool in evidence.tools().items() if not _takes_any(tool)}
    found = any(call.name in names for call in evidence.chat.calls)
    return "" if found else "no tool without parameters was called"


def _takes_any(tool: dict[str, Any]) -> bool:
    parameters = tool.get("parameters")
    return isinstance(parameters, dict) and bool(parameters.get("properties"))


def _calls_or_required(evidence: Evidence) -> str:
    required = evidence.asked("tool_choice") == "required"
    said = any(evidence.chat.reason_of(each) == "tool_calls" for each in evidence.chat.finishes)
    return "" if evidence.chat.calls or required or said else "no tool was called"


def _no_parallel(evidence: Evidence) -> str:
    return "" if evidence.asked("parallel_tool_calls") is False else "parallel calls were allowed"


def _no_tools(evidence: Evidence) -> str:
    return "" if evidence.asked("tool_choice") == "none" else "tools were not forbidden"


def _named(evidence: Evidence) -> str:
    choice = evidence.asked("tool_choice")
    function = choice.get("function") if isinstance(choice, dict) else None
    return "" if isinstance(function, dict) and function.get("name") else "no tool was named"


def _legacy(evidence: Evidence) -> str:
    return "" if evidence.chat.legacy else "no function was called in the old form"


def _output_limit(evidence: Evidence) -> str:
    limit = evidence.asked("max_output_tokens")
    return "" if is_integer(limit) and limit > 0 else "no limit was given"


def _message_items(evidence: Evidence) -> str:
    found = any(item.type == "message" for item in evidence.responses.items)
    return "" if found else "there is no message"


def _required_action(evidence: Evidence) -> str:
    return "" if evidence.assistants.required else "no outputs were asked for"


def _run_error(evidence: Evidence) -> str:
    return "" if evidence.assistants.errors else "no error came"


def _run_messages(evidence: Evidence) -> str:
    return "" if evidence.assistants.of("thread.message.completed") else "no message was completed"


def _events(evidence: Evidence) -> str:
    return "" if evidence.responses.events else "no event came"


def _terminal(evidence: Evidence) -> str:
    return "" if evidence.responses.terminal else "there is no final response: E-015 judges that"


def _beginning(evidence: Evidence) -> str:
    return "the stream goes on from another request" if evidence.resumed else ""


def _final(evidence: Evidence) -> str:
    kind = evidence.responses.terminal[-1].value.get("type")
    return "no response is in the error that ended the stream" if kind == "error" else ""


def _function_items(evidence: Evidence) -> str:
    found = any(item.type == "function_call" for item in evidence.responses.items)
    return "" if found else "no function was called"


def _run_events(evidence: Evidence) -> str:
    return "" if evidence.assistants.events else "no event came"


#: By name. The first that is not met is the reason for which a check is skipped.
NEEDS: Final[Mapping[str, Need]] = {
    "answer": _answer,
    "response": _response,
    "answered": _answered,
    "a 429": _too_many,
    "a connection": _connection,
    "streamed": _streamed,
    "frames": _frames,
    "framing": _framing,
    "whole": _whole,
    "end": _end,
    "unfailed": _unfailed,
    "headers": _without("headers"),
    "times": _without("times"),
    "many events": _many,
    "status": _status,
    "request": _request,
    "chunks": _chunks,
    "choices": _choices,
    "calls": _calls,
    "text": _text,
    "an error": _error,
    "several choices": _several,
    "log probabilities": _logprobs,
    "stop texts": _stop,
    "tools": _tools,
    "a JSON format": _json_format,
    "a refusal": _refusal,
    "usage asked for": _usage_asked,
    "usage": _usage,
    "a tool without parameters": _parameterless,
    "calls or required": _calls_or_required,
    "no parallel calls": _no_parallel,
    "no tools wanted": _no_tools,
    "a named tool": _named,
    "a legacy call": _legacy,
    "an output limit": _output_limit,
    "message items": _message_items,
    "a required action": _required_action,
    "a run error": _run_error,
    "run messages": _run_messages,
    "events": _events,
    "terminal": _terminal,
    "a beginning": _beginning,
    "a final response": _final,
    "function items": _function_items,
    "run events": _run_events,
}

#: Those without which the exchange might have shown it, and does not say: inconclusive, not skipped.
UNDECIDED: Final = frozenset({"whole"})
