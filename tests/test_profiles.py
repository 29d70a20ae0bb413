"""Profiles are data: they load or say exactly why not, and what they name is what fires."""

from __future__ import annotations

import json
import os
import re
import runpy
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from corpus import CAPTURES, facts, require

import streamnorm
from streamnorm import Normalizer, ProfileError, load_profile, provider_ids
from streamnorm.cli.infer import Evidence, provable
from streamnorm.normalizer import DIALECTS
from streamnorm.profiles import REQUEST_RULES, Claim
from streamnorm.repairs import REGISTRY, Repair
from streamnorm.requests.catalogue import PASSED
from streamnorm.requests.options import OPTIONS

ROOT = Path(__file__).resolve().parents[1]

#: Where a provider's captures bear another name than its profile.
FOLDERS = {"gemini-openai": "google-gemini"}
LIVE = {
    "vllm": "vllm",
    "llamacpp": "llama_server",
    "llama-cpp-python": "llama_cpp_python",
    "transformers-serve": "transformers_serve",
    "litellm-proxy": "litellm",
}

#: In no list of providers, but there are recorded streams of them.
BESIDE = {"azure-ai", "llama-cpp-python", "ollama-cloud", "transformers-serve", "xiaomi"}

#: Captured, but in no list of providers: other hosts than those whose name they bear, or nobody knows whose.
NO_PROFILE = {"local"}


@cache
def captured() -> dict[str, list[Path]]:
    """Chat streams whose bytes are exact, by folder: a recorder that rebuilt the framing, or kept only the chunks' objects,
    tells nothing of what the server sent."""
    index = json.loads(require(CAPTURES / "index.json").read_text("utf-8"))
    bodies: dict[str, list[Path]] = {}
    for stream in index["streams"]:
        if stream["dialect"] == "chat" and stream["fidelity"].startswith("exact"):
            bodies.setdefault(stream["provider"], []).append(CAPTURES / stream["file"])
    return bodies


def bodies_of(provider: str) -> list[Path]:
    live = CAPTURES / "live" / LIVE.get(provider, "-")
    # A folder that bears a dialect's name has streams of that dialect.
    own = () if provider in DIALECTS else (ROOT / "fixtures" / provider).glob("*.sse")
    return [
        *sorted(own),
        *captured().get(FOLDERS.get(provider, provider), []),
        *(
            path
            for path in sorted(live.glob("*.sse"))
            if not path.name.startswith(("responses", "messages"))
        ),
    ]


def repairs_in(body: bytes, profile: str = "auto") -> set[str]:
    normalizer = Normalizer(profile)
    normalizer.feed(body)
    normalizer.close()
    codes = {finding.code for finding in normalizer.findings}
    return {code for code in codes if issubclass(REGISTRY[code], Repair)}


@pytest.mark.parametrize("provider", provider_ids())
def test_what_fires_over_a_providers_streams_is_what_its_profile_names(provider: str) -> None:
    bodies = bodies_of(provider)
    if not bodies:
        return  # what its profile names is shown by the examples, below
    fired: dict[str, str] = {}
    for path in bodies:
        for code in repairs_in(path.read_bytes(), provider):
            fired.setdefault(code, path.name)
    named = load_profile(provider).codes
    assert named - fired.keys() == set(), "named, but nothing shows it"
    assert fired.keys() - named == set(), {c: f for c, f in fired.items() if c not in named}


def test_what_has_to_be_asked_for_is_looked_for_as_far_as_a_stream_can_prove_it() -> None:
    openai = load_profile("openai")
    claim = Claim(code="think-tag-unopened", source="x", checked=openai.checked)
    assert {"think-tags", "leak-hermes"} <= set(provable(openai))
    assert claim.code not in provable()
    asked = provable(openai.model_copy(update={"repairs": [claim]}))
    assert claim.code in asked
    assert "think-tags" not in asked


@pytest.mark.parametrize("provider", provider_ids())
def test_a_providers_streams_lead_back_to_its_profile(provider: str, tmp_path: Path) -> None:
    evidence = Evidence()
    for path in bodies_of(provider):
        normalizer = Normalizer(repairs=provable())
        normalizer.feed(path.read_bytes())
        normalizer.close()
        evidence.add(path.name, normalizer)
    if not evidence.files:
        return
    profile = load_profile(provider)
    assert list(evidence.drift(profile)) == []
    written = tmp_path / "inferred.toml"
    written.write_text("\n".join(evidence.toml(profile.name, profile.checked)), "utf-8")
    assert load_profile(written).codes == profile.codes


def test_a_new_provider_is_one_file_and_one_stream(tmp_path: Path) -> None:
    """As CONTRIBUTING.md has it, and without any Python."""
    (tmp_path / "example.toml").write_text(
        """name = "Example"
base_url = "https://api.example.com/v1"
source = "https://docs.example.com/quickstart"
checked = 2026-11-21

[finish_reasons]
bored = "stop"

[repairs.finish-renamed]
source = "fixtures/example/bored.sse"
checked = 2026-11-21
""",
        "utf-8",
    )
    body = (ROOT / "fixtures" / "repairs" / "finish-unknown.sse").read_bytes()
    assert not repairs_in(body)
    profile = str(tmp_path / "example.toml")
    assert repairs_in(body, profile) == load_profile(profile).codes == {"finish-renamed"}


def test_profiles_of_ones_own_are_found_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'name = "Ours"\nbase_url = "https://llm.example.org/v1"\nsource = "us"\nchecked = 2026-11-21\n'
    for name in ("ours", "groq"):
        (tmp_path / f"{name}.toml").write_text(text.replace("llm.", f"{name}."), "utf-8")
    monkeypatch.setenv(
        "STREAMNORM_PROVIDERS", os.pathsep.join([str(tmp_path / "none"), str(tmp_path)])
    )
    assert "ours" in provider_ids()
    assert load_profile("ours").name == load_profile("groq").name == "Ours"
    assert load_profile("https://ours.example.org/v1").id == "ours"
    monkeypatch.delenv("STREAMNORM_PROVIDERS")
    assert load_profile("groq").name == "Groq"


def test_every_provider_with_a_stream_has_a_profile() -> None:
    folders = {FOLDERS.get(provider, provider) for provider in provider_ids()}
    assert captured().keys() - folders == NO_PROFILE


def bodies_around(lines: Iterable[str]) -> Iterator[bytes]:
    """Small streams that have these payloads in them: each once and twice, and all of them, with and without an opening, a
    finish and a `[DONE]` around."""
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    text = {"role": "assistant", "content": "<whole answer>"}
    opening = head | {"choices": [{"index": 0, "delta": text, "finish_reason": None}]}
    end = head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    alone: list[Any] = []
    for line in lines:
        try:
            payload = json.loads(line)
        except ValueError:
            payload = line
        if isinstance(payload, dict) and "tool_calls" in payload:
            payload = {"choices": [{"index": 0, "delta": payload}]}
        alone.append(payload)
    for run in [*([p] for p in alone), *([p, p] for p in alone), alone]:
        whole = [head | payload if isinstance(payload, dict) else payload for payload in run]
        for frames in ([opening, *whole, end, "[DONE]"], [*run, end], [opening, *whole, "[DONE]"]):
            texts = (frame if isinstance(frame, str) else json.dumps(frame) for frame in frames)
            yield "".join(f"data: {payload}\n\n" for payload in texts).encode()


@cache
def shown_by(quirk: str) -> set[str]:
    """The repairs that fire over the catalogued quirk's example lines."""
    lines = [line["line"] for line in quirks()[quirk]["example_lines"]]
    return set().union(*map(repairs_in, bodies_around(lines)))


@cache
def quirks() -> dict[str, Any]:
    return {quirk["id"]: quirk for quirk in facts("quirks.json")}


def sources_of(quirk: str) -> set[str]:
    return {evidence["source"] for evidence in quirks()[quirk]["evidence"]}


def known() -> dict[str, Any]:
    return {provider["id"]: provider for provider in facts("providers.json")}


@pytest.mark.parametrize("provider", provider_ids())
def test_without_a_stream_a_claim_is_shown_by_an_example_from_its_source(provider: str) -> None:
    if bodies_of(provider):
        return
    for claim in load_profile(provider).repairs:
        told = [q for q in known()[provider]["quirks"] if claim.source in sources_of(q)]
        assert any(claim.code in shown_by(quirk) for quirk in told), claim.code


def test_every_provider_of_the_facts_has_a_profile_that_says_the_same() -> None:
    assert provider_ids() == sorted([*known(), *BESIDE])
    for provider, fact in known().items():
        profile = load_profile(provider)
        said = (profile.base_url, profile.kind, profile.key_variables)
        assert said == (fact["base_url"], fact["kind"], fact["api_key_env"]), provider
        rules = {f"rq-{claim.rule}" for claim in profile.request}
        assert rules >= set(fact["request_constraints"]), provider
        for rule in rules - set(fact["request_constraints"]):
            assert provider in " ".join(quirks()[rule]["providers"]), (provider, rule)


def test_the_request_rules_are_those_of_the_facts_and_each_claim_has_its_evidence() -> None:
    rules = {q.removeprefix("rq-") for q, fact in quirks().items() if fact["axis"] == "request"}
    assert rules == REQUEST_RULES.keys()
    assert rules > PASSED.keys()
    assert rules > OPTIONS.keys()
    for provider in provider_ids():
        for claim in load_profile(provider).request:
            assert claim.source in sources_of(f"rq-{claim.rule}"), (provider, claim.rule)


@pytest.mark.parametrize("provider", provider_ids())
def test_every_profile_loads_and_its_base_url_finds_it(provider: str) -> None:
    profile = load_profile(provider)
    if not profile.base_url.startswith("https://"):
        return  # a local server's usual port, or the operator's own host
    url = re.sub(r"\{[^}]*\}", "my-own.example", profile.base_url)
    assert load_profile(url).id == provider
    assert load_profile(url + "/chat/completions").id == provider


def test_a_local_server_is_found_by_a_port_that_is_its_alone() -> None:
    assert load_profile("http://localhost:11434/v1").id == "ollama"
    assert load_profile("http://localhost:30000/v1/chat/completions").id == "sglang"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", 'use "auto"'),
        ("http://localhost:59999/v1", 'use "auto"'),
        ("https:///v1", 'use "auto"'),
        ("http://127.0.0.1:8080/v1", "llamacpp and llamafile; give the name of one"),
        ("http://localhost:8000/v1", "llama-cpp-python and transformers-serve and vllm"),
    ],
)
def test_a_base_url_that_could_be_anybodys_finds_nobody(url: str, says: str) -> None:
    with pytest.raises(ProfileError, match=says):
        load_profile(url)


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

[request.seed-renamed]
source = "https://example.com/seed"
checked = 2026-11-21
note = "dice"
options = { name = "dice" }
"""


def written(tmp_path: Path, text: str, name: str = "example") -> Path:
    path = tmp_path / f"{name}.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_profile_of_ones_own_is_loaded_by_its_path(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, GOOD))
    assert (profile.id, profile.name) == ("example", "Example")
    assert profile.kind == "hosted"
    assert profile.codes == {"tool-index-missing"}
    assert [(claim.rule, claim.note) for claim in profile.request] == [("seed-renamed", "dice")]
    assert profile.request[0].options == OPTIONS["seed-renamed"].model_validate({"name": "dice"})
    assert not profile.functions
    assert load_profile(str(tmp_path / "example.toml")) == profile


@pytest.mark.parametrize(
    ("wrong", "right", "line"),
    [
        ("base_ur = ", "base_url", 2),
        ("[repairs.tool-index-mising]", "tool-index-missing", 9),
        ("chekced = 2026-11-21", "checked", 4),
        ('enough = "stopp"', "stop", 7),
        ("[request.seed-renaming]", "seed-renamed", 13),
        ('nota = "dice"', "note", 16),
        ('options = { nam = "dice" }', "name", 17),
        ('kind = "locale"', "local", 4),
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
        ("request = 5\n" + GOOD.partition("[")[0], "request"),
        (GOOD + "\n[request.rq-seed-renamed]\nchecked = 2026-11-21\n", "no request rule"),
    ],
)
def test_what_else_is_wrong_with_a_profile_is_said(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ProfileError) as raised:
        load_profile(written(tmp_path, text))
    assert says in str(raised.value)


CLAIM = "source = 'x'\nchecked = 2026-11-21\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[request.strict-unsupported]\n{}options = {{ name = 1 }}", 22, "no key 'name'"),
        ("[request.tool-call-id-format]\n{}", 19, "options.max is missing"),
        ("[request.tool-call-id-format]\n{}options = {{ max = 4 }}", 22, "fewer than 6"),
        ("[request.tool-call-id-format]\n{}options = {{ min = 9, max = 8 }}", 22, "max 8"),
        (
            "[request.tool-call-id-format]\n{}[request.tool-call-id-format.options]\nmax = 9\n"
            "characters = 'wrd'",
            24,
            "did you mean 'word'",
        ),
        ("[request.temperature-limits]\n{}options.max = 'hot'", 22, "options.max is 'hot'"),
        ("[request.strict-unsupported]\n{}when = [{{ modell = 'm' }}]", 22, "mean 'model'"),
        ("[request.strict-unsupported]\n{}when = [{{}}]", 22, "names a model, a field"),
        ("[request.strict-unsupported]\n{}when = [{{ field = 'a' }}]", 22, "field"),
    ],
)
def test_options_that_a_rule_does_not_take_are_refused_with_file_and_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    path = written(tmp_path, f"{GOOD}\n{text.format(CLAIM)}")
    with pytest.raises(ProfileError) as raised:
        load_profile(path)
    assert says in str(raised.value)
    assert f"{path}:{line}: " in str(raised.value)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (f"[repairs.end-missing]\n{CLAIM}", 19, "is of anthropic and"),
        (f"[repairs.think-tags]\n{CLAIM}[repairs.think-tag-unopened]\n{CLAIM}", 22, "contradicts"),
        (
            f"[request.reasoning-must-be-replayed]\n{CLAIM}options.field = 'reasoning'\n"
            f"[request.reasoning-must-not-be-replayed]\n{CLAIM}",
            23,
            "contradicts",
        ),
    ],
)
def test_a_profile_that_cannot_be_is_refused_with_file_and_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    path = written(tmp_path, f"{GOOD}\n{text}")
    with pytest.raises(ProfileError) as raised:
        load_profile(path)
    assert f"{path}:{line}: " in str(raised.value)
    assert says in str(raised.value)


def test_a_profile_cannot_give_the_specifications_own_word_another_meaning(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("enough =", "length ="))
    with pytest.raises(ProfileError, match="means itself") as raised:
        load_profile(path)
    assert f"{path}:7: " in str(raised.value)


def test_a_profile_of_another_dialect_names_that_dialects_repairs(tmp_path: Path) -> None:
    other = GOOD.replace("[finish", 'dialect = "anthropic"\n[finish', 1)
    path = written(tmp_path, other.replace("tool-index-missing", "end-missing"))
    assert load_profile(path).codes == {"end-missing"}
    with pytest.raises(ProfileError, match="is of chat, and this profile of anthropic"):
        load_profile(written(tmp_path, other))


def test_a_contradiction_that_was_taken_over_is_found_at_extends(tmp_path: Path) -> None:
    path = written(tmp_path, "extends = 'groq'\ndialect = 'gemini'\n")
    with pytest.raises(ProfileError, match="is of chat") as raised:
        load_profile(path)
    assert f"{path}:1: " in str(raised.value)


def test_profiles_that_extend_in_a_circle_are_refused_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMNORM_PROVIDERS", str(tmp_path))
    one = written(tmp_path, f"# one\nextends = 'two'\n{GOOD}", "one")
    written(tmp_path, f"extends = 'one'\n{GOOD}", "two")
    with pytest.raises(ProfileError, match="extends itself") as raised:
        load_profile("one")
    assert f"{one}:2: " in str(raised.value)


def test_a_profile_extends_another_table_by_table(tmp_path: Path) -> None:
    path = written(tmp_path, 'extends = "groq"\n' + GOOD)
    profile = load_profile(path)
    assert profile.codes == load_profile("groq").codes | {"tool-index-missing"}
    assert profile.key_variables == load_profile("groq").key_variables
    assert profile.name == "Example"
    inherited = {claim.rule for claim in load_profile("groq").request}
    assert {claim.rule for claim in profile.request} == inherited | {"seed-renamed"}


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


def test_the_page_about_providers_is_fresh() -> None:
    script = ROOT / "scripts" / "write_docs.py"
    if not script.is_file():
        pytest.skip("the page's writer is not here")
    assert runpy.run_path(str(script))["main"](["--check"]) == 0, "run python scripts/write_docs.py"
