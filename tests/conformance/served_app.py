"""An ASGI app on loopback, over HTTP/1.1: enough of a server for the tests. Connections are kept open; a client that goes away is
told to the app."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from streamnorm.captures.http1 import Refused, Wire, read_request
from streamnorm.captures.script import Head

__all__ = ["served_app"]


@contextmanager
def served_app(app: Any) -> Iterator[str]:
    """Serve the app from a thread of its own; gives the URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _converse(app, reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            tasks.discard(task)
            writer.close()

    async def stop(server: asyncio.Server) -> None:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    starting = asyncio.start_server(connected, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _converse(app: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    behind = b""
    while True:
        try:
            found = await read_request(reader, writer, behind)
        except Refused:
            return
        if found is None:
            return
        request, behind = found
        wire = Wire(writer, version=request.version, bodiless=False)
        path, _, query = request.target.partition("?")
        scope = {
            "type": "http",
            "method": request.method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in request.headers],
        }
        asked = [{"type": "http.request", "body": request.body}]

        async def receive(asked: list[dict[str, Any]] = asked) -> dict[str, Any]:
            if asked:
                return asked.pop()
            with suppress(OSError):
                await reader.read(1)
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any], wire: Wire = wire) -> None:
            if message["type"] == "http.response.start":
                headers = {name.decode(): value.decode() for name, value in message["headers"]}
                await wire.head(Head(message["status"], headers), {})
                return
            if wire.is_closing:
                raise ConnectionResetError
            await wire.send(message.get("body", b""))
            if not message.get("more_body"):
                await wire.finish()

        await app(scope, receive, send)
        if not request.keeps_open:
            return
