"""MLflow with its store in SQLite; points in batches of 1,000, the most that it takes."""

from __future__ import annotations

import time
from typing import Any

import mlflow
from harness import METRICS, PARAMS, TRIVIAL
from mlflow.entities import Metric

IMPORT = "import mlflow"
PREPARE = (
    'import mlflow; mlflow.set_tracking_uri("sqlite:///mlflow.db"); mlflow.set_experiment("bench")'
)
CELL = f"with mlflow.start_run():\n    {TRIVIAL}\n    mlflow.log_metric('x', x)"


def start() -> None:
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.set_experiment("bench")


def run(number: int) -> None:
    with mlflow.start_run():
        mlflow.log_params({name: value + number for name, value in PARAMS.items()})
        mlflow.log_metrics({name: value + number % 97 for name, value in METRICS.items()})
        mlflow.set_tag("stage", "bench")


def count() -> int:
    finished = "attributes.status = 'FINISHED'"
    return len(mlflow.search_runs(None, finished, max_results=50_000, output_format="list"))


_points: list[str] = []


def points(values: list[float]) -> None:
    client = mlflow.MlflowClient()
    with mlflow.start_run() as run:
        _points[:] = [run.info.run_id]
        now = int(time.time() * 1000)
        for first in range(0, len(values), 1000):
            batch = [
                Metric("loss", value, now, step)
                for step, value in enumerate(values[first : first + 1000], first)
            ]
            client.log_batch(run.info.run_id, metrics=batch)


def read_points() -> int:
    return len(mlflow.MlflowClient().get_metric_history(_points[0], "loss"))


def newest() -> None:
    found = mlflow.search_runs(
        max_results=50, order_by=["attributes.start_time DESC"], output_format="list"
    )
    assert len(found) == 50


def top() -> None:
    found = mlflow.search_runs(
        filter_string="metrics.metric_1 > 50",
        max_results=20,
        order_by=["metrics.metric_1 DESC"],
        output_format="list",
    )
    assert len(found) == 20


def frame() -> None:
    assert len(mlflow.search_runs(max_results=50_000)) >= 50


def keep(array: Any) -> None:
    import numpy as np

    np.save("array.npy", array)
    with mlflow.start_run():
        mlflow.log_artifact("array.npy")
