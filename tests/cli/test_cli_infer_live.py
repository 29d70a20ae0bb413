"""`streamnorm infer DIR` behind a live check: the profile says where the endpoint is, what its streams need and what it refuses,
and the client loads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_runs import invoke
from conformance.conformant import KEY, MODEL, Refused, Scripted
from conformance.served_app import served_app

import streamnorm
from streamnorm.profiles import load_profile


class Odd(Scripted):
    """Its calls have no index; it refuses a null content, `n: 2`, forced calls, and `max_tokens`."""

    def _answer(self, scope: Any, body: bytes) -> Any:
        answer = super()._answer(scope, body)
        if isinstance(answer, dict):
            return answer
        return (
            event.replace(b'"tool_calls": [{"index": 0, ', b'"tool_calls": [{') for event in answer
        )

    def _chat(self, asked: dict[str, Any]) -> Any:
        if "max_tokens" in asked and asked["max_tokens"] > 0:
            raise Refused(400, "Unsupported parameter: 'max_tokens'.", "max_tokens")
        limit = asked.pop("max_completion_tokens", None)
        asked = {**asked, "max_tokens": limit} if limit else asked
        if any(turn.get("content", "") is None for turn in asked.get("messages", ())):
            raise Refused(400, "The content is a string.", "messages")
        if asked.get("n", 1) > 1 or asked.get("tool_choice") == "required":
            raise Refused(422, "That is not supported.")
        return super()._chat(asked)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("live") / "run"
    with served_app(Odd()) as url:
        checked = invoke("check", "-u", url, "-m", MODEL, "-k", KEY, "-o", folder)
        assert checked.exit_code == 1, checked.output
        yield url, folder


def test_the_profile_of_a_live_run_loads(run: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = run
    written = invoke("infer", "--name", "Ours", folder)
    assert written.exit_code == 0, written.output
    place = tmp_path / "ours.toml"
    place.write_text(written.stdout)
    profile = load_profile(place)
    assert profile.base_url == f"{url}/v1"
    assert "tool-index-missing" in profile.codes
    assert {claim.rule for claim in profile.request} == {
        "n-greater-than-one",
        "assistant-content-null-vs-empty",
        "tool_choice-unsupported-values",
        "max_tokens-vs-max_completion_tokens",
    }
    again = invoke("infer", "--against", place, folder)
    assert (again.exit_code, again.stdout) == (0, "as ours says\n")


def test_the_client_asks_by_the_profile(run: tuple[str, Path], tmp_path: Path) -> None:
    place = tmp_path / "ours.toml"
    place.write_text(invoke("infer", "--name", "Ours", run[1]).stdout)
    with streamnorm.OpenAI(provider=place, api_key=KEY) as client:
        stream = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Say hello."}],
            max_tokens=50,
            stream=True,
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def test_what_is_no_answer_is_left_out(run: tuple[str, Path]) -> None:
    report = json.loads((run[1] / "check.json").read_bytes())
    said = invoke("infer", run[1]).stdout
    assert "tool-arguments-incomplete: " not in said or "length-tool" in said
    assert f"Written from {len(report['live']['exchanges'])} streams" not in said
