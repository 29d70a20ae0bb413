"""Record, replay, record: what a recording of a replay holds is what was replayed. And a large capture costs no memory."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import corpus
import httpx
import httpx2
import pytest
from corpus_captures import corpus_capture, corpus_streams, metadata_of

import streamnorm
from streamnorm.captures.format import Capture, CaptureWriter, Header, Response
from streamnorm.captures.recording import RecordingTransport
from streamnorm.captures.replay import ReplayTransport

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2])

#: How many captures of each kind go around.
OF_EACH = 50


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Capture, str | None]]:
    """Captures with recorded pieces, and as many to be cut anew; with how to cut them."""
    corpus.require(corpus.CAPTURES)
    folder = tmp_path_factory.mktemp("captures")
    streams = corpus_streams()
    random.Random(8).shuffle(streams)
    recorded = [stream for stream in streams if "network_chunks" in metadata_of(stream)]
    others = [stream for stream in streams if "network_chunks" not in metadata_of(stream)]
    assert min(len(recorded), len(others)) >= OF_EACH
    return [
        *((Capture(corpus_capture(stream, folder)), None) for stream in recorded[:OF_EACH]),
        *(
            (Capture(corpus_capture(stream, folder)), f"seed:{at}")
            for at, stream in enumerate(others[:OF_EACH])
        ),
    ]


def request_of(library: Any, capture: Capture) -> Any:
    request = capture.header.request
    body = {} if "request" in capture.header.lost else {"json": request.json}
    return library.Request(request.method, f"http://host.test{request.path}", **body)


def record(library: Any, inner: Any, path: Path, request: Any) -> list[bytes]:
    with library.Client(transport=RecordingTransport(inner, path)) as client:
        response = client.send(request, stream=True)
        return list(response.iter_raw())


async def arecord(library: Any, inner: Any, path: Path, request: Any) -> list[bytes]:
    async with library.AsyncClient(transport=RecordingTransport(inner, path)) as client:
        response = await client.send(request, stream=True)
        return [piece async for piece in response.aiter_raw()]


def same(one: Capture, other: Capture) -> None:
    assert list(one.pieces()) == list(other.pieces())
    assert one.end().how == other.end().how
    ours, theirs = one.header.response, other.header.response
    assert ours is not None
    assert theirs is not None
    assert ours.status == theirs.status
    assert one.header.request.path == other.header.request.path


@LIBRARIES
@pytest.mark.parametrize("driven", ["sync", "async"])
def test_record_replay_record_gives_the_same_bytes_and_pieces(
    library: Any, driven: str, captures: list[tuple[Capture, str | None]], tmp_path: Path
) -> None:
    for at, (capture, cut) in enumerate(captures):
        source = ReplayTransport(capture.path, cut=cut)
        runs = []
        for turn in range(2):
            path = tmp_path / f"{at}-{turn}.cap.jsonl"
            request = request_of(library, capture)
            read = (
                record(library, source, path, request)
                if driven == "sync"
                else asyncio.run(arecord(library, source, path, request))
            )
            runs.append(Capture(path))
            # Lengths and order are kept even where the recorder found something to write over.
            assert [len(piece) for piece in runs[-1].pieces()] == [len(piece) for piece in read]
            assert runs[-1].end().masked or list(runs[-1].pieces()) == read
            source = ReplayTransport(path)
        assert runs[0].end().whole
        same(*runs)


WRITE = 200 * 1024 * 1024

#: Says how many bytes it read, and the most memory that it held, in kB. (Linux's own count of the process: `ru_maxrss` begins
#: with what the process that started it held.)
READ = r"""
import re, sys
import httpx
from streamnorm.captures.replay import ReplayTransport

read = 0
with httpx.Client(transport=ReplayTransport(sys.argv[1], cut=sys.argv[2] or None)) as client:
    with client.stream("GET", "http://host.test/x") as response:
        for piece in response.iter_raw():
            read += len(piece)
print(read, re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1])
"""


@pytest.mark.deep
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="it says how much memory")
@pytest.mark.parametrize("suffix", [".cap.jsonl", ".cap.jsonl.gz"])
@pytest.mark.parametrize("cut", ["", "100000"])
def test_a_large_capture_replays_in_little_memory(tmp_path: Path, suffix: str, cut: str) -> None:
    path = tmp_path / f"large{suffix}"
    piece = b"data: " + os.urandom(32 * 1024).hex().encode() + b"\n\n"
    count = -(-WRITE // len(piece))
    header = Header(response=Response(status=200), lost=("request",))
    with CaptureWriter(path, header) as writer:
        for _ in itertools.repeat(None, count):
            writer.piece(0.0, piece)
        writer.end()
    root = Path(streamnorm.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", READ, path, cut],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    read, peak = map(int, done.stdout.split())
    assert read == count * len(piece)
    assert peak * 1024 < 100_000_000
