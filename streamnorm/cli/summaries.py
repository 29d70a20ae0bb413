"""The summary of a GitHub job: Markdown at the end of the file that the runner names."""

from __future__ import annotations

import os
from typing import Final

from streamnorm.cli.console import wrong_use

__all__ = ["append_summary", "is_summarised"]

_FILE: Final = "GITHUB_STEP_SUMMARY"


def is_summarised() -> bool:
    """A runner names a file for the summary."""
    return bool(os.environ.get(_FILE))


def append_summary(text: str) -> None:
    """Append to the summary of the step. A wrong use where no file is named, or it cannot be written."""
    file = os.environ.get(_FILE)
    if not file:
        wrong_use(f"the summary goes to the file that ${_FILE} names, and it names none")
    try:
        with open(file, "a", encoding="utf-8", newline="\n") as summary:
            summary.write(text.rstrip("\n") + "\n\n")
    except OSError as error:
        wrong_use(f"cannot write {file}, the summary of the step: {error.strerror}")
