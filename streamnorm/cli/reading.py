"""Streams from files and from standard input, in pieces as they come."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BufferedReader
from typing import cast

from streamnorm.captures.format import Capture, Piece, is_capture_name
from streamnorm.errors import CaptureError

__all__ = ["name_of", "pieces"]

#: Bytes of one read. A pipe gives what it has, so a live stream is not held up.
PIECE = 64 * 1024


def name_of(path: str) -> str:
    return "standard input" if path == "-" else path


def pieces(path: str) -> Iterator[bytes]:
    """The bytes of the file at `path`, or of standard input for `-`, as they come; of a capture the body, in its pieces. Raises
    OSError, and CaptureError where a capture is damaged, after what is whole."""
    if is_capture_name(path):
        for item in Capture(path).items():
            if isinstance(item, Piece):
                yield item.data
            elif item.how == "damaged":
                raise CaptureError(item.error)
        return
    with _standard_input() if path == "-" else open(path, "rb") as source:
        while piece := source.read1(PIECE):
            yield piece


def _standard_input() -> AbstractContextManager[BufferedReader]:
    if sys.stdin is None:
        raise OSError(errno.EBADF, "it is closed")
    return nullcontext(cast(BufferedReader, sys.stdin.buffer))
