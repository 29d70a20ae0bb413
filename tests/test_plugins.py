"""Repairs written elsewhere: found by their entry point, run where they are named, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from strategies import chunk, judge, sse, tell

from streamnorm import LocalError, Normalizer, ProfileError, load_profile
from streamnorm.repairs import REGISTRY

MODULE = """\
from streamnorm.repairs import ShapeRepair


class Whisper(ShapeRepair):
    \"\"\"The text is in `whisper`.\"\"\"

    code = "text-whispered"
    rule = "text is content"
    done = "moved to content"
    on, key, types = "delta", "whisper", (str,)

    @staticmethod
    def mend(owner, value):
        del owner["whisper"]
        owner["content"] = value
        return True


class Nameless(ShapeRepair):
    rule = done = "x"
    on, key, types = "delta", "x", (str,)


class Elsewhere(ShapeRepair):
    code = "elsewhere"
    rule = done = "x"
    on, key, types = "envelope", "x", (str,)
"""

POINTS = """\
[streamnorm.repairs]
text-whispered = whispers:Whisper
nameless = whispers:Nameless
elsewhere = whispers:Elsewhere
other-name = whispers:Whisper
absent = whispers:Absent
no-module = nowhere_at_all:Whisper
no-repair = whispers:ShapeRepair.__doc__
"""

BODY = sse(
    [chunk({"role": "assistant", "whisper": "psst"}), chunk({"whisper": "!"}), chunk({}, "stop")]
)


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that offers repairs, good and bad, as if it were installed."""
    (tmp_path / "whispers.py").write_text(MODULE, "utf-8")
    info = tmp_path / "whispers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whispers\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(POINTS, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    known = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(known)


def test_it_runs_where_the_caller_names_it() -> None:
    told = judge_with("text-whispered")
    assert told == ("psst!", {"text-whispered"})


def test_it_runs_where_a_profile_names_it(tmp_path: Path) -> None:
    path = tmp_path / "quiet.toml"
    claim = "source = 'x'\nchecked = 2026-11-21\n"
    path.write_text(
        f"name = 'Quiet'\nbase_url = 'https://quiet.example'\n{claim}[repairs.text-whispered]\n{claim}",
        "utf-8",
    )
    told = tell(BODY, profile=str(path))
    assert told.result.message.content == "psst!"
    assert told.codes == {"text-whispered"}
    path.write_text(path.read_text("utf-8").replace("text-whispered", "text-wispered"), "utf-8")
    with pytest.raises(ProfileError, match=r"quiet.toml:5: no repair .*mean 'text-whispered'"):
        load_profile(path)
    path.write_text(path.read_text("utf-8").replace("text-wispered", "absent"), "utf-8")
    with pytest.raises(ProfileError, match=r"quiet.toml:5: repair 'absent'.* does not load"):
        load_profile(path)


def test_it_runs_nowhere_else() -> None:
    told = judge(BODY)
    assert told.result.message.content is None
    assert told.codes == set()


def test_it_comes_before_ours_and_ours_run_too() -> None:
    body = BODY.replace(b'"object": "chat.completion.chunk"', b'"object": null')
    told = tell(body, repairs=["text-whispered"])
    assert told.result.message.content == "psst!"
    assert told.codes == {"text-whispered", "chunk-object-null"}


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("nameless", "lacks code"),
        ("elsewhere", "is on 'envelope'"),
        ("other-name", "calls itself 'text-whispered'"),
        ("absent", "does not load"),
        ("no-module", "does not load"),
        ("no-repair", "is no subclass of ShapeRepair"),
        ("text-wispered", "did you mean 'text-whispered'?"),
        ("stream-failed", "no repair 'stream-failed'"),
    ],
)
def test_one_that_cannot_run_is_refused(code: str, says: str) -> None:
    with pytest.raises(LocalError) as raised:
        Normalizer(repairs=[code])
    assert says in str(raised.value)


def judge_with(code: str) -> tuple[str | None, set[str]]:
    told = judge(BODY, repairs=[code])
    return told.result.message.content, told.codes
