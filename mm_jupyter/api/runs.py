"""The verbs over runs: find, show, compare, name the best, tag, note, delete."""

from __future__ import annotations

import getpass
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mm_jupyter.errors import BadInput, NoSuchExperiment, NotFound, NoWorkspace
from mm_jupyter.records import (
    Change,
    Diff,
    Execution,
    Field,
    Query,
    Run,
    RunCard,
    RunRef,
    RunRow,
    SeriesChunk,
    SortKey,
)
from mm_jupyter.records.direction import direction
from mm_jupyter.records.query import And, Comparison
from mm_jupyter.store import Writer
from mm_jupyter.workspace import Workspace, known

if TYPE_CHECKING:
    from mm_jupyter.api.rows import Runs


def found(workspace: Workspace | None) -> Workspace:
    """The workspace given, else the one at or above the current folder.

    Raises:
        NoWorkspace: there is none.
    """
    space = workspace or known(Path.cwd())
    if space is None:
        raise NoWorkspace(Path.cwd())
    return space


def who() -> str:
    """The user's name, as the audit log has it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in the passwd file: containers
        return "unknown"


def writer(space: Workspace) -> Writer:
    """The store's writer, in this user's name."""
    return space.store.writer(who=who())


def find(
    query: str | None = None,
    *,
    sort: str | None = None,
    limit: int | None = 50,
    workspace: Workspace | None = None,
) -> Runs:
    """Runs that fit a query, newest first: ``mm.runs("metrics.accuracy > 0.9", sort="-metrics.accuracy", limit=20)``.

    Raises:
        BadQuery: with a caret under the fault.
    """
    space = found(workspace)
    space.store.sweep_crashed()
    from mm_jupyter.api.rows import Runs

    return Runs(space.store.runs(asked(query, sort, limit)))


def asked(query: str | None, sort: str | None, limit: int | None) -> Query:
    """What was written as a query of the store, newest first where no order was asked for.

    Raises:
        BadQuery: with a caret under the fault.
    """
    from mm_jupyter.analysis.queries import parse_query, parse_sort

    condition = parse_query(query or "", time.time())
    key = parse_sort(sort) if sort else SortKey(Field("run", "started"), True)
    return Query(condition=condition, sort=key, limit=limit)


def count(query: str | None = None, *, workspace: Workspace | None = None) -> int:
    """How many runs fit a query."""
    from mm_jupyter.analysis.queries import parse_query

    return int(found(workspace).store.count(parse_query(query or "", time.time())))


def get(name: str, *, workspace: Workspace | None = None) -> Run:
    """One run whole.

    Raises:
        BadRunName, NoSuchRun: with the nearest names.
    """
    space = found(workspace)
    space.store.sweep_crashed()
    return space.store.run(RunRef.parse(name))


def card(name: str, *, workspace: Workspace | None = None) -> RunCard:
    """What the card under a tracked cell shows."""
    store = found(workspace).store
    run = store.run(RunRef.parse(name))
    return card_between(store.run(run.row.parent) if run.row.parent is not None else None, run)


def card_between(parent: Run | None, run: Run) -> RunCard:
    """The card of a run beside the one before it."""
    return RunCard(
        row=run.row,
        parent=parent.row if parent else None,
        changes=shown_changes(parent, run) if parent else (),
        models=tuple((model.name, model.type, model.size) for model in run.models),
        inputs=sum(use.role == "input" for use in run.files),
        failure=run.failure,
    )


def shown_changes(old: Run, new: Run) -> tuple[Change, ...]:
    """A run that did not get to its end has lost nothing: what it lacks did not happen yet."""
    from mm_jupyter.analysis.diffing import changes

    whole = new.row.status == "completed"
    return tuple(
        change
        for change in changes(difference(old, new))
        if whole or change.new is not None or change.kind == "data"
    )


def diff(old: str, new: str, *, workspace: Workspace | None = None) -> Diff:
    """What differs from one run to another.

    Raises:
        NoSuchRun: one of them does not exist.
    """
    space = found(workspace)
    return difference(space.store.run(RunRef.parse(old)), space.store.run(RunRef.parse(new)))


def difference(old: Run, new: Run) -> Diff:
    from mm_jupyter.analysis.diffing import diff_runs

    return diff_runs(old, new, modules_a=old.modules, modules_b=new.modules)


def best(
    experiment: str,
    metric: str,
    *,
    minimize: bool | None = None,
    workspace: Workspace | None = None,
) -> RunRow:
    """The completed run with the best metric.

    Args:
        minimize: whether less is better; None: read from the metric's name (``log_loss``: less, ``accuracy``: more).

    Raises:
        NoSuchExperiment: with the nearest names.
        BadInput: no completed run has the metric, or its name does not say which way is better.
    """
    space = found(workspace)
    names = space.store.experiments()
    if experiment not in names:
        from difflib import get_close_matches

        raise NoSuchExperiment(experiment, tuple(get_close_matches(experiment, names)))
    known = {
        name
        for row in find(f"experiment == {experiment!r}", workspace=space)
        for name in row.metrics
    }
    if metric not in known:
        hint = f" It has {', '.join(sorted(known)[:8])}." if known else ""
        raise BadInput(f"No run of {experiment} has a metric {metric}.{hint}")
    if minimize is None:
        way = direction(metric)
        if way is None:
            raise BadInput(
                f"Which way is {metric} better? Say --min or --max (minimize=True or False)."
            )
        minimize = way == "down"
    field = Field("metrics", metric)
    query = Query(
        condition=And(
            (
                Comparison(Field("run", "experiment"), "==", experiment),
                Comparison(Field("run", "status"), "==", "completed"),
                Comparison(field, "!=", None),
            )
        ),
        sort=SortKey(field, not minimize),
        limit=1,
    )
    rows = space.store.runs(query)
    if not rows:
        raise BadInput(f"No completed run of {experiment} has a metric {metric}.")
    return rows[0]


def tag(name: str, tags: Mapping[str, str | None], *, workspace: Workspace | None = None) -> None:
    """Set tags of a run; None takes a tag away."""
    space = found(workspace)
    ref = RunRef.parse(name)
    change = writer(space)
    for key, value in tags.items():
        change.tag(ref, key, value)


def note(name: str, text: str | None, *, workspace: Workspace | None = None) -> None:
    """Say a sentence about a run; None takes it away."""
    space = found(workspace)
    writer(space).set_note(RunRef.parse(name), text)


def delete(names: Sequence[str], *, workspace: Workspace | None = None) -> int:
    """Delete runs for good; ``gc`` gives their bytes back. Returns how many.

    Raises:
        NoSuchRun: one of them does not exist; then none is deleted.
    """
    space = found(workspace)
    refs = list(dict.fromkeys(RunRef.parse(name) for name in names))
    writer(space).delete(refs)
    return len(refs)


def series(name: str, metric: str, *, workspace: Workspace | None = None) -> SeriesChunk:
    """All points of one series of a run.

    Raises:
        NotFound: the run has no such series.
    """
    space = found(workspace)
    row = space.store.row(RunRef.parse(name))
    for chunk in space.store.series(row.id, metric):
        return chunk
    raise NotFound(f"{name} has no series {metric}.")


def executions(name: str, *, workspace: Workspace | None = None) -> tuple[Execution, ...]:
    """The executions of a run's session up to the run, in order."""
    space = found(workspace)
    row = space.store.row(RunRef.parse(name))
    return space.store.executions(row.session, row.seq)
