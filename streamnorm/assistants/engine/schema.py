"""The tables of a store, version by version. A store that is older is brought forward; one that is newer is refused."""

from __future__ import annotations

from typing import Final

__all__ = ["MIGRATIONS", "VERSION"]

#: What brings a store from the version that is its place to the next; `PRAGMA user_version` has the version.
#:
#: objects: everything the API gives out, as JSON, in the order in which it was made (`seq`). `status` and `due` repeat what a
#: run's JSON says, for the indexes; `owner` is the process that carries the run on; `notes` is what the API does not show.
#: owners: processes that carry runs on, and when they last said so, in seconds since 1970.
#:
#: The unique index is the lock on a thread: two processes cannot both have a run in it.
MIGRATIONS: Final = (
    """
    CREATE TABLE objects (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        thread TEXT NOT NULL DEFAULT '',
        run TEXT NOT NULL DEFAULT '',
        status TEXT NOT NULL DEFAULT '',
        due INTEGER,
        owner TEXT,
        body BLOB NOT NULL,
        notes BLOB NOT NULL DEFAULT '{}'
    );
    CREATE INDEX objects_of_thread ON objects (thread, kind, seq);
    CREATE INDEX objects_of_run ON objects (run, kind, seq) WHERE run <> '';
    CREATE INDEX objects_of_kind ON objects (kind, seq) WHERE thread = '';
    CREATE INDEX runs_due ON objects (due) WHERE due IS NOT NULL;
    CREATE INDEX runs_owned ON objects (owner) WHERE owner IS NOT NULL;
    CREATE UNIQUE INDEX one_active_run ON objects (thread)
        WHERE kind = 'run' AND status IN ('queued', 'in_progress', 'requires_action', 'cancelling');
    CREATE TABLE owners (id TEXT PRIMARY KEY, beat REAL NOT NULL);
    """,
)

VERSION: Final = len(MIGRATIONS)
