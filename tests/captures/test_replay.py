"""What was recorded comes again: the same bytes in the same pieces, at its pace, with its end; to any client."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus
import httpx
import httpx2
import pytest
from corpus_captures import corpus_capture, corpus_streams, metadata_of

import streamnorm
from streamnorm.captures import CaptureLibrary, ReplayTransport
from streamnorm.captures.faults import FAULTS
from streamnorm.captures.format import Capture, CaptureWriter, Header, How, Request, Response
from streamnorm.errors import CaptureError, StreamnormError

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2])

BODY = [b'data: {"a":', b"1}\n", b"\ndata: [DO", b"NE]\n\n"]


def write(
    path: Path, *, how: How = "end", kind: str = "", interval: float = 0.0, status: int = 200
) -> Path:
    header = Header(
        request=Request(path="/v1/chat/completions", json={"model": "m"}),
        response=Response(
            status=status, headers={"content-type": "text/event-stream", "content-length": "9"}
        ),
    )
    with CaptureWriter(path, header) as writer:
        for at, piece in enumerate(BODY):
            writer.piece(at * interval, piece)
        writer.end(how, seconds=len(BODY) * interval, kind=kind)
    return path


def ask(library: Any, transport: ReplayTransport, **options: Any) -> list[bytes]:
    """The pieces that a blocking client reads."""
    with (
        library.Client(transport=transport, base_url="http://host.test/v1") as client,
        client.stream("POST", "/chat/completions", json={"model": "m"}, **options) as response,
    ):
        return list(response.iter_raw())


async def aask(library: Any, transport: ReplayTransport, **options: Any) -> list[bytes]:
    async with (
        library.AsyncClient(transport=transport, base_url="http://host.test/v1") as client,
        client.stream("POST", "/chat/completions", json={"model": "m"}, **options) as response,
    ):
        return [piece async for piece in response.aiter_raw()]


def sample(most: int) -> list[Path]:
    """Those with recorded pieces first, then some of the rest; always the same."""
    corpus.require(corpus.CAPTURES)
    streams = corpus_streams()
    random.Random(5).shuffle(streams)
    streams.sort(key=lambda stream: "network_chunks" not in metadata_of(stream))
    return streams[:most]


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> list[Capture]:
    folder = tmp_path_factory.mktemp("captures")
    return [Capture(corpus_capture(stream, folder)) for stream in sample(240)]


def request_of(library: Any, capture: Capture) -> Any:
    request = capture.header.request
    body = {} if "request" in capture.header.lost else {"json": request.json}
    return library.Request(request.method, f"http://host.test{request.path}", **body)


@LIBRARIES
def test_the_corpus_is_replayed_in_its_pieces(library: Any, captures: list[Capture]) -> None:
    for capture in captures:
        with library.Client(transport=ReplayTransport(capture.path)) as client:
            response = client.send(request_of(library, capture), stream=True)
            told = capture.header.response
            assert told is not None
            assert response.status_code == told.status
            assert list(response.iter_raw()) == list(capture.pieces())
            response.close()


@LIBRARIES
def test_the_corpus_is_replayed_in_its_pieces_to_async_clients(
    library: Any, captures: list[Capture]
) -> None:
    async def replay() -> None:
        for capture in captures:
            async with library.AsyncClient(transport=ReplayTransport(capture.path)) as client:
                response = await client.send(request_of(library, capture), stream=True)
                assert [piece async for piece in response.aiter_raw()] == list(capture.pieces())
                await response.aclose()

    asyncio.run(replay())


def events(pieces: Any) -> list[Any]:
    """What streamnorm reads, with how it failed if it does."""
    told: list[Any] = []
    try:
        told.extend(streamnorm.normalize(pieces, dialect="auto"))
    except StreamnormError as error:
        told.append((type(error), str(error)))
    return told


def test_cut_at_every_byte_the_corpus_tells_the_same(captures: list[Capture]) -> None:
    small = sorted(captures, key=lambda capture: capture.path.stat().st_size)[:120]
    for capture in small:
        transport = ReplayTransport(capture.path, cut="byte")
        with httpx.Client(transport=transport) as client:
            response = client.send(request_of(httpx, capture), stream=True)
            pieces = list(response.iter_raw())
        assert {len(piece) for piece in pieces} <= {1}
        assert events(pieces) == events([capture.body()])


@LIBRARIES
@pytest.mark.parametrize(
    ("how", "kind", "error"),
    [
        ("cut", "", "RemoteProtocolError"),
        ("error", "ReadError", "ReadError"),
        ("error", "ReadTimeout", "ReadTimeout"),
    ],
)
def test_a_broken_end_is_the_librarys_own_error(
    library: Any, tmp_path: Path, how: How, kind: str, error: str
) -> None:
    transport = ReplayTransport(write(tmp_path / "a.cap.jsonl", how=how, kind=kind), repeat="last")
    read: list[bytes] = []
    with library.Client(transport=transport) as client:
        sent = client.stream("POST", "http://host.test/v1/chat/completions", json={"model": "m"})
        with sent as response, pytest.raises(getattr(library, error), match="replayed: "):
            read.extend(response.iter_raw())
    with pytest.raises(getattr(library, error), match="replayed: "):
        asyncio.run(aask(library, transport))


@LIBRARIES
def test_a_silence_longer_than_the_clients_patience_is_its_timeout(
    library: Any, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.cap.jsonl", interval=30.0)
    transport = ReplayTransport(path, speed=1.0, repeat="last")
    with pytest.raises(library.ReadTimeout, match="said nothing more"):
        ask(library, transport, timeout=0.02)
    with pytest.raises(library.ReadTimeout, match="said nothing more"):
        asyncio.run(aask(library, transport, timeout=0.02))


def test_a_stall_keeps_silent_for_as_long_as_the_client_waits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cap.jsonl", how="error", kind="ReadTimeout")
    with pytest.raises(httpx.ReadTimeout):
        ask(httpx, ReplayTransport(path, speed=1.0), timeout=0.02)


@LIBRARIES
def test_the_recorded_pace_is_kept_and_divided(library: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.cap.jsonl", interval=40.0)
    transport = ReplayTransport(path, speed="1000x", repeat="last")
    assert ask(library, transport) == BODY
    assert asyncio.run(aask(library, transport)) == BODY


def test_a_status_and_headers_come_again_but_not_the_framing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cap.jsonl", status=429)
    with httpx.Client(transport=ReplayTransport(path)) as client:
        response = client.post("http://host.test/v1/chat/completions", json={"model": "m"})
    assert response.status_code == 429
    assert dict(response.headers) == {"content-type": "text/event-stream"}
    assert response.content == b"".join(BODY)


def test_an_exchange_without_a_response_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.cap.jsonl"
    with CaptureWriter(path, Header(request=Request(path="/x"))) as writer:
        writer.end("error", kind="ConnectError")
    with (
        httpx.Client(transport=ReplayTransport(path)) as client,
        pytest.raises(httpx.ReadError),
    ):
        client.post("http://host.test/x")


def test_what_no_capture_answers_is_never_sent(tmp_path: Path) -> None:
    transport = ReplayTransport(write(tmp_path / "a.cap.jsonl"))
    with httpx.Client(transport=transport) as client, pytest.raises(CaptureError) as caught:
        client.post("http://host.test/v1/chat/completions", json={"model": "other"})
    assert "/model: 'm' in the capture, 'other' in the request" in str(caught.value)


def test_a_transport_takes_a_library_and_tells_what_it_served(tmp_path: Path) -> None:
    write(tmp_path / "a.cap.jsonl")
    library = CaptureLibrary(tmp_path)
    assert ask(httpx, ReplayTransport(library)) == BODY
    assert library.served == {"a": 1}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_played_and_ends_as_it_says(tmp_path: Path, name: str) -> None:
    """Those that never end are read for a while. What a fault waits for, a short timeout cuts off."""
    path = sdk_capture(tmp_path / "a.cap.jsonl")
    transport = ReplayTransport(path, fault=name)
    ended = ""
    try:
        with httpx.Client(transport=transport) as client:
            sent = client.stream(
                "POST", "http://host.test/v1/chat/completions", json=HELLO, timeout=0.05
            )
            with sent as response:
                for _ in itertools.islice(response.iter_raw(), 300):
                    pass
    except httpx.TransportError as error:
        ended = type(error).__name__
    if name == "wrong-length":  # a stream that is complete before that is read to its [DONE] only
        assert ended == "RemoteProtocolError"
    elif FAULTS[name].ends == "transport":
        assert ended in ("RemoteProtocolError", "ReadError", "ReadTimeout")
    else:
        assert ended in ("", "ReadTimeout")


def test_a_client_that_tries_again_meets_the_fault_again(tmp_path: Path) -> None:
    openai = pytest.importorskip("openai")
    transport = ReplayTransport(sdk_capture(tmp_path / "a.cap.jsonl"), fault="500")
    client = openai.OpenAI(
        api_key="none",
        base_url="http://host.test/v1",
        http_client=httpx2.Client(transport=transport),
        max_retries=1,
    )
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(**HELLO)
    assert transport.library.served == {"a": 2}


HELLO: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}

SDK = [
    {"role": "assistant", "content": ""},
    {"content": "Hel"},
    {"content": "lo"},
    {},
]


def sdk_capture(path: Path) -> Path:
    header = Header(
        request=Request(
            path="/v1/chat/completions",
            json=HELLO,
        ),
        response=Response(status=200, headers={"content-type": "text/event-stream"}),
    )
    with CaptureWriter(path, header) as writer:
        for at, delta in enumerate(SDK):
            reason = "stop" if at == len(SDK) - 1 else None
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            chunk = {
                "id": "c1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [choice],
            }
            writer.piece(0.0, b"data: %s\n\n" % json.dumps(chunk).encode())
        writer.piece(0.0, b"data: [DONE]\n\n")
        writer.end()
    return path


@pytest.mark.parametrize("cut", [None, 1, "seed:7"])
def test_the_openai_sdk_reads_a_replay(tmp_path: Path, cut: Any) -> None:
    openai = pytest.importorskip("openai")
    path = sdk_capture(tmp_path / "hello.cap.jsonl")
    transport = ReplayTransport(path, cut=cut, repeat="last")
    options = {"api_key": "none", "base_url": "http://host.test/v1", "max_retries": 0}

    def said(chunks: Iterator[Any]) -> str:
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    client = openai.OpenAI(http_client=httpx2.Client(transport=transport), **options)
    assert said(client.chat.completions.create(**HELLO)) == "Hello"

    async def ask_async() -> str:
        async with openai.AsyncOpenAI(
            http_client=httpx2.AsyncClient(transport=transport), **options
        ) as client:
            stream = await client.chat.completions.create(**HELLO)
            return said(iter([chunk async for chunk in stream]))

    assert asyncio.run(ask_async()) == "Hello"
