"""Which way a metric is better is read from its name, or not at all."""

from __future__ import annotations

import math

import pytest

from mm_jupyter.records import better, direction


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("accuracy", "up"),
        ("test_accuracy", "up"),
        ("roc_auc", "up"),
        ("f1_macro", "up"),
        ("r2", "up"),
        ("loss", "down"),
        ("val_loss", "down"),
        ("log_loss", "down"),
        ("valRMSE", "down"),
        ("mean_absolute_error", "down"),
        ("fit_time", "down"),
        ("score_time", "down"),
        ("neg_log_loss", "up"),
        ("n_clusters", None),
        ("sharpe", None),
        ("timeless", None),
        ("glossary", None),
        ("", None),
        ("客户", None),
    ],
)
def test_direction(name: str, way: str | None) -> None:
    assert direction(name) == way


@pytest.mark.parametrize(
    ("name", "delta", "judged"),
    [
        ("accuracy", 0.1, True),
        ("accuracy", -0.1, False),
        ("log_loss", -0.1, True),
        ("log_loss", 0.1, False),
        ("accuracy", 0.0, None),
        ("accuracy", math.nan, None),
        ("sharpe", 1.0, None),
    ],
)
def test_better(name: str, delta: float, judged: bool | None) -> None:
    assert better(name, delta) is judged
