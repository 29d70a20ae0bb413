"""Every exception streamnorm raises. The type says whose fault it is: `RemoteError` is the server's bytes, `LocalError` your
call; any other exception that escapes is a bug of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamnorm.assemble import Result
    from streamnorm.sse import Frame

__all__ = [
    "CaptureError",
    "FrameTooLarge",
    "LocalError",
    "ProfileError",
    "RemoteError",
    "RequestError",
    "ServerError",
    "StreamInvalid",
    "StreamTruncated",
    "StreamnormError",
    "ToolError",
]


class StreamnormError(Exception):
    """The root: `except StreamnormError` catches everything streamnorm raises."""


class LocalError(StreamnormError):
    """The caller asked for something that cannot be done, such as feeding a closed decoder."""


class ProfileError(LocalError):
    """A provider profile that does not load. The message names the file, the line and the nearest right word."""


class ToolError(LocalError):
    """A tool that cannot be offered or checked: a name that providers refuse, parameters that are no schema. The message names
    the tool, the place as a JSON Pointer, and what to do."""


class CaptureError(LocalError):
    """A capture that cannot be written or read, or none that answers a request. The message names the file, the line and the
    reason."""


class RequestError(LocalError):
    """A request that cannot be sent as it is meant: what is in it is no JSON, or the provider has no way to do it. The message
    names the place as a JSON Pointer, and what to do."""


class RemoteError(StreamnormError):
    """The stream failed. `partial` is what had been assembled (None where a bare decoder raised);
    `code` and `type` are the server's own where it sent them."""

    def __init__(
        self,
        message: str,
        *,
        type: str | None = None,
        code: str | int | None = None,
        partial: Result | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.type = type
        self.code = code
        self.partial = partial


class ServerError(RemoteError):
    """The server reported an error inside the stream; the message is the server's words."""


class StreamTruncated(RemoteError):
    """The stream ended without its end: neither a finish reason nor `[DONE]`."""


class StreamInvalid(RemoteError):
    """Bytes that no repair can read: not JSON, not a chunk, or an HTML page where a stream was promised."""


class FrameTooLarge(RemoteError):
    """One SSE frame grew past the cap. `frames` are those completed earlier in the same call, so that none is lost."""

    def __init__(self, limit: int, frames: list[Frame]) -> None:
        super().__init__(
            f"one SSE frame is larger than the limit of {limit:,} bytes", type="frame_too_large"
        )
        self.limit = limit
        self.frames = frames
