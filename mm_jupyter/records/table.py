"""Many runs as columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mm_jupyter.records.run import RunRow

ATTRIBUTES = ("run", "status", "started", "seconds", "verdict", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTable:
    """Columns of equal length, a run in each place; None where a run has no such value.

    ``attributes`` has the columns of ``ATTRIBUTES``: names, statuses, seconds since the epoch, seconds, verdicts and
    notes. The others are by name, sorted. A metric that is NaN is None.
    """

    attributes: dict[str, list[object]]
    metrics: dict[str, list[object]]
    params: dict[str, list[object]]
    tags: dict[str, list[object]]

    @classmethod
    def of(cls, rows: Sequence[RunRow]) -> RunTable:
        """The columns of rows."""
        attributes: dict[str, list[object]] = {
            "run": [str(row.ref) for row in rows],
            **{name: [getattr(row, name) for row in rows] for name in ATTRIBUTES[1:]},
        }
        metrics = (
            {n: None if math.isnan(v) else v for n, v in row.metrics.items()} for row in rows
        )
        params = ({param.name: param.value for param in row.params} for row in rows)
        return cls(
            attributes=attributes,
            metrics=_columns(list(metrics)),
            params=_columns(list(params)),
            tags=_columns([row.tags for row in rows]),
        )


def _columns(rows: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    names = sorted({name for row in rows for name in row})
    return {name: [row.get(name) for row in rows] for name in names}
