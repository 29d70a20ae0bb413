"""Streams as the caller sees them: iterators of canonical chunks, or of normalized events, over a response whose body is still
coming. What both kinds share is in `Reading`, which does no I/O."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from streamnorm.client import errors
from streamnorm.client.drivers import failed_of
from streamnorm.client.exchange import Failed
from streamnorm.client.patience import Patience
from streamnorm.client.transports import DIRECT, Direct
from streamnorm.errors import LocalError

if TYPE_CHECKING:
    from streamnorm.arguments.live import LiveArguments
    from streamnorm.assemble import Result
    from streamnorm.client.emitting import Emitter
    from streamnorm.events import Event
    from streamnorm.findings import Finding
    from streamnorm.normalizer import Normalizer

__all__ = ["AsyncStream", "Reading", "Stream"]

T = TypeVar("T")

#: How long, in seconds, and for how many pieces the end of a body is waited for once the stream has ended: a connection whose
#: body was read to its end can be used again.
DRAIN_FOR: Final = 0.2
DRAINS: Final = 16


class Reading:
    """A stream while it is read: bytes in, chunks or events out, and what a failure becomes."""

    def __init__(
        self,
        response: Any,
        normalizer: Normalizer,
        patience: Patience,
        emitter: Emitter,
    ) -> None:
        self.response = response
        self.normalizer = normalizer
        self._patience = patience
        self._emitter = emitter
        self._events = False
        self._begun = False
        self._drains = DRAINS
        self._cause: BaseException | None = None
        self._direct: Direct | None = None

    def tell_events(self) -> None:
        """Give events, not chunks."""
        self._events = True

    def begin(self, decoded: str) -> Any:
        """The body to iterate over: the response's own stream, or by the method `decoded` of one that is encoded. Raises
        LocalError for a stream that was read before."""
        if self._begun:
            raise LocalError(
                "this stream was read before, and leaving the loop has closed it: ask again, or keep it in one loop"
            )
        self._begun = True
        self._patience.watch(self.response)
        response = self.response
        if "content-encoding" in response.headers:
            return getattr(response, decoded)()
        self._direct = response.extensions.get(DIRECT)
        if self._direct is None:
            return response.stream
        self._patience.watch_direct(self._direct)
        return self._direct

    def feed(self, piece: bytes) -> list[Any]:
        """What a piece completes."""
        if self._events:
            found: list[Any] = self.normalizer.feed(piece)
        else:
            found = self._emitter.emit(self.normalizer.feed_chunks(piece))
        if found or self._patience.comments_count:
            self._patience.said = True
        elif self._patience.over:
            raise self._with_partial(errors.APITimeoutError(request=self.response.request))
        return found

    def close(self) -> list[Any]:
        """The body has ended, or nothing more is expected of it: then a frame that is half there is our doing."""
        if self.normalizer.ended:
            return []
        if self._events:
            return self.normalizer.close()
        return self._emitter.emit(self.normalizer.close_chunks())

    @property
    def ended(self) -> bool:
        return self.normalizer.ended

    @property
    def may_be_empty(self) -> bool:
        """An empty piece says nothing; from aiohttp it is the end."""
        return self._direct is None

    def broke_off(self, error: Exception) -> None:
        """The body cannot be read on. Raises what the caller gets for it, with what was assembled; nothing where the connection
        ended: then `check` says whether the stream had."""
        failed = self._failed(error)
        if failed.timeout:
            raise self._with_partial(failed.exception()) from failed.error
        self._cause = failed.error

    def check(self) -> None:
        """Raises the error that the stream ended with, if it did."""
        failure = self.normalizer.error
        if failure is not None:
            raise errors.stream_error(
                failure, self.normalizer.result, self.response
            ) from self._cause

    def may_drain(self) -> bool:
        """What comes after the stream's end may be read, because that cannot take long."""
        self._drains -= 1
        if self._drains == DRAINS - 1:
            return self._patience.shorten(DRAIN_FOR)
        return self._drains >= 0 and not self._patience.over

    def drained(self, error: Exception) -> None:
        """What comes after the end broke off, and nobody misses it. Raises what is none of the transport's."""
        self._failed(error)

    def release(self) -> None:
        self._patience.release()

    def _failed(self, error: Exception) -> Failed:
        if self._direct is not None:
            error = self._direct.translated(error)
        return failed_of(error, self.response.request)

    def _with_partial(self, error: errors.APIConnectionError) -> errors.APIConnectionError:
        error.partial = self.normalizer.result
        return error


class _Told(Generic[T]):
    """What can be asked of a stream at any time."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    @property
    def response(self) -> Any:
        """The httpx (or httpx2) response."""
        return self._reading.response

    @property
    def findings(self) -> list[Finding]:
        """What was put right so far."""
        return self._reading.normalizer.findings

    @property
    def result(self) -> Result:
        """What was assembled so far; whole once `complete` is true."""
        return self._reading.normalizer.result

    @property
    def complete(self) -> bool:
        """The stream ended as its protocol says."""
        return self._reading.normalizer.complete

    def live_arguments(self, index: int, choice: int = 0) -> LiveArguments | None:
        """The arguments of a call so far, as a value. Raises LocalError unless `live=True` was asked for."""
        return self._reading.normalizer.live_arguments(index, choice)


class Stream(_Told[T]):
    """A stream that is waited for. Iterate over it for chunks, or over `events()`. Breaking off, leaving it as a context manager
    and `close()` free the connection at once."""

    _iterator: Iterator[T] | None = None

    def __iter__(self) -> Iterator[T]:
        # The loop alone holds it, so that a `break` ends it.
        return self._iterator or self._run()

    def __next__(self) -> T:
        if self._iterator is None:
            self._iterator = self._run()
        return next(self._iterator)

    def events(self) -> Iterator[Event]:
        """The normalized events, in place of the chunks."""
        self._reading.tell_events()
        return self._run()

    def close(self) -> None:
        """Close the response; the connection is free."""
        self.response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # One that was never read to its end holds a connection.
        with contextlib.suppress(Exception):
            self.close()

    def _run(self) -> Iterator[Any]:
        reading = self._reading
        body = iter(reading.begin("iter_bytes"))
        try:
            try:
                for piece in body:
                    yield from reading.feed(piece)
                    if reading.ended:
                        break
            except Exception as error:
                reading.broke_off(error)
            yield from reading.close()
            reading.check()
            try:
                while reading.may_drain() and next(body, None) is not None:
                    pass
            except Exception as error:
                reading.drained(error)
        finally:
            reading.release()
            self.response.close()


class AsyncStream(_Told[T]):
    """As `Stream`, for `async for`."""

    _iterator: AsyncIterator[T] | None = None

    def __aiter__(self) -> AsyncIterator[T]:
        return self._iterator or self._run()

    async def __anext__(self) -> T:
        if self._iterator is None:
            self._iterator = self._run()
        return await anext(self._iterator)

    def events(self) -> AsyncIterator[Event]:
        """The normalized events, in place of the chunks."""
        self._reading.tell_events()
        return self._run()

    async def close(self) -> None:
        """Close the response; the connection is free."""
        await self.response.aclose()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _run(self) -> AsyncIterator[Any]:
        reading = self._reading
        body = aiter(reading.begin("aiter_bytes"))
        try:
            try:
                async for piece in body:
                    for item in reading.feed(piece):
                        yield item
                    if reading.ended or not (piece or reading.may_be_empty):
                        break
            except Exception as error:
                reading.broke_off(error)
            for item in reading.close():
                yield item
            reading.check()
            try:
                if reading.may_drain():
                    async for piece in body:
                        if not (piece and reading.may_drain()):
                            break
            except Exception as error:
                reading.drained(error)
        finally:
            reading.release()
            await self.response.aclose()
            if hasattr(body, "aclose"):
                await body.aclose()
