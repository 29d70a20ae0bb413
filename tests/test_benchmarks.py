"""The benchmark runs, and reads what it says it reads. How fast is not for a test to say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("benchmarks", reason="without the source tree there is no benchmark")

from benchmarks.bodies import Body, bodies, calls, cut_by_event, cut_by_size, text
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
def test_however_a_body_is_cut_it_says_the_same(made: object) -> None:
    data = b"".join(made)  # type: ignore[call-overload]
    by_size, by_event = read(cut_by_size(data)), read(cut_by_event(data))
    assert b"".join(cut_by_size(data)) == b"".join(cut_by_event(data)) == data
    assert by_size.result == by_event.result
    assert all(call.complete for call in by_size.result.message.tool_calls)


def test_one_command_prints_ratios_and_limits() -> None:
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "--quick",
        "--rounds",
        "1",
        "--only",
        "2,000 text",
    ]
    told = subprocess.run(
        [*command, "--json"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=120
    )
    found = json.loads(told.stdout)
    assert [body["body"] for body in found["bodies"]] == ["2,000 text chunks"]
    assert found["bodies"][0]["ratios"]["to events"] > 0
    assert found["limits"][0]["limit"] == 2.0
    told = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120
    )
    assert "2,000 text chunks: to events" in told.stdout


def test_an_unknown_body_is_a_usage_error() -> None:
    command = [sys.executable, "-m", "benchmarks", "--only", "nothing like it"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert told.returncode == 2
    assert "no body has" in told.stderr
