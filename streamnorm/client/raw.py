"""Answers as they came: what `with_raw_response` and `with_streaming_response` give, with the SDK's names."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from streamnorm.errors import LocalError

__all__ = ["AsyncStreamedResponse", "RawResponse", "StreamedResponse"]


class _Response:
    def __init__(self, response: Any, retries: int) -> None:
        self.http_response = response
        self.retries_taken = retries

    @property
    def headers(self) -> Any:
        return self.http_response.headers

    @property
    def status_code(self) -> int:
        code: int = self.http_response.status_code
        return code

    @property
    def request_id(self) -> str | None:
        found: str | None = self.headers.get("x-request-id")
        return found

    @property
    def url(self) -> Any:
        return self.http_response.url

    @property
    def method(self) -> str:
        method: str = self.http_request.method
        return method

    @property
    def http_request(self) -> Any:
        return self.http_response.request

    @property
    def http_version(self) -> str:
        version: str = self.http_response.http_version
        return version

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}]>"


class RawResponse(_Response):
    """An answer and what it was parsed to. `text`, `content` and `json()` are there where it does not stream."""

    def __init__(self, response: Any, retries: int, parsed: Any, content: bytes | None) -> None:
        super().__init__(response, retries)
        self._parsed = parsed
        self._content = content

    def parse(self) -> Any:
        """The completion, or the stream."""
        return self._parsed

    @property
    def content(self) -> bytes:
        """The body. Raises LocalError where it streams."""
        if self._content is None:
            raise LocalError("the body streams: iterate over parse()")
        return self._content

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.content)


class StreamedResponse(_Response):
    """An answer whose body is read as it is asked for."""

    def __init__(self, response: Any, retries: int, parse: Callable[[], Any]) -> None:
        super().__init__(response, retries)
        self._parse = parse

    def parse(self) -> Any:
        """The completion, or the stream; reads the body."""
        return self._parse()

    def read(self) -> bytes:
        return bytes(self.http_response.read())

    def text(self) -> str:
        return self.read().decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.read())

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return self.http_response.iter_bytes(chunk_size)  # type: ignore[no-any-return]

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        return self.http_response.iter_text(chunk_size)  # type: ignore[no-any-return]

    def iter_lines(self) -> Iterator[str]:
        return self.http_response.iter_lines()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.http_response.close()


class AsyncStreamedResponse(_Response):
    """As `StreamedResponse`, for `async with`."""

    def __init__(self, response: Any, retries: int, parse: Callable[[], Any]) -> None:
        super().__init__(response, retries)
        self._parse = parse

    async def parse(self) -> Any:
        """The completion, or the stream; reads the body."""
        return await self._parse()

    async def read(self) -> bytes:
        return bytes(await self.http_response.aread())

    async def text(self) -> str:
        return (await self.read()).decode("utf-8", "replace")

    async def json(self) -> Any:
        return json.loads(await self.read())

    def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        return self.http_response.aiter_bytes(chunk_size)  # type: ignore[no-any-return]

    def iter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        return self.http_response.aiter_text(chunk_size)  # type: ignore[no-any-return]

    def iter_lines(self) -> AsyncIterator[str]:
        return self.http_response.aiter_lines()  # type: ignore[no-any-return]

    async def close(self) -> None:
        await self.http_response.aclose()
