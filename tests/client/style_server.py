"""Chat completions, streamed and not, as eight kinds of providers send them. What is answered goes by the conversation alone, so
that the styles can be compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec
from client.loopback import Loopback, Request, Script, Step, sse, whole

STYLES: Final = (
    "openai",
    "split names",
    "cumulative",
    "repeated ids",
    "missing index",
    "whole call",
    "legacy",
    "absent arguments",
)

#: A provider of this style sends the arguments in one piece whatever they are cut into, and one of that makes one call at a time.
UNCUT: Final = "whole call"
ONE_CALL: Final = "legacy"

#: Values for the parameters that tools may ask for.
VALUES: Final[dict[str, Any]] = {
    "location": "Paris, France",
    "unit": "celsius",
    "latitude": 48.8566,
    "longitude": 2.3522,
    "subject": "hi",
    "body": 'hi\n"you"',
    "query": "ChatGPT",
    "options": {"num_results": 3, "domain_filter": None, "sort_by": "relevance"},
}

#: What a question asks for twice, and the parameter that it is.
TWICE: Final = {
    "San Francisco and Los Angles": ("location", ("San Francisco, CA", "Los Angeles, CA")),
    "ilan@example.com": ("to", ("ilan@example.com", "katia@example.com")),
}


class Said(msgspec.Struct, frozen=True):
    """What is answered: a text, then calls as (id, name, argument text)."""

    text: str = ""
    calls: tuple[tuple[str, str, str], ...] = ()

    @property
    def finish(self) -> str:
        return "tool_calls" if self.calls else "stop"


Scenario = Callable[[dict[str, Any]], Said]


def conversation(body: dict[str, Any]) -> Said:
    """A text where no tool is offered; a call, or two parallel ones, where one is; the results in a sentence after them."""
    messages = body["messages"]
    results = [m["content"] for m in messages if m["role"] in ("tool", "function")]
    if messages[-1]["role"] in ("tool", "function"):
        return Said(f"I have looked: {'; '.join(results)}.")
    tools = body.get("tools") or [{"function": tool} for tool in body.get("functions") or ()]
    if not tools:
        return Said("你好! I am here 🦄 to help.")
    question = messages[-1]["content"]
    text = "A unicorn is a horse with a horn. " if "unicorn" in question else ""
    return Said(text, tuple(_calls(tools[0]["function"], question)))


def _calls(function: dict[str, Any], question: str) -> Iterator[tuple[str, str, str]]:
    parameter, values = next(
        (found for words, found in TWICE.items() if words in question), ("", ("",))
    )
    for at, value in enumerate(values):
        known = {**VALUES, parameter: value}
        arguments = {name: known[name] for name in function["parameters"]["properties"]}
        yield f"call_{'ab'[at] * 8}", function["name"], json.dumps(arguments, indent=1)


class Style:
    """How a provider says it. `size`: characters of argument text in a delta, 0 for all of it in one."""

    def __init__(self, name: str, size: int) -> None:
        assert name in STYLES
        self.name = name
        self._size = 0 if name == UNCUT else size

    def deltas(self, said: Said) -> Iterator[dict[str, Any]]:
        yield {"role": "assistant", "content": None if said.calls and not said.text else ""}
        for word in _cut(said.text, 6):
            yield {"content": word}
        match self.name:
            case "whole call":
                if said.calls:
                    calls = [_call(*call, index=at) for at, call in enumerate(said.calls)]
                    yield {"tool_calls": calls}
            case "legacy":
                for _, name, arguments in said.calls[:1]:
                    yield {"function_call": {"name": name, "arguments": ""}}
                    for text in _cut(arguments, self._size):
                        yield {"function_call": {"arguments": text}}
            case _:
                for at, call in enumerate(said.calls):
                    for delta in self._call_deltas(*call):
                        index = {} if self.name == "missing index" else {"index": at}
                        yield {"tool_calls": [{**index, **delta}]}

    def _call_deltas(self, id: str, name: str, arguments: str) -> Iterator[dict[str, Any]]:
        opening: dict[str, Any] = _call(id, name, "")
        match self.name:
            case "absent arguments":
                del opening["function"]["arguments"]
                yield opening
            case "split names":
                yield _call(id, name[:4], "")
                yield {"function": {"name": name[4:]}}
            case _:
                yield opening
        so_far = ""
        for text in _cut(arguments, self._size):
            so_far += text
            match self.name:
                case "cumulative":
                    yield {"function": {"arguments": so_far}}
                case "repeated ids":
                    yield _call(id, name, text)
                case _:
                    yield {"function": {"arguments": text}}

    def message(self, said: Said) -> dict[str, Any]:
        """The same, whole."""
        message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
        if said.calls and self.name == "legacy":
            _, name, arguments = said.calls[0]
            message["function_call"] = {"name": name, "arguments": arguments}
        elif said.calls:
            message["tool_calls"] = [_call(*call) for call in said.calls]
            if self.name == "repeated ids":
                for call in message["tool_calls"]:
                    call["id"] = said.calls[0][0]
        return message

    def finish(self, said: Said) -> str:
        return "function_call" if said.calls and self.name == "legacy" else said.finish


def _call(id: str, name: str, arguments: str, **more: Any) -> dict[str, Any]:
    return {
        **more,
        "id": id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _cut(text: str, size: int) -> Iterable[str]:
    size = size or len(text) or 1
    return [text[at : at + size] for at in range(0, len(text), size)]


# Served.


USAGE: Final = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}
_ABOUT: Final = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "m-1"}


def chunks(style: Style, said: Said, *, usage: bool = False) -> Iterator[dict[str, Any]]:
    """The stream's chunks."""
    for delta in style.deltas(said):
        yield chunk(delta)
    yield chunk({}, style.finish(said))
    if usage:
        yield {**chunk({}), "choices": [], "usage": USAGE}


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {**_ABOUT, "object": "chat.completion.chunk", "choices": [choice]}


def completion(style: Style, said: Said) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": style.message(said),
        "logprobs": None,
        "finish_reason": style.finish(said),
    }
    return {**_ABOUT, "object": "chat.completion", "choices": [choice], "usage": USAGE}


def speaking(
    style: str = "openai", scenario: Scenario = conversation, *, size: int = 5, most_calls: int = 9
) -> Script:
    """The script of a server that speaks in one style."""
    how = Style(style, size)

    def answer(request: Request) -> Iterable[Step]:
        assert (request.method, request.path) == ("POST", "/v1/chat/completions"), request.path
        body = request.json
        said = scenario(body)
        said = Said(said.text, said.calls[:most_calls])
        if not body.get("stream"):
            return [whole(completion(how, said), x_request_id="req_1")]
        options = body.get("stream_options") or {}
        stream = chunks(how, said, usage=bool(options.get("include_usage")))
        return sse(stream, x_request_id="req_1")

    return answer


def style_server(
    style: str = "openai", scenario: Scenario = conversation, **options: Any
) -> Loopback:
    return Loopback(speaking(style, scenario, **options))
