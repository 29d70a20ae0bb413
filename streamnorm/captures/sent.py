"""The body of a request, kept while it is sent, as what a capture holds of it: JSON, text, base64, or why it was left out. Knows
no files and no clock."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streamnorm.captures.encoding import Decoding, EncodingError, encodings_in
from streamnorm.captures.format import Request

__all__ = ["MAX_REQUEST", "SentBody"]

#: The largest body of a request that is kept, in bytes.
MAX_REQUEST: Final = 16 * 1024 * 1024


class SentBody:
    """Takes the pieces of a body as they are sent."""

    def __init__(self) -> None:
        self.ended = False
        self._pieces: list[bytes] = []
        self._size = 0
        self._sha256 = hashlib.sha256()

    def piece(self, data: bytes) -> None:
        """The next piece."""
        self._size += len(data)
        self._sha256.update(data)
        if self._size <= MAX_REQUEST:
            self._pieces.append(data)
        else:
            self._pieces.clear()

    def as_request(self, headers: Mapping[str, str]) -> Request:
        """A request with this body, and nothing else: the headers (their names in lower case) say what it is."""
        if self._size > MAX_REQUEST:
            return Request(
                omitted=f"{self._size:,} bytes, sha256 {self._sha256.hexdigest()}: more than {MAX_REQUEST:,} are not kept"
            )
        if not self.ended:
            return Request(omitted=f"the answer came when {self._size:,} bytes were sent")
        try:
            body = _decoded(b"".join(self._pieces), headers.get("content-encoding", ""))
        except EncodingError as error:
            return Request(omitted=f"{self._size:,} bytes: {error}")
        return _held(body, headers.get("content-type", ""))


def _decoded(body: bytes, encoding: str) -> bytes:
    decoding = Decoding(encodings_in(encoding))
    decoded: list[bytes] = []
    size = 0
    for block in decoding.feed(body):
        size += len(block)
        if size > MAX_REQUEST:
            raise EncodingError(f"decoded, more than {MAX_REQUEST:,} are not kept")
        decoded.append(block)
    if missing := decoding.missing():
        raise EncodingError(missing)
    return b"".join(decoded)


def _held(body: bytes, content_type: str) -> Request:
    if not body:
        return Request()
    if (value := _json(body, content_type)) is not msgspec.UNSET:
        return Request(json=value)
    try:
        return Request(text=body.decode("utf-8"))
    except UnicodeDecodeError:
        return Request(b64=base64.b64encode(body).decode("ascii"))


def _json(body: bytes, content_type: str) -> Any:
    """The value of a body that is JSON by its type, or by its looks where it has none; UNSET for another."""
    if content_type and "json" not in content_type.lower():
        return msgspec.UNSET
    try:
        value = msgspec.json.decode(body)
        msgspec.json.encode(value)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return msgspec.UNSET
    return value
