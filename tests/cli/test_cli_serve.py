"""`streamnorm serve` says where it is, what it answered, and what it cannot do."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from streamnorm.captures.format import CaptureWriter, Header, Request, Response

#: Seconds after which a test that hangs fails.
HUNG = 30

BODY = b'data: {"choices":[]}\n\ndata: [DONE]\n\n'


@pytest.fixture
def captures(tmp_path: Path) -> Path:
    header = Header(
        request=Request(path="/v1/chat/completions", json={"model": "m"}),
        response=Response(status=200, headers={"content-type": "text/event-stream"}),
    )
    with CaptureWriter(tmp_path / "one two.cap.jsonl", header) as writer:
        writer.piece(0.0, BODY)
        writer.end()
    return tmp_path


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The process, the URL, and what it said when it was ready."""
    command = [sys.executable, "-m", "streamnorm.cli", "serve", *arguments, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said, until = "", time.monotonic() + HUNG
        while "Ctrl-C" not in said and time.monotonic() < until and process.poll() is None:
            if select.select([process.stdout], [], [], 0.1)[0]:
                said += os.read(process.stdout.fileno(), 65536).decode()
        try:
            found = re.search(r"http://[^/\s]+", said)
            assert found, said
            yield process, found.group(), said
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HUNG)
    return process.returncode, out, err


def refused(*arguments: str) -> str:
    command = [sys.executable, "-m", "streamnorm.cli", "serve", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HUNG, check=False)
    assert done.returncode == 2
    return done.stderr


def test_it_says_where_it_is_serves_and_counts(captures: Path) -> None:
    with serving(str(captures), "--speed", "max", "--cut", "byte") as (process, url, said):
        assert said.startswith(f"1 capture at {url}/v1\n")
        assert f"curl -N -X POST {url}/captures/one%20two/v1/chat/completions\n" in said
        answer = httpx.post(f"{url}/captures/one%20two/v1/chat/completions", timeout=HUNG)
        assert answer.content == BODY
        assert httpx.post(f"{url}/v1/chat/completions", json={"model": "m"}).content == BODY
        assert httpx.post(f"{url}/v1/%1b[31m\u202e", json={}).status_code == 404
        code, out, err = ended(process)
    assert code == 0
    assert out == "3 requests answered\n"
    heard = err.splitlines()
    assert heard[1] == f"POST /v1/chat/completions: one two (200), {len(BODY)} pieces, end"
    assert "\x1b" not in err


def test_faults_and_a_plan_are_played(captures: Path, tmp_path: Path) -> None:
    plan = tmp_path / "faults.toml"
    plan.write_text('[captures]\n"one *" = "429=3"')
    with serving(str(captures), "--fault", "slow-headers=0.01", "--plan", str(plan)) as (
        process,
        url,
        _,
    ):
        answer = httpx.post(f"{url}/v1/chat/completions", json={"model": "m"}, timeout=HUNG)
        assert answer.headers["retry-after"] == "3"
        _, _, err = ended(process)
    assert "faults: slow-headers=0.01, 429=3" in err


def test_an_address_for_others_is_warned_of(captures: Path) -> None:
    with serving(str(captures), "--host", "0.0.0.0") as (process, url, _):
        assert httpx.get(url.replace("0.0.0.0", "127.0.0.1"), timeout=HUNG).status_code == 200
        _, _, err = ended(process)
    assert err.startswith("warning: 0.0.0.0 may be reached from other machines")


def test_what_cannot_be_served_is_told(captures: Path, tmp_path: Path) -> None:
    folder = str(captures)
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, said in (
        ((str(empty),), "no captures in it"),
        ((str(tmp_path / "none.cap.jsonl"),), "cannot read"),
        ((folder, "--speed", "fast"), "give a factor such as 10x"),
        ((folder, "--cut", "often"), "give a number of bytes"),
        ((folder, "--fault", "cutt"), "did you mean 'cut'"),
        ((folder, "--plan", "none"), "cannot read the plan none.toml"),
        ((folder, "--repeat", "often"), "repeat is one of"),
        ((folder, "--host", "256.0.0.1"), "cannot listen on 256.0.0.1"),
    ):
        assert said in refused(*arguments)


def test_a_port_that_is_taken_is_told(captures: Path) -> None:
    with serving(str(captures)) as (_, url, _):
        said = refused(str(captures), "--port", url.rpartition(":")[2])
    assert "--port 0 picks one" in said
