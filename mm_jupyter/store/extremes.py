"""The least and the greatest value of a metric in each of many experiments.

Both ends of the metric's index are walked until every experiment was met: where experiments are mixed that is soon.
Those not met, such as a small one, or one whose values lie amid another's, are looked at run by run.
"""

from __future__ import annotations

from collections.abc import Mapping

from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.searching import Phase, every

End = tuple[int, float] | None
"""Version and value of a run."""
Ends = tuple[End, End]
"""The newest run with the least value, and the newest with the greatest."""
_Values = dict[int, float]
"""By experiment."""

_STRIDE = 16
"""Rows of the index that are walked first, for each experiment."""
_WORTH = 8
"""The walk ends where its next part is more than this part of what the experiments' own runs would cost."""
_MANY = 1000
"""So many runs with the same value are not looked through for those of one experiment."""

_WALK = (
    "SELECT r.experiment, {least}(d.number) FROM (SELECT run, number FROM metrics WHERE name = ? "
    "AND number IS NOT NULL ORDER BY number {down}, run {down} LIMIT ? OFFSET ?) d {join} {runs} "
    "WHERE {where} GROUP BY r.experiment"
)
_OWN = (
    "SELECT r.experiment, MIN(d.number), MAX(d.number) FROM {source} {join} metrics d ON d.run = r.id AND d.name = ? "
    "WHERE r.experiment IN ({ids}) AND d.number IS NOT NULL AND ({where}) GROUP BY r.experiment"
)
_SAME = "SELECT COUNT(*) FROM (SELECT 1 FROM metrics WHERE name = ? AND number = ? LIMIT ?) s"
_BY_VALUE = (
    "SELECT r.version FROM metrics d {join} {runs} WHERE d.name = ? AND d.number = ? AND r.experiment = ? "
    "AND ({where}) ORDER BY d.run DESC LIMIT 1"
)
_BY_VERSION = (
    "SELECT r.version FROM {source} {join} metrics d ON d.run = r.id WHERE d.name = ? AND d.number = ? "
    "AND r.experiment = ? AND ({where}) ORDER BY r.version DESC LIMIT 1"
)


class _Reader:
    """One metric's values, in the runs that fit."""

    def __init__(self, tx: Transaction, metric: int, fits: Phase | None) -> None:
        self._tx = tx
        self._metric = metric
        self._fits = fits
        self._same: dict[float, int] = {}
        self._words = {
            "join": "JOIN" if tx.postgres else "CROSS JOIN",  # SQLite keeps its order
            "source": "runs r" if fits is None else every(tx),
            "runs": "runs r ON r.id = d.run" if fits is None else every(tx, "r.id = d.run"),
            "where": "1 = 1" if fits is None else fits.where.text,
        }
        self._where = () if fits is None else fits.where.values

    def walk(self, counts: Mapping[int, int], down: bool) -> _Values:
        """The first values from one end of the index, of the experiments that were met."""
        words = {"down": "DESC", "least": "MAX"} if down else {"down": "", "least": "MIN"}
        sql = _WALK.format(**words, **self._words)
        found: _Values = {}
        left, start, size = sum(counts.values()), 0, _STRIDE * len(counts)
        while left and size * _WORTH <= left:
            rows = self._tx.all(sql, (self._metric, size, start, *self._where))
            for experiment, value in rows:
                if experiment in counts:
                    found.setdefault(experiment, value)
            left = sum(count for each, count in counts.items() if each not in found)
            start, size = start + size, size * 2
        return found

    def own(self, experiments: set[int]) -> tuple[_Values, _Values]:
        """Least and greatest values, by looking at each run."""
        words = dict(self._words)
        source: tuple[object, ...] = ()
        if self._fits is not None:
            words["source"], source = self._fits.source.text, self._fits.source.values
        sql = _OWN.format(ids=", ".join(map(str, sorted(experiments))), **words)
        rows = self._tx.all(sql, (*source, self._metric, *self._where))
        return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}

    def newest(self, experiment: int, value: float | None) -> End:
        """The newest run of an experiment that has a value."""
        if value is None:
            return None
        if value not in self._same:
            row = self._tx.one(_SAME, (self._metric, value, _MANY))
            self._same[value] = row[0] if row else 0
        sql = _BY_VALUE if self._same[value] < _MANY else _BY_VERSION
        values = (self._metric, value, experiment, *self._where)
        found = self._tx.one(sql.format(**self._words), values)
        return None if found is None else (found[0], value)


def read_ends(
    tx: Transaction, metric: int, counts: Mapping[int, int], fits: Phase | None
) -> dict[int, Ends]:
    """The ends of a metric in experiments, by their ids; ``counts`` has how many of their runs fit."""
    reader = _Reader(tx, metric, fits)
    low, high = reader.walk(counts, False), reader.walk(counts, True)
    left = counts.keys() - (low.keys() & high.keys())
    if left:
        own_low, own_high = reader.own(left)
        low.update(own_low)
        high.update(own_high)
    return {
        each: (reader.newest(each, low.get(each)), reader.newest(each, high.get(each)))
        for each in counts
    }
