"""Ollama's own streams, of `/api/chat` and `/api/generate`: a JSON object a line, the last of them marked as done."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from streamnorm.dialects.base import DialectReader, Kinds
from streamnorm.dialects.counts import count, usage_of
from streamnorm.dialects.jsontext import ROOT, TEXT, Paths
from streamnorm.events import FinishReason
from streamnorm.repairs.order import FinishMissing

__all__ = ["OllamaReader"]

#: What a line of an answer has, one of them at least; lines of other kinds have none.
_ANSWERS: Final = frozenset({"message", "response", "done"})

#: The counts and times of the last line.
_COUNTS: Final = (
    "prompt_eval_count",
    "eval_count",
    "total_duration",
    "load_duration",
    "prompt_eval_duration",
    "eval_duration",
)

_rfc3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
).fullmatch


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: Any = None


class _Call(msgspec.Struct):
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct):
    """A line of either endpoint: what `/api/chat` has in `message`, `/api/generate` has beside `model`."""

    model: str | None = None
    created_at: Any = None
    message: _Message | None = None
    response: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None
    done: bool | None = None
    done_reason: str | None = None
    prompt_eval_count: Any = None
    eval_count: Any = None
    total_duration: Any = None
    load_duration: Any = None
    prompt_eval_duration: Any = None
    eval_duration: Any = None


class OllamaReader(DialectReader):
    """Reads one stream of `/api/chat` or `/api/generate`.

    A call comes whole, its arguments as an object; an id is not asked of it. The reason has no word for calls: the calls
    themselves say so. An answer without a reason (older servers give none) ends with a finding. There is no table of legal
    order: all lines are of one kind, and nothing follows the last.
    """

    json_body = True
    terminal = '"done": true'
    reasons: ClassVar[Mapping[str, FinishReason | None]] = {
        "stop": "stop",
        "length": "length",
        # A model was loaded into memory, or taken out of it: the whole answer to a request that asked for nothing else.
        "load": "stop",
        "unload": "stop",
        # What imitates this API says so. As `stop` it is of the same meaning here, and no deviation where others say that.
        "tool_calls": "stop",
    }
    text_paths: ClassVar[Paths] = {
        (ROOT, "message"): "message",
        ("message", "content"): TEXT,
        ("message", "thinking"): TEXT,
        (ROOT, "response"): TEXT,
        (ROOT, "thinking"): TEXT,
    }

    def kind_of(self, obj: dict[str, Any]) -> str:
        """Lines have no kind; an error is a line of its own, whatever else is in it."""
        if obj.get("error") or not _ANSWERS & obj.keys():
            return ""
        # Where a message is but words, it is what went wrong.
        return "" if isinstance(obj.get("message"), str) else "line"

    def _read_line(self, line: _Line) -> None:
        say = self.say
        say.start("", line.model or "", _seconds(line.created_at))
        say.choice()
        message = line.message or _Message()
        say.reasoning(message.thinking or line.thinking or "")
        say.text(message.content or line.response or "")
        for call in message.tool_calls or line.tool_calls or ():
            self._read_call(call)
        self._count(line)
        if line.done_reason:
            say.finish(line.done_reason)
        if line.done:
            self._end()

    def _read_call(self, call: _Call) -> None:
        function = call.function or _Function()
        opened = self.say.open_call(call.id or None, function.name or "")
        value = function.arguments
        if isinstance(value, str):
            self.say.arguments(opened, value)
        elif value is not None:
            self.say.arguments(opened, msgspec.json.encode(value).decode())

    def _count(self, line: _Line) -> None:
        if line.prompt_eval_count is None and line.eval_count is None:
            return
        sent = {name: value for name in _COUNTS if (value := getattr(line, name)) is not None}
        self.say.usage = usage_of(count(line.prompt_eval_count), count(line.eval_count), sent)

    def _end(self) -> None:
        state = self.say.choice()
        if FinishMissing.mend(state):
            self._findings.note(FinishMissing.code)
        self.say.end()

    kinds: ClassVar[Kinds] = {"line": (_Line, _read_line)}


def _seconds(time: Any) -> int:
    """An RFC 3339 time in Unix seconds; 0 where it is none, or before them: servers that know no time send the year 1."""
    match = _rfc3339(time) if isinstance(time, str) else None
    if match is None:
        return 0
    *digits, sign, hours, minutes = match.groups()
    try:
        seconds = calendar.timegm(tuple(map(int, digits)))
    except ValueError:
        return 0
    if sign is not None:
        offset = 60 * (60 * int(hours) + int(minutes))
        seconds += offset if sign == "-" else -offset
    return max(seconds, 0)
