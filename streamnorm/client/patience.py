"""How long a stream may be silent: a reader's timeout is about bytes, and a comment that keeps a connection alive is bytes."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from streamnorm.client.timeouts import Timeout

if TYPE_CHECKING:
    from streamnorm.client.transports import Direct

__all__ = ["Patience"]

#: The least that a socket waits, in seconds: none at all means another thing to it.
_LEAST = 0.001


class Patience:
    """The time that is left for one stream to say something. `begun`: when the request went out, on the monotonic clock."""

    def __init__(self, timeout: Timeout, begun: float) -> None:
        self._idle = timeout.idle
        self._deadline = None if timeout.first_token is None else begun + timeout.first_token
        self._stream: Any = None
        self._direct: Direct | None = None
        #: Set when the stream says something; the clock is looked at once a read, not once a piece.
        self.said = False
        self.comments_count = timeout.comments_count

    @property
    def over(self) -> bool:
        left = self._left()
        return left is not None and left <= 0

    def shorten(self, seconds: float) -> bool:
        """What still comes may take no longer than this. False where the connection does not let itself be watched."""
        self.said = False
        self._deadline = time.monotonic() + seconds
        if self._direct is not None:
            self._direct.hasten()
        return self._stream is not None or self._direct is not None

    def watch(self, response: Any) -> None:
        """Have each read of the connection wait for what is left, no longer. A connection is watched by the extension
        `network_stream` that httpx documents; one that others share (HTTP/2), or a transport that has none, keeps the
        timeout of the request."""
        stream = response.extensions.get("network_stream")
        if stream is None or response.http_version == "HTTP/2":
            return
        read = stream.read

        # Blocking or a coroutine, as the stream's own is.
        def patient(max_bytes: int, timeout: float | None = None) -> Any:  # noqa: ARG001  # ours counts
            left = self._left()
            return read(max_bytes, timeout=left if left is None else max(left, _LEAST))

        with contextlib.suppress(AttributeError):  # it may have slots
            stream.read = patient
            self._stream = stream

    def watch_direct(self, direct: Direct) -> None:
        """As `watch`, for a body that is read without httpx."""
        if direct.bound(self):
            self._direct = direct

    def release(self) -> None:
        """The connection is another's now."""
        if self._stream is not None:
            with contextlib.suppress(AttributeError):
                del self._stream.read
            self._stream = None
        if self._direct is not None:
            self._direct.release()
            self._direct = None

    def waits(self) -> None:
        """A read begins: from here on silence counts."""
        if self.said:
            self.said = False
            self._deadline = None if self._idle is None else time.monotonic() + self._idle

    @property
    def gave_out(self) -> bool:
        """A read waits, and has waited too long."""
        too_late = self._deadline is not None and self._deadline <= time.monotonic()
        return too_late and not self.said

    def next_look(self) -> float | None:
        """In how many seconds, and no earlier, a read may have waited too long; None where it may wait for ever."""
        waits = [] if self._idle is None else [self._idle]
        if self._deadline is not None and not self.said:
            waits.append(self._deadline - time.monotonic())
        return max(min(waits), _LEAST) if waits else None

    def _left(self) -> float | None:
        """Seconds, below zero where it is too late; None where there is no limit."""
        self.waits()
        return None if self._deadline is None else self._deadline - time.monotonic()
