"""How a store's SQLite file is opened."""

from __future__ import annotations

import sqlite3
import warnings
from pathlib import Path


class Connection(sqlite3.Connection):
    """A connection that remembers what was set. ``wal``: the file keeps a write-ahead log; ``waits``: SQLite itself
    waits for other processes, for as long as it was opened with."""

    wal = False
    waits = True

    def wait(self, seconds: float) -> None:
        """Let SQLite wait so long for other processes; 0: not at all."""
        if self.waits != bool(seconds):
            self.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
            self.waits = bool(seconds)


def warn_of_network(folder: Path, kind: str) -> None:
    """Warn once that a folder is on a network file system: it then keeps a rollback journal instead of a WAL."""
    warnings.warn(
        f"{folder} is on a network file system ({kind}): the store is safe there, but slower. "
        "For several hosts point MM_STORE at a PostgreSQL database.",
        stacklevel=2,
    )


def open_sqlite(path: Path, patience: float, *, read_only: bool, network: bool) -> Connection:
    """A connection to a file, which is made if it is not there, in no transaction."""
    if read_only:
        return _open_read_only(path, patience)
    connection = _connect(f"{path.absolute().as_uri()}?mode=rwc", patience)
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if network:
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = FULL")
    else:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.wal = mode == ("wal",)
        connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _open_read_only(path: Path, patience: float) -> Connection:
    """A WAL needs its index file beside the database. Where none is and none can be made, nobody can be writing."""
    beside = path.with_name(path.name + "-wal").exists()
    return _connect(
        f"{path.absolute().as_uri()}?mode=ro{'' if beside else '&immutable=1'}", patience
    )


def _connect(uri: str, patience: float) -> Connection:
    return sqlite3.connect(
        uri,
        uri=True,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        factory=Connection,
    )
