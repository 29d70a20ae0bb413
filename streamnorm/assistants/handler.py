"""The event handlers of the Assistants API: a class to be derived from, whose callbacks are called as a run's events come. Fed
by anything that gives events; where they come from it does not know."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, Final, Generic, TypeVar

from streamnorm.assistants.following import Following, texts_of
from streamnorm.assistants.types.message import Message
from streamnorm.assistants.types.message_delta import MessageDelta, TextDelta
from streamnorm.assistants.types.run import Run
from streamnorm.assistants.types.run_step import RunStep
from streamnorm.assistants.types.run_step_delta import RunStepDelta
from streamnorm.assistants.types.stream_event import AssistantStreamEvent
from streamnorm.errors import LocalError

__all__ = [
    "AssistantEventHandler",
    "AssistantStreamManager",
    "AsyncAssistantEventHandler",
    "AsyncAssistantStreamManager",
    "HandlerError",
]

#: Errors of a time that ran out, beside Python's own: by name, as nothing here knows a transport.
_TIMEOUTS: Final = frozenset({"APITimeoutError", "TimeoutException"})


class HandlerError(LocalError, RuntimeError):
    """A handler was asked for what it has not: it follows no stream, or another one already, or nothing such came."""


class _Handler:
    """What both handlers are, without their callbacks."""

    def __init__(self) -> None:
        self._following = Following()
        self._stream: Any = None

    def _init(self, stream: Any) -> None:
        """Follow this stream of events. Raises HandlerError where there is one already."""
        if self._stream is not None:
            raise HandlerError("a handler follows one stream: make a new one for each")
        self._stream = stream

    def _started(self) -> Any:
        if self._stream is None:
            raise HandlerError("this handler follows no stream yet")
        return self._stream

    @property
    def current_event(self) -> AssistantStreamEvent | None:
        """The event that callbacks are being called for."""
        return self._following.event

    @property
    def current_run(self) -> Run | None:
        """The run as the last event about it had it. In `on_event`, that is the one before."""
        return self._following.run

    @property
    def current_run_step_snapshot(self) -> RunStep | None:
        """The step that is being taken, as far as it has come."""
        return self._following.step

    @property
    def current_message_snapshot(self) -> Message | None:
        """The message that came last, as far as it has come."""
        return self._following.message

    def _final_run(self) -> Run:
        if self._following.run is None:
            raise HandlerError("the stream had no run")
        return self._following.run

    def _final_run_steps(self) -> list[RunStep]:
        if not self._following.steps:
            raise HandlerError("the run took no steps")
        return list(self._following.steps.values())

    def _final_messages(self) -> list[Message]:
        if not self._following.messages:
            raise HandlerError("the run wrote no messages")
        return list(self._following.messages.values())


class AssistantEventHandler(_Handler):
    """Derive from it, and say in the callbacks what is to happen. One handler follows one stream.

    Iterate over it for the events, over `text_deltas` for the text alone, or call `until_done`: in each case the callbacks of
    an event have been called before it is given.
    """

    text_deltas: Iterable[str]

    def __init__(self) -> None:
        super().__init__()
        self._events = self._follow()
        self.text_deltas = self._texts()

    def __iter__(self) -> Iterator[AssistantStreamEvent]:
        yield from self._events

    def __next__(self) -> AssistantStreamEvent:
        return next(self._events)

    def _follow(self) -> Iterator[AssistantStreamEvent]:
        stream = self._started()
        try:
            for event in stream:
                for name, arguments in self._following.calls_for(event):
                    getattr(self, name)(*arguments)
                yield event
        except Exception as error:
            if _ran_out(error):
                self.on_timeout()
            self.on_exception(error)
            raise
        finally:
            self.on_end()

    def _texts(self) -> Iterator[str]:
        for event in self:
            yield from texts_of(event)

    def until_done(self) -> None:
        """Read the stream to its end."""
        for _ in self:
            pass

    def get_final_run(self) -> Run:
        """The run as it ended, once it has. Raises HandlerError where there was none."""
        self.until_done()
        return self._final_run()

    def get_final_run_steps(self) -> list[RunStep]:
        """All steps of the run, once it has ended. Raises HandlerError where there were none."""
        self.until_done()
        return self._final_run_steps()

    def get_final_messages(self) -> list[Message]:
        """All messages of the run, once it has ended. Raises HandlerError where there were none."""
        self.until_done()
        return self._final_messages()

    def close(self) -> None:
        """Close the stream, if it can be closed."""
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()

    # The callbacks. A snapshot is all that has come, its delta included.

    def on_event(self, event: AssistantStreamEvent) -> None:
        """An event came; nothing is known of it yet."""

    def on_run_step_created(self, run_step: RunStep) -> None:
        """A step begins."""

    def on_run_step_delta(self, delta: RunStepDelta, snapshot: RunStep) -> None:
        """Something is new of a step."""

    def on_run_step_done(self, run_step: RunStep) -> None:
        """A step has ended, one way or another."""

    def on_tool_call_created(self, tool_call: Any) -> None:
        """A call begins."""

    def on_tool_call_delta(self, delta: Any, snapshot: Any) -> None:
        """Something is new of a call; not called for what it began with."""

    def on_tool_call_done(self, tool_call: Any) -> None:
        """A call is whole. May be called again for the last one of a step or run."""

    def on_message_created(self, message: Message) -> None:
        """A message begins."""

    def on_message_delta(self, delta: MessageDelta, snapshot: Message) -> None:
        """Something is new of a message."""

    def on_message_done(self, message: Message) -> None:
        """A message is whole, or cut."""

    def on_text_created(self, text: Any) -> None:
        """A text begins in a message; `text` is what it begins with."""

    def on_text_delta(self, delta: TextDelta, snapshot: Any) -> None:
        """A text goes on, its beginning included."""

    def on_text_done(self, text: Any) -> None:
        """A text is whole."""

    def on_image_file_done(self, image_file: Any) -> None:
        """An image came."""

    def on_exception(self, exception: Exception) -> None:
        """Reading the stream, or a callback, raised this; it is raised again behind it."""

    def on_timeout(self) -> None:
        """The exception is that a time ran out; `on_exception` comes next."""

    def on_end(self) -> None:
        """Nothing more will come, whatever the reason."""


class AsyncAssistantEventHandler(_Handler):
    """As `AssistantEventHandler`; callbacks are coroutines, and are awaited one after the other."""

    text_deltas: AsyncIterable[str]

    def __init__(self) -> None:
        super().__init__()
        self._events = self._follow()
        self.text_deltas = self._texts()

    async def __aiter__(self) -> AsyncIterator[AssistantStreamEvent]:
        async for event in self._events:
            yield event

    async def __anext__(self) -> AssistantStreamEvent:
        return await anext(self._events)

    async def _follow(self) -> AsyncIterator[AssistantStreamEvent]:
        stream = self._started()
        try:
            async for event in stream:
                for name, arguments in self._following.calls_for(event):
                    await getattr(self, name)(*arguments)
                yield event
        except Exception as error:
            if _ran_out(error):
                await self.on_timeout()
            await self.on_exception(error)
            raise
        finally:
            await self.on_end()

    async def _texts(self) -> AsyncIterator[str]:
        async for event in self:
            for text in texts_of(event):
                yield text

    async def until_done(self) -> None:
        async for _ in self:
            pass

    async def get_final_run(self) -> Run:
        await self.until_done()
        return self._final_run()

    async def get_final_run_steps(self) -> list[RunStep]:
        await self.until_done()
        return self._final_run_steps()

    async def get_final_messages(self) -> list[Message]:
        await self.until_done()
        return self._final_messages()

    async def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            await close()

    async def on_event(self, event: AssistantStreamEvent) -> None: ...
    async def on_run_step_created(self, run_step: RunStep) -> None: ...
    async def on_run_step_delta(self, delta: RunStepDelta, snapshot: RunStep) -> None: ...
    async def on_run_step_done(self, run_step: RunStep) -> None: ...
    async def on_tool_call_created(self, tool_call: Any) -> None: ...
    async def on_tool_call_delta(self, delta: Any, snapshot: Any) -> None: ...
    async def on_tool_call_done(self, tool_call: Any) -> None: ...
    async def on_message_created(self, message: Message) -> None: ...
    async def on_message_delta(self, delta: MessageDelta, snapshot: Message) -> None: ...
    async def on_message_done(self, message: Message) -> None: ...
    async def on_text_created(self, text: Any) -> None: ...
    async def on_text_delta(self, delta: TextDelta, snapshot: Any) -> None: ...
    async def on_text_done(self, text: Any) -> None: ...
    async def on_image_file_done(self, image_file: Any) -> None: ...
    async def on_exception(self, exception: Exception) -> None: ...
    async def on_timeout(self) -> None: ...
    async def on_end(self) -> None: ...


def _ran_out(error: Exception) -> bool:
    names = {base.__name__ for base in type(error).__mro__}
    return isinstance(error, TimeoutError) or bool(names & _TIMEOUTS)


HandlerT = TypeVar("HandlerT", bound=AssistantEventHandler)
AsyncHandlerT = TypeVar("AsyncHandlerT", bound=AsyncAssistantEventHandler)


class AssistantStreamManager(Generic[HandlerT]):
    """What `with` is given: begins the stream when it is entered, gives the handler that follows it, and closes it."""

    def __init__(self, begin: Callable[[], Any], *, event_handler: HandlerT) -> None:
        self._begin = begin
        self._handler = event_handler

    def __enter__(self) -> HandlerT:
        self._handler._init(self._begin())
        return self._handler

    def __exit__(self, *_: object) -> None:
        self._handler.close()


class AsyncAssistantStreamManager(Generic[AsyncHandlerT]):
    """As `AssistantStreamManager`; what begins the stream is awaited."""

    def __init__(self, begin: Awaitable[Any], *, event_handler: AsyncHandlerT) -> None:
        self._begin = begin
        self._handler = event_handler

    async def __aenter__(self) -> AsyncHandlerT:
        self._handler._init(await self._begin)
        return self._handler

    async def __aexit__(self, *_: object) -> None:
        await self._handler.close()
