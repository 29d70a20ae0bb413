"""`streamnorm check`: exit 0, 1 or 2, and who is at fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_runs import DONE, invoke, run, text

CONFORMANT = Path(__file__).parents[2] / "fixtures" / "conformance"


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    (tmp_path / "endless.sse").write_bytes(text("Hi").removesuffix(DONE))
    return tmp_path / "endless.sse"


def test_conformant_exchanges_leave_with_0() -> None:
    result = invoke("check", "--strict", CONFORMANT)
    assert result.exit_code == 0, result.output
    assert "11 exchanges:" in result.stdout
    assert "fail" not in result.stdout.splitlines()[-1]


def test_a_failure_leaves_with_1_and_is_told_with_its_rule(endless: Path) -> None:
    result = invoke("check", endless)
    assert result.exit_code == 1
    assert "E-001  MUST  fail" in result.stdout
    assert "the stream ends without [DONE]" in result.stdout


def test_the_summary_of_a_job_is_written_beside_its_annotations(
    endless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    invoke("check", endless)
    assert not summary.exists()
    result = invoke("check", "--format", "github", endless)
    assert result.stdout.startswith("::error ")
    assert summary.read_text("utf-8").startswith("### streamnorm check: not conformant")


def test_only_some_checks(endless: Path) -> None:
    result = invoke("check", "--only", "e-002,S-001", "--format", "json", endless)
    assert result.exit_code == 0
    (exchange,) = json.loads(result.stdout)["exchanges"]
    assert [each["id"] for each in exchange["checks"]] == ["E-002", "S-001"]


def test_strictly_a_should_counts(tmp_path: Path) -> None:
    stream = tmp_path / "a.sse"
    stream.write_bytes(b"retry: 10\n\n" + text("Hi"))
    assert invoke("check", stream).exit_code == 0
    strict = invoke("check", "--strict", stream)
    assert strict.exit_code == 1
    assert "breaks  a naive reader, the OpenAI SDK's stream helper" in strict.stdout


def test_a_baseline_lets_known_deviations_be(endless: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_text("E-001 endless.sse\n")
    result = invoke("check", "--baseline", known, endless)
    assert result.exit_code == 0
    assert "E-001  MUST  fail (known)" in result.stdout
    known.write_text("E-001\nE-002\n")
    stale = invoke("check", "--baseline", known, endless)
    assert stale.exit_code == 1
    assert "stale in the baseline: E-002" in stale.stdout


@pytest.mark.parametrize("format", ["text", "json", "junit", "markdown", "github"])
def test_a_run_that_checked_nothing_is_not_green(tmp_path: Path, format: str) -> None:
    stream = tmp_path / "a.sse"
    stream.write_bytes(b"{}")
    stream.with_suffix(".request.json").write_text('{"stream": false}')
    result = invoke("check", "--format", format, stream)
    assert result.exit_code == 2
    assert "nothing was checked" in result.stderr


def test_wrong_use_is_named(tmp_path: Path, endless: Path) -> None:
    for arguments, said in (
        (["--only", "X-1", endless], "there is no check 'X-1'"),
        (["--format", "html", endless], "--format is one of text, json"),
        (["--dialect", "soap", endless], "--dialect is auto"),
        (["--baseline", tmp_path / "none.txt", endless], "cannot read"),
        ([tmp_path / "none.sse"], "cannot read"),
        ([tmp_path / "empty"], "no *.sse"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        result = invoke("check", *arguments)
        assert (result.exit_code, said in result.stderr) == (2, True), result.output


def test_what_a_server_sent_is_not_obeyed(tmp_path: Path) -> None:
    stream = tmp_path / "a.sse"
    stream.write_bytes(text("Hi", reason="\\u001b[2J").replace(b"\\\\u001b", b"\\u001b"))
    result = invoke("check", stream)
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout


def test_standard_input_is_read(endless: Path) -> None:
    done = run("check", "--only", "E-001,S-001", "-", stdin=endless.read_bytes())
    assert done.returncode == 1
    assert b"standard input (chat): 1 pass, 1 fail" in done.stdout
