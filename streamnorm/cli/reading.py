"""Streams from files and from standard input, in pieces as they come."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BufferedReader
from typing import cast

__all__ = ["name_of", "pieces"]

#: Bytes of one read. A pipe gives what it has, so a live stream is not held up.
PIECE = 64 * 1024


def name_of(path: str) -> str:
    return "standard input" if path == "-" else path


def pieces(path: str) -> Iterator[bytes]:
    """The bytes of the file at `path`, or of standard input for `-`, as they come. Raises OSError."""
    with _standard_input() if path == "-" else open(path, "rb") as source:
        while piece := source.read1(PIECE):
            yield piece


def _standard_input() -> AbstractContextManager[BufferedReader]:
    if sys.stdin is None:
        raise OSError(errno.EBADF, "it is closed")
    return nullcontext(cast(BufferedReader, sys.stdin.buffer))
