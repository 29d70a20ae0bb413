"""The `.stream()` helper over a stream of chunks, blocking and not: the chunks' events instead of the chunks. The stream is
anything that iterates over canonical chunks and closes; what it knows of its HTTP it keeps to itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from streamnorm.client.given import NotGiven, Omit, omit
from streamnorm.client.helper.state import ChatCompletionStreamState

if TYPE_CHECKING:
    from streamnorm.client.helper.events import ChatCompletionStreamEvent
    from streamnorm.client.types.parsed import ParsedChatCompletion

__all__ = [
    "AsyncChatCompletionStream",
    "AsyncChatCompletionStreamManager",
    "ChatCompletionStream",
    "ChatCompletionStreamManager",
]

Tools = Iterable[Any] | Omit | NotGiven | None


class _Helped:
    """A stream, and the state that its chunks go through. What else is asked of it, the stream answers: `response`, `findings`,
    `result`, `complete`."""

    def __init__(
        self, *, raw_stream: Any, response_format: Any = omit, input_tools: Tools = omit
    ) -> None:
        self._raw_stream = raw_stream
        self._state = ChatCompletionStreamState(
            response_format=response_format, input_tools=input_tools
        )

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion:
        """The completion so far. Raises LocalError before the first chunk."""
        return self._state.current_completion_snapshot

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._raw_stream, name)


class ChatCompletionStream(_Helped):
    """Iterates over the events of one stream, once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._events = self._read()

    def _read(self) -> Iterator[ChatCompletionStreamEvent]:
        for chunk in self._raw_stream:
            yield from self._state.handle_chunk(chunk)

    def __iter__(self) -> Iterator[ChatCompletionStreamEvent]:
        return self._events

    def __next__(self) -> ChatCompletionStreamEvent:
        return next(self._events)

    def until_done(self) -> Self:
        """Read what is left."""
        for _ in self._events:
            pass
        return self

    def get_final_completion(self) -> ParsedChatCompletion:
        """Read what is left; the completion, its content and arguments parsed."""
        return self.until_done()._state.get_final_completion()

    def close(self) -> None:
        """Let go of the connection."""
        self._raw_stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncChatCompletionStream(_Helped):
    """As `ChatCompletionStream`, for `async for`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._events = self._read()

    async def _read(self) -> AsyncIterator[ChatCompletionStreamEvent]:
        async for chunk in self._raw_stream:
            for event in self._state.handle_chunk(chunk):
                yield event

    def __aiter__(self) -> AsyncIterator[ChatCompletionStreamEvent]:
        return self._events

    async def __anext__(self) -> ChatCompletionStreamEvent:
        return await anext(self._events)

    async def until_done(self) -> Self:
        async for _ in self._events:
            pass
        return self

    async def get_final_completion(self) -> ParsedChatCompletion:
        return (await self.until_done())._state.get_final_completion()

    async def close(self) -> None:
        await self._raw_stream.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class ChatCompletionStreamManager:
    """What `.stream()` returns: `with` sends the request, and lets go of the connection at its end."""

    def __init__(
        self,
        api_request: Callable[[], Any],
        *,
        response_format: Any = omit,
        input_tools: Tools = omit,
    ) -> None:
        self._request = api_request
        self._options = {"response_format": response_format, "input_tools": input_tools}
        self._stream: ChatCompletionStream | None = None

    def __enter__(self) -> ChatCompletionStream:
        self._stream = ChatCompletionStream(raw_stream=self._request(), **self._options)
        return self._stream

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()


class AsyncChatCompletionStreamManager:
    """As `ChatCompletionStreamManager`, for `async with`; the request is an awaitable."""

    def __init__(
        self,
        api_request: Callable[[], Awaitable[Any]],
        *,
        response_format: Any = omit,
        input_tools: Tools = omit,
    ) -> None:
        self._request = api_request
        self._options = {"response_format": response_format, "input_tools": input_tools}
        self._stream: AsyncChatCompletionStream | None = None

    async def __aenter__(self) -> AsyncChatCompletionStream:
        self._stream = AsyncChatCompletionStream(raw_stream=await self._request(), **self._options)
        return self._stream

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            await self._stream.close()
