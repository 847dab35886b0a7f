"""Work that was asked for and is done by whoever takes it: replays, explanations, noise, the points of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mm_jupyter.records.names import RunRef, Scalar, Verdict

JobKind = Literal["replay", "explain", "noise", "point"]
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
BatchKind = Literal["replay", "sweep", "sidebar"]

ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``cell`` of ``cells`` have ended in this ``phase``; ``said`` is the sentence of the verdict, or of what went
    wrong. Times are seconds since the epoch.

    ``run`` is the run to replay, or the one that a point of a sweep gave, None before. ``parameters`` are a point's.
    ``tries`` counts those who took it.
    """

    id: int
    batch: str
    run: RunRef | None
    kind: JobKind = "replay"
    state: JobState
    asked: float
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    tries: int = 0
    phase: str = ""
    cell: int = 0
    cells: int = 0
    started: float | None = None
    ended: float | None = None
    verdict: Verdict | None = None
    said: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Jobs that were asked for in one breath: ``id`` is how it is called, ``title`` what was asked, and ``options`` how
    its jobs are done, as JSON."""

    id: str
    kind: BatchKind
    title: str
    asked: float
    who: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """How far a batch is: jobs by state, and when the first began and the last ended."""

    batch: Batch
    waiting: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    started: float | None = None
    ended: float | None = None

    @property
    def total(self) -> int:
        return self.waiting + self.running + self.done + self.failed + self.cancelled

    @property
    def left(self) -> int:
        """Jobs that have not ended."""
        return self.waiting + self.running


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The queue as it is shown: what runs, the first that wait of ``waiting``, what ended last, and the newest
    batches. ``sweeps`` has the runs of those that are sweeps, in their order, and the
    best."""

    running: tuple[Job, ...]
    next: tuple[Job, ...]
    waiting: int
    ended: tuple[Job, ...]
    batches: tuple[BatchState, ...]
    sweeps: Mapping[str, tuple[tuple[RunRef, ...], RunRef | None]]


@dataclass(frozen=True, slots=True)
class Step:
    """Where a job is, to be shown."""

    job: int
    phase: str
    cell: int
    cells: int
