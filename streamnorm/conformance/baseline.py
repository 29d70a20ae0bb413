"""Known deviations: those that a baseline lists are let be; a new one, and an entry that no longer applies, are told."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.grade import Grade
from streamnorm.errors import LocalError

__all__ = ["Baseline", "Entry"]

_line = re.compile(r"(\S+)(?:\s+(.+))?").fullmatch


class Entry(msgspec.Struct, frozen=True):
    """One line: the check, and the file it is about (the end of its path), or every file."""

    check: str
    file: str = ""

    def covers(self, check: str, name: str) -> bool:
        fits = not self.file or name == self.file or name.endswith("/" + self.file)
        return self.check == check and fits

    def __str__(self) -> str:
        return f"{self.check} {self.file}".rstrip()


class Baseline:
    """The deviations that are known. Lines are `ID` or `ID FILE`; what is behind `#` is a remark."""

    def __init__(self, text: str) -> None:
        """Raises LocalError for a line that is neither, or a check that there is none of."""
        self.entries: list[Entry] = []
        for number, line in enumerate(text.splitlines(), 1):
            found = _line(line.partition("#")[0].strip())
            if found is None:
                continue
            if found[1] not in CHECKS:
                raise LocalError(f"line {number}: there is no check {found[1]!r}")
            self.entries.append(Entry(found[1], found[2] or ""))

    def known(self, check: str, name: str) -> bool:
        """The deviation of this file is listed."""
        return any(entry.covers(check, name) for entry in self.entries)

    def stale(self, grades: Iterable[Grade], *, strict: bool) -> list[Entry]:
        """The entries that no deviation of these grades needs."""
        told = [(out.id, grade.name) for grade in grades for out in grade.against(strict=strict)]
        return [
            entry
            for entry in self.entries
            if not any(entry.covers(check, name) for check, name in told)
        ]
