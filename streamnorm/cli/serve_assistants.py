"""`streamnorm serve --assistants`: the Assistants engine in the foreground, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from streamnorm.cli.console import Out, aside, wrong_use
from streamnorm.cli.safe import styled
from streamnorm.errors import LocalError

if TYPE_CHECKING:
    from streamnorm.assistants.engine.server import EngineServer, Heard
    from streamnorm.captures.listening import Listener

__all__ = ["attend", "serve_assistants"]


def serve_assistants(
    url: str, key: str, store: str, host: str, port: int, origins: Sequence[str]
) -> None:
    """Serve until Ctrl-C. The key is never shown."""
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(_serve(url, key, store, host, port, origins))
        except LocalError as error:
            wrong_use(str(error))
        except OSError as error:
            wrong_use(f"cannot listen on {host} port {port}: {error.strerror}; --port 0 picks one")


async def attend(server: Listener, announce: Callable[[], None]) -> None:
    """Have a server listen, say so, and stop it on Ctrl-C, or when told to end."""
    await server.start()
    announce()
    try:
        await _until_stopped()
    finally:
        await server.stop()


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Where a loop takes no signals, KeyboardInterrupt ends it.
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()


async def _serve(
    url: str, key: str, store: str, host: str, port: int, origins: Sequence[str]
) -> None:
    # The other commands need none of it.
    from streamnorm.assistants.engine.server import EngineServer
    from streamnorm.client import AsyncOpenAI
    from streamnorm.client.errors import OpenAIError

    try:
        upstream = AsyncOpenAI(base_url=url or None, api_key=key or None)
    except OpenAIError as error:
        wrong_use(str(error))
    async with upstream:
        server = EngineServer(
            upstream, store or None, host=host, port=port, origins=origins, heard=_tell
        )
        await attend(server, lambda: _announce(server, upstream.base_url, store))


def _announce(server: EngineServer, asks: str, store: str) -> None:
    out = Out()
    if not server.is_local:
        warning = (
            f"warning: {server.host} may be reached from other machines, and anyone who does can read the threads and use the "
            "endpoint's key"
        )
        aside().print(styled(warning, "bold yellow"), soft_wrap=True)
    out.print(styled(f"assistants and threads at {server.url}/v1", "bold"), soft_wrap=True)
    kept = f"kept in {store}" if store else "kept in memory: --store FILE keeps them"
    out.print(styled(f"  asks {asks}, {kept}"), soft_wrap=True)
    out.print(styled(f'  OpenAI(base_url="{server.url}/v1", api_key="any")'), soft_wrap=True)
    out.print(styled("  Ctrl-C stops."), soft_wrap=True)


def _tell(one: Heard) -> None:
    """A line on standard error for each answer."""
    left = "" if one.whole else ", the client left"
    aside().print(styled(f"{one.method} {one.path}: {one.status}{left}"), soft_wrap=True)
