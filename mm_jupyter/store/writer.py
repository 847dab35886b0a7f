"""Every change of state goes through here: rows, blobs and an audit entry in one transaction.

A writer fits the kernel's protocol ``Sink`` and has the verbs of people beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from mm_jupyter.records import (
    BlobDigest,
    Closed,
    ContentDigest,
    Environment,
    Execution,
    GitState,
    Judgement,
    Noise,
    Outcome,
    RunId,
    RunOpening,
    RunRef,
    SeriesChunk,
    Session,
    SessionId,
    Verdict,
)
from mm_jupyter.records.jobs import Batch, BatchKind, Step
from mm_jupyter.store import jobs, noises, write_notes, write_runs, write_sessions
from mm_jupyter.store.blobs import Blobs, Buffer
from mm_jupyter.store.change import Change, changing
from mm_jupyter.store.connect import Database
from mm_jupyter.store.interning import Interned
from mm_jupyter.store.locks import Lock, Locks


class Writer:
    """The verbs that change a store, from any thread, in the name of ``who``.

    Each verb is one transaction. Each may raise StoreReadOnly, StoreLocked or StoreDamaged, and then nothing changed.
    """

    def __init__(
        self, database: Database, blobs: Blobs, interned: Interned, locks: Locks, who: str
    ) -> None:
        self._database, self._blobs, self._interned, self._locks = database, blobs, interned, locks
        self._sessions: dict[str, Lock] = {}
        self.who = who

    def put(self, *buffers: Buffer) -> BlobDigest:
        """Keep the concatenation of ``buffers``; it becomes durable with the next row that names it."""
        return self._blobs.put(*buffers)

    def environment(self, environment: Environment) -> ContentDigest:
        """Keep an environment once and return its digest."""
        with self._change() as change:
            return ContentDigest(write_sessions.put_environment(change, environment))

    def open_session(self, session: Session) -> None:
        """Add a session and hold its lock until ``close_session`` or the end of this process."""
        if session.id not in self._sessions:
            lock = _lock_if_possible(self._locks, session.id)
            if lock:
                self._sessions[session.id] = lock
        with self._change() as change:
            write_sessions.open_session(change, session)

    def close_session(self, session: SessionId, ended: float) -> None:
        """Note the end of a session and let go of its lock."""
        try:
            with self._change() as change:
                write_sessions.close_session(change, session, ended)
        finally:
            lock = self._sessions.pop(session, None)
            if lock:
                lock.release()

    def append(self, executions: Sequence[Execution]) -> None:
        """Add executions that ended; one of the same session and ``seq`` is replaced."""
        if executions:
            with self._change() as change:
                write_sessions.append(change, executions)

    def open_run(
        self, opening: RunOpening, executions: Sequence[Execution]
    ) -> tuple[RunId, RunRef]:
        """Add ``executions`` and a running run: the next version of its experiment.

        Raises:
            BadName: the experiment's name is none.
            NotFound: its session was not opened.
        """
        with self._change() as change:
            return write_runs.open_run(change, opening, executions)

    def add_points(self, run: RunId, chunks: Sequence[SeriesChunk]) -> None:
        """Append points to series of a run. Raises NoSuchRun when it was deleted."""
        if chunks:
            with self._change() as change:
                write_runs.add_points(change, run, chunks)

    def close_run(self, run: RunId, outcome: Outcome, execution: Execution | None) -> Closed:
        """End a run with what it gave. Raises NoSuchRun when it was deleted."""
        with self._change() as change:
            return write_runs.close_run(change, run, outcome, execution)

    def set_git(self, run: RunId, git: GitState) -> None:
        """Say what was checked out. Raises NoSuchRun when the run was deleted."""
        with self._change() as change:
            write_runs.set_git(change, run, git)

    def tag(self, ref: RunRef, key: str, value: str | None) -> None:
        """Set a tag, or take it away with None. Raises NoSuchRun."""
        with self._change() as change:
            write_notes.tag(change, ref, key, value)

    def set_note(self, ref: RunRef, text: str | None) -> None:
        """Set the note, or take it away. Raises NoSuchRun."""
        with self._change() as change:
            write_notes.set_note(change, ref, text)

    def add_verdict(self, judgement: Judgement) -> None:
        """Append a verdict to a run. Raises NoSuchRun."""
        with self._change() as change:
            write_notes.add_verdict(change, judgement)

    def add_noise(self, noise: Noise) -> None:
        """Append a measurement of a run's noise. Raises NoSuchRun."""
        with self._change() as change:
            noises.add_noise(change, noise)

    def add_batch(
        self, kind: BatchKind, title: str, options: Mapping[str, Any], asked: Sequence[jobs.Asked]
    ) -> Batch:
        """Add jobs to the queue. Raises NoSuchRun, and then none is added."""
        with self._change() as change:
            return jobs.add_batch(change, kind, title, options, asked)

    def work_as(self, worker: str) -> Lock | None:
        """Hold the lock that says that ``worker`` lives; None where there are no locks. Release it at the end."""
        return _lock_if_possible(self._locks, worker)

    def take(self, job: int, worker: str) -> bool:
        """Take a job that waits. False: somebody else has it, or it has ended."""
        with self._change() as change:
            return jobs.take(change, job, worker)

    def seen(self, worker: str, steps: Sequence[Step], has: Sequence[int]) -> frozenset[int]:
        """Say where jobs of ``worker`` are. Returns those that it ``has`` no more: they were cancelled."""
        with self._change() as change:
            return jobs.seen(change, worker, steps, has)

    def end_job(
        self,
        job: int,
        worker: str,
        *,
        judgement: Judgement | None = None,
        run: RunRef | None = None,
        verdict: Verdict | None = None,
        said: str = "",
        failed: bool = False,
    ) -> bool:
        """End a job with what it gave; ``judgement`` is kept with it, or neither is.

        Returns False where ``worker`` has the job no more. Raises NoSuchRun where the run was deleted.
        """
        with self._change() as change:
            if judgement is not None:
                verdict, said = judgement.verdict, judgement.said
            if not jobs.end(
                change, job, worker, run=run, verdict=verdict, said=said, failed=failed
            ):
                return False
            if judgement is not None:
                write_notes.add_verdict(change, judgement)
            return True

    def give_back(self, worker: str) -> int:
        """Let the jobs of ``worker`` wait again, and say how many."""
        with self._change() as change:
            return jobs.give_back(change, worker)

    def cancel_jobs(self, asked: Sequence[int]) -> int:
        """Let jobs that have not ended never end, and say how many."""
        with self._change() as change:
            return jobs.cancel(change, asked)

    def requeue(self) -> int:
        """Let the jobs of workers that died wait again, and say how many."""
        with self._change() as change:
            return jobs.requeue(change, self._lives)

    def delete(self, refs: Sequence[RunRef]) -> None:
        """Take runs away; ``Store.gc`` then gives their bytes back. Raises NoSuchRun, and then none is deleted."""
        with self._change() as change:
            write_notes.delete(change, refs, self._is_live)

    def _change(self) -> AbstractContextManager[Change]:
        return changing(self._database, self._blobs, self._interned, self.who)

    def _is_live(self, session: str) -> bool:
        return is_live(self._locks, session)

    def _lives(self, worker: str) -> bool | None:
        try:
            lock = self._locks.take(worker)
        except OSError:
            return None
        if lock is None:
            return True
        lock.release()
        return False


def is_live(locks: Locks, session: str) -> bool:
    """Whether some process holds the lock of a session. Where there are no locks a session counts as alive."""
    try:
        lock = locks.take(session)
    except OSError:
        return True
    if lock is None:
        return True
    lock.release()
    return False


def _lock_if_possible(locks: Locks, session: str) -> Lock | None:
    try:
        return locks.take(session)
    except OSError:
        return None
