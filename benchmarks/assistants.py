"""What the local engine costs: a run that is streamed through it, beside the same answer read straight from the chat endpoint."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.bodies import cut_by_event, text
from benchmarks.client import REQUEST
from benchmarks.measure import Measured, least

__all__ = ["measure"]

DELTAS: Final = 2_000
#: The most that a delta of a run may cost, in deltas of chat.
LIMIT: Final = 3.0
#: Seconds between two events of an endpoint that takes its time; the other sends as fast as it is read.
PACE: Final = 0.0005

#: A chat endpoint in a process of its own, so that its time is nobody's: each event is written by itself.
SERVER: Final = """
import asyncio, sys
pieces, pause = eval(sys.stdin.readline())

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\\r\\n")[0])
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-type: text/event-stream\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n")
            for piece in pieces:
                writer.write(b"%x\\r\\n%b\\r\\n" % (len(piece), piece))
                await writer.drain()
                if pause:
                    await asyncio.sleep(pause)
            writer.write(b"0\\r\\n\\r\\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@contextmanager
def _endpoint(pause: float) -> Iterator[str]:
    """Its base URL."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(repr((cut_by_event(b"".join(text(DELTAS))), pause)) + "\n")
            process.stdin.flush()
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.terminate()


def measure(rounds: int) -> Iterator[Measured]:
    """The rows, with their limits."""
    few = max(3, rounds // 8)
    for pause, how in ((0.0, "as fast as it is read"), (PACE, "one event at a time")):
        with _endpoint(pause) as url:
            yield from _runs(url, how, few)


def _runs(url: str, how: str, rounds: int) -> Iterator[Measured]:
    import streamnorm

    with ExitStack() as closed:
        folder = closed.enter_context(tempfile.TemporaryDirectory())
        client = closed.enter_context(closing(streamnorm.OpenAI(base_url=url)))

        def asked() -> None:
            _drain(client.chat.completions.create(**REQUEST, stream=True))

        contenders = {"chat": asked}
        for where, store in (("memory", None), ("a file", Path(folder, "threads.sqlite"))):
            engine = streamnorm.OpenAI(base_url=url, assistants="local", assistants_store=store)
            contenders[where] = _run(closed.enter_context(closing(engine)))
        spent = least(contenders, rounds)
    chat = spent.pop("chat")
    yield Measured(f"a delta of chat, {how}", chat / DELTAS * 1e6, None, " µs")
    for where, cost in spent.items():
        what = f"a delta of a run kept in {where}, to chat, {how}"
        yield Measured(what, cost / chat, LIMIT)


def _run(engine: Any) -> Callable[[], None]:
    """Streams a run over a new thread of messages to its end."""
    assistant = engine.beta.assistants.create(model="m").id

    def run() -> None:
        thread = engine.beta.threads.create(messages=REQUEST["messages"])
        _drain(engine.beta.threads.runs.create(thread.id, assistant_id=assistant, stream=True))

    return run


def _drain(stream: Any) -> None:
    for _ in stream:
        pass
