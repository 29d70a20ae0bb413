from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_runs import invoke, text

import streamnorm
from streamnorm.cli.app import app
from streamnorm.profiles import load_profile, provider_ids

READING = ("replay", "explain")


@pytest.mark.parametrize("command", READING)
def test_a_missing_file_is_a_wrong_use(command: str, tmp_path: Path) -> None:
    result = invoke(command, tmp_path / "none.sse")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert str(tmp_path / "none.sse") in result.stderr
    assert "check the path" in result.stderr


@pytest.mark.skipif("sys.platform == 'win32'")
@pytest.mark.parametrize("command", READING)
def test_a_directory_is_a_wrong_use(command: str, tmp_path: Path) -> None:
    result = invoke(command, tmp_path)
    assert result.exit_code == 2
    assert f"cannot read {tmp_path}" in result.stderr
    assert "name the files in it" in result.stderr


@pytest.mark.parametrize("command", READING)
def test_an_unknown_profile_is_a_wrong_use_and_the_nearest_is_named(command: str) -> None:
    result = invoke(command, "--profile", "opnai", "-", stdin=text("Hi"))
    assert result.exit_code == 2
    assert "'opnai'" in result.stderr
    assert "did you mean 'openai'?" in result.stderr


@pytest.mark.parametrize("command", READING)
def test_an_unknown_dialect_is_a_wrong_use_and_the_known_are_named(command: str) -> None:
    result = invoke(command, "--dialect", "chatt", "-", stdin=text("Hi"))
    assert result.exit_code == 2
    assert "'chatt'" in result.stderr
    assert re.search(r"\bchat\b", result.stderr)


def test_an_unknown_format_is_a_wrong_use_and_the_known_are_named() -> None:
    result = invoke("replay", "--format", "json", "-", stdin=text("Hi"))
    assert result.exit_code == 2
    assert "text or jsonl, not 'json'" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("replay",), ("explain",), ("nonsense",), ("replay", "--nonsense", "-")]
)
def test_a_wrong_command_line_is_a_wrong_use(arguments: tuple[str, ...]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_a_profile_may_be_a_file(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(
        'name = "Mine"\nbase_url = "http://localhost/v1"\nsource = "me"\nchecked = 2026-01-01\n'
    )
    assert invoke("replay", "--profile", profile, "-", stdin=text("Hi")).exit_code == 0
    profile.write_text(profile.read_text() + "naem = 1\n")
    result = invoke("replay", "--profile", profile, "-", stdin=text("Hi"))
    assert result.exit_code == 2
    assert "mine.toml:5" in result.stderr


@pytest.mark.parametrize("command", ["demo", "replay", "explain", "providers"])
def test_the_help_shows_examples_on_lines_of_their_own(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    lines = [line.strip() for line in result.stdout.splitlines()]
    examples = lines[next(at for at, line in enumerate(lines) if line.startswith("Example")) + 1 :]
    assert f"streamnorm {command}" in examples[0]
    assert examples[0].count("streamnorm") == 1


def test_the_help_names_every_command_and_where_to_start() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for word in ("demo", "replay", "explain", "providers", "First: streamnorm demo"):
        assert word in result.stdout
    # Each has a sentence short enough to stand there whole.
    commands = result.stdout.partition("Commands:")[2].partition("First:")[0].split("\n")
    told = [line for line in commands if line.strip()]
    assert len(told) == len(app.registered_commands)
    assert not any(line.endswith("...") for line in told)


def test_the_version_is_told() -> None:
    assert invoke("--version").stdout == f"streamnorm {streamnorm.__version__}\n"


def test_the_list_of_profiles_is_a_line_each_and_cuts_nothing() -> None:
    result = invoke("providers")
    assert result.exit_code == 0
    heading, *lines = result.stdout.splitlines()
    assert heading.split() == ["id", "name", "base", "URL", "repairs"]
    assert [line.split()[0] for line in lines] == provider_ids()
    for line in lines:
        assert load_profile(line.split()[0]).base_url in line


def test_one_profile_is_shown_with_its_claims_and_their_sources() -> None:
    result = invoke("providers", "openai")
    assert result.exit_code == 0
    profile = load_profile("openai")
    assert profile.base_url in result.stdout
    for claim in profile.repairs:
        assert f"\n{claim.code}\n  {claim.source} ({claim.checked})\n" in result.stdout


def test_an_unknown_profile_cannot_be_shown() -> None:
    result = invoke("providers", "opnai")
    assert result.exit_code == 2
    assert "did you mean 'openai'?" in result.stderr
