"""What a run's flow asks of whoever drives it. Values only."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import msgspec

__all__ = ["Ask", "Broken", "Flow", "Hang", "Keep", "Step"]


class Keep(msgspec.Struct, frozen=True):
    """Call this, which uses the store; comes back as what it returns. What it raises is thrown into the flow."""

    change: Callable[[], Any]


class Ask(msgspec.Struct, frozen=True):
    """Ask the endpoint for a streamed completion; comes back as the stream, or as `Broken`."""

    request: dict[str, Any]


class Hang(msgspec.Struct, frozen=True):
    """Close the endpoint's answer, whatever is still to come of it."""


class Broken(msgspec.Struct, frozen=True):
    """The endpoint refused, or its answer broke off."""

    error: BaseException


#: Bytes are for the reader; comes back as the next event of the answer, None at its end or where there is none, or `Broken`.
Step = Keep | Ask | Hang | bytes
Flow = Generator[Step, Any, None]
