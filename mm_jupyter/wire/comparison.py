"""Several runs as one table: columns are runs, rows are what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mm_jupyter.records import Line, Run, direction
from mm_jupyter.wire import shapes
from mm_jupyter.wire.page import row
from mm_jupyter.wire.reports import strict


def compare(runs: Sequence[Run]) -> shapes.CompareShape:
    """A table of what several runs hold: columns are runs, ``differs`` says which rows are not all equal."""
    rows = [
        *_facts("metrics", runs, lambda run: {k: strict(v) for k, v in run.row.metrics.items()}),
        *_facts("params", runs, lambda run: {p.name: strict(p.value) for p in run.row.params}),
        *_facts(
            "data",
            runs,
            lambda run: {f.path: _short(f.digest) for f in run.files if f.role == "input"},
        ),
        *_facts("environment", runs, _packages),
    ]
    return {
        "tag": "compare",
        "runs": [row(Line(row=run.row)) for run in runs],
        "rows": rows,
        "same": sum(not fact["differs"] for fact in rows),
        "series": list(dict.fromkeys(name for run in runs for name in run.series)),
    }


def _short(digest: str | None) -> str | None:
    return None if digest is None else digest.partition(":")[2][:8]


def _packages(run: Run) -> dict[str, Any]:
    if run.environment is None:
        return {}
    return {
        "python": run.environment.python,
        **{package.name: package.version for package in run.environment.packages},
    }


def _facts(
    kind: Any, runs: Sequence[Run], take: Callable[[Run], dict[str, Any]]
) -> Iterable[shapes.CompareRowShape]:
    columns = [take(run) for run in runs]
    for name in dict.fromkeys(name for column in columns for name in column):
        values = [column.get(name) for column in columns]
        way = direction(name) if kind == "metrics" else None
        yield {
            "kind": kind,
            "name": name,
            "direction": way,
            "values": values,
            "noise": [strict(run.row.noise.get(name)) for run in runs] if kind == "metrics" else [],
            "differs": any(not _same(value, values[0]) for value in values),
            "best": _best(values, way),
        }


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _best(values: Sequence[Any], way: str | None) -> int | None:
    numbers = [(value, place) for place, value in enumerate(values) if isinstance(value, float)]
    if way is None or len(numbers) < 2:
        return None
    return (max if way == "up" else min)(numbers)[1]
