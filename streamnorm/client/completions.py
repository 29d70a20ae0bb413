"""`chat.completions`: the flows that its methods run, and the two resources, blocking and not, whose methods run them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

import msgspec

from streamnorm.client.completion import read_completion
from streamnorm.client.emitting import Emitter
from streamnorm.client.exchange import MAX_BODY, Answer, Call, Failed, Read, Step, ask
from streamnorm.client.given import NOT_GIVEN
from streamnorm.client.parameters import CREATE, HELPED, Arguments, arguments
from streamnorm.client.patience import Patience
from streamnorm.client.plan import Plan
from streamnorm.client.raw import AsyncStreamedResponse, RawResponse, StreamedResponse
from streamnorm.client.stream import AsyncStream, Reading, Stream

if TYPE_CHECKING:
    from streamnorm.client.api import AsyncOpenAI, OpenAI
    from streamnorm.client.helper import (
        AsyncChatCompletionStreamManager,
        ChatCompletionStreamManager,
    )
    from streamnorm.client.tool_loop import AsyncToolRun, Invocation, ToolRun
    from streamnorm.client.types import ChatCompletion, ParsedChatCompletion
    from streamnorm.dialects.chat.types import ChatCompletionChunk

__all__ = ["AsyncChat", "AsyncCompletions", "Chat", "Completions"]


class Opened(msgspec.Struct, frozen=True):
    """An answer that has begun. `begun`: when it was asked for, on the monotonic clock."""

    plan: Plan
    call: Call
    answer: Answer
    begun: float

    @property
    def response(self) -> Any:
        return self.answer.response


class Whole(msgspec.Struct, frozen=True):
    """An answer that was read: a completion and its body."""

    completion: Any
    body: bytes


class _Flows:
    """What the methods do, with the I/O left out."""

    def __init__(self, client: OpenAI | AsyncOpenAI) -> None:
        self._client = client

    def _open(self, passed: dict[str, Any]) -> Generator[Step, Any, Opened]:
        """Ask; the answer's body is unread."""
        begun = time.monotonic()
        found = arguments("create", CREATE, passed)
        if isinstance(found.get("response_format"), type):
            raise TypeError(
                "create() takes response_format as a dict: parse() and stream() take a class and read the answer by it"
            )
        planner = self._client._planner
        plan = planner.plan(found)
        key = yield from self._client._key()

        def adapt(status: int, words: str) -> Call | None:
            other = planner.learn(plan, status, words)
            return None if other is None else planner.call(other, key)

        call = planner.call(plan, key)
        retries = self._client._options.max_retries
        return Opened(plan, call, (yield from ask(call, max_retries=retries, adapt=adapt)), begun)

    def _reading(self, opened: Opened) -> Reading:
        asked = opened.plan.prepared.body.get("stream_options")
        return Reading(
            opened.response,
            opened.plan.normalizer(),
            Patience(opened.call.timeout, opened.begun),
            Emitter(
                usage=isinstance(asked, dict) and bool(asked.get("include_usage")),
                cumulative=self._client._options.emit == "cumulative",
            ),
        )

    def _whole(self, opened: Opened) -> Generator[Step, Any, Whole]:
        body = yield Read(opened.response, MAX_BODY)
        if isinstance(body, Failed):
            raise body.exception()
        return Whole(read_completion(body, opened.plan.normalizer(), opened.response), body)

    def explain(self, passed: dict[str, Any]) -> Any:
        found = arguments("explain_request", CREATE, passed)
        return self._client._planner.plan(found).prepared


class Completions(_Flows):
    """`client.chat.completions`."""

    _client: OpenAI

    @overload
    def create(
        self, *, stream: Literal[True], **passed: Unpack[Arguments]
    ) -> Stream[ChatCompletionChunk]: ...
    @overload
    def create(
        self, *, stream: Literal[False] | None = None, **passed: Unpack[Arguments]
    ) -> ChatCompletion: ...
    @overload
    def create(
        self, *, stream: bool, **passed: Unpack[Arguments]
    ) -> ChatCompletion | Stream[ChatCompletionChunk]: ...
    def create(self, **passed: Any) -> Any:
        """A chat completion, or with `stream=True` a `Stream` of its chunks.

        Raises TypeError for arguments that are missing or unknown, LocalError for a request that cannot be sent, and the
        errors of `streamnorm.client.errors` for what became of it.
        """
        return self._create(passed).parse()

    def _create(self, passed: dict[str, Any]) -> RawResponse:
        opened = self._client._run(self._open(passed))
        if opened.plan.streams:
            stream: Stream[Any] = Stream(self._reading(opened))
            return RawResponse(opened.response, opened.answer.retries, stream, None)
        whole = self._client._run(self._whole(opened))
        return RawResponse(opened.response, opened.answer.retries, whole.completion, whole.body)

    def stream(self, **passed: Any) -> ChatCompletionStreamManager:
        """As `create` with `stream=True`, as a context manager: the SDK's helper events in place of the chunks, and
        `get_final_completion()`. `response_format` may be a pydantic model; the content and the arguments of strict tools are
        parsed while they come. Raises as `create`, ValueError for tools that cannot be parsed."""
        from streamnorm.client.helper import ChatCompletionStreamManager

        sent, parsing = _parseable("stream", passed)
        return ChatCompletionStreamManager(lambda: self.create(**sent, stream=True), **parsing)

    def parse(self, **passed: Any) -> ParsedChatCompletion:
        """As `create`, with the content in `message.parsed` as an instance of `response_format`, a pydantic model, and the
        arguments of strict tools in `function.parsed_arguments`. Raises as `create`, ValueError for tools that cannot be parsed,
        LengthFinishReasonError and ContentFilterFinishReasonError for an answer that was cut."""
        from streamnorm.client.parsing import parse_completion

        sent, parsing = _parseable("parse", passed)
        completion = self.create(**sent)
        return parse_completion(
            completion, response_format=parsing["response_format"], tools=parsing["input_tools"]
        )

    def run_tools(
        self,
        *,
        messages: Sequence[Any],
        tools: Sequence[Any],
        functions: Mapping[str, Callable[..., Any]] | None = None,
        max_rounds: int = 10,
        tool_timeout: float | None = 60.0,
        approve: Callable[[Invocation], Any] | None = None,
        **passed: Any,
    ) -> ToolRun:
        """Ask, run the functions that are called, answer, and ask again until no call comes: iterate over what this returns.

        tools: functions; or tools of any other kind, whose functions `functions` has by name.
        max_rounds: how many requests may go out. tool_timeout: seconds that each function may take.
        approve: asked before a call runs; see `streamnorm.client.tool_loop.loop.reviewed` for what it may answer.
        passed: as for `create`.

        Only calls that are whole and valid by their schema run; of the others the model is told what is wrong. Raises LocalError
        for a tool without a function, and while it runs what `create` raises.
        """
        from streamnorm.client.tool_loop import ToolRun
        from streamnorm.client.tool_loop.loop import ToolLoop

        loop = ToolLoop(messages, tools, functions, max_rounds)
        return ToolRun(self, loop, passed, approve, tool_timeout)

    @property
    def with_raw_response(self) -> _Raw:
        """The same methods, giving the answer with its headers; `parse()` gives what they give."""
        return _Raw(self)

    @property
    def with_streaming_response(self) -> _Streaming:
        """The same methods as context managers, giving the answer with its body unread."""
        return _Streaming(self)


class _Raw:
    def __init__(self, completions: Completions) -> None:
        self._completions = completions

    def create(self, **passed: Any) -> RawResponse:
        return self._completions._create(passed)


class _Streaming:
    def __init__(self, completions: Completions) -> None:
        self._completions = completions

    @contextmanager
    def create(self, **passed: Any) -> Iterator[StreamedResponse]:
        own = self._completions
        opened: Opened = own._client._run(own._open(passed))

        def parse() -> Any:
            if opened.plan.streams:
                return Stream(own._reading(opened))
            return own._client._run(own._whole(opened)).completion

        try:
            yield StreamedResponse(opened.response, opened.answer.retries, parse)
        finally:
            opened.response.close()


class AsyncCompletions(_Flows):
    """`client.chat.completions`, awaited."""

    _client: AsyncOpenAI

    @overload
    async def create(
        self, *, stream: Literal[True], **passed: Unpack[Arguments]
    ) -> AsyncStream[ChatCompletionChunk]: ...
    @overload
    async def create(
        self, *, stream: Literal[False] | None = None, **passed: Unpack[Arguments]
    ) -> ChatCompletion: ...
    @overload
    async def create(
        self, *, stream: bool, **passed: Unpack[Arguments]
    ) -> ChatCompletion | AsyncStream[ChatCompletionChunk]: ...
    async def create(self, **passed: Any) -> Any:
        """As `Completions.create`, with an `AsyncStream`."""
        return (await self._create(passed)).parse()

    async def _create(self, passed: dict[str, Any]) -> RawResponse:
        opened = await self._client._run(self._open(passed))
        if opened.plan.streams:
            stream: AsyncStream[Any] = AsyncStream(self._reading(opened))
            return RawResponse(opened.response, opened.answer.retries, stream, None)
        whole = await self._client._run(self._whole(opened))
        return RawResponse(opened.response, opened.answer.retries, whole.completion, whole.body)

    def stream(self, **passed: Any) -> AsyncChatCompletionStreamManager:
        """As `Completions.stream`, for `async with` and `async for`."""
        from streamnorm.client.helper import AsyncChatCompletionStreamManager

        sent, parsing = _parseable("stream", passed)
        return AsyncChatCompletionStreamManager(lambda: self.create(**sent, stream=True), **parsing)

    async def parse(self, **passed: Any) -> ParsedChatCompletion:
        """As `Completions.parse`."""
        from streamnorm.client.parsing import parse_completion

        sent, parsing = _parseable("parse", passed)
        completion = await self.create(**sent)
        return parse_completion(
            completion, response_format=parsing["response_format"], tools=parsing["input_tools"]
        )

    def run_tools(
        self,
        *,
        messages: Sequence[Any],
        tools: Sequence[Any],
        functions: Mapping[str, Callable[..., Any]] | None = None,
        max_rounds: int = 10,
        tool_timeout: float | None = 60.0,
        approve: Callable[[Invocation], Any] | None = None,
        **passed: Any,
    ) -> AsyncToolRun:
        """As `Completions.run_tools`, for `async for`; functions and `approve` may be asynchronous."""
        from streamnorm.client.tool_loop import AsyncToolRun
        from streamnorm.client.tool_loop.loop import ToolLoop

        loop = ToolLoop(messages, tools, functions, max_rounds)
        return AsyncToolRun(self, loop, passed, approve, tool_timeout)

    @property
    def with_raw_response(self) -> _AsyncRaw:
        """The same methods, giving the answer with its headers; `parse()` gives what they give."""
        return _AsyncRaw(self)

    @property
    def with_streaming_response(self) -> _AsyncStreaming:
        """The same methods as context managers, giving the answer with its body unread."""
        return _AsyncStreaming(self)


class _AsyncRaw:
    def __init__(self, completions: AsyncCompletions) -> None:
        self._completions = completions

    async def create(self, **passed: Any) -> RawResponse:
        return await self._completions._create(passed)


class _AsyncStreaming:
    def __init__(self, completions: AsyncCompletions) -> None:
        self._completions = completions

    @asynccontextmanager
    async def create(self, **passed: Any) -> AsyncIterator[AsyncStreamedResponse]:
        own = self._completions
        opened: Opened = await own._client._run(own._open(passed))

        async def parse() -> Any:
            if opened.plan.streams:
                return AsyncStream(own._reading(opened))
            return (await own._client._run(own._whole(opened))).completion

        try:
            yield AsyncStreamedResponse(opened.response, opened.answer.retries, parse)
        finally:
            await opened.response.aclose()


def _parseable(method: str, passed: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of `create`, and what is parsed of the answer."""
    from streamnorm.client.parsing import checked_tools, response_format_param

    arguments(method, HELPED, passed)
    kind, tools = passed.get("response_format", NOT_GIVEN), passed.get("tools", NOT_GIVEN)
    checked_tools(tools)
    return (
        {**passed, "response_format": response_format_param(kind)},
        {"response_format": kind, "input_tools": tools},
    )


class Chat:
    """`client.chat`."""

    def __init__(self, client: OpenAI) -> None:
        self.completions = Completions(client)


class AsyncChat:
    """`client.chat`, awaited."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self.completions = AsyncCompletions(client)
