"""The floor: plain sqlite3, the same data, one transaction a run."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from harness import METRICS, PARAMS, TRIVIAL

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, name TEXT, started REAL, status TEXT);
CREATE TABLE IF NOT EXISTS params (run INTEGER, name TEXT, value REAL);
CREATE TABLE IF NOT EXISTS metrics (run INTEGER, name TEXT, value REAL);
CREATE TABLE IF NOT EXISTS tags (run INTEGER, name TEXT, value TEXT);
CREATE TABLE IF NOT EXISTS points (run INTEGER, step INTEGER, value REAL);
CREATE INDEX IF NOT EXISTS by_value ON metrics (name, value);
"""
IMPORT = "import sqlite3"
HERE = str(Path(__file__).parent)
PREPARE = f"import sys; sys.path.insert(0, {HERE!r}); import with_sqlite as w; w.start()"
CELL = TRIVIAL + "\nw.run(0)"
_open: list[sqlite3.Connection] = []
_run = [0]


def start() -> None:
    database = sqlite3.connect("floor.db", isolation_level=None, timeout=60)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
    _open.append(database)


def run(number: int) -> None:
    database = _open[0]
    database.execute("BEGIN IMMEDIATE")
    added = database.execute(
        "INSERT INTO runs (name, started, status) VALUES ('bench', ?, 'completed')", (time.time(),)
    )
    key = added.lastrowid
    params = [(key, name, value + number) for name, value in PARAMS.items()]
    metrics = [(key, name, value + number % 97) for name, value in METRICS.items()]
    database.executemany("INSERT INTO params VALUES (?, ?, ?)", params)
    database.executemany("INSERT INTO metrics VALUES (?, ?, ?)", metrics)
    database.execute("INSERT INTO tags VALUES (?, 'stage', 'bench')", (key,))
    database.execute("COMMIT")


def count() -> int:
    return int(_open[0].execute("SELECT count(*) FROM runs").fetchone()[0])


def points(values: list[float]) -> None:
    database = _open[0]
    database.execute("BEGIN IMMEDIATE")
    _run[0] += 1
    rows = ((_run[0], step, value) for step, value in enumerate(values))
    database.executemany("INSERT INTO points VALUES (?, ?, ?)", rows)
    database.execute("COMMIT")


def read_points() -> int:
    return len(_open[0].execute("SELECT step, value FROM points WHERE run = ?", _run).fetchall())


def newest() -> None:
    assert len(_open[0].execute("SELECT * FROM runs ORDER BY id DESC LIMIT 50").fetchall()) == 50


def top() -> None:
    question = (
        "SELECT run, value FROM metrics WHERE name = 'metric_1' AND value > 50 "
        "ORDER BY value DESC LIMIT 20"
    )
    assert len(_open[0].execute(question).fetchall()) == 20


def frame() -> None:
    import pandas as pd

    runs = pd.read_sql("SELECT * FROM runs", _open[0]).set_index("id")
    params = pd.read_sql("SELECT * FROM params", _open[0])
    metrics = pd.read_sql("SELECT * FROM metrics", _open[0])
    wide = [
        one.pivot_table(index="run", columns="name", values="value") for one in (params, metrics)
    ]
    assert len(runs.join(wide)) == len(runs)
