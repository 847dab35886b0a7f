"""The queue of work. A job is taken by one worker at a time, ends once, and outlives whoever works on it.

A worker holds a lock of its name as long as it lives. What it took and did not end is taken again by the next worker
that looks, once that lock is free; where a place has no locks, once the worker has not been heard of for ``SILENT``
seconds. How far a job is changes every second and tells nothing about a run: it is not in the audit log.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mm_jupyter.errors import NotFound
from mm_jupyter.records import RunRef, Scalar, Verdict
from mm_jupyter.records.jobs import Batch, BatchKind, BatchState, Job, JobKind, Step
from mm_jupyter.store.change import Change
from mm_jupyter.store.connect import Row, Transaction
from mm_jupyter.store.packed import unpack_json
from mm_jupyter.store.runs import run_id
from mm_jupyter.store.scalars import storable

SILENT = 60.0
"""Seconds without a word after which a worker counts as dead where there are no locks."""
TRIES = 3
"""Workers that may die over a job before it is given up."""

Asked = tuple[JobKind, RunRef | None, Mapping[str, Scalar]]
"""A job to add: what, of which run, with which parameters."""

_JOB = (
    "SELECT j.id, b.key, j.kind, j.state, b.asked, j.tries, j.phase, j.cell, j.cells, j.started, j.ended, j.verdict, "
    "j.said, j.data, e.name, r.version FROM jobs j JOIN batches b ON b.id = j.batch "
    "LEFT JOIN runs r ON r.id = j.run LEFT JOIN experiments e ON e.id = r.experiment "
)
_LEFT = "j.state IN ('waiting', 'running')"


def add_batch(
    change: Change, kind: BatchKind, title: str, options: Mapping[str, Any], asked: Sequence[Asked]
) -> Batch:
    """Add jobs, all waiting.

    Raises:
        NoSuchRun: one of the runs is not there; then nothing is added.
    """
    tx = change.tx
    batch = Batch(
        id=f"{kind}-{secrets.token_hex(3)}", kind=kind, title=title, asked=time.time(),
        who=change.who, options=dict(options),
    )  # fmt: skip
    tx.run(
        "INSERT INTO batches (key, kind, asked, data) VALUES (?, ?, ?, ?)",
        (
            batch.id, kind, batch.asked,
            change.pack({"title": storable(title), "who": batch.who, "options": batch.options}),
        ),
    )  # fmt: skip
    number = _batch(tx, batch.id)
    tx.many(
        "INSERT INTO jobs (batch, run, kind, state, tries, phase, cell, cells, data) "
        "VALUES (?, ?, ?, 'waiting', 0, '', 0, 0, ?)",
        [
            (
                number,
                None if ref is None else run_id(tx, ref),
                what,
                change.pack(dict(parameters)) if parameters else None,
            )
            for what, ref, parameters in asked
        ],
    )
    change.audit("jobs.asked", batch.id, None, {"title": title, "jobs": len(asked)})
    return batch


def take(change: Change, job: int, worker: str) -> bool:
    """Take a job that waits. False: somebody else has it, or it has ended."""
    now = time.time()
    sql = (
        "UPDATE jobs SET state = 'running', worker = ?, seen = ?, tries = tries + 1, started = COALESCE(started, ?) "
        "WHERE id = ? AND state = 'waiting'"
    )
    return change.tx.run(sql, (worker, now, now, job)) == 1


def seen(change: Change, worker: str, steps: Sequence[Step], has: Sequence[int]) -> frozenset[int]:
    """Say that ``worker`` lives and where jobs of it are. Returns those that it ``has`` no more: cancelled ones."""
    sql = (
        "UPDATE jobs SET seen = ?, phase = ?, cell = ?, cells = ? "
        "WHERE id = ? AND worker = ? AND state = 'running'"
    )
    for step in steps:
        place = (time.time(), storable(step.phase), step.cell, step.cells, step.job, worker)
        change.tx.run(sql, place)
    still = change.tx.all("SELECT id FROM jobs WHERE worker = ? AND state = 'running'", (worker,))
    return frozenset(has) - {row[0] for row in still}


def end(
    change: Change,
    job: int,
    worker: str,
    *,
    run: RunRef | None = None,
    verdict: Verdict | None = None,
    said: str = "",
    failed: bool = False,
) -> bool:
    """End a job that ``worker`` has. False: it has it no more, and nothing of what it found may be kept."""
    given = None if run is None else run_id(change.tx, run)
    sql = (
        "UPDATE jobs SET state = ?, ended = ?, verdict = ?, said = ?, run = COALESCE(?, run), worker = NULL "
        "WHERE id = ? AND worker = ? AND state = 'running'"
    )
    state = "failed" if failed else "done"
    values = (state, time.time(), verdict, storable(said), given, job, worker)
    return change.tx.run(sql, values) == 1


def give_back(change: Change, worker: str) -> int:
    """Let what ``worker`` has and did not end wait again, as if it had never been taken: it was interrupted."""
    sql = (
        "UPDATE jobs SET state = 'waiting', worker = NULL, tries = tries - 1, phase = '', cell = 0, cells = 0 "
        "WHERE worker = ? AND state = 'running'"
    )
    return change.tx.run(sql, (worker,))


def cancel(change: Change, jobs: Sequence[int]) -> int:
    """Let jobs that have not ended never end. Returns how many they were."""
    count = sum(
        change.tx.run(
            "UPDATE jobs SET state = 'cancelled', ended = ?, worker = NULL "
            "WHERE id = ? AND state IN ('waiting', 'running')",
            (time.time(), job),
        )
        for job in jobs
    )
    if count:
        change.audit("jobs.cancelled", ", ".join(map(str, jobs[:20])), None, {"jobs": count})
    return count


def requeue(change: Change, is_live: Callable[[str], bool | None]) -> int:
    """Let jobs wait again whose worker died; one over which ``TRIES`` workers died has failed. Returns how many.

    ``is_live`` says whether a worker lives, None where nothing tells.
    """
    rows = change.tx.all("SELECT id, worker, seen, tries FROM jobs WHERE state = 'running'")
    lives = {worker: is_live(worker) for worker in {row[1] for row in rows}}
    dead = [
        (job, worker, tries)
        for job, worker, heard, tries in rows
        if lives[worker] is False or (lives[worker] is None and time.time() - heard > SILENT)
    ]
    for job, worker, tries in dead:
        if tries >= TRIES:
            said = f"{TRIES} processes died over it."
            end(change, job, worker, said=said, failed=True)
        else:
            change.tx.run(
                "UPDATE jobs SET state = 'waiting', worker = NULL, phase = '', cell = 0, cells = 0 "
                "WHERE id = ? AND worker = ?",
                (job, worker),
            )
    return len(dead)


def read_jobs(
    tx: Transaction, batch: str | None = None, *, left: bool = False, limit: int | None = None
) -> tuple[Job, ...]:
    """Jobs of a batch, or of all, in the order in which they were asked for; only those not ended with ``left``.

    With ``limit`` the last ones that were asked for.
    """
    where = ["1 = 1"] + (["b.key = ?"] if batch is not None else []) + ([_LEFT] if left else [])
    values: list[Any] = [] if batch is None else [batch]
    order = "DESC LIMIT ?" if limit is not None else ""
    rows = tx.all(
        f"{_JOB} WHERE {' AND '.join(where)} ORDER BY j.id {order}",
        [*values, *([limit] if limit is not None else [])],
    )
    return tuple(_job(row) for row in (reversed(rows) if limit is not None else rows))


def read_sidebar(tx: Transaction) -> tuple[Job, ...]:
    """The jobs that sidebars asked for and that have not ended, in their order."""
    rows = tx.all(f"{_JOB} WHERE b.kind = 'sidebar' AND {_LEFT} ORDER BY j.id")
    return tuple(_job(row) for row in rows)


def read_job(tx: Transaction, number: int) -> Job | None:
    row = tx.one(f"{_JOB} WHERE j.id = ?", (number,))
    return None if row is None else _job(row)


def read_ended(tx: Transaction, limit: int) -> tuple[Job, ...]:
    """The newest jobs that ended, newest first."""
    rows = tx.all(f"{_JOB} WHERE NOT {_LEFT} ORDER BY j.id DESC LIMIT ?", (limit,))
    return tuple(_job(row) for row in rows)


def read_batches(
    tx: Transaction, limit: int, kinds: Sequence[BatchKind] = ("replay", "sweep")
) -> tuple[BatchState, ...]:
    """The newest batches, newest first."""
    marks = ", ".join("?" * len(kinds))
    rows = tx.all(
        f"SELECT id, key, kind, asked, data FROM batches WHERE kind IN ({marks}) ORDER BY id DESC LIMIT ?",
        (*kinds, limit),
    )
    return tuple(_state(tx, row) for row in rows)


def read_batch(tx: Transaction, key: str) -> BatchState:
    """Raises NotFound where there is none."""
    row = tx.one("SELECT id, key, kind, asked, data FROM batches WHERE key = ?", (key,))
    if row is None:
        raise NotFound(f"There is no batch of jobs {key[:60]!r}: 'mm jobs' lists them.")
    return _state(tx, row)


def _state(tx: Transaction, row: Row) -> BatchState:
    number, key, kind, asked, data = row
    about = unpack_json(data)
    batch = Batch(
        id=key, kind=kind, title=about["title"], asked=asked, who=about["who"],
        options=about["options"],
    )  # fmt: skip
    sql = (
        "SELECT state, COUNT(*), MIN(started), MAX(ended) FROM jobs WHERE batch = ? GROUP BY state"
    )
    found = tx.all(sql, (number,))
    return BatchState(
        batch=batch,
        started=min((one[2] for one in found if one[2] is not None), default=None),
        ended=max((one[3] for one in found if one[3] is not None), default=None),
        **{one[0]: one[1] for one in found},
    )


def _batch(tx: Transaction, key: str) -> int:
    row = tx.one("SELECT id FROM batches WHERE key = ?", (key,))
    assert row is not None
    return int(row[0])


def _job(row: Row) -> Job:
    ref = None if row[14] is None else RunRef(row[14], row[15])
    return Job(
        id=row[0], batch=row[1], kind=row[2], state=row[3], asked=row[4], tries=row[5], phase=row[6],
        cell=row[7], cells=row[8], started=row[9], ended=row[10], verdict=row[11], said=row[12],
        parameters=unpack_json(row[13]), run=ref,
    )  # fmt: skip
