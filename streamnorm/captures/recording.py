"""What carries an exchange, with a recorder at its side: a transport for httpx and httpx2, blocking and asynchronous. The reader
gets what the inner transport gives, unchanged and in the same pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from streamnorm.captures.format import Request, Response
from streamnorm.captures.places import Places
from streamnorm.captures.record import Recorder
from streamnorm.captures.sent import SentBody
from streamnorm.captures.transport import body_stream, library_of

if TYPE_CHECKING:
    #: To a type checker it is whatever transport is wanted: httpx's or httpx2's, blocking or not.
    _Transport = Any
else:
    _Transport = object

__all__ = ["RecordedBody", "RecordingTransport"]


class RecordingTransport(_Transport):  # type: ignore[misc]  # see _Transport
    """A transport that records each exchange into a capture file, for a client of httpx or httpx2, blocking or asynchronous:

        httpx.Client(transport=RecordingTransport(httpx.HTTPTransport(), "run.cap.jsonl"))

    What it hands on is what the inner transport gave, its errors too; a piece costs a line written to a file. Redirects are
    exchanges of their own."""

    def __init__(
        self,
        inner: Any,
        path: str | Path,
        *,
        mask: Iterable[str] = (),
        dialect: str = "",
        overwrite: bool = False,
    ) -> None:
        """inner: the transport that does the work; None for a plain one of the client's library.
        path: the name of a capture, `*.cap.jsonl` or `*.cap.jsonl.gz`, for the first exchange (`-2`, `-3` are put to it for the
            next ones), or a folder, where each gets a number and its path.
        mask: names of JSON members, such as `user`, whose values are written over in the bodies.
        dialect: the wire protocol, if known; it is noted in the capture.
        overwrite: write over files that are there.

        Raises CaptureError for a path that is neither, and for a capture that is there. A file that cannot be written later is
        told by a RuntimeWarning, and the exchange goes on."""
        self._inner = inner
        self._places = Places(path, overwrite=overwrite)
        self._mask = tuple(mask)
        self._dialect = dialect

    def __repr__(self) -> str:
        return f"RecordingTransport({self._inner!r})"

    def handle_request(self, request: Any) -> Any:
        """As a blocking transport."""
        library = library_of(request)
        self._inner = self._inner or library.HTTPTransport()
        request, recorder = self._begun(library, request)
        with recorder.asking():
            response = self._inner.handle_request(request)
        return _recorded(library, response, recorder)

    async def handle_async_request(self, request: Any) -> Any:
        """As an asynchronous transport."""
        library = library_of(request)
        self._inner = self._inner or library.AsyncHTTPTransport()
        request, recorder = self._begun(library, request)
        with recorder.asking():
            response = await self._inner.handle_async_request(request)
        return _recorded(library, response, recorder)

    def close(self) -> None:
        """Close the inner transport."""
        if self._inner is not None:
            self._inner.close()

    async def aclose(self) -> None:
        """Close the inner transport."""
        if self._inner is not None:
            await self._inner.aclose()

    def __enter__(self) -> Self:
        if self._inner is not None:
            self._inner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        if self._inner is not None:
            self._inner.__exit__(kind, error, trace)

    async def __aenter__(self) -> Self:
        if self._inner is not None:
            await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        if self._inner is not None:
            await self._inner.__aexit__(kind, error, trace)

    def _begun(self, library: Any, request: Any) -> tuple[Any, Recorder]:
        """The request to be sent, and the recorder of its exchange."""
        sent = SentBody()
        recorder = Recorder(
            self._places.place,
            _described(request),
            body=sent,
            mask=self._mask,
            dialect=self._dialect,
        )
        try:
            sent.piece(request.content)
            sent.ended = True
        except library.RequestNotRead:
            stream = body_stream(library, _SentStream(request.stream, sent))
            request = library.Request(
                request.method,
                request.url,
                headers=request.headers,
                stream=stream,
                extensions=request.extensions,
            )
        return request, recorder


def _described(request: Any) -> Request:
    url = request.url
    return Request(
        method=request.method,
        path=url.raw_path.decode("ascii", "replace"),
        origin=f"{url.scheme}://{_userinfo(url)}{url.netloc.decode('ascii', 'replace')}",
        headers={name.lower(): value for name, value in request.headers.items()},
    )


def _userinfo(url: Any) -> str:
    """What is before the host: it is masked there, and sought elsewhere."""
    return f"{url.userinfo.decode('ascii', 'replace')}@" if url.userinfo else ""


def _recorded(library: Any, response: Any, recorder: Recorder) -> Any:
    headers = {name.lower(): value for name, value in response.headers.items()}
    recorder.answered(Response(status=response.status_code, headers=headers))
    return library.Response(
        response.status_code,
        headers=response.headers,
        stream=body_stream(library, RecordedBody(response.stream, recorder)),
        extensions=response.extensions,
    )


class RecordedBody:
    """The body of a response, blocking or asynchronous, whose pieces are recorded as they pass."""

    def __init__(self, inner: Any, recorder: Recorder) -> None:
        self._inner = inner
        self._recorder = recorder

    def __iter__(self) -> Iterator[bytes]:
        with self._recorder.reading():
            for piece in self._inner:
                self._recorder.piece(piece)
                yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._recorder.reading():
            async for piece in self._inner:
                self._recorder.piece(piece)
                yield piece

    def close(self) -> None:
        """Close the inner body. One that was not read to its end was left."""
        try:
            self._inner.close()
        finally:
            self._recorder.left()

    async def aclose(self) -> None:
        """As `close`."""
        try:
            await self._inner.aclose()
        finally:
            self._recorder.left()


class _SentStream:
    """The body of a request that comes as it is sent."""

    def __init__(self, inner: Any, sent: SentBody) -> None:
        self._inner = inner
        self._sent = sent

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._inner:
            self._sent.piece(piece)
            yield piece
        self._sent.ended = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            self._sent.piece(piece)
            yield piece
        self._sent.ended = True

    def close(self) -> None:
        if hasattr(self._inner, "close"):
            self._inner.close()

    async def aclose(self) -> None:
        if hasattr(self._inner, "aclose"):
            await self._inner.aclose()
