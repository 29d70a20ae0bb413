"""`streamnorm diff`: exit 0, 1 or 2, and the first difference first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_runs import REPAIRED, call, invoke, run, text

from streamnorm.captures.format import CaptureWriter, Header, How, Request, Response


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "a.sse").write_bytes(text("It is ", "sunny"))
    (tmp_path / "same.sse").write_bytes(text("It ", "is sunny"))
    (tmp_path / "b.sse").write_bytes(text("It is ", "rainy", reason="length"))
    return tmp_path


def capture(path: Path, body: bytes, *, status: int = 200, how: How = "end") -> Path:
    header = Header(request=Request(), response=Response(status=status))
    with CaptureWriter(path, header) as writer:
        for at in range(0, len(body), 11):
            writer.piece(0.0, body[at : at + 11])
        writer.end(how)
    return path


def test_what_tells_the_same_is_the_same_and_leaves_with_0(files: Path) -> None:
    for other in (files / "same.sse", capture(files / "c.cap.jsonl.gz", text("It is sunny"))):
        result = invoke("diff", files / "a.sse", other)
        assert (result.exit_code, result.stdout) == (0, "the same: 4 events, 0 findings\n")


def test_differences_stand_side_by_side_and_leave_with_1(files: Path) -> None:
    result = invoke("diff", files / "a.sse", files / "b.sse")
    assert result.exit_code == 1
    heading, *rows = [line.split() for line in result.stdout.splitlines()]
    assert heading == ["event", str(files / "a.sse"), str(files / "b.sse")]
    assert [row[0] for row in rows] == ["2", "3"]
    assert '"It is sunny"' in result.stdout.splitlines()[1]
    assert '"It is rainy"' in result.stdout.splitlines()[1]
    assert 'reason "stop"' in result.stdout.splitlines()[2]
    assert 'reason "length"' in result.stdout.splitlines()[2]


def test_long_values_are_shown_where_they_part(files: Path) -> None:
    for name, end in (("long", "Rome."), ("longer", "Oslo.")):
        (files / f"{name}.sse").write_bytes(text("words " * 2_000 + end + " and on" * 50))
    result = invoke("diff", files / "long.sse", files / "longer.sse")
    row = result.stdout.splitlines()[1]
    assert "...s words words words Rome. and on" in row
    assert "...s words words words Oslo. and on" in row
    assert len(row.rstrip()) < 250


def test_no_more_is_shown_than_asked_for(files: Path) -> None:
    (files / "call.sse").write_bytes(call())
    result = invoke("diff", "--most", "1", files / "a.sse", files / "call.sse")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 3
    assert result.stdout.splitlines()[2] == "and 3 more"


def test_findings_are_compared(files: Path) -> None:
    (files / "call.sse").write_bytes(call())
    (files / "repaired.sse").write_bytes(REPAIRED)
    result = invoke("diff", "--format", "json", files / "call.sse", files / "repaired.sse")
    told: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["same"] is False
    assert [each["b"]["finding"] for each in told["aside"]] == ["finish-stop-with-calls"]


def test_of_captures_the_status_and_the_end_are_compared(files: Path) -> None:
    body = text("Hi")
    one = capture(files / "one.cap.jsonl", body)
    other = capture(files / "other.cap.jsonl", body, status=500, how="cut")
    result = invoke("diff", "--format", "json", one, other)
    assert json.loads(result.stdout) == {
        "same": False,
        "events": [],
        "more": 0,
        "aside": [{"a": {"status": 200, "ended": "end"}, "b": {"status": 500, "ended": "cut"}}],
    }
    assert invoke("diff", one, files / "a.sse").exit_code == 1


def test_standard_input_is_read_once(files: Path) -> None:
    result = invoke("diff", files / "a.sse", "-", stdin=text("It is sunny"))
    assert (result.exit_code, result.stdout) == (0, "the same: 4 events, 0 findings\n")
    assert invoke("diff", "-", "-").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.sse", "none.sse"), "cannot read none.sse: No such file"),
        (("a.sse", "."), "cannot read .: Is a directory"),
        (("a.sse", "bad.cap.jsonl"), "bad.cap.jsonl, line 1: a capture begins with a JSON object"),
        (("a.sse", "damaged.cap.jsonl"), "damaged.cap.jsonl, line 3: neither a piece nor an end"),
        (("--format", "xml", "a.sse", "b.sse"), "--format is text or json, not 'xml'"),
    ],
)
def test_a_wrong_use_leaves_with_2(
    files: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(files)
    Path("bad.cap.jsonl").write_text("data: {}\n\n")
    lines = capture(Path("damaged.cap.jsonl"), text("Hi")).read_text().splitlines(keepends=True)
    Path("damaged.cap.jsonl").write_text("".join([*lines[:2], "[oops\n", *lines[3:]]))
    result = invoke("diff", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_what_a_model_wrote_reaches_no_terminal_raw(files: Path) -> None:
    (files / "evil.sse").write_bytes(text("It is \x1b[31m\u202e\x07[bold]red\n"))
    result = run("diff", files / "a.sse", files / "evil.sse")
    assert result.returncode == 1
    for raw in (b"\x1b", b"\x07", "\u202e".encode()):
        assert raw not in result.stdout
    assert b"[bold]red" in result.stdout
    assert len(result.stdout.splitlines()) == 2


def test_a_capture_is_replayed_and_explained_as_a_body_is(files: Path) -> None:
    path = capture(files / "c.cap.jsonl", text("It is sunny"))
    assert invoke("replay", path).stdout.startswith("It is sunny")
    assert "complete" in invoke("explain", path).stdout
    path.write_bytes(path.read_bytes().replace(b"\n[", b"\n[x", 1))
    result = invoke("explain", path)
    assert result.exit_code == 2
    assert "line 2: neither a piece nor an end" in result.stderr
