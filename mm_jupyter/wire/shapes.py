"""Every shape that a browser gets, as the sidebar and the widgets read it. ``js/src/wire.ts`` is generated from here.

Floats that JSON cannot hold stand as the texts ``NaN``, ``Infinity`` and ``-Infinity``. Times are seconds since the
epoch, durations seconds. Keys are the same on both sides.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from mm_jupyter.records.direction import Direction
from mm_jupyter.records.names import RunKind, RunStatus, Verdict

Number = float | str
"""A float; NaN and the infinities as texts."""
Value = str | float | bool | None


class ChangeShape(TypedDict):
    """One thing that differs from the parent. ``old`` null: added; ``new`` null: removed."""

    kind: Literal["data", "params", "code", "environment", "model"]
    name: str
    old: Value
    new: Value


class ParamShape(TypedDict):
    name: str
    value: Value
    origin: Literal["author", "given", "default"]


class MetricShape(TypedDict):
    """``parent`` is the parent's value. ``better``: whether the change is for the better, null without judgement.
    ``noise`` is the standard deviation under other seeds, this run's or else its parent's, null where neither was
    measured; ``within_noise``: the change is no larger than that of chance, and there is no judgement."""

    name: str
    value: Number
    noise: Number | None
    parent: Number | None
    direction: Direction | None
    better: bool | None
    within_noise: bool


class ProgressShape(TypedDict):
    """How far a running run is; ``steps`` and ``seconds`` are its parent's."""

    tag: Literal["progress"]
    step: int | None
    steps: int | None
    seconds: float | None


class RowShape(TypedDict):
    """A run as a list shows it. ``changes`` are null where a list is too long to say them; ``said`` tells what
    happened to a run that did not complete."""

    tag: Literal["row"]
    run: str
    experiment: str
    version: int
    kind: RunKind
    status: RunStatus
    started: float
    seconds: float | None
    notebook: str | None
    cell_id: str | None
    metrics: list[MetricShape]
    params: list[ParamShape]
    tags: dict[str, str]
    note: str | None
    parent: str | None
    verdict: Verdict | None
    models: list[str]
    changes: list[ChangeShape] | None
    said: str | None
    progress: ProgressShape | None


class PageShape(TypedDict):
    """Rows ``offset`` to ``offset + len(rows)`` of ``total`` runs that fit the query."""

    tag: Literal["page"]
    rows: list[RowShape]
    offset: int
    total: int


class ExperimentShape(TypedDict):
    """A group of the history. ``count``: runs that fit the query. ``spark``: the metric by version, at most 60 points;
    ``best`` is the version with the best value where the metric's name says which way is better."""

    tag: Literal["experiment"]
    name: str
    count: int
    metric: str | None
    direction: Direction | None
    spark: list[tuple[int, float]]
    low: float | None
    high: float | None
    best: int | None
    latest: Number | None
    verdict: Verdict | None


class HistoryShape(TypedDict):
    """The groups of the history, the newest first. ``total`` counts all runs in scope, ``fits`` those of the query."""

    tag: Literal["history"]
    root: str
    read_only: bool
    experiments: list[ExperimentShape]
    total: int
    fits: int


class NamesShape(TypedDict):
    """What a query may name, for completion."""

    tag: Literal["names"]
    metrics: list[str]
    params: list[str]
    tags: list[str]
    run: list[str]


class ItemShape(TypedDict):
    kind: str
    name: str
    recorded: str | None
    replayed: str | None
    verdict: Verdict
    why: str | None


class NotComparedShape(TypedDict):
    kind: str
    name: str
    why: str


class CauseShape(TypedDict):
    """``confirmed``: true by experiment, false excluded, null suspected."""

    factor: str
    name: str
    recorded: str | None
    current: str | None
    confirmed: bool | None


class VerdictShape(TypedDict):
    """What replays said about a run. ``said`` is the sentence."""

    tag: Literal["verdict"]
    run: str
    verdict: Verdict
    said: str
    at: float
    seconds: float
    replays: int
    slice: str
    executions: int
    of: int
    items: list[ItemShape]
    not_compared: list[NotComparedShape]
    restored: list[str]
    causes: list[CauseShape]


class OutputShape(TypedDict):
    """An output as it looked. ``data`` maps a MIME type to text, or to base64 for images that are no SVG."""

    kind: Literal["stream", "display_data", "execute_result", "error"]
    name: str
    data: dict[str, str]
    truncated: int


class FileShape(TypedDict):
    """``edited``: whether the file on disk is another one now; null where it cannot be told."""

    path: str
    role: Literal["input", "output", "module"]
    digest: str | None
    size: int | None
    edited: bool | None


class ArtifactShape(TypedDict):
    name: str
    media_type: str
    digest: str
    size: int


class ModelShape(TypedDict):
    name: str
    type: str
    size: int
    kept: bool
    why: str | None


class EnvironmentShape(TypedDict):
    python: str
    platform: str
    processor: str
    cpus: int
    packages: dict[str, str]


class SeriesNameShape(TypedDict):
    name: str
    points: int


class RunShape(TypedDict):
    """The page of one run. ``changed`` is the difference to ``row.parent``, or to the run that was asked for."""

    tag: Literal["run"]
    row: RowShape
    source: str
    error: str | None
    traceback: str | None
    changed: DiffShape | None
    series: list[SeriesNameShape]
    outputs: list[OutputShape]
    files: list[FileShape]
    artifacts: list[ArtifactShape]
    models: list[ModelShape]
    environment: EnvironmentShape | None
    verdict: VerdictShape | None
    not_kept: list[NotComparedShape]
    loading: str


class DiffShape(TypedDict):
    """``source`` is a unified diff, each line with its sign. ``same`` counts what is equal."""

    tag: Literal["diff"]
    old: str
    new: str
    changes: list[ChangeShape]
    source: list[str]
    same: int


class FileChangeShape(TypedDict):
    """How an input of two runs differs, in a sentence. ``rows``: of the table before and after; null: it is none."""

    path: str
    said: str
    rows: list[int | None] | None


class DataDiffShape(TypedDict):
    """The inputs that differ; ``same`` counts the others."""

    tag: Literal["data"]
    old: str
    new: str
    files: list[FileChangeShape]
    same: int


class CompareRowShape(TypedDict):
    """One fact of several runs; ``values`` in the order of the runs, null where a run has none. ``noise`` are the
    standard deviations of a metric, null where they were not measured."""

    kind: Literal["metrics", "params", "data", "environment"]
    name: str
    direction: Direction | None
    values: list[Value]
    noise: list[Number | None]
    differs: bool
    best: int | None


class CompareShape(TypedDict):
    tag: Literal["compare"]
    runs: list[RowShape]
    rows: list[CompareRowShape]
    same: int
    series: list[str]


class SeriesShape(TypedDict):
    """At most the number of points asked for, the least and the greatest of each bucket kept, of ``points`` in all."""

    tag: Literal["series"]
    run: str
    name: str
    points: int
    steps: list[int]
    values: list[Number]


class JobShape(TypedDict):
    """Work that was asked for: a replay, by itself or to explain a run or measure its noise, or a point of a sweep.
    ``cells`` is the length of the recipe, ``cell`` counts those that have ended. A point has ``parameters``, and no run
    before it ends."""

    tag: Literal["job"]
    id: str
    batch: str
    run: str | None
    kind: Literal["replay", "explain", "noise", "point"]
    parameters: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    phase: str
    cell: int
    cells: int
    asked: float
    started: float | None
    ended: float | None
    verdict: Verdict | None
    said: str | None


class BatchShape(TypedDict):
    """Jobs that were asked for in one breath, counted by their state. ``runs`` are those of a sweep, the best first
    named by ``best``, at most 200."""

    tag: Literal["batch"]
    id: str
    kind: Literal["replay", "sweep", "sidebar"]
    title: str
    who: str
    asked: float
    started: float | None
    ended: float | None
    waiting: int
    running: int
    done: int
    failed: int
    cancelled: int
    metric: str | None
    best: str | None
    runs: list[str]


class CauseGroupShape(TypedDict):
    """Runs that one cause explains."""

    cause: CauseShape
    runs: list[str]


class ReplaysShape(TypedDict):
    """``verdicts`` counts runs by their newest verdict, of ``total`` runs; ``finished`` is newest first. Of ``jobs``
    that wait the first are told, ``waiting`` counts all; ``batches`` are newest first."""

    tag: Literal["replays"]
    jobs: list[JobShape]
    waiting: int
    batches: list[BatchShape]
    verdicts: dict[str, int]
    total: int
    causes: list[CauseGroupShape]
    finished: list[VerdictShape]


class CellShape(TypedDict):
    """The newest run of a cell of a notebook, and the source that it had."""

    cell_id: str
    run: str
    verdict: Verdict | None
    status: RunStatus
    source: str


class CellsShape(TypedDict):
    tag: Literal["cells"]
    notebook: str
    cells: list[CellShape]


class CellVersionShape(TypedDict):
    run: str
    started: float
    source: str
    verdict: Verdict | None


class CellHistoryShape(TypedDict):
    """Every version of one cell, newest first."""

    tag: Literal["cell"]
    cell_id: str
    versions: list[CellVersionShape]


class SettingShape(TypedDict):
    """Whether every new kernel of this user loads the extension."""

    tag: Literal["setting"]
    enabled: bool


class DoneShape(TypedDict):
    tag: Literal["done"]
    runs: list[str]


class ErrorShape(TypedDict):
    """``column`` (from 0) is where a query is wrong."""

    tag: Literal["error"]
    code: str
    message: str
    column: int | None


class EventShape(TypedDict):
    """Something in the store changed (``store``), or only how far a job is (``jobs``)."""

    tag: Literal["event"]
    what: Literal["hello", "store", "jobs", "gone"]


SHAPES: tuple[type, ...] = tuple(
    one for name, one in list(globals().items()) if name.endswith("Shape")
)
