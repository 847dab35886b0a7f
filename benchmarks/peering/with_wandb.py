"""Weights & Biases, offline; it has no way to read offline runs.

Its folders of artifacts are put in the working folder, to be counted: what waits to be sent
and its cache.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_CONSOLE="off")
os.environ.update(
    WANDB_CACHE_DIR=os.path.abspath("wandb-cache"),
    WANDB_DATA_DIR=os.path.abspath("wandb-data"),
    WANDB_ARTIFACT_DIR=os.path.abspath("wandb-artifacts"),
)
import wandb
from harness import METRICS, PARAMS, TRIVIAL

IMPORT = "import wandb"
PREPARE = "import os; os.environ.update(WANDB_MODE='offline', WANDB_SILENT='true', WANDB_CONSOLE='off'); import wandb"
CELL = f"run = wandb.init(project='bench')\n{TRIVIAL}\nrun.log({{'x': x}})\nrun.finish()"


def start() -> None:
    """Its folder is made by its first run; its service is started here."""
    wandb.setup()


def run(number: int) -> None:
    config = {name: value + number for name, value in PARAMS.items()}
    with wandb.init(project="bench", config=config, tags=["bench"]) as run:
        run.log({name: value + number % 97 for name, value in METRICS.items()})


def count() -> int:
    return sum(1 for _ in Path("wandb").glob("offline-run-*"))


def points(values: list[float]) -> None:
    with wandb.init(project="bench") as run:
        for step, value in enumerate(values):
            run.log({"loss": value}, step=step)


def keep(array: Any) -> None:
    import numpy as np

    np.save("array.npy", array)
    with wandb.init(project="bench") as run:
        run.log_artifact("array.npy", name="array", type="array")
