"""Locks that the operating system (or PostgreSQL) drops when their holder dies: who is alive needs no heartbeat.

A session holds its own lock from its start to its end. Writers with large blobs that no row refers to yet share the
lock ``puts``; a collection of garbage takes it alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

PUTS = "puts"
_FILE_NAME = re.compile(r"[\w\-][\w.\-]{0,99}")


class Lock:
    """A lock that is held. ``release`` may be called twice; a fork's child drops its copy without releasing."""

    def __init__(self, release: Callable[[bool], None]) -> None:
        self._release: Callable[[bool], None] | None = release
        _held.add(self)

    def release(self) -> None:
        if self._release:
            self._release(True)
            self._release = None

    def forget(self) -> None:
        if self._release:
            self._release(False)
            self._release = None


class Locks(Protocol):
    """Named locks of one store, as one user of them."""

    def take(self, name: str, *, shared: bool = False, wait: float = 0.0) -> Lock | None:
        """The lock, or None when another process or another holder in this one has it after ``wait`` seconds.

        Raises:
            OSError: this place has no locks.
        """

    def release_all(self) -> None:
        """Let go of every lock taken here."""


class FileLocks:
    """Locks on files in a folder: ``flock``, on Windows ``msvcrt``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: weakref.WeakSet[Lock] = weakref.WeakSet()

    def take(self, name: str, *, shared: bool = False, wait: float = 0.0) -> Lock | None:
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{_as_file_name(name)}.lock"
        end = time.monotonic() + wait
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                locked = _lock(file, shared)
            except OSError:  # this place has no locks, and will be asked again and again
                os.close(file)
                raise
            if locked:
                if _is_at(file, path):
                    lock = Lock(partial(_let_go, file, path, shared))
                    self._held.add(lock)
                    return lock
                os.close(file)
                continue
            os.close(file)
            if time.monotonic() >= end:
                return None
            time.sleep(0.02)

    def release_all(self) -> None:
        _release(self._held)


class AdvisoryLocks:
    """Advisory locks of a PostgreSQL server, each on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: weakref.WeakSet[Lock] = weakref.WeakSet()

    def take(self, name: str, *, shared: bool = False, wait: float = 0.0) -> Lock | None:
        key = int.from_bytes(
            hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True
        )
        connection = self._engine.raw_connection()
        cursor = connection.cursor()
        end = time.monotonic() + wait
        how = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
        while True:
            cursor.execute(f"SELECT {how}(%s)", (key,))
            if cursor.fetchone() == (True,):
                connection.detach()
                lock = Lock(partial(_unlock, connection, self._engine.dialect.loaded_dbapi.Error))
                self._held.add(lock)
                return lock
            if time.monotonic() >= end:
                connection.close()
                return None
            time.sleep(0.02)

    def release_all(self) -> None:
        _release(self._held)


_held: weakref.WeakSet[Lock] = weakref.WeakSet()


def _release(locks: Iterable[Lock]) -> None:
    for lock in list(locks):
        lock.release()


def _forget_all() -> None:
    """A child of a fork must not keep its parent's session alive."""
    for lock in list(_held):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _as_file_name(name: str) -> str:
    return (
        name
        if _FILE_NAME.fullmatch(name)
        else hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    )


def _is_at(file: int, path: Path) -> bool:
    """False when the holder before us removed the file between our opening and our locking it."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False


def _unlock(connection: Any, driver_error: type[Exception], ours: bool) -> None:
    """A server notices a closed connection a moment later: unlocked first, the lock is free at once."""
    if ours:
        with suppress(driver_error), connection.cursor() as cursor:  # a lost one has lost its lock
            cursor.execute("SELECT pg_advisory_unlock_all()")
        connection.close()


def _let_go(file: int, path: Path, shared: bool, ours: bool) -> None:
    if ours and not shared:
        with suppress(OSError):  # Windows keeps an open file; the next holder uses it again.
            path.unlink()
    os.close(file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int, shared: bool) -> bool:  # noqa: ARG001  # the same function as below
        """Windows' runtime has no shared locks; sharers then wait for each other and keep their blobs unshared."""
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: int, shared: bool) -> bool:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
