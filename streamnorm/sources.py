"""Whole streams from wherever their bytes are: one loop for blocking sources, one for asynchronous ones. Takes responses and
SSE sources by what they can do, so that no HTTP library is imported here."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any

from streamnorm.errors import LocalError
from streamnorm.events import Event
from streamnorm.normalizer import Normalizer
from streamnorm.sse import Frame

__all__ = ["anormalize", "normalize"]


def normalize(source: Any, profile: str = "auto", **options: Any) -> Iterator[Event]:
    """The events of a stream.

    source: bytes; an iterable of bytes; an httpx or httpx2 response; an httpx-sse `EventSource`, or an iterable of its
        `ServerSentEvent`s.
    options: those of `Normalizer`; `normalizer=` to keep your own and ask it for `result` and `findings` afterwards.

    Raises RemoteError (`StreamTruncated`, `ServerError`, `StreamInvalid`) where the stream fails, after the events that came
    before; its `partial` holds what was assembled. Raises LocalError for a source of another kind.
    """
    normalizer = _normalizer(profile, options)
    for piece in _pieces(source):
        yield from _told(_feed(normalizer, piece), normalizer)
        if normalizer.ended:
            # Some servers leave the connection open after [DONE].
            break
    yield from _told(normalizer.close(), normalizer)


async def anormalize(source: Any, profile: str = "auto", **options: Any) -> AsyncIterator[Event]:
    """As `normalize`, for asynchronous sources: an async iterable of bytes, an httpx or httpx2 response read with
    `aiter_bytes`, an httpx-sse `EventSource` over one, or an async iterable of `ServerSentEvent`s. Blocking sources of bytes
    already in memory are taken too."""
    normalizer = _normalizer(profile, options)
    async for piece in _apieces(source):
        for event in _told(_feed(normalizer, piece), normalizer):
            yield event
        if normalizer.ended:
            break
    for event in _told(normalizer.close(), normalizer):
        yield event


def _normalizer(profile: str, options: dict[str, Any]) -> Normalizer:
    given = options.pop("normalizer", None)
    return given if given is not None else Normalizer(profile, **options)


def _pieces(source: Any) -> Iterable[Any]:
    source = getattr(source, "response", source)
    if isinstance(source, bytes | bytearray | memoryview):
        return (bytes(source),)
    if hasattr(source, "iter_bytes"):
        return source.iter_bytes()  # type: ignore[no-any-return]
    if isinstance(source, Iterable) and not isinstance(source, str | dict):
        return source
    raise LocalError(f"cannot read a stream from {type(source).__name__}: {_WANTED}")


async def _apieces(source: Any) -> AsyncIterator[Any]:
    source = getattr(source, "response", source)
    if hasattr(source, "aiter_bytes"):
        source = source.aiter_bytes()
    if isinstance(source, AsyncIterable):
        async for piece in source:
            yield piece
    else:
        for piece in _pieces(source):
            yield piece


def _feed(normalizer: Normalizer, piece: Any) -> list[Event]:
    if isinstance(piece, bytes | bytearray | memoryview):
        return normalizer.feed(bytes(piece))
    if hasattr(piece, "data") and hasattr(piece, "event"):
        frame = piece if isinstance(piece, Frame) else Frame.from_sse(piece)
        return normalizer.feed_frames([frame])
    raise LocalError(f"cannot read {type(piece).__name__} as part of a stream: {_WANTED}")


def _told(events: list[Event], normalizer: Normalizer) -> Iterator[Event]:
    """The events, and after a failure its exception."""
    yield from events
    failure = normalizer.error
    if failure is not None:
        raise failure.exception(normalizer.result)


_WANTED = "give bytes, an iterable of bytes, an httpx response, or an httpx-sse source"
