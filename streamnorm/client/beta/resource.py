"""What the resources of `client.beta` have in common. A method is written once, as a flow of steps; a client that blocks and one
that is awaited run it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, NamedTuple, TypeVar

from streamnorm.assistants.handler import (
    AssistantEventHandler,
    AssistantStreamManager,
    AsyncAssistantEventHandler,
    AsyncAssistantStreamManager,
)
from streamnorm.client import errors
from streamnorm.client.beta.operations import Operation, Request, request_of
from streamnorm.client.beta.pages import AsyncCursorPage, SyncCursorPage, page_of
from streamnorm.client.beta.reading import RunNormalizer
from streamnorm.client.emitting import Emitter
from streamnorm.client.exchange import MAX_BODY, Answer, Call, Failed, Read, Step, ask
from streamnorm.client.patience import Patience
from streamnorm.client.plan import call_of
from streamnorm.client.raw import RawResponse
from streamnorm.client.stream import AsyncStream, Reading, Stream
from streamnorm.dialects.failure import failure_in

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultingTypeVar

    from streamnorm.client.api import AsyncOpenAI, OpenAI

    HandlerT = DefaultingTypeVar(
        "HandlerT", bound=AssistantEventHandler, default=AssistantEventHandler
    )
    AsyncHandlerT = DefaultingTypeVar(
        "AsyncHandlerT", bound=AsyncAssistantEventHandler, default=AsyncAssistantEventHandler
    )

__all__ = [
    "Answered",
    "Awaited",
    "Blocking",
    "Flow",
    "Pages",
    "Resource",
]

R = TypeVar("R")

_HINT: Final = (
    "where this endpoint has no Assistants API (OpenAI's ended on 2026-08-26), "
    'OpenAI(assistants="local") runs the same code over its chat completions'
)


class Answered(NamedTuple, Generic[R]):
    """What came of a request, and the answer that it is from. `body` is None where it streams."""

    result: R
    response: Any
    retries: int
    body: bytes | None

    def raw(self) -> RawResponse:
        return RawResponse(self.response, self.retries, self.result, self.body)


#: A method without its I/O; the second is one that lists, of whichever kind the pages are.
Flow = Generator[Step, Any, Answered[R]]
Pages = Flow[SyncCursorPage[R]]


class Resource:
    """A part of `client.beta`."""

    _client: Any
    _stream: ClassVar[type]
    _page: ClassVar[type]

    def _result(self, flow: Flow[Any]) -> Any:
        """What a flow comes to, or its coroutine."""
        raise NotImplementedError

    def _ask(self, operation: Operation[R], passed: Any, **ids: Any) -> Flow[R]:
        """Raises at once for what cannot be asked."""
        return self._answered(request_of(operation, ids, passed))

    def _ask_list(self, operation: Operation[R], passed: Any, **ids: Any) -> Pages[R]:
        return self._listed(request_of(operation, ids, passed))

    def _answered(self, request: Request[R]) -> Flow[Any]:
        call, answer, begun = yield from self._begun(request)
        if request.streams:
            reading = Reading(
                answer.response,
                RunNormalizer(),
                Patience(call.timeout, begun),
                Emitter(usage=True, cumulative=False),
            )
            return Answered(self._stream(reading), answer.response, answer.retries, None)
        kind: Any = request.operation.result
        return (yield from _whole(answer, kind.from_dict))

    def _listed(self, request: Request[R]) -> Flow[Any]:
        _, answer, _ = yield from self._begun(request)

        def page(obj: dict[str, Any]) -> Any:
            return page_of(
                self._page,
                obj,
                request.operation.result,
                lambda last: self._result(self._listed(request.after(last))),
                request.query.get("after"),
            )

        return (yield from _whole(answer, page))

    def _begun(self, request: Request[Any]) -> Generator[Step, Any, tuple[Call, Answer, float]]:
        """The answer with its body unread, and when it was asked for."""
        begun = time.monotonic()
        client = self._client
        options, engine = client._options, client._engine
        if engine is not None:
            options, key = engine.options(options), None
        else:
            key = yield from client._key()
        call = call_of(
            options,
            request.operation.method,
            request.path,
            key,
            body=request.body,
            headers=request.headers,
            query=request.query,
            timeout=request.timeout,
        )
        try:
            answer = yield from ask(call, max_retries=options.max_retries)
        except errors.NotFoundError as error:
            if engine is not None or _is_about_an_id(error, request):
                raise
            raise errors.NotFoundError(
                f"{error.message} ({_HINT})", response=error.response, body=error.body
            ) from None
        return call, answer, begun

    @property
    def with_raw_response(self) -> Any:
        """The same methods, giving the answer with its headers; `parse()` gives what they give."""
        return _Raw(self)


class Blocking(Resource):
    """A part of the `beta` of a client that blocks."""

    _client: OpenAI
    _stream = Stream
    _page = SyncCursorPage

    def __init__(self, client: OpenAI) -> None:
        self._client = client

    def _run(self, flow: Flow[R]) -> Answered[R]:
        return self._client._run_beta(flow)  # type: ignore[no-any-return]

    def _result(self, flow: Flow[R]) -> R:
        return self._run(flow).result

    def _raw(self, flow: Flow[Any]) -> RawResponse:
        return self._run(flow).raw()

    def _followed(
        self, begin: Callable[[], Flow[Any]], handler: HandlerT | None
    ) -> AssistantStreamManager[HandlerT]:
        """What begins a stream when it is entered, and follows it."""
        begin()  # raises for what cannot be asked
        follower: Any = AssistantEventHandler() if handler is None else handler
        return AssistantStreamManager(lambda: self._result(begin()), event_handler=follower)


class Awaited(Resource):
    """A part of the `beta` of a client that is awaited."""

    _client: AsyncOpenAI
    _stream = AsyncStream
    _page = AsyncCursorPage

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    async def _run(self, flow: Flow[R]) -> Answered[R]:
        return await self._client._run_beta(flow)  # type: ignore[no-any-return]

    async def _result(self, flow: Flow[R]) -> R:
        return (await self._run(flow)).result

    async def _raw(self, flow: Flow[Any]) -> RawResponse:
        return (await self._run(flow)).raw()

    def _followed(
        self, begin: Callable[[], Flow[Any]], handler: AsyncHandlerT | None
    ) -> AsyncAssistantStreamManager[AsyncHandlerT]:
        begin()
        follower: Any = AsyncAssistantEventHandler() if handler is None else handler
        return AsyncAssistantStreamManager(
            _Later(lambda: self._result(begin())), event_handler=follower
        )


class _Later:
    """Begins when it is awaited."""

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._begin().__await__()


class _Raw:
    def __init__(self, resource: Any) -> None:
        self._resource = resource

    def __getattr__(self, name: str) -> Callable[..., Any]:
        flow = getattr(getattr(type(self._resource), name), "flow", None)
        if flow is None:
            raise AttributeError(f"{name!r} has no one answer that could be given raw")
        return lambda *args, **passed: self._resource._raw(flow(self._resource, *args, **passed))


# Answers.


def _whole(answer: Answer, read: Callable[[dict[str, Any]], Any]) -> Flow[Any]:
    """What a body is that comes whole."""
    response = answer.response
    body = yield Read(response, MAX_BODY)
    if isinstance(body, Failed):
        raise body.exception()
    result = read(_object_in(body, response))
    result.__dict__["_request_id"] = response.headers.get("x-request-id")
    return Answered(result, response, answer.retries, body)


def _object_in(body: bytes, response: Any) -> dict[str, Any]:
    """The JSON object in a body. Raises ReportedError for an error in it, APIResponseValidationError for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    failure = failure_in(found, "message")
    if failure is not None:
        raise errors.stream_error(failure, None, response)
    if not isinstance(found, dict):
        shown = ascii(body[:80])[2:-1]
        message = f"{response.url} answers with a body that is no JSON object: {shown}"
        raise errors.APIResponseValidationError(response, None, message=message)
    return found


def _is_about_an_id(error: errors.NotFoundError, request: Request[Any]) -> bool:
    """The endpoint knows the path, but not something that the request names."""
    words = error.message
    return any(name in words and f"/{name}" not in words for name in request.ids)
