"""The benchmark runs, and reads what it says it reads. How fast is not for a test to say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("benchmarks", reason="without the source tree there is no benchmark")

from benchmarks import growth, live, validation
from benchmarks.__main__ import verdicts
from benchmarks.bodies import Body, bodies, calls, cut_by_event, cut_by_size, text
from benchmarks.measure import Measured
from streamnorm import Normalizer

ROOT = Path(__file__).parent.parent


def read(pieces: list[bytes]) -> Normalizer:
    normalizer = Normalizer()
    for piece in pieces:
        normalizer.feed(piece)
    normalizer.close()
    return normalizer


@pytest.mark.parametrize("body", bodies()[:-2], ids=lambda body: body.name)
def test_each_body_has_its_quirk_on_every_chunk_and_no_other(body: Body) -> None:
    normalizer = read(cut_by_size(body.data))
    assert normalizer.complete
    counts = [finding.count for finding in normalizer.findings if finding.count > 2]
    assert all(count >= body.deltas - 1 for count in counts)
    assert bool(counts) == (body.kind != "clean")


@pytest.mark.parametrize("made", [text(50), calls(50), calls(50, 4)], ids=["text", "call", "four"])
def test_however_a_body_is_cut_it_says_the_same(made: Iterator[bytes]) -> None:
    data = b"".join(made)
    by_size, by_event = read(cut_by_size(data)), read(cut_by_event(data))
    assert b"".join(cut_by_size(data)) == b"".join(cut_by_event(data)) == data
    assert by_size.result == by_event.result
    assert all(call.complete for call in by_size.result.message.tool_calls)


def run(*options: str) -> str:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--rounds", "1", *options]
    told = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120
    )
    return told.stdout


def test_one_command_prints_ratios_and_limits() -> None:
    found = json.loads(run("--only", "2,000 text", "--json"))
    assert [body["body"] for body in found["bodies"]] == ["2,000 text chunks"]
    assert found["bodies"][0]["ratios"]["to events"] > 0
    assert found["limits"][0]["limit"] == 2.0
    assert "2,000 text chunks: to events" in run("--only", "2,000 text")


def test_one_section_may_be_asked_for() -> None:
    found = json.loads(run("--only", "validation", "--json"))
    assert found["bodies"] == []
    assert "weather: validate, to bare jsonschema" in [m["what"] for m in found["limits"]]
    assert all(m["value"] > 0 for m in found["limits"])


def test_a_limit_is_met_missed_or_there_is_none() -> None:
    measured = [
        Measured("a", 1.0, 2.0),
        Measured("b", 3.0, 2.0),
        Measured("c", 3.0, 2.0, most=False),
        Measured("d", 1.0, 2.0, most=False),
        Measured("e", 1.0, None),
    ]
    assert [each.met for each in measured] == [True, False, True, False, True]
    told = [line.split()[0] for line in verdicts(measured).splitlines()[2:]]
    assert told == ["ok", "OVER", "ok", "UNDER", "e"]


def test_live_values_are_measured_beside_prefixes_and_on_top_of_streams() -> None:
    measured = list(live.measure(1, deltas=50))
    assert len(measured) == 9
    assert all(each.value > 0 for each in measured)


@pytest.mark.parametrize("make", [live.records, live.long_string])
def test_the_arguments_are_json_and_cut_into_deltas_of_one_size(make: Callable[[int], str]) -> None:
    text = make(1_000)
    json.loads(text)
    pieces = live.cut(text, 80, 11)
    assert text.startswith("".join(pieces))
    assert {len(piece) for piece in pieces} == {11}


@pytest.mark.parametrize("group", growth.GROUPS, ids=lambda group: group.name)
def test_a_body_made_to_be_slow_is_so_many_times_as_long_and_is_read(group: growth.Group) -> None:
    few = dict(list(group.makers.items())[:2])
    assert len(list(growth.measure(1, [group._replace(makers=few, size=100)]))) == 1
    for make in group.makers.values():
        short, long = make(1_000), make(4_000)
        group.read(make(250))
        if not isinstance(short, dict):  # a schema is as long as what it has most of
            assert 3.5 < len(long) / len(short) < 4.5


def test_validation_is_measured_beside_bare_jsonschema() -> None:
    judged = [each for each in validation.measure(1) if each.limit is not None]
    assert len(judged) == len(validation.cases())


def test_an_unknown_body_is_a_usage_error() -> None:
    command = [sys.executable, "-m", "benchmarks", "--only", "nothing like it"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert told.returncode == 2
    assert "no body has" in told.stderr
