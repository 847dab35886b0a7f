"""What a run card shows."""

from __future__ import annotations

from dataclasses import dataclass

from mm_jupyter.records.diff import Change
from mm_jupyter.records.run import RunRow
from mm_jupyter.records.session import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCard:
    """A run beside its parent, made from what the store holds.

    ``changes`` are those since ``parent``, most telling first. ``models`` are the kept models' names with their types
    and sizes in bytes. ``inputs`` counts the files that the tracked execution read. ``failure`` is set where the cell
    raised. ``metric`` names the metric to show; None shows the run's first one.
    """

    row: RunRow
    parent: RunRow | None = None
    changes: tuple[Change, ...] = ()
    models: tuple[tuple[str, str, int], ...] = ()
    inputs: int = 0
    failure: Failure | None = None
    metric: str | None = None
