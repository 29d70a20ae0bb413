from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_runs import (
    DONE,
    FAILED,
    REPAIRED,
    TRUNCATED,
    call,
    chunk,
    fragment,
    invoke,
    opening,
    sse,
    text,
)

KEYS = (
    "file",
    "dialect",
    "provider",
    "complete",
    "error",
    "message",
    "finish_reason",
    "raw_finish_reason",
    "usage",
    "findings",
)
MESSAGE_KEYS = ("content", "reasoning_content", "refusal", "tool_calls")

#: Two choices, told in turns; the second makes a call.
TWO_CHOICES = (
    sse(
        chunk({"role": "assistant", "content": "Yes"}, opening()),
        chunk({"content": ", sir"}, fragment("{}")),
        chunk(({}, "stop"), ({}, "tool_calls")),
    )
    + DONE
)


def jsonl(*arguments: str | Path, stdin: bytes | None = None) -> list[dict[str, Any]]:
    result = invoke("replay", "--format", "jsonl", *arguments, stdin=stdin)
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_text_comes_out_as_it_was_said(tmp_path: Path) -> None:
    file = tmp_path / "stream.sse"
    file.write_bytes(text("if x:\n", "\tgo  ", "on\n\n", "é \U0001f469\u200d\U0001f680"))
    result = invoke("replay", file)
    assert result.stdout == "if x:\n\tgo  on\n\né \U0001f469\u200d\U0001f680\n"
    assert result.stderr == f"{file}: complete, no repair\n"
    assert result.exit_code == 0


def test_reasoning_text_and_calls_have_lines_of_their_own() -> None:
    stream = sse(
        chunk({"role": "assistant", "reasoning_content": "Hm"}),
        chunk({"content": "Let me look."}),
        chunk({"tool_calls": opening()["tool_calls"]}),
        chunk(fragment('{"city":"Rome"}')),
        chunk(({}, "tool_calls")),
    )
    result = invoke("replay", "-", stdin=stream + DONE)
    assert result.stdout == 'Hm\nLet me look.\n-> weather({"city":"Rome"})\n'


def test_a_dash_is_standard_input() -> None:
    result = invoke("replay", "-", stdin=text("Hello"))
    assert (result.stdout, result.exit_code) == ("Hello\n", 0)
    assert result.stderr.startswith("standard input: complete")


def test_a_repaired_stream_is_no_failure() -> None:
    result = invoke("replay", "-", stdin=REPAIRED)
    assert result.stdout == '-> weather({"city":"Rome"})\n'
    assert "1 kind of repair" in result.stderr
    assert result.exit_code == 0


def test_a_truncated_stream_fails_and_shows_what_had_come() -> None:
    result = invoke("replay", "-", stdin=TRUNCATED)
    assert result.stdout == 'Wait. \n-> delete({"path":"/home/u)  [incomplete]\n'
    assert "failed (truncated)" in result.stderr
    assert result.exit_code == 1


def test_an_error_inside_the_stream_fails_with_the_servers_words() -> None:
    result = invoke("replay", "-", stdin=FAILED)
    assert result.stdout == "The \n"
    assert "failed (server): Overloaded" in result.stderr
    assert result.exit_code == 1


def test_a_call_that_is_no_json_fails_though_the_stream_ended_well() -> None:
    result = invoke("replay", "-", stdin=call('{"city":'))
    assert "[incomplete]" in result.stdout
    assert "tool-arguments-incomplete" in result.stderr
    assert result.exit_code == 1


def test_an_empty_file_is_a_truncated_stream(tmp_path: Path) -> None:
    (tmp_path / "empty.sse").touch()
    result = invoke("replay", tmp_path / "empty.sse")
    assert result.stdout == ""
    assert "failed (truncated)" in result.stderr
    assert result.exit_code == 1


def test_several_choices_are_told_apart() -> None:
    result = invoke("replay", "-", stdin=TWO_CHOICES)
    assert result.stdout == "Yes, sir\n[choice 1] -> weather({})\n"


def test_events_are_one_line_each() -> None:
    stream = sse(chunk({"role": "assistant", "content": "a\nb"}), chunk(({}, "stop"))) + DONE
    result = invoke("replay", "--events", "-", stdin=stream)
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "start",
        "text",
        "finish",
        "end",
    ]
    assert r"'a\nb'" in result.stdout


def test_events_show_a_failure_too() -> None:
    result = invoke("replay", "--events", "-", stdin=FAILED)
    assert result.stdout.splitlines()[-1] == "FAILED        server: Overloaded"
    assert result.exit_code == 1


def test_jsonl_has_exactly_the_keys_of_the_contract() -> None:
    stream = (
        sse(
            chunk({"role": "assistant", "content": "Let me look.", "reasoning_content": "Hm"}),
            chunk({"tool_calls": opening()["tool_calls"]}),
            chunk(fragment('{"city":"Rome"}')),
            chunk(({}, "stop")),
            chunk(usage={"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}),
        )
        + DONE
    )
    (line,) = jsonl("-", stdin=stream)
    assert tuple(line) == KEYS
    assert tuple(line["message"]) == MESSAGE_KEYS
    assert line["findings"]
    for finding in line["findings"]:
        assert tuple(finding) == ("code", "where", "detail")
        assert all(isinstance(value, str) and value for value in finding.values())
    del line["findings"]
    assert line == {
        "file": "-",
        "dialect": "chat",
        "provider": None,
        "complete": True,
        "error": None,
        "message": {
            "content": "Let me look.",
            "reasoning_content": "Hm",
            "refusal": None,
            "tool_calls": [{"id": "call_a", "name": "weather", "arguments": '{"city":"Rome"}'}],
        },
        "finish_reason": "tool_calls",
        "raw_finish_reason": "stop",
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }


def test_jsonl_carries_all_choices_where_there_are_several() -> None:
    (line,) = jsonl("-", stdin=TWO_CHOICES)
    assert tuple(line) == (*KEYS, "choices")
    first, second = line["choices"]
    for key in ("message", "finish_reason", "raw_finish_reason"):
        assert first[key] == line[key]
    assert (first["index"], first["message"]["content"]) == (0, "Yes, sir")
    assert (second["index"], second["finish_reason"]) == (1, "tool_calls")
    assert second["message"]["tool_calls"][0]["name"] == "weather"


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (FAILED, {"type": "server_error", "message": "Overloaded"}),
        (b"<html>Bad gateway</html>", None),
        (TRUNCATED, None),
        (b"", None),
    ],
)
def test_jsonl_says_why_a_stream_failed(stream: bytes, error: dict[str, str] | None) -> None:
    result = invoke("replay", "--format", "jsonl", "-", stdin=stream)
    line = json.loads(result.stdout)
    assert tuple(line) == KEYS
    assert line["complete"] is False
    assert tuple(line["error"]) == ("type", "message")
    assert all(line["error"].values())
    assert error is None or line["error"] == error
    assert result.exit_code == 1


def test_jsonl_keeps_what_was_assembled_of_a_truncated_stream() -> None:
    (line,) = jsonl("-", stdin=TRUNCATED)
    assert line["message"]["content"] == "Wait. "
    assert line["message"]["tool_calls"] == [
        {"id": "call_a", "name": "delete", "arguments": '{"path":"/home/u'}
    ]
    assert line["finish_reason"] is None


def test_several_files_are_one_line_each_and_one_failure_fails(tmp_path: Path) -> None:
    bodies = {"a": text("a"), "b": TRUNCATED, "c": call()}
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
    files = [tmp_path / name for name in bodies]
    lines = jsonl(*files)
    assert [line["file"] for line in lines] == [str(file) for file in files]
    assert [line["complete"] for line in lines] == [True, False, True]
    assert invoke("replay", "--format", "jsonl", *files).exit_code == 1
    assert invoke("replay", "--format", "jsonl", files[0], files[2]).exit_code == 0


def test_several_files_as_text_have_their_names_above(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(text(f"I am {name}"))
    a, b = tmp_path / "a", tmp_path / "b"
    result = invoke("replay", a, b)
    assert result.stdout == f"== {a}\nI am a\n== {b}\nI am b\n"
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == [str(a), str(b)]


def test_the_profile_is_named_in_the_line() -> None:
    (line,) = jsonl("--profile", "openai", "--dialect", "chat", "-", stdin=text("Hi"))
    assert (line["provider"], line["dialect"]) == ("openai", "chat")
