"""Reading files that a database engine in this process may have locked.

POSIX drops every lock that a process holds on a file as soon as it closes *any* descriptor of it (fcntl(2), and
"How To Corrupt An SQLite Database File", section 2.2). So what a connection was opened to is read through one
descriptor that is kept until the process ends, whoever opened the connection: the user, or our own store.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

MOST = 256
"""Descriptors kept at the most; further databases are not read."""
_SUFFIXES = ("-wal", "-shm", "-journal", ".wal")

_paths: set[str] = set()
_held: dict[tuple[int, int], int] = {}


class Readable(Protocol):
    """What gives bytes piece by piece."""

    def read(self, size: int, /) -> bytes | None: ...


def connected(path: str) -> None:
    """Remember that a database engine of this process has opened ``path``."""
    _paths.add(os.path.abspath(path))


@contextmanager
def reading(path: str) -> Iterator[Readable]:
    """A file to read in pieces; a database's descriptor stays open.

    Raises:
        OSError: it cannot be opened, or ``MOST`` databases are held already.
    """
    if not _is_database(path):
        with open(path, "rb", buffering=0) as file:
            yield file
        return
    status = os.stat(path)
    key = status.st_dev, status.st_ino
    if key not in _held:
        if len(_held) >= MOST:
            raise OSError(f"{MOST} databases are held open already")
        _held[key] = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    yield _Held(_held[key])


def _is_database(path: str) -> bool:
    whole = os.path.abspath(path)
    return whole in _paths or any(
        whole.endswith(suffix) and whole[: -len(suffix)] in _paths for suffix in _SUFFIXES
    )


class _Held:
    """Reads from the start at its own pace: the descriptor may be shared by threads."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = 0

    def read(self, size: int, /) -> bytes:
        piece = os.pread(self._descriptor, size, self._at)
        self._at += len(piece)
        return piece
