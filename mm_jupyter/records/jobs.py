"""Replays that were asked for, by themselves or to explain a run or measure its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mm_jupyter.records.names import RunRef, Verdict

JobKind = Literal["replay", "explain", "noise"]
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``cell`` of ``cells`` have ended in this ``phase``; ``said`` is the sentence of the verdict, or of what went
    wrong. Times are seconds since the epoch."""

    id: str
    run: RunRef
    kind: JobKind = "replay"
    state: JobState
    asked: float
    phase: str = ""
    cell: int = 0
    cells: int = 0
    started: float | None = None
    ended: float | None = None
    verdict: Verdict | None = None
    said: str | None = None
