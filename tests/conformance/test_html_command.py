"""`streamnorm report`: whose streams they are, what is graded and what is taken as graded, and what is said where it cannot."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from conformance.graded import Mutation, mutant_of, spoken
from conformance.hostile import write_capture, write_folder
from typer.testing import CliRunner

from streamnorm.cli.app import app
from streamnorm.cli.gathering import Gathering
from streamnorm.conformance import grade
from streamnorm.conformance.live.manifest import Manifest, SentExchange
from streamnorm.conformance.reports import FORMATS, Live, Run

EOS = Mutation("", "chat-text", ((b'"finish_reason":"stop"', b'"finish_reason":"eos"'),))


def report(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(
        app, ["report", *arguments], env={"GITHUB_STEP_SUMMARY": None, **environment}
    )


def endpoints(*places: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in Gathering(list(places)):
        found[each.endpoint] = found.get(each.endpoint, 0) + 1
    return found


def raw(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(spoken("chat-text").body)
    return path


def test_an_endpoint_is_where_a_capture_was_asked(tmp_path: Path) -> None:
    origins = ("https://user:secret@a.example:8443", "http://localhost:8000", "", "http://[x")
    for at, origin in enumerate(origins):
        write_capture(tmp_path / "folder" / f"{at}.cap.jsonl", spoken("chat-text"), origin=origin)
    assert endpoints(tmp_path) == {
        "a.example:8443/v1": 1,
        "http://localhost:8000/v1": 1,
        "http://[x/v1": 1,
        "folder": 1,
    }


def test_raw_streams_belong_to_their_folder_whatever_their_protocol(tmp_path: Path) -> None:
    for name in ("chat/one/a", "responses/one/b", "live/two/c", "d", "ollama/ollama/e", "chat/f"):
        raw(tmp_path / "all" / f"{name}.sse")
    found = endpoints(tmp_path / "all")
    assert found == {"one": 2, "live/two": 1, "all": 1, "ollama": 1, "chat": 1}
    assert endpoints(raw(tmp_path / "all" / "d.sse")) == {"all": 1}


def test_a_stream_that_is_named_twice_is_graded_once(tmp_path: Path) -> None:
    file = raw(tmp_path / "a.sse")
    assert sum(endpoints(tmp_path, file, tmp_path).values()) == 1


def live_report(folder: Path, *files: str, only: tuple[str, ...] = ()) -> None:
    """What a live run leaves beside its captures."""
    manifest = Manifest(
        endpoint="http://user:secret@localhost:8000/v1",
        model="m",
        dialect="chat",
        date="2026-11-21T10:00:00Z",
        repeats=2,
        only=only,
        exchanges=tuple(SentExchange(file=file, repeat=at) for at, file in enumerate(files, 1)),
    )
    run = Run(
        grades=tuple(grade(mutant_of(EOS), name=f"run/{file}") for file in files),
        known=frozenset({("E-003", f"run/{files[0]}")}),
        live=Live(endpoint=manifest.endpoint, model="m", date=manifest.date, repeats=2),
    )
    told = json.loads(FORMATS["json"](run)) | {"live": msgspec.to_builtins(manifest)}
    (folder / "check.json").write_text(json.dumps(told), "utf-8")


def test_a_live_run_is_graded_again_from_its_captures(tmp_path: Path) -> None:
    write_capture(tmp_path / "1.cap.jsonl", mutant_of(EOS))
    write_capture(tmp_path / "2.cap.jsonl", spoken("chat-text"))
    live_report(tmp_path, "1.cap.jsonl", "2.cap.jsonl")
    gathering = Gathering([tmp_path])
    first, second = list(gathering)
    assert first.endpoint == second.endpoint == "http://localhost:8000/v1 m"
    assert (first.known, first.repeats) == (("E-003",), 2)
    assert [each.grade.count()["fail"] for each in (first, second)] == [1, 0]
    standing = {each.id: each for each in gathering.standings[first.endpoint]}
    assert (standing["E-003"].passed, standing["E-003"].decided) == (1, 2)
    page = report(str(tmp_path), "-o", "-").stdout
    assert "Passed in 1 of 2 repeats (95 % interval: 9 to 91 %)" in page
    assert "checked <bdi>2026-11-21T10:00:00Z</bdi>; each request sent 2 times" in page
    assert "secret" not in page


def test_a_live_run_without_its_captures_is_taken_as_graded(tmp_path: Path) -> None:
    live_report(tmp_path, "1.cap.jsonl")
    gathering = Gathering([tmp_path])
    (only,) = list(gathering)
    assert only.evidence is None
    assert only.grade.count()["fail"] == 1
    assert len(gathering.unread) == 1
    done = report(str(tmp_path), "-o", str(tmp_path / "r.html"))
    assert done.exit_code == 0
    assert "not graded: " in done.stderr


def test_a_report_of_files_is_not_graded_again(tmp_path: Path) -> None:
    raw(tmp_path / "a.sse")
    run = Run(grades=(grade(mutant_of(EOS), name="elsewhere/a.sse"),))
    (tmp_path / "check.json").write_text(FORMATS["json"](run), "utf-8")
    (found,) = list(Gathering([tmp_path]))
    assert found.evidence is not None
    assert found.grade == run.grades[0]


def test_a_damaged_file_is_told_and_the_others_are_graded(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "bad.cap.jsonl").write_bytes(b"<script>\n")
    (tmp_path / "check.json").write_bytes(b"{")
    done = report(str(tmp_path), "-o", str(tmp_path / "r.html"))
    assert done.exit_code == 0
    assert done.stderr.count("not graded: ") == 2
    assert "Not graded: 2" in (tmp_path / "r.html").read_text("utf-8")


def test_the_page_goes_to_report_html_or_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw(tmp_path / "s" / "a.sse")
    done = report("s")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "1 exchange, 1 endpoint: report.html" in done.stderr
    written = (tmp_path / "report.html").read_bytes()
    piped = report("s", "-o", "-", "--title", "Streaming conformance")
    assert piped.stdout_bytes.rstrip(b"\n") == written.rstrip(b"\n")
    assert "<h1><bdi>Nightly</bdi></h1>" in report("s", "-o", "-", "--title", "Nightly").stdout


def test_badges_and_the_summary_are_written_beside_it(tmp_path: Path) -> None:
    raw(tmp_path / "s" / "a.sse")
    badge, svg, summary = (tmp_path / name for name in ("b.json", "b.svg", "summary.md"))
    summary.write_text("before\n", "utf-8")
    done = report(
        str(tmp_path / "s"),
        *(
            "-o",
            str(tmp_path / "r.html"),
            "--badge",
            str(badge),
            "--badge",
            str(svg),
            "--step-summary",
        ),
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert done.exit_code == 0, done.output
    assert json.loads(badge.read_text("utf-8"))["schemaVersion"] == 1
    assert svg.read_text("utf-8").startswith("<svg ")
    assert summary.read_text("utf-8").startswith("before\n### streamnorm check: conformant")


def test_a_baseline_marks_what_is_known_and_tells_what_is_stale(tmp_path: Path) -> None:
    write_capture(tmp_path / "s" / "a.cap.jsonl", mutant_of(EOS))
    known, summary = tmp_path / "known.txt", tmp_path / "summary.md"
    options = (str(tmp_path / "s"), "-o", "-", "--baseline", str(known), "--step-summary")
    known.write_text("E-003 a.cap.jsonl\n", "utf-8")
    assert '<td class="f k">' in report(*options, GITHUB_STEP_SUMMARY=str(summary)).stdout
    assert "### streamnorm check: conformant" in summary.read_text("utf-8")
    known.write_text("E-003 a.cap.jsonl\nE-001\n", "utf-8")
    report(*options, GITHUB_STEP_SUMMARY=str(summary))
    assert "stale in the baseline: E-001" in summary.read_text("utf-8")
    known.write_text("E-999\n", "utf-8")
    assert "there is no check 'E-999'" in report(*options, GITHUB_STEP_SUMMARY=str(summary)).stderr


def test_a_wrong_use_says_what_to_do(tmp_path: Path) -> None:
    empty, stream = tmp_path / "empty", raw(tmp_path / "s" / "a.sse")
    empty.mkdir()
    (tmp_path / "nothing.sse").write_bytes(b"")
    for arguments, said in (
        ([str(empty)], "`streamnorm record` makes captures"),
        ([str(tmp_path / "nowhere")], "nowhere: No such file or directory"),
        ([str(stream), "-o", str(tmp_path)], "cannot write"),
        ([str(stream), "--badge", "badge.png"], "its name ends in .json (for shields.io) or .svg"),
        ([str(stream), "--step-summary"], "$GITHUB_STEP_SUMMARY"),
    ):
        done = report(*arguments)
        assert (done.exit_code, done.stdout) == (2, ""), arguments
        assert said in done.stderr
        assert "Traceback" not in done.output
    assert not os.listdir(empty)


def test_a_run_that_checked_nothing_writes_nothing(tmp_path: Path) -> None:
    raw(tmp_path / "s" / "a.sse").with_suffix(".headers").write_bytes(
        b"HTTP/1.1 429 Slow\r\nx: y\r\n\r\n"
    )
    done = report(str(tmp_path / "s"), "-o", str(tmp_path / "r.html"))
    assert done.exit_code == 2
    assert "nothing was checked" in done.stderr
    assert not (tmp_path / "r.html").exists()
