"""A run as GitHub's workflow commands: one annotation for each outcome that is not green."""

from __future__ import annotations

from streamnorm.conformance.asked import asked_of
from streamnorm.conformance.printable import printable
from streamnorm.conformance.reports.run import RED, Run
from streamnorm.conformance.reports.told import proof_lines

__all__ = ["to_github"]


def to_github(run: Run) -> str:
    """A line each: an error for what counts, a warning for what does not, such as a known deviation."""
    lines = []
    for grade in run.grades:
        against = {outcome.id for outcome in run.against(grade)}
        for outcome in grade.outcomes:
            if outcome.verdict not in RED:
                continue
            kind = "error" if outcome.id in against else "warning"
            title = f"{outcome.id} {outcome.level} {outcome.verdict}"
            said = "\n".join([asked_of(outcome.id).requirement, *proof_lines(outcome)])
            lines.append(
                f"::{kind} file={_property(grade.name)},title={_property(title)}::{_data(said)}"
            )
    lines += [
        f"::error title=stale baseline::{_data(printable(str(entry)))}" for entry in run.stale
    ]
    if not run.checked:
        lines.append("::error title=streamnorm check::nothing was checked")
    return "\n".join(lines)


def _data(text: str) -> str:
    """As the message of a command. Its own line ends are kept, as the runner reads them."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
