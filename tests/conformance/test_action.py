"""The GitHub Action: its steps run here as they are written, with the environment that a runner gives them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from conformance.hostile import write_folder

from streamnorm.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "action.yml"


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    if not FILE.is_file():
        pytest.skip("the action is not here")
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def scripts(action: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in action["runs"]["steps"] if "run" in step}


def test_every_input_is_used_and_every_one_that_is_used_exists(action: dict[str, Any]) -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", FILE.read_text("utf-8")))
    assert used == set(action["inputs"])
    assert all(each["description"] and "default" in each for each in action["inputs"].values())


def test_no_script_has_an_input_in_it(action: dict[str, Any]) -> None:
    for name, step in scripts(action).items():
        assert "${{" not in step["run"], name
        assert step["shell"] == "bash"


def test_what_a_step_gives_is_what_is_asked_of_it(action: dict[str, Any]) -> None:
    given = {
        f"steps.{step['id']}.outputs.{name}"
        for step in scripts(action).values()
        if "id" in step
        for name in re.findall(r'echo "([\w-]+)=', step["run"])
    }
    asked = set(re.findall(r"steps\.\w+\.outputs\.[\w-]+", FILE.read_text("utf-8")))
    assert asked == given


def test_every_option_exists(action: dict[str, Any]) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, command in (("Check", "check"), ("Report", "report")):
        known = {option for each in commands[command].params for option in each.opts}
        used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", scripts(action)[name]["run"]))
        assert used
        assert used <= known, used - known


@pytest.fixture
def runner(action: dict[str, Any], tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Runs the steps Check, Report and Verdict; gives their outputs, what they printed, and the code of the last."""
    programs = tmp_path / "bin"
    programs.mkdir()
    command = programs / "streamnorm"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m streamnorm.cli "$@"\n')
    command.chmod(0o755)
    steps = scripts(action)

    def run(**inputs: str) -> dict[str, str]:
        given = {name: str(each["default"]) for name, each in action["inputs"].items()} | inputs
        told: dict[str, str] = {"printed": ""}
        for file in ("output", "summary"):
            (tmp_path / file).write_text("")
        for name in ("Check", "Report", "Verdict"):
            outputs = dict(
                line.split("=", 1) for line in (tmp_path / "output").read_text("utf-8").splitlines()
            )
            names = {f"inputs.{key}": value for key, value in given.items()}
            names |= {f"steps.check.outputs.{key}": value for key, value in outputs.items()}
            own = {
                key: names.get(value.removeprefix("${{ ").removesuffix(" }}"), "")
                for key, value in steps[name]["env"].items()
            }
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps[name]["run"]],
                env={
                    "PATH": f"{programs}:{os.environ['PATH']}",
                    "PYTHONPATH": str(ROOT),
                    "HOME": str(tmp_path),
                    "RUNNER_TEMP": str(tmp_path),
                    "GITHUB_OUTPUT": str(tmp_path / "output"),
                    "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
                    **own,
                },
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=120,
            )
            told["printed"] += done.stdout
            told[name] = str(done.returncode)
        told["summary"] = (tmp_path / "summary").read_text("utf-8")
        return told | outputs

    return run


def test_captures_that_fail_fail_the_job_with_a_report(
    runner: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    write_folder(tmp_path / "captures")
    told = runner(files="captures\n\n", title="A title; $(touch owned) `touch owned`")
    assert (told["Check"], told["Report"], told["Verdict"]) == ("0", "0", "1")
    assert told["exit-code"] == "1"
    page = Path(told["report"]).read_text("utf-8")
    assert "A title; $(touch owned)" in page
    assert not (tmp_path / "owned").exists()
    assert "::error file=captures/0.cap.jsonl,title=F-004 MUST fail::" in told["printed"]
    assert told["summary"].count("### streamnorm check: not conformant") == 1
    assert (tmp_path / "streamnorm" / "badge.json").is_file()


def test_captures_that_pass_pass(runner: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    write_folder(tmp_path / "captures")
    told = runner(files="captures/good/chat-text.cap.jsonl\ncaptures/good/chat-tools.cap.jsonl")
    assert (told["Verdict"], told["exit-code"]) == ("0", "0")
    assert "### streamnorm check: conformant" in told["summary"]


def test_a_baseline_lets_known_deviations_be(
    runner: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    write_folder(tmp_path / "captures")
    (tmp_path / "known.txt").write_text("F-004 0.cap.jsonl\n")
    told = runner(files="captures/0.cap.jsonl", baseline="known.txt", only="F-004")
    assert told["Verdict"] == "0"
    assert "### streamnorm check: conformant" in told["summary"]
    assert runner(files="captures/0.cap.jsonl", only="F-004")["Verdict"] == "1"


def test_strict_counts_what_is_non_strict(
    runner: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    write_folder(tmp_path / "captures")
    assert runner(files="captures/0.cap.jsonl", only="F-032")["Verdict"] == "0"
    assert runner(files="captures/0.cap.jsonl", only="F-032", strict="true")["Verdict"] == "1"


def test_nothing_to_check_is_an_error(runner: Callable[..., dict[str, str]]) -> None:
    told = runner()
    assert (told["Verdict"], told["exit-code"]) == ("2", "2")
    assert "::error title=streamnorm check::say what to check" in told["printed"]
    assert runner(files="nowhere")["Verdict"] == "2"


def test_an_endpoint_that_is_not_there_is_an_error(runner: Callable[..., dict[str, str]]) -> None:
    told = runner(url="http://127.0.0.1:9/v1", model="m", budget="1")
    assert told["Verdict"] == "2"
