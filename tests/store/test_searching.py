"""A query finds what its definition says, in the order it says, and an index drives it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from mm_jupyter.records import (
    And,
    Comparison,
    Condition,
    Field,
    FieldKind,
    Not,
    Operator,
    Or,
    Query,
    RunRow,
    Scalar,
    SortKey,
)
from mm_jupyter.store import Store, connect, runs, searching

NAN = float("nan")
LONG = "a long text whose first sixty-four characters are those of its twin, "


def fill(hand: Any, count: int = 60) -> None:
    rng = random.Random(4)
    for number in range(count):
        params: dict[str, Scalar] = {"n": number % 7}
        params["mixed"] = rng.choice(
            [1, 2.5, "1", "forest", None, True, 2**60, LONG + "a", LONG + "b"]
        )
        if rng.random() < 0.5:
            params["depth"] = rng.choice([None, 3, 5.0, NAN])
        metrics = {"acc": rng.choice([0.1, 0.5, 0.5, 0.9, NAN, float("inf")])}
        if rng.random() < 0.6:
            metrics["loss"] = rng.random()
        tags = {"stage": rng.choice(["a", "b", "ab"])} if rng.random() < 0.7 else {}
        hand.run(
            rng.choice(["churn", "titanic"]),
            params,
            metrics,
            status=rng.choice(["completed", "failed"]),
            tags=tags,
            note=rng.choice([None, "good one", "bad"]),
            kind=rng.choice(["cell", "notebook"]),
        )


def value_of(row: RunRow, field: Field) -> tuple[bool, Any]:
    """Whether the run has the field, and its value."""
    if field.kind == "metrics":
        return field.name in row.metrics, row.metrics.get(field.name)
    if field.kind == "tags":
        return field.name in row.tags, row.tags.get(field.name)
    if field.kind == "params":
        return any(param.name == field.name for param in row.params), row.param(field.name)
    value = (
        getattr(row, field.name)
        if field.name not in ("experiment", "version")
        else getattr(row.ref, field.name)
    )
    return value is not None, value


def fits(row: RunRow, condition: Condition) -> bool:
    """What a condition means, in Python."""
    if isinstance(condition, Not):
        return not fits(row, condition.part)
    if isinstance(condition, And):
        return all(fits(row, part) for part in condition.parts)
    if isinstance(condition, Or):
        return any(fits(row, part) for part in condition.parts)
    there, value = value_of(row, condition.field)
    wanted, operator = condition.value, condition.operator
    if operator == "!=":
        return not fits(row, Comparison(condition.field, "==", wanted))
    if operator == "not in":
        return not fits(row, Comparison(condition.field, "in", wanted))
    if operator == "in" and isinstance(wanted, tuple):
        return any(fits(row, Comparison(condition.field, "==", each)) for each in wanted)
    if wanted is None:
        return operator == "==" and (not there or value is None)
    if not there or value is None or isinstance(value, str) != isinstance(wanted, str):
        return False
    if operator == "in":
        return wanted in value
    answers: dict[str, Callable[[], bool]] = {
        "==": lambda: value == wanted,
        "<": lambda: value < wanted,
        "<=": lambda: value <= wanted,
        ">": lambda: value > wanted,
        ">=": lambda: value >= wanted,
    }
    return bool(answers[operator]())


FIELDS: list[tuple[FieldKind, str, list[Scalar]]] = [
    ("metrics", "acc", [0.5, 0.9, NAN, None, float("inf"), "x"]),
    ("metrics", "loss", [0.5, 0, None]),
    ("metrics", "never", [1]),
    ("params", "n", [3, 3.0, True, "3", None]),
    ("params", "mixed", [1, "1", "forest", None, True, 2**60, LONG + "a", LONG]),
    ("params", "depth", [3, 5, None]),
    ("tags", "stage", ["a", "b", None, 1]),
    ("run", "experiment", ["churn", "zzz"]),
    ("run", "version", [3, 10]),
    ("run", "status", ["failed", "running"]),
    ("run", "note", ["good one", None]),
    ("run", "started", [1010.0, 1030]),
    ("run", "notebook", ["work.ipynb", None]),
    ("run", "verdict", ["identical", None]),
    ("run", "seconds", [1.5, None]),
]


def random_condition(rng: random.Random, depth: int = 2) -> Condition:
    if depth and rng.random() < 0.6:
        parts = tuple(random_condition(rng, depth - 1) for _ in range(rng.choice([2, 3])))
        made: list[Condition] = [And(parts), Or(parts), Not(parts[0])]
        return rng.choice(made)
    kind, name, values = rng.choice(FIELDS)
    operators: list[Operator] = ["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
    operator = rng.choice(operators)
    field = Field(kind, name)
    if operator in ("in", "not in"):
        texts = [value for value in values if isinstance(value, str)]
        if texts and rng.random() < 0.5:
            return Comparison(field, operator, rng.choice(texts)[:3])
        return Comparison(field, operator, tuple(rng.sample(values, min(2, len(values)))))
    wanted = rng.choice(values)
    if wanted is None and operator not in ("==", "!="):
        return Comparison(field, "==", None)
    return Comparison(field, operator, wanted)


def order(row: RunRow, key: SortKey) -> tuple[Any, ...]:
    """Numbers, then texts, then runs without either; newest first among equals."""
    there, value = value_of(row, key.field)
    sign = -1 if key.descending else 1
    if not there or value is None or value != value:
        return (2, 0, -row.started)
    if isinstance(value, str):
        code = [sign * ord(letter) for letter in value]
        return (1, [*code, float("inf") * sign * -1 if not key.descending else 1], -row.started)
    return (0, sign * value, -row.started)


@pytest.mark.parametrize("few", [0, 2000])
def test_any_query_finds_what_it_means(
    store: Store, hand: Any, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "FEW", few)  # both ways of driving a query
    fill(hand)
    everything = store.runs()
    rng = random.Random(few)
    for _ in range(150):
        condition = random_condition(rng)
        kind, name, _ = rng.choice(FIELDS)
        key = SortKey(Field(kind, name), rng.random() < 0.5)
        limit, offset = rng.choice([None, 5, 20]), rng.choice([0, 0, 7])
        expected = sorted(
            (row for row in everything if fits(row, condition)), key=lambda row: order(row, key)
        )
        found = store.runs(Query(condition=condition, sort=key, limit=limit, offset=offset))
        stop = None if limit is None else offset + limit
        assert [str(row.ref) for row in found] == [str(row.ref) for row in expected[offset:stop]], (
            condition,
            key,
        )
        assert store.count(condition) == len(expected)


def test_names_and_values_are_never_sql(store: Store, hand: Any) -> None:
    evil = "'; DROP TABLE runs; -- ? %s \" %"
    ref = hand.run("churn", {evil: evil}, {evil: 1.0}, tags={evil: evil}, note=evil)
    pairs: list[tuple[Field, Scalar]] = [
        *((Field("params", evil), evil), (Field("tags", evil), evil)),
        *((Field("metrics", evil), 1.0), (Field("run", "note"), evil)),
    ]
    for field, value in pairs:
        found = store.runs(
            Query(condition=Comparison(field, "==", value), sort=SortKey(field, True))
        )
        assert [row.ref for row in found] == [ref]
    contains = Comparison(Field("run", "note"), "in", "? %s")
    assert [row.ref for row in store.runs(Query(condition=contains))] == [ref]


def test_the_sort_index_drives_a_filter_and_its_best(local: Store, local_hand: Any) -> None:
    for number in range(30):
        local_hand.run(metrics={"acc": number / 30}, params={"n": number}, tags={"stage": "a"})
    plans = []
    field = Field("metrics", "acc")
    query = Query(
        condition=And((Comparison(field, ">", 0.2), Comparison(Field("tags", "stage"), "==", "a"))),
        sort=SortKey(field, True),
        limit=5,
    )
    plans = _plans(local, query)
    assert any(
        "SEARCH d USING COVERING INDEX metrics_number (name=? AND number>?)" in plan
        for plan in plans
    )
    assert not any("TEMP B-TREE" in plan for plan in plans), plans
    newest = _plans(local, Query(limit=5))
    assert any("SCAN r USING INDEX runs_started" in plan for plan in newest), newest
    assert not any("TEMP B-TREE" in plan for plan in newest)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (Comparison(Field("tags", "stage"), "==", "a"), "tags_text (name=? AND <expr>=?)"),
        (Comparison(Field("tags", "stage"), ">", "a"), "tags_text (name=? AND <expr>>?)"),
        (Comparison(Field("params", "p"), "==", "a"), "params_text (name=? AND <expr>=?)"),
        (Comparison(Field("params", "p"), "==", 3), "params_number (name=? AND number=?)"),
        (
            Comparison(Field("metrics", "m"), "<", 3),
            "metrics_number (name=? AND number>? AND number<?)",
        ),
        (
            Comparison(Field("run", "experiment"), "==", "a"),
            "sqlite_autoindex_runs_1 (experiment=?)",
        ),
        (Comparison(Field("run", "notebook"), "==", "a"), "runs_session (session=?)"),
    ],
)
def test_an_index_finds_the_few_that_fit(
    local: Store, local_hand: Any, condition: Condition, index: str
) -> None:
    local_hand.run(params={"p": "b"}, metrics={"m": 5.0}, tags={"stage": "b"})
    plans = _plans(
        local, Query(condition=condition, sort=SortKey(Field("metrics", "m"), True)), few=10
    )
    assert any(index in plan for plan in plans), plans
    assert any("SCAN f" in plan for plan in plans), plans


def test_the_names_in_use_are_read_off_indexes(store: Store, hand: Any) -> None:
    hand.run(params={"number": 1, "text": "a", "nothing": None}, metrics={"m": 1.0, "nan": NAN})
    hand.run(params={"number": None, "later": True}, tags={"stage": "a"})
    found = {table: store.names(table) for table in ("metrics", "params", "tags")}
    assert found == {
        "metrics": ("m",),
        "params": ("later", "number", "text"),
        "tags": ("stage",),
    }
    if store.folder is not None:
        for table, indexes in (
            ("metrics", ["metrics_number"]),
            ("params", ["params_number", "params_text"]),
            ("tags", ["tags_text"]),
        ):
            plans = _asked_of(store, lambda tx, table=table: runs.names_in(tx, table))
            looks = [plan for plan in plans if plan.startswith("SEARCH d")]
            assert len(looks) == len(indexes), plans
            for look, index in zip(looks, indexes, strict=True):
                assert f"{index} (name=?" in look


def _plans(store: Store, query: Query, few: int = 0) -> list[str]:
    """SQLite's plans of the statements that a query runs; ``few``: how many runs are few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "FEW", few)
        return _asked_of(store, lambda tx: searching.find(tx, query))


def _asked_of(store: Store, ask: Callable[[connect.Transaction], object]) -> list[str]:
    """SQLite's plans of the statements that ``ask`` runs."""
    assert store.folder is not None
    with pytest.MonkeyPatch.context() as patch, store._database.read() as tx:
        statements: list[tuple[str, Any]] = []
        all_rows = tx.all

        def listen(sql: str, values: Any = ()) -> Any:
            statements.append((sql, values))
            return all_rows(sql, values)

        patch.setattr(tx, "all", listen)
        ask(tx)
    connection = sqlite3.connect(store.folder / "store.db")
    try:
        return [
            row[3]
            for sql, values in statements
            for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", tuple(values))
        ]
    finally:
        connection.close()
