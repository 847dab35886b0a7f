"""Texts that repeat, kept once: their ids are remembered for as long as the rows cannot go away."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from mm_jupyter.errors import NotFound, StoreDamaged
from mm_jupyter.records import Execution
from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.packed import canonical, pack
from mm_jupyter.store.scalars import storable


class Interned:
    """Ids of names, sessions and environments. Used inside write transactions, which run one at a time."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}
        self._new: list[tuple[str, str]] = []
        self._running: dict[tuple[int, int], tuple[str, int]] = {}

    def commit(self) -> None:
        self._new.clear()

    def undo(self) -> None:
        """The transaction was rolled back: what it added is not there."""
        for key in self._new:
            self._ids.pop(key, None)
        self._new.clear()
        self._running.clear()

    def name(self, tx: Transaction, text: str) -> int:
        key = ("name", text)
        if key not in self._ids:
            self._remember(key, _put(tx, "names", "name", storable(text)))
        return self._ids[key]

    def session(self, tx: Transaction, session: str) -> int:
        """Raises NotFound when the session was never opened."""
        key = ("session", session)
        if key not in self._ids:
            row = tx.one("SELECT id FROM sessions WHERE key = ?", (session,))
            if row is None:
                raise NotFound(f"There is no session {session}.")
            self._remember(key, row[0])
        return self._ids[key]

    def environment(self, tx: Transaction, digest: str) -> int:
        key = ("environment", digest)
        if key not in self._ids:
            row = tx.one("SELECT id FROM environments WHERE digest = ?", (digest,))
            if row is None:
                raise StoreDamaged(f"The environment {digest[:20]}...", "it is not in the store")
            self._remember(key, row[0])
        return self._ids[key]

    def execution_source(self, tx: Transaction, session: int, execution: Execution) -> int:
        """The id of an execution's source. While it runs its row keeps the source from collections of garbage."""
        key = (session, execution.seq)
        text, number = self._running.pop(key, (None, 0))
        if text != execution.source:
            number = source_id(tx, execution.source)
        if execution.status == "running":
            self._running[key] = (execution.source, number)
        return number

    def _remember(self, key: tuple[str, str], number: int) -> None:
        self._ids[key] = number
        self._new.append(key)


def record_digest(value: Any) -> str:
    """``blake2b:`` and 32 hex digits over the canonical JSON of ``value``."""
    return canonical_digest(canonical(value))


def canonical_digest(record: bytes) -> str:
    """As ``record_digest``, of a value in its canonical form."""
    return f"blake2b:{_short_digest(record).hex()}"


def source_id(tx: Transaction, text: str) -> int:
    """The id of a source, kept if it is new. Not remembered: a collection of garbage may take unused ones."""
    return _put_data(tx, "sources", text.encode("utf-8", "surrogatepass"))


def git_id(tx: Transaction, state: Any) -> int:
    return _put_data(tx, "git_states", canonical(state))


def source_digest(data: bytes) -> bytes:
    """What ``sources.digest`` and ``git_states.digest`` hold: 16 bytes of blake2b over the plain bytes."""
    return _short_digest(data)


def names_by_id(tx: Transaction, ids: Iterable[int]) -> dict[int, str]:
    return dict(tx.within("SELECT id, name FROM names WHERE id IN (?)", set(ids)))


def _short_digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _put_data(tx: Transaction, table: str, data: bytes) -> int:
    digest = _short_digest(data)
    row = tx.one(f"SELECT id FROM {table} WHERE digest = ?", (digest,))
    if row is None:
        row = tx.one(
            f"INSERT INTO {table} (digest, data) VALUES (?, ?) RETURNING id", (digest, pack(data))
        )
    assert row is not None
    return int(row[0])


def _put(tx: Transaction, table: str, column: str, value: str) -> int:
    row = tx.one(f"SELECT id FROM {table} WHERE {column} = ?", (value,))
    if row is None:
        row = tx.one(f"INSERT INTO {table} ({column}) VALUES (?) RETURNING id", (value,))
    assert row is not None
    return int(row[0])
