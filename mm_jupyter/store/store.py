"""A store: opened once, read from any thread; what changes it is a ``Writer``."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from mm_jupyter.errors import StoreError
from mm_jupyter.records import (
    AuditEntry,
    BlobDigest,
    Condition,
    Environment,
    Execution,
    Judgement,
    Noise,
    Query,
    Run,
    RunId,
    RunRef,
    RunRow,
    SeriesChunk,
    Session,
    SessionId,
)
from mm_jupyter.records.history import ExperimentHead
from mm_jupyter.records.jobs import BatchKind, BatchState, Job
from mm_jupyter.records.table import RunTable
from mm_jupyter.store import (
    audit,
    blobs,
    crashed,
    fsck,
    gc,
    groups,
    jobs,
    noises,
    opening,
    runs,
    searching,
    series,
    sessions,
    tables,
    verdicts,
)
from mm_jupyter.store.change import changing
from mm_jupyter.store.connect import PATIENCE, Database
from mm_jupyter.store.interning import Interned
from mm_jupyter.store.locks import AdvisoryLocks, FileLocks, Locks
from mm_jupyter.store.watch import Watch
from mm_jupyter.store.writer import Writer

FILE = "store.db"
ALL = Query()


class Store:
    """The runs, sessions, blobs, verdicts and audit log of a workspace.

    ``folder`` is None for a PostgreSQL store, whose blobs are in the database. Reads see what was committed when they
    began. Each method may raise StoreLocked or StoreDamaged.
    """

    def __init__(self, database: Database, folder: Path | None) -> None:
        self.folder = folder
        self._database = database
        self._locks: Locks = (
            AdvisoryLocks(database.engine) if folder is None else FileLocks(folder / "locks")
        )
        self._packs = None if folder is None else folder / "packs"
        self._blobs = blobs.Blobs(database, self._locks, self._packs)
        self._interned = Interned()
        self._environments: dict[int, Environment] = {}
        _open_stores.add(self)

    @classmethod
    def open(cls, where: Path | str, *, create: bool = False, patience: float = PATIENCE) -> Store:
        """Open the store in the folder ``where`` (``.mm``), or at a URL ``postgresql://...``.

        An older one is brought up to date first. ``patience``: seconds to wait for other processes.

        Raises:
            StoreError: there is none, and ``create`` is False.
            StoreTooNew: a newer version wrote it.
            StoreReadOnly: it cannot be made, or must be brought up to date and cannot be written.
        """
        if isinstance(where, str) and "://" in where:
            database, folder = Database(where, patience=patience), None
        else:
            folder = Path(where)
            if not create and not (folder / FILE).is_file():
                raise StoreError(f"There is no store in {folder}.")
            if create:
                opening.make_folder(folder)
            database = Database(folder / FILE, patience=patience)
        try:
            opening.prepare(database, create=create)
        except BaseException:
            database.close()
            raise
        return cls(database, folder)

    def close(self) -> None:
        """Let go of connections and of the locks of sessions that are still open."""
        self._locks.release_all()
        self._database.close()

    @property
    def place(self) -> str:
        """How sentences call this store: its folder, or its URL without the password."""
        return self._database.place

    @property
    def read_only(self) -> bool:
        """Whether the operating system lets us write here."""
        return self._database.read_only

    def writer(self, *, who: str) -> Writer:
        """The verbs that change this store, in the name of ``who`` (``ada@laptop``)."""
        return Writer(self._database, self._blobs, self._interned, self._locks, who)

    def runs(self, query: Query = ALL) -> tuple[RunRow, ...]:
        """The runs that fit a query, sorted and cut as it says; by default all of them, newest first."""
        with self._database.read() as tx:
            return runs.read_rows(tx, searching.find(tx, query))

    def table(self, query: Query = ALL) -> RunTable:
        """The same runs as columns."""
        with self._database.read() as tx:
            return tables.read_table(tx, searching.find(tx, query))

    def count(self, condition: Condition | None = None) -> int:
        """How many runs fit."""
        with self._database.read() as tx:
            return searching.count(tx, condition)

    def all_in(self, notebook: str) -> bool:
        """Was every run made in this notebook? Then it need not be asked of each."""
        with self._database.read() as tx:
            return searching.all_in(tx, notebook)

    def run(self, ref: RunRef) -> Run:
        """A run whole. Raises NoSuchRun with the nearest names."""
        with self._database.read() as tx:
            return runs.read_run(tx, ref, self._environments)

    def row(self, ref: RunRef) -> RunRow:
        """A run as a list shows it. Raises NoSuchRun with the nearest names."""
        with self._database.read() as tx:
            return runs.read_rows(tx, [runs.run_id(tx, ref)])[0]

    def rows(self, refs: Sequence[RunRef]) -> tuple[RunRow, ...]:
        """Those of the runs that are there, as a list shows them."""
        with self._database.read() as tx:
            return runs.read_rows(tx, runs.ids_of(tx, refs))

    def session_runs(self, session: SessionId) -> tuple[RunRow, ...]:
        """The runs of a session in the order in which they were opened."""
        with self._database.read() as tx:
            return runs.read_rows(tx, runs.ids_of_session(tx, session))

    def children(self, run: RunId) -> tuple[RunRow, ...]:
        """The runs within a notebook's or a script's run, in the order in which they were opened."""
        with self._database.read() as tx:
            return runs.read_rows(tx, runs.ids_within(tx, run))

    def experiments(self) -> dict[str, int]:
        """The names of experiments that have runs, and how many."""
        with self._database.read() as tx:
            return runs.experiments(tx)

    def heads(
        self, choose: groups.Choose, newest: int, condition: Condition | None = None
    ) -> list[ExperimentHead]:
        """Every experiment that has runs that fit, as a list of them shows it; see ``groups.read_heads``."""
        with self._database.read() as tx:
            return groups.read_heads(tx, choose, newest, condition)

    def session(self, session: SessionId) -> Session:
        """Raises NotFound when there is none."""
        with self._database.read() as tx:
            return sessions.read_session(tx, session)

    def sessions(self) -> tuple[Session, ...]:
        """Every session, newest first."""
        with self._database.read() as tx:
            return sessions.read_sessions(tx)

    def executions(self, session: SessionId, up_to_seq: int | None = None) -> tuple[Execution, ...]:
        """The executions of a session in order, up to ``up_to_seq`` included."""
        with self._database.read() as tx:
            return sessions.read_executions(tx, session, up_to_seq)

    def series(self, run: RunId, name: str | None = None) -> tuple[SeriesChunk, ...]:
        """The series of a run, one chunk each, by name; only ``name`` where it is given."""
        with self._database.read() as tx:
            return series.read_series(tx, run, name)

    def verdicts(self, ref: RunRef) -> tuple[Judgement, ...]:
        """What was said about a run, oldest first. Raises NoSuchRun."""
        with self._database.read() as tx:
            return verdicts.read_verdicts(tx, ref)

    def noise(self, ref: RunRef) -> Noise | None:
        """The newest measurement of a run's noise, None where there is none. Raises NoSuchRun."""
        with self._database.read() as tx:
            return noises.read_noise(tx, ref)

    def newest_verdicts(self, limit: int) -> tuple[Judgement, ...]:
        """The newest judgements of the whole store, newest first."""
        with self._database.read() as tx:
            return verdicts.read_newest(tx, limit)

    def verdict_counts(self) -> dict[str, int]:
        """How many runs have which newest verdict."""
        with self._database.read() as tx:
            return verdicts.counts(tx)

    def jobs(self, batch: str | None = None, *, left: bool = False) -> tuple[Job, ...]:
        """The jobs of a batch, or of all, in the order in which they were asked for; with ``left`` those not ended."""
        with self._database.read() as tx:
            return jobs.read_jobs(tx, batch, left=left)

    def sidebar_jobs(self) -> tuple[Job, ...]:
        """The jobs that sidebars asked for and that have not ended, in their order."""
        with self._database.read() as tx:
            return jobs.read_sidebar(tx)

    def job(self, number: int) -> Job | None:
        """One job, None where there is none."""
        with self._database.read() as tx:
            return jobs.read_job(tx, number)

    def ended_jobs(self, limit: int) -> tuple[Job, ...]:
        """The newest jobs that ended, newest first."""
        with self._database.read() as tx:
            return jobs.read_ended(tx, limit)

    def batches(
        self, limit: int, kinds: Sequence[BatchKind] = ("replay", "sweep")
    ) -> tuple[BatchState, ...]:
        """The newest batches of jobs, newest first."""
        with self._database.read() as tx:
            return jobs.read_batches(tx, limit, kinds)

    def batch(self, key: str) -> BatchState:
        """Raises NotFound where there is none."""
        with self._database.read() as tx:
            return jobs.read_batch(tx, key)

    def names(self, table: Literal["metrics", "params", "tags"]) -> tuple[str, ...]:
        """The names in use, by name."""
        with self._database.read() as tx:
            return runs.names_in(tx, table)

    def cells(self, notebook: str) -> tuple[RunRow, ...]:
        """The newest run of each tracked cell of a notebook."""
        with self._database.read() as tx:
            return runs.read_rows(tx, runs.ids_of_cells(tx, notebook))

    def cell_runs(self, notebook: str, cell_id: str, limit: int) -> tuple[RunRow, ...]:
        """The runs of one cell, newest first."""
        with self._database.read() as tx:
            return runs.read_rows(tx, runs.ids_of_cell(tx, notebook, cell_id, limit))

    def sources(self, ids: Sequence[RunId]) -> dict[RunId, str]:
        """The sources of runs."""
        with self._database.read() as tx:
            return runs.read_sources(tx, ids)

    def latest_points(self, ids: Sequence[RunId]) -> dict[RunId, dict[str, tuple[int, float]]]:
        """The last step and value of every series of these runs."""
        with self._database.read() as tx:
            return series.latest_points(tx, ids)

    def watch(self) -> Watch:
        """A look that is cheap to repeat: has anything been committed since?"""
        return Watch(self._database)

    def audit(
        self, target: str | None = None, *, limit: int | None = None, after: int = 0
    ) -> tuple[AuditEntry, ...]:
        """Entries of the audit log numbered above ``after``, oldest first; only about ``target`` where given."""
        with self._database.read() as tx:
            return audit.read_audit(tx, target, limit, after)

    def read_blob(self, digest: BlobDigest) -> bytes:
        """The bytes of a blob, checked against its digest. Raises StoreDamaged."""
        pending = self._blobs.read_pending(digest)
        if pending is not None:
            return pending
        return blobs.read(self._database, self._packs, digest)

    def sweep_crashed(self, *, who: str = "mm") -> tuple[RunRef, ...]:
        """Mark running runs whose session no process holds any more as crashed; returns them.

        Does nothing where the store cannot be written.
        """
        return crashed.sweep(self._database, self._blobs, self._interned, self._locks, who)

    def gc(self, *, dry_run: bool = False, who: str = "mm") -> gc.Collected:
        """Remove blobs and sources that no run or execution refers to, and give their bytes back to the disk."""
        start = partial(changing, self._database, self._blobs, self._interned, who)
        return gc.collect(self._database, self._locks, self._packs, start, dry_run=dry_run)

    def fsck(self, progress: Callable[[int, int], None] | None = None) -> tuple[fsck.Fault, ...]:
        """Derive every digest again and follow every reference; ``progress`` gets done and total.

        Returns what is wrong: nothing is repaired.
        """
        return fsck.check(self._database, self._packs, progress)


_open_stores: weakref.WeakSet[Store] = weakref.WeakSet()


def _forget_all() -> None:
    """A child of a fork shares its parent's connections and would corrupt both: it opens its own."""
    for store in list(_open_stores):
        store._database.forget()
        store._blobs.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
