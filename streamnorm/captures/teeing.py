"""Bytes from anywhere, recorded while they pass."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import TypeVar, overload

import msgspec

from streamnorm.captures.format import Request, Response
from streamnorm.captures.places import Places
from streamnorm.captures.record import Recorder
from streamnorm.captures.recording import RecordedBody
from streamnorm.errors import LocalError

__all__ = ["tee"]


@overload
def tee(
    source: Iterable[bytes],
    path: str | Path,
    *,
    request: Request | None = None,
    response: Response | None = None,
    mask: Iterable[str] = (),
    dialect: str = "",
    overwrite: bool = False,
) -> Iterator[bytes]: ...
@overload
def tee(
    source: AsyncIterable[bytes],
    path: str | Path,
    *,
    request: Request | None = None,
    response: Response | None = None,
    mask: Iterable[str] = (),
    dialect: str = "",
    overwrite: bool = False,
) -> AsyncIterator[bytes]: ...
def tee(
    source: Iterable[bytes] | AsyncIterable[bytes],
    path: str | Path,
    *,
    request: Request | None = None,
    response: Response | None = None,
    mask: Iterable[str] = (),
    dialect: str = "",
    overwrite: bool = False,
) -> Iterator[bytes] | AsyncIterator[bytes]:
    """The pieces of `source`, an iterable or an asynchronous iterable of bytes, unchanged, and a capture of them at `path`:

        for piece in tee(response.iter_bytes(), "run.cap.jsonl"): ...

    request, response: what is known of the exchange, as it was; secrets are taken out here too. Without them the capture says
        that they are lost; a response that is not told of is written as a 200.
    path, mask, dialect, overwrite: as for `RecordingTransport`, which raises the same.

    Time begins with the call. Raises LocalError for a source that is neither."""
    if isinstance(source, bytes | bytearray | memoryview | str) or not isinstance(
        source, Iterable | AsyncIterable
    ):
        raise LocalError(
            f"cannot record {type(source).__name__}: give an iterable of bytes, or an asynchronous one"
        )
    told = {"request": request, "headers": response}
    recorder = Recorder(
        Places(path, overwrite=overwrite).place,
        _lowered(request) if request else Request(),
        mask=mask,
        dialect=dialect,
        lost=tuple(name for name, known in told.items() if known is None),
    )
    recorder.answered(_lowered(response) if response else Response(status=200))
    body = RecordedBody(source, recorder)
    return aiter(body) if isinstance(source, AsyncIterable) else iter(body)


_Told = TypeVar("_Told", Request, Response)


def _lowered(told: _Told) -> _Told:
    """With the names of its headers in lower case."""
    headers = {name.lower(): value for name, value in told.headers.items()}
    return msgspec.structs.replace(told, headers=headers)
