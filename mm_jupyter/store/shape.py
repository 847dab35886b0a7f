"""Are the tables of an SQLite store those of ``schema.py``? A byte changed in a definition changes what rows mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from mm_jupyter.store.connect import Transaction

Shape = dict[str, Any]


def differences(tx: Transaction) -> Iterator[tuple[str, str]]:
    """Name of a table or an index, and how it is not what this version makes."""
    from mm_jupyter.store.schema import (
        metadata,
    )  # only here: it loads both of SQLAlchemy's dialects

    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as connection:
        metadata.create_all(connection)
        fresh = connection.connection.cursor()
        wanted = _shape(Transaction(fresh, postgres=False))
        fresh.close()
    engine.dispose()
    there = _shape(tx)
    for name in sorted(wanted.keys() | there.keys()):
        if name not in there:
            yield name, "it is missing"
        elif name not in wanted:
            yield name, "this version makes none of that name"
        elif wanted[name] != there[name]:
            yield name, "its definition is not the one that this version makes"


def _shape(tx: Transaction) -> Shape:
    """Columns and foreign keys by table, whatever their order; the text of indexes that were asked for."""
    found: Shape = {}
    for kind, name, sql in tx.all("SELECT type, name, sql FROM sqlite_master"):
        if kind == "table" and not name.startswith("sqlite_"):
            columns = tx.all('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (name,))
            keys = tx.all(
                'SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list(?)', (name,)
            )
            indexes = tx.all('SELECT "unique", origin, partial FROM pragma_index_list(?)', (name,))
            found[name] = (sorted(columns), sorted(keys), sorted(indexes))
        elif sql is not None and not name.startswith("sqlite_"):
            found[name] = " ".join(sql.split())
    return found
