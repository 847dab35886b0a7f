"""The experiments of a store as a history lists them: a few looks into indexes for each, however many runs it has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from mm_jupyter.records import RunId
from mm_jupyter.records.history import ExperimentHead
from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.runs import metrics_of

Choose = Callable[[Mapping[str, float]], str | None]

_COUNTS = (
    "SELECT e.id, e.name, c.count FROM (SELECT experiment, COUNT(*) AS count FROM runs GROUP BY experiment) c "
    "JOIN experiments e ON e.id = c.experiment"
)
_NEWEST = "SELECT id, version, started, verdict FROM runs WHERE experiment = ? ORDER BY version DESC LIMIT ?"
_METRIC = "SELECT id FROM names WHERE name = ?"
_POINTS = "SELECT run, number FROM metrics WHERE name = {name} AND run IN (?)"
_NEAR = 2000
"""Rows of a metric's index that are looked at from an end, before the experiment's own runs are."""
_WALK = (
    "SELECT d.number, r.version FROM (SELECT run, number FROM metrics WHERE name = ? AND number IS NOT NULL "
    "ORDER BY number {way} LIMIT {near}) d {join} runs r ON r.id = d.run WHERE r.experiment = ? "
    "ORDER BY d.number {way}, d.run DESC LIMIT 1"
)
_OWN = (
    "SELECT d.number, r.version FROM runs r {join} metrics d ON d.run = r.id AND d.name = ? "
    "WHERE r.experiment = ? AND d.number IS NOT NULL ORDER BY d.number {way}, d.run DESC LIMIT 1"
)
_FEW = 100


def read_heads(tx: Transaction, choose: Choose, newest: int) -> list[ExperimentHead]:
    """Every experiment that has runs. ``choose`` names the metric to show, of those of a run; ``newest``: how many runs
    are looked at for it."""
    return [
        _head(tx, number, name, count, choose, newest) for number, name, count in tx.all(_COUNTS)
    ]


def _head(
    tx: Transaction, experiment: int, name: str, count: int, choose: Choose, newest: int
) -> ExperimentHead:
    rows = tx.all(_NEWEST, (experiment, newest))
    ids = [RunId(row[0]) for row in rows]
    metric = _chosen(tx, ids[:1], choose) or _chosen(tx, ids[1:], choose)
    points: list[tuple[int, float]] = []
    low = high = None
    found = None if metric is None else tx.one(_METRIC, (metric,))
    if found is not None:
        number = int(found[0])
        values: dict[int, float | None] = dict(tx.within(_POINTS.format(name=number), ids))
        for run, version, *_ in rows:
            if run in values:
                value = values[run]
                points.append((version, math.nan if value is None else value))
        low, high = (_extreme(tx, experiment, count, number, way) for way in ("", "DESC"))
    return ExperimentHead(
        name=name,
        count=count,
        started=max(row[2] for row in rows),
        verdict=next((row[3] for row in rows if row[3]), None),
        metric=metric,
        points=tuple(points),
        low=low,
        high=high,
    )


def _chosen(tx: Transaction, ids: list[RunId], choose: Choose) -> str | None:
    """The metric of the first run that has one."""
    metrics = metrics_of(tx, ids)
    return next((name for each in ids if (name := choose(metrics.get(each, {})))), None)


def _extreme(
    tx: Transaction, experiment: int, count: int, metric: int, way: str
) -> tuple[int, float] | None:
    """Version and value of an experiment's run with the least metric, or with the greatest where ``way`` is DESC.

    A large experiment's lies near an end of the metric's index; where it does not, or the experiment is small, its own
    runs are looked at.
    """
    join = "JOIN" if tx.postgres else "CROSS JOIN"  # SQLite keeps its order
    row = None
    if count > _FEW:
        row = tx.one(_WALK.format(way=way, near=_NEAR, join=join), (metric, experiment))
    row = row or tx.one(_OWN.format(way=way, join=join), (metric, experiment))
    return None if row is None else (row[1], row[0])
