"""The steps of a replay say what the capture says, when it said it, however it is cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamnorm.captures.format import Capture, CaptureWriter, End, Header, How, Piece, Response
from streamnorm.captures.script import (
    AT_ONCE,
    Break,
    Finish,
    Head,
    Send,
    Stall,
    Wait,
    cut_of,
    recut,
    script,
    speed_of,
)
from streamnorm.errors import CaptureError

HEADERS = {"content-type": "text/event-stream", "Content-Length": "7", "x-request-id": "r"}


def capture(folder: Path, how: How = "end", kind: str = "") -> Capture:
    path = folder / "a.cap.jsonl"
    header = Header(response=Response(status=200, headers=HEADERS, seconds=0.5))
    with CaptureWriter(path, header) as writer:
        writer.piece(1.0, b"abc")
        writer.piece(1.0, b"d")
        writer.piece(3.0, b"efg")
        writer.end(how, seconds=4.0, kind=kind)
    return Capture(path)


HEAD = Head(200, {"content-type": "text/event-stream", "x-request-id": "r"})


def test_a_script_keeps_pieces_and_times(tmp_path: Path) -> None:
    steps = list(script(capture(tmp_path), speed=2.0))
    told = [
        Wait(0.25),
        HEAD,
        Wait(0.25),
        Send(b"abc"),
        Send(b"d"),
        Wait(1.0),
        Send(b"efg"),
        Wait(0.5),
        Finish(),
    ]
    assert steps == told


def test_at_once_waits_for_nothing(tmp_path: Path) -> None:
    steps = list(script(capture(tmp_path), speed=AT_ONCE))
    assert steps == [HEAD, Send(b"abc"), Send(b"d"), Send(b"efg"), Finish()]


def test_a_cut_piece_comes_when_its_last_byte_did(tmp_path: Path) -> None:
    steps = list(script(capture(tmp_path), cut=cut_of(5)))
    assert steps == [Wait(0.5), HEAD, Wait(2.5), Send(b"abcde"), Send(b"fg"), Wait(1.0), Finish()]


@pytest.mark.parametrize(
    ("how", "kind", "last"),
    [
        ("end", "", Finish()),
        ("left", "", Finish()),
        ("cut", "", Break("cut")),
        ("error", "ReadTimeout", Stall()),
        ("error", "ReadError", Break("reset")),
    ],
)
def test_how_it_ended_is_how_it_ends(tmp_path: Path, how: How, kind: str, last: Any) -> None:
    assert list(script(capture(tmp_path, how, kind)))[-1] == last


def test_what_lost_its_end_is_never_finished(tmp_path: Path) -> None:
    path = capture(tmp_path).path
    path.write_bytes(path.read_bytes()[:-5])
    assert list(script(Capture(path)))[-1] == Break("cut")


@given(
    st.lists(st.binary(max_size=30), max_size=6),
    st.one_of(st.integers(1, 40), st.just("byte"), st.integers(0, 99).map("seed:{}".format)),
)
def test_any_cut_holds_the_same_bytes(pieces: list[bytes], how: Any) -> None:
    end = End(how="end", seconds=9.0)
    cut = cut_of(how)
    assert cut is not None
    *found, last = recut([*(Piece(float(at), data) for at, data in enumerate(pieces)), end], cut)
    assert b"".join(item.data for item in found if isinstance(item, Piece)) == b"".join(pieces)
    assert last == end
    assert (
        found
        == list(recut([*(Piece(float(at), data) for at, data in enumerate(pieces)), end], cut))[:-1]
    )
    lengths = cut()
    for item in found[:-1]:
        assert isinstance(item, Piece)
        assert len(item.data) == next(lengths)


@pytest.mark.parametrize("wrong", ["0", "-1", "seed", "seed:x", "byte:2", "often", ""])
def test_a_cut_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(CaptureError, match="give a number of bytes, byte, seed:N or recorded"):
        cut_of(wrong)


def test_a_speed_is_a_factor() -> None:
    assert [speed_of(text) for text in ("10x", "10", 2, "0.5x", "max")] == [10, 10, 2, 0.5, AT_ONCE]
    for wrong in ("0", "-1x", "fast", "nan", ""):
        with pytest.raises(CaptureError, match="give a factor such as 10x"):
            speed_of(wrong)
