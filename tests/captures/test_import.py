"""What other tools recorded becomes captures: the body byte for byte where the source kept it, and what it lost is said.

The files in fixtures/imports are of our own writing, each as its tool writes them, of one stream: raw-body.txt."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import corpus
import pytest
from corpus_captures import corpus_capture, corpus_streams, metadata_of, pieces_of
from strategies import judge

from streamnorm.captures.format import Capture, End, Header, Piece
from streamnorm.captures.imports import Imported, arriving, import_file, write_capture
from streamnorm.errors import CaptureError

IMPORTS = Path(__file__).parents[2] / "fixtures" / "imports"
STREAM = (IMPORTS / "raw-body.txt").read_bytes()
MODELS = b'{"object":"list","data":[{"id":"example-2","object":"model"}]}'
#: What must not come out of any of them.
SECRETS = (b"canary", b"sk-fixture")

NOTHING = ("times", "pieces", "headers", "request")


class Read(NamedTuple):
    """One exchange, gone through."""

    imported: Imported
    pieces: list[Piece]
    end: End

    @property
    def header(self) -> Header:
        return self.imported.header

    @property
    def body(self) -> bytes:
        return b"".join(piece.data for piece in self.pieces)


def read(path: Path, **options: Any) -> list[Read]:
    found = []
    for one in import_file(path, **options):
        *pieces, end = one.items
        found.append(Read(one, pieces, end))  # type: ignore[arg-type]
    return found


def file_of(folder: Path, content: bytes | str) -> Path:
    """A file whose name says nothing."""
    path = folder / "given"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


class Expected(NamedTuple):
    """What is to come of a fixture: its format, the places of the exchanges with our stream, what is lost."""

    format: str
    lost: tuple[str, ...]
    streams: tuple[int, ...] = (0,)
    exchanges: int = 1


WHOLE_BODY = ("times", "pieces")
EXPECTED = {
    "chunk-texts.json": Expected("chunks", ("times", "headers", "request")),
    "curl-i-continue.txt": Expected("curl", ("times", "pieces", "request")),
    "curl-i.txt": Expected("curl", ("times", "pieces", "request")),
    "devtools.har.txt": Expected("har", ("pieces",), exchanges=3),
    "events-cassette.json": Expected("cassette", WHOLE_BODY),
    "go-vcr-1.yaml": Expected("cassette", WHOLE_BODY),
    "go-vcr-4.yaml": Expected("cassette", WHOLE_BODY),
    "httpmock.yaml": Expected("cassette", WHOLE_BODY, (0, 1), 2),
    "mitmproxy.har.txt": Expected("har", ("pieces",)),
    "nock.json": Expected("cassette", WHOLE_BODY, (1, 2), 3),
    "pasted-fenced.txt": Expected("text", NOTHING),
    "pasted-indented.txt": Expected("text", NOTHING),
    "pasted-lines.txt": Expected("text", NOTHING),
    "pasted-quoted.txt": Expected("text", NOTHING),
    "pasted-reads.txt": Expected("text", NOTHING),
    "raw-body.txt": Expected("raw", NOTHING),
    "recorded-chunks.json": Expected("cassette", ("times",)),
    "ruby-vcr.yml": Expected("cassette", WHOLE_BODY, (0, 1), 2),
    "test-proxy.json": Expected("cassette", WHOLE_BODY),
    "vcrpy-gzip.yaml": Expected("cassette", WHOLE_BODY, (1,), 2),
    "vcrpy-httpx.json": Expected("cassette", WHOLE_BODY),
    "vcrpy.yaml": Expected("cassette", WHOLE_BODY, (1,), 2),
}
#: Framing is lost in these: the frames are the same, the bytes around them are not.
REFRAMED = {
    "chunks-array.json": "chunks",
    "chunks.jsonl": "chunks",
    "pasted-blank-lines-lost.txt": "text",
    "pasted-log.txt": "text",
}


def test_every_fixture_is_expected_to_come_to_something() -> None:
    assert {path.name for path in IMPORTS.iterdir()} == EXPECTED.keys() | REFRAMED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_the_body_comes_out_byte_for_byte_whatever_the_file_is_called(
    name: str, tmp_path: Path
) -> None:
    expected = EXPECTED[name]
    found = read(shutil.copy(IMPORTS / name, tmp_path / "given"))
    assert len(found) == expected.exchanges
    assert {one.imported.format for one in found} == {expected.format}
    for at in expected.streams:
        assert found[at].body == STREAM
        assert found[at].header.dialect == "chat"
        assert found[at].imported.streams
        assert found[at].end.whole
        assert found[at].header.source == "given"
    assert found[expected.streams[0]].header.lost == expected.lost


@pytest.mark.parametrize("name", REFRAMED)
def test_chunks_without_frames_say_the_same(name: str) -> None:
    (one,) = read(IMPORTS / name)
    assert one.imported.format == REFRAMED[name]
    assert one.header.lost == NOTHING
    assert any("framing" in note for note in one.imported.notes)
    told, whole = judge(one.body), judge(STREAM)
    assert [e for e in told.events if type(e).__name__ != "Done"] == [
        e for e in whole.events if type(e).__name__ != "Done"
    ]


@pytest.mark.parametrize("name", [*EXPECTED, *REFRAMED])
def test_no_key_and_no_cookie_comes_out(name: str, tmp_path: Path) -> None:
    for at, one in enumerate(import_file(IMPORTS / name)):
        path = tmp_path / f"{at}.cap.jsonl"
        write_capture(one, path)
        assert not any(secret in path.read_bytes() for secret in SECRETS)


def test_keys_in_bodies_are_masked_and_lengths_stay(tmp_path: Path) -> None:
    key = "sk-canary-0123456789abcdef0123456789"
    body = STREAM.replace(b"Gr", key.encode(), 1)
    (one,) = read(file_of(tmp_path, body))
    assert len(one.body) == len(body)
    assert key.encode() not in one.body
    assert one.end.masked == 1
    (one,) = read(file_of(tmp_path, STREAM), mask=["id"])
    assert b"chatcmpl-7" not in one.body
    assert len(one.body) == len(STREAM)


def test_a_key_that_goes_over_pieces_is_masked_and_the_pieces_stay(tmp_path: Path) -> None:
    key = "sk-canary-0123456789abcdef0123456789"
    texts = ["data: {", f'"a":"{key[:9]}', key[9:20], key[20:] + '"}\n\n', "data: [DONE]\n\n"]
    (one,) = read(file_of(tmp_path, json.dumps(texts)))
    assert [len(piece.data) for piece in one.pieces] == list(map(len, texts))
    assert one.body.startswith(b'data: {"a":"sk-***')
    assert b"canary" not in one.body
    assert one.end.masked == 1


def test_a_source_that_has_the_body_alone_gives_one_piece_at_zero() -> None:
    for name in (
        "raw-body.txt",
        "curl-i.txt",
        "vcrpy-httpx.json",
        "ruby-vcr.yml",
        "pasted-reads.txt",
    ):
        one = read(IMPORTS / name)[0]
        assert [piece.seconds for piece in one.pieces] == [0.0]


def test_pieces_that_a_source_has_are_kept() -> None:
    (one,) = read(IMPORTS / "recorded-chunks.json")
    assert [len(piece.data) for piece in one.pieces] == [5, 175, 1, 519, 765]
    (one,) = read(IMPORTS / "chunk-texts.json")
    assert [piece.data for piece in one.pieces] == [
        frame + b"\n\n" for frame in STREAM.split(b"\n\n")[:-1]
    ]
    coded = read(IMPORTS / "nock.json")[2]
    assert len(coded.pieces) == 2
    assert coded.header.response is not None
    assert coded.header.response.decoded == "gzip"


def test_the_times_of_a_har_are_kept() -> None:
    first, second, third = read(IMPORTS / "devtools.har.txt")
    assert first.header.started == "2025-06-15T15:06:40.250000Z"
    assert first.header.response is not None
    assert first.header.response.seconds == 0.5005
    assert [piece.seconds for piece in first.pieces] == [first.end.seconds] == [1.5305]
    assert second.end.how == "left"
    assert any("no body" in note for note in second.imported.notes)
    assert third.header.response is None
    assert (third.end.how, third.end.error) == ("error", "net::ERR_FAILED")


def test_the_request_is_kept_without_what_is_secret() -> None:
    (one,) = read(IMPORTS / "vcrpy-httpx.json")
    request = one.header.request
    assert (request.method, request.origin) == ("POST", "https://api.example.com")
    assert request.path == "/v1/chat/completions?key=***"
    assert request.json["messages"] == [{"role": "user", "content": "Weather in Rome?"}]
    assert request.headers == {"content-type": "application/json"}
    (mock, _) = read(IMPORTS / "httpmock.yaml")
    assert mock.header.request.path == "/v1/chat/completions?trace=a+b"
    assert mock.header.request.headers["anthropic-version"] == "2023-06-01"
    (nock, _, _) = read(IMPORTS / "nock.json")
    assert nock.header.request.origin == "https://api.example.com"


def test_exchanges_that_are_no_stream_are_kept_and_said_to_be_none() -> None:
    models, _ = read(IMPORTS / "vcrpy.yaml")
    assert not models.imported.streams
    assert models.body == MODELS
    assert models.header.request.method == "GET"
    assert json.loads(read(IMPORTS / "nock.json")[0].body) == json.loads(MODELS)


def test_the_last_head_that_curl_prints_counts() -> None:
    (one,) = read(IMPORTS / "curl-i.txt")
    assert one.header.response is not None
    assert one.header.response.status == 200
    assert one.header.response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "set-cookie" not in one.header.response.headers
    assert "location" not in one.header.response.headers


def test_an_answer_of_curl_that_is_no_stream_is_kept_with_its_status(tmp_path: Path) -> None:
    head = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Type: application/json\r\n\r\n"
    (one,) = read(file_of(tmp_path, head + b'{"error":{"message":"slow down"}}'))
    assert one.header.response is not None
    assert one.header.response.status == 429
    assert one.header.response.headers["retry-after"] == "7"
    assert not one.imported.streams


def test_a_file_may_be_gzipped(tmp_path: Path) -> None:
    for name in ("vcrpy.yaml", "raw-body.txt", "devtools.har.txt"):
        path = file_of(tmp_path, gzip.compress((IMPORTS / name).read_bytes()))
        assert [one.body for one in read(path)] == [one.body for one in read(IMPORTS / name)]


def test_a_byte_order_mark_changes_nothing(tmp_path: Path) -> None:
    for name in ("vcrpy.yaml", "nock.json", "chunks.jsonl", "devtools.har.txt"):
        path = file_of(tmp_path, b"\xef\xbb\xbf" + (IMPORTS / name).read_bytes())
        assert [one.body for one in read(path)] == [one.body for one in read(IMPORTS / name)]
    (one,) = read(file_of(tmp_path, b"\xef\xbb\xbf" + STREAM))
    assert one.body == b"\xef\xbb\xbf" + STREAM


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_capture_is_copied_as_it_is(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"made.cap.jsonl{ending}"
    write_capture(next(import_file(IMPORTS / "recorded-chunks.json")), path)
    (one,) = import_file(path)
    assert one.format == "capture"
    copy = tmp_path / f"copy.cap.jsonl{ending}"
    write_capture(one, copy)
    assert copy.read_bytes() == path.read_bytes()
    assert Capture(copy).body() == STREAM


def test_a_capture_whose_recorder_was_killed_is_copied_too(tmp_path: Path) -> None:
    path = tmp_path / "made.cap.jsonl.gz"
    write_capture(next(import_file(IMPORTS / "recorded-chunks.json")), path)
    path.write_bytes(path.read_bytes()[:-60])
    (one,) = import_file(path)
    copy = tmp_path / "copy.cap.jsonl.gz"
    write_capture(one, copy)
    assert copy.read_bytes() == path.read_bytes()
    assert Capture(copy).end().how == "unfinished"


def test_json_without_events_that_is_a_wire_format_stays_as_it_is() -> None:
    """Gemini's arrays and Ollama's lines are what the server sent, not a list of chunks that somebody saved."""
    folder = IMPORTS.parent
    for name in ("gemini/json-array", "ollama/thinking-and-calls", "ollama/cut-between-lines"):
        stream = folder / f"{name}.sse"
        (one,) = read(stream)
        assert one.imported.format == "raw"
        assert one.body == stream.read_bytes()
        assert one.header.dialect == stream.parent.name


def test_a_last_line_that_is_cut_is_left_out_and_said(tmp_path: Path) -> None:
    whole = (IMPORTS / "chunks.jsonl").read_bytes()
    (one,) = read(file_of(tmp_path, whole[:-30]))
    assert one.body.count(b"\n\n") == whole.count(b"\n") - 1
    assert any("cut" in note for note in one.imported.notes)


def test_a_body_too_large_for_one_piece_has_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "MAX_PIECE", 1000)
    body = b"data: " + b"x" * 2500 + b"\n\n"
    (one,) = import_file(file_of(tmp_path, body))
    path = tmp_path / "large.cap.jsonl"
    write_capture(one, path)
    pieces = list(Capture(path).pieces())
    assert len(pieces) == 3
    assert b"".join(pieces) == body


def test_a_format_may_be_named(tmp_path: Path) -> None:
    lost = STREAM.replace(b"\n\n", b"\n")
    (as_it_is,) = read(file_of(tmp_path, lost))
    assert as_it_is.body == lost
    assert any("--from text" in note for note in as_it_is.imported.notes)
    (rebuilt,) = read(file_of(tmp_path, lost), format="text")
    assert judge(rebuilt.body).events == judge(STREAM).events
    with pytest.raises(CaptureError, match="it is one of capture, raw, curl"):
        read(file_of(tmp_path, lost), format="sse")


def test_what_prose_around_a_stream_looks_like_does_not_matter(tmp_path: Path) -> None:
    frames = STREAM.decode().replace(": keep-alive\n\n", "")
    text = f"We see {{this}}:\n\nid: 5\n\n<pre>\n{frames}</pre>\n\nevent: our launch\n"
    (one,) = read(file_of(tmp_path, text))
    assert one.body.decode() == frames


def test_line_separators_in_pasted_json_end_no_line(tmp_path: Path) -> None:
    frame = 'data: {"choices":[{"delta":{"content":"a\u2028b\x85c"}}]}'
    (one,) = read(file_of(tmp_path, f"Look:\n\n    {frame}\n"))
    assert one.body.decode() == f"{frame}\n\n"


def test_every_stream_of_the_corpus_is_imported_as_it_is(tmp_path: Path) -> None:
    corpus.require(corpus.CAPTURES)
    streams = corpus_streams()
    assert len(streams) > 1000
    for stream in streams:
        (one,) = read(stream)
        assert one.body == stream.read_bytes(), stream
        assert one.end.how == "end"
        assert one.end.masked == 0


def test_every_stream_of_the_corpus_becomes_a_capture_with_its_pieces(tmp_path: Path) -> None:
    corpus.require(corpus.CAPTURES)
    for stream in corpus_streams():
        capture = Capture(corpus_capture(stream, tmp_path))
        assert list(capture.pieces()) == [piece for piece in pieces_of(stream) if piece]
        assert capture.end().whole
        lengths = metadata_of(stream).get("network_chunks")
        assert ("pieces" in capture.header.lost) == (not lengths)
