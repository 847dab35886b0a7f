"""Runs to draw, made from the real records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mm_jupyter.records import Param, RunCard, RunId, RunRef, RunRow, SessionId

MakeRow = Callable[..., RunRow]
MakeCard = Callable[..., RunCard]


@pytest.fixture
def row() -> MakeRow:
    """``row(7, metrics={...})``: version 7 of churn; every field may be given."""

    def make(version: int = 7, **given: Any) -> RunRow:
        fields: dict[str, Any] = {
            "ref": RunRef("churn", version),
            "id": RunId(version),
            "kind": "cell",
            "status": "completed",
            "started": 1_795_000_000.0 + version,
            "seconds": 6.8,
            "session": SessionId("s"),
            "notebook": "churn.ipynb",
            "seq": version,
            "cell_id": None,
            "params": (Param(name="n_estimators", value=200),),
            "metrics": {"accuracy": 0.931},
            "tags": {},
            "note": None,
            "parent": RunRef("churn", version - 1) if version > 1 else None,
            "within": None,
            "verdict": None,
            "models": (),
        }
        return RunRow(**{**fields, **given})

    return make


@pytest.fixture
def card(row: MakeRow) -> MakeCard:
    """``card(verdict="identical")``: churn/7 beside churn/6; fields of the row and of the card may be given."""

    def make(**given: Any) -> RunCard:
        fields: dict[str, Any] = {"parent": row(6, metrics={"accuracy": 0.919})}
        own = {"parent", "changes", "models", "inputs", "failure", "metric"}
        fields.update((name, given.pop(name)) for name in own & given.keys())
        return RunCard(row=row(**given), **fields)

    return make
