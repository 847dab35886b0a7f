"""What this kernel closed last, kept: the card under a cell is drawn from it instead of being read from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mm_jupyter.api.runs import card_between, writer
from mm_jupyter.records import (
    Closed,
    ContentDigest,
    Environment,
    Execution,
    Outcome,
    Run,
    RunCard,
    RunId,
    RunOpening,
    RunRef,
    RunRow,
    Session,
)
from mm_jupyter.store.scalars import storable
from mm_jupyter.workspace import Workspace

RECENT = 16
"""Runs that are kept to be compared with the next versions of their experiments."""


@dataclass(frozen=True, slots=True)
class ClosedRun:
    """A run from its opening to its end, as it went to the store."""

    id: RunId
    ref: RunRef
    opening: RunOpening
    outcome: Outcome
    closed: Closed


class RememberingSink:
    """The store's writer for one kernel, which keeps the run that it closed last and those shown before.

    Nothing is taken from memory that somebody else may have changed: the store says so at a run's end.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._space = workspace
        self._writer = sink = writer(workspace)
        self.put, self.append, self.close_session = sink.put, sink.append, sink.close_session
        self.add_points, self.set_git = sink.add_points, sink.set_git
        self._notebook: str | None = None
        self._environments: dict[ContentDigest, Environment] = {}
        self._open: dict[RunId, tuple[RunOpening, RunRef]] = {}
        self._last: ClosedRun | None = None
        self._recent: dict[RunRef, Run] = {}

    def environment(self, environment: Environment) -> ContentDigest:
        """As ``Sink.environment``."""
        digest = self._writer.environment(environment)
        self._environments[digest] = environment
        return digest

    def open_session(self, session: Session) -> None:
        """As ``Sink.open_session``."""
        self._writer.open_session(session)
        self._notebook = session.notebook

    def open_run(
        self, opening: RunOpening, executions: Sequence[Execution]
    ) -> tuple[RunId, RunRef]:
        """As ``Sink.open_run``."""
        run, ref = self._writer.open_run(opening, executions)
        self._open[run] = (opening, ref)
        return run, ref

    def close_run(self, run: RunId, outcome: Outcome, execution: Execution | None) -> None:
        """As ``Sink.close_run``."""
        closed = self._writer.close_run(run, outcome, execution)
        if run in self._open:
            opening, ref = self._open.pop(run)
            self._last = ClosedRun(run, ref, opening, outcome, closed)

    def card(self, ref: RunRef) -> RunCard:
        """The card of a run that was closed just now: the one that would be read from the store."""
        last, self._last = self._last, None
        run, parent = None, None
        if last is not None and last.ref == ref:
            run = self._run(last)
            if last.closed.parent is not None and not last.closed.parent_touched:
                parent = self._recent.pop(last.closed.parent, None)
        run = run or self._space.store.run(ref)
        if parent is None and run.row.parent is not None:
            parent = self._space.store.run(run.row.parent)
        self._recent[ref] = run
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        return card_between(parent, run)

    def _run(self, last: ClosedRun) -> Run | None:
        """A run as the store has it, but for what no card shows: its series and the state of the repository.

        None: the store knows more of it.
        """
        opening, outcome = last.opening, last.outcome
        digest = outcome.environment or opening.environment
        environment = None if digest is None else self._environments.get(digest)
        if last.closed.touched or opening.kind == "script" or opening.within is not None:
            return None
        if digest is not None and environment is None:
            return None
        return Run(
            row=self._row(last),
            source=opening.source,
            failure=outcome.failure,
            values=outcome.values,
            models=outcome.models,
            outputs=outcome.outputs,
            artifacts=outcome.artifacts,
            files=outcome.files,
            series={},
            modules=outcome.modules,
            not_kept=outcome.not_kept,
            environment=environment,
            git=None,
            defaults=outcome.defaults,
        )

    def _row(self, last: ClosedRun) -> RunRow:
        opening, outcome, closed = last.opening, last.outcome, last.closed
        tags = {storable(key): storable(value) for key, value in opening.tags.items()}
        note = outcome.note if outcome.note is not None else opening.note
        return RunRow(
            ref=last.ref,
            id=last.id,
            kind=opening.kind,
            status=outcome.status,
            started=opening.started,
            seconds=outcome.seconds,
            session=opening.session,
            notebook=None if self._notebook is None else storable(self._notebook),
            seq=opening.seq,
            cell_id=opening.cell_id,
            params=closed.params,
            metrics=closed.metrics,
            tags={**tags, **closed.tags},
            note=None if note is None else storable(note),
            parent=closed.parent,
            within=None,
            verdict=None,
            models=tuple(model.name for model in outcome.models),
        )
