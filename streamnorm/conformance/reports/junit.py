"""A run as JUnit's XML: a suite for each exchange, a case for each check."""

from __future__ import annotations

from xml.etree import ElementTree

from streamnorm.conformance.asked import asked_of
from streamnorm.conformance.base import Verdict
from streamnorm.conformance.grade import Grade
from streamnorm.conformance.printable import printable
from streamnorm.conformance.reports.run import Run
from streamnorm.conformance.reports.told import proof_lines

__all__ = ["to_junit"]


def to_junit(run: Run) -> str:
    """What counts is a failure; what was skipped or left undecided is skipped, with the reason."""
    root = ElementTree.Element("testsuites", name="streamnorm check")
    for grade in run.grades:
        _suite(root, run, grade)
    if run.stale:
        _stale_suite(root, run)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _suite(root: ElementTree.Element, run: Run, grade: Grade) -> None:
    counts, name = grade.count(), printable(grade.name)
    against = {outcome.id for outcome in run.against(grade)}
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(grade.outcomes)),
        failures=str(len(against)),
        skipped=str(counts["skipped"] + counts["inconclusive"]),
    )
    for outcome in grade.outcomes:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=outcome.id)
        if outcome.id in against:
            message = asked_of(outcome.id).requirement
            failed = ElementTree.SubElement(case, "failure", message=message, type=outcome.verdict)
            failed.text = "\n".join(proof_lines(outcome))
        elif outcome.verdict in (Verdict.SKIPPED, Verdict.INCONCLUSIVE):
            ElementTree.SubElement(case, "skipped", message=printable(outcome.reason))
        elif outcome.proofs:
            said = ElementTree.SubElement(case, "system-out")
            said.text = "\n".join([outcome.verdict.value, *proof_lines(outcome)])


def _stale_suite(root: ElementTree.Element, run: Run) -> None:
    tests = str(len(run.stale))
    suite = ElementTree.SubElement(
        root, "testsuite", name="baseline", tests=tests, failures=tests, skipped="0"
    )
    for entry in run.stale:
        case = ElementTree.SubElement(
            suite, "testcase", classname="baseline", name=printable(str(entry))
        )
        ElementTree.SubElement(case, "failure", message="the entry is stale", type="stale")
