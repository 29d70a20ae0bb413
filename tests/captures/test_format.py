"""What is written is read: at any size, cut anywhere, damaged anyhow."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamnorm.captures.format import Capture, CaptureWriter, End, Header, Piece, Request, Response
from streamnorm.errors import CaptureError

HEADER = Header(
    request=Request(path="/v1/chat/completions", json={"model": "m"}),
    response=Response(status=200, headers={"content-type": "text/event-stream"}, seconds=0.1),
    started="2026-11-01T10:00:00Z",
    tool="streamnorm",
)
PIECES = [
    b'data: {"a":1}\n\n',
    "data: é".encode()[:-1],
    "é\n\n".encode()[1:],
    b"\x00\xff",
    b"data: [DONE]\n\n",
]

bodies = st.lists(
    st.one_of(st.binary(max_size=40), st.text(max_size=40).map(str.encode)), max_size=8
)


def write(path: Path, pieces: list[bytes] = PIECES, *, ended: bool = True) -> Path:
    with CaptureWriter(path, HEADER) as writer:
        for at, piece in enumerate(pieces):
            writer.piece(0.2 + at / 10, piece)
        if ended:
            writer.end(seconds=9.5)
    return path


@given(bodies)
@pytest.mark.parametrize("suffix", [".cap.jsonl", ".cap.jsonl.gz"])
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, pieces: list[bytes]
) -> None:
    path = write(tmp_path_factory.mktemp("captures") / f"a{suffix}", pieces)
    capture = Capture(path)
    assert capture.header == HEADER
    assert list(capture.pieces()) == [piece for piece in pieces if piece]
    assert capture.end() == End(how="end", seconds=9.5)
    assert list(capture.items()) == list(capture.items())


def test_the_first_line_is_the_header_and_begins_with_the_version(tmp_path: Path) -> None:
    first, *pieces, last = write(tmp_path / "a.cap.jsonl").read_text().splitlines()
    assert first.startswith('{"version":1,"request":{')
    assert json.loads(pieces[0]) == [0.2, 'data: {"a":1}\n\n']
    assert json.loads(pieces[1]) == [0.3, {"b64": "ZGF0YTogww=="}]
    assert list(json.loads(last)) == ["end", "seconds", "sha256", "bytes"]


@pytest.mark.parametrize("suffix", [".cap.jsonl", ".cap.jsonl.gz"])
def test_a_file_that_was_cut_reads_back_to_its_last_whole_piece(
    tmp_path: Path, suffix: str
) -> None:
    whole = write(tmp_path / f"a{suffix}").read_bytes()
    path = tmp_path / f"cut{suffix}"
    seen = set()
    early: list[str] = []
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        try:
            *pieces, end = Capture(path).items()
        except CaptureError as error:
            early.append(str(error))
            continue
        assert [piece.data for piece in pieces if isinstance(piece, Piece)] == PIECES[: len(pieces)]
        assert isinstance(end, End)
        assert end.how == "unfinished" or len(pieces) == len(PIECES)
        seen.add(len(pieces))
    assert seen == set(range(len(PIECES) + 1))
    assert all(said.startswith(f"{path}, line 1: a capture begins with") for said in early)


@given(st.data())
def test_damage_is_told_with_file_and_line_and_what_is_whole_is_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = write(tmp_path_factory.mktemp("captures") / "a.cap.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    at = data.draw(st.integers(1, len(lines) - 1))
    lines[at] = data.draw(st.binary(max_size=30)).replace(b"\n", b" ") + b"\n"
    path.write_bytes(b"".join(lines))
    *pieces, end = Capture(path).items()
    assert [piece.data for piece in pieces[: at - 1] if isinstance(piece, Piece)] == PIECES[
        : at - 1
    ]
    assert isinstance(end, End)
    assert end.how == "damaged"
    assert end.error.startswith(f"{path}, line ")


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("", "line 1: a capture begins with a JSON object, not ''"),
        ("data: {}\n", "line 1: a capture begins with a JSON object, not 'data: {}'"),
        (
            '{"version":2}\n',
            "version 2 of the format, and this streamnorm reads version 1: upgrade streamnorm",
        ),
        (
            '{"version":"x"}\n',
            "version 'x' of the format, and this streamnorm reads version 1: record it again",
        ),
        ('{"log":{}}\n', "version None of the format"),
        ('{"version":1,"response":{}}\n', "line 1: Object missing required field `status`"),
    ],
)
def test_what_is_no_capture_is_refused_with_the_reason(
    tmp_path: Path, first: str, said: str
) -> None:
    path = tmp_path / "a.cap.jsonl"
    path.write_text(first)
    with pytest.raises(CaptureError) as caught:
        Capture(path)
    assert said in str(caught.value)


def test_a_body_that_was_changed_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cap.jsonl")
    path.write_bytes(path.read_bytes().replace(b'{\\"a\\":1}', b'{\\"a\\":2}'))
    end = Capture(path).end()
    assert end.how == "damaged"
    assert "line 7: the body is not what was recorded" in end.error


def test_times_that_go_back_and_lines_after_the_end_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.cap.jsonl"
    path.write_text('{"version":1}\n[2.0,"a"]\n[1.0,"b"]\n')
    assert "line 3: the time 1.0 comes after 2.0" in Capture(path).end().error
    path = write(tmp_path / "b.cap.jsonl")
    path.write_bytes(path.read_bytes() + b"[9.0,1]\n")
    assert "line 8: there is more after the end" in Capture(path).end().error


def test_gzip_data_that_is_damaged_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cap.jsonl.gz")
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4] ^= 0xFF
    path.write_bytes(data)
    *pieces, end = Capture(path).items()
    assert [piece.data for piece in pieces if isinstance(piece, Piece)] == PIECES[: len(pieces)]
    assert isinstance(end, End)
    assert (len(pieces) > 0, end.how) == (True, "damaged")
    path.write_bytes(b"not gzip")
    with pytest.raises(CaptureError, match="the gzip data is damaged"):
        Capture(path)


def test_a_name_that_is_no_captures_and_an_end_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"ends in \.cap\.jsonl or \.cap\.jsonl\.gz"):
        CaptureWriter(tmp_path / "a.json", HEADER)
    with (
        CaptureWriter(tmp_path / "a.cap.jsonl", HEADER) as writer,
        pytest.raises(CaptureError, match="not 'damaged'"),
    ):
        writer.end("damaged")
    with pytest.raises(CaptureError, match="the capture is closed"):
        writer.piece(1.0, b"x")


def test_gzip_holds_the_same_lines(tmp_path: Path) -> None:
    plain, packed = write(tmp_path / "a.cap.jsonl"), write(tmp_path / "a.cap.jsonl.gz")
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
