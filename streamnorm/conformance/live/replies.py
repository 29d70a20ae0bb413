"""One answer while it is read, and what it says to the run: whether there is use in going on, and what later requests take of
it."""

from __future__ import annotations

import contextlib
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from streamnorm.captures.format import Piece
from streamnorm.captures.secrets import masked_url
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.frames import json_value
from streamnorm.sse import FrameDecoder

__all__ = ["Came", "Reading", "found_in", "useless"]


class Came(msgspec.Struct, frozen=True):
    """What came of a request: the status (0 for none), two headers, the body as far as it was read, why it was left early, and
    what the transport failed with."""

    status: int
    media: str = ""
    location: str = ""
    body: bytes = b""
    stopped: str = ""
    failed: str = ""


class Reading:
    """One body while it is read: up to its end, so many events, or so many bytes."""

    def __init__(self, leaves: int, most: int) -> None:
        self.status = 0
        self._leaves = leaves
        self._most = most
        self._pieces: list[bytes] = []

    @property
    def body(self) -> bytes:
        return b"".join(self._pieces)

    async def read(self, response: Any) -> Came:
        """response: an asynchronous one of httpx. Raises what its transport does."""
        self.status = response.status_code
        stopped = ""
        size, events, decoder = 0, 0, FrameDecoder(max_frame=self._most + 1)
        stream: Any = response.stream
        async with contextlib.aclosing(aiter(stream)) as pieces:
            async for piece in pieces:
                self._pieces.append(piece)
                size += len(piece)
                events += len(decoder.feed(piece)) if self._leaves else 0
                if self._leaves and events >= self._leaves:
                    break
                if size > self._most:
                    stopped = f"it went on for {self._most:,} bytes, and was left"
                    break
        return Came(
            response.status_code,
            media=response.headers.get("content-type", ""),
            location=response.headers.get("location", ""),
            body=self.body,
            stopped=stopped,
        )


def useless(came: Came, endpoint: str) -> str:
    """Why there is no use in further requests; empty where there is one."""
    where = urlsplit(endpoint).netloc
    if came.failed and came.status:
        return f"the first answer broke off: {came.failed}"
    if came.failed:
        return f"{where} gave no answer: {came.failed}"
    if came.stopped:
        return f"the first answer did not end: {came.stopped}"
    status = came.status
    if 300 <= status < 400:
        place = masked_url(came.location)
        return f"the server sends elsewhere, with status {status}: if you trust it, ask {place}"
    if "html" in came.media.lower() or came.body.lstrip()[:1] == b"<":
        return f"an HTML page came with status {status}: check the base URL"
    if status >= 400:
        advice = _ADVICE.get(status, "")
        return f"the first request was refused with status {status}{advice}: {_words(came.body)}"
    return ""


_ADVICE: Final = {
    401: " (the key is not taken)",
    403: " (the key may not do this)",
    404: " (check the base URL and the model's name)",
    429: " (too many requests, or nothing left to spend)",
}


def _words(body: bytes) -> str:
    """What a server says of its error, in short."""
    value = json_value(body)
    for name in ("error", "message", "detail"):
        value = value.get(name, value) if isinstance(value, dict) else value
    text = value if isinstance(value, str) else body.decode("utf-8", "replace")
    return " ".join(text.split())[:300]


def found_in(body: bytes, path: str) -> Any:
    """What an answer says at a path of keys, such as `error/message`: one in JSON, or the last event of a stream that has it."""
    value = json_value(body)
    values = [value] if isinstance(value, dict) else []
    if not values:
        values = [frame.value for frame in reversed(Evidence([Piece(0.0, body)]).frames)]
    for value in values:
        for key in path.split("/"):
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None
