"""Sacred with its observer of files."""

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


def count() -> int:
    return sum(1 for one in _folders() if (one / "run.json").exists())


def points(number: int) -> None:
    def work(_run: Any) -> None:
        for step in range(number):
            _run.log_scalar("loss", step * 0.5, step)

    _run(work, {})


def read_points() -> int:
    last = max(_folders(), key=lambda one: int(one.name))
    return len(json.loads((last / "metrics.json").read_text())["loss"]["values"])


def keep(array: Any) -> None:
    import numpy as np

    def work(_run: Any) -> None:
        _run.add_artifact("array.npy")

    np.save("array.npy", array)
    _run(work, {})
