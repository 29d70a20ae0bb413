from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_runs import DONE, FAILED, REPAIRED, TRUNCATED, chunk, invoke, opening, sse, text

from streamnorm.findings import Finding, Findings


def test_a_conformant_stream_has_nothing_to_explain() -> None:
    result = invoke("explain", "-", stdin=text("Hi"))
    assert "Nothing to put right" in result.stdout
    assert result.exit_code == 0


def test_a_repair_is_told_with_its_place_its_rule_and_what_was_done() -> None:
    result = invoke("explain", "-", stdin=REPAIRED)
    assert result.stdout.startswith("standard input: complete, 1 kind of repair\n")
    assert "repair finish-stop-with-calls\n" in result.stdout
    for label in ("seen", "where", "rule", "done", "bytes"):
        assert f"\n  {label:<7} " in result.stdout
    assert result.exit_code == 0


def test_markup_that_nobody_asked_to_read_is_hinted_at() -> None:
    leaked = text('<tool_call>{"name": "f", "arguments": {}}</tool_call>')
    result = invoke("explain", "-", stdin=leaked)
    assert "Nothing to put right" in result.stdout
    assert "\nhint leak-hermes\n" in result.stdout
    assert "read it with --repair leak-hermes" in result.stdout
    assert result.exit_code == 0
    asked = invoke("explain", "--repair", "leak-hermes", "-", stdin=leaked)
    assert "repair leak-hermes\n" in asked.stdout
    assert "hint" not in asked.stdout


def test_a_stream_of_another_protocol_is_explained_without_being_told_which() -> None:
    stream = sse({"type": "message_start", "message": {"id": "msg_1", "model": "m"}})
    result = invoke("explain", "-", stdin=stream)
    assert "without message_stop" in result.stdout
    as_chat = invoke("explain", "--dialect", "chat", "-", stdin=stream)
    assert "they look like the dialect 'anthropic'" in as_chat.stdout


def test_a_failure_is_told_with_the_offending_bytes() -> None:
    result = invoke("explain", "-", stdin=FAILED)
    assert "failure stream-failed\n" in result.stdout
    assert "  where   chunk 2\n" in result.stdout
    assert '  bytes   {"error": {"message": "Overloaded"' in result.stdout
    assert result.exit_code == 1


def test_a_truncated_stream_fails() -> None:
    result = invoke("explain", "-", stdin=TRUNCATED)
    assert "truncated" in result.stdout
    assert result.exit_code == 1


def test_the_bytes_of_a_chunk_are_shown_once() -> None:
    delta = opening("weather", '{"city":"Rome"}')
    del delta["tool_calls"][0]["type"]
    del delta["tool_calls"][0]["index"]
    stream = sse(chunk((delta, "tool_calls"))) + DONE
    shown = [
        line.partition("bytes")[2].strip()
        for line in invoke("explain", "-", stdin=stream).stdout.splitlines()
        if line.startswith("  bytes")
    ]
    assert len(shown) > 2
    assert shown[0].startswith('{"id": "c1"')
    assert set(shown[1:]) == {"as above"}


def test_bytes_that_go_on_say_so() -> None:
    long = sse({"error": {"message": "x" * 500}})
    short = sse({"error": {"message": "x"}})
    assert "xxx ...\n" in invoke("explain", "-", stdin=long).stdout
    assert " ...\n" not in invoke("explain", "-", stdin=short).stdout


def test_several_files_are_explained_one_after_the_other(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(text("Hi"))
    bad.write_bytes(TRUNCATED)
    result = invoke("explain", good, bad)
    assert result.stdout.index(f"{good}: complete") < result.stdout.index(f"{bad}: failed")
    assert result.exit_code == 1


def found(*chunks: int) -> Finding:
    findings = Findings()
    for number in chunks:
        findings.note("delta-null", chunk=number)
    return findings.list()[0]


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ((0,), "the stream as a whole"),
        ((2,), "chunk 2"),
        ((2, 2), "chunk 2 (2 times)"),
        ((4, 5), "chunks 4, 5"),
        ((4, 4, 5), "chunks 4, 5 (3 times)"),
    ],
)
def test_the_place_says_which_chunks_and_how_often(chunks: tuple[int, ...], words: str) -> None:
    assert found(*chunks).where == words


def test_a_place_with_more_chunks_than_are_remembered_says_that_it_goes_on() -> None:
    assert found(*range(1, 41)).where.endswith(", 15, 16 and on (40 times)")
    assert found(*range(1, 17)).where.endswith(", 15, 16")


def test_a_repair_that_is_not_safe_runs_where_it_is_asked_for() -> None:
    body = text("<think>Hm.</think>", "Hi")
    assert "\nrepair think-tags\n" not in invoke("explain", "-", stdin=body).stdout
    asked = invoke("explain", "--repair", "think-tags", "-", stdin=body)
    assert "repair think-tags" in asked.stdout
    wrong = invoke("replay", "--repair", "think-tag", "-", stdin=body)
    assert wrong.exit_code == 2
    assert "did you mean 'think-tags'?" in wrong.stderr


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"enum": ["Oslo"]}}},
        },
    }
]


def called() -> bytes:
    return sse(chunk((opening("weather", '{"city":"Rome"}'), "tool_calls"))) + DONE


def test_the_arguments_are_judged_by_the_tools_that_are_named(tmp_path: Path) -> None:
    file = tmp_path / "tools.json"
    for content in (TOOLS, {"model": "m", "tools": TOOLS}):
        file.write_text(json.dumps(content), "utf-8")
        result = invoke("explain", "--tools", str(file), "-", stdin=called())
        assert "failure tool-arguments-invalid" in result.stdout
        assert "`/city` must be" in result.stdout
        assert result.exit_code == 1
    shown = invoke("replay", "--events", "--tools", str(file), "-", stdin=called()).stdout
    assert "REJECTED" in shown


def test_the_request_beside_a_stream_supplies_the_tools(tmp_path: Path) -> None:
    stream = tmp_path / "stream.sse"
    stream.write_bytes(called())
    assert invoke("explain", str(stream)).exit_code == 0
    (tmp_path / "stream.request.json").write_text(json.dumps({"tools": TOOLS}), "utf-8")
    assert "tool-arguments-invalid" in invoke("explain", str(stream)).stdout
    (tmp_path / "stream.request.json").write_text("{", "utf-8")
    assert invoke("explain", str(stream)).exit_code == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("{}", "has no tools"),
        ('[{"type": "function", "function": {"name": "f", "parameters": 5}}]', "'f'"),
        (None, "cannot read"),
    ],
)
def test_tools_that_cannot_be_read_are_a_wrong_use(
    tmp_path: Path, content: str | None, says: str
) -> None:
    file = tmp_path / "tools.json"
    if content is not None:
        file.write_text(content, "utf-8")
    result = invoke("explain", "--tools", str(file), "-", stdin=called())
    assert result.exit_code == 2
    assert says in result.stderr
