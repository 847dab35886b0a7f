"""A query as statements that an index drives, and the ids of the runs that fit, in order.

A page of a sorted list is read off the index of the sort field and stops when it is full. Where one of the query's
conditions fits few runs (at most 2,000, counted first), its index drives instead. So a page costs what is looked at,
not what is stored; only a query whose conditions each fit many runs and together hardly any walks the whole index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mm_jupyter.records import And, Comparison, Condition, Field, Query, RunId, SortKey
from mm_jupyter.store.conditions import ATTRIBUTES, Sql, Value, condition_sql, rows_sql
from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.scalars import SORTED_TEXT, TEXT, storable

FEW = 2000
_NEWEST_FIRST = "r.started DESC, r.id DESC"
_TABLES = ("experiments e ON e.id = r.experiment", "sessions s ON s.id = r.session")
_MAY_BE_EMPTY = frozenset(("notebook", "note", "seconds", "verdict"))
_NAME = "(SELECT id FROM names WHERE name = ?)"


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the answer: rows that come before those of the next phase."""

    source: Sql
    where: Sql
    order: str


def find(tx: Transaction, query: Query) -> list[RunId]:
    """Ids of the runs that fit, in order, from ``offset`` on and at most ``limit``."""
    found: list[RunId] = []
    skip = query.offset
    for phase in _phases(tx, query):
        left = None if query.limit is None else query.limit - len(found)
        if left is not None and left <= 0:
            break
        page = _page(tx, phase, left, skip)
        if not page and skip:
            skip -= min(skip, _count(tx, phase))
        elif page:
            skip = 0
        found += page
    return found


def count(tx: Transaction, condition: Condition | None) -> int:
    """How many runs fit."""
    if condition is None:
        row = tx.one("SELECT COUNT(*) FROM runs")
        return int(row[0]) if row else 0
    rows = _driver(tx, condition)
    if isinstance(condition, Comparison) and rows is not None:  # each run has one such row
        row = tx.one(f"SELECT COUNT(*) FROM (SELECT {rows.text}) f", rows.values)
        return int(row[0]) if row else 0
    return _count(tx, fitting(tx, condition))


def fitting(tx: Transaction, condition: Condition) -> Phase:
    """All runs that fit, in no order: ``runs r`` with experiment ``e`` and session ``s``."""
    source = _few(tx, condition)
    if source is None:
        rows = _driver(tx, condition)
        source = _all(tx) if rows is None else _driven(tx, f"SELECT {rows.text}", rows.values)
    return Phase(source, condition_sql(condition, tx.postgres), "")


def all_in(tx: Transaction, notebook: str) -> bool:
    """Was every run made in this notebook?"""
    sql = (
        "SELECT 1 FROM sessions s WHERE (s.notebook IS NULL OR s.notebook <> ?) "
        "AND EXISTS (SELECT 1 FROM runs r WHERE r.session = s.id) LIMIT 1"
    )
    return tx.one(sql, (storable(notebook),)) is None


def every(tx: Transaction, on: str = "") -> str:
    """``runs r`` with experiment ``e`` and session ``s``, to be joined ``on`` what stands before it where given."""
    return _joined(tx, f"runs r ON {on}" if on else "runs r", *_TABLES)


def _page(tx: Transaction, phase: Phase, limit: int | None, offset: int) -> list[RunId]:
    sql = f"SELECT r.id FROM {phase.source.text} WHERE {phase.where.text} ORDER BY {phase.order}"
    values: list[object] = [*phase.source.values, *phase.where.values]
    if limit is not None or offset:
        sql += " LIMIT ? OFFSET ?"
        values += [2**62 if limit is None else limit, offset]
    return [RunId(row[0]) for row in tx.all(sql, values)]


def _count(tx: Transaction, phase: Phase) -> int:
    sql = f"SELECT COUNT(*) FROM {phase.source.text} WHERE {phase.where.text}"
    row = tx.one(sql, (*phase.source.values, *phase.where.values))
    return int(row[0]) if row else 0


def _phases(tx: Transaction, query: Query) -> Iterator[Phase]:
    fits = condition_sql(query.condition, tx.postgres)
    field = query.sort.field
    if field.kind == "run":
        yield Phase(_source(tx, query.condition), fits, _attribute_order(query.sort))
        return
    few = _few(tx, query.condition)
    for rows, order in _sorted_rows(query.sort):
        named = Sql(f"d.name = {_NAME} AND {rows}", (storable(field.name),))
        if few:
            source = Sql(_joined(tx, few.text, f"{field.kind} d ON d.run = r.id"), few.values)
            yield Phase(source, _both(named, fits), f"{order}, {_NEWEST_FIRST}")
        else:
            source = Sql(_joined(tx, f"{field.kind} d", "runs r ON r.id = d.run", *_TABLES))
            named = _both(named, *_ranges(query, tx.postgres))
            yield Phase(source, _both(named, fits), f"{order}, d.run DESC")
    if not _ranges(query, tx.postgres):
        anything = " OR ".join(rows for rows, _ in _sorted_rows(query.sort))
        without = Sql(
            f"NOT EXISTS (SELECT 1 FROM {field.kind} d WHERE d.run = r.id AND d.name = {_NAME} AND ({anything}))",
            (storable(field.name),),
        )
        yield Phase(_source(tx, query.condition), _both(without, fits), _NEWEST_FIRST)


def _sorted_rows(key: SortKey) -> list[tuple[str, str]]:
    """Rows ``d`` of the sort field that have an order among them, and that order: numbers first, then texts."""
    down = " DESC" if key.descending else ""
    numbers = ("d.number IS NOT NULL", f"d.number{down}")
    if key.field.kind == "metrics":
        return [numbers]
    texts = ("d.text IS NOT NULL", f"substr(d.text, 1, {SORTED_TEXT}){down}, d.text{down}")
    if key.field.kind == "tags":
        return [texts]
    return [numbers, (f"d.type = {TEXT} AND {texts[0]}", texts[1])]


def _attribute_order(key: SortKey) -> str:
    column = ATTRIBUTES[key.field.name]
    down = " DESC" if key.descending else ""
    if key.field.name == "started":
        return f"r.started{down}, r.id DESC"
    empty = " NULLS LAST" if key.field.name in _MAY_BE_EMPTY else ""
    return f"{column}{down}{empty}, {_NEWEST_FIRST}"


def _source(tx: Transaction, condition: Condition | None) -> Sql:
    return _few(tx, condition) or _all(tx)


def _all(tx: Transaction) -> Sql:
    return Sql(every(tx))


def _driver(tx: Transaction, condition: Condition) -> Sql | None:
    """The rows of the first conjunct that an index finds; a notebook's, often most of the store, where it is alone."""
    conjuncts = sorted(_conjuncts(condition), key=lambda one: one.field == Field("run", "notebook"))
    drivers = (_candidates(each, tx.postgres) for each in conjuncts)
    return next((each for each in drivers if each is not None), None)


def _driven(tx: Transaction, rows: str, values: tuple[Value, ...]) -> Sql:
    """The runs of these rows as a source of ``runs r``."""
    return Sql(_joined(tx, f"({rows}) f", "runs r ON r.id = f.run", *_TABLES), values)


def _few(tx: Transaction, condition: Condition | None) -> Sql | None:
    """The runs that fit the first conjunct that fits few, as a source of ``runs r``; None where every one fits many."""
    for comparison in _conjuncts(condition):
        rows = _candidates(comparison, tx.postgres)
        if rows is None:
            continue
        some = f"SELECT {rows.text} LIMIT {FEW + 1}"
        counted = tx.one(f"SELECT COUNT(*) FROM ({some}) f", rows.values)
        if counted is not None and counted[0] <= FEW:
            return _driven(tx, some, rows.values)
    return None


def _candidates(comparison: Comparison, postgres: bool) -> Sql | None:
    """``run FROM ... WHERE ...`` for the runs that fit a comparison, where an index finds them."""
    field, value = comparison.field, comparison.value
    if field.kind != "run":
        rows = rows_sql(comparison, postgres)
        return rows and Sql(f"d.run AS run FROM {field.kind} d WHERE {rows.text}", rows.values)
    if comparison.operator != "==" or not isinstance(value, str):
        return None
    if field.name == "experiment":
        named = "c.experiment = (SELECT id FROM experiments WHERE name = ?)"
        return Sql(f"c.id AS run FROM runs c WHERE {named}", (storable(value),))
    if field.name == "notebook":
        word = "JOIN" if postgres else "CROSS JOIN"
        text = f"c.id AS run FROM sessions n {word} runs c ON c.session = n.id WHERE n.notebook = ?"
        return Sql(text, (storable(value),))
    if field.name == "status" and value == "running":
        return Sql("c.id AS run FROM runs c WHERE c.status = 'running'")
    return None


def _conjuncts(condition: Condition | None) -> list[Comparison]:
    """Comparisons that each run of the answer fits."""
    if isinstance(condition, Comparison):
        return [condition]
    if isinstance(condition, And):
        return [found for part in condition.parts for found in _conjuncts(part)]
    return []


def _ranges(query: Query, postgres: bool) -> list[Sql]:
    """Bounds on the sort field's own rows; with one, no run without the field fits."""
    bounds = (
        rows_sql(comparison, postgres)
        for comparison in _conjuncts(query.condition)
        if comparison.field == query.sort.field
    )
    return [bound for bound in bounds if bound is not None]


def _joined(tx: Transaction, first: str, *others: str) -> str:
    """SQLite keeps the order of a CROSS JOIN: the first table drives, whatever its planner guesses."""
    word = "JOIN" if tx.postgres else "CROSS JOIN"
    return "".join((first, *(f" {word} {other}" for other in others)))


def _both(*parts: Sql) -> Sql:
    text = " AND ".join(f"({part.text})" for part in parts)
    return Sql(text, tuple(value for part in parts for value in part.values))
