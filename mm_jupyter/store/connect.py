"""The database of a store: connections, transactions, and the errors of drivers in our words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_jupyter.errors import StoreDamaged, StoreError, StoreLocked, StoreReadOnly
from mm_jupyter.store.mounts import network_file_system
from mm_jupyter.store.pool import Pool
from mm_jupyter.store.sqlite import open_sqlite, warn_of_network

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

PATIENCE = 10.0
"""Seconds that a transaction waits for another process."""

_SINGLE_WRITER = 0x6D6D6A
"""PostgreSQL's advisory lock that makes one writer at a time, as SQLite does: numbers then have no gaps and no
transaction deadlocks."""

Row = tuple[Any, ...]


@cache
def _percent(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class Transaction:
    """A cursor inside one transaction. SQL is written for both engines, with ``?`` for values."""

    def __init__(self, cursor: Any, postgres: bool) -> None:
        self._cursor = cursor
        self.postgres = postgres

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute and return the number of rows changed."""
        self._cursor.execute(_percent(sql) if self.postgres else sql, values)
        return int(self._cursor.rowcount)

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            self._cursor.executemany(_percent(sql) if self.postgres else sql, rows)

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        self._cursor.execute(_percent(sql) if self.postgres else sql, values)
        return self._cursor.fetchall()  # type: ignore[no-any-return]

    def one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        self._cursor.execute(_percent(sql) if self.postgres else sql, values)
        return self._cursor.fetchone()  # type: ignore[no-any-return]

    def within(self, sql: str, keys: Iterable[Any]) -> Iterator[Row]:
        """Rows of ``sql``, whose ``(?)`` takes any number of keys, 500 at a time."""
        left = list(keys)
        for start in range(0, len(left), 500):
            part = left[start : start + 500]
            yield from self.all(sql.replace("(?)", f"({', '.join('?' * len(part))})"), part)


class Database:
    """One store's database, from any thread. ``place`` is how it is called in sentences, ``log`` where SQLite keeps its
    write-ahead log while it has one."""

    def __init__(self, where: Path | str, *, patience: float = PATIENCE) -> None:
        """``where``: SQLite's file, or the URL of a PostgreSQL database."""
        self.patience = patience
        self._writing = threading.RLock()
        self.log = None if isinstance(where, str) else where.with_name(where.name + "-wal")
        self._where = where
        self._pool: Pool | None = None
        if isinstance(where, str):
            from mm_jupyter.store.engines import named

            self.postgres, self.read_only, self.place = True, False, named(where)
        else:
            self.postgres, self.place = False, str(where.parent)
            self.read_only = where.parent.exists() and not os.access(where.parent, os.W_OK)
            network = network_file_system(where.parent)
            if network:
                warn_of_network(where.parent, network)
            self._connect = partial(
                open_sqlite, where, patience, read_only=self.read_only, network=network is not None
            )
            self._pool = Pool(self._connect)

    @cached_property
    def engine(self) -> Engine:
        """SQLAlchemy's engine: PostgreSQL's connections; of SQLite for migrations alone."""
        from mm_jupyter.store.engines import postgres_engine, sqlite_engine

        if isinstance(self._where, str):
            return postgres_engine(self._where, self.patience)
        return sqlite_engine(self._connect)

    def connect(self) -> Any:
        """A connection of one's own, to be closed."""
        return self.engine.raw_connection() if self._pool is None else self._connect()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that may change rows: whole when the block ends, absent when it raises.

        Raises:
            StoreReadOnly: the store cannot be written, or the disk is full.
            StoreLocked: another process wrote for longer than the store's patience.
            StoreDamaged: the file is no database any more.
        """
        if self.read_only:
            raise StoreReadOnly(self.place, "its folder is read-only for you")
        with self._writing, self.speaking(), self._cursor() as cursor:
            if self.postgres:
                cursor.execute("BEGIN")
                cursor.execute(f"SELECT pg_advisory_xact_lock({_SINGLE_WRITER})")
            else:
                self._begin_immediate(cursor)
            yield from _whole(cursor, self.postgres)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot: every statement in it sees the same rows, and no writer waits for it."""
        with self.decoding(), self.speaking(), self._cursor() as cursor:
            self._wait(cursor)
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ" if self.postgres else "BEGIN")
            yield from _whole(cursor, self.postgres)

    def outside(self, *statements: str) -> None:
        """Run statements that no transaction may hold."""
        with self._writing, self.speaking(), self._cursor() as cursor:
            self._wait(cursor)
            for statement in statements:
                cursor.execute(statement)
                if cursor.description:
                    cursor.fetchall()  # incremental_vacuum works while its rows are fetched

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Turn a driver's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._ours(error) from error
        except UnicodeDecodeError as error:
            # sqlite3 does so where a sentence of SQLite's quotes broken text
            raise StoreDamaged(
                f"The store {self.place}", "it holds bytes that are no text"
            ) from error
        except Exception as error:
            driver = self._driver_error(error)
            if driver is None:
                raise
            raise self._ours(driver) from error

    def _driver_error(self, error: Exception) -> BaseException | None:
        """The driver's error in one of SQLAlchemy's, or one of PostgreSQL's; None: it is neither."""
        alchemy = sys.modules.get("sqlalchemy.exc")
        if alchemy is not None and isinstance(error, alchemy.DBAPIError):
            origin: BaseException = error.orig or error
            return origin
        if self.postgres and isinstance(error, self.engine.dialect.loaded_dbapi.Error):
            return error
        return None

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Say StoreDamaged where rows hold what no writer wrote and a reader of ours stumbles over it."""
        try:
            yield
        except UnicodeEncodeError:
            raise  # a question's, not a row's
        except _UNDECODABLE as error:
            why = f"an entry of it cannot be read ({type(error).__name__}: {error})"
            raise StoreDamaged(f"The store {self.place}", why) from error

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    def forget(self) -> None:
        """After a fork, in the child: let go of the parent's connections without touching them."""
        self._writing = threading.RLock()
        if self._pool is not None:
            self._pool.forget()
        if "engine" in self.__dict__:
            self.engine.dispose(close=False)

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        pool = self._pool
        connection: Any = self.engine.raw_connection() if pool is None else pool.take()
        try:
            cursor = connection.cursor()
            try:
                yield cursor
            finally:
                cursor.close()
        finally:
            if pool is None:
                connection.close()
            else:
                pool.give(connection)

    def _wait(self, cursor: Any) -> None:
        """Let SQLite itself wait for other processes."""
        if not self.postgres:
            cursor.connection.wait(self.patience)

    def _begin_immediate(self, cursor: Any) -> None:
        """SQLite's own waiting sleeps up to 100 ms at a time; many short writers get through sooner like this. With a
        write-ahead log nothing after it waits; without one the commit waits for readers."""
        end, pause = time.monotonic() + self.patience, 0.0002
        cursor.connection.wait(0)
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
                if not cursor.connection.wal:
                    self._wait(cursor)
                return
            except sqlite3.OperationalError as error:
                if _name(error) not in _BUSY or time.monotonic() > end:
                    raise
            time.sleep(pause)
            pause = min(pause * 1.5, 0.01)

    def _ours(self, error: BaseException) -> StoreError:
        name, said = _name(error), str(error).strip().split("\n")[0]
        if name in _BUSY or name in ("LockNotAvailable", "QueryCanceled"):
            return StoreLocked(self.place, f"{self.patience:g}")
        if name.startswith("SQLITE_IOERR") and _is_full(self.place):
            said = "no space is left on its disk"
        if name.startswith(("SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_PERM")):
            return StoreReadOnly(self.place, said)
        if name.startswith("SQLITE_CANTOPEN") or name in ("DiskFull", "ReadOnlySqlTransaction"):
            return StoreReadOnly(self.place, said)
        if name == "OperationalError" and self.postgres:
            return StoreReadOnly(self.place, said)
        if said.startswith("Could not decode to UTF-8"):
            said = "it holds bytes that are no text"
        return StoreDamaged(f"The store {self.place}", said)


_ROOM = 64 * 1024
_UNDECODABLE = (
    ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, struct.error,
)  # fmt: skip
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_RECOVERY")


def _is_full(folder: str) -> bool:
    """SQLite says "disk I/O error" where there is no room for the index of its log."""
    try:
        return shutil.disk_usage(folder).free < _ROOM
    except OSError:
        return False


def _name(error: BaseException) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def _whole(cursor: Any, postgres: bool) -> Iterator[Transaction]:
    try:
        yield Transaction(cursor, postgres)
        cursor.execute("COMMIT")
    except BaseException:
        _roll_back(cursor, postgres)
        raise


def _roll_back(cursor: Any, postgres: bool) -> None:
    """SQLite has rolled back by itself after a full disk; a dropped connection has nothing left to roll back."""
    connection = cursor.connection
    if not postgres and connection.in_transaction:
        cursor.execute("ROLLBACK")
    elif postgres and not connection.closed:
        connection.rollback()
