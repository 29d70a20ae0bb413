"""Profiles are data: they load or say exactly why not, and what they name is what fires."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from corpus import CAPTURES, require

import streamnorm
from streamnorm import Normalizer, ProfileError, load_profile, provider_ids
from streamnorm.repairs import REGISTRY, Repair

ROOT = Path(__file__).resolve().parents[1]

#: Where a provider's captures bear another name than its profile.
FOLDERS = {"gemini-openai": "google-gemini"}
LIVE = {"vllm": "vllm", "llamacpp": "llama_server"}


def bodies_of(provider: str) -> list[Path]:
    """The provider's streams whose bytes are exact: a recorder that rebuilt the framing, or kept only the chunks' objects,
    tells nothing of what the server sent."""
    bodies = sorted((ROOT / "fixtures" / provider).glob("*.sse"))
    index = require(CAPTURES / "index.json")
    folder = FOLDERS.get(provider, provider)
    bodies += [
        CAPTURES / stream["file"]
        for stream in json.loads(index.read_text("utf-8"))["streams"]
        if stream["dialect"] == "chat"
        and stream["provider"] == folder
        and stream["fidelity"].startswith("exact")
    ]
    live = CAPTURES / "live" / LIVE.get(provider, "-")
    bodies += [
        path
        for path in sorted(live.glob("*.sse"))
        if not path.name.startswith(("responses", "messages"))
    ]
    return bodies


@pytest.mark.parametrize("provider", provider_ids())
def test_what_fires_over_a_providers_streams_is_what_its_profile_names(provider: str) -> None:
    fired: dict[str, str] = {}
    bodies = bodies_of(provider)
    for path in bodies:
        normalizer = Normalizer(provider)
        normalizer.feed(path.read_bytes())
        normalizer.close()
        for finding in normalizer.findings:
            if issubclass(REGISTRY[finding.code], Repair):
                fired.setdefault(finding.code, path.name)
    named = load_profile(provider).codes
    assert bodies, f"no stream of {provider} to prove its claims with"
    assert named - fired.keys() == set(), "named, but nothing shows it"
    assert fired.keys() - named == set(), {c: f for c, f in fired.items() if c not in named}


def test_the_profiles_of_this_release_are_there() -> None:
    assert set(provider_ids()) >= {
        *("openai", "empower", "azure-openai", "mistral", "groq", "gemini-openai", "deepseek"),
        *("openrouter", "alibaba", "zai", "vllm", "llamacpp"),
    }


@pytest.mark.parametrize("provider", provider_ids())
def test_a_profile_is_found_by_its_base_url(provider: str) -> None:
    profile = load_profile(provider)
    url = profile.base_url.replace("{resource}", "my-resource")
    assert load_profile(url).id == provider
    assert load_profile(url + "/chat/completions").id == provider


def test_an_unknown_base_url_says_what_to_do() -> None:
    with pytest.raises(ProfileError, match='use "auto"'):
        load_profile("https://llm.example.org/v1")


GOOD = """\
name = "Example"
base_url = "https://api.example.com/v1"
source = "https://example.com"
checked = 2026-11-21

[finish_reasons]
enough = "stop"

[repairs.tool-index-missing]
source = "https://example.com/issue"
checked = 2026-11-21
"""


def written(tmp_path: Path, text: str, name: str = "example") -> Path:
    path = tmp_path / f"{name}.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_profile_of_ones_own_is_loaded_by_its_path(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, GOOD))
    assert (profile.id, profile.name) == ("example", "Example")
    assert profile.codes == {"tool-index-missing"}
    assert load_profile(str(tmp_path / "example.toml")) == profile


@pytest.mark.parametrize(
    ("wrong", "right", "line"),
    [
        ("base_ur = ", "base_url", 2),
        ("[repairs.tool-index-mising]", "tool-index-missing", 9),
        ("chekced = 2026-11-21", "checked", 4),
        ('enough = "stopp"', "stop", 7),
    ],
)
def test_a_misspelt_word_names_file_line_and_the_nearest_right_one(
    tmp_path: Path, wrong: str, right: str, line: int
) -> None:
    lines = GOOD.splitlines()
    tail = lines[line - 1].partition("= ")[2] if wrong.endswith("= ") else ""
    lines[line - 1] = wrong + tail
    path = written(tmp_path, "\n".join(lines))
    with pytest.raises(ProfileError) as raised:
        load_profile(path)
    assert f"{path}:{line}" in str(raised.value)
    assert f"did you mean {right!r}?" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "example.toml"),
        ('name = "x"', "is missing"),
        (GOOD.replace("2026-11-21", '"soon"', 1), "checked"),
        (GOOD + "\n[repairs.stream-failed]\nsource = 'x'\nchecked = 2026-11-21\n", "no repair"),
        ("extends = 'gorq'\n" + GOOD, "did you mean 'groq'?"),
    ],
)
def test_what_else_is_wrong_with_a_profile_is_said(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ProfileError) as raised:
        load_profile(written(tmp_path, text))
    assert says in str(raised.value)


def test_a_profile_extends_another_table_by_table(tmp_path: Path) -> None:
    path = written(tmp_path, 'extends = "groq"\n' + GOOD)
    profile = load_profile(path)
    assert profile.codes == load_profile("groq").codes | {"tool-index-missing"}
    assert profile.key_variables == load_profile("groq").key_variables
    assert profile.name == "Example"


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(ProfileError, match="did you mean 'groq'"):
        Normalizer("gorq")


def stream(reason: str) -> bytes:
    chunk: dict[str, Any] = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": "x"}, "finish_reason": None}
        ],
    }
    end = {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    frames = [json.dumps(chunk), json.dumps(end), "[DONE]"]
    return "".join(f"data: {frame}\n\n" for frame in frames).encode()


def test_a_profile_says_what_a_finish_reason_of_its_own_means(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, GOOD))
    known = Normalizer(profile)
    known.feed(stream("enough"))
    known.close()
    choice = known.result.choices[0]
    assert (choice.finish_reason, choice.raw_finish_reason) == ("stop", "enough")
    assert known.complete

    unknown = Normalizer()
    unknown.feed(stream("enough"))
    unknown.close()
    assert unknown.result.choices[0].finish_reason == "other"
    assert not unknown.complete
    assert [finding.code for finding in unknown.findings] == ["finish-unknown"]


def test_the_data_folder_holds_data_only() -> None:
    folder = ROOT / "providers"
    if not folder.is_dir():
        folder = Path(streamnorm.__file__).parent / "providers"
    assert {path.suffix for path in folder.iterdir()} == {".toml"}
