"""Every execution of a notebook cell as a versioned experiment that can be re-executed and proved.

The public names, loaded when they are first used: a replay kernel imports this package where nothing that it depends
on is installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_jupyter.api.data import data, data_diff
    from mm_jupyter.api.environments import environment, environment_diff, export_environment
    from mm_jupyter.api.explaining import explain
    from mm_jupyter.api.frames import frame
    from mm_jupyter.api.jobs import cancel, resume
    from mm_jupyter.api.models import load_model
    from mm_jupyter.api.noise import last_noise, noise
    from mm_jupyter.api.notebooks import run_notebook
    from mm_jupyter.api.packing import pack, replay_pack, verify_pack
    from mm_jupyter.api.recipes import minimise, recipe, write_recipe
    from mm_jupyter.api.replays import replay, verdicts
    from mm_jupyter.api.runs import best, delete, diff, note, series, tag
    from mm_jupyter.api.runs import find as runs
    from mm_jupyter.api.runs import get as show
    from mm_jupyter.api.sweeps import sweep
    from mm_jupyter.api.tracking import log, log_artifact, log_figure, log_model, set_tag, track
    from mm_jupyter.api.verifying import verify_notebook
    from mm_jupyter.errors import MmError
    from mm_jupyter.magics import load_ipython_extension, unload_ipython_extension

__version__ = "0.1.0"

__all__ = [
    "MmError",
    "best",
    "cancel",
    "data",
    "data_diff",
    "delete",
    "diff",
    "environment",
    "environment_diff",
    "explain",
    "export_environment",
    "frame",
    "last_noise",
    "load_ipython_extension",
    "load_model",
    "log",
    "log_artifact",
    "log_figure",
    "log_model",
    "minimise",
    "noise",
    "note",
    "pack",
    "recipe",
    "replay",
    "replay_pack",
    "resume",
    "run_notebook",
    "runs",
    "series",
    "set_tag",
    "show",
    "sweep",
    "tag",
    "track",
    "unload_ipython_extension",
    "verdicts",
    "verify_notebook",
    "verify_pack",
    "write_recipe",
]

_HOMES = {
    "MmError": ("mm_jupyter.errors", "MmError"),
    "best": ("mm_jupyter.api.runs", "best"),
    "cancel": ("mm_jupyter.api.jobs", "cancel"),
    "data": ("mm_jupyter.api.data", "data"),
    "data_diff": ("mm_jupyter.api.data", "data_diff"),
    "delete": ("mm_jupyter.api.runs", "delete"),
    "diff": ("mm_jupyter.api.runs", "diff"),
    "environment": ("mm_jupyter.api.environments", "environment"),
    "environment_diff": ("mm_jupyter.api.environments", "environment_diff"),
    "explain": ("mm_jupyter.api.explaining", "explain"),
    "export_environment": ("mm_jupyter.api.environments", "export_environment"),
    "frame": ("mm_jupyter.api.frames", "frame"),
    "load_ipython_extension": ("mm_jupyter.magics", "load_ipython_extension"),
    "last_noise": ("mm_jupyter.api.noise", "last_noise"),
    "load_model": ("mm_jupyter.api.models", "load_model"),
    "log": ("mm_jupyter.api.tracking", "log"),
    "log_artifact": ("mm_jupyter.api.tracking", "log_artifact"),
    "log_figure": ("mm_jupyter.api.tracking", "log_figure"),
    "log_model": ("mm_jupyter.api.tracking", "log_model"),
    "minimise": ("mm_jupyter.api.recipes", "minimise"),
    "noise": ("mm_jupyter.api.noise", "noise"),
    "note": ("mm_jupyter.api.runs", "note"),
    "pack": ("mm_jupyter.api.packing", "pack"),
    "recipe": ("mm_jupyter.api.recipes", "recipe"),
    "replay": ("mm_jupyter.api.replays", "replay"),
    "replay_pack": ("mm_jupyter.api.packing", "replay_pack"),
    "resume": ("mm_jupyter.api.jobs", "resume"),
    "run_notebook": ("mm_jupyter.api.notebooks", "run_notebook"),
    "runs": ("mm_jupyter.api.runs", "find"),
    "series": ("mm_jupyter.api.runs", "series"),
    "set_tag": ("mm_jupyter.api.tracking", "set_tag"),
    "show": ("mm_jupyter.api.runs", "get"),
    "sweep": ("mm_jupyter.api.sweeps", "sweep"),
    "tag": ("mm_jupyter.api.runs", "tag"),
    "track": ("mm_jupyter.api.tracking", "track"),
    "unload_ipython_extension": ("mm_jupyter.magics", "unload_ipython_extension"),
    "verdicts": ("mm_jupyter.api.replays", "verdicts"),
    "verify_notebook": ("mm_jupyter.api.verifying", "verify_notebook"),
    "verify_pack": ("mm_jupyter.api.packing", "verify_pack"),
    "write_recipe": ("mm_jupyter.api.recipes", "write_recipe"),
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = home
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
