"""Reading verdicts."""

from __future__ import annotations

from mm_jupyter.records import Judgement, RunRef, from_json
from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.packed import unpack_json
from mm_jupyter.store.runs import run_id


def read_verdicts(tx: Transaction, ref: RunRef) -> tuple[Judgement, ...]:
    """What was said about a run, oldest first.

    Raises:
        NoSuchRun: there is none of that name.
    """
    rows = tx.all("SELECT data FROM verdicts WHERE run = ? ORDER BY id", (run_id(tx, ref),))
    return tuple(from_json(Judgement, unpack_json(row[0])) for row in rows)


def read_newest(tx: Transaction, limit: int) -> tuple[Judgement, ...]:
    rows = tx.all("SELECT data FROM verdicts ORDER BY id DESC LIMIT ?", (limit,))
    return tuple(from_json(Judgement, unpack_json(row[0])) for row in rows)


def counts(tx: Transaction) -> dict[str, int]:
    sql = "SELECT verdict, COUNT(*) FROM runs WHERE verdict IS NOT NULL GROUP BY verdict"
    return dict(tx.all(sql))
