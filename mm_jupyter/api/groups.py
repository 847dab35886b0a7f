"""The groups of a history: the experiments, each with what a list shows of it."""

from __future__ import annotations

import time
from functools import partial

from mm_jupyter.analysis.queries import parse_query
from mm_jupyter.api.runs import found
from mm_jupyter.cards.facts import main_metric, main_of
from mm_jupyter.records import (
    And,
    Comparison,
    Condition,
    ExperimentHead,
    ExperimentLine,
    Field,
    History,
    Query,
    SortKey,
)
from mm_jupyter.records.direction import direction
from mm_jupyter.workspace import Workspace

SPARK = 60
"""The newest runs of an experiment, whose metric is drawn."""
NEWEST_FIRST = SortKey(Field("run", "started"), True)


def history(
    query: str | None = None,
    *,
    notebook: str | None = None,
    metric: str | None = None,
    workspace: Workspace | None = None,
) -> History:
    """The experiments that have runs, the newest first.

    Args:
        notebook: only runs of this notebook (its path from the workspace's root).
        metric: the metric to show where an experiment has it; else each experiment's main one.

    Raises:
        BadQuery: with a caret under the fault.
    """
    space = found(workspace)
    space.store.sweep_crashed()
    scope = scope_of(notebook)
    condition = both(scope, parse_query(query or "", time.time()))
    if condition is None:
        heads = space.store.heads(partial(main_of, wanted=metric), SPARK)
        total = sum(head.count for head in heads)
    else:
        names = space.store.experiments()
        heads = [head for name in names if (head := _fitting(space, name, condition, metric))]
        total = sum(names.values()) if scope is None else space.store.count(scope)
    return History(
        experiments=tuple(_line_of(head) for head in sorted(heads, key=lambda one: -one.started)),
        total=total,
        fits=sum(head.count for head in heads),
    )


def _fitting(
    space: Workspace, name: str, condition: Condition, wanted: str | None
) -> ExperimentHead | None:
    """An experiment as far as its runs fit."""
    own = both(condition, Comparison(Field("run", "experiment"), "==", name))
    count = space.store.count(own)
    if not count:
        return None
    newest = space.store.runs(Query(condition=own, sort=NEWEST_FIRST, limit=SPARK))
    shown = next((key for row in newest if (key := main_metric(row, wanted))), None)
    points = [(row.ref.version, row.metrics[shown]) for row in newest if shown in row.metrics]
    low, high = (_extreme(space, own, shown, down) if shown else None for down in (False, True))
    return ExperimentHead(
        name=name,
        count=count,
        started=newest[0].started,
        verdict=next((row.verdict for row in newest if row.verdict), None),
        metric=shown,
        points=tuple(points),
        low=low,
        high=high,
    )


def _line_of(head: ExperimentHead) -> ExperimentLine:
    way = direction(head.metric) if head.metric else None
    best = {"up": head.high, "down": head.low, None: None}[way]
    return ExperimentLine(
        name=head.name,
        count=head.count,
        metric=head.metric,
        spark=tuple(sorted((version, value) for version, value in head.points if value == value)),
        low=head.low[1] if head.low else None,
        high=head.high[1] if head.high else None,
        best=best[0] if best else None,
        latest=head.points[0][1] if head.points else None,
        verdict=head.verdict,
    )


def _extreme(
    space: Workspace, condition: Condition | None, metric: str, descending: bool
) -> tuple[int, float] | None:
    field = Field("metrics", metric)
    fits = both(condition, Comparison(field, "!=", None))
    rows = space.store.runs(Query(condition=fits, sort=SortKey(field, descending), limit=1))
    value = rows[0].metrics.get(metric) if rows else None
    return None if value is None else (rows[0].ref.version, value)


def scope_of(notebook: str | None) -> Condition | None:
    """The runs of a notebook; all where it is None."""
    return None if notebook is None else Comparison(Field("run", "notebook"), "==", notebook)


def both(first: Condition | None, second: Condition | None) -> Condition | None:
    """Runs that fit both."""
    parts = [part for part in (first, second) if part is not None]
    return None if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))
