"""The groups of a history: the experiments, each with what a list shows of it."""

from __future__ import annotations

import time
from functools import partial

from mm_jupyter.analysis.queries import parse_query
from mm_jupyter.api.runs import found
from mm_jupyter.cards.facts import main_of
from mm_jupyter.records import (
    And,
    Comparison,
    Condition,
    ExperimentHead,
    ExperimentLine,
    Field,
    History,
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
    scope = scope_of(space, notebook)
    condition = both(scope, parse_query(query or "", time.time()))
    heads = space.store.heads(partial(main_of, wanted=metric), SPARK, condition)
    fits = sum(head.count for head in heads)
    return History(
        experiments=tuple(_line_of(head) for head in sorted(heads, key=lambda one: -one.started)),
        total=fits if condition == scope else space.store.count(scope),
        fits=fits,
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


def scope_of(space: Workspace, notebook: str | None) -> Condition | None:
    """The runs of a notebook; None stands for all, also where all are of this notebook."""
    if notebook is None or space.store.all_in(notebook):
        return None
    return Comparison(Field("run", "notebook"), "==", notebook)


def both(first: Condition | None, second: Condition | None) -> Condition | None:
    """Runs that fit both."""
    parts = [part for part in (first, second) if part is not None]
    return None if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))
