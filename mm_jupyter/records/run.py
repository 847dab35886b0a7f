"""Runs as the store takes and gives them."""

from __future__ import annotations

from dataclasses import dataclass, field

from mm_jupyter.records.environment import Environment, GitState
from mm_jupyter.records.names import (
    BlobDigest,
    ContentDigest,
    RunId,
    RunKind,
    RunRef,
    RunStatus,
    Scalar,
    SessionId,
    Verdict,
)
from mm_jupyter.records.outcome import Artifact, Metric, Model, NotKept, Output, Param, Value
from mm_jupyter.records.session import Failure, FileUse, LocalModule


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOpening:
    """What is known of a run when it starts.

    ``seq`` is its execution in the session; a notebook's or a script's own run has None. ``within`` is the notebook's
    run around a tracked cell. ``source`` is the tracked cell without its ``%%track`` line, redacted. ``git_of`` is the
    session's run before it: what was seen of the repository then holds here too, until a newer look.
    """

    experiment: str
    kind: RunKind
    session: SessionId
    seq: int | None
    cell_id: str | None
    started: float
    source: str
    environment: ContentDigest | None
    within: RunId | None = None
    tags: dict[str, str] = field(default_factory=dict)
    note: str | None = None
    git_of: RunId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What only the store knows of a run that it has just closed.

    ``params``, ``metrics`` and the outcome's ``tags`` are as it gives them back. ``touched``: more was said of the run
    since it was opened than that it was opened; ``parent_touched``: more of its parent than that it ran.
    """

    parent: RunRef | None
    touched: bool
    parent_touched: bool
    params: tuple[Param, ...]
    metrics: dict[str, float]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run as a list shows it. ``parent`` is the run it is compared with by default: the version before it.

    ``verdict`` is the newest one. ``models`` are names. ``noise`` holds the standard deviations of metrics under other
    seeds, where they were measured.
    """

    ref: RunRef
    id: RunId
    kind: RunKind
    status: RunStatus
    started: float
    seconds: float | None
    session: SessionId
    notebook: str | None
    seq: int | None
    cell_id: str | None
    params: tuple[Param, ...]
    metrics: dict[str, float]
    tags: dict[str, str]
    note: str | None
    parent: RunRef | None
    within: RunRef | None
    verdict: Verdict | None
    models: tuple[str, ...]
    noise: dict[str, float] = field(default_factory=dict)

    @property
    def metric_records(self) -> tuple[Metric, ...]:
        """The metrics as an outcome holds them."""
        return tuple(Metric(name=name, value=value) for name, value in self.metrics.items())

    def param(self, name: str) -> Scalar:
        """The value of a param, None where the run has none of that name."""
        return next((param.value for param in self.params if param.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run whole. ``series`` maps a name to its number of points.

    ``block`` is its place (0, 1, ...) among the runs of kind ``script`` of the same execution.
    """

    row: RunRow
    source: str
    failure: Failure | None
    values: tuple[Value, ...]
    models: tuple[Model, ...]
    outputs: tuple[Output, ...]
    artifacts: tuple[Artifact, ...]
    files: tuple[FileUse, ...]
    series: dict[str, int]
    modules: tuple[LocalModule, ...] = ()
    not_kept: tuple[NotKept, ...]
    environment: Environment | None
    git: GitState | None
    block: int = 0
    defaults: BlobDigest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change of state: who did what to which object when; ``before`` and ``after`` are JSON texts or None."""

    number: int
    at: float
    who: str
    what: str
    object: str
    before: str | None
    after: str | None
