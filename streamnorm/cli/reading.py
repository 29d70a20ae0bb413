"""Streams from files and from standard input, in pieces as they come."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

__all__ = ["name_of", "pieces"]

#: Bytes of one read. A pipe gives what it has, so a live stream is not held up.
PIECE = 64 * 1024


def name_of(path: str) -> str:
    return "standard input" if path == "-" else path


def pieces(path: str) -> Iterator[bytes]:
    """The bytes of the file at `path`, or of standard input for `-`, as they come. Raises OSError."""
    if path == "-":
        yield from _read(sys.stdin.fileno())
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield from _read(descriptor)
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> Iterator[bytes]:
    while piece := os.read(descriptor, PIECE):
        yield piece
