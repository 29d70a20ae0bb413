"""What becomes of canonical chunks before the caller sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamnorm.dialects.chat.types import ChatCompletionChunk, ChoiceDeltaToolCall

__all__ = ["Emitter"]


class Emitter:
    """usage: the caller asked for the chunk of it, which has no choices; who did not, reads the first of none.
    cumulative: the deltas of a call carry its arguments from the start."""

    def __init__(self, *, usage: bool, cumulative: bool) -> None:
        self._usage = usage
        self._cumulative = cumulative
        #: The arguments so far, by choice and call.
        self._so_far: dict[tuple[int, int], str] = {}

    def emit(self, chunks: list[ChatCompletionChunk]) -> list[ChatCompletionChunk]:
        """The chunks as they are handed out."""
        if not self._usage and chunks and not chunks[-1].choices:
            chunks = [chunk for chunk in chunks if chunk.choices or chunk.usage is None]
        if self._cumulative:
            for chunk in chunks:
                for choice in chunk.choices:
                    for call in choice.delta.tool_calls or ():
                        self._accumulate(call, (choice.index, call.index))
        return chunks

    def _accumulate(self, call: ChoiceDeltaToolCall, place: tuple[int, int]) -> None:
        if call.function is not None and call.function.arguments is not None:
            so_far = self._so_far.get(place, "") + call.function.arguments
            self._so_far[place] = call.function.arguments = so_far
