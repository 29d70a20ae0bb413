"""Where the requests of `client.beta` go: to the endpoint, or to the engine in this process."""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from streamnorm.client.options import Options

__all__ = ["LocalEngine"]


class LocalEngine:
    """The engine of a client, made when it is first needed: it asks the client's own endpoint.

    store: the SQLite file where it keeps assistants and threads, None for memory.
    """

    def __init__(self, store: Any) -> None:
        self._store = _Store(store)
        self._http: Any = None
        self._lock = threading.Lock()

    def elsewhere(self) -> LocalEngine:
        """One for another endpoint, with the same assistants and threads."""
        other = LocalEngine(None)
        other._store = self._store
        return other

    def http(self, client: Any) -> Any:
        """The HTTP client that it answers, blocking or not as `client` is. Raises LocalError for a file that is no store."""
        with self._lock:
            if self._http is None:
                self._http = client._local_http(self._store.opened())
            return self._http

    @property
    def made(self) -> Any:
        """The HTTP client, to be closed; None where nobody needed it."""
        return self._http

    @staticmethod
    def options(options: Options) -> Options:
        """A client's options for its requests to the engine: no key goes there, and what it refuses is not asked again."""
        from streamnorm.assistants.local import BASE_URL

        return msgspec.structs.replace(
            options, base_url=f"{BASE_URL}/", key=None, query={}, max_retries=0
        )


class _Store:
    """The assistants and threads of a client and its copies."""

    def __init__(self, path: Any) -> None:
        self._path = path
        self._opened: Any = None
        self._lock = threading.Lock()

    def opened(self) -> Any:
        from streamnorm.assistants.engine.store import Store

        with self._lock:
            if self._opened is None:
                self._opened = Store(self._path)
            return self._opened
