"""trackio, offline; its records of the machine off.

Its `Api` lists runs and has no metrics: those are asked for in SQL, by what the command
`trackio query project` calls.
"""

from __future__ import annotations

import json
from typing import Any

import trackio
from harness import METRICS, PARAMS, TRIVIAL
from trackio.sqlite_storage import SQLiteStorage

IMPORT = "import trackio"
_OFF = "embed=False, auto_log_gpu=False, auto_log_cpu=False"
PREPARE = "import trackio"
CELL = f"run = trackio.init('bench', {_OFF})\n{TRIVIAL}\ntrackio.log({{'x': x}})\ntrackio.finish()"
_points: list[Any] = []


def _new(config: dict[str, Any]) -> Any:
    return trackio.init("bench", config=config, embed=False, auto_log_gpu=False, auto_log_cpu=False)


def start() -> None:
    """Its folder is made by its first run."""


def run(number: int) -> None:
    config: dict[str, Any] = {name: value + number for name, value in PARAMS.items()}
    _new({**config, "stage": "bench"})
    trackio.log({name: value + number % 97 for name, value in METRICS.items()})
    trackio.finish()


def count() -> int:
    return len(SQLiteStorage.get_run_records("bench"))


def points(values: list[float]) -> None:
    _points[:] = [_new({})]
    for step, value in enumerate(values):
        trackio.log({"loss": value}, step=step)
    trackio.finish()


def read_points() -> int:
    return len(SQLiteStorage.get_logs("bench", _points[0].name, max_points=None))


def newest() -> None:
    assert len(trackio.Api().runs("bench")[-50:]) == 50  # they are listed by their age


def top() -> None:
    question = (
        "SELECT run_name, json_extract(metrics, '$.metric_1') AS value FROM metrics "
        "WHERE value > 50 ORDER BY value DESC LIMIT 20"
    )
    assert SQLiteStorage.query_project("bench", question)["row_count"] == 20


def frame() -> None:
    import pandas as pd

    question = (
        "SELECT run_id, configs.run_name, timestamp, config, metrics "
        "FROM metrics JOIN configs USING (run_id)"
    )
    rows = SQLiteStorage.query_project("bench", question)["rows"]
    table = pd.DataFrame(
        [one | json.loads(one.pop("config")) | json.loads(one.pop("metrics")) for one in rows]
    )
    assert len(table) >= 50
    assert {"param_9", "metric_4"} <= set(table)


def keep(array: Any) -> None:
    import numpy as np

    np.save("array.npy", array)
    _new({})
    trackio.log_artifact("array.npy", name="array", type="array")
    trackio.finish()
