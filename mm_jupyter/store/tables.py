"""Many runs as columns: one pass over each table, and no object a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.records import RunId
from mm_jupyter.records.table import ATTRIBUTES, RunTable
from mm_jupyter.store.connect import Row, Transaction
from mm_jupyter.store.interning import names_by_id
from mm_jupyter.store.scalars import FLOAT, scalar

_BLOCK = 2000
_ROWS = (
    "SELECT r.id, e.name, r.version, r.status, r.started, r.seconds, r.verdict, r.note "
    "FROM runs r JOIN experiments e ON e.id = r.experiment WHERE r.id IN (?)"
)
_PARAMS = "SELECT run, name, type, number, text FROM params WHERE run IN (?)"
_METRICS = "SELECT run, name, number FROM metrics WHERE run IN (?)"
_TAGS = "SELECT run, name, text FROM tags WHERE run IN (?)"


def read_table(tx: Transaction, ids: Sequence[RunId]) -> RunTable:
    """The runs with these ids, in this order.

    Raises:
        StoreDamaged: one of them is not there.
    """
    places = {number: place for place, number in enumerate(ids)}
    attributes: dict[str, list[object]] = {name: [None] * len(ids) for name in ATTRIBUTES}
    seen = 0
    for number, experiment, version, *rest in _of(tx, _ROWS, ids):
        place = places[number]
        seen += 1
        for column, value in zip(
            attributes.values(), (f"{experiment}/{version}", *rest), strict=True
        ):
            column[place] = value
    if seen < len(ids):
        raise StoreDamaged("The table of runs", "the experiment of a run is not in the store")
    params, metrics, tags = (_Columns(len(ids)) for _ in range(3))
    for number, name, kind, value, text in _of(tx, _PARAMS, ids):
        plain = kind == FLOAT and text is None and value is not None
        params[name][places[number]] = value if plain else scalar(kind, value, text)
    for number, name, value in _of(tx, _METRICS, ids):
        metrics[name][places[number]] = value
    for number, name, text in _of(tx, _TAGS, ids):
        tags[name][places[number]] = text
    return RunTable(
        attributes=attributes,
        metrics=metrics.named(tx),
        params=params.named(tx),
        tags=tags.named(tx),
    )


class _Columns(dict[int, list[object]]):
    """Columns by the number of their name, made as they are met."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._length = length

    def __missing__(self, name: int) -> list[object]:
        column: list[object] = [None] * self._length
        self[name] = column
        return column

    def named(self, tx: Transaction) -> dict[str, list[object]]:
        """Sorted by name."""
        names = names_by_id(tx, self)
        return {names[number]: self[number] for number in sorted(self, key=names.__getitem__)}


def _of(tx: Transaction, sql: str, ids: Sequence[RunId]) -> Iterator[Row]:
    """Rows of ``sql``, whose column ``run IN (?)`` takes all ids: by ranges where hardly another run lies between."""
    ordered = sorted(ids)
    wanted = frozenset(ordered)
    for start in range(0, len(ordered), _BLOCK):
        part = ordered[start : start + _BLOCK]
        if part[-1] - part[0] < 2 * len(part):
            between = sql.replace("IN (?)", "BETWEEN ? AND ?")
            yield from (row for row in tx.all(between, (part[0], part[-1])) if row[0] in wanted)
        else:
            yield from tx.within(sql, part)
