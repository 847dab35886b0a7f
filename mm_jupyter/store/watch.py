"""Whether another connection has committed something: cheap enough to ask several times a second."""

from __future__ import annotations

from typing import Literal

from mm_jupyter.store.connect import Database

_STORE = "SELECT MAX(number) FROM audit"
_JOBS = (
    "SELECT MAX(id), COUNT(*), MAX(seen), SUM(cell) FROM jobs WHERE state IN ('waiting', 'running')"
)
"""Of the jobs that are left: a new one, one that ended, one that moved."""


class Watch:
    """One connection that is kept for the question. Every change of state adds to the audit log; how far a job is does
    not. SQLite's ``PRAGMA data_version`` says first, in a tenth of the time, whether there is anything new at all."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection = database.connect()
        self._version = self._ask("PRAGMA data_version") if not database.postgres else None
        self._store, self._jobs = self._ask(_STORE), self._ask(_JOBS)

    def changed(self) -> tuple[Literal["store", "jobs"], ...]:
        """What has changed since the last question. Raises StoreError where the store is gone."""
        if self._version is not None:
            before, self._version = self._version, self._ask("PRAGMA data_version")
            if before == self._version:
                return ()
        store, jobs = self._ask(_STORE), self._ask(_JOBS)
        found: list[Literal["store", "jobs"]] = []
        if store != self._store:
            found.append("store")
        if jobs != self._jobs:
            found.append("jobs")
        self._store, self._jobs = store, jobs
        return tuple(found)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, sql: str) -> tuple[object, ...] | None:
        with self._database.speaking():
            cursor = self._connection.cursor()
            try:
                cursor.execute(sql)
                row: tuple[object, ...] | None = cursor.fetchone()
                if self._database.postgres:
                    self._connection.rollback()
            finally:
                cursor.close()
        return None if row is None else tuple(row)
