"""Reading a database's file breaks none of the locks that a connection of this process holds on it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mm_jupyter.kernel.databases import connected, reading

OTHER = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], timeout=0.1, isolation_level=None)
try:
    other.execute("BEGIN IMMEDIATE")
    print("free")
except sqlite3.OperationalError:
    print("locked")
"""


def _seen_from_outside(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OTHER, str(path)], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _whole(path: Path) -> bytes:
    pieces = []
    with reading(str(path)) as file:
        while piece := file.read(1000):
            pieces.append(piece)
    return b"".join(pieces)


def test_a_lock_outlives_our_reading(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    connected(str(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=DELETE")  # its locks are on the file itself
        database.execute("CREATE TABLE t (x)")
        database.execute("BEGIN IMMEDIATE")
        assert _seen_from_outside(path) == "locked"
        assert _whole(path) == _whole(path) != b""
        assert _seen_from_outside(path) == "locked"


def test_any_other_file_is_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(b"x" * 5000)
    with reading(str(path)) as file:
        assert file.read(10) == b"x" * 10
    with pytest.raises(ValueError, match="closed"):
        file.read(1)
