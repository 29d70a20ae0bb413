"""What a client reads through a recording transport is what it would have read, and the capture has the server's own pieces."""

from __future__ import annotations

import asyncio
import gzip
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from record_server import Server, chunked, head

from streamnorm.captures import RecordingTransport, tee
from streamnorm.captures.format import Capture, Request, Response
from streamnorm.errors import CaptureError, LocalError

PIECES = [b'data: {"a":', b"1}\n", b"\ndata: \xc3", b"\xa9\n\n", b"data: [DONE]\n\n"]

#: Reads a body through a client: what was read, or the exception.
Read = Callable[..., Any]


def blocking(library: Any) -> Read:
    def read(url: str, path: Path, *, most: int = 99, raw: bool = True, **options: Any) -> Any:
        transport = RecordingTransport(options.pop("inner", library.HTTPTransport()), path)
        method = options.pop("method", "POST")
        with (
            library.Client(transport=transport, timeout=options.pop("timeout", 10)) as client,
            client.stream(method, url, **options) as response,
        ):
            read = response.iter_raw() if raw else response.iter_bytes()
            return [piece for _, piece in zip(range(most), read, strict=False)]

    return read


def asynchronous(library: Any) -> Read:
    async def aread(url: str, path: Path, *, most: int, raw: bool, **options: Any) -> list[bytes]:
        transport = RecordingTransport(options.pop("inner", library.AsyncHTTPTransport()), path)
        method = options.pop("method", "POST")
        found: list[bytes] = []
        async with (
            library.AsyncClient(transport=transport, timeout=options.pop("timeout", 10)) as client,
            client.stream(method, url, **options) as response,
        ):
            async for piece in response.aiter_raw() if raw else response.aiter_bytes():
                found.append(piece)
                if len(found) == most:
                    break
        return found

    def read(url: str, path: Path, *, most: int = 99, raw: bool = True, **options: Any) -> Any:
        return asyncio.run(aread(url, path, most=most, raw=raw, **options))

    return read


CLIENTS = pytest.mark.parametrize(
    "read",
    [make(library) for make in (blocking, asynchronous) for library in (httpx, httpx2)],
    ids=["httpx", "httpx2", "httpx-async", "httpx2-async"],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.cap.jsonl"


@CLIENTS
def test_the_capture_has_the_chunks_that_the_server_sent(read: Read, path: Path) -> None:
    with Server(lambda head, body: chunked(PIECES, x_request_id="r1", set_cookie="a=b")) as server:
        got = read(f"{server.url}/v1/chat/completions?a=1", path, json={"model": "m"})
        seen = server.seen
    assert got == PIECES
    capture = Capture(path)
    assert list(capture.pieces()) == PIECES
    assert capture.end().how == "end"
    request, response = capture.header.request, capture.header.response
    assert (request.method, request.path) == ("POST", "/v1/chat/completions?a=1")
    assert (request.json, request.origin) == ({"model": "m"}, server.url)
    assert request.headers["content-type"] == "application/json"
    assert response is not None
    assert response.headers == {
        "connection": "close",
        "content-type": "text/event-stream",
        "transfer-encoding": "chunked",
        "x-request-id": "r1",
    }
    times = [item.seconds or 0.0 for item in capture.items()]
    assert 0 < response.seconds <= times[0]
    assert times == sorted(times)
    assert len(seen) == 1


@CLIENTS
def test_an_inner_transport_is_made_where_none_is_given(read: Read, path: Path) -> None:
    with Server(lambda head, body: chunked(PIECES)) as server:
        assert read(server.url, path, inner=None) == PIECES
    assert list(Capture(path).pieces()) == PIECES


@CLIENTS
def test_an_encoded_body_reaches_the_client_as_it_is_and_the_capture_decoded(
    read: Read, path: Path
) -> None:
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in PIECES]
    packed.append(packer.flush())
    with Server(lambda head, body: chunked(packed, content_encoding="gzip")) as server:
        assert read(server.url, path) == packed
        assert read(server.url, path.with_name("b.cap.jsonl"), raw=False) == PIECES
    capture = Capture(path)
    assert list(capture.pieces()) == PIECES
    assert capture.header.response is not None
    assert capture.header.response.decoded == "gzip"
    assert "content-encoding" not in capture.header.response.headers


@CLIENTS
def test_a_bomb_and_an_unknown_encoding_reach_the_client_untouched(read: Read, path: Path) -> None:
    bomb = gzip.compress(bytes(1 << 24))
    with Server(lambda head, body: chunked([bomb], content_encoding="gzip")) as server:
        assert b"".join(read(server.url, path)) == bomb
    assert "a bomb" in Capture(path).end().error
    unknown = path.with_name("unknown.cap.jsonl")
    with Server(lambda head, body: chunked([b"secret"], content_encoding="rot13")) as server:
        assert read(server.url, unknown) == [b"secret"]
    assert Capture(unknown).body() == b""
    assert Capture(unknown).end().how == "error"


@CLIENTS
def test_a_connection_that_is_cut_is_raised_and_recorded(read: Read, path: Path) -> None:
    with (
        Server(lambda head, body: chunked(PIECES)[:-2]) as server,
        pytest.raises(Exception, match="peer closed") as caught,
    ):
        read(server.url, path)
    assert type(caught.value).__name__ == "RemoteProtocolError"
    capture = Capture(path)
    assert list(capture.pieces()) == PIECES[:-1]
    assert (capture.end().how, capture.end().kind) == ("cut", "RemoteProtocolError")
    assert "peer closed" in capture.end().error


@CLIENTS
def test_a_server_that_stalls_is_an_error_of_the_readers_timeout(read: Read, path: Path) -> None:
    with (
        Server(lambda head, body: [*chunked(PIECES)[:2], 0.6]) as server,
        pytest.raises((httpx.ReadTimeout, httpx2.ReadTimeout)),
    ):
        read(server.url, path, timeout=0.2)
    assert (Capture(path).end().how, Capture(path).end().kind) == ("error", "ReadTimeout")
    assert list(Capture(path).pieces()) == PIECES[:1]


@CLIENTS
def test_a_connection_that_is_refused_is_raised_and_recorded(read: Read, path: Path) -> None:
    with pytest.raises((httpx.ConnectError, httpx2.ConnectError)):
        read("http://127.0.0.1:9/v1", path, content=b"hello")
    capture = Capture(path)
    assert capture.header.response is None
    assert capture.header.request.text == "hello"
    assert (capture.end().how, capture.end().kind) == ("error", "ConnectError")


@CLIENTS
def test_a_reader_that_stops_early_left(read: Read, path: Path) -> None:
    with Server(lambda head, body: chunked(PIECES)) as server:
        assert read(server.url, path, most=2) == PIECES[:2]
    assert Capture(path).end().how == "left"
    assert list(Capture(path).pieces()) == PIECES[:2]


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_request_that_streams_is_recorded_as_it_is_sent(library: Any, path: Path) -> None:
    def body() -> Iterator[bytes]:
        yield b'{"model":'
        yield b'"m"}'

    async def abody() -> AsyncIterator[bytes]:
        for piece in body():
            yield piece

    headers = {"content-type": "application/json"}
    for number, (make, content) in enumerate(((blocking, body()), (asynchronous, abody()))):
        named = path.with_name(f"{number}.cap.jsonl")
        with Server(lambda head, body: chunked(PIECES)) as server:
            make(library)(server.url, named, content=content, headers=headers)
            sent = server.seen[0][1]
        assert sent == b'9\r\n{"model":\r\n4\r\n"m"}\r\n0\r\n\r\n'
        assert Capture(named).header.request.json == {"model": "m"}


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_redirects_are_exchanges_of_their_own(library: Any, path: Path) -> None:
    def answer(first: bytes, body: bytes) -> list[bytes | float]:
        if b"/old" in first:
            return [head(307, location="/new?token=s3cr3t", content_length="0")]
        return chunked(PIECES)

    transport = RecordingTransport(library.HTTPTransport(), path)
    with Server(answer) as server, library.Client(transport=transport) as client:
        got = client.post(f"{server.url}/old", json={"a": 1}, follow_redirects=True)
    assert got.content == b"".join(PIECES)
    first, second = Capture(path), Capture(path.with_name("run-2.cap.jsonl"))
    assert first.header.response is not None
    assert first.header.response.headers["location"] == "/new?token=***"
    assert second.header.request.path == "/new?token=***"
    assert second.header.request.json == {"a": 1}


def test_threads_share_a_transport_and_a_folder(tmp_path: Path) -> None:
    transport = RecordingTransport(httpx.HTTPTransport(), tmp_path / "runs")

    def answer(first: bytes, body: bytes) -> list[bytes | float]:
        return chunked([body, b"|end"])

    with Server(answer) as server, httpx.Client(transport=transport) as client:
        threads = [
            threading.Thread(target=client.post, args=(server.url,), kwargs={"content": b"%d" % n})
            for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
    captures = [Capture(path) for path in (tmp_path / "runs").iterdir()]
    assert sorted(int(capture.header.request.json) for capture in captures) == list(range(20))
    for capture in captures:
        assert capture.body() == b"%d|end" % capture.header.request.json


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_transport_of_the_library_that_needs_no_network_is_recorded_too(
    library: Any, path: Path
) -> None:
    inner = library.MockTransport(lambda request: library.Response(200, json={"a": 1}))
    transport = RecordingTransport(inner, path, dialect="chat", mask=["a"])
    with library.Client(transport=transport) as client:
        assert client.get("http://me:pass-word-1@host.test/").json() == {"a": 1}
    assert Capture(path).body() == b'{"a":1}'
    assert Capture(path).header.request.origin == "http://***@host.test"
    assert "MockTransport" in repr(transport)


def test_a_capture_that_is_there_is_not_written_over_unless_told(path: Path) -> None:
    path.touch()
    with pytest.raises(CaptureError, match="is there already"):
        RecordingTransport(None, path)
    RecordingTransport(None, path, overwrite=True)


def test_tee_gives_the_pieces_on_and_keeps_them(path: Path) -> None:
    assert list(tee(iter(PIECES), path)) == PIECES
    capture = Capture(path)
    assert list(capture.pieces()) == PIECES
    assert capture.header.lost == ("request", "headers")
    assert capture.end().how == "end"


def test_tee_takes_asynchronous_pieces(path: Path) -> None:
    async def source() -> AsyncIterator[bytes]:
        for piece in PIECES:
            yield piece

    async def read() -> list[bytes]:
        request = Request(path="/v1", headers={"Authorization": "Bearer key-number-1"})
        response = Response(status=201, headers={"Content-Type": "a", "Set-Cookie": "b"})
        return [piece async for piece in tee(source(), path, request=request, response=response)]

    assert asyncio.run(read()) == PIECES
    capture = Capture(path)
    assert list(capture.pieces()) == PIECES
    assert capture.header.lost == ()
    assert capture.header.request == Request(path="/v1")
    assert capture.header.response is not None
    assert capture.header.response.headers == {"content-type": "a"}


def test_tee_tells_how_its_source_ended(path: Path) -> None:
    def source() -> Iterator[bytes]:
        yield b"a\n"
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        list(tee(source(), path))
    assert (Capture(path).end().how, Capture(path).end().kind) == ("cut", "ConnectionResetError")
    pieces = tee(source(), path, overwrite=True)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert Capture(path).end().how == "left"
    for wrong in (b"bytes", 5):
        with pytest.raises(LocalError, match="cannot record"):
            tee(wrong, path)  # type: ignore[call-overload]
