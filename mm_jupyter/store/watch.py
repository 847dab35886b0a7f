"""Whether another connection has committed something: cheap enough to ask several times a second."""

from __future__ import annotations

from mm_jupyter.store.connect import Database


class Watch:
    """One connection that is kept for the question. SQLite answers from ``PRAGMA data_version``, PostgreSQL from the
    audit log, to which every change of state adds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection = database.engine.raw_connection()
        self._seen = self._look()

    def changed(self) -> bool:
        """Whether something was committed since the last question. Raises StoreError where the store is gone."""
        now = self._look()
        before, self._seen = self._seen, now
        return now != before

    def close(self) -> None:
        self._connection.close()

    def _look(self) -> int:
        sql = "SELECT MAX(number) FROM audit" if self._database.postgres else "PRAGMA data_version"
        with self._database.speaking():
            cursor = self._connection.cursor()
            try:
                cursor.execute(sql)
                row = cursor.fetchone()
                if self._database.postgres:
                    self._connection.rollback()
            finally:
                cursor.close()
        return int(row[0] or 0) if row else 0
