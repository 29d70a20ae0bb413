"""What a recorder is told is what the capture says; nothing that goes wrong with the file reaches whoever tells it."""

from __future__ import annotations

import errno
import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamnorm.captures.encoding import Decoding, EncodingError, encodings_in
from streamnorm.captures.format import Capture, End, Piece, Request, Response
from streamnorm.captures.places import Places
from streamnorm.captures.record import Recorder
from streamnorm.captures.sent import MAX_REQUEST, SentBody
from streamnorm.errors import CaptureError

TEXT = b'data: {"text":"hello"}\n\n' * 40


def ticking() -> Callable[[], float]:
    """A clock that goes on by one at each look."""
    times = iter(range(1_000_000))
    return lambda: float(next(times))


def recorder(path: Path, request: Request | None = None, **options: Any) -> Recorder:
    return Recorder(lambda kept: path, request or Request(), clock=ticking(), **options)


def record(path: Path, pieces: Iterable[bytes], **headers: str) -> tuple[list[bytes], End]:
    """What a capture of these pieces has, and how it ended."""
    told = recorder(path)
    told.answered(
        Response(
            status=200, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
    )
    for piece in pieces:
        told.piece(piece)
    told.end()
    *kept, end = Capture(path).items()
    assert isinstance(end, End)
    return [piece.data for piece in kept if isinstance(piece, Piece)], end


def cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def test_an_exchange_is_written_as_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "a.cap.jsonl"
    told = recorder(path, Request(path="/v1/x", json={"a": 1}), dialect="chat")
    assert not path.exists()
    told.answered(Response(status=201, headers={"content-type": "text/event-stream"}))
    told.piece(b"one\n")
    told.piece(b"")
    told.piece(b"two\n")
    told.end()
    told.left()
    told.piece(b"late")
    capture = Capture(path)
    assert capture.header.request == Request(path="/v1/x", json={"a": 1})
    assert capture.header.response == Response(
        status=201, headers={"content-type": "text/event-stream"}, seconds=1.0
    )
    assert (capture.header.dialect, capture.header.tool[:11]) == ("chat", "streamnorm ")
    assert capture.header.started.endswith("Z")
    assert list(capture.items()) == [
        Piece(2.0, b"one\n"),
        Piece(4.0, b"two\n"),
        End(how="end", seconds=5.0),
    ]


def test_a_piece_that_may_end_in_a_secret_is_written_when_that_is_known_with_its_own_time(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.cap.jsonl"
    told = recorder(path)
    told.answered(Response(status=200))
    for piece in (b"a sk-a1b2c3d4", b"e5f6a7b8c9d0e1f2", b" b\n"):
        told.piece(piece)
        seen = list(Capture(path).pieces())
    told.end()
    assert seen == [b"a sk-********", b"****************", b" b\n"]
    assert [item.seconds for item in Capture(path).items()] == [2.0, 3.0, 4.0, 5.0]
    assert Capture(path).end().masked == 1


class RemoteProtocolError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "how"),
    [
        (RemoteProtocolError("peer closed"), "cut"),
        (ConnectionResetError("reset"), "cut"),
        (TimeoutError("slow"), "error"),
    ],
)
def test_a_transport_that_fails_is_told_by_its_class_and_words(
    tmp_path: Path, error: Exception, how: str
) -> None:
    path = tmp_path / "a.cap.jsonl"
    told = recorder(path, Request(headers={"x-api-key": "key-number-1"}))
    told.answered(Response(status=200))
    with pytest.raises(type(error)), told.reading():
        raise type(error)(f"{error} by key-number-1")
    end = Capture(path).end()
    assert (end.how, end.kind) == (how, type(error).__name__)
    assert (end.error, end.masked) == (f"{error} by ************", 1)


def test_no_answer_is_recorded_too(tmp_path: Path) -> None:
    path = tmp_path / "a.cap.jsonl"
    told = recorder(path)
    with pytest.raises(ConnectionRefusedError), told.asking():
        raise ConnectionRefusedError("refused")
    capture = Capture(path)
    assert capture.header.response is None
    assert (capture.end().how, capture.end().kind) == ("error", "ConnectionRefusedError")


def test_a_reader_that_goes_away_left(tmp_path: Path) -> None:
    for number, gone in enumerate((GeneratorExit, KeyboardInterrupt)):
        path = tmp_path / f"{number}.cap.jsonl"
        told = recorder(path)
        told.answered(Response(status=200))
        with pytest.raises(gone), told.reading():
            raise gone
        assert Capture(path).end().how == "left"


DEFLATE = zlib.compress(TEXT)
RAW_DEFLATE = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW_DEFLATE.compress(TEXT) + RAW_DEFLATE.flush()  # type: ignore[assignment,operator]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 100_000])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]) + b"\0\0"),
        ("x-gzip", gzip.compress(TEXT)),
        ("deflate", DEFLATE),
        ("deflate", RAW_DEFLATE),
        ("deflate, GZip", gzip.compress(DEFLATE)),
        ("identity", TEXT),
    ],
    ids=["gzip", "members", "x-gzip", "deflate", "raw deflate", "both", "identity"],
)
def test_the_content_encoding_is_taken_off(
    tmp_path: Path, encoding: str, body: bytes, size: int
) -> None:
    path = tmp_path / "a.cap.jsonl"
    pieces, end = record(path, cut(body, size), content_encoding=encoding, content_length="9")
    assert b"".join(pieces) == TEXT
    assert end.how == "end"
    response = Capture(path).header.response
    assert response is not None
    plain = encoding == "identity"
    assert response.headers == (
        {"content-encoding": encoding, "content-length": "9"} if plain else {}
    )
    assert response.decoded == ("" if plain else encoding.lower())


@pytest.mark.parametrize("module", ["brotli", "brotlicffi", "zstandard", "backports.zstd"])
def test_encodings_of_other_modules_are_taken_off_where_they_are(
    tmp_path: Path, module: str
) -> None:
    found = pytest.importorskip(module)
    body = found.compress(TEXT)
    name = "br" if "brotli" in module else "zstd"
    for size in (1, 1000):
        pieces, end = record(tmp_path / f"{size}.cap.jsonl", cut(body, size), content_encoding=name)
        assert (b"".join(pieces), end.how) == (TEXT, "end")
    pieces, end = record(tmp_path / "c.cap.jsonl", [body[:-4]], content_encoding=name)
    assert end.how == "cut"
    pieces, end = record(tmp_path / "d.cap.jsonl", [b"\x99" * 99], content_encoding=name)
    assert (pieces, end.how) == ([], "error")


def test_each_decoded_piece_has_the_time_it_came(tmp_path: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    pieces = [
        packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
        for text in (b"one\n", b"two\n", b"three\n")
    ]
    pieces[-1] += packer.flush()
    kept, end = record(tmp_path / "a.cap.jsonl", pieces, content_encoding="gzip")
    assert kept == [b"one\n", b"two\n", b"three\n"]
    assert end == End(how="end", seconds=5.0)


def test_encoded_data_that_is_cut_damaged_or_unknown_is_told(tmp_path: Path) -> None:
    body = gzip.compress(random.Random(1).randbytes(5000))
    pieces, end = record(tmp_path / "a.cap.jsonl", [body[:-9]], content_encoding="gzip")
    assert len(b"".join(pieces)) > 4000
    assert (end.how, end.error) == ("cut", "the gzip data ends before its end")
    damaged = body[:1000] + b"\xff" * 200 + body[1200:]
    pieces, end = record(tmp_path / "b.cap.jsonl", [damaged], content_encoding="gzip")
    assert (end.how, end.kind) == ("error", "EncodingError")
    assert end.error.startswith("the rest of the body is not here: the gzip data is damaged")
    pieces, end = record(tmp_path / "c.cap.jsonl", [b"secret"], content_encoding="rot13")
    assert (pieces, end.how) == ([], "error")
    assert end.error == (
        "the body is not here, since no secret can be found in it: the content encoding 'rot13' is not known"
    )
    pieces, end = record(tmp_path / "d.cap.jsonl", [], content_encoding="gzip")
    assert end.how == "end"


def test_a_bomb_ends_the_capture_and_nothing_else(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(1 << 25))
    for name, pieces in (("whole", [bomb]), ("cut", list(cut(bomb, 1000)))):
        path = tmp_path / f"{name}.cap.jsonl.gz"
        kept, end = record(path, pieces, content_encoding="gzip")
        assert end.how == "error"
        assert "a bomb, or too large to keep" in end.error
        assert sum(map(len, kept)) < 12 * 1024 * 1024


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "x-gzip"]))
def test_garbage_is_no_encoding_and_raises_only_our_error(data: bytes, encoding: str) -> None:
    decoding = Decoding(encodings_in(encoding))
    try:
        b"".join(decoding.feed(data))
    except EncodingError:
        return
    assert isinstance(decoding.missing(), str)


def sent(*pieces: bytes, ended: bool = True) -> SentBody:
    body = SentBody()
    for piece in pieces:
        body.piece(piece)
    body.ended = ended
    return body


def test_a_request_body_is_json_text_base64_or_left_out_with_the_reason() -> None:
    json_type = {"content-type": "application/json; charset=utf-8"}
    assert sent(b'{"a":', b"1e2}").as_request(json_type).json == {"a": 100.0}
    assert sent(b"[1]").as_request({}).json == [1]
    for broken in (b'{"a":NaN}', b'{"a":', b"[" * 100_000):
        assert sent(broken).as_request(json_type).text == broken.decode()
    assert sent(b"{}").as_request({"content-type": "text/plain"}).text == "{}"
    assert sent(b"\xff").as_request({}).b64 == "/w=="
    assert sent().as_request(json_type) == Request()
    packed = {**json_type, "content-encoding": "gzip"}
    assert sent(gzip.compress(b'{"a":1}')).as_request(packed).json == {"a": 1}
    assert "damaged" in sent(b"not gzip").as_request(packed).omitted
    assert "more than" in sent(gzip.compress(bytes(MAX_REQUEST + 1))).as_request(packed).omitted
    assert "not known" in sent(b"x").as_request({"content-encoding": "rot13"}).omitted
    assert "when 1 bytes" in sent(b"x", ended=False).as_request({}).omitted
    large = sent(*[bytes(1 << 20)] * 17).as_request({}).omitted
    assert large.startswith("17,825,792 bytes, sha256 ")


def test_a_file_that_cannot_be_written_warns_once_and_the_exchange_goes_on(tmp_path: Path) -> None:
    def no_place(request: Request) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    told = Recorder(no_place, Request())
    with pytest.warns(RuntimeWarning, match="is not recorded: .*No space left"):
        told.answered(Response(status=200))
    told.piece(b"a")  # a warning would be an error here
    told.end()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full device")
@pytest.mark.parametrize("suffix", ["cap.jsonl", "cap.jsonl.gz"])
def test_a_disk_that_fills_up_in_between_warns_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    told = recorder(path)
    told.answered(Response(status=200))
    assert told._writer is not None
    told._writer._file.close()
    told._writer._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115  # the recorder closes it
    with pytest.warns(RuntimeWarning, match="is not recorded: .*No space left"):
        told.piece(b"a\n")
    told.piece(b"b\n")
    told.end()


def test_the_first_exchange_gets_the_name_and_the_next_ones_numbers(tmp_path: Path) -> None:
    places = Places(tmp_path / "new" / "run.cap.jsonl.gz")
    names = [places.place(Request()).name for _ in range(3)]
    assert names == ["run.cap.jsonl.gz", "run-2.cap.jsonl.gz", "run-3.cap.jsonl.gz"]
    with pytest.raises(CaptureError, match="is there already"):
        Places(tmp_path / "new" / "run.cap.jsonl.gz")
    again = Places(tmp_path / "new" / "run.cap.jsonl.gz", overwrite=True)
    assert again.place(Request()).name == "run.cap.jsonl.gz"


def test_in_a_folder_each_exchange_gets_a_number_and_its_path(tmp_path: Path) -> None:
    paths = ["/v1/chat/completions?key=***", "/", "/../../etc/" + "x" * 99]
    for places in (Places(tmp_path / "runs"), Places(tmp_path / "runs")):
        for path in paths:
            places.place(Request(path=path))
    found = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert found[:2] == ["0001-v1-chat-completions.cap.jsonl", "0002-root.cap.jsonl"]
    assert found[2] == "0003-" + "x" * 60 + ".cap.jsonl"
    assert [name[:5] for name in found] == [f"000{number}-" for number in range(1, 7)]


def test_a_path_that_is_neither_a_captures_nor_a_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("run.json", "run.jsonl", "run.sse", "file"):
        with pytest.raises(CaptureError, match=r"ends in \.cap\.jsonl"):
            Places(tmp_path / name)


def test_the_file_says_how_many_secrets_were_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.cap.jsonl"
    request = Request(
        headers={"x-api-key": "key-number-1"}, json={"a": "key-number-1", "user": "Ann"}
    )
    told = recorder(path, request, mask=["user"])
    told.answered(Response(status=200))
    told.piece(b'{"user": "Bob", "k": "key-number-1"}\n')
    told.end()
    assert json.loads(path.read_text().splitlines()[-1])["masked"] == 4
    assert Capture(path).body() == b'{"user": "***", "k": "************"}\n'
