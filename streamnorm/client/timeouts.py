"""How long to wait for what. A stream that says nothing new is told from one that is slow to begin."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streamnorm.client.given import NotGiven

__all__ = ["DEFAULT_TIMEOUT", "Timeout", "timeout_of"]


class Timeout(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, None for no limit.

    connect: until the connection stands. first_token: from the request to the first event of the stream, or to the answer
    where none streams. idle: between two events of a stream; a comment that keeps the connection alive is no event, unless
    `comments_count`. pool: until the client has a connection to spare. write: of one piece of the request.
    """

    connect: float | None = 5.0
    first_token: float | None = 600.0
    idle: float | None = 300.0
    pool: float | None = 600.0
    write: float | None = 600.0
    comments_count: bool = False

    def for_transport(self) -> tuple[float | None, float | None, float | None, float | None]:
        """As httpx takes it: connect, read, write, pool."""
        return (self.connect, self.first_token, self.write, self.pool)


DEFAULT_TIMEOUT: Final = Timeout()


def timeout_of(given: Any) -> Timeout:
    """A timeout from what the SDK takes for one: seconds for each step, None for no limit, httpx's or httpx2's own `Timeout`, or
    one of these. Raises TypeError."""
    if isinstance(given, Timeout):
        return given
    if isinstance(given, NotGiven):
        return DEFAULT_TIMEOUT
    if given is None or isinstance(given, int | float):
        return Timeout(connect=given, first_token=given, idle=given, pool=given, write=given)
    if all(hasattr(given, name) for name in ("connect", "read", "write", "pool")):
        return Timeout(
            connect=given.connect,
            first_token=given.read,
            idle=given.read,
            pool=given.pool,
            write=given.write,
        )
    raise TypeError(
        f"timeout is a number of seconds, None, an httpx.Timeout or a streamnorm.Timeout, not {type(given).__name__}"
    )
