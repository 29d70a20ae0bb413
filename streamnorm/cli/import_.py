"""`streamnorm import`: files of other tools into captures, and what of each exchange could not be known."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from streamnorm.captures.format import SUFFIXES
from streamnorm.captures.imports import FORMATS, Imported, import_file, write_capture
from streamnorm.cli.console import Out, wrong_use
from streamnorm.cli.reading import name_of, pieces
from streamnorm.cli.safe import one_line, styled
from streamnorm.errors import CaptureError

__all__ = ["import_"]

_GZIP_MAGIC: Final = b"\x1f\x8b"
#: What the words in a capture's `lost` mean to a user.
_LOST: Final = {
    "times": "when the pieces came",
    "pieces": "where they were cut",
    "headers": "the answer's status and headers",
    "request": "the request",
}


def import_(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="What was recorded; - is standard input."),
    ],
    folder: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where the captures go.")
    ] = Path("."),
    format: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="FORMAT",
            help=f"For a file that does not say what it is: {', '.join(FORMATS)}.",
        ),
    ] = "",
    mask: Annotated[
        list[str] | None,
        typer.Option("--mask", help="Mask the values of this JSON member too, in both bodies."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over captures.")] = False,
) -> None:
    """Make captures of what other tools recorded.

    Takes cassettes (vcrpy, VCR, betamax, go-vcr, nock, httpmock), HARs, what curl -N or curl -i printed, lines or an array of
    JSON chunks, and text pasted from an issue. What a file is, its content says; its name does not matter. Each exchange
    becomes one capture, NAME.cap.jsonl (see docs/capture-format.md), without keys and cookies. What the file does not know is
    said, and stands in the capture as "lost".

    Leaves with 1 if a file had no stream or could not be imported, with 2 if none could.

    \b
    Examples:
      streamnorm import tests/cassettes/*.yaml -o captures
      curl -iN ... | streamnorm import - -o captures
      streamnorm import --from text issue.txt
    """
    if format and format not in FORMATS:
        wrong_use(f"--from is one of {', '.join(FORMATS)}, not {format!r}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        wrong_use(f"cannot write to {folder}: {error.strerror}")
    out, run = Out(), _Run(folder, format, tuple(mask or ()), force=force)
    for at, file in enumerate(files, start=1):
        with _telling(f"{at} of {len(files)}: {name_of(file)}", tells=len(files) > 1):
            told = run.take(file)
        for line in told:
            out.print(styled(line), soft_wrap=True)
    raise typer.Exit(run.code)


@contextmanager
def _telling(place: str, *, tells: bool) -> Iterator[None]:
    """A terminal is told which of several files it is, for as long as that takes."""
    aside = Console(stderr=True)
    with (
        aside.status(styled(place), spinner="line")
        if tells and aside.is_terminal
        else nullcontext()
    ):
        yield


@dataclass
class _Run:
    """One run of the command: what it may write, what it wrote, and how it went."""

    folder: Path
    format: str
    mask: tuple[str, ...]
    force: bool = field(kw_only=True)
    written: set[Path] = field(default_factory=set)
    failed: bool = False

    @property
    def code(self) -> int:
        if not self.written:
            return 2
        return 1 if self.failed else 0

    def take(self, file: str) -> list[str]:
        """Import one file; the lines that say how it went."""
        told: list[str] = []
        streams = False
        try:
            with _on_disk(file) as path:
                found = import_file(path, format=self.format, name=name_of(file), mask=self.mask)
                for at, one in enumerate(found, start=1):
                    streams |= one.streams
                    told += self._write(one, _stem(file), at)
        except (CaptureError, OSError) as error:
            self._refuse(
                f"{name_of(file)}: {_reason(error)}" if isinstance(error, OSError) else str(error)
            )
        else:
            self.failed |= not streams
            if not told:
                told.append(f"{name_of(file)}: no exchange in it")
            elif not streams:
                told.append("  no stream in it: the exchanges are kept, for replay")
        return told

    def _write(self, one: Imported, stem: str, at: int) -> list[str]:
        path = self._place(stem, at, one)
        masked = write_capture(one, path)
        self.written.add(path)
        lines = [f"{path}: {_what(one)}"]
        if one.header.lost:
            lines.append(
                f"  not known: {', '.join(_LOST.get(each, each) for each in one.header.lost)}"
            )
        if masked:
            lines.append(f"  {masked} secret{'s' * (masked > 1)} masked")
        return [*lines, *(f"  {note}" for note in one.notes)]

    def _place(self, stem: str, at: int, one: Imported) -> Path:
        """A path that this run has not written to. Raises CaptureError for one that is taken."""
        suffix = SUFFIXES[_is_gzip(one.original)]
        number = at
        while (
            path := self.folder / f"{stem}{f'-{number}' * (number > 1)}{suffix}"
        ) in self.written:
            number += 1
        if path.exists() and not self.force:
            raise CaptureError(f"{path} is there already: --force writes over it")
        return path

    def _refuse(self, reason: str) -> None:
        self.failed = True
        typer.echo(f"streamnorm: {one_line(reason)}", err=True)


def _what(one: Imported) -> str:
    request, response = one.header.request, one.header.response
    if one.original is not None:
        return "a capture already, copied"
    status = (
        ""
        if "headers" in one.header.lost
        else f" -> {response.status if response else 'no answer'}"
    )
    asked = "" if "request" in one.header.lost else f", {request.method} {request.path}"
    kind = one.header.dialect or ("stream" if one.streams else "no stream")
    return f"from {one.format}{asked}{status}, {kind}"


def _stem(file: str) -> str:
    """The file's name without what says its format."""
    if file == "-":
        return "stdin"
    name = Path(file).name.removesuffix(".gz")
    return name.removesuffix(SUFFIXES[0]) if name.endswith(SUFFIXES[0]) else Path(name).stem or name


def _is_gzip(path: Path | None) -> bool:
    if path is None:
        return False
    with open(path, "rb") as file:
        return file.read(2) == _GZIP_MAGIC


@contextmanager
def _on_disk(file: str) -> Iterator[Path]:
    """The path of a file; standard input is put into one, as it is gone through more than once."""
    if file != "-":
        yield Path(file)
        return
    with tempfile.TemporaryDirectory(prefix="streamnorm-") as folder:
        path = Path(folder) / "stdin"
        with open(path, "wb") as held:
            for piece in pieces(file):
                held.write(piece)
        yield path.rename(path.with_name("stdin" + SUFFIXES[_is_gzip(path)]))


def _reason(error: OSError) -> str:
    hint = " (- is standard input)" if isinstance(error, FileNotFoundError) else ""
    return f"{error.strerror or error}{hint}"
