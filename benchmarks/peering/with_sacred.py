"""Sacred with its observer of files.

For that it has no reader: the JSON files of all runs are read one by one.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from harness import METRICS, PARAMS, TRIVIAL
from sacred import SETTINGS, Experiment
from sacred.observers import FileStorageObserver

logging.disable(logging.WARNING)
SETTINGS.CAPTURE_MODE = "no"
IMPORT = "import sacred"
PREPARE = (
    "import logging; logging.disable(logging.WARNING)\nfrom sacred import SETTINGS, Experiment\n"
    "from sacred.observers import FileStorageObserver\nSETTINGS.CAPTURE_MODE = 'no'\n"
    "ex = Experiment('bench', save_git_info=False, interactive=True)\n"
    "ex.observers.append(FileStorageObserver('sacred'))\n"
    f"@ex.main\ndef work(_run):\n    {TRIVIAL}\n    _run.log_scalar('x', x)\n"
)
CELL = "ex.run()"


def _run(work: Any, config: dict[str, Any]) -> None:
    experiment = Experiment("bench", save_git_info=False, interactive=True)
    experiment.observers.append(FileStorageObserver("sacred"))
    experiment.add_config(config)
    experiment.main(work)
    experiment.run()


def start() -> None:
    """Its folder is made by its first run."""


def run(number: int) -> None:
    def work(_run: Any) -> None:
        for name, value in METRICS.items():
            _run.log_scalar(name, value + number % 97)

    config: dict[str, Any] = {name: value + number for name, value in PARAMS.items()}
    _run(work, {**config, "stage": "bench"})


def _folders() -> list[Path]:
    return [one for one in Path("sacred").iterdir() if one.name.isdigit()]


def _read(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text())


def count() -> int:
    """Runs that ended; their files are there before."""
    written = [one for one in _folders() if (one / "run.json").exists()]
    return sum(1 for one in written if _read(one, "run")["status"] == "COMPLETED")


def points(values: list[float]) -> None:
    def work(_run: Any) -> None:
        for step, value in enumerate(values):
            _run.log_scalar("loss", value, step)

    _run(work, {})


def read_points() -> int:
    last = max(_folders(), key=lambda one: int(one.name))
    return len(_read(last, "metrics")["loss"]["values"])


def newest() -> None:
    folders = sorted(_folders(), key=lambda one: int(one.name), reverse=True)[:50]
    assert len([_read(one, "run") for one in folders]) == 50


def top() -> None:
    last = [(_read(one, "metrics")["metric_1"]["values"][-1], one.name) for one in _folders()]
    found = sorted((one for one in last if one[0] > 50), reverse=True)[:20]
    assert len([_read(Path("sacred", name), "run") for _, name in found]) == 20


def frame() -> None:
    import pandas as pd

    rows = []
    for one in _folders():
        run, metrics = _read(one, "run"), _read(one, "metrics")
        last = {name: each["values"][-1] for name, each in metrics.items()}
        about = {"run": one.name, "status": run["status"], "started": run["start_time"]}
        rows.append({**about, **_read(one, "config"), **last})
    table = pd.DataFrame(rows)
    assert len(table) >= 50
    assert {"param_9", "metric_4"} <= set(table)


def keep(array: Any) -> None:
    import numpy as np

    def work(_run: Any) -> None:
        _run.add_artifact("array.npy")

    np.save("array.npy", array)
    _run(work, {})
