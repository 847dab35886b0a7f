"""Runs as a frame of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_jupyter.api.rows import frame_of
from mm_jupyter.api.runs import asked, found
from mm_jupyter.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd


def frame(
    query: str | None = None,
    *,
    sort: str | None = None,
    limit: int | None = None,
    workspace: Workspace | None = None,
) -> pd.DataFrame:
    """Runs that fit a query, newest first, as a frame with a row a run, indexed by its name: ``status``, ``started``
    (UTC), ``seconds``, ``verdict``, ``note``, and a column for each ``metrics.NAME``, ``params.NAME`` and
    ``tags.NAME``. All of them unless ``limit`` is given. ``mm.frame("metrics.accuracy > 0.9")``.

    Raises:
        BadQuery: with a caret under the fault.
        ImportError: pandas is not installed.
    """
    store = found(workspace).store
    store.sweep_crashed()
    return frame_of(store.table(asked(query, sort, limit)))
