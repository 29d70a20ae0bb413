"""`client.beta.threads.runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from streamnorm.assistants.types.run import Run
from streamnorm.client.beta.methods import awaited, blocking, paginated, spelt_out
from streamnorm.client.beta.parameters import Outputs, RunCreate
from streamnorm.client.beta.resource import Awaited, Blocking
from streamnorm.client.beta.run_flows import RunFlows
from streamnorm.client.beta.steps import AsyncSteps, Steps
from streamnorm.client.given import NOT_GIVEN, NotGiven, Omit

if TYPE_CHECKING:
    from streamnorm.assistants.handler import AssistantStreamManager, AsyncAssistantStreamManager
    from streamnorm.assistants.types.stream_event import AssistantStreamEvent
    from streamnorm.client.api import AsyncOpenAI, OpenAI
    from streamnorm.client.beta.resource import AsyncHandlerT, HandlerT
    from streamnorm.client.beta.run_tools import AsyncThreadToolRun, Functions, ThreadToolRun
    from streamnorm.client.stream import AsyncStream, Stream
    from streamnorm.client.tool_loop.run import Approve

__all__ = ["AsyncRuns", "Runs"]


class Runs(Blocking, RunFlows):
    """`client.beta.threads.runs`."""

    def __init__(self, client: OpenAI) -> None:
        super().__init__(client)
        self.steps = Steps(client)

    retrieve = blocking(RunFlows._retrieve)
    update = blocking(RunFlows._update)
    list = blocking(RunFlows._list)
    cancel = blocking(RunFlows._cancel)
    poll = blocking(RunFlows._poll)
    create_and_poll = blocking(RunFlows._create_and_poll)
    submit_tool_outputs_and_poll = blocking(RunFlows._submit_tool_outputs_and_poll)

    if TYPE_CHECKING:

        @overload
        def create(
            self, thread_id: str, *, stream: Literal[True], **passed: Unpack[RunCreate]
        ) -> Stream[AssistantStreamEvent]: ...
        @overload
        def create(
            self,
            thread_id: str,
            *,
            stream: Literal[False] | NotGiven | Omit | None = NOT_GIVEN,
            **passed: Unpack[RunCreate],
        ) -> Run: ...
        @overload
        def create(
            self, thread_id: str, *, stream: bool, **passed: Unpack[RunCreate]
        ) -> Run | Stream[AssistantStreamEvent]: ...
        def create(self, thread_id: str, **passed: Any) -> Any: ...

        @overload
        def submit_tool_outputs(
            self, run_id: str, *, thread_id: str, stream: Literal[True], **passed: Unpack[Outputs]
        ) -> Stream[AssistantStreamEvent]: ...
        @overload
        def submit_tool_outputs(
            self,
            run_id: str,
            *,
            thread_id: str,
            stream: Literal[False] | NotGiven | Omit | None = NOT_GIVEN,
            **passed: Unpack[Outputs],
        ) -> Run: ...
        @overload
        def submit_tool_outputs(
            self, run_id: str, *, thread_id: str, stream: bool, **passed: Unpack[Outputs]
        ) -> Run | Stream[AssistantStreamEvent]: ...
        def submit_tool_outputs(self, run_id: str, **passed: Any) -> Any: ...

    else:
        create = blocking(RunFlows._create)
        submit_tool_outputs = blocking(RunFlows._submit_tool_outputs)

    @spelt_out
    def stream(
        self,
        *,
        thread_id: str,
        event_handler: HandlerT | None = None,
        **passed: Unpack[RunCreate],
    ) -> AssistantStreamManager[HandlerT]:
        """As `create` with `stream=True`, as a context manager: `with` gives the handler that follows the run."""
        return self._followed(lambda: self._create(thread_id, stream=True, **passed), event_handler)

    create_and_stream = stream

    @spelt_out
    def run_tools(
        self,
        *,
        thread_id: str,
        functions: Functions,
        max_rounds: int = 10,
        tool_timeout: float | None = 60.0,
        approve: Approve | None = None,
        **passed: Unpack[RunCreate],
    ) -> ThreadToolRun:
        """A run to its end, in one loop: begin it, run the functions that it calls, submit what they return, and so on: iterate
        over what this returns.

        functions: a list of functions, which become the run's tools; or functions by name, for the tools that the assistant has.
        max_rounds: how many streams there may be. tool_timeout: seconds that each function may take.
        approve: asked before a call runs; see `streamnorm.client.tool_loop.loop.reviewed` for what it may answer.

        Only calls that are valid by their schema run; of the others the assistant is told what is wrong. Raises LocalError for a
        call without a function, and while it runs what `create` and `submit_tool_outputs` raise.
        """
        from streamnorm.client.beta.run_tools import ThreadLoop, ThreadToolRun

        self._create(thread_id, stream=True, **passed)  # raises for what cannot be asked
        loop = ThreadLoop(functions, max_rounds)
        params = {**passed, "thread_id": thread_id}
        return ThreadToolRun(self, loop, params, approve, tool_timeout)

    @spelt_out
    def submit_tool_outputs_stream(
        self,
        *,
        run_id: str,
        thread_id: str,
        event_handler: HandlerT | None = None,
        **passed: Unpack[Outputs],
    ) -> AssistantStreamManager[HandlerT]:
        """As `submit_tool_outputs` with `stream=True`, as a context manager."""
        return self._followed(
            lambda: self._submit_tool_outputs(run_id, thread_id=thread_id, stream=True, **passed),
            event_handler,
        )


class AsyncRuns(Awaited, RunFlows):
    """`client.beta.threads.runs`, awaited."""

    def __init__(self, client: AsyncOpenAI) -> None:
        super().__init__(client)
        self.steps = AsyncSteps(client)

    retrieve = awaited(RunFlows._retrieve)
    update = awaited(RunFlows._update)
    list = paginated(RunFlows._list)
    cancel = awaited(RunFlows._cancel)
    poll = awaited(RunFlows._poll)
    create_and_poll = awaited(RunFlows._create_and_poll)
    submit_tool_outputs_and_poll = awaited(RunFlows._submit_tool_outputs_and_poll)

    if TYPE_CHECKING:

        @overload
        async def create(
            self, thread_id: str, *, stream: Literal[True], **passed: Unpack[RunCreate]
        ) -> AsyncStream[AssistantStreamEvent]: ...
        @overload
        async def create(
            self,
            thread_id: str,
            *,
            stream: Literal[False] | NotGiven | Omit | None = NOT_GIVEN,
            **passed: Unpack[RunCreate],
        ) -> Run: ...
        @overload
        async def create(
            self, thread_id: str, *, stream: bool, **passed: Unpack[RunCreate]
        ) -> Run | AsyncStream[AssistantStreamEvent]: ...
        async def create(self, thread_id: str, **passed: Any) -> Any: ...

        @overload
        async def submit_tool_outputs(
            self, run_id: str, *, thread_id: str, stream: Literal[True], **passed: Unpack[Outputs]
        ) -> AsyncStream[AssistantStreamEvent]: ...
        @overload
        async def submit_tool_outputs(
            self,
            run_id: str,
            *,
            thread_id: str,
            stream: Literal[False] | NotGiven | Omit | None = NOT_GIVEN,
            **passed: Unpack[Outputs],
        ) -> Run: ...
        @overload
        async def submit_tool_outputs(
            self, run_id: str, *, thread_id: str, stream: bool, **passed: Unpack[Outputs]
        ) -> Run | AsyncStream[AssistantStreamEvent]: ...
        async def submit_tool_outputs(self, run_id: str, **passed: Any) -> Any: ...

    else:
        create = awaited(RunFlows._create)
        submit_tool_outputs = awaited(RunFlows._submit_tool_outputs)

    @spelt_out
    def stream(
        self,
        *,
        thread_id: str,
        event_handler: AsyncHandlerT | None = None,
        **passed: Unpack[RunCreate],
    ) -> AsyncAssistantStreamManager[AsyncHandlerT]:
        """As `Runs.stream`, for `async with`."""
        return self._followed(lambda: self._create(thread_id, stream=True, **passed), event_handler)

    create_and_stream = stream

    @spelt_out
    def run_tools(
        self,
        *,
        thread_id: str,
        functions: Functions,
        max_rounds: int = 10,
        tool_timeout: float | None = 60.0,
        approve: Approve | None = None,
        **passed: Unpack[RunCreate],
    ) -> AsyncThreadToolRun:
        """As `Runs.run_tools`, for `async for`; functions and `approve` may be asynchronous."""
        from streamnorm.client.beta.run_tools import AsyncThreadToolRun, ThreadLoop

        self._create(thread_id, stream=True, **passed)
        loop = ThreadLoop(functions, max_rounds)
        params = {**passed, "thread_id": thread_id}
        return AsyncThreadToolRun(self, loop, params, approve, tool_timeout)

    @spelt_out
    def submit_tool_outputs_stream(
        self,
        *,
        run_id: str,
        thread_id: str,
        event_handler: AsyncHandlerT | None = None,
        **passed: Unpack[Outputs],
    ) -> AsyncAssistantStreamManager[AsyncHandlerT]:
        """As `Runs.submit_tool_outputs_stream`, for `async with`."""
        return self._followed(
            lambda: self._submit_tool_outputs(run_id, thread_id=thread_id, stream=True, **passed),
            event_handler,
        )
