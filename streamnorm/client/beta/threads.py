"""`client.beta.threads`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from streamnorm.assistants.types.run import Run
from streamnorm.assistants.types.thread import Thread, ThreadDeleted
from streamnorm.client.beta import operations as operation
from streamnorm.client.beta.messages import AsyncMessages, Messages
from streamnorm.client.beta.methods import awaited, blocking, spelt_out
from streamnorm.client.beta.parameters import (
    About,
    ThreadCreate,
    ThreadRun,
    ThreadRunPolling,
    ThreadUpdate,
)
from streamnorm.client.beta.resource import Awaited, Blocking, Flow
from streamnorm.client.beta.run_flows import PollingFlows, without_interval
from streamnorm.client.beta.runs import AsyncRuns, Runs
from streamnorm.client.given import NOT_GIVEN, NotGiven, Omit

if TYPE_CHECKING:
    from streamnorm.assistants.handler import AssistantStreamManager, AsyncAssistantStreamManager
    from streamnorm.assistants.types.stream_event import AssistantStreamEvent
    from streamnorm.client.api import AsyncOpenAI, OpenAI
    from streamnorm.client.beta.resource import AsyncHandlerT, HandlerT
    from streamnorm.client.stream import AsyncStream, Stream

__all__ = ["AsyncThreads", "Threads"]


class _Threads(PollingFlows):
    def _create(self, **passed: Unpack[ThreadCreate]) -> Flow[Thread]:
        """A thread, with messages in it or without."""
        return self._ask(operation.THREAD_CREATE, passed)

    def _retrieve(self, thread_id: str, **passed: Unpack[About]) -> Flow[Thread]:
        """A thread by its id."""
        return self._ask(operation.THREAD_RETRIEVE, passed, thread_id=thread_id)

    def _update(self, thread_id: str, **passed: Unpack[ThreadUpdate]) -> Flow[Thread]:
        """Change what is given of a thread."""
        return self._ask(operation.THREAD_UPDATE, passed, thread_id=thread_id)

    def _delete(self, thread_id: str, **passed: Unpack[About]) -> Flow[ThreadDeleted]:
        """Delete a thread."""
        return self._ask(operation.THREAD_DELETE, passed, thread_id=thread_id)

    def _create_and_run(self, *, stream: Any = NOT_GIVEN, **passed: Unpack[ThreadRun]) -> Flow[Run]:
        """A thread and a run on it: the run, or with `stream=True` a `Stream` of its events."""
        return self._ask(operation.THREAD_RUN, {**passed, "stream": stream})

    def _create_and_run_poll(self, **passed: Unpack[ThreadRunPolling]) -> Flow[Run]:
        """`create_and_run`, then `runs.poll`."""
        create: Any = without_interval(passed)
        return self._begun_then_at_rest(self._create_and_run(stream=False, **create), passed)


class Threads(Blocking, _Threads):
    """`client.beta.threads`."""

    def __init__(self, client: OpenAI) -> None:
        super().__init__(client)
        self.messages = Messages(client)
        self.runs = Runs(client)

    create = blocking(_Threads._create)
    retrieve = blocking(_Threads._retrieve)
    update = blocking(_Threads._update)
    delete = blocking(_Threads._delete)
    create_and_run_poll = blocking(_Threads._create_and_run_poll)

    if TYPE_CHECKING:

        @overload
        def create_and_run(
            self, *, stream: Literal[True], **passed: Unpack[ThreadRun]
        ) -> Stream[AssistantStreamEvent]: ...
        @overload
        def create_and_run(
            self,
            *,
            stream: Literal[False] | NotGiven | Omit | None = NOT_GIVEN,
            **passed: Unpack[ThreadRun],
        ) -> Run: ...
        @overload
        def create_and_run(
            self, *, stream: bool, **passed: Unpack[ThreadRun]
        ) -> Run | Stream[AssistantStreamEvent]: ...
        def create_and_run(self, **passed: Any) -> Any: ...

    else:
        create_and_run = blocking(_Threads._create_and_run)

    @spelt_out
    def create_and_run_stream(
        self, *, event_handler: HandlerT | None = None, **passed: Unpack[ThreadRun]
    ) -> AssistantStreamManager[HandlerT]:
        """As `create_and_run` with `stream=True`, as a context manager: `with` gives the handler that follows the run."""
        return self._followed(lambda: self._create_and_run(stream=True, **passed), event_handler)


class AsyncThreads(Awaited, _Threads):
    """`client.beta.threads`, awaited."""

    def __init__(self, client: AsyncOpenAI) -> None:
        super().__init__(client)
        self.messages = AsyncMessages(client)
        self.runs = AsyncRuns(client)

    create = awaited(_Threads._create)
    retrieve = awaited(_Threads._retrieve)
    update = awaited(_Threads._update)
    delete = awaited(_Threads._delete)
    create_and_run_poll = awaited(_Threads._create_and_run_poll)

    if TYPE_CHECKING:

        @overload
        async def create_and_run(
            self, *, stream: Literal[True], **passed: Unpack[ThreadRun]
        ) -> AsyncStream[AssistantStreamEvent]: ...
        @overload
        async def create_and_run(
            self,
            *,
            stream: Literal[False] | NotGiven | Omit | None = NOT_GIVEN,
            **passed: Unpack[ThreadRun],
        ) -> Run: ...
        @overload
        async def create_and_run(
            self, *, stream: bool, **passed: Unpack[ThreadRun]
        ) -> Run | AsyncStream[AssistantStreamEvent]: ...
        async def create_and_run(self, **passed: Any) -> Any: ...

    else:
        create_and_run = awaited(_Threads._create_and_run)

    @spelt_out
    def create_and_run_stream(
        self, *, event_handler: AsyncHandlerT | None = None, **passed: Unpack[ThreadRun]
    ) -> AsyncAssistantStreamManager[AsyncHandlerT]:
        """As `Threads.create_and_run_stream`, for `async with`."""
        return self._followed(lambda: self._create_and_run(stream=True, **passed), event_handler)
