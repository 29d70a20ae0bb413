"""Canonical chunks in; helper events and the parsed completion out. Knows no transport."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from streamnorm.client.accumulate import CompletionSum
from streamnorm.client.errors import ContentFilterFinishReasonError, LengthFinishReasonError
from streamnorm.client.given import NotGiven, Omit, omit
from streamnorm.client.helper.choice import ChoiceEvents
from streamnorm.client.helper.events import ChatCompletionStreamEvent, ChunkEvent
from streamnorm.client.parsing import is_parseable, parse_completion
from streamnorm.client.types.parsed import ParsedChatCompletion
from streamnorm.dialects.chat.model import named_after
from streamnorm.dialects.chat.types import ChatCompletionChunk
from streamnorm.errors import LocalError

__all__ = ["ChatCompletionStreamState"]

#: What the generic classes of a snapshot show as their argument.
_ANYTHING = "object"


class ChatCompletionStreamState:
    """Adds up the chunks of one stream.

    input_tools: the dicts of the tools that were offered; the arguments of strict ones are parsed. response_format: the class
        that the content is an instance of, or a dict.

    Adding a chunk costs what the chunk holds. A snapshot costs all that came, and is made when it is asked for.
    """

    def __init__(
        self,
        *,
        input_tools: Iterable[Any] | Omit | NotGiven | None = omit,
        response_format: Any = omit,
    ) -> None:
        self._tools = [tool for tool in input_tools or () if isinstance(tool, Mapping)]
        self._format = response_format if isinstance(response_format, type) else None
        self._parseable = is_parseable(response_format, self._tools)
        self._total = CompletionSum()
        self._choices: dict[int, ChoiceEvents] = {}
        self._snapshot: tuple[int, ParsedChatCompletion | None] = (0, None)

    def handle_chunk(self, chunk: ChatCompletionChunk) -> list[ChatCompletionStreamEvent]:
        """The events of the next chunk.

        Raises LengthFinishReasonError or ContentFilterFinishReasonError where something was to be parsed and the answer is cut;
        pydantic's ValidationError and ValueError where it is not what was promised.
        """
        self._total.add(chunk)
        self._snapshot = (0, None)
        for choice in chunk.choices:
            self._check_finish(choice.finish_reason)
        events: list[ChatCompletionStreamEvent] = [ChunkEvent(chunk, self._completion)]
        for choice in chunk.choices:
            if choice.index not in self._choices:
                total = self._total.choices[choice.index]
                self._choices[choice.index] = ChoiceEvents(total, self._format, self._tools)
            events += self._choices[choice.index].read(choice)
        return events

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion:
        """The completion so far. Raises LocalError before the first chunk."""
        if not self._total.chunks:
            raise LocalError("no chunk has come: there is no completion yet")
        return self._completion()

    def get_final_completion(self) -> ParsedChatCompletion:
        """The completion, its content and arguments parsed; to be asked for when the stream has ended.

        Raises as `parse_completion`, and LocalError where no chunk came.
        """
        return parse_completion(
            self.current_completion_snapshot, response_format=self._format, tools=self._tools
        )

    def _completion(self) -> ParsedChatCompletion:
        at, made = self._snapshot
        if made is None or at != self._total.chunks:
            made = self._made()
            self._snapshot = (self._total.chunks, made)
        return made

    def _made(self) -> ParsedChatCompletion:
        completion: ParsedChatCompletion = named_after(
            ParsedChatCompletion.from_dict(self._total.to_dict()), _ANYTHING
        )
        for choice in completion.choices:
            named_after(choice, _ANYTHING)
            message = named_after(choice.message, _ANYTHING)
            said = self._choices.get(choice.index)
            if said is None:
                continue
            message.parsed = said.parsed
            for index, parsed in said.parsed_arguments.items():
                message.tool_calls[index].function.parsed_arguments = parsed
        return completion

    def _check_finish(self, reason: str | None) -> None:
        if reason == "length" and self._parseable:
            raise LengthFinishReasonError(completion=self._completion())
        if reason == "content_filter" and self._parseable:
            raise ContentFilterFinishReasonError(completion=self._completion())
