from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import DONE, chunk, fragment, invoke, opening, sse, text

from streamnorm.profiles import load_profile, provider_ids


def one_index_missing(arguments: str = '{"a":1}') -> bytes:
    deltas = [opening(), fragment(arguments)]
    for delta in deltas:
        del delta["tool_calls"][0]["index"]
    return sse(*map(chunk, deltas), chunk(({}, "tool_calls"))) + DONE


def written(folder: Path, **streams: bytes) -> list[Path]:
    for name, body in streams.items():
        (folder / f"{name}.sse").write_bytes(body)
    return sorted(folder.glob("*.sse"))


def test_it_writes_the_profile_that_the_streams_need(tmp_path: Path) -> None:
    files = written(tmp_path, a=one_index_missing(), b=text("Hi"), c=one_index_missing())
    result = invoke("infer", "--name", "Ours", *files)
    assert result.exit_code == 0
    assert "# Written from 3 streams." in result.stdout
    assert "# 4 times, in 2 streams\n[repairs.tool-index-missing]" in result.stdout
    assert f'source = "{files[0]}, chunk 1"' in result.stdout


def test_what_it_writes_loads_once_it_is_filled_in(tmp_path: Path) -> None:
    files = written(tmp_path, a=one_index_missing())
    profile = tmp_path / "ours.toml"
    profile.write_text(
        invoke("infer", *files).stdout.replace("https://", "https://llm.example.org")
    )
    assert load_profile(profile).codes == {"tool-index-missing"}
    again = invoke("infer", "--against", profile, *files)
    assert again.exit_code == 0
    assert again.stdout == "as ours says\n"


def test_drift_from_a_profile_is_told_and_is_no_success(tmp_path: Path) -> None:
    profile = tmp_path / "ours.toml"
    said = invoke("infer", *written(tmp_path, a=one_index_missing())).stdout
    profile.write_text(said)
    (tmp_path / "a.sse").write_bytes(text("Hi").replace(DONE, b""))
    result = invoke("infer", "--against", profile, tmp_path / "a.sse")
    assert result.exit_code == 1
    assert "ours does not name done-missing" in result.stdout
    assert "ours names tool-index-missing, which did not act" in result.stdout


def test_what_no_repair_mends_is_a_remark(tmp_path: Path) -> None:
    result = invoke("infer", *written(tmp_path, a=one_index_missing('{"a"')))
    assert "# No repair mends tool-arguments-incomplete:" in result.stdout


def test_a_hostile_file_name_stays_a_string(tmp_path: Path) -> None:
    name = 'a"\x1b[31m\n]'
    try:
        files = written(tmp_path, **{name: one_index_missing()})
    except OSError:
        pytest.skip("no such file names here")
    profile = tmp_path / "ours.toml"
    profile.write_text(invoke("infer", *files).stdout, "utf-8")
    assert load_profile(profile).codes == {"tool-index-missing"}
    assert "\x1b" not in profile.read_text("utf-8")


def test_an_unknown_profile_to_compare_with_is_a_wrong_use() -> None:
    result = invoke("infer", "--against", f"{provider_ids()[0]}x", "-", stdin=text("Hi"))
    assert result.exit_code == 2
    assert "did you mean" in result.stderr


def test_help_shows_examples() -> None:
    result = invoke("infer", "--help")
    assert "streamnorm infer --against groq today.sse" in result.stdout
