"""Canaries: a key through every path that a key can take; then the files are searched for any part of it."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import httpx2
import pytest
from record_server import Server, chunked, head

from streamnorm.captures import RecordingTransport, tee
from streamnorm.captures.format import Capture, Request, Response

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2])

#: One that is known by its shape, and one that is only known by where it was.
KEYS = pytest.mark.parametrize(
    "key",
    ["sk-proj-" + secrets.token_urlsafe(30) + "7", "3/" + secrets.token_hex(20)],
    ids=["known by its shape", "known by its place"],
)


def assert_absent(folder: Path, key: str) -> None:
    """No file has eight characters in a row of the key's end, however it is written."""
    secret = key.removeprefix("sk-proj-")
    for path in folder.iterdir():
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = zlib.decompressobj(31).decompress(data)
        for at in range(len(secret) - 8):
            part = secret[at : at + 8]
            for written in (part, quote(part, safe=""), json.dumps(part)[1:-1].replace("/", "\\/")):
                assert written.encode() not in data, path
        assert base64.b64encode(key.encode())[:-4] not in data


class Pieces:
    """A stream for `MockTransport`."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)

    def close(self) -> None:
        pass


def answering(library: Any, pieces: list[bytes], **headers: str) -> Any:
    class Stream(Pieces, library.SyncByteStream):  # type: ignore[misc]
        pass

    def answer(request: Any) -> Any:
        return library.Response(200, headers=headers, stream=Stream(pieces))

    return library.MockTransport(answer)


@KEYS
@LIBRARIES
@pytest.mark.parametrize("name", ["run.cap.jsonl", "run.cap.jsonl.gz"])
def test_a_key_in_headers_url_body_and_answer_is_not_in_the_file(
    library: Any, key: str, name: str, tmp_path: Path
) -> None:
    def answer(first: bytes, body: bytes) -> list[bytes | float]:
        if b"/old" in first:
            location = f"/new?access_token={quote(key)}"
            return [head(307, location=location, set_cookie=f"k={key}", content_length="0")]
        said = {"headers": first.decode(), "body": body.decode(), "key": key}
        return chunked(
            [f"data: {json.dumps(said)}\n\n".encode()], x_echo=key, x_request_id=f"r-{key}"
        )

    transport = RecordingTransport(None, tmp_path / name)
    headers = {
        "authorization": f"Bearer {key}",
        "api-key": key,
        "x-unknown": key,
        "cookie": f"a={key}",
        "user-agent": f"agent {key}",
    }
    with Server(answer) as server, library.Client(transport=transport) as client:
        host = server.url.removeprefix("http://")
        got = client.post(
            f"http://me:{quote(key, safe='')}@{host}/old?key={quote(key)}#{key}",
            json={"messages": [{"content": f"my key is {key}, yes"}], key: {"n": [key]}},
            headers=headers,
            follow_redirects=True,
        )
        assert json.loads(got.text.removeprefix("data: "))["key"] == key
    assert len(list(tmp_path.iterdir())) == 2
    assert_absent(tmp_path, key)


@KEYS
@LIBRARIES
@pytest.mark.parametrize(
    "kind", ["form", "text", "binary", "gzip", "json with escapes", "multipart"]
)
def test_a_key_in_any_kind_of_request_body_is_not_in_the_file(
    library: Any, key: str, kind: str, tmp_path: Path
) -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in key)
    body: dict[str, Any] = {
        "form": {"data": {"api_key": key, "other": f"x {key}"}},
        "text": {"content": f"key={key}"},
        "binary": {"content": b"\xff\0" + key.encode()},
        "gzip": {
            "content": gzip.compress(f'{{"k":"{key}"}}'.encode()),
            "headers": {"content-encoding": "gzip"},
        },
        "json with escapes": {"content": f'{{"k":"{escaped}"}}'},
        "multipart": {"files": {"f": key.encode()}},
    }[kind]
    headers = {"authorization": f"Bearer {key}", **body.pop("headers", {})}
    transport = RecordingTransport(answering(library, [b"ok"]), tmp_path / "run.cap.jsonl")
    with library.Client(transport=transport) as client:
        client.post("http://host.test/", headers=headers, **body)
    assert_absent(tmp_path, key)
    assert Capture(tmp_path / "run.cap.jsonl").end().masked >= 1


@KEYS
@LIBRARIES
def test_an_echoed_key_is_not_in_the_file_wherever_it_is_cut(
    library: Any, key: str, tmp_path: Path
) -> None:
    spellings = (
        key,
        quote(key, safe=""),
        key.replace("/", "\\/"),
        base64.b64encode(key.encode()).decode(),
    )
    body = "".join(f'data: {{"said":"{spelling}"}}\n\n' for spelling in spellings).encode()
    packed = gzip.compress(body)
    cuts = [[body[:at], body[at:]] for at in range(len(body))]
    cuts.append([body[at : at + 1] for at in range(len(body))])
    headers = {"authorization": f"Bearer {key}"}
    for pieces in cuts:
        transport = RecordingTransport(
            answering(library, pieces), tmp_path / "run.cap.jsonl", overwrite=True
        )
        with library.Client(transport=transport) as client:
            assert client.get("http://host.test/", headers=headers).content == body
        assert_absent(tmp_path, key)
        capture = Capture(tmp_path / "run.cap.jsonl")
        assert [len(piece) for piece in capture.pieces()] == [
            len(piece) for piece in pieces if piece
        ]
    inner = answering(
        library, [packed[at : at + 1] for at in range(len(packed))], **{"content-encoding": "gzip"}
    )
    with library.Client(
        transport=RecordingTransport(inner, tmp_path / "gz.cap.jsonl.gz")
    ) as client:
        assert client.get("http://host.test/", headers=headers).content == body
    assert_absent(tmp_path, key)


@KEYS
@LIBRARIES
def test_a_key_in_an_error_is_not_in_the_file(library: Any, key: str, tmp_path: Path) -> None:
    def fail(request: Any) -> Any:
        raise library.ConnectError(f"cannot reach http://me:{key}@host.test/?key={key}")

    transport = RecordingTransport(library.MockTransport(fail), tmp_path / "run.cap.jsonl")
    with (
        library.Client(transport=transport) as client,
        pytest.raises(library.ConnectError) as caught,
    ):
        client.get("http://host.test/", headers={"api-key": key})
    assert key in str(caught.value)
    assert_absent(tmp_path, key)


@KEYS
def test_a_key_in_what_tee_is_told_is_not_in_the_file(key: str, tmp_path: Path) -> None:
    request = Request(
        path=f"/x?sig={key}",
        origin=f"https://{key}:x@host.test",
        headers={"X-Api-Key": key, "Accept": key},
        text=f"my {key}",
    )
    response = Response(
        status=200, headers={"Set-Cookie": f"s={key}", "Location": f"//h/?token={key}"}
    )
    body = f"data: {key}\n\n".encode()
    path = tmp_path / "run.cap.jsonl"
    assert b"".join(tee([body], path, request=request, response=response)) == body
    assert_absent(tmp_path, key)


def test_a_key_that_this_exchange_did_not_carry_is_known_by_its_shape(tmp_path: Path) -> None:
    key = "sk-ant-api03-" + secrets.token_urlsafe(40) + "1"
    body = f'{{"error":"Incorrect API key provided: {key}."}}'.encode()
    list(tee([body[:40], body[40:]], tmp_path / "run.cap.jsonl"))
    assert (
        Capture(tmp_path / "run.cap.jsonl")
        .body()
        .startswith(b'{"error":"Incorrect API key provided: sk-******')
    )
    assert_absent(tmp_path, key)


def test_a_recorder_shows_no_key_in_its_repr(tmp_path: Path) -> None:
    transport = RecordingTransport(httpx.HTTPTransport(), tmp_path / "run.cap.jsonl")
    assert "sk-" not in repr(transport)
