"""Aim, system metrics and terminal off."""

from __future__ import annotations

from aim import Repo, Run
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
    Repo.from_path(".", init=True)


def run(number: int) -> None:
    run = _new()
    run["hparams"] = {name: value + number for name, value in PARAMS.items()}
    for name, value in METRICS.items():
        run.track(value + number % 97, name=name)
    run.add_tag("bench")
    run.close()


def count() -> int:
    return len(Repo.from_path(".").list_all_runs())


def points(number: int) -> None:
    run = _new()
    _points[:] = [run.hash]
    for step in range(number):
        run.track(step * 0.5, name="loss", step=step)
    run.close()


def read_points() -> int:
    run = Run(_points[0], repo=".", read_only=True)
    metric = next(one for one in run.metrics() if one.name == "loss")
    return len(metric.values.sparse_numpy()[0])
