"""trackio, offline; its records of the machine off."""

from __future__ import annotations

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


def points(number: int) -> None:
    _points[:] = [_new({})]
    for step in range(number):
        trackio.log({"loss": step * 0.5}, step=step)
    trackio.finish()


def read_points() -> int:
    return len(SQLiteStorage.get_logs("bench", _points[0].name, max_points=None))
