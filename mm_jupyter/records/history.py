"""What a person who looks through the history gets: groups, pages, the runs of a cell."""

from __future__ import annotations

from dataclasses import dataclass

from mm_jupyter.records.diff import Change, Diff
from mm_jupyter.records.names import RunRef, Verdict
from mm_jupyter.records.run import Run, RunRow
from mm_jupyter.records.verdict import Cause, Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentLine:
    """A group of the history: ``count`` runs that fit. ``spark`` are (version, metric) of its newest runs, oldest
    first; ``low`` and ``high`` bound the metric in the whole group."""

    name: str
    count: int
    metric: str | None
    spark: tuple[tuple[int, float], ...]
    low: float | None
    high: float | None
    best: int | None
    latest: float | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentHead:
    """What a list of experiments takes from one: ``started`` is the newest start, ``metric`` the one to show.

    ``points`` are (version, value) of its newest runs, the newest first; ``low`` and ``high`` the newest of all
    with the least and with the greatest value, NaN left out.
    """

    name: str
    count: int
    started: float
    verdict: Verdict | None
    metric: str | None
    points: tuple[tuple[int, float], ...]
    low: tuple[int, float] | None
    high: tuple[int, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The groups, the newest first. ``total`` counts all runs in scope, ``fits`` those of the query."""

    experiments: tuple[ExperimentLine, ...]
    total: int
    fits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running run is: its newest step, and the last step and the seconds of its parent, where known."""

    step: int | None
    steps: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A run in a list. ``changes`` None: not looked at. ``said``: what happened to one that did not complete.
    ``progress``: only of one that is running."""

    row: RunRow
    parent: RunRow | None = None
    changes: tuple[Change, ...] | None = None
    said: str | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    lines: tuple[Line, ...]
    offset: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """One run with everything that its page shows. ``edited`` maps the path of a file to whether the disk holds
    another one now; ``blobs`` are the bytes of its outputs by digest."""

    run: Run
    line: Line
    changed: Diff | None
    verdict: Judgement | None
    edited: dict[str, bool]
    blobs: dict[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVersion:
    """The source (without its ``%%track`` line) that a cell had when it was this run."""

    row: RunRow
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a query may name."""

    metrics: tuple[str, ...]
    params: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduced:
    """How the runs of a workspace stand: ``verdicts`` counts them by their newest verdict, of ``total``; ``finished``
    are the newest judgements; ``causes`` the runs that one cause explains, most first."""

    verdicts: dict[str, int]
    total: int
    finished: tuple[Judgement, ...]
    causes: tuple[tuple[Cause, tuple[RunRef, ...]], ...]
