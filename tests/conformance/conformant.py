"""A server that keeps to the protocol, as an ASGI app: no model, but a script. What is asked for in a prompt as JSON is what it
calls with; anything else is answered with set phrases. `Scripted` is for chat completions and the Responses API."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from streamnorm.arguments.strict.lint import lint_strict

__all__ = ["KEY", "MODEL", "Scripted"]

MODEL = "scripted-1"
KEY = "key-of-the-scripted-server"

CREATED = 1_790_000_000
NUMBERS = "one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, fifteen, sixteen"
LINE = "zażółć gęślą jaźń, 你好, 🌍🎈"
POEM = "The river runs, the river bends,\nit carries what the mountain sends.\n" * 8
BOOK = {"title": "The Stream", "authors": ["A. River"], "year": 1994, "kind": "novel"}
SSE = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}

#: The most characters that a prompt may have.
CONTEXT = 400_000


class Refused(Exception):  # noqa: N818  # it says what happened
    """A request that is not answered."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = {
            "message": message,
            "type": "invalid_request_error",
            "param": param,
            "code": code or None,
        }


@dataclass
class Reply:
    """What is to be said: a text, or calls as (name, arguments)."""

    text: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    limit: int | None = None

    @property
    def parts(self) -> list[str]:
        return cut(self.text or "".join(arguments for _, arguments in self.calls))

    @property
    def is_cut(self) -> bool:
        return self.limit is not None and len(self.parts) > self.limit

    @property
    def said(self) -> list[str]:
        return self.parts[: self.limit] if self.is_cut else self.parts


def cut(text: str) -> list[str]:
    """The text as a model would say it, in words."""
    return re.findall(r"\s*\S{1,12}|\s+", text)


class Scripted:
    """The app. `seen` has the requests that came, `left` counts the clients that went away."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.left = 0
        self._ids = itertools.count(1)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("HTTP only")
        body = await whole(receive)
        self.seen.append((scope["path"], body))
        try:
            answer = self._answer(scope, body)
        except Refused as refused:
            await say(send, refused.status, {"error": refused.error})
            return
        if isinstance(answer, dict):
            await say(send, 200, answer)
            return
        headers = [(name.encode(), value.encode()) for name, value in SSE.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            for event in answer:
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except OSError:
            self.left += 1

    def _answer(self, scope: Any, body: bytes) -> dict[str, Any] | Iterator[bytes]:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        if headers.get("authorization") != f"Bearer {KEY}":
            raise Refused(401, "The key is not valid.", code="invalid_api_key")
        try:
            asked = json.loads(body)
        except ValueError:
            raise Refused(400, "The body is no JSON.") from None
        if scope["path"].endswith("/chat/completions"):
            return self._chat(asked)
        if scope["path"].endswith("/responses"):
            return self._responses(asked)
        raise Refused(404, "There is no such place.")

    # Chat completions

    def _chat(self, asked: dict[str, Any]) -> dict[str, Any] | Iterator[bytes]:
        known(asked, "messages")
        in_range(asked, "max_tokens")
        tools = [tool["function"] for tool in asked.get("tools", ())]
        judge_tools(tools)
        judge_format(asked.get("response_format"))
        judge_turns(asked["messages"])
        prompt = last_said(asked["messages"])
        legacy = asked.get("function_call")
        reply = reply_to(prompt, tools or asked.get("functions", []), asked)
        reply.limit = asked.get("max_tokens")
        base = {"id": f"chatcmpl-{next(self._ids)}", "created": CREATED, "model": MODEL}
        usage = usage_of(prompt, reply, "prompt_tokens", "completion_tokens")
        reason = "length" if reply.is_cut else "stop"
        if reply.calls and not reply.is_cut and not named_in(asked.get("tool_choice") or legacy):
            reason = "tool_calls"
        if not asked.get("stream"):
            return self._completion(base, reply, reason, usage)
        return self._chunks(base, reply, reason, usage, asked, legacy=bool(legacy))

    def _completion(
        self, base: dict[str, Any], reply: Reply, reason: str, usage: dict[str, int]
    ) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(reply.said) or None}
        if reply.calls:
            message |= {
                "content": None,
                "tool_calls": [
                    {
                        "id": f"call_{next(self._ids)}",
                        "type": "function",
                        "function": {"name": name, "arguments": arguments},
                    }
                    for name, arguments in reply.calls
                ],
            }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        return {**base, "object": "chat.completion", "choices": [choice], "usage": usage}

    def _chunks(
        self,
        base: dict[str, Any],
        reply: Reply,
        reason: str,
        usage: dict[str, int],
        asked: dict[str, Any],
        *,
        legacy: bool,
    ) -> Iterator[bytes]:
        base |= {"object": "chat.completion.chunk"}
        counted = bool((asked.get("stream_options") or {}).get("include_usage"))

        def chunk(choices: list[dict[str, Any]], **more: Any) -> bytes:
            more = {"usage": None, **more} if counted else more
            return data({**base, "choices": choices, **more})

        def choice(index: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
            logprobs = None
            if asked.get("logprobs") and delta.get("content"):
                token = {"token": delta["content"], "logprob": -0.1, "bytes": None}
                logprobs = {"content": [{**token, "top_logprobs": []}], "refusal": None}
            return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}

        for index in range(asked.get("n") or 1):
            for at, delta in enumerate(self._deltas(reply, legacy=legacy)):
                first = {"role": "assistant"} if at == 0 else {}
                yield chunk([choice(index, {**first, **delta})])
            yield chunk([choice(index, {}, reason)])
        if counted:
            yield chunk([], usage=usage)
        yield b"data: [DONE]\n\n"

    def _deltas(self, reply: Reply, *, legacy: bool) -> Iterator[dict[str, Any]]:
        if not reply.calls:
            yield {"content": "", "refusal": None}
            for part in reply.said:
                yield {"content": part}
        elif legacy:
            name, arguments = reply.calls[0]
            yield {"content": None, "function_call": {"name": name, "arguments": ""}}
            for part in cut(arguments):
                yield {"function_call": {"arguments": part}}
        else:
            yield {"content": None}
            left = reply.limit if reply.limit is not None else 1 << 30
            for index, (name, arguments) in enumerate(reply.calls):
                opened = {"name": name, "arguments": ""}
                call = {"index": index, "id": f"call_{next(self._ids)}", "type": "function"}
                yield {"tool_calls": [{**call, "function": opened}]}
                for part in cut(arguments):
                    if left <= 0:
                        return
                    left -= 1
                    yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}

    # Responses

    def _responses(self, asked: dict[str, Any]) -> Iterator[bytes]:
        known(asked, "input")
        in_range(asked, "max_output_tokens")
        turns = asked["input"] if isinstance(asked["input"], list) else []
        prompt = asked["input"] if not turns else last_said(turns)
        reply = reply_to(prompt, asked.get("tools", []), asked)
        reply.limit = asked.get("max_output_tokens")
        return self._events(prompt, reply)

    def _events(self, prompt: str, reply: Reply) -> Iterator[bytes]:
        response: dict[str, Any] = {
            "id": f"resp_{next(self._ids)}",
            "object": "response",
            "created_at": CREATED,
            "model": MODEL,
            "status": "in_progress",
            "output": [],
        }
        numbers = itertools.count()

        def event(type: str, **more: Any) -> bytes:
            value = {"type": type, "sequence_number": next(numbers), **more}
            return b"event: " + type.encode() + b"\n" + data(value)

        yield event("response.created", response=response)
        yield event("response.in_progress", response=response)
        output: list[dict[str, Any]] = []
        if reply.calls:
            for name, arguments in reply.calls:
                yield from self._call_events(event, name, arguments, output)
        else:
            yield from self._text_events(event, reply, output)
        cut_short = reply.is_cut
        final = {
            **response,
            "status": "incomplete" if cut_short else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if cut_short else None,
            "output": output,
            "usage": usage_of(prompt, reply, "input_tokens", "output_tokens"),
        }
        yield event(f"response.{final['status']}", response=final)

    def _text_events(
        self, event: Any, reply: Reply, output: list[dict[str, Any]]
    ) -> Iterator[bytes]:
        item = {"type": "message", "id": f"msg_{next(self._ids)}", "role": "assistant"}
        place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        empty = {"type": "output_text", "text": "", "annotations": []}
        opened = {**item, "status": "in_progress", "content": []}
        yield event("response.output_item.added", output_index=0, item=opened)
        yield event("response.content_part.added", **place, part=empty)
        for part in reply.said:
            yield event("response.output_text.delta", **place, delta=part)
        text = "".join(reply.said)
        yield event("response.output_text.done", **place, text=text)
        yield event("response.content_part.done", **place, part={**empty, "text": text})
        status = "incomplete" if reply.is_cut else "completed"
        done = {**item, "status": status, "content": [{**empty, "text": text}]}
        output.append(done)
        yield event("response.output_item.done", output_index=0, item=done)

    def _call_events(
        self, event: Any, name: str, arguments: str, output: list[dict[str, Any]]
    ) -> Iterator[bytes]:
        ids = {"id": f"fc_{next(self._ids)}", "call_id": f"call_{next(self._ids)}"}
        item = {"type": "function_call", **ids, "name": name}
        at = len(output)
        place = {"item_id": ids["id"], "output_index": at}
        opened = {**item, "arguments": "", "status": "in_progress"}
        yield event("response.output_item.added", output_index=at, item=opened)
        for part in cut(arguments):
            yield event("response.function_call_arguments.delta", **place, delta=part)
        yield event("response.function_call_arguments.done", **place, arguments=arguments)
        done = {**item, "arguments": arguments, "status": "completed"}
        output.append(done)
        yield event("response.output_item.done", output_index=at, item=done)


async def whole(receive: Any) -> bytes:
    """The body of a request."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def say(send: Any, status: int, value: Any, **headers: str) -> None:
    """Answer with one JSON value."""
    named = {"content-type": "application/json", **headers}
    start = [(name.encode(), text.encode()) for name, text in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


# What is refused


def known(asked: dict[str, Any], needed: str) -> None:
    if needed not in asked:
        raise Refused(400, f"Missing required parameter: '{needed}'.", needed)
    if asked.get("model") != MODEL:
        raise Refused(404, f"The model {asked.get('model')!r} does not exist.", "model", "no_model")
    if len(json.dumps(asked[needed])) > CONTEXT:
        raise Refused(400, "The prompt is too long.", needed, "context_length_exceeded")


def in_range(asked: dict[str, Any], limit: str) -> None:
    if not 0 <= asked.get("temperature", 1) <= 2:
        raise Refused(400, "'temperature' is between 0 and 2.", "temperature")
    if asked.get(limit, 1) < 1:
        raise Refused(400, f"'{limit}' is at least 1.", limit)


def judge_tools(tools: list[dict[str, Any]]) -> None:
    for tool in tools:
        if tool.get("strict") and lint_strict(tool["parameters"]):
            raise Refused(400, f"Invalid schema for function {tool['name']!r}.", "tools")


def judge_format(format: dict[str, Any] | None) -> None:
    named = (format or {}).get("json_schema")
    if named is not None and lint_strict(named["schema"]):
        raise Refused(400, f"Invalid schema for {named['name']!r}.", "response_format")


def judge_turns(messages: list[dict[str, Any]]) -> None:
    made = {call["id"] for turn in messages for call in turn.get("tool_calls", ())}
    for turn in messages:
        if turn["role"] == "tool" and turn["tool_call_id"] not in made:
            raise Refused(400, f"No call has the id {turn['tool_call_id']!r}.", "messages")


# What is said


def last_said(turns: list[dict[str, Any]]) -> str:
    last = turns[-1]
    return last.get("content") or last.get("output") or ""


def named_in(choice: Any) -> str:
    """The function that a choice names; empty where it names none."""
    if not isinstance(choice, dict):
        return ""
    return choice.get("name") or choice.get("function", {}).get("name", "")


def reply_to(prompt: str, tools: list[dict[str, Any]], asked: dict[str, Any]) -> Reply:
    """The script: calls where they have to be made, else what the prompt is known to want."""
    choice = asked.get("tool_choice") or asked.get("function_call")
    if tools and (choice == "required" or named_in(choice)):
        return Reply(calls=calls_for(prompt, tools, asked))
    return Reply(text=text_for(prompt, asked))


def calls_for(
    prompt: str, tools: list[dict[str, Any]], asked: dict[str, Any]
) -> list[tuple[str, str]]:
    exact = re.search(r"Call (\w+) once, with exactly these arguments: (.*)", prompt, re.DOTALL)
    if exact:
        return [(exact[1], exact[2])]
    if "poem" in prompt:
        return [("print_poem", json.dumps({"poem": POEM}))]
    cities = re.findall(r"\bin ([A-Z]\w+)", prompt)
    calls = [("get_weather", json.dumps({"city": city, "unit": "celsius"})) for city in cities]
    return calls[:1] if asked.get("parallel_tool_calls") is False else calls


def text_for(prompt: str, asked: dict[str, Any]) -> str:
    if "station" in prompt:
        return f"It is station {json.loads(prompt)['station']}."
    if "response_format" in asked:
        schema = asked["response_format"]["type"] == "json_schema"
        return json.dumps(BOOK if schema else {"river": "Vistula", "country": "Poland"})
    if "forty" in prompt:
        return f"{NUMBERS}, {NUMBERS}, {NUMBERS}\n{LINE}"
    if asked.get("stop"):
        whole = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
        return min((whole.partition(stop)[0] for stop in asked["stop"]), key=len)
    return "Five, I should say."


def usage_of(prompt: str, reply: Reply, *names: str) -> dict[str, int]:
    counts = (len(cut(prompt)), len(reply.said))
    return {**dict(zip(names, counts, strict=True)), "total_tokens": sum(counts)}
