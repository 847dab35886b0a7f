"""The run of one tracked cell, and the run of a whole notebook around it: opened, captured, harvested, closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mm_jupyter.kernel.options import TrackOptions
from mm_jupyter.kernel.outputs import Capture
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.tracking import ActiveRun
from mm_jupyter.kernel.values import Harvest, Wanted, harvest
from mm_jupyter.kernel.warning import short
from mm_jupyter.records import (
    BlobDigest,
    ContentDigest,
    Execution,
    Failure,
    FileUse,
    NotKept,
    Outcome,
    Output,
    RunRef,
    RunStatus,
    Scalar,
)


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run that was closed just now."""

    ref: RunRef
    status: RunStatus
    autotracked: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How an execution ended."""

    status: RunStatus
    seconds: float
    failure: Failure | None
    files: tuple[FileUse, ...]


@dataclass(slots=True)
class CellRun:
    """An open run with what it captures."""

    run: ActiveRun
    options: TrackOptions
    capture: Capture = field(default_factory=Capture)
    autotracked: bool = False

    def close(
        self,
        log: SessionLog,
        namespace: Mapping[str, Any],
        wanted: Wanted,
        ended: Ended,
        execution: Execution | None,
    ) -> RunFinished | None:
        """Harvest the namespace and close the run. What cannot be read is named on the run.

        None: the sink refuses its end for now, and it waits.
        """
        not_kept: list[NotKept] = []
        try:
            found = harvest(namespace, wanted, log.sink, log.redactor)
        except Exception as error:  # noqa: BLE001 - a user's class may raise anything: the run is closed without it
            found = Harvest()
            not_kept.append(NotKept(kind="values", name="", why=short(error)))
        outputs: tuple[Output, ...] = ()
        if self.options.outputs:
            try:
                outputs = self.capture.outputs(log.sink.put, log.redactor.text)
            except Exception as error:  # noqa: BLE001 - as above
                not_kept.append(NotKept(kind="outputs", name="", why=short(error)))
        if self.capture.truncated:
            why = f"{self.capture.truncated:,} characters over the limit were left out"
            not_kept.append(NotKept(kind="outputs", name="", why=why))
        defaults = None
        try:
            if execution is not None:
                log.defaults.note(execution.source)
            defaults = log.defaults.keep(namespace, log.sink.put)
        except Exception as error:  # noqa: BLE001 - as above
            not_kept.append(NotKept(kind="defaults", name="", why=short(error)))
        outcome = self._outcome(found, outputs, not_kept, ended, log, defaults)
        if not log.close_run(self.run, outcome, execution):
            return None
        return RunFinished(self.run.ref, ended.status, self.autotracked)

    def _outcome(
        self,
        found: Harvest,
        outputs: tuple[Output, ...],
        not_kept: list[NotKept],
        ended: Ended,
        log: SessionLog,
        defaults: BlobDigest | None,
    ) -> Outcome:
        run = self.run
        return Outcome(
            status=ended.status,
            seconds=ended.seconds,
            failure=ended.failure,
            params=tuple({**found.params, **run.params}.values()),
            metrics=run.final_metrics(found.metrics),
            tags=run.tags,
            note=run.note,
            series=tuple(found.series),
            values=tuple(found.values),
            models=tuple({**found.models, **run.models}.values()),
            outputs=outputs,
            artifacts=tuple(run.artifacts.values()),
            files=ended.files,
            modules=tuple(log.modules.values()),
            not_kept=(*found.not_kept, *not_kept),
            environment=_environment(log),
            defaults=defaults,
        )


def _environment(log: SessionLog) -> ContentDigest | None:
    """The environment by now; None leaves the one that the run was opened with."""
    try:
        return log.environment()
    except Exception:  # noqa: BLE001 - a sink that refuses it now takes the run's end later
        return None


@dataclass(slots=True)
class NotebookRun:
    """The run of a whole notebook: what all its cells bound together."""

    inner: CellRun
    given: tuple[str, ...]
    bound: dict[str, None] = field(default_factory=dict)
    literals: dict[str, Scalar] = field(default_factory=dict)
    loops: set[str] = field(default_factory=set)
    files: list[FileUse] = field(default_factory=list)
    failure: Failure | None = None
    interrupted: bool = False

    def add(
        self,
        execution: Execution,
        bound: tuple[str, ...],
        literals: Mapping[str, Scalar],
        loops: frozenset[str],
    ) -> None:
        """Take in one execution that ended."""
        for name in execution.deleted:
            self.bound.pop(name, None)
        for name in bound:
            self.bound[name] = None
            self.literals.pop(name, None)
        self.literals.update(literals)
        self.loops = (self.loops - set(bound)) | loops
        self.files += execution.files
        self.interrupted = execution.status == "interrupted"
        self.failure = execution.failure

    def close(self, log: SessionLog, namespace: Mapping[str, Any]) -> RunFinished | None:
        """Close it; it failed if its last cell raised, for a notebook goes on only after an error it tolerates."""
        status: RunStatus = (
            "interrupted" if self.interrupted else "failed" if self.failure else "completed"
        )
        wanted = Wanted(
            bound=tuple(self.bound),
            literals=self.literals,
            given=self.given,
            loops=frozenset(self.loops),
        )
        ended = Ended(status, self.inner.run.seconds, self.failure, tuple(self.files))
        return self.inner.close(log, namespace, wanted, ended, None)
