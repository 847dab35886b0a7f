"""A list of experiments says of each what all its runs say, for a few looks into indexes."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mm_jupyter.cards.facts import main_of
from mm_jupyter.records import RunRow
from mm_jupyter.records.history import ExperimentHead
from mm_jupyter.store import Store, connect, groups

NEWEST = 4


def fill(hand: Any, experiments: int, runs: int) -> None:
    rng = random.Random(runs)
    for _ in range(runs):
        for number in range(experiments):
            name = f"experiment-{number}"
            metrics = {"accuracy": rng.choice([0.1, 0.5, 0.5, math.nan, math.inf, -1.0])}
            if rng.random() < 0.3:
                metrics = {"loss": rng.random()} if number % 2 else {}
            hand.run(name, metrics=metrics)


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
        started=max(row.started for row in rows),
        verdict=next((row.verdict for row in newest if row.verdict), None),
        metric=metric,
        points=tuple(
            (row.ref.version, row.metrics[metric]) for row in newest if metric in row.metrics
        ),
        low=min(real, key=lambda one: (one[1], -one[0]), default=None),
        high=max(real, key=lambda one: (one[1], one[0]), default=None),
    )


@pytest.mark.parametrize(("few", "near"), [(100, 2000), (0, 2000), (0, 1)])
def test_it_is_what_the_runs_say(
    store: Store, hand: Any, few: int, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "_FEW", few)  # an experiment's own runs, an end of the index, both
    monkeypatch.setattr(groups, "_NEAR", near)
    fill(hand, experiments=5, runs=12)
    rows: dict[str, list[RunRow]] = {}
    for row in store.runs():
        rows.setdefault(row.ref.experiment, []).append(row)
    heads = {head.name: head for head in store.heads(main_of, NEWEST)}
    values = {
        (row.ref.experiment, row.ref.version, name): value
        for some in rows.values()
        for row in some
        for name, value in row.metrics.items()
    }
    for name, some in rows.items():
        head, expected = heads[name], whole(some)
        for end, its in ((head.low, expected.low), (head.high, expected.high)):
            assert (end and end[1]) == (its and its[1])
            assert end is None or values[name, end[0], str(head.metric)] == end[1]
        same = replace(head, low=expected.low, high=expected.high)  # of equal ones any
        assert repr(same) == repr(expected)
    assert len(heads) == 5


def test_an_experiment_without_runs_is_not_listed(store: Store, hand: Any) -> None:
    assert store.heads(main_of, NEWEST) == []
    ref = hand.run("gone", metrics={"accuracy": 0.5})
    hand.writer.delete([ref])
    assert store.heads(main_of, NEWEST) == []


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    asked: list[str] = []
    ask = connect.Transaction.all

    def all_of(self: connect.Transaction, sql: str, values: Any = ()) -> Any:
        asked.append(sql)
        return ask(self, sql, values)

    with monkeypatch.context() as patched:
        patched.setattr(connect.Transaction, "all", all_of)
        yield asked


def test_what_is_asked_does_not_grow_with_the_runs(
    local: Store, local_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(local_hand, experiments=3, runs=5)
    with counted(monkeypatch) as before:
        local.heads(main_of, NEWEST)
    fill(local_hand, experiments=3, runs=40)
    with counted(monkeypatch) as after:
        local.heads(main_of, NEWEST)
    assert len(after) <= len(before) + 3
    plan = "EXPLAIN QUERY PLAN "
    with local._database.read() as tx:
        counts = tx.all(plan + groups._COUNTS)
        newest = tx.all(plan + groups._NEWEST, (1, 4))
    assert "COVERING INDEX" in str(counts)
    assert "TEMP B-TREE" not in str(newest)
