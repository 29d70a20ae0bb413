"""What was put right in a stream, finding by finding, for people."""

from __future__ import annotations

from rich.console import Console

from streamnorm.cli.report import in_words
from streamnorm.cli.safe import styled
from streamnorm.normalizer import Normalizer

__all__ = ["explain"]

_LABELS = {"failure": "bold red", "repair": "bold yellow"}


def explain(normalizer: Normalizer, out: Console) -> None:
    findings = normalizer.findings
    if not findings:
        out.print("Nothing to put right: the stream is conformant.")
    quoted: set[str] = set()
    for finding in findings:
        out.print()
        for label, text in in_words(finding, quoted=finding.seen in quoted):
            if label in _LABELS:
                out.print(styled(f"{label} {text}", _LABELS[label]))
            else:
                out.print(styled(f"  {label:<7} {text}"), soft_wrap=True)
        quoted.add(finding.seen)
