"""A notebook executed with many parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mm_jupyter.records.jobs import BatchState, JobState
from mm_jupyter.records.names import RunRef, Scalar
from mm_jupyter.records.run import RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One execution of a sweep: ``row`` is its run, None where there is none (yet); ``said``, why it failed."""

    parameters: Mapping[str, Scalar]
    state: JobState
    row: RunRow | None
    said: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """All points of a sweep in their order. ``metric`` is what it is judged by, ``best`` the run that has the best."""

    state: BatchState
    notebook: str
    points: tuple[Point, ...]
    metric: str | None
    best: RunRef | None
