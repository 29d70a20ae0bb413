"""The tool loop without I/O: asks, looks at the calls, has those run that are whole and valid, answers each, asks again."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from streamnorm.client.tool_loop.events import (
    Execute,
    Invocation,
    Outcome,
    RoundStarted,
    RunFinished,
    ToolAnswered,
    Turn,
)
from streamnorm.errors import LocalError
from streamnorm.tools import ToolSet, function_tool
from streamnorm.tools.functions import argument_reader

if TYPE_CHECKING:
    from streamnorm.assemble import Message, Result, ToolCall

__all__ = ["CallLoop", "Runnable", "ToolLoop", "content_of", "runnables"]

#: Answers that were broken off: their calls are not what the model meant, even where they look whole.
_CUT: Final = ("length", "content_filter")

#: Characters of a function's own error that the model is told.
MAX_ERROR: Final = 500


class Runnable:
    """A function, and how it takes its arguments."""

    def __init__(self, function: Callable[..., Any], *, typed: bool) -> None:
        self.function = function
        self.read: Callable[[dict[str, Any]], dict[str, Any]] = (
            argument_reader(function) if typed else dict
        )
        self.asynchronous = inspect.iscoroutinefunction(function)

    def __call__(self, arguments: dict[str, Any]) -> Any:
        return self.function(**self.read(arguments))


class CallLoop:
    """A loop over calls: `tools` are what they are judged by, `functions` what runs them."""

    def __init__(self, tools: ToolSet, functions: dict[str, Runnable], max_rounds: int) -> None:
        if max_rounds < 1:
            raise LocalError(f"max_rounds is 1 or more, not {max_rounds}")
        self.tools = tools
        self.functions = functions
        self.rounds = 0
        self._max_rounds = max_rounds

    def flow(self) -> Generator[Any, Any, None]:
        """Yields events to be told, and `Turn` and `Execute` to be done."""
        raise NotImplementedError

    def _answers(self, calls: Sequence[ToolCall]) -> Generator[Any, Any, list[Outcome]]:
        """An outcome for each call, in order."""
        judged = [self._judge(call) for call in calls]
        ready = [found for found in judged if isinstance(found, Invocation)]
        ran = iter((yield Execute(ready)) if ready else ())
        return [next(ran) if isinstance(found, Invocation) else found for found in judged]

    def _judge(self, call: ToolCall) -> Invocation | Outcome:
        """The call, if it may be run; else the sentence that the model is told."""
        verdict = self.tools.validate(call.name, call.arguments)
        if call.complete and verdict.ok and verdict.value is not None:
            return Invocation(call.id, call.name, verdict.value)
        words = " ".join(problem.sentence for problem in verdict.errors)
        words = words or "The arguments broke off before they were whole."
        return Outcome(
            call.id,
            call.name,
            f"The call was not run. {words} Call it again with arguments that fit.",
            "invalid",
        )


class ToolLoop(CallLoop):
    """One run. `messages` grows by each answer and each result, and can be sent again as it is."""

    def __init__(
        self,
        messages: Sequence[Any],
        tools: Sequence[Any],
        functions: Mapping[str, Callable[..., Any]] | None,
        max_rounds: int,
    ) -> None:
        """Raises LocalError where a tool has no function, and ToolError for a tool that is none."""
        self.messages = list(messages)
        self.offered, runnable = runnables(tools, functions or {})
        super().__init__(ToolSet(self.offered), runnable, max_rounds)
        self.result: Result | None = None

    def flow(self) -> Generator[Any, Any, None]:
        while True:
            self.rounds += 1
            yield RoundStarted(self.rounds)
            self.result = result = yield Turn(self.messages)
            choice = result.choices[0] if result.choices else None
            message = result.message
            self.messages.append(_replayed(message))
            reason = choice.finish_reason if choice else None
            if reason in _CUT:
                yield RunFinished(reason, self.rounds)
                return
            if not message.tool_calls or self.rounds == self._max_rounds:
                yield RunFinished("max_rounds" if message.tool_calls else "done", self.rounds)
                return
            for outcome in (yield from self._answers(message.tool_calls)):
                self.messages.append(
                    {"role": "tool", "tool_call_id": outcome.id, "content": outcome.content}
                )
                yield ToolAnswered(outcome)


def runnables(
    tools: Sequence[Any], functions: Mapping[str, Callable[..., Any]]
) -> tuple[list[dict[str, Any]], dict[str, Runnable]]:
    """The tools as they are sent, and the function of each."""
    offered: list[dict[str, Any]] = []
    found: dict[str, Runnable] = {}
    for tool in tools:
        if callable(tool) and not isinstance(tool, type):
            made = function_tool(tool)
            offered.append(made.openai())
            found[made.name] = Runnable(tool, typed=True)
            continue
        for made in ToolSet([tool]):
            if made.name not in functions:
                raise LocalError(
                    f"the tool {made.name!r} has no function to run: give one in functions={{{made.name!r}: ...}}"
                )
            offered.append(made.openai())
            found[made.name] = Runnable(functions[made.name], typed=False)
    return offered, found


def _replayed(message: Message) -> dict[str, Any]:
    """The answer as a message of the next request."""
    replayed: dict[str, Any] = {"role": "assistant", "content": message.content}
    if message.refusal is not None:
        replayed["refusal"] = message.refusal
    if message.reasoning_content is not None:
        replayed["reasoning_content"] = message.reasoning_content
    if message.reasoning_details:
        replayed["reasoning_details"] = message.reasoning_details
    if message.tool_calls:
        replayed["tool_calls"] = [_replayed_call(call) for call in message.tool_calls]
    return replayed


def _replayed_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    replayed: dict[str, Any] = {"id": call.id, "type": "function", "function": function}
    if call.extra_content is not None:
        replayed["extra_content"] = call.extra_content
    return replayed


def content_of(value: Any) -> str:
    """What a function returned, as the text of a message: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    return json.dumps(value, ensure_ascii=False, default=str)


def failed(invocation: Invocation, error: BaseException) -> Outcome:
    """A function that raised: the model is told in what words."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Outcome(
        invocation.id, invocation.name, f"The tool failed. {words[:MAX_ERROR]}", "failed"
    )


def too_late(invocation: Invocation, seconds: float) -> Outcome:
    return Outcome(
        invocation.id,
        invocation.name,
        f"The tool gave no answer within {seconds:g} seconds.",
        "timeout",
    )


def reviewed(invocation: Invocation, verdict: Any) -> Invocation | Outcome:
    """What the hook makes of a call: None or True runs it, a dict runs it with these arguments, False or a reason refuses it.

    Raises LocalError for anything else.
    """
    if verdict is None or verdict is True:
        return invocation
    if isinstance(verdict, dict):
        return Invocation(invocation.id, invocation.name, verdict)
    if verdict is False or isinstance(verdict, str):
        reason = verdict or "The user did not allow it."
        return Outcome(invocation.id, invocation.name, f"The call was not run. {reason}", "refused")
    if inspect.iscoroutine(verdict):
        verdict.close()  # nobody awaits it
    raise LocalError(
        f"approve returns None or True to run a call, a dict of arguments to run it with, False or a reason to refuse it; "
        f"not {type(verdict).__name__}"
    )
