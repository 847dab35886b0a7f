"""Garbage: blobs and sources that nothing refers to any more, and the bytes that they took.

Safe beside live writers: what they put and did not register yet brings its own bytes, or counts on blocks that are
there already and then shares a lock which a collection takes alone (``locks.PUTS``). While a writer holds it, only
small blobs are collected.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from mm_jupyter.store import packs
from mm_jupyter.store.blobs import BLOCKS, block_ids
from mm_jupyter.store.change import Change
from mm_jupyter.store.connect import Database, Transaction
from mm_jupyter.store.locks import PUTS, Lock, Locks
from mm_jupyter.store.references import references

WAIT = 2.0
ORPHAN_AGE = 24 * 3600.0
"""Seconds after which a pack that no row names is what a killed kernel left."""
_SPARSE = 0.5
_UNUSED_SOURCES = (
    " FROM sources WHERE id NOT IN (SELECT source FROM runs UNION SELECT source FROM executions)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a collection removed, or would remove; ``bytes`` is what the disk gets back (estimated in a dry run).

    ``postponed``: a live kernel was about to use large blobs, which were left for the next time.
    """

    blobs: int
    sources: int
    bytes: int
    dry_run: bool
    postponed: bool


def collect(
    database: Database,
    locks: Locks,
    folder: Path | None,
    start: Callable[[], AbstractContextManager[Change]],
    *,
    dry_run: bool,
) -> Collected:
    """Collect garbage; each change is made inside ``start()``."""
    if dry_run:
        with database.read() as tx:
            return _result(tx, _garbage(tx, everything=True), dry_run=True, postponed=False)
    guard = _alone(locks)
    try:
        _checkpoint(database)
        before = _disk(folder)
        with start() as change:
            # Without a folder blocks are rows like small blobs: nothing tells them apart.
            garbage = _garbage(change.tx, everything=True) if guard else []
            if guard is None and folder is not None:
                garbage = _garbage(change.tx, everything=False)
            result = _result(change.tx, garbage, dry_run=False, postponed=guard is None)
            _remove(change, result, garbage)
        if guard and folder is not None:
            _tidy_packs(database, folder, start)
        _give_back(database)
        freed = result.bytes if folder is None else max(0, before - _disk(folder))
        return Collected(
            blobs=result.blobs,
            sources=result.sources,
            bytes=freed,
            dry_run=False,
            postponed=result.postponed,
        )
    finally:
        if guard:
            guard.release()


def _alone(locks: Locks) -> Lock | None:
    try:
        return locks.take(PUTS, wait=WAIT)
    except OSError:
        return None


def _garbage(tx: Transaction, *, everything: bool) -> list[tuple[int, int]]:
    """Id and stored bytes of each blob that nothing refers to; only of small ones unless ``everything``."""
    wanted = {digest for _, digest in references(tx)}
    rows = tx.all(
        "SELECT id, digest, codec, pack IS NULL, COALESCE(stored, length(data)) FROM blobs"
    )
    live = {row[0] for row in rows if bytes(row[1]) in wanted}
    lists = [row[0] for row in rows if row[2] == BLOCKS and row[0] in live]
    for (data,) in tx.within("SELECT data FROM blobs WHERE id IN (?)", lists):
        live.update(block_ids(data))
    return [
        (row[0], row[4])
        for row in rows
        if row[0] not in live and (everything or (row[3] and row[2] != BLOCKS))
    ]


def _result(
    tx: Transaction, garbage: list[tuple[int, int]], *, dry_run: bool, postponed: bool
) -> Collected:
    sources = tx.one(f"SELECT COUNT(*), COALESCE(SUM(length(data)), 0){_UNUSED_SOURCES}")
    assert sources is not None
    return Collected(
        blobs=len(garbage),
        sources=int(sources[0]),
        bytes=sum(stored for _, stored in garbage) + int(sources[1]),
        dry_run=dry_run,
        postponed=postponed,
    )


def _remove(change: Change, result: Collected, garbage: list[tuple[int, int]]) -> None:
    tx = change.tx
    tx.many("DELETE FROM blobs WHERE id = ?", [(number,) for number, _ in garbage])
    tx.run(f"DELETE{_UNUSED_SOURCES}")
    if result.blobs or result.sources:
        before = {"blobs": result.blobs, "sources": result.sources, "bytes": result.bytes}
        change.audit("store.collected", "store", before, None)


def _tidy_packs(
    database: Database, folder: Path, start: Callable[[], AbstractContextManager[Change]]
) -> None:
    """Remove packs without live blocks, rewrite those that are mostly dead, drop what killed kernels left."""
    with database.read() as tx:
        rows = tx.all(
            "SELECT p.id, p.name, p.size, COALESCE(SUM(b.stored), 0) FROM packs p "
            "LEFT JOIN blobs b ON b.pack = p.id GROUP BY p.id, p.name, p.size"
        )
    for number, name, size, live in rows:
        if live >= size * _SPARSE and live:
            continue
        with start() as change:
            if live:
                _rewrite(change.tx, folder, number, name)
            change.tx.run("DELETE FROM packs WHERE id = ?", (number,))
        packs.path_of(folder, name).unlink(missing_ok=True)
    with database.read() as tx:
        named = {packs.path_of(folder, row[0]).name for row in tx.all("SELECT name FROM packs")}
    for path in _files(folder):
        found = None if path.name in named else _stat(path)
        if found and time.time() - found.st_mtime > ORPHAN_AGE:
            path.unlink(missing_ok=True)


def _rewrite(tx: Transaction, folder: Path, number: int, name: str) -> None:
    """Copy the live blocks of a pack to a new one. A reader that still looks for the old one tries again."""
    rows = tx.all("SELECT id, start, stored FROM blobs WHERE pack = ? ORDER BY start", (number,))
    fresh, at, moved = packs.new_name(), 0, []
    with packs.making(folder, fresh) as file:
        ranges = [(start, stored) for _, start, stored in rows]
        for (blob, _, _), data in zip(
            rows, packs.read_ranges(packs.path_of(folder, name), ranges), strict=True
        ):
            moved.append((at, blob))
            at += packs.write_all(file, data)
    made = tx.one("INSERT INTO packs (name, size) VALUES (?, ?) RETURNING id", (fresh, at))
    assert made is not None
    tx.many("UPDATE blobs SET pack = ?, start = ? WHERE id = ?", [(made[0], *row) for row in moved])


def _give_back(database: Database) -> None:
    if database.postgres:
        database.outside("VACUUM blobs", "VACUUM sources")
    else:
        database.outside("PRAGMA incremental_vacuum")
        _checkpoint(database)


def _checkpoint(database: Database) -> None:
    """Empty SQLite's WAL, unless a reader needs it: nobody waits for long here."""
    if not database.postgres:
        restore = f"PRAGMA busy_timeout = {database.patience * 1000:.0f}"
        database.outside("PRAGMA busy_timeout = 100", "PRAGMA wal_checkpoint(TRUNCATE)", restore)


def _disk(folder: Path | None) -> int:
    """Bytes of all files of the store."""
    if folder is None:
        return 0
    found = map(_stat, [*_files(folder), *folder.parent.glob("store.db*")])
    return sum(each.st_size for each in found if each)


def _stat(path: Path) -> os.stat_result | None:
    """None when a writer gave the file its name, or another collection took it, since it was listed."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _files(folder: Path) -> list[Path]:
    return [Path(entry) for entry in os.scandir(folder)] if folder.is_dir() else []
