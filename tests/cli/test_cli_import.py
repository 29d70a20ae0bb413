from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from cli_runs import FAILED, invoke, run, text

from streamnorm.captures.format import Capture

IMPORTS = Path(__file__).parents[2] / "fixtures" / "imports"
STREAM = (IMPORTS / "raw-body.txt").read_bytes()


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_exchange_of_a_file_becomes_a_capture(tmp_path: Path) -> None:
    result = invoke("import", IMPORTS / "nock.json", "-o", tmp_path / "made")
    assert result.exit_code == 0
    assert written(tmp_path / "made") == [
        "nock-2.cap.jsonl",
        "nock-3.cap.jsonl",
        "nock.cap.jsonl",
    ]
    assert Capture(tmp_path / "made" / "nock-2.cap.jsonl").body() == STREAM
    assert (
        "nock-2.cap.jsonl: from cassette, POST /v1/chat/completions -> 200, chat" in result.stdout
    )
    assert "nock.cap.jsonl: from cassette, GET /v1/models -> 200, no stream" in result.stdout


def test_what_is_lost_is_said_in_words_and_in_the_capture(tmp_path: Path) -> None:
    result = invoke("import", IMPORTS / "chunks.jsonl", "-o", tmp_path)
    said = "not known: when the pieces came, where they were cut, the answer's status and headers, the request"
    assert said in result.stdout
    assert "framing is lost" in result.stdout
    lost = Capture(tmp_path / "chunks.cap.jsonl").header.lost
    assert lost == ("times", "pieces", "headers", "request")


def test_standard_input_can_be_imported(tmp_path: Path) -> None:
    for name in ("curl-i.txt", "vcrpy-httpx.json"):
        result = invoke(
            "import", "-", "-o", tmp_path, "--force", stdin=(IMPORTS / name).read_bytes()
        )
        assert result.exit_code == 0
        assert Capture(tmp_path / "stdin.cap.jsonl").body() == STREAM
        assert Capture(tmp_path / "stdin.cap.jsonl").header.source == "standard input"


def test_a_capture_on_standard_input_is_copied(tmp_path: Path) -> None:
    assert invoke("import", IMPORTS / "raw-body.txt", "-o", tmp_path).exit_code == 0
    made = (tmp_path / "raw-body.cap.jsonl").read_bytes()
    for content, name in ((made, "stdin.cap.jsonl"), (gzip.compress(made), "stdin.cap.jsonl.gz")):
        result = invoke("import", "-", "-o", tmp_path, stdin=content)
        assert result.exit_code == 0
        assert "a capture already, copied" in result.stdout
        assert (tmp_path / name).read_bytes() == content


def test_nothing_is_written_over_unless_forced(tmp_path: Path) -> None:
    taken = tmp_path / "raw-body.cap.jsonl"
    taken.write_text("mine")
    result = invoke("import", IMPORTS / "raw-body.txt", "-o", tmp_path)
    assert result.exit_code == 2
    assert f"{taken} is there already: --force writes over it" in result.stderr
    assert taken.read_text() == "mine"
    assert invoke("import", "--force", IMPORTS / "raw-body.txt", "-o", tmp_path).exit_code == 0
    assert Capture(taken).body() == STREAM


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_files_of_the_same_name_do_not_write_over_each_other(
    force: tuple[str, ...], tmp_path: Path
) -> None:
    for folder, body in (("a", text("one")), ("b", text("two"))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "run.sse").write_bytes(body)
    made = tmp_path / "made"
    result = invoke("import", tmp_path / "a/run.sse", tmp_path / "b/run.sse", "-o", made, *force)
    assert result.exit_code == 0
    assert Capture(made / "run.cap.jsonl").body() == text("one")
    assert Capture(made / "run-2.cap.jsonl").body() == text("two")


def test_a_file_that_cannot_be_imported_does_not_stop_the_others(tmp_path: Path) -> None:
    odd = tmp_path / "odd.txt"
    odd.write_text("Dear Sir,\n")
    result = invoke(
        "import", odd, tmp_path / "none", IMPORTS / "raw-body.txt", "-o", tmp_path / "made"
    )
    assert result.exit_code == 1
    assert f"{odd}: no format that is known: it begins with 'Dear Sir,\\n'" in result.stderr
    assert f"{tmp_path / 'none'}: No such file or directory" in result.stderr
    assert written(tmp_path / "made") == ["raw-body.cap.jsonl"]


def test_a_file_without_a_stream_is_kept_and_told_by_the_code(tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text('{"error": {"message": "no such model"}}')
    result = invoke("import", answer, "-o", tmp_path)
    assert result.exit_code == 1
    assert "no stream in it" in result.stdout
    assert Capture(tmp_path / "answer.cap.jsonl").body() == answer.read_bytes()


def test_a_stream_that_failed_is_a_stream(tmp_path: Path) -> None:
    failed = tmp_path / "failed.sse"
    failed.write_bytes(FAILED)
    assert invoke("import", failed, "-o", tmp_path).exit_code == 0


def test_nothing_that_can_be_imported_is_a_wrong_use(tmp_path: Path) -> None:
    for arguments in (
        (tmp_path / "none",),
        (tmp_path,),
        ("--from", "sse", IMPORTS / "raw-body.txt"),
    ):
        result = invoke("import", *arguments, "-o", tmp_path / "made")
        assert result.exit_code == 2
        assert result.stderr.startswith("streamnorm: ")
    assert "--from is one of capture, raw, curl" in result.stderr


def test_a_failure_leaves_no_file_behind(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(STREAM * 2000)[:-20])
    result = invoke("import", "--from", "raw", cut, "-o", tmp_path / "made")
    assert result.exit_code == 2
    assert f"{cut}: the gzip data ends before its end" in result.stderr
    assert written(tmp_path / "made") == []


def test_values_of_named_members_are_masked(tmp_path: Path) -> None:
    result = invoke("import", "--mask", "id", IMPORTS / "raw-body.txt", "-o", tmp_path)
    assert result.exit_code == 0
    assert re.search(r"\d+ secrets masked", result.stdout)
    assert b"chatcmpl-7" not in Capture(tmp_path / "raw-body.cap.jsonl").body()


def test_names_from_a_file_are_shown_and_never_obeyed(tmp_path: Path) -> None:
    hostile = tmp_path / "x.json"
    hostile.write_text(
        '[{"scope": "http://h", "method": "\\u001b[31mGET", "path": "/\\u001b]0;x", "response": "data: {}"}]'
    )
    result = invoke("import", hostile, "-o", tmp_path)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout + result.stderr


def test_it_runs_as_a_process(tmp_path: Path) -> None:
    process = run("import", IMPORTS / "vcrpy.yaml", IMPORTS / "curl-i.txt", "-o", tmp_path)
    assert process.returncode == 0
    assert process.stderr == b""
    assert written(tmp_path) == ["curl-i.cap.jsonl", "vcrpy-2.cap.jsonl", "vcrpy.cap.jsonl"]


def test_the_help_teaches() -> None:
    said = invoke("import", "--help").stdout
    for word in (
        "vcrpy",
        "HARs",
        "curl -i",
        "--from",
        "--force",
        "streamnorm import tests/cassettes",
    ):
        assert word in said
