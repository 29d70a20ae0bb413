"""What servers have in common: a port, and connections whose requests are answered one after the other. What is answered is the
server's own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

from streamnorm.captures.http1 import HttpRequest, Refused, read_request
from streamnorm.captures.routes import is_local

__all__ = ["HOST", "Listener", "loop_in_thread"]

#: Where a server listens, unless told otherwise: only this machine can reach it.
HOST: Final = "127.0.0.1"

#: Connections that may wait to be taken.
BACKLOG: Final = 1_024


class Listener:
    """To be derived from. `start` it, and `stop` it; `url` is where it listens. Raises OSError for a port that is taken."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Only this machine can reach it."""
        return is_local(self.host)

    async def start(self) -> None:
        """Listen."""
        # The name has two addresses, which would have two ports.
        host = HOST if self.host == "localhost" else self.host
        self._server = await asyncio.start_server(self._connected, host, self.port, backlog=BACKLOG)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and end what is being answered."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections)
        await self._server.wait_closed()
        self._server = None

    async def reply(
        self, request: HttpRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer a request. True where the connection can be used again."""
        raise NotImplementedError

    async def refuse(
        self, error: Refused, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer what is no request; the connection ends."""
        raise NotImplementedError

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        # The buffer is empty before the next piece is written: each is a write, and memory stays flat.
        writer.transport.set_write_buffer_limits(high=0)
        try:
            await self._converse(reader, writer)
        except (OSError, asyncio.CancelledError):
            # The client has gone, or the server goes.
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other."""
        behind, goes_on = b"", True
        while goes_on:
            try:
                found = await read_request(reader, writer, behind)
            except Refused as error:
                await self.refuse(error, reader, writer)
                return
            if found is None:
                return
            request, behind = found
            goes_on = await self.reply(request, reader, writer) and request.keeps_open


@contextlib.contextmanager
def loop_in_thread(name: str) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """An event loop in a thread of this name, for as long as the context lasts; gives what runs a coroutine there and waits for
    it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=name, daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
