"""Live against servers that others made: what is found there is found again from the captures, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from conformance.foreign_servers import PROXY_KEY, aimock, litellm

from streamnorm.conformance import Verdict, check_endpoint

pytestmark = pytest.mark.deep

RED = (Verdict.FAIL, Verdict.NON_STRICT)

#: What each of them does otherwise, in the version that is installed; all of it was looked at in the captures. Mocks say what
#: they are told, whatever the request: lengths, stops, formats and models are not theirs to keep.
MOCKED = {"E-004", "E-013", "F-021", "F-023", "O-001", "O-005", "S-019"}
FOUND = {
    # It takes any model, makes one choice of two, and all calls where one is allowed.
    "aimock-chat": {*MOCKED, "E-006", "F-015", "S-011"},
    # It fails without `input`, and counts no events.
    "aimock-responses": {"E-006", "E-008", "E-013", "R-002"},
    # It ends one choice of two, says the role of the other in each chunk, has usage beside choices, counts the tokens of a
    # prompt in two ways, and asks its database about a wrong key.
    "litellm-chat": {*MOCKED, "E-002", "E-009", "S-008", "U-001", "U-005"},
}

Server = Callable[[Path], AbstractContextManager[str]]


@pytest.mark.parametrize(
    ("name", "server", "model", "dialect"),
    [
        ("aimock-chat", aimock, "gpt-4o", "chat"),
        ("aimock-responses", aimock, "gpt-4o", "responses"),
        ("litellm-chat", litellm, "mock", "chat"),
    ],
)
def test_the_verdicts_are_those_from_the_captures(
    name: str, server: Server, model: str, dialect: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with server(tmp_path) as url:
        live = check_endpoint(url, model, api_key=PROXY_KEY, dialect=dialect, output=folder)
    assert live.manifest.stopped == ""
    verdicts = {each.id: each.verdict for each in live.standings}
    assert {check for check, verdict in verdicts.items() if verdict in RED} == FOUND[name]
    assert live.checked >= 20
    command = [sys.executable, "-m", "streamnorm.cli", "check", "--format", "json", str(folder)]
    again = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert again.returncode in (0, 1), again.stderr
    report = json.loads(again.stdout)
    assert {each["id"]: each["verdict"] for each in report["live"]["checks"]} == verdicts
    kept = json.loads((folder / "check.json").read_bytes())
    assert report["live"] == kept["live"]
    outcomes = {each["name"].rpartition("/")[2]: each["checks"] for each in report["exchanges"]}
    assert outcomes == {each["name"]: each["checks"] for each in kept["exchanges"]}
    assert not any(PROXY_KEY.encode() in path.read_bytes() for path in folder.iterdir())
