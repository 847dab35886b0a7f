"""SQLAlchemy engines for the two databases that a store may live in."""

from __future__ import annotations

import sqlite3
import warnings
from pathlib import Path

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.pool import QueuePool

from mm_jupyter.store.mounts import network_file_system


def named(url: str) -> str:
    """The URL as it may be shown: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def sqlite_engine(path: Path, patience: float, *, read_only: bool) -> Engine:
    """An engine on one file, which is made if it is not there. Transactions of the engine itself are immediate.

    Warns once when the file is on a network file system, and then keeps a rollback journal instead of a WAL.
    """
    network = network_file_system(path.parent)
    if network:
        warnings.warn(
            f"{path.parent} is on a network file system ({network}): the store is safe there, but slower. "
            "For several hosts point MM_STORE at a PostgreSQL database.",
            stacklevel=2,
        )
    engine = create_engine(
        "sqlite://",
        creator=lambda: _open(path, patience, read_only=read_only, network=network is not None),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=-1,
        pool_reset_on_return=None,
    )
    event.listen(engine, "begin", _begin)
    return engine


def postgres_engine(url: str, patience: float) -> Engine:
    """An engine on a PostgreSQL database, through psycopg."""
    milliseconds = int(patience * 1000)
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={
            "autocommit": True,
            "connect_timeout": max(2, int(patience)),
            "options": f"-c lock_timeout={milliseconds} -c idle_in_transaction_session_timeout=600000",
        },
        pool_size=4,
        max_overflow=16,
        pool_pre_ping=True,
        pool_reset_on_return=None,
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Drivers begin by themselves too late or not at all: sqlite3 before the first change, none before DDL."""
    sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")


def _open(path: Path, patience: float, *, read_only: bool, network: bool) -> sqlite3.Connection:
    if read_only:
        return _open_read_only(path, patience)
    connection = _connect(f"{path.absolute().as_uri()}?mode=rwc", patience)
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if network:
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = FULL")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _open_read_only(path: Path, patience: float) -> sqlite3.Connection:
    """A WAL needs its index file beside the database. Where none is and none can be made, nobody can be writing."""
    beside = path.with_name(path.name + "-wal").exists()
    return _connect(
        f"{path.absolute().as_uri()}?mode=ro{'' if beside else '&immutable=1'}", patience
    )


def _connect(uri: str, patience: float) -> sqlite3.Connection:
    return sqlite3.connect(
        uri,
        uri=True,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
