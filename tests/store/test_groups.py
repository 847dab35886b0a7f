"""A list of experiments says of each what all its runs say, for a few looks into indexes."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mm_jupyter.cards.facts import main_of
from mm_jupyter.records import And, Comparison, Condition, Field, Not, RunRow
from mm_jupyter.records.history import ExperimentHead
from mm_jupyter.store import Store, connect, extremes, groups, searching

NEWEST = 4
HERE = Comparison(Field("run", "notebook"), "==", "work.ipynb")
GOOD = Comparison(Field("metrics", "accuracy"), ">", 0.3)
PRIME = Comparison(Field("params", "n"), "in", (2, 3, 5, 7, 11))


def fill(hand: Any, experiments: int, runs: int) -> None:
    rng = random.Random(runs)
    if experiments:
        hand.session("s2", notebook="other.ipynb")
    for turn in range(runs):
        for number in range(experiments):
            metrics = {"accuracy": rng.choice([0.1, 0.5, 0.5, math.nan, math.inf, -1.0])}
            if rng.random() < 0.3:
                metrics = {"loss": rng.random() + number} if number % 2 else {}
            session = rng.choice(["s1", "s1", "s2"])
            hand.run(f"experiment-{number}", {"n": turn}, metrics, session=session)


def whole(rows: list[RunRow]) -> ExperimentHead:
    """The same, of all rows of an experiment, the newest first."""
    newest = rows[:NEWEST]
    metric = next((name for row in newest if (name := main_of(row.metrics))), None)
    real = [
        (row.ref.version, row.metrics[metric])
        for row in rows
        if metric in row.metrics and row.metrics[metric] == row.metrics[metric]
    ]
    return ExperimentHead(
        name=rows[0].ref.experiment,
        count=len(rows),
        started=max(row.started for row in newest),
        verdict=next((row.verdict for row in newest if row.verdict), None),
        metric=metric,
        points=tuple(
            (row.ref.version, row.metrics[metric]) for row in newest if metric in row.metrics
        ),
        low=min(real, key=lambda one: (one[1], -one[0]), default=None),
        high=max(real, key=lambda one: (one[1], one[0]), default=None),
    )


def by_experiment(store: Store, condition: Condition | None) -> dict[str, str]:
    rows: dict[str, list[RunRow]] = {}
    for row in store.runs(searching.Query(condition=condition)):
        rows.setdefault(row.ref.experiment, []).append(row)
    return {name: repr(whole(some)) for name, some in rows.items()}


CONDITIONS = [None, HERE, GOOD, And((HERE, PRIME)), Not(GOOD), And((GOOD, PRIME))]


@pytest.mark.parametrize("stride", [1, 1000], ids=["in steps", "at once"])
@pytest.mark.parametrize("worth", [0.001, 10**6], ids=["the whole index", "each run"])
@pytest.mark.parametrize("many", [0, 1000], ids=["from the newest", "by the value"])
def test_it_is_what_the_runs_say(
    store: Store, hand: Any, stride: int, worth: float, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extremes, "_STRIDE", stride)
    monkeypatch.setattr(extremes, "_WORTH", worth)
    monkeypatch.setattr(extremes, "_MANY", many)
    fill(hand, experiments=5, runs=12)
    for condition in CONDITIONS:
        for few in (2000, 0):
            monkeypatch.setattr(searching, "FEW", few)
            monkeypatch.setattr(groups, "_SPARSE", few)
            heads = store.heads(main_of, NEWEST, condition)
            expected = by_experiment(store, condition)
            assert {head.name: repr(head) for head in heads} == expected
            assert len(heads) == len(expected) > 1
            assert store.count(condition) == sum(head.count for head in heads)


def test_deleted_runs_are_not_counted(store: Store, hand: Any) -> None:
    fill(hand, experiments=2, runs=9)
    hand.run("gone", metrics={"accuracy": 0.5})
    newest, oldest, *_, only = (row.ref for row in reversed(store.runs()))
    hand.writer.delete([newest, oldest, only])
    for condition in (None, HERE):
        heads = {head.name: repr(head) for head in store.heads(main_of, NEWEST, condition)}
        assert heads == by_experiment(store, condition)
        assert len(heads) == 2


def test_an_experiment_without_runs_is_not_listed(store: Store, hand: Any) -> None:
    assert store.heads(main_of, NEWEST) == []
    ref = hand.run("gone", metrics={"accuracy": 0.5})
    hand.writer.delete([ref])
    assert store.heads(main_of, NEWEST) == []


def test_a_notebook_that_has_all_runs(store: Store, hand: Any) -> None:
    hand.session("s2", notebook="other.ipynb")
    assert store.all_in("work.ipynb")
    hand.run("churn")
    assert store.all_in("work.ipynb")
    assert not store.all_in("other.ipynb")
    hand.session("s3", notebook=None)
    ref = hand.run("churn", session="s3")
    assert not store.all_in("work.ipynb")
    hand.writer.delete([ref])
    assert store.all_in("work.ipynb")


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    asked: list[tuple[str, Any]] = []
    with monkeypatch.context() as patched:
        for verb in ("all", "one"):
            ask = getattr(connect.Transaction, verb)

            def noted(self: connect.Transaction, sql: str, values: Any = (), ask: Any = ask) -> Any:
                asked.append((sql, values))
                return ask(self, sql, values)

            patched.setattr(connect.Transaction, verb, noted)
        yield asked


@pytest.mark.parametrize("condition", [None, HERE, GOOD])
def test_what_is_asked_grows_with_neither_runs_nor_much_with_experiments(
    local: Store, local_hand: Any, condition: Condition | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most three looks into an index more for one experiment more."""

    def asked() -> int:
        with counted(monkeypatch) as statements:
            assert local.heads(main_of, NEWEST, condition)
        return len(statements)

    fill(local_hand, experiments=3, runs=5)
    before = asked()
    fill(local_hand, experiments=3, runs=40)
    longer = asked()
    assert longer <= before + 12  # both metrics now, and parts of walks
    for number in range(20):
        local_hand.run(f"more-{number}", metrics={"accuracy": 0.5})
    assert asked() <= longer + 3 * 20 + 4


def test_indexes_answer(local: Store, local_hand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No statement reads the runs, or sorts them: but for the count where some were deleted, which reads an index."""
    fill(local_hand, experiments=3, runs=30)
    for deleted in (False, True):
        if deleted:
            local_hand.writer.delete([local.runs()[7].ref])
        with counted(monkeypatch) as asked:
            local.heads(main_of, NEWEST)
        with local._database.read() as tx:
            for sql, values in dict.fromkeys((sql, tuple(values)) for sql, values in asked):
                plan = str([row[3] for row in tx.all(f"EXPLAIN QUERY PLAN {sql}", values)])
                assert "SCAN runs'" not in plan, (sql, plan)
                assert "SCAN r'" not in plan, (sql, plan)
                assert "ORDER BY" not in plan, (sql, plan)
