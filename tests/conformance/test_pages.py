"""docs/conformance.md says what the commands print, and every check has its page, with bytes that were graded."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conformance.graded import Mutation, mutant_of, spoken
from conformance.hostile import write_capture
from conformance.live_mutations import LIVE_MUTATIONS
from conformance.mutations import MUTATIONS
from typer.testing import CliRunner

from streamnorm.cli.app import app
from streamnorm.conformance.asked import ASKED
from streamnorm.conformance.peers import clients_that_break

DOCS = Path(__file__).resolve().parents[2] / "docs"
CONSOLE = re.compile(r"^```console\n\$ ([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the pages are not here")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the page's examples are run on."""
    same_id = Mutation("", "chat-tools", ((b'"id":"call_b"', b'"id":"call_a"'),))
    write_capture(tmp_path / "captures" / "text.cap.jsonl", spoken("chat-text"))
    write_capture(tmp_path / "captures" / "tools.cap.jsonl", mutant_of(same_id))
    baseline = re.search(r"^F-004 .*$", page(), re.MULTILINE)
    assert baseline
    (tmp_path / "known.txt").write_text(baseline[0] + "\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def page() -> str:
    return (DOCS / "conformance.md").read_text("utf-8")


def printed(command: str, folder: Path) -> str:
    """What a command of the page prints, and the code it leaves with where that is not 0."""
    name, *arguments = shlex.split(command)
    if name == "cat":
        return (folder / arguments[0]).read_text("utf-8")
    assert name == "streamnorm"
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "100"})
    code = f"(leaves with {done.exit_code})\n" if done.exit_code else ""
    return f"{done.output.rstrip()}\n{code}"


def test_the_commands_print_what_the_page_says(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    text = page()
    told = [(command, said, printed(command, folder)) for command, said in CONSOLE.findall(text)]
    if request.config.getoption("--update-goldens"):
        for command, said, found in told:
            text = text.replace(
                f"```console\n$ {command}\n{said}```", f"```console\n$ {command}\n{found}```"
            )
        (DOCS / "conformance.md").write_text(text, "utf-8")
        return
    assert len(told) >= 6
    for command, said, found in told:
        assert said == found, f"{command}: run pytest --update-goldens and read what changed"


def test_every_check_has_its_page() -> None:
    assert {path.stem for path in (DOCS / "checks").iterdir()} == set(ASKED)


@pytest.mark.parametrize("check", ASKED)
def test_a_page_shows_a_stream_that_passes_and_one_that_does_not(check: str) -> None:
    text = (DOCS / "checks" / f"{check}.md").read_text("utf-8")
    met, _, unmet = text.partition("## Not met\n")
    assert " passes.\n\n```text\n" in met
    changed = [each for each in (*MUTATIONS, *LIVE_MUTATIONS) if each.check == check]
    assert len(re.findall(r"comes to \*\*(fail|non-strict)\*\*: ", unmet)) == len(changed)
    assert unmet.count("```text\n") == len(changed) > 0
    assert "```text\n```" not in text, "an example without a line"


def test_the_pages_name_the_clients_that_break() -> None:
    text = (DOCS / "checks" / "E-003.md").read_text("utf-8")
    assert (
        f"Measured on such a stream: {', '.join(clients_that_break(['finish-eos_token']))}." in text
    )


def test_every_link_leads_somewhere() -> None:
    for path in (DOCS / "checks.md", DOCS / "conformance.md", *(DOCS / "checks").iterdir()):
        for link in re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
