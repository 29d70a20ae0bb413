"""Grades as reports for programs and for issues: JSON, JUnit, Markdown, GitHub's annotations. All that came over the wire is
escaped: nothing in it can pass for markup or for a command."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from xml.etree import ElementTree

import msgspec

from streamnorm.conformance.base import Verdict
from streamnorm.conformance.baseline import Entry
from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.grade import Grade, Outcome, Proof
from streamnorm.conformance.requirements import CURRENT

__all__ = ["FORMATS", "SCHEMA", "Run", "where"]

#: The version of the JSON report: it changes when a key changes its meaning or goes.
SCHEMA: Final = "streamnorm.check/1"

_TOLD: Final = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.INCONCLUSIVE)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """All that one run of the checks came to. `known`: the deviations, as (check, name), that a baseline lets be; `stale`: its
    entries that are no longer needed."""

    grades: tuple[Grade, ...]
    strict: bool = False
    known: frozenset[tuple[str, str]] = frozenset()
    stale: tuple[Entry, ...] = ()

    @property
    def checked(self) -> int:
        """How many verdicts there are; a run without any is never green."""
        return sum(grade.checked for grade in self.grades)

    def against(self, grade: Grade) -> list[Outcome]:
        """The outcomes of a grade that count, and that no baseline lets be."""
        return [
            outcome
            for outcome in grade.against(strict=self.strict)
            if (outcome.id, grade.name) not in self.known
        ]

    @property
    def green(self) -> bool:
        new = any(self.against(grade) for grade in self.grades)
        return bool(self.checked) and not new and not self.stale

    def count(self) -> dict[str, int]:
        """How many outcomes of each verdict, over all grades."""
        counted: Counter[str] = Counter()
        for grade in self.grades:
            counted.update(grade.count())
        return {verdict.value: counted[verdict.value] for verdict in Verdict}


def where(proof: Proof) -> str:
    """The place of a proof, in words."""
    frame = f"frame {proof.frame}, " if proof.frame else ""
    return f"{frame}bytes {proof.start}-{proof.end}" if proof.end else "the whole exchange"


def to_json(run: Run) -> str:
    """One object: `schema` says which keys it has."""
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "requirements": CURRENT,
        "strict": run.strict,
        "green": run.green,
        "counts": run.count(),
        "stale": [str(entry) for entry in run.stale],
        "exchanges": [
            {
                "name": grade.name,
                "dialect": grade.dialect,
                "counts": grade.count(),
                "findings": grade.findings,
                "known": sorted(check for check, name in run.known if name == grade.name),
                "checks": grade.outcomes,
            }
            for grade in run.grades
        ],
    }
    return msgspec.json.encode(report).decode()


def to_junit(run: Run) -> str:
    """JUnit's XML: a suite for each exchange, a case for each check."""
    root = ElementTree.Element("testsuites", name="streamnorm check")
    for grade in run.grades:
        counts = grade.count()
        skipped = counts["skipped"] + counts["inconclusive"]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=_printable(grade.name),
            tests=str(len(grade.outcomes)),
            failures=str(len(run.against(grade))),
            skipped=str(skipped),
        )
        against = {outcome.id for outcome in run.against(grade)}
        for outcome in grade.outcomes:
            case = ElementTree.SubElement(
                suite, "testcase", classname=_printable(grade.name), name=outcome.id
            )
            if outcome.id in against:
                message = CHECKS[outcome.id].requirement
                failed = ElementTree.SubElement(
                    case, "failure", message=message, type=outcome.verdict
                )
                failed.text = "\n".join(_proof_lines(outcome))
            elif outcome.verdict in (Verdict.SKIPPED, Verdict.INCONCLUSIVE):
                ElementTree.SubElement(case, "skipped", message=_printable(outcome.reason))
            elif outcome.proofs:
                said = ElementTree.SubElement(case, "system-out")
                said.text = "\n".join([outcome.verdict.value, *_proof_lines(outcome)])
    _stale_suite(root, run)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _stale_suite(root: ElementTree.Element, run: Run) -> None:
    if run.stale:
        tests = str(len(run.stale))
        suite = ElementTree.SubElement(
            root, "testsuite", name="baseline", tests=tests, failures=tests, skipped="0"
        )
        for entry in run.stale:
            case = ElementTree.SubElement(
                suite, "testcase", classname="baseline", name=_printable(str(entry))
            )
            ElementTree.SubElement(case, "failure", message="the entry is stale", type="stale")


def to_markdown(run: Run) -> str:
    """Markdown, fit for an issue: what is wrong, with the bytes."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in run.count().items() if count)
    lines = [
        f"**streamnorm check** (requirements of {CURRENT}): {counts or 'nothing was checked'}",
        "",
    ]
    for grade in run.grades:
        lines += _markdown_of(run, grade)
    lines += [f"- stale in the baseline: {_cell(str(entry))}" for entry in run.stale]
    return "\n".join(lines).rstrip()


def _markdown_of(run: Run, grade: Grade) -> Iterator[str]:
    told = [outcome for outcome in grade.outcomes if outcome.verdict in _TOLD]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in grade.count().items() if count)
    yield f"### {_cell(grade.name)} ({grade.dialect}): {counts}"
    yield ""
    if not told:
        return
    yield "| check | level | verdict | requirement | seen | breaks |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for outcome in told:
        known = " (known)" if (outcome.id, grade.name) in run.known else ""
        seen = _cell(outcome.proofs[0].words if outcome.proofs else outcome.reason)
        more = f" ({outcome.count} times)" if outcome.count > 1 else ""
        requirement = CHECKS[outcome.id].requirement.replace("|", "\\|")
        breaks = ", ".join(outcome.breaks)
        yield f"| {outcome.id} | {outcome.level} | {outcome.verdict}{known} | {requirement} | {seen}{more} | {breaks} |"
    yield ""
    for outcome in told:
        if any(proof.shown for proof in outcome.proofs):
            yield f"{outcome.id}, {where(outcome.proofs[0])}:"
            yield ""
            # Indented code: no byte of it can end it.
            yield f"    {outcome.proofs[0].shown}"
            yield ""


def to_github(run: Run) -> str:
    """Workflow commands: one annotation for each outcome that is not green."""
    lines = []
    for grade in run.grades:
        against = {outcome.id for outcome in run.against(grade)}
        for outcome in grade.outcomes:
            if outcome.verdict not in (Verdict.FAIL, Verdict.NON_STRICT):
                continue
            kind = "error" if outcome.id in against else "warning"
            title = f"{outcome.id} {outcome.level} {outcome.verdict}"
            said = "\n".join([CHECKS[outcome.id].requirement, *_proof_lines(outcome)])
            lines.append(
                f"::{kind} file={_property(grade.name)},title={_property(title)}::{_data(said)}"
            )
    lines += [f"::error title=stale baseline::{_data(str(entry))}" for entry in run.stale]
    if not run.checked:
        lines.append("::error title=streamnorm check::nothing was checked")
    return "\n".join(lines)


def _proof_lines(outcome: Outcome) -> Iterator[str]:
    for proof in outcome.proofs:
        yield f"{where(proof)}: {_printable(proof.words)}"
        if proof.shown:
            yield f"  {proof.shown}"
    if outcome.count > len(outcome.proofs):
        yield f"and {outcome.count - len(outcome.proofs)} more"
    if outcome.breaks:
        yield f"breaks: {', '.join(outcome.breaks)}"


def _printable(text: str) -> str:
    """On one line, with what cannot be printed written out."""
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text
    )


def _cell(text: str) -> str:
    """As text in a table of Markdown: nothing in it is markup, a mention or a link."""
    escaped = html.escape(_printable(text), quote=False).replace("@", "@\u200b")
    return "".join(f"\\{mark}" if mark in "\\`*_{}[]()#+!|~" else mark for mark in escaped)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(_printable(text)).replace(":", "%3A").replace(",", "%2C")


Writer = Callable[[Run], str]

#: The formats that are for programs and issues; text for a terminal is the command's matter.
FORMATS: Final[Mapping[str, Writer]] = {
    "json": to_json,
    "junit": to_junit,
    "markdown": to_markdown,
    "github": to_github,
}
