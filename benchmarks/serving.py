"""`python -m benchmarks.serving`: how near the replay server keeps the recorded times, with many streams at once, and with one
recorded from another. The server is a process of its own; the times are those at which a client has the bytes."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from benchmarks.measure import Measured
from streamnorm.captures import RecordingTransport
from streamnorm.captures.format import Capture, CaptureWriter, Header, Piece, Request, Response

__all__ = ["measure", "pace_error", "time_error"]

#: Streams at once, and seconds between two pieces of each.
STREAMS: Final = 200
INTERVAL: Final = 0.02

#: The most that half of the pieces may be off, in milliseconds: a tenth of the interval, and for a recording of a replay.
PACE_LIMIT: Final = INTERVAL / 10 * 1_000
TIME_LIMIT: Final = 5.0

#: Captures that are recorded again, one after the other.
RECORDED: Final = 10

FRAME: Final = b'data: {"choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'

_SERVE: Final = """
import asyncio, sys
from streamnorm.captures.serve import ReplayServer

async def main(path):
    server = ReplayServer(path)
    await server.start()
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop()

asyncio.run(main(sys.argv[1]))
"""


@contextmanager
def server(path: Path) -> Iterator[int]:
    """A server of its own process; gives its port."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def capture(path: Path, pieces: int) -> Path:
    """A capture with a piece every `INTERVAL`."""
    header = Header(request=Request(path="/v1/chat/completions"), response=Response(status=200))
    with CaptureWriter(path, header) as writer:
        for at in range(pieces):
            writer.piece(at * INTERVAL, FRAME)
        writer.end(seconds=pieces * INTERVAL)
    return path


class _Arrivals(asyncio.Protocol):
    """Asks for one stream, and notes when each frame of it was there."""

    def __init__(self, path: str) -> None:
        loop = asyncio.get_running_loop()
        self.times: list[float] = []
        self.ended = loop.create_future()
        self._clock = loop.time
        self._path = path

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        head = f"GET {self._path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        self.times += itertools.repeat(self._clock(), data.count(b"data: "))

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set_result(None)


def pace_error(streams: int = STREAMS, seconds: float = 5.0) -> float:
    """Milliseconds by which the pieces of so many streams at once come before or after their time, in the median. A stream's
    time begins with its first piece."""
    pieces = int(seconds / INTERVAL)

    async def read(port: int) -> list[list[float]]:
        loop = asyncio.get_running_loop()
        made = [
            await loop.create_connection(lambda: _Arrivals("/captures/paced/v1"), "127.0.0.1", port)
            for _ in range(streams)
        ]
        await asyncio.gather(*(arrivals.ended for _, arrivals in made))
        return [arrivals.times for _, arrivals in made]

    with tempfile.TemporaryDirectory() as folder:
        capture(Path(folder, "paced.cap.jsonl"), pieces)
        with server(Path(folder)) as port:
            found = asyncio.run(read(port))
    assert all(len(times) == pieces for times in found)
    errors = [
        abs(time - times[0] - at * INTERVAL) for times in found for at, time in enumerate(times)
    ]
    return statistics.median(errors) * 1_000


def time_error(captures: int = RECORDED, seconds: float = 1.0) -> float:
    """Milliseconds between the times of a recording and of a recording of its replay, in the median over the pieces."""
    with tempfile.TemporaryDirectory() as folder:
        made, first, second = (Path(folder, name) for name in ("made", "first", "second"))
        for each in (made, first, second):
            each.mkdir()
        for number in range(captures):
            capture(made / f"{number}.cap.jsonl", int(seconds / INTERVAL))
        _record_all(made, first)
        _record_all(first, second)
        errors = [
            abs(before - after)
            for path in sorted(first.iterdir())
            for before, after in zip(_times(path), _times(second / path.name), strict=True)
        ]
    return statistics.median(errors) * 1_000


def _record_all(folder: Path, to: Path) -> None:
    """Record each capture of the folder from a server of it."""
    with server(folder) as port:
        for path in sorted(folder.iterdir()):
            transport = RecordingTransport(httpx.HTTPTransport(verify=False), to / path.name)
            name = path.name.removesuffix(".cap.jsonl")
            with httpx.Client(transport=transport) as client:
                client.post(f"http://127.0.0.1:{port}/captures/{name}/v1/chat/completions")


def _times(path: Path) -> list[float]:
    return [item.seconds for item in Capture(path).items() if isinstance(item, Piece)]


def measure(rounds: int = 3) -> list[Measured]:
    """Both, with their limits: the least of several rounds, since whatever else the machine does can only add to it."""
    pace = min(pace_error() for _ in range(rounds))
    times = min(time_error() for _ in range(rounds))
    replays = f"{STREAMS} replays at {1 / INTERVAL:.0f} chunks/s"
    return [
        Measured(f"{replays}, median pace error", pace, PACE_LIMIT, " ms"),
        Measured("recorded from a replay, median time error", times, TIME_LIMIT, " ms"),
    ]


if __name__ == "__main__":
    found = measure()
    for each in found:
        print(f"{each.what}: {each.value:.2f}{each.unit} (at most {each.limit:g}{each.unit})")
    sys.exit(not all(each.met for each in found))
