"""What only a process of its own shows: pipes, signals, terminals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_runs import COMMAND, TRUNCATED, chunk, environment, run, sse, text

unix = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of Unix")


def on_a_terminal(*arguments: str, output: Path | None = None, **variables: str) -> bytes:
    """What a terminal gets to see; with `output`, standard output goes to that file instead."""
    import pty

    ours, theirs = pty.openpty()
    with open(output or os.devnull, "wb") as file:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file if output else theirs,
            stderr=theirs,
            env=environment(TERM="xterm-256color", COLUMNS="80", **variables),
        )
    os.close(theirs)
    seen = []
    try:
        while piece := os.read(ours, 65536):
            seen.append(piece)
    except OSError:
        pass  # Linux says so when the other side is closed
    os.close(ours)
    process.wait(timeout=30)
    return b"".join(seen)


def test_the_demonstration_names_its_findings_and_what_is_next() -> None:
    result = run("demo")
    assert result.returncode == 0
    assert result.stderr == b""
    said = result.stdout.decode()
    for finding in ("tool-index-missing", "tool-name-split", "tool-arguments-cumulative"):
        assert finding in said
    assert "stream-failed" in said
    assert "streamnorm explain -" in said.splitlines()[-1]
    assert max(map(len, said.splitlines())) <= 110


@unix
def test_the_demonstration_is_in_colour_on_a_terminal() -> None:
    seen = on_a_terminal("demo")
    assert re.search(rb"\x1b\[[0-9;]*3[0-9]m", seen)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode()).splitlines()
    assert max(map(len, lines)) <= 80
    # The line between the two columns stands in one place.
    assert {line.index("\u2502") for line in lines if "\u2502" in line} == {39}


@unix
def test_a_terminal_without_colour_gets_none(tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(TRUNCATED)
    coloured, plain = (
        on_a_terminal("explain", str(tmp_path / "cut"), **variables)
        for variables in ({}, {"NO_COLOR": "1"})
    )
    colour = re.compile(rb"\x1b\[[0-9;]*3[0-9]m")
    assert colour.search(coloured)
    assert not colour.search(plain)


@pytest.mark.parametrize("arguments", [("replay", "-"), ("explain", "-"), ("providers",)])
def test_piped_output_is_plain(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, stdin=TRUNCATED, TERM="xterm-256color", COLORTERM="truecolor")
    assert b"\x1b" not in result.stdout + result.stderr
    assert result.stdout


def test_exit_codes_reach_the_shell(tmp_path: Path) -> None:
    assert run("replay", "-", stdin=text("Hi")).returncode == 0
    assert run("replay", "-", stdin=TRUNCATED).returncode == 1
    assert run("replay", tmp_path / "none").returncode == 2


def test_an_encoding_that_cannot_hold_the_text_gets_it_written_out() -> None:
    result = run("replay", "-", stdin=text("caf\u00e9 \u20ac"), PYTHONIOENCODING="ascii")
    assert result.stdout.decode("ascii").split() == ["caf\\xe9", "\\u20ac"]
    assert result.returncode == 0


def waiting(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )


@unix
def test_text_is_shown_while_the_stream_goes_on_and_ctrl_c_ends_it_quietly() -> None:
    with waiting("replay", "-") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(sse(chunk({"role": "assistant", "content": "Hello"})))
        process.stdin.flush()
        assert process.stdout.read(5) == b"Hello"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert said == b""


@unix
@pytest.mark.parametrize("arguments", [("replay",), ("replay", "--events")])
def test_a_pipe_that_closes_is_no_reason_to_complain(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    long = tmp_path / "long.sse"
    long.write_bytes(text(*["many words\n"] * 20_000))
    with waiting(*arguments, str(long)) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE


@unix
def test_a_terminal_hears_which_of_several_files_is_being_read(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.write_bytes(text("Hi"))
    names = [str(file) for file in files]
    output = tmp_path / "results.jsonl"
    seen = on_a_terminal("replay", "--format", "jsonl", *names, output=output)
    assert b"1 of 2: " in seen
    assert b"2 of 2: " in seen
    assert len(output.read_text().splitlines()) == 2
    assert on_a_terminal("replay", "--format", "jsonl", names[0], output=output) == b""


def test_standard_error_that_is_no_terminal_hears_of_no_progress(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(text("Hi"))
    assert run("replay", "--format", "jsonl", tmp_path / "a", tmp_path / "b").stderr == b""
