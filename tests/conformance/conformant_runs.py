"""The Assistants API of the scripted server: assistants, threads with a run, and the outputs of tools. Nothing is kept but what a
run waits for."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from conformance.conformant import CREATED, KEY, MODEL, Refused, cut, in_range, reply_to, say, whole

__all__ = ["ScriptedRuns"]

DONE = b"event: done\ndata: [DONE]\n\n"


class ScriptedRuns:
    """The app. `seen` has the requests that came."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self._ids = itertools.count(1)
        self._waiting: dict[str, list[str]] = {}

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
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for event in answer:
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _answer(self, scope: Any, body: bytes) -> dict[str, Any] | Iterator[bytes]:
        headers = dict(scope["headers"])
        if headers.get(b"authorization") != f"Bearer {KEY}".encode():
            raise Refused(401, "The key is not valid.")
        try:
            asked = json.loads(body)
        except ValueError:
            raise Refused(400, "The body is no JSON.") from None
        path = scope["path"]
        if path.endswith("/assistants"):
            return {"id": f"asst_{next(self._ids)}", "object": "assistant", "created_at": CREATED}
        if path.endswith("/threads/runs"):
            return self._begun(asked)
        return self._continued(asked, *path.split("/")[-4:-1:2])

    def _begun(self, asked: dict[str, Any]) -> Iterator[bytes]:
        if "assistant_id" not in asked:
            raise Refused(400, "Missing required parameter: 'assistant_id'.", "assistant_id")
        if asked.get("model", MODEL) != MODEL:
            raise Refused(404, "The model does not exist.", "model")
        in_range(asked, "max_prompt_tokens")
        thread, run = f"thread_{next(self._ids)}", f"run_{next(self._ids)}"
        prompt = asked["thread"]["messages"][-1]["content"]
        reply = reply_to(prompt, asked.get("tools", []), asked)
        ids = {"thread_id": thread, "run_id": run}
        stages = [self._run(thread, run, state) for state in ("created", "queued", "in_progress")]
        said = self._calls(ids, reply.calls) if reply.calls else self._message(ids, reply.text)
        return itertools.chain(stages, said, [DONE])

    def _continued(self, asked: dict[str, Any], thread: str, run: str) -> Iterator[bytes]:
        given = {each["tool_call_id"] for each in asked["tool_outputs"]}
        missing = [call for call in self._waiting[run] if call not in given]
        if missing:
            raise Refused(400, f"There is no output for {', '.join(missing)}.", "tool_outputs")
        ids = {"thread_id": thread, "run_id": run}
        begun = self._run(thread, run, "in_progress")
        return itertools.chain([begun], self._message(ids, "Warm, both."), [DONE])

    def _run(self, thread: str, run: str, state: str, **more: Any) -> bytes:
        status = "queued" if state == "created" else state
        value = {"id": run, "object": "thread.run", "created_at": CREATED, "thread_id": thread}
        return event(f"thread.run.{state}", {**value, "model": MODEL, "status": status, **more})

    def _message(self, ids: dict[str, str], text: str) -> Iterator[bytes]:
        step = {"id": f"step_{next(self._ids)}", "object": "thread.run.step", **ids}
        made = {"type": "message_creation", "status": "in_progress"}
        message = {"id": f"msg_{next(self._ids)}", "object": "thread.message", **ids}
        yield event("thread.run.step.created", {**step, **made})
        yield event("thread.run.step.in_progress", {**step, **made})
        yield event("thread.message.created", {**message, "status": "in_progress", "content": []})
        for part in cut(text):
            content = [{"index": 0, "type": "text", "text": {"value": part}}]
            delta = {"id": message["id"], "object": "thread.message.delta"}
            yield event("thread.message.delta", {**delta, "delta": {"content": content}})
        content = [{"type": "text", "text": {"value": text, "annotations": []}}]
        done = {**message, "status": "completed", "content": content}
        yield event("thread.message.completed", done)
        yield event("thread.run.step.completed", {**step, **made, "status": "completed"})
        yield self._run(ids["thread_id"], ids["run_id"], "completed")

    def _calls(self, ids: dict[str, str], calls: list[tuple[str, str]]) -> Iterator[bytes]:
        step = {"id": f"step_{next(self._ids)}", "object": "thread.run.step", **ids}
        yield event("thread.run.step.created", {**step, "type": "tool_calls"})
        yield event("thread.run.step.in_progress", {**step, "type": "tool_calls"})
        required = []
        for index, (name, arguments) in enumerate(calls):
            call = {"id": f"call_{next(self._ids)}", "type": "function"}
            function = {"name": name, "arguments": arguments}
            required.append({**call, "function": function})
            opened = {**call, "function": {"name": name, "arguments": "", "output": None}}
            yield self._part(step["id"], {"index": index, **opened})
            for part in cut(arguments):
                yield self._part(step["id"], {"index": index, "function": {"arguments": part}})
        self._waiting[ids["run_id"]] = [call["id"] for call in required]
        action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": required}}
        yield self._run(ids["thread_id"], ids["run_id"], "requires_action", required_action=action)

    def _part(self, step: str, call: dict[str, Any]) -> bytes:
        details = {"type": "tool_calls", "tool_calls": [call]}
        value = {"id": step, "object": "thread.run.step.delta", "delta": {"step_details": details}}
        return event("thread.run.step.delta", value)


def event(name: str, value: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
