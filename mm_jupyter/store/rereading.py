"""Everything that has no digest of its own, read as its readers read it; for ``fsck``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.records import RunId, RunRef, Session, SessionId, to_json
from mm_jupyter.store import jobs, noises, series, sessions, verdicts
from mm_jupyter.store.audit import read_audit
from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.runs import read_run
from mm_jupyter.store.scalars import storable

Look = Callable[[], object]
_RUNS = "SELECT r.id, e.name, r.version FROM runs r JOIN experiments e ON e.id = r.experiment ORDER BY r.id"
_PAGE = 1000


def looks(tx: Transaction) -> Iterator[tuple[str, str, Look]]:
    """Kind and name of each thing, and a call that reads it and raises where that cannot be done."""
    for number, experiment, version in tx.all(_RUNS):
        ref = RunRef(experiment, version)
        yield "run", str(ref), partial(_run, tx, RunId(number), ref)
    yield from _sessions(tx)
    yield "job", "queue", partial(jobs.read_jobs, tx)
    yield "job", "batches", partial(jobs.read_batches, tx, 2**31, ("replay", "sweep", "sidebar"))
    row = tx.one("SELECT COUNT(*), MIN(number), MAX(number) FROM audit")
    assert row is not None
    yield "audit", "log", partial(_gapless, *row)
    for start in range(0, row[2] or 0, _PAGE):
        yield "audit", f"entries from {start + 1}", partial(_entries, tx, start)


def _run(tx: Transaction, number: RunId, ref: RunRef) -> None:
    read_run(tx, ref, {})
    series.read_series(tx, number)
    verdicts.read_verdicts(tx, ref)
    noises.read_noise(tx, ref)


def _sessions(tx: Transaction) -> Iterator[tuple[str, str, Look]]:
    noted: dict[str, list[str]] = {}
    sql = "SELECT object, after FROM audit WHERE what = 'session.opened' ORDER BY number"
    for target, after in tx.all(sql):
        noted.setdefault(target, []).append(after)
    for session in sessions.read_sessions(tx):
        said = noted.get(f"session {session.id}", [])
        yield "session", session.id, partial(_session, tx, session, said)


def _session(tx: Transaction, session: Session, noted: Sequence[str]) -> None:
    """A session that was opened again kept what it was, but for its notebook."""
    sessions.read_executions(tx, SessionId(session.id))
    if not noted:
        raise StoreDamaged(f"Session {session.id}", "the audit log does not know it")
    said = {**json.loads(noted[0]), "notebook": json.loads(noted[-1]).get("notebook")}
    differs = [name for name, value in to_json(session).items() if _kept(said.get(name)) != value]
    if differs:
        why = f"it is not what was opened ({', '.join(differs)})"
        raise StoreDamaged(f"Session {session.id}", why)


def _kept(value: object) -> object:
    return storable(value) if isinstance(value, str) else value


def _gapless(count: int, first: int | None, last: int | None) -> None:
    if count and (first, last) != (1, count):
        raise StoreDamaged("The audit log", f"it has {count} entries numbered {first} to {last}")


def _entries(tx: Transaction, after: int) -> None:
    for entry in read_audit(tx, None, _PAGE, after):
        for text in (entry.before, entry.after):
            if text is not None:
                json.loads(text)
