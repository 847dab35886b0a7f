"""This project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import METRICS, PARAMS, TRIVIAL

IMPORT = (
    "from IPython.core.interactiveshell import InteractiveShell as S\ns = S.instance()\n"
    "b, r = time.process_time(), rss()\n"
    "s.run_line_magic('load_ext', 'mm_jupyter')"
)
PREPARE = "%load_ext mm_jupyter"
CELL = "%%track bench\n" + TRIVIAL
_points: list[str] = []
_replayed: list[str] = []


def start() -> None:
    """It imports and opens what it needs when it is first used."""
    import mm_jupyter as mm

    with mm.track("opened"):
        pass


def run(number: int) -> None:
    import mm_jupyter as mm

    with mm.track("bench") as run:
        run.log_params({name: value + number for name, value in PARAMS.items()})
        run.log_metrics({name: value + number % 97 for name, value in METRICS.items()})
        run.set_tag("stage", "bench")


def count() -> int:
    from mm_jupyter.api import runs

    return runs.count('experiment == "bench" and status == "completed"')


def points(values: list[float]) -> None:
    import mm_jupyter as mm

    with mm.track("points") as run:
        _points[:] = [run.name]
        for step, value in enumerate(values):
            run.log(step, loss=value)


def read_points() -> int:
    import mm_jupyter as mm

    return len(mm.series(_points[0], "loss").steps)


def newest() -> None:
    import mm_jupyter as mm

    assert len(mm.runs(limit=50)) == 50


def top() -> None:
    import mm_jupyter as mm

    assert len(mm.runs("metrics.metric_1 > 50", sort="-metrics.metric_1", limit=20)) == 20


def frame() -> None:
    import mm_jupyter as mm

    assert len(mm.frame()) >= 50


def keep(array: Any) -> None:
    import numpy as np

    import mm_jupyter as mm

    np.save("array.npy", array)
    with mm.track("arrays") as run:
        run.log_artifact("array.npy")


def prepare_notebooks(paths: list[Path]) -> None:
    from mm_jupyter.api import notebooks, replays

    for path in paths:
        _replayed.extend(str(row.ref) for row in notebooks.run_notebook(path).runs)
    replays.replay(_replayed[:1])


def execute_notebooks() -> None:
    from mm_jupyter.api import replays

    found = [one.verdict for one in replays.replay(_replayed)]
    assert found == ["identical"] * 10, found
