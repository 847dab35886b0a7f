"""Runs whose kernel died: running in the store, with a session that nobody holds any more."""

from __future__ import annotations

from mm_jupyter.records import RunRef
from mm_jupyter.store.blobs import Blobs
from mm_jupyter.store.change import changing
from mm_jupyter.store.connect import Database
from mm_jupyter.store.interning import Interned
from mm_jupyter.store.locks import Locks

_RUNNING = (
    "SELECT s.key, r.id, e.name, r.version FROM runs r JOIN sessions s ON s.id = r.session "
    "JOIN experiments e ON e.id = r.experiment WHERE r.status = 'running' ORDER BY r.id"
)


def sweep(
    database: Database, blobs: Blobs, interned: Interned, locks: Locks, who: str
) -> tuple[RunRef, ...]:
    """Mark such runs as crashed and return their names.

    The session's lock is held meanwhile, so that no session comes to life between the look and the mark.
    """
    if database.read_only:
        return ()
    with database.read() as tx:
        running = tx.all(_RUNNING)
    found: list[RunRef] = []
    for session in dict.fromkeys(row[0] for row in running):
        try:
            lock = locks.take(session)
        except OSError:
            continue  # This place has no locks: nothing tells a slow kernel from a dead one.
        if lock is None:
            continue
        try:
            with changing(database, blobs, interned, who) as change:
                for _, run, experiment, version in [row for row in running if row[0] == session]:
                    if change.tx.run(
                        "UPDATE runs SET status = 'crashed' WHERE id = ? AND status = 'running'",
                        (run,),
                    ):
                        ref = RunRef(experiment, version)
                        change.audit(
                            "run.crashed", str(ref), {"status": "running"}, {"status": "crashed"}
                        )
                        found.append(ref)
        finally:
            lock.release()
    return tuple(found)
