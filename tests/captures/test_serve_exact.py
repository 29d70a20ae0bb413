"""Recorded, served and recorded again: the same bytes in the same pieces, over a socket, by every client. How near the times come
is measured by benchmarks/serving.py."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import corpus
import httpx
import httpx2
import pytest
from corpus_captures import corpus_capture, corpus_streams, metadata_of

from streamnorm.captures import RecordingTransport
from streamnorm.captures.format import Capture, Piece
from streamnorm.captures.script import cut_of, recut
from streamnorm.captures.serve import served

#: Captures of each kind, and seconds between two pieces of the first recording.
EACH = 50
INTERVAL = 0.002

#: How the others are cut, in bytes.
CUT = "150"

#: Exchanges at once.
AT_ONCE = 8

CLIENTS = pytest.mark.parametrize("library", [httpx, httpx2])


def recordings(folder: Path) -> tuple[list[Path], list[Path]]:
    """Captures with recorded piece lengths, and others that are to be cut: of each the smallest that have something to keep."""
    corpus.require(corpus.CAPTURES)
    streams = [
        (metadata_of(stream).get("network_chunks") or (), stream) for stream in corpus_streams()
    ]
    pieced = sorted((len(lengths), stream) for lengths, stream in streams if 4 < len(lengths) < 60)
    whole = sorted((stream.stat().st_size, stream) for lengths, stream in streams if not lengths)
    whole = [each for each in whole if each[0] > 2_000]
    return _written(pieced, folder / "pieced"), _written(whole, folder / "whole")


def _written(streams: list[tuple[int, Path]], folder: Path) -> list[Path]:
    folder.mkdir()
    return [corpus_capture(stream, folder, interval=INTERVAL) for _, stream in streams[:EACH]]


def record(library: Any, url: str, name: str, path: Path) -> Path:
    transport = RecordingTransport(library.HTTPTransport(verify=False), path)
    with (
        library.Client(transport=transport, timeout=20) as client,
        client.stream("POST", url, headers={"x-streamnorm-capture": name}) as response,
    ):
        for _ in response.iter_raw():
            pass
    return path


async def arecord(library: Any, url: str, name: str, path: Path) -> Path:
    transport = RecordingTransport(library.AsyncHTTPTransport(verify=False), path)
    async with (
        library.AsyncClient(transport=transport, timeout=20) as client,
        client.stream("POST", url, headers={"x-streamnorm-capture": name}) as response,
    ):
        async for _ in response.aiter_raw():
            pass
    return path


def record_all(
    library: Any, asynchronous: bool, url: str, paths: list[Path], to: Path
) -> list[Path]:
    """Every capture of these names, recorded from the server, a few at once."""
    to.mkdir()

    async def all_of_them() -> list[Path]:
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(path: Path) -> Path:
            async with turn:
                return await arecord(library, url, name_of(path), to / path.name)

        return await asyncio.gather(*map(one, paths))

    if asynchronous:
        return asyncio.run(all_of_them())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(
            pool.map(lambda path: record(library, url, name_of(path), to / path.name), paths)
        )


def name_of(path: Path) -> str:
    return path.name.removesuffix(".cap.jsonl")


def pieces_of(path: Path, cut: str | None = None) -> list[bytes]:
    items = Capture(path).items()
    how = cut_of(cut)
    return [item.data for item in (recut(items, how) if how else items) if isinstance(item, Piece)]


@CLIENTS
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_what_is_recorded_from_a_replay_is_what_was_recorded(
    tmp_path: Path, library: Any, asynchronous: bool
) -> None:
    """The first recording is the corpus's, at times of our own; the second is made of its replay, the third of the second's."""
    for name, first, cut in zip(
        ("pieced", "whole"), recordings(tmp_path), (None, CUT), strict=True
    ):
        assert len(first) == EACH
        with served(tmp_path / name, speed=1.0, cut=cut) as server:
            second = record_all(library, asynchronous, server.url, first, tmp_path / f"{name}-2")
        with served(tmp_path / f"{name}-2", speed=1.0) as server:
            third = record_all(library, asynchronous, server.url, second, tmp_path / f"{name}-3")
        for one, two, three in zip(first, second, third, strict=True):
            assert Capture(two).end().whole
            assert Capture(three).end().whole
            assert pieces_of(two) == pieces_of(one, cut)
            assert pieces_of(three) == pieces_of(two)
