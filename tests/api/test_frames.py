"""A frame has what the runs have, each value of its type."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

import mm_jupyter as mm
from mm_jupyter.errors import BadQuery


@pytest.fixture(autouse=True)
def _three(hand: Any) -> None:
    for number in range(3):
        hand.run(
            params={"depth": number, "name": f"model {number}", "big": 2**70, "flag": number > 0},
            metrics={"accuracy": 0.5 + number / 10, "odd": math.nan if number == 1 else 1.0},
        )
    mm.tag("churn/1", {"stage": "first"})


def test_a_row_a_run_newest_first_and_a_column_a_name() -> None:
    frame = mm.frame()
    assert list(frame.index) == ["churn/3", "churn/2", "churn/1"]
    assert list(frame.columns) == [
        *("status", "started", "seconds", "verdict", "note", "metrics.accuracy", "metrics.odd"),
        *("params.big", "params.depth", "params.flag", "params.name", "tags.stage"),
    ]
    first = frame.loc["churn/1"]
    assert (first["params.depth"], first["params.name"]) == (0, "model 0")
    assert (first["params.big"], first["params.flag"]) == (2**70, False)
    assert (first["metrics.accuracy"], first["tags.stage"]) == (0.5, "first")
    assert frame["metrics.odd"].isna().tolist() == [False, True, False]
    assert frame["tags.stage"].isna().tolist() == [True, True, False]
    assert frame["metrics.accuracy"].dtype == float
    assert first["started"] == pd.Timestamp(1001, unit="s", tz="UTC")


def test_it_takes_what_a_search_takes() -> None:
    best = mm.frame("params.depth > 0", sort="-metrics.accuracy", limit=1)
    assert list(best.index) == ["churn/3"]
    assert mm.frame("params.depth > 9").empty
    with pytest.raises(BadQuery):
        mm.frame("params.depth >")


@pytest.mark.parametrize("between", [1, 9])
def test_it_is_the_frame_of_the_rows_whatever_lies_between_them(hand: Any, between: int) -> None:
    for number in range(between):
        hand.run("other", params={"depth": number})
    hand.run(metrics={"accuracy": 0.1})
    for query in (None, "experiment == 'churn'"):
        rows = mm.runs(query, limit=None)
        assert len(rows) > 3
        pd.testing.assert_frame_equal(mm.frame(query), rows.to_pandas())
