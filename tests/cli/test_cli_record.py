"""`streamnorm record`, against servers on loopback: what it sends, shows, writes and says, and how it leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from captures.record_server import Answer, Server, chunked, head
from cli_runs import COMMAND, DONE, call, chunk, environment, fragment, invoke, opening, sse, text

from streamnorm.captures.format import Capture

KEY = "sk-test-a1b2c3d4e5f6g7h8"

#: A stream that says the second piece a while after the first, and then nothing.
PAUSING = sse(chunk({"role": "assistant", "content": "One "}))


def streaming(*pieces: bytes) -> Answer:
    return lambda head, body: chunked(pieces)


def refusing(status: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda first, sent: [head(status, content_length=str(len(body)), **headers), body]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.endswith("_API_KEY") or name.startswith("OPENAI_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def record(url: str, *arguments: str) -> Any:
    return invoke("record", "-u", url, "-m", "m", *arguments)


def test_an_answer_is_shown_recorded_and_judged() -> None:
    pieces = [text("Hello ", "there")[:60], text("Hello ", "there")[60:]]
    with Server(streaming(*pieces)) as server:
        result = record(server.url, "Say hello", "-o", "a.cap.jsonl")
        first, body = server.seen[0]
    assert result.exit_code == 0
    assert result.stdout == "Hello there\n"
    assert re.search(r"4 chunks in \d.*first token after \d", result.stderr)
    assert "complete, no repair" in result.stderr
    assert "recorded in a.cap.jsonl; next: streamnorm explain a.cap.jsonl" in result.stderr
    assert first.startswith(b"POST /v1/chat/completions ")
    assert b"authorization" not in first.lower()
    assert json.loads(body) == {
        "stream": True,
        "model": "m",
        "messages": [{"role": "user", "content": "Say hello"}],
    }
    assert list(Capture("a.cap.jsonl").pieces()) == pieces
    assert invoke("explain", "a.cap.jsonl").exit_code == 0


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions"),
        ("/v1/", "/v1/chat/completions"),
        ("/api/openai/v1", "/api/openai/v1/chat/completions"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/chat/completions/", "/v1/chat/completions/"),
        ("/d/x/chat/completions?api-version=1", "/d/x/chat/completions?api-version=1"),
        ("/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/v1?tenant=1", "/v1/chat/completions?tenant=1"),
    ],
)
def test_a_base_url_in_any_form_leads_to_the_endpoint(path: str, asked: str) -> None:
    with Server(streaming(text("Hi"))) as server:
        assert record(server.url + path).exit_code == 0
        assert server.seen[0][0].split()[1].decode() == asked


def test_calls_are_shown_and_the_tool_goes_along() -> None:
    with Server(streaming(call().replace(b"weather", b"get_weather"))) as server:
        result = record(server.url, "--tool")
        sent = json.loads(server.seen[0][1])
    assert result.stdout == '-> get_weather({"city":"Rome"})\n'
    assert sent["tools"][0]["function"]["name"] == "get_weather"
    assert "weather" in sent["messages"][0]["content"]
    assert result.exit_code == 0


def test_tools_and_requests_come_from_files(tmp_path: Path) -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    (tmp_path / "tools.json").write_text(json.dumps({"tools": [tool]}))
    (tmp_path / "request.json").write_text('{"model": "theirs", "messages": [], "seed": 1}')
    with Server(streaming(call())) as server:
        invoke("record", "-u", server.url, "--request", "request.json", "--tools", "tools.json")
        sent = json.loads(server.seen[0][1])
    assert sent == {"model": "theirs", "messages": [], "seed": 1, "stream": True, "tools": [tool]}


@pytest.mark.parametrize("place", ["option", "variable", "profile", "header"])
def test_the_key_is_sent_and_neither_said_nor_written(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = {
        "option": ["-k", KEY],
        "variable": [],
        "profile": ["-p", "groq"],
        "header": ["--header", f"Authorization: Bearer {KEY}"],
    }[place]
    monkeypatch.setenv("GROQ_API_KEY" if place == "profile" else "OPENAI_API_KEY", KEY)
    if place == "header":
        monkeypatch.delenv("OPENAI_API_KEY")
    echo = text(f"Your key is {KEY}.") + b": " + KEY.encode() + b"\n\n"
    for number, answer in enumerate(
        (streaming(echo), refusing(401, b'{"error":"' + KEY.encode() + b'"}'))
    ):
        name = f"{number}.cap.jsonl"
        with Server(answer) as server:
            result = record(server.url, "-o", name, *arguments)
            assert f"bearer {KEY}".encode() in server.seen[0][0].lower()
        assert KEY[8:] not in result.output + Path(name).read_text()


def test_a_named_provider_does_not_get_the_key_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Server(streaming(text("Hi"))) as server:
        record(server.url, "-p", "groq")
        assert KEY.encode() not in server.seen[0][0]


def test_a_stream_that_fails_leaves_with_1() -> None:
    with Server(lambda head, body: chunked([PAUSING])[:-1]) as server:
        result = record(server.url)
    assert result.exit_code == 1
    assert result.stdout == "One \n"
    assert "the connection failed: peer closed" in result.stderr
    assert "failed (truncated)" in result.stderr
    assert Capture("run.cap.jsonl").end().how == "cut"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            refusing(401, b'{"error":{"message":"No such key"}}'),
            "401 X: No such key; the key is refused",
        ),
        (
            refusing(404, b"<html>", content_type="text/html"),
            "404 X: an HTML page; nothing is there: check",
        ),
        (refusing(429, b'{"detail":"slow"}'), "too many requests"),
        (refusing(503, b""), "503 X; the server failed: try again later"),
        (
            refusing(307, location="https://elsewhere.test/?token=x"),
            "ask https://elsewhere.test/?token=***",
        ),
        (refusing(400, b"\x1b[2Jno"), "400 X: \\x1b[2Jno; the request is not understood"),
    ],
)
def test_a_refusal_is_said_in_one_line_with_what_to_do(answer: Answer, said: str) -> None:
    with Server(answer) as server:
        result = record(server.url)
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 2
    assert "recorded in run.cap.jsonl" in result.stderr
    assert Capture("run.cap.jsonl").header.response is not None


def test_an_html_page_is_not_taken_for_a_stream() -> None:
    with Server(refusing(200, b"<html>Welcome</html>", content_type="text/html")) as server:
        result = record(server.url)
    assert result.exit_code == 1
    assert "an HTML page came, not a stream: check the base URL" in result.stderr


def test_no_answer_leaves_with_2() -> None:
    result = record("http://127.0.0.1:9")
    assert result.exit_code == 2
    assert "cannot connect to 127.0.0.1:9: is the server running?" in result.stderr
    assert Capture("run.cap.jsonl").header.response is None
    with Server(lambda head, body: [1.0]) as server:
        result = record(server.url, "--timeout", "0.2", "--force")
    assert result.exit_code == 2
    assert "said nothing for 0.2 s; wait longer with --timeout" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-m", "m"), "no URL: give the base URL"),
        (("-m", "m", "-u", "localhost:8000"), "'localhost:8000' is no URL"),
        (("-u", "http://127.0.0.1:9"), "no model: name it with -m"),
        (("-m", "m", "-u", "http://127.0.0.1:9", "-o", "a.json"), "a capture's name ends in"),
        (("-m", "m", "-u", "http://127.0.0.1:9", "-p", "grok"), "no profile 'grok'"),
        (("-m", "m", "-p", "azure-openai"), "give yours with -u"),
        (
            ("-m", "m", "-u", "http://127.0.0.1:9", "-k", "k\u00e9y"),
            "'authorization' has characters",
        ),
        (("-m", "m", "-u", "http://127.0.0.1:9", "--header", "x"), "--header is 'Name: value'"),
        (("-m", "m", "-u", "http://127.0.0.1:9", "--tools", "none"), "cannot read none"),
        (("-u", "http://127.0.0.1:9", "--request", "none"), "cannot read the request in none"),
        (("-m", "m", "-u", "http://127.0.0.1:99999"), "is no URL: Port out of range"),
        (("-m", "m", "-u", "http://[/v1"), "is no URL: Invalid IPv6"),
    ],
)
def test_a_wrong_use_is_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    result = invoke("record", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_file_that_is_there_is_kept_unless_forced() -> None:
    Path("run.cap.jsonl").write_text("mine")
    with Server(streaming(text("Hi"))) as server:
        result = record(server.url)
        assert (result.exit_code, server.seen) == (2, [])
        assert "is there already" in result.stderr
        assert record(server.url, "--force").exit_code == 0


def test_members_are_masked_where_the_user_says_so() -> None:
    Path("r.json").write_text('{"model": "m", "messages": [], "user": "Ann"}')
    with Server(streaming(text("Hi"))) as server:
        invoke("record", "-u", server.url, "--request", "r.json", "--mask", "user", "--mask", "id")
    capture = Capture("run.cap.jsonl")
    assert capture.header.request.json["user"] == "***"
    assert b'"id": "**"' in capture.body()


def test_the_help_teaches() -> None:
    said = invoke("record", "--help").stdout
    for word in ("Examples:", "streamnorm record -u", "OPENAI_API_KEY", "*.cap.jsonl"):
        assert word in said
    assert "-k sk" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_ctrl_c_ends_the_capture_as_left_and_leaves_with_130(tmp_path: Path) -> None:
    with Server(lambda head, body: [*chunked([PAUSING])[:2], 3.0]) as server:
        process = subprocess.Popen(
            [*COMMAND, "record", "-u", server.url, "-m", "m"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(PYTHONUNBUFFERED="1"),
        )
        assert process.stdout is not None
        assert process.stdout.read(3) == b"One"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"interrupted; what came is in run.cap.jsonl" in said
    assert b"Traceback" not in said
    assert Capture("run.cap.jsonl").end().how == "left"


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of Unix")
def test_a_terminal_shows_the_pace_and_the_arguments_while_they_grow() -> None:
    from test_cli_process import on_a_terminal

    def answer(head: bytes, body: bytes) -> list[bytes | float]:
        deltas = [opening(), fragment('{"city":'), fragment('"Rome"}')]
        pieces = [sse(chunk(delta)) for delta in [{"content": "First\nsecond"}, *deltas]]
        slow = chunked([*pieces, sse(chunk(({}, "tool_calls"))) + DONE])
        return [each for piece in slow for each in (piece, 0.2)]

    with Server(answer) as server:
        seen = on_a_terminal("record", "-u", server.url, "-m", "m", "hi").decode()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    assert re.search(r"\d+ chunks in \d.*a second\), first token after", plain)
    assert '-> weather({"city":\r' in plain
    assert "First\r\n" in plain
    assert '-> weather({"city":"Rome"})\r\n' in plain
    assert "recorded in run.cap.jsonl" in plain
