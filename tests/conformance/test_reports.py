"""Reports: each says the same, and nothing that came over the wire can pass for markup or a command in them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from conformance.graded import Mutation, mutant_of

from streamnorm.conformance import grade
from streamnorm.conformance.reports import FORMATS, SCHEMA, Run

HOSTILE = b'"finish_reason":"</failure>\\u001b[31m\\n::error::x|`@all ]]>"'
NAME = "dir/a,b:c|`\n.sse"


@pytest.fixture(scope="module")
def hostile() -> Run:
    mutation = Mutation("", "chat-text", ((b'"finish_reason":"stop"', HOSTILE),))
    return Run(grades=(grade(mutant_of(mutation), name=NAME),))


def test_json_has_its_schema_and_every_outcome(hostile: Run) -> None:
    report = json.loads(FORMATS["json"](hostile))
    assert report["schema"] == SCHEMA
    assert not report["green"]
    (exchange,) = report["exchanges"]
    found = {each["id"]: each for each in exchange["checks"]}
    assert found["E-003"]["verdict"] == "fail"
    proof = found["E-003"]["proofs"][0]
    assert (proof["frame"], proof["end"] > proof["start"]) == (27, True)
    assert report["counts"]["fail"] == exchange["counts"]["fail"] == 1


def test_junit_is_xml_with_a_case_for_each_check(hostile: Run) -> None:
    root = ElementTree.fromstring(FORMATS["junit"](hostile))
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert len(cases) == len(hostile.grades[0].outcomes)
    failed = [name for name, case in cases.items() if case.find("failure") is not None]
    assert failed == ["E-003"]
    assert root.find("testsuite").get("failures") == "1"  # type: ignore[union-attr]


def test_markdown_keeps_its_table_whole(hostile: Run) -> None:
    text = FORMATS["markdown"](hostile)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {7}
    assert "@all" not in text.replace("    data:", "").split("E-003, ")[0]
    assert not any(line.startswith("::") for line in text.splitlines())
    assert text.isprintable() or not any(ord(mark) < 32 and mark != "\n" for mark in text)


def test_annotations_are_one_command_a_line(hostile: Run) -> None:
    lines = FORMATS["github"](hostile).splitlines()
    assert all(line.startswith(("::error ", "::warning ")) for line in lines)
    (error,) = [line for line in lines if line.startswith("::error ")]
    assert "title=E-003 MUST fail::" in error
    assert "file=dir/a%2Cb%3Ac|`\\n.sse," in error


def test_a_run_without_a_verdict_is_not_green() -> None:
    run = Run(grades=())
    assert not run.green
    assert "nothing was checked" in FORMATS["github"](run)
    assert "nothing was checked" in FORMATS["markdown"](run)
    assert json.loads(FORMATS["json"](run))["green"] is False
