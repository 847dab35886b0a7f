"""Connections to one SQLite file, kept for the next who needs one. SQLAlchemy's pool does no more, and its import would
be two thirds of what loading the extension costs."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mm_jupyter.store.sqlite import Connection

KEPT = 4
"""Connections that wait for use."""
_forgotten: list[list[Connection]] = []
"""A fork's copies of its parent's: closing them would write into the files that the parent uses."""


class Pool:
    """From any thread; a connection is one thread's as long as it has it."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._free: list[Connection] = []
        self._mutex = threading.Lock()

    def take(self) -> Connection:
        """A connection that is in no transaction; ``give`` takes it back."""
        with self._mutex:
            mine = self._free.pop() if self._free else None
        return mine or self._connect()

    def give(self, mine: Connection) -> None:
        """Let the next have a connection; one that is still in a transaction is closed."""
        with self._mutex:
            keep = not mine.in_transaction and len(self._free) < KEPT
            if keep:
                self._free.append(mine)
        if not keep:
            mine.close()

    @property
    def waiting(self) -> int:
        """Connections that nobody uses."""
        return len(self._free)

    def close(self) -> None:
        """Close those that nobody uses; the next who needs one gets a new one."""
        with self._mutex:
            free, self._free = self._free, []
        for connection in free:
            connection.close()

    def forget(self) -> None:
        """After a fork, in the child: leave the parent's connections alone."""
        _forgotten.append(self._free)
        self._free, self._mutex = [], threading.Lock()
