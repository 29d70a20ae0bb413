"""What the helper says of one choice: which events a delta makes, and when something is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from streamnorm.client.accumulate import ChoiceSum, Text
from streamnorm.client.helper.events import (
    ChatCompletionStreamEvent,
    ContentDeltaEvent,
    ContentDoneEvent,
    FunctionToolCallArgumentsDeltaEvent,
    FunctionToolCallArgumentsDoneEvent,
    LogprobsContentDeltaEvent,
    LogprobsContentDoneEvent,
    LogprobsRefusalDeltaEvent,
    LogprobsRefusalDoneEvent,
    RefusalDeltaEvent,
    RefusalDoneEvent,
)
from streamnorm.client.helper.partial import Partial
from streamnorm.client.parsing import parse_arguments, parse_content, tool_named
from streamnorm.dialects.chat.types import Choice, ChoiceDelta, ChoiceDeltaToolCall, ChoiceLogprobs

__all__ = ["ChoiceEvents"]


class ChoiceEvents:
    """One choice while it streams. `parsed` and `parsed_arguments` (by the call's index) are the values so far, and the final
    ones where what they are read from is done."""

    def __init__(self, total: ChoiceSum, response_format: Any, tools: list[Any]) -> None:
        self.parsed: Any = None
        self.parsed_arguments: dict[int, Any] = {}
        self._total = total
        self._format = response_format if isinstance(response_format, type) else None
        self._tools = tools
        self._content = Partial()
        self._arguments: dict[int, Partial] = {}
        #: What was told to be done: names of fields, indexes of calls.
        self._done: set[str | int] = set()
        self._latest_call: int | None = None
        #: Calls that were left before their arguments were JSON: they may go on.
        self._left: list[int] = []

    def read(self, choice: Choice) -> Iterator[ChatCompletionStreamEvent]:
        """The events of a delta, which has been added to the total.

        Raises pydantic's ValidationError and ValueError where what is done is not what was promised.
        """
        delta = choice.delta
        yield from self._texts(delta)
        for call in delta.tool_calls or ():
            yield from self._call_delta(call)
        if choice.logprobs is not None:
            yield from self._logprobs(choice.logprobs)
        if choice.finish_reason:
            yield from self._content_done()
            for index in [*self._left, self._latest_call]:
                yield from self._call_done(index)
        for call in delta.tool_calls or ():
            yield from self._switch(call.index)

    def _texts(self, delta: ChoiceDelta) -> Iterator[ChatCompletionStreamEvent]:
        content, refusal = self._total.text("content"), self._total.text("refusal")
        if delta.content is not None and content is not None:
            if self._format is not None and refusal is None:
                self._content.feed(delta.content)
                self.parsed = self._content.settled
            yield ContentDeltaEvent(delta.content, content, self.parsed)
        if delta.refusal is not None and refusal is not None:
            yield RefusalDeltaEvent(delta.refusal, refusal)

    def _call_delta(self, delta: ChoiceDeltaToolCall) -> Iterator[ChatCompletionStreamEvent]:
        index, function = delta.index, delta.function
        total = self._total.call(index)
        if function is None or "function" not in total:
            return
        fragment = function.arguments or ""
        name = _told(total["function"].get("name"))
        tool = tool_named(self._tools, name)
        if fragment and tool is not None and tool["function"].get("strict"):
            reader = self._arguments.setdefault(index, Partial())
            reader.feed(fragment)
            self.parsed_arguments[index] = reader.settled
        text = total["function"].setdefault("arguments", Text(""))
        parsed = self.parsed_arguments.get(index)
        yield FunctionToolCallArgumentsDeltaEvent(name, index, text, parsed, fragment)

    def _logprobs(self, delta: ChoiceLogprobs) -> Iterator[ChatCompletionStreamEvent]:
        total = self._total.logprobs
        if total is None:
            return
        if delta.content and total.content:
            yield LogprobsContentDeltaEvent(delta.content, total.content)
        if delta.refusal and total.refusal:
            yield LogprobsRefusalDeltaEvent(delta.refusal, total.refusal)

    def _switch(self, index: int) -> Iterator[ChatCompletionStreamEvent]:
        """A delta is of the call at `index`. Where another one came before, that one is done, unless what came of its arguments
        is no JSON yet: servers tell calls in turns, and it may go on."""
        if index == self._latest_call:
            return
        yield from self._content_done()
        latest, self._latest_call = self._latest_call, index
        if latest is not None and latest not in self._left:
            if _is_json(_told(self._total.call(latest).get("function", {}).get("arguments"))):
                yield from self._call_done(latest)
            else:
                self._left.append(latest)

    def _content_done(self) -> Iterator[ChatCompletionStreamEvent]:
        content, refusal = self._total.text("content"), self._total.text("refusal")
        if content is not None and content.length and self._first("content"):
            refused = refusal is not None and refusal.length
            self.parsed = None if refused else parse_content(self._format, content.whole())
            yield ContentDoneEvent(content.whole(), self.parsed)
        if refusal is not None and self._first("refusal"):
            yield RefusalDoneEvent(refusal.whole())
        logprobs = self._total.logprobs
        if logprobs is None:
            return
        if logprobs.content is not None and self._first("logprobs.content"):
            yield LogprobsContentDoneEvent(logprobs.content.copy())
        if logprobs.refusal is not None and self._first("logprobs.refusal"):
            yield LogprobsRefusalDoneEvent(logprobs.refusal.copy())

    def _call_done(self, index: int | None) -> Iterator[ChatCompletionStreamEvent]:
        if index is None or not self._first(index):
            return
        function = self._total.call(index).get("function")
        if function is None:
            return
        name, arguments = _told(function.get("name")), _told(function.get("arguments"))
        parsed = parse_arguments(tool_named(self._tools, name), arguments)
        self.parsed_arguments[index] = parsed
        yield FunctionToolCallArgumentsDoneEvent(name, index, arguments, parsed)

    def _first(self, what: str | int) -> bool:
        if what in self._done:
            return False
        self._done.add(what)
        return True


def _told(text: Any) -> str:
    return text.whole() if isinstance(text, Text) else ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
