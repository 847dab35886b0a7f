"""Aim, system metrics and terminal off.

Its SDK reads only runs that are in its index, which `aim up` keeps while it runs and
`aim storage reindex` makes anew: the latter is done before reading and is not measured.
Files go to a folder, as its documentation of artifacts has it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from aim import Repo, Run
from aim.sdk.types import QueryReportMode
from aim.storage.context import Context
from harness import METRICS, PARAMS, TRIVIAL

IMPORT = "import aim"
_OFF = "system_tracking_interval=None, capture_terminal_logs=False"
PREPARE = "from aim import Run, Repo; Repo.from_path('.', init=True)"
CELL = f"run = Run(repo='.', experiment='bench', {_OFF})\n{TRIVIAL}\nrun.track(x, name='x')\nrun.close()"
_points: list[str] = []


def _new() -> Run:
    return Run(
        repo=".", experiment="bench", system_tracking_interval=None, capture_terminal_logs=False
    )


def start() -> None:
    """Only the first process makes the repository: making it locks it."""
    Repo.from_path(".", init=not Path(".aim").exists())


def run(number: int) -> None:
    run = _new()
    run["hparams"] = {name: value + number for name, value in PARAMS.items()}
    for name, value in METRICS.items():
        run.track(value + number % 97, name=name)
    run.add_tag("bench")
    run.close()


def index() -> None:
    aim = str(Path(sys.executable).with_name("aim"))
    command = [aim, "storage", "--repo", ".", "reindex", "--yes"]
    subprocess.run(command, capture_output=True, check=True)


def _runs(query: str = "") -> Iterator[Run]:
    """Runs, the newest first."""
    found = Repo.from_path(".").query_runs(query, report_mode=QueryReportMode.DISABLED)
    return (one.run for one in found.iter_runs())


def count() -> int:
    """Runs that were closed; a folder of a run is there before."""
    index()
    return sum(1 for run in _runs() if run.end_time is not None)


def points(values: list[float]) -> None:
    run = _new()
    _points[:] = [run.hash]
    for step, value in enumerate(values):
        run.track(value, name="loss", step=step)
    run.close()


def read_points() -> int:
    metric = Repo.from_path(".").get_run(_points[0]).get_metric("loss", Context({}))
    return len(metric.values.sparse_numpy()[0])


def _last(run: Run) -> dict[str, float]:
    """The last value of each metric, as the index has it: nothing else of it is opened."""
    found = run.collect_sequence_info("metric")["metric"]
    return {one["name"]: one["values"]["last"] for one in found}


def newest() -> None:
    assert len(list(islice(_runs(), 50))) == 50


def top() -> None:
    def value(run: Run) -> float:
        return _last(run)["metric_1"]

    found = sorted(_runs("run.metrics['metric_1'].last > 50"), key=value, reverse=True)[:20]
    assert len(found) == 20


def frame() -> None:
    import pandas as pd

    rows = []
    for run in _runs():
        about = {"run": run.hash, "created": run.created_at}
        rows.append({**about, **run["hparams"], **_last(run)})
    table = pd.DataFrame(rows)
    assert len(table) >= 50
    assert {"param_9", "metric_4"} <= set(table)


def keep(array: Any) -> None:
    import numpy as np

    np.save("array.npy", array)
    run = _new()
    run.set_artifacts_uri(f"file://{Path('artifacts').resolve()}")
    run.log_artifact("array.npy", name="array.npy", block=True)
    run.close()
