"""Standard output, and how a command says that it was used wrongly."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer
from rich.console import Console

from streamnorm.cli.reading import name_of
from streamnorm.cli.safe import one_line

__all__ = ["Out", "aside", "cannot_read", "wrong_use"]

#: As a shell says of a program that SIGPIPE ended: neither fine nor a failure of the stream.
_PIPE_CLOSED = 128 + 13

_HINTS: dict[type[OSError], str] = {
    FileNotFoundError: "; check the path (- is standard input)",
    IsADirectoryError: "; name the files in it",
}


class Out(Console):
    """Standard output: colours on a terminal, plain text in a pipe, and no complaint when the pipe closes."""

    def __init__(self, *, width: int | None = None) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, width=width)

    def on_broken_pipe(self) -> None:
        # What is left in the buffer has nowhere to go; the interpreter must not try it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_PIPE_CLOSED)


def aside() -> Console:
    """Standard error, for what is said beside the output."""
    return Console(stderr=True, highlight=False)


def cannot_read(file: str, error: OSError) -> NoReturn:
    hint = _HINTS.get(type(error), "")
    wrong_use(f"cannot read {name_of(file)}: {error.strerror}{hint}")


def wrong_use(message: str) -> NoReturn:
    typer.echo(f"streamnorm: {one_line(message)}", err=True)
    raise typer.Exit(2)
