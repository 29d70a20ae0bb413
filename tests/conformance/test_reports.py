"""Reports: each says the same, and nothing that came over the wire can pass for markup or a command in them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from conformance.graded import BASES, Mutation, mutant_of, spoken

from streamnorm.conformance import grade
from streamnorm.conformance.baseline import Baseline
from streamnorm.conformance.reports import (
    FORMATS,
    SCHEMA,
    Live,
    Run,
    badge_json,
    badge_of,
    badge_svg,
    read_json,
    step_summary,
)
from streamnorm.errors import LocalError

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


def test_an_annotation_is_read_as_it_was_meant() -> None:
    """The runner puts back %25, %0D and %0A, and in a property also %3A and %2C."""
    name = "50%,a:b\r\n::error::x"
    run = Run(grades=(grade(mutant_of(Mutation("", "chat-text", end="cut")), name=name),))
    line = next(line for line in FORMATS["github"](run).splitlines() if "title=T-006" in line)
    head, _, data = line.removeprefix("::").partition("::")
    file = head.partition("file=")[2].partition(",title=")[0]
    assert file == "50%25%2Ca%3Ab\\r\\n%3A%3Aerror%3A%3Ax"
    assert "%0A" in data
    assert "\n" not in data


@pytest.fixture(scope="module")
def mild() -> Run:
    mutation = Mutation("", "chat-tools", pauses={10: 2.5})
    return Run(grades=(grade(mutant_of(mutation), name="a.sse"),))


@pytest.fixture(scope="module")
def conformant() -> Run:
    return Run(grades=tuple(grade(spoken(base), name=base) for base in BASES))


def test_a_report_is_read_as_it_was_written(hostile: Run) -> None:
    run = Run(
        grades=hostile.grades,
        known=frozenset({("E-003", NAME)}),
        live=Live(endpoint="http://localhost:8000/v1", model="m", date="2026-11-21", repeats=3),
    )
    report = json.loads(FORMATS["json"](run))
    assert (report["endpoint"], report["model"], report["repeats"]) == (
        "http://localhost:8000/v1",
        "m",
        3,
    )
    found = read_json(FORMATS["json"](run).encode())
    assert [exchange.grade for exchange in found.exchanges] == list(run.grades)
    assert found.exchanges[0].known == ("E-003",)


def test_a_name_that_is_no_text_can_be_written() -> None:
    run = Run(grades=(grade(mutant_of(Mutation("", "chat-text", end="cut")), name="a\udcff.sse"),))
    assert json.loads(FORMATS["json"](run))["exchanges"][0]["name"] == "a\\udcff.sse"
    for write in FORMATS.values():
        assert write(run).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"schema":"other/1","requirements":"","exchanges":[]}',
        b'{"schema":"streamnorm.check/1","requirements":"","exchanges":[{"name":"","dialect":"","checks":[{"id":"<x>","level":"MUST",'
        b'"verdict":"fail"}]}]}',
    ],
)
def test_what_is_no_report_is_told(text: bytes) -> None:
    with pytest.raises(LocalError):
        read_json(text)


def test_a_summary_has_a_row_for_each_check_that_is_not_met(hostile: Run) -> None:
    several = Run(grades=hostile.grades * 3, known=frozenset({("E-003", NAME)}))
    told = step_summary(several)
    rows = [line for line in told.splitlines() if line.startswith("| E-003")]
    assert len(rows) == 1
    assert "| 3 fail (3 known) |" in rows[0]
    assert {row.replace("\\|", "").count("|") for row in told.splitlines() if "|" in row} == {6}
    assert "@all" not in told
    assert "3 exchanges, requirements of" in told


def test_a_summary_is_no_longer_for_more_exchanges(hostile: Run) -> None:
    few, many = (step_summary(Run(grades=hostile.grades * count)) for count in (2, 500))
    assert len(many) < len(few) + 20


def test_a_summary_says_how_the_run_came_out(conformant: Run, hostile: Run) -> None:
    assert step_summary(conformant).startswith("### streamnorm check: conformant\n")
    assert "not conformant" in step_summary(hostile)
    assert "nothing was checked" in step_summary(Run(grades=()))
    stale = Run(grades=conformant.grades, stale=tuple(Baseline("E-001 x|y.sse").entries))
    assert "not conformant" in step_summary(stale)
    assert "- stale in the baseline: E-001 x\\|y.sse" in step_summary(stale)
    of = Run(grades=conformant.grades, live=Live(endpoint="http://x/v1", model="@m"))
    assert "### streamnorm check, http://x/v1 @\u200bm: conformant" in step_summary(of)


def test_a_badge_says_what_is_met(conformant: Run, mild: Run, hostile: Run) -> None:
    assert json.loads(badge_json(badge_of(conformant))).keys() == {
        "schemaVersion",
        "label",
        "message",
        "color",
    }
    met = {
        outcome.id
        for each in conformant.grades
        for outcome in each.outcomes
        if (outcome.level, outcome.verdict) == ("MUST", "pass")
    }
    assert badge_of(conformant).message == f"{len(met)} checks met"
    assert badge_of(conformant).color == "brightgreen"
    assert badge_of(mild).color == "yellow"
    assert badge_of(mild).message.endswith("met, 1 non-strict")
    assert (badge_of(hostile).message, badge_of(hostile).color) == ("1 check not met", "red")
    assert badge_of(Run(grades=())).message == "not checked"


def test_a_baseline_does_not_colour_the_badge(hostile: Run) -> None:
    assert badge_of(Run(grades=hostile.grades, known=frozenset({("E-003", NAME)}))).color == "red"


def test_the_svg_of_a_badge_is_xml_that_loads_nothing(hostile: Run) -> None:
    root = ElementTree.fromstring(badge_svg(badge_of(hostile)))
    said = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert said == ["streaming conformance", "1 check not met"]
    assert {each.tag.rpartition("}")[2] for each in root.iter()} <= {
        "svg",
        "title",
        "rect",
        "path",
        "g",
        "text",
    }


def test_a_run_without_a_verdict_is_not_green() -> None:
    run = Run(grades=())
    assert not run.green
    assert "nothing was checked" in FORMATS["github"](run)
    assert "nothing was checked" in FORMATS["markdown"](run)
    assert json.loads(FORMATS["json"](run))["green"] is False
