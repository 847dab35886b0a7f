"""Making a store, and bringing an older one up to date."""

from __future__ import annotations

from pathlib import Path

from mm_jupyter.errors import StoreError, StoreReadOnly, StoreTooNew
from mm_jupyter.store.connect import Database
from mm_jupyter.store.ddl import TABLES

HEAD = "0003"
"""The revision of the tables in ``schema.py``: the newest one in ``migrations/versions``."""
_POSTGRES_HAS_TABLE = (
    "SELECT tablename FROM pg_catalog.pg_tables "
    "WHERE schemaname = current_schema() AND tablename = 'alembic_version'"
)
"""Not to_regclass: it answers from a cache that does not hear of a table made while we waited for the lock."""
_HAS_TABLE = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"


def make_folder(folder: Path) -> None:
    """Make the folder of a store, for its owner alone.

    Raises:
        StoreReadOnly: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnly(str(folder), error.strerror or str(error)) from error


def prepare(database: Database, *, create: bool) -> None:
    """Have the tables that this version expects.

    alembic is imported only when the database holds older ones.

    Raises:
        StoreError: it holds none, and ``create`` is False.
        StoreTooNew: a newer version made them.
        StoreReadOnly: they are older, and nothing can be written.
    """
    found = _revision(database)
    if found is None:
        if not create:
            raise StoreError(f"There is no store in {database.place}.")
        _create(database)
    elif found > HEAD:
        raise StoreTooNew(database.place, found)
    elif found < HEAD:
        if database.read_only:
            raise StoreReadOnly(
                database.place, "an older version wrote it, and it must be brought up to date"
            )
        # Only here: alembic costs 0.2 s, and a store is older once in its life.
        from mm_jupyter.store.migrations.upgrade import upgrade

        with database.speaking():
            upgrade(database.engine)


def _revision(database: Database) -> str | None:
    look = _POSTGRES_HAS_TABLE if database.postgres else _HAS_TABLE
    with database.read() as tx:
        if tx.one(look) is None:
            return None
        row = tx.one("SELECT version_num FROM alembic_version")
        return None if row is None else str(row[0])


def _create(database: Database) -> None:
    """All tables and the note of their revision in one transaction; whoever comes second finds them made."""
    if database.read_only:
        raise StoreReadOnly(database.place, "its folder is read-only for you")
    if not database.postgres:
        with database.write() as tx:
            if tx.one(_HAS_TABLE) is None:
                for statement in TABLES.split(";"):
                    tx.run(statement)
                tx.run("INSERT INTO alembic_version (version_num) VALUES (?)", (HEAD,))
        return
    from mm_jupyter.store.schema import metadata, version

    with database.speaking(), database.engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1835887978)")
        if connection.exec_driver_sql(_POSTGRES_HAS_TABLE).scalar() is not None:
            return
        metadata.create_all(connection, checkfirst=False)
        connection.execute(version.insert().values(version_num=HEAD))
