"""`streamnorm tail`, against servers on loopback: what it shows of one answer, and how it leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from captures.record_server import Answer, Server, chunked, head
from cli_runs import DONE, chunk, invoke, sse, text

from streamnorm.captures.format import Capture


def streaming(*pieces: bytes) -> Answer:
    return lambda head, body: chunked(pieces)


def calling(arguments: Any) -> bytes:
    call = {"id": "a", "function": {"name": "get_weather", "arguments": arguments}}
    chunks = sse(
        chunk({"role": "assistant", "reasoning_content": "I should look."}),
        chunk({"tool_calls": [call]}),
        chunk(({}, "tool_calls")),
    )
    return chunks + DONE


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.endswith("_API_KEY") or name.startswith("OPENAI_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def tail(url: str, *arguments: str) -> Any:
    return invoke("tail", "-u", url, "-m", "m", *arguments)


def test_an_answer_is_shown_and_nothing_is_kept_unless_asked_for(tmp_path: Path) -> None:
    with Server(streaming(text("Hello ", "there"))) as server:
        result = tail(server.url, "Say hello")
        assert (result.exit_code, result.stdout) == (0, "Hello there\n")
        assert "recorded" not in result.stderr
        assert not list(tmp_path.iterdir())
        result = tail(server.url, "-o", "a.cap.jsonl")
    assert "recorded in a.cap.jsonl" in result.stderr
    assert Capture("a.cap.jsonl").body() == text("Hello ", "there")


def test_calls_are_judged_and_what_was_put_right_is_said() -> None:
    with Server(streaming(calling({"city": "Rome", "unit": "kelvin"}))) as server:
        result = tail(server.url, "--tool", "weather")
        sent = json.loads(server.seen[0][1])
    assert sent["tools"][0]["function"]["name"] == "get_weather"
    assert result.exit_code == 1
    assert "I should look." in result.stdout
    assert '-> get_weather({"city":"Rome","unit":"kelvin"})' in result.stdout
    assert "`/unit` must be one of" in result.stdout
    assert "repair tool-arguments-object" in result.stdout
    assert "ended, but tool-arguments-invalid" in result.stderr


def test_tools_come_from_a_file_and_the_url_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": parameters}}
    (tmp_path / "tools.json").write_text(json.dumps([tool]))
    with Server(streaming(calling('{"city": "Rome"}'))) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        result = invoke("tail", "-m", "m", "--tool", "tools.json")
        assert json.loads(server.seen[0][1])["tools"] == [tool]
    assert result.exit_code == 0


def test_what_cannot_be_asked_leaves_with_2_and_a_refusal_with_1() -> None:
    assert invoke("tail", "-u", "http://127.0.0.1:1", "-m", "m").exit_code == 2
    assert "a capture's name ends in" in tail("http://127.0.0.1:1", "-o", "run.json").stderr
    body = b'{"error":{"message":"no such model"}}'
    with Server(lambda first, sent: [head(404, content_length=str(len(body))), body]) as server:
        result = tail(server.url)
    assert result.exit_code == 1
    assert "no such model" in result.stderr
    assert "recorded" not in result.stderr
