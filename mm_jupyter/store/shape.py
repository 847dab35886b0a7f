"""Are the tables of an SQLite store those of ``schema.py``? A byte changed in a definition changes what rows mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.ddl import TABLES

Shape = dict[str, Any]


def differences(tx: Transaction) -> Iterator[tuple[str, str]]:
    """Name of a table or an index, and how it is not what this version makes."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(TABLES)
        wanted = _shape(Transaction(fresh.cursor(), postgres=False))
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
