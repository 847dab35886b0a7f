"""The noise of runs' metrics: written and read."""

from __future__ import annotations

from mm_jupyter.records import Noise, RunRef, from_json, to_json
from mm_jupyter.store.change import Change
from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.packed import unpack_json
from mm_jupyter.store.runs import run_id


def add_noise(change: Change, noise: Noise) -> None:
    """Append a measurement; the run's metrics carry the newest one."""
    tx = change.tx
    run = run_id(tx, noise.run)
    tx.run("INSERT INTO noises (run, data) VALUES (?, ?)", (run, change.pack(to_json(noise))))
    for spread in noise.spreads:
        name = change.interned.name(tx, spread.metric)
        tx.run(
            "UPDATE metrics SET deviation = ? WHERE run = ? AND name = ?",
            (spread.deviation, run, name),
        )
    after = {one.metric: one.deviation for one in noise.spreads}
    change.audit("run.noise", str(noise.run), None, {"noise": after, "replays": len(noise.replays)})


def read_noise(tx: Transaction, ref: RunRef) -> Noise | None:
    """The newest measurement of a run.

    Raises:
        NoSuchRun: there is none of that name.
    """
    sql = "SELECT data FROM noises WHERE run = ? ORDER BY id DESC LIMIT 1"
    row = tx.one(sql, (run_id(tx, ref),))
    return None if row is None else from_json(Noise, unpack_json(row[0]))
