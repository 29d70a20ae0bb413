"""Grades as reports for programs and for issues: JSON, JUnit, Markdown, GitHub's annotations, a badge. All that came over the
wire is escaped: nothing in it can pass for markup or for a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from streamnorm.conformance.reports.as_json import SCHEMA, Reported, read_json, to_json
from streamnorm.conformance.reports.badge import Badge, badge_json, badge_of, badge_svg
from streamnorm.conformance.reports.github import to_github
from streamnorm.conformance.reports.junit import to_junit
from streamnorm.conformance.reports.markdown import step_summary, to_markdown
from streamnorm.conformance.reports.run import Live, Run, where

__all__ = [
    "FORMATS",
    "SCHEMA",
    "Badge",
    "Live",
    "Reported",
    "Run",
    "badge_json",
    "badge_of",
    "badge_svg",
    "read_json",
    "step_summary",
    "where",
]

Writer = Callable[[Run], str]

#: The formats that are for programs and issues; text for a terminal is the command's matter.
FORMATS: Final[Mapping[str, Writer]] = {
    "json": to_json,
    "junit": to_junit,
    "markdown": to_markdown,
    "github": to_github,
}
