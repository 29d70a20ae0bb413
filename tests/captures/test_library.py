"""A library gives the capture that was recorded for a request, in order, or says why it has none."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import streamnorm.captures
from streamnorm.captures.format import CaptureWriter, Header, Request, Response
from streamnorm.captures.library import CaptureLibrary
from streamnorm.errors import CaptureError

PATH = "/v1/chat/completions"


def write(path: Path, body: Any = None, *, lost: tuple[str, ...] = (), asked: str = PATH) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = Header(
        request=Request(path=asked, json=body or {"model": "m"}),
        response=Response(status=200),
        lost=lost,
    )
    with CaptureWriter(path, header) as writer:
        writer.piece(0.0, path.name.encode())
        writer.end()
    return path


def names(library: CaptureLibrary, count: int, body: Any = None) -> list[str]:
    """The files that answer the same request, asked `count` times."""
    sent = json.dumps(body or {"model": "m"}).encode()
    return [library.answer("POST", PATH, sent).path.name for _ in range(count)]


def test_a_folder_is_read_with_all_in_it_and_names_go_by_number(tmp_path: Path) -> None:
    for name in ("b/x.cap.jsonl", "a.10.cap.jsonl", "a.2.cap.jsonl.gz", "a.cap.jsonl", "B.txt"):
        write(tmp_path / name) if "cap" in name else (tmp_path / name).write_text("no capture")
    library = CaptureLibrary(tmp_path)
    assert list(library) == ["a", "a.2", "a.10", "b/x"]
    assert len(library) == 4
    assert "b/x" in library
    assert library["b/x"].path == tmp_path / "b" / "x.cap.jsonl"


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a.cap.jsonl", "b", ""])
def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    write(tmp_path / "a.cap.jsonl")
    write(tmp_path / "in" / "a.cap.jsonl")
    with pytest.raises(CaptureError, match="no capture is named"):
        CaptureLibrary(tmp_path / "in")[name]


def test_the_nth_request_gets_the_nth_capture_and_the_next_none(tmp_path: Path) -> None:
    for name in ("a", "a.2", "a.10"):
        write(tmp_path / f"{name}.cap.jsonl")
    write(tmp_path / "other.cap.jsonl", {"model": "n"})
    library = CaptureLibrary(tmp_path)
    assert names(library, 3) == ["a.cap.jsonl", "a.2.cap.jsonl", "a.10.cap.jsonl"]
    with pytest.raises(CaptureError) as caught:
        names(library, 1)
    assert "came once more than it was recorded: served already a, a.2, a.10" in str(caught.value)
    assert names(library, 1, {"model": "n"}) == ["other.cap.jsonl"]
    assert library.served == {"a": 1, "a.2": 1, "a.10": 1, "other": 1}


def test_repeats_are_the_last_again_or_all_in_turn_where_that_is_asked(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.cap.jsonl")
    last, cycle = (CaptureLibrary(tmp_path, repeat=repeat) for repeat in ("last", "cycle"))  # type: ignore[arg-type]
    assert [name[0] for name in names(last, 5)] == list("abbbb")
    assert [name[0] for name in names(cycle, 5)] == list("ababa")
    with pytest.raises(CaptureError, match="repeat is one of error, last, cycle, not 'first'"):
        CaptureLibrary(tmp_path, repeat="first")  # type: ignore[arg-type]


def test_the_exact_path_goes_before_another_base_url(tmp_path: Path) -> None:
    write(tmp_path / "a.cap.jsonl", asked="/openai/v1/chat/completions")
    write(tmp_path / "b.cap.jsonl", asked=PATH)
    assert names(CaptureLibrary(tmp_path), 1) == ["b.cap.jsonl"]
    (tmp_path / "b.cap.jsonl").unlink()
    assert names(CaptureLibrary(tmp_path), 1) == ["a.cap.jsonl"]


def test_captures_that_do_not_know_their_request_are_not_guessed_among(tmp_path: Path) -> None:
    one = write(tmp_path / "a.cap.jsonl", lost=("request",))
    assert names(CaptureLibrary(tmp_path), 1) == ["a.cap.jsonl"]
    two = write(tmp_path / "b.cap.jsonl", lost=("request",))
    with pytest.raises(CaptureError, match="none knows what was asked: give the file"):
        names(CaptureLibrary(tmp_path), 1)
    assert names(CaptureLibrary([two, one]), 2) == ["b.cap.jsonl", "a.cap.jsonl"]
    write(tmp_path / "c.cap.jsonl")
    assert names(CaptureLibrary(tmp_path), 1) == ["c.cap.jsonl"]


def test_an_error_shows_the_nearest_capture_and_where_it_differs(tmp_path: Path) -> None:
    write(tmp_path / "far.cap.jsonl", {"model": "n", "input": [1, 2, 3], "n": 1})
    write(tmp_path / "near.cap.jsonl", {"model": "m", "input": "Rome?" * 100})
    write(tmp_path / "elsewhere.cap.jsonl", {"model": "m", "input": "Oslo?"}, asked="/v1/x")
    write(tmp_path / "unknown.cap.jsonl", lost=("request",), asked="/v1/y")
    with pytest.raises(CaptureError) as caught:
        names(CaptureLibrary(tmp_path), 1, {"model": "m", "input": "Oslo?", "top_p": 0.5})
    said = str(caught.value).splitlines()
    assert said[0] == (
        "no capture answers POST /v1/chat/completions, of 4. The nearest is near, where it is different:"
    )
    assert said[1].startswith("  /input: 'Rome?Rome?")
    assert said[1].endswith("... in the capture, 'Oslo?' in the request")
    assert len(said[1]) < 180
    assert said[2] == "  /top_p: nothing in the capture, 0.5 in the request"
    assert said[3].startswith("Record this exchange too")


def test_an_error_shows_no_key_and_not_all_there_is(tmp_path: Path) -> None:
    write(tmp_path / "a.cap.jsonl")
    key = "sk-canary0123456789abcdef0123456789"
    with pytest.raises(CaptureError) as caught:
        names(CaptureLibrary(tmp_path), 1, {"a": key, **{f"m{at}": key for at in range(20)}})
    said = str(caught.value)
    assert key not in said
    assert "sk-c" not in said
    assert "\n  and 17 more\n" in said


def test_what_holds_no_capture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_text("data: {}\n\n")
    with pytest.raises(CaptureError, match="no captures in it"):
        CaptureLibrary(tmp_path)
    with pytest.raises(CaptureError, match="`streamnorm import` makes captures"):
        CaptureLibrary(tmp_path / "a.sse")
    with pytest.raises(FileNotFoundError):
        CaptureLibrary(tmp_path / "none.cap.jsonl")


def test_two_captures_of_one_name_are_refused(tmp_path: Path) -> None:
    one, two = write(tmp_path / "a.cap.jsonl"), write(tmp_path / "b" / "a.cap.jsonl.gz")
    with pytest.raises(CaptureError, match="have the same name"):
        CaptureLibrary([one, two])


def test_threads_are_never_served_one_capture_twice(tmp_path: Path) -> None:
    for at in range(64):
        write(tmp_path / f"{at}.cap.jsonl")
    library = CaptureLibrary(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        served = list(pool.map(lambda _: library.answer("POST", PATH, b'{"model":"m"}'), range(64)))
    assert len({capture.path for capture in served}) == 64


def test_every_public_name_of_captures_is_there() -> None:
    assert {"CaptureLibrary", "ReplayTransport"} <= set(streamnorm.captures.__all__)
    assert dir(streamnorm.captures) == sorted(streamnorm.captures.__all__)
    for name in streamnorm.captures.__all__:
        assert getattr(streamnorm.captures, name) is not None
    with pytest.raises(AttributeError, match="Replayer"):
        _ = streamnorm.captures.Replayer
