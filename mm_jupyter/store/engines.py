"""SQLAlchemy engines for the two databases that a store may live in. Imported where one is needed: see ``pool.py``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.pool import NullPool


def named(url: str) -> str:
    """The URL as it may be shown: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def sqlite_engine(connect: Callable[[], sqlite3.Connection]) -> Engine:
    """An engine on connections that ``connect`` makes. Its transactions are immediate."""
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=NullPool, pool_reset_on_return=None
    )
    event.listen(engine, "begin", _begin)
    return engine


def postgres_engine(url: str, patience: float) -> Engine:
    """An engine on a PostgreSQL database, through psycopg."""
    milliseconds = int(patience * 1000)
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={
            "autocommit": True,
            "connect_timeout": max(2, int(patience)),
            "options": f"-c lock_timeout={milliseconds} -c idle_in_transaction_session_timeout=600000",
        },
        pool_size=4,
        max_overflow=16,
        pool_pre_ping=True,
        pool_reset_on_return=None,
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Drivers begin by themselves too late or not at all: sqlite3 before the first change, none before DDL."""
    sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")
