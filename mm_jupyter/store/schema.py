"""The tables: one schema for SQLite and PostgreSQL. ``migrations/`` brings an older store here.

Ids are integers; texts that repeat (names, sources, environments, git states) are kept once and referred to by id.
``runs.detail``, ``executions.detail``, ``environments.data`` and the like hold JSON as ``packed.py`` writes it: what
a query filters or sorts by has columns and rows of its own. Times are seconds since the epoch. Imported only where
tables are made: SQLAlchemy loads both dialects for the partial indexes.
"""

from __future__ import annotations

import sys

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from mm_jupyter.store.scalars import SORTED_TEXT

ID = BigInteger().with_variant(Integer, "sqlite")
TEXT = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", ID, primary_key=True)


def _run() -> Column[int]:
    return Column(
        "run", ID, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


def _name() -> Column[int]:
    return Column("name", ID, ForeignKey("names.id"), primary_key=True, autoincrement=False)


version = Table("alembic_version", metadata, Column("version_num", Text, primary_key=True))

names = Table("names", metadata, _id(), Column("name", TEXT, nullable=False, unique=True))

experiments = Table(
    "experiments",
    metadata,
    _id(),
    Column("name", TEXT, nullable=False, unique=True),
    Column("last", Integer, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    _id(),
    Column("key", TEXT, nullable=False, unique=True),
    Column("notebook", TEXT),
    Column("started", Double, nullable=False),
    Column("ended", Double),
    Column("username", TEXT, nullable=False),
    Column("host", TEXT, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("cwd", TEXT, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    _id(),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("data", LargeBinary, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    _id(),
    Column("digest", TEXT, nullable=False, unique=True),
    Column("data", LargeBinary, nullable=False),
)

git_states = Table(
    "git_states",
    metadata,
    _id(),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("data", LargeBinary, nullable=False),
)

executions = Table(
    "executions",
    metadata,
    Column("session", ID, ForeignKey("sessions.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("cell_id", TEXT),
    Column("count", Integer),
    Column("source", ID, nullable=False),
    Column("started", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("detail", LargeBinary),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    _id(),
    Column("experiment", ID, ForeignKey("experiments.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("started", Double, nullable=False),
    Column("seconds", Double),
    Column("session", ID, ForeignKey("sessions.id"), nullable=False),
    Column("seq", Integer),
    Column("cell_id", TEXT),
    Column("within", ID),
    Column("parent", ID),
    Column("note", TEXT),
    Column("verdict", TEXT),
    Column("models", TEXT),
    Column("source", ID, nullable=False),
    Column("environment", ID),
    Column("git", ID),
    Column("detail", LargeBinary),
    UniqueConstraint("experiment", "version"),
    sqlite_autoincrement=True,
)
Index("runs_started", runs.c.started)
Index("runs_session", runs.c.session, runs.c.seq)
Index(
    "runs_within",
    runs.c.within,
    sqlite_where=runs.c.within.is_not(None),
    postgresql_where=runs.c.within.is_not(None),
)
Index(
    "runs_parent",
    runs.c.parent,
    sqlite_where=runs.c.parent.is_not(None),
    postgresql_where=runs.c.parent.is_not(None),
)
Index(
    "runs_running",
    runs.c.id,
    sqlite_where=runs.c.status == "running",
    postgresql_where=runs.c.status == "running",
)

params = Table(
    "params",
    metadata,
    _run(),
    _name(),
    Column("type", SmallInteger, nullable=False),
    Column("origin", SmallInteger, nullable=False),
    Column("number", Double),
    Column("text", TEXT),
    sqlite_with_rowid=False,
)
Index(
    "params_number",
    params.c.name,
    params.c.number,
    sqlite_where=params.c.number.is_not(None),
    postgresql_where=params.c.number.is_not(None),
)
Index(
    "params_text",
    params.c.name,
    func.substr(params.c.text, 1, SORTED_TEXT),
    sqlite_where=params.c.text.is_not(None),
    postgresql_where=params.c.text.is_not(None),
)

metrics = Table(
    "metrics",
    metadata,
    _run(),
    _name(),
    Column("number", Double),
    Column("deviation", Double),
    sqlite_with_rowid=False,
)
Index(
    "metrics_number",
    metrics.c.name,
    metrics.c.number,
    sqlite_where=metrics.c.number.is_not(None),
    postgresql_where=metrics.c.number.is_not(None),
)

tags = Table(
    "tags", metadata, _run(), _name(), Column("text", TEXT, nullable=False), sqlite_with_rowid=False
)
Index("tags_text", tags.c.name, func.substr(tags.c.text, 1, SORTED_TEXT))

series = Table(
    "series",
    metadata,
    _run(),
    _name(),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("points", Integer, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    _id(),
    Column("run", ID, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("verdict", TEXT, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

noises = Table(
    "noises",
    metadata,
    _id(),
    Column("run", ID, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("data", LargeBinary, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    _id(),
    Column("key", TEXT, nullable=False, unique=True),
    Column("kind", TEXT, nullable=False),
    Column("asked", Double, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    _id(),
    Column("batch", ID, ForeignKey("batches.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("run", ID, ForeignKey("runs.id", ondelete="CASCADE"), index=True),
    Column("kind", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("worker", TEXT),
    Column("seen", Double),
    Column("tries", Integer, nullable=False),
    Column("phase", TEXT, nullable=False),
    Column("cell", Integer, nullable=False),
    Column("cells", Integer, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Column("verdict", TEXT),
    Column("said", TEXT),
    Column("data", LargeBinary),
)
Index(
    "jobs_left",
    jobs.c.id,
    sqlite_where=jobs.c.state.in_(("waiting", "running")),
    postgresql_where=jobs.c.state.in_(("waiting", "running")),
)

packs = Table(
    "packs",
    metadata,
    _id(),
    Column("name", TEXT, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
)

blobs = Table(
    "blobs",
    metadata,
    _id(),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("codec", SmallInteger, nullable=False),
    Column("data", LargeBinary),
    Column("pack", ID, ForeignKey("packs.id"), index=True),
    Column("start", BigInteger),
    Column("stored", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("number", ID, primary_key=True),
    Column("at", Double, nullable=False),
    Column("who", ID, ForeignKey("names.id"), nullable=False),
    Column("what", TEXT, nullable=False),
    Column("object", TEXT, nullable=False),
    Column("before", TEXT),
    Column("after", TEXT),
)
Index("audit_object", audit.c.object)


def sqlite_ddl() -> str:
    """All tables and indexes as SQLite's statements: what ``ddl.py`` holds."""
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable

    made: list[str] = []
    for table in metadata.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=sqlite.dialect())))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        made += [str(CreateIndex(index).compile(dialect=sqlite.dialect())) for index in indexes]
    lines = (
        line.replace("\t", "    ").rstrip()
        for one in made
        for line in f"{one.strip()};".split("\n")
    )
    return "\n".join(lines).removesuffix(";") + "\n"


if __name__ == "__main__":
    sys.stdout.write(
        '"""The tables of ``schema.py`` in SQLite\'s words, so that a kernel needs no SQLAlchemy to make a store.\n\n'
        'Made by: python -m mm_jupyter.store.schema >mm_jupyter/store/ddl.py"""\n\n'
        f'TABLES = """\\\n{sqlite_ddl()}"""\n'
    )
