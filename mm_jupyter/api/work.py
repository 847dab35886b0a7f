"""The queue of jobs as it is looked at: what runs and what comes next, batches, and what a sweep gave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mm_jupyter.api.runs import found
from mm_jupyter.errors import BadInput
from mm_jupyter.records import RunRef, RunRow
from mm_jupyter.records.jobs import Work
from mm_jupyter.records.sweep import Point, Sweep
from mm_jupyter.workspace import Workspace

NEXT = 50
"""Jobs that wait and are told of."""


def work(*, workspace: Workspace | None = None) -> Work:
    """The queue of jobs: what runs, what comes next, what was asked for."""
    store = found(workspace).store
    left = store.jobs(left=True)
    waiting = [job for job in left if job.state == "waiting"]
    batches = store.batches(20)
    known = [
        read_sweep(one.batch.id, workspace=workspace)
        for one in batches
        if one.batch.kind == "sweep"
    ]
    return Work(
        running=tuple(job for job in left if job.state == "running"),
        next=tuple(waiting[:NEXT]),
        waiting=len(waiting),
        ended=store.ended_jobs(30),
        batches=batches,
        sweeps={
            one.state.batch.id: (
                tuple(p.row.ref for p in one.points if p.row is not None),
                one.best,
            )
            for one in known
        },
    )


def read_sweep(batch: str, *, workspace: Workspace | None = None) -> Sweep:
    """A sweep as it is now. Raises NotFound, and BadInput where the batch is none."""
    space = found(workspace)
    state = space.store.batch(batch)
    if state.batch.kind != "sweep":
        raise BadInput(f"{batch} is no sweep: it holds replays.")
    jobs = space.store.jobs(batch)
    rows = {row.ref: row for row in space.store.rows([job.run for job in jobs if job.run])}
    points = tuple(
        Point(
            parameters=job.parameters,
            state=job.state,
            row=rows.get(job.run) if job.run is not None else None,
            said=job.said or None,
        )
        for job in jobs
    )
    options = state.batch.options
    return Sweep(
        state=state,
        notebook=options["notebook"],
        points=points,
        metric=options["metric"],
        best=_best(points, options["metric"], options["minimize"]),
    )


def _best(points: Sequence[Point], metric: str | None, minimize: bool) -> RunRef | None:
    """The run with the best metric among those that ended well; the first of equals."""
    rows = [one.row for one in points if one.row is not None and one.state == "done"]
    having = [(row, value) for row in rows if (value := _value(row, metric)) is not None]
    if not having:
        return None
    return (min if minimize else max)(having, key=lambda one: one[1])[0].ref


def _value(row: RunRow, metric: str | None) -> float | None:
    found: Any = row.metrics.get(metric) if metric else None
    return None if found is None or math.isnan(found) else float(found)
