"""The experiments of a store as a history lists them: a few looks into indexes for each, however many runs it has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mm_jupyter.records import Condition, RunId
from mm_jupyter.records.history import ExperimentHead
from mm_jupyter.store import extremes, searching
from mm_jupyter.store.connect import Row, Transaction
from mm_jupyter.store.runs import metrics_of

Choose = Callable[[Mapping[str, float]], str | None]

_SURE = "SELECT (SELECT SUM(last) FROM experiments) = (SELECT COUNT(*) FROM runs)"
"""Versions go from 1 to ``last``: where there are as many runs as versions were given, no run was deleted."""
_LAST = "SELECT id, name, last, last FROM experiments WHERE last > 0"
_COUNTS = (
    "SELECT e.id, e.name, e.last, c.count FROM "
    "(SELECT experiment, COUNT(*) AS count FROM runs GROUP BY experiment) c JOIN experiments e ON e.id = c.experiment"
)
_FITTING = (
    "SELECT e.id, e.name, e.last, c.count FROM (SELECT r.experiment, COUNT(*) AS count FROM {source} WHERE {where} "
    "GROUP BY r.experiment) c JOIN experiments e ON e.id = c.experiment"
)
_NEWEST = (
    "SELECT r.experiment, r.id, r.version, r.started, r.verdict FROM {source} WHERE r.experiment = ? AND ({where}) "
    "ORDER BY r.version DESC LIMIT ?"
)
_NEWEST_FEW = (
    "SELECT f.experiment, f.id, f.version, f.started, f.verdict FROM (SELECT r.experiment, r.id, r.version, r.started, "
    "r.verdict, ROW_NUMBER() OVER (PARTITION BY r.experiment ORDER BY r.version DESC) AS place FROM {source} "
    "WHERE r.experiment IN ({ids}) AND ({where})) f WHERE f.place <= ? ORDER BY f.experiment, f.place"
)
_METRIC = "SELECT id FROM names WHERE name = ?"
_POINTS = "SELECT run, number FROM metrics WHERE name = {name} AND run IN (?)"
_SPARSE = 100
"""Where less than one run of so many fits, those that fit are read, not the experiment from its newest on."""


@dataclass(slots=True)
class _Group:
    """An experiment; ``last`` is the last version it gave, ``rows`` its newest runs that fit, the newest first."""

    id: int
    name: str
    last: int
    count: int
    rows: list[Row] = field(default_factory=list)
    metric: str | None = None

    @property
    def runs(self) -> list[RunId]:
        return [RunId(row[1]) for row in self.rows]


def read_heads(
    tx: Transaction, choose: Choose, newest: int, condition: Condition | None = None
) -> list[ExperimentHead]:
    """Every experiment that has runs that fit. ``choose`` names the metric to show, of those of a run; ``newest``: how
    many runs are looked at for it."""
    fits = None if condition is None else searching.fitting(tx, condition)
    groups = [_Group(*row) for row in _counted(tx, fits)]
    _read_newest(tx, groups, newest, fits)
    _choose_metrics(tx, groups, choose)
    values: dict[int, float | None] = {}
    ends: dict[int, extremes.Ends] = {}
    for metric in {group.metric for group in groups} - {None}:
        found = tx.one(_METRIC, (metric,))
        if found is not None:
            shown = [group for group in groups if group.metric == metric]
            runs = (run for group in shown for run in group.runs)
            values.update(tx.within(_POINTS.format(name=int(found[0])), runs))
            counts = {group.id: group.count for group in shown}
            ends.update(extremes.read_ends(tx, int(found[0]), counts, fits))
    return [_head(group, values, ends.get(group.id, (None, None))) for group in groups]


def _counted(tx: Transaction, fits: searching.Phase | None) -> list[Row]:
    """Id, name, last version and number of runs that fit, of each experiment that has some."""
    if fits is not None:
        sql = _FITTING.format(source=fits.source.text, where=fits.where.text)
        return tx.all(sql, (*fits.source.values, *fits.where.values))
    sure = tx.one(_SURE)
    return tx.all(_LAST if sure is not None and sure[0] else _COUNTS)


def _read_newest(
    tx: Transaction, groups: Sequence[_Group], newest: int, fits: searching.Phase | None
) -> None:
    dense = [one for one in groups if fits is None or one.count * _SPARSE >= one.last]
    source, where = ("runs r", "1 = 1") if fits is None else (searching.every(tx), fits.where.text)
    values = () if fits is None else fits.where.values
    sql = _NEWEST.format(source=source, where=where)
    for group in dense:
        group.rows = tx.all(sql, (group.id, *values, newest))
    sparse = {group.id: group for group in groups if not group.rows}
    if fits is not None and sparse:
        sql = _NEWEST_FEW.format(
            source=fits.source.text, where=where, ids=", ".join(map(str, sparse))
        )
        for row in tx.all(sql, (*fits.source.values, *values, newest)):
            sparse[row[0]].rows.append(row)


def _choose_metrics(tx: Transaction, groups: Iterable[_Group], choose: Choose) -> None:
    """The metric of the newest run that has one: that of the newest of all in most experiments."""
    left = list(groups)
    for part in (slice(0, 1), slice(1, None)):
        metrics = metrics_of(tx, [run for group in left for run in group.runs[part]])
        for group in left:
            named = (choose(metrics.get(run, {})) for run in group.runs[part])
            group.metric = next((name for name in named if name), None)
        left = [group for group in left if group.metric is None]


def _head(group: _Group, values: Mapping[int, float | None], ends: extremes.Ends) -> ExperimentHead:
    points = []
    for _, run, version, *_ in group.rows:
        if group.metric is not None and run in values:
            value = values[run]
            points.append((version, math.nan if value is None else value))
    return ExperimentHead(
        name=group.name,
        count=group.count,
        started=max(row[3] for row in group.rows),
        verdict=next((row[4] for row in group.rows if row[4]), None),
        metric=group.metric,
        points=tuple(points),
        low=ends[0],
        high=ends[1],
    )
