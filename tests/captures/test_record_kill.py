"""A recording program is killed, at random moments: each of its files reads back to the last whole piece."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from cli.cli_runs import environment
from record_server import Server, chunked

from streamnorm.captures.format import Capture

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9")

#: For each line of standard input, a URL and paths, a process of its own that reads the URL with as many clients as there are
#: paths. It says the process's id, and then when the first piece is there. (Forked, so that Python is started once.)
RECORD = """
import os, sys, threading, httpx
import streamnorm.captures.recording
from streamnorm.captures import RecordingTransport

def read(url, path):
    with httpx.Client(transport=RecordingTransport(None, path)) as client:
        with client.stream("POST", url, json={"name": path}) as response:
            for piece in response.iter_raw():
                print("ready", flush=True)

for line in sys.stdin:
    url, *paths = line.split()
    child = os.fork()
    if child:
        print(child, flush=True)
        os.waitpid(child, 0)
        print("killed", flush=True)
        continue
    for path in paths:
        threading.Thread(target=read, args=(url, path)).start()
    break
"""

#: How many files one process writes.
FILES = 6


def sent() -> list[bytes]:
    """The same pieces each time, small ones and large ones, of which some may become a key."""
    dice = random.Random(7)
    return [
        b"data: %d %b%b"
        % (number, b"x" * dice.choice((0, 9, 500, 9000)), dice.choice((b"\n\n", b" sk-")))
        for number in range(2000)
    ]


def stream(head: bytes, body: bytes) -> Iterator[bytes | float]:
    dice = random.Random(body)
    for piece in chunked(sent()):
        yield piece
        yield dice.random() / 200


class Recorder:
    """Starts recorders, and kills them."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RECORD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def kill_after(self, seconds: float, url: str, folder: Path) -> list[Path]:
        """Record into files of the folder, for so many seconds from the first piece on."""
        paths = [folder / f"{n}.cap.jsonl{'.gz' if n % 2 else ''}" for n in range(FILES)]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(url, *paths, file=self._process.stdin, flush=True)
        said = self._process.stdout
        child, ready = 0, False
        while not (child and ready):
            line = said.readline().strip()
            child, ready = int(line) if line.isdecimal() else child, ready or line == "ready"
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        while "killed" not in said.readline():
            pass
        return paths


def plain(path: Path) -> bytes:
    data = path.read_bytes()
    return zlib.decompressobj(31).decompress(data) if path.suffix == ".gz" else data


def check(paths: list[Path]) -> list[int]:
    """How many pieces each file has; -1 for one whose header was not there yet."""
    body, found = b"".join(sent()), []
    for path in paths:
        if not path.exists() or b"\n" not in plain(path):
            found.append(-1)
            continue
        capture = Capture(path)
        read = list(capture.pieces())
        assert body.startswith(b"".join(read))
        assert capture.end().how == "unfinished"
        assert capture.header.request.json == {"name": str(path)}
        found.append(len(read))
    return found


def test_files_of_a_killed_recorder_read_back_to_the_last_whole_piece(tmp_path: Path) -> None:
    with Server(stream) as server, Recorder() as recorder:
        found = check(recorder.kill_after(0.3, server.url, tmp_path))
    assert max(found) > 2
    assert len(set(found)) > 1


@pytest.mark.deep
def test_at_two_hundred_random_moments(tmp_path: Path) -> None:
    dice = random.Random(os.urandom(8))
    with Server(stream) as server, Recorder() as recorder:
        for moment in range(200):
            folder = tmp_path / str(moment)
            folder.mkdir()
            assert max(check(recorder.kill_after(dice.random() / 2, server.url, folder))) >= 1
