"""Where recordings go: a name for each exchange, of a file that is not there yet."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streamnorm.captures.format import SUFFIXES, Request, is_capture_name
from streamnorm.errors import CaptureError

__all__ = ["Places"]

#: Suffixes of files: a path that ends in one is no folder's.
_FILES: Final = frozenset((".gz", ".har", ".json", ".jsonl", ".sse", ".txt", ".yaml", ".yml"))

_NUMBERED: Final = re.compile(r"(\d{4,})-")

#: The longest part of a request's path in the name of a file, in characters.
_SLUG: Final = 60


class Places:
    """Gives each exchange its file. With the name of a capture (`run.cap.jsonl`) the first gets it, and the next ones
    `run-2.cap.jsonl`, `run-3.cap.jsonl`. With a folder each gets a number and its path, `0001-v1-chat-completions.cap.jsonl`, and
    numbers go on after those that are there. Threads may share it."""

    def __init__(self, path: str | Path, *, overwrite: bool = False) -> None:
        """overwrite: write over files of the name that are there, instead of refusing. Raises CaptureError for a name that is
        neither a capture's nor a folder's, and for a capture that is there."""
        self._path = Path(path)
        self._overwrite = overwrite
        self._lock = threading.Lock()
        self._numbers: Iterator[int] | None = None
        named = is_capture_name(self._path)
        if not named and (self._path.is_file() or self._path.suffix in _FILES):
            raise CaptureError(
                f"{path}: a capture's name ends in {' or '.join(SUFFIXES)}; to record into a folder, name a folder"
            )
        if named and self._path.exists() and not overwrite:
            raise CaptureError(f"{path} is there already: name another file, or overwrite it")
        self._name = self._in_a_row if named else self._in_the_folder

    def place(self, request: Request) -> Path:
        """A file for this exchange, made anew and empty, its folder too. Raises OSError."""
        with self._lock:
            if self._numbers is None:
                self._numbers = itertools.count(self._first())
            for number in self._numbers:
                path = self._name(number, request)
                path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    with open(path, "wb" if self._overwrite else "xb"):
                        return path
                except FileExistsError:
                    continue
        raise AssertionError("numbers do not end")

    def _first(self) -> int:
        if is_capture_name(self._path) or not self._path.is_dir():
            return 1
        there = (_NUMBERED.match(path.name) for path in self._path.iterdir())
        return max((int(found[1]) for found in there if found), default=0) + 1

    def _in_a_row(self, number: int, request: Request) -> Path:  # noqa: ARG002  # as _in_the_folder
        if number == 1:
            return self._path
        suffix = next(suffix for suffix in SUFFIXES if self._path.name.endswith(suffix))
        stem = self._path.name.removesuffix(suffix)
        return self._path.with_name(f"{stem}-{number}{suffix}")

    def _in_the_folder(self, number: int, request: Request) -> Path:
        words = re.sub(r"[^A-Za-z0-9]+", "-", request.path.partition("?")[0]).strip("-")
        return self._path / f"{number:04}-{words[-_SLUG:].strip('-') or 'root'}{SUFFIXES[0]}"
