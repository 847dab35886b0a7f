"""Is everything in the store what was written? Derives every digest again and follows every reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from mm_jupyter.errors import StoreError
from mm_jupyter.records import RunId, RunRow
from mm_jupyter.store import packs, shape, wal
from mm_jupyter.store.blobs import BLOCKS, COLUMNS, FROM, block_ids, stored_bytes
from mm_jupyter.store.connect import Database, Row, Transaction
from mm_jupyter.store.interning import record_digest, source_digest
from mm_jupyter.store.packed import canonical, unpack, unpack_json
from mm_jupyter.store.references import references
from mm_jupyter.store.rereading import looks
from mm_jupyter.store.runs import read_rows
from mm_jupyter.store.write_runs import outcome_digest

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is not what was written. ``kind``: database, blob, pack, source, environment, git, reference,
    run, session, audit, job."""

    kind: str
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.why}"


def check(
    database: Database, folder: Path | None, progress: Progress | None = None
) -> tuple[Fault, ...]:
    """All faults. ``progress`` is called with the number of things checked and of things to check.

    Raises:
        StoreDamaged: the database cannot be read at all.
    """
    with database.read() as tx:
        total = sum(
            _size(tx, table) for table in ("blobs", "packs", "sources", "environments", "runs")
        )
        faults: list[Fault] = []
        done = 0
        for part in (
            *(() if database.postgres else (_integrity(tx, database.log), _shape(tx))),
            _blobs(tx, folder),
            _packs(tx, folder),
            _texts(tx),
            _runs(tx, database),
            _records(tx, database),
            _references(tx),
        ):
            for fault in _told(part, database):
                if fault is None:
                    done += 1
                    if progress and (done % 64 == 0 or done == total):
                        progress(min(done, total), total)
                else:
                    faults.append(fault)
    return tuple(faults)


def _told(part: Iterator[Fault | None], database: Database) -> Iterator[Fault | None]:
    """A part of the check, which may itself stumble over what it looks at; the other parts go on."""
    try:
        with database.decoding(), database.speaking():
            yield from part
    except StoreError as error:
        yield Fault(kind="database", name="store.db", why=str(error.args[-1]))


def _why(database: Database, look: Callable[[], object]) -> str | None:
    """Why something cannot be read, None where it can."""
    try:
        with database.decoding(), database.speaking():
            look()
    except StoreError as error:
        return str(error.args[-1])
    return None


def _size(tx: Transaction, table: str) -> int:
    row = tx.one(f"SELECT COUNT(*) FROM {table}")
    return int(row[0]) if row else 0


def _integrity(tx: Transaction, log: Path | None) -> Iterator[Fault]:
    why = wal.damage(log) if log else None
    if why:
        yield Fault(kind="database", name="store.db", why=why)
    for (said,) in tx.all("PRAGMA integrity_check"):
        if said != "ok":
            yield Fault(kind="database", name="store.db", why=said)
    for table, number, parent, _ in tx.all("PRAGMA foreign_key_check"):
        yield Fault(kind="database", name=table, why=f"row {number} refers to no row of {parent}")


def _shape(tx: Transaction) -> Iterator[Fault]:
    for name, why in shape.differences(tx):
        yield Fault(kind="database", name=name, why=why)


def _blobs(tx: Transaction, folder: Path | None) -> Iterator[Fault | None]:
    """A None for each blob checked, a fault for each that has other bytes than its digest says."""
    ids = [row[0] for row in tx.all("SELECT id FROM blobs ORDER BY pack, start, id")]
    for number in ids:
        row = tx.one(f"{COLUMNS}{FROM}b.id = ?", (number,))
        if row is not None:
            why = _wrong(tx, folder, row)
            if why:
                yield Fault(kind="blob", name=f"blake3:{bytes(row[1]).hex()}", why=why)
        yield None


def _wrong(tx: Transaction, folder: Path | None, row: Row) -> str | None:
    hasher, size = blake3(), 0
    try:
        rows = [row]
        if row[3] == BLOCKS:
            numbers = block_ids(row[4])
            kept = {
                each[0]: each for each in tx.within(f"{COLUMNS}{FROM}b.id IN (?)", set(numbers))
            }
            missing = len(set(numbers)) - len(kept)
            if missing:
                return f"{missing} of its blocks are not in the store"
            rows = [kept[each] for each in numbers]
        for data in stored_bytes(folder, rows):
            hasher.update(data)
            size += len(data)
    except FileNotFoundError:
        return "its pack file is gone"
    except StoreError as error:
        return str(error.args[-1])
    except (ValueError, OSError) as error:
        return str(error)
    if hasher.digest() != bytes(row[1]):
        return "its bytes have another digest"
    return None if size == row[2] else f"it has {size:,} bytes, {row[2]:,} were noted"


def _packs(tx: Transaction, folder: Path | None) -> Iterator[Fault | None]:
    for name, size in tx.all("SELECT name, size FROM packs"):
        path = None if folder is None else packs.path_of(folder, name)
        if path is None or not path.is_file():
            yield Fault(kind="pack", name=name, why="the file is gone")
        elif path.stat().st_size != size:
            yield Fault(
                kind="pack", name=name, why=f"it has {path.stat().st_size:,} bytes, not {size:,}"
            )
        yield None


def _texts(tx: Transaction) -> Iterator[Fault | None]:
    for kind, table in (("source", "sources"), ("git", "git_states")):
        for number, digest, data in tx.all(f"SELECT id, digest, data FROM {table}"):
            why = _differs(data, bytes(digest))
            if why:
                yield Fault(kind=kind, name=f"number {number}", why=why)
            if kind == "source":
                yield None
    for digest, data in tx.all("SELECT digest, data FROM environments"):
        try:
            same = record_digest(unpack_json(data)) == digest
        except StoreError as error:
            yield Fault(kind="environment", name=digest, why=str(error.args[-1]))
        else:
            if not same:
                yield Fault(kind="environment", name=digest, why="it has another digest")
        yield None


def _differs(data: bytes, digest: bytes) -> str | None:
    try:
        return None if source_digest(unpack(data)) == digest else "it has another digest"
    except StoreError as error:
        return str(error.args[-1])


def _runs(tx: Transaction, database: Database) -> Iterator[Fault | None]:
    """What a run gave, against the digest that the audit log noted when it was closed."""
    noted = {
        target: json.loads(after).get("digest")
        for target, after in tx.all(
            "SELECT object, after FROM audit WHERE what = 'run.closed' ORDER BY number"
        )
    }
    for number, detail in tx.all("SELECT id, detail FROM runs ORDER BY id"):
        found: list[RunRow] = []
        why = _why(database, lambda: found.extend(read_rows(tx, [RunId(number)])))  # noqa: B023  # called at once
        name = str(found[0].ref) if found else f"number {number}"
        why = why or _differs_from(noted.get(name), found[0], detail)
        if why:
            yield Fault(kind="run", name=name, why=why)
        yield None


def _records(tx: Transaction, database: Database) -> Iterator[Fault]:
    """What has no digest is read as readers read it."""
    for kind, name, look in looks(tx):
        why = _why(database, look)
        if why:
            yield Fault(kind=kind, name=name, why=why)


def _differs_from(noted: str | None, row: RunRow, detail: bytes | None) -> str | None:
    try:
        metrics = row.metric_records
        derived = outcome_digest(row.status, row.params, metrics, canonical(unpack_json(detail)))
    except StoreError as error:
        return str(error.args[-1])
    return None if noted in (None, derived) else "it is not what was recorded when it ended"


def _references(tx: Transaction) -> Iterator[Fault]:
    try:
        there = {bytes(row[0]) for row in tx.all("SELECT digest FROM blobs")}
        for owner, digest in references(tx):
            if digest not in there:
                name = f"blake3:{digest.hex()}"
                yield Fault(
                    kind="reference", name=owner, why=f"its blob {name[:19]}... is not in the store"
                )
    except StoreError as error:
        yield Fault(kind="reference", name="details", why=str(error.args[-1]))
    for owner, column, table in (
        ("runs", "source", "sources"),
        ("executions", "source", "sources"),
        ("runs", "environment", "environments"),
        ("runs", "git", "git_states"),
    ):
        row = tx.one(
            f"SELECT COUNT(*) FROM {owner} o WHERE o.{column} IS NOT NULL "
            f"AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.id = o.{column})"
        )
        if row and row[0]:
            yield Fault(kind="reference", name=owner, why=f"{row[0]} of them refer to no {column}")
