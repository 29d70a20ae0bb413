"""`streamnorm check -u`: what is sent is said first, what came is kept, and each way to end has its code."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_runs import COMMAND, environment, invoke
from conformance.conformant import KEY, MODEL, Scripted
from conformance.served_app import served_app


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served_app(Scripted()) as url:
        yield url


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def test_a_conformant_endpoint_leaves_with_0_and_again_from_what_was_kept(
    url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    live = invoke("check", "-u", url, "-m", MODEL, "-o", folder, "--strict")
    assert live.exit_code == 0, live.output
    assert live.stderr.startswith(f"streamnorm: 40 requests to {url}/v1, model {MODEL}\n")
    assert f"captures and check.json are in {folder}" in live.stderr
    again = invoke("check", "--strict", folder)
    assert (again.exit_code, again.stdout) == (0, live.stdout)
    one = invoke("check", "--strict", folder / "one-tool.1.cap.jsonl")
    assert (one.exit_code, "one-tool.1.cap.jsonl (chat)" in one.stdout) == (0, True)
    assert MODEL not in one.stdout
    assert "fail" not in live.stdout


def test_the_report_of_a_live_run_says_how_the_endpoint_stands(url: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = invoke(
        "check", "-u", f"{url}/v1/", "-m", MODEL, "-o", run, "--format", "json", "--only", "f-016"
    )
    report = json.loads(result.stdout)
    assert report == json.loads((run / "check.json").read_bytes())
    assert (report["endpoint"], report["model"]) == (f"{url}/v1", MODEL)
    (check,) = report["live"]["checks"]
    assert (check["id"], check["verdict"], check["passed"]) == ("F-016", "pass", 1)
    assert [each["probe"] for each in report["live"]["exchanges"]] == ["plain", "none"]
    again = json.loads(invoke("check", "--format", "json", run).stdout)
    assert again["live"] == report["live"]


@pytest.mark.parametrize("format", ["junit", "markdown", "github"])
def test_the_other_formats_know_the_live_checks(url: str, format: str) -> None:
    result = invoke("check", "-u", url, "-m", MODEL, "--only", "E-006,F-024", "--format", format)
    assert result.exit_code == 0, result.output


def test_the_base_url_may_come_from_the_environment(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    result = invoke("check", "-m", MODEL, "--only", "E-006")
    assert result.exit_code == 0, result.output
    assert f"{url}/v1" in result.stdout


@pytest.fixture
def failing() -> Iterator[str]:
    class Failing(Scripted):
        """Takes any model."""

        def _chat(self, asked: dict[str, Any]) -> Any:
            return super()._chat({**asked, "model": MODEL} if "model" in asked else asked)

    with served_app(Failing()) as url:
        yield url


def test_a_failure_leaves_with_1_and_is_told_with_its_exchange(failing: str) -> None:
    result = invoke("check", "-u", failing, "-m", MODEL)
    assert result.exit_code == 1
    assert "E-006  MUST  fail" in result.stdout
    assert "the request was accepted, with status 200" in result.stdout
    assert "in      unknown-model.1.cap.jsonl" in result.stdout


def test_a_baseline_lets_known_deviations_of_an_endpoint_be(failing: str, tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_text("E-006  # any model will do\n")
    result = invoke("check", "-u", failing, "-m", MODEL, "--baseline", known)
    assert result.exit_code == 0, result.output
    assert "E-006  MUST  fail (known)" in result.stdout
    known.write_text("E-006\nF-016\n")
    stale = invoke("check", "-u", failing, "-m", MODEL, "--baseline", known)
    assert stale.exit_code == 1
    assert "stale in the baseline: F-016" in stale.stdout


def test_repeats_tell_a_rate(failing: str) -> None:
    result = invoke("check", "-u", failing, "-m", MODEL, "--only", "E-006", "--repeats", "3")
    assert "passed  0 of 3: a rate of 0.00 to 0.56 (Wilson, 95 %)" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-u", "http://127.0.0.1:9", "-m", MODEL], "127.0.0.1:9 gave no answer"),
        (["-u", "URL", "-m", "gpt-0"], "status 404 (check the base URL and the model's name)"),
        (["-u", "URL", "-m", MODEL, "-k", "another-key"], "status 401 (the key is not taken)"),
        (["-u", "localhost", "-m", MODEL], "is no URL"),
        (["-u", "URL"], "no model"),
        (["-u", "URL", "-m", MODEL, "x.sse"], "not both"),
        ([], "name files to grade, or an endpoint"),
    ],
)
def test_what_cannot_be_checked_leaves_with_2(arguments: list[str], said: str, url: str) -> None:
    result = invoke("check", *(url if each == "URL" else each for each in arguments))
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_an_earlier_run_is_written_over_only_if_that_is_wanted(url: str, tmp_path: Path) -> None:
    arguments = ["check", "-u", url, "-m", MODEL, "-o", tmp_path, "--only", "F-016"]
    assert invoke(*arguments).exit_code == 0
    again = invoke(*arguments)
    assert (again.exit_code, "has captures in it" in again.stderr) == (2, True)
    assert invoke(*arguments, "--force").exit_code == 0


def test_ctrl_c_keeps_what_came_and_tells_it(tmp_path: Path) -> None:
    class Stuck(Scripted):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if len(self.seen) >= 3:
                await receive()
                await receive()
            await super().__call__(scope, receive, send)

    with served_app(Stuck()) as url:
        command = [*COMMAND, "check", "-u", url, "-m", MODEL, "-o", str(tmp_path)]
        going = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        )
        kept = tmp_path / "plain-whole.1.cap.jsonl"
        deadline = time.monotonic() + 30
        while not kept.exists():
            assert time.monotonic() < deadline, sorted(tmp_path.iterdir())
            time.sleep(0.05)
        time.sleep(0.3)
        going.send_signal(signal.SIGINT)
        out, err = going.communicate(timeout=30)
    assert going.returncode == 130, err
    assert "the run ended early: interrupted" in out
    assert "Traceback" not in err
    report = json.loads((tmp_path / "check.json").read_bytes())
    assert report["live"]["stopped"] == "interrupted"
    assert not report["green"]
    assert {"plain", "plain-whole"} <= {each["probe"] for each in report["live"]["exchanges"]}
    assert invoke("check", tmp_path).exit_code == 2
