"""Where assistants, threads and runs are kept: one SQLite database, in memory or in a file that several processes may use at
once. Knows rows and transactions, and nothing of what the API means by them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from streamnorm.assistants.engine.schema import MIGRATIONS, VERSION
from streamnorm.errors import LocalError

__all__ = ["Row", "Rows", "Store", "StoreError"]

#: Milliseconds that a transaction waits for those of other processes.
PATIENCE: Final = 30_000

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_COLUMNS: Final = "seq, id, kind, thread, run, status, due, owner, body, notes"


class StoreError(LocalError):
    """The database cannot be read or written: nothing of the transaction happened."""


class Row(msgspec.Struct):
    """One object. `body` is what the API shows of it, `notes` what it does not."""

    seq: int
    id: str
    kind: str
    thread: str
    run: str
    status: str
    due: int | None
    owner: str | None
    body: dict[str, Any]
    notes: dict[str, Any]


class Rows:
    """What a transaction does to the rows."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(
        self,
        kind: str,
        body: dict[str, Any],
        *,
        thread: str = "",
        run: str = "",
        status: str = "",
        due: int | None = None,
        owner: str | None = None,
        notes: dict[str, Any] | None = None,
    ) -> None:
        self._connection.execute(
            "INSERT INTO objects (id, kind, thread, run, status, due, owner, body, notes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(body["id"], kind, thread, run, status, due, owner),
                *(_encode(body), _encode(notes or {})),
            ),
        )

    def get(self, kind: str, id: str) -> Row | None:
        found = self.of("id = ? AND kind = ?", id, kind)
        return found[0] if found else None

    def put(self, row: Row) -> None:
        """Write a row that was changed."""
        self._connection.execute(
            "UPDATE objects SET status = ?, due = ?, owner = ?, body = ?, notes = ? WHERE seq = ?",
            (row.status, row.due, row.owner, _encode(row.body), _encode(row.notes), row.seq),
        )

    def delete(self, row: Row) -> None:
        """A row, and where it is a thread all that is in it."""
        self._connection.execute("DELETE FROM objects WHERE seq = ?", (row.seq,))
        if row.kind == "thread":
            self._connection.execute("DELETE FROM objects WHERE thread = ?", (row.id,))

    def of(self, where: str, *values: Any, order: str = "seq", limit: int = -1) -> list[Row]:
        """The rows of a condition in SQL, oldest first. What comes from outside is in `values` alone."""
        query = f"SELECT {_COLUMNS} FROM objects WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608
        return [_row(*each) for each in self._connection.execute(query, (*values, limit))]

    def any(self, where: str, *values: Any) -> bool:
        """There is a row of this condition."""
        query = f"SELECT 1 FROM objects WHERE {where} LIMIT 1"  # noqa: S608  # as above
        return self._connection.execute(query, values).fetchone() is not None

    def owners(self) -> dict[str, float]:
        """The processes that other runs belong to, and when they last said that they live (0 where they never did)."""
        found = self._connection.execute(
            "SELECT DISTINCT o.owner, COALESCE(p.beat, 0) FROM objects o LEFT JOIN owners p ON p.id = o.owner "
            "WHERE o.owner IS NOT NULL"
        )
        return dict(found.fetchall())

    def beat(self, owner: str, now: float) -> None:
        """A process lives."""
        self._connection.execute(
            "INSERT OR REPLACE INTO owners (id, beat) VALUES (?, ?)", (owner, now)
        )

    def bury(self, owner: str) -> None:
        self._connection.execute("DELETE FROM owners WHERE id = ?", (owner,))


def _row(*columns: Any) -> Row:
    return Row(*columns[:-2], *map(_decode, columns[-2:]))


class Store:
    """One database. Any threads may use it; each transaction has it for itself.

    path: a file, made where it does not exist; None keeps everything in memory.

    Raises LocalError for a file that is no store, or was written by a newer version.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._lock = threading.RLock()
        if self.path is not None:
            _create(self.path)
        self._process = 0
        self._connection = self._opened()

    @property
    def waits(self) -> bool:
        """A transaction may have to wait for another process."""
        return self.path is not None

    @contextlib.contextmanager
    def writing(self) -> Iterator[Rows]:
        """A transaction that may change rows: all of it happens, or nothing. Raises StoreError."""
        with self._lock:
            yield from self._transaction("BEGIN IMMEDIATE")

    @contextlib.contextmanager
    def reading(self) -> Iterator[Rows]:
        """A transaction that sees one state of the rows throughout. Raises StoreError."""
        with self._lock:
            yield from self._transaction("BEGIN")

    def _transaction(self, begin: str) -> Iterator[Rows]:
        try:
            connection = self._ours()
            try:
                connection.execute(begin)
                yield Rows(connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StoreError(f"the store of assistants cannot be used: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # it was never opened
            self._connection.close()

    def _ours(self) -> sqlite3.Connection:
        """A connection of this process: one that was inherited must not be used (https://sqlite.org/howtocorrupt.html, 2.6)."""
        if self.waits and os.getpid() != self._process:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        self._process = os.getpid()
        where = ":memory:" if self.path is None else self.path
        try:
            connection = sqlite3.connect(where, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreError(f"{where} cannot be a store of assistants: {error}") from None
        try:
            connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")
            _migrate(connection, where)
        except sqlite3.Error as error:
            connection.close()
            raise StoreError(f"{where} cannot be a store of assistants: {error}") from None
        except LocalError:
            connection.close()
            raise
        return connection


def _create(path: Path) -> None:
    """Make the file where there is none, for this user alone: it will hold what people say."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"{path} cannot be a store of assistants: {error.strerror}") from None


def _migrate(connection: sqlite3.Connection, where: str | Path) -> None:
    # A log beside the file: readers and a writer do not wait for one another, and what was committed survives the process.
    _use_log(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    if _version(connection) == VERSION:
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection)
        if version > VERSION:
            raise LocalError(
                f"{where} was written by a newer streamnorm (its version is {version}, this one knows {VERSION}): update it"
            )
        if version == 0 and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise LocalError(f"{where} is a database of something else: give another file")
        for migration in MIGRATIONS[version:]:
            for statement in migration.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _use_log(connection: sqlite3.Connection) -> None:
    """A file becomes one with a log only while nobody else uses it, and SQLite does not wait for that by itself."""
    until = time.monotonic() + PATIENCE / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(0.01)


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
