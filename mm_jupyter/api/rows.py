"""A list of runs that a notebook shows as a table, and that becomes a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_jupyter.cards import runs_table
from mm_jupyter.records import RunRow

if TYPE_CHECKING:
    import pandas as pd


class Runs(list[RunRow]):
    """Rows in the order of their query."""

    def to_pandas(self) -> pd.DataFrame:
        """A frame with a row a run, indexed by its name: ``status``, ``started`` (UTC), ``seconds``, ``verdict``,
        ``note``, and a column for each ``metrics.NAME``, ``params.NAME`` and ``tags.NAME``.

        Raises:
            ImportError: pandas is not installed.
        """
        import pandas as pd

        rows: list[dict[str, Any]] = [
            {
                "run": str(row.ref),
                "status": row.status,
                "started": pd.Timestamp(row.started, unit="s", tz="UTC"),
                "seconds": row.seconds,
                "verdict": row.verdict,
                "note": row.note,
                **{f"metrics.{name}": value for name, value in row.metrics.items()},
                **{f"params.{param.name}": param.value for param in row.params},
                **{f"tags.{key}": value for key, value in row.tags.items()},
            }
            for row in self
        ]
        columns = ["run", "status", "started", "seconds", "verdict", "note"]
        return pd.DataFrame(rows, columns=None if rows else columns).set_index("run")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002 - IPython's protocol
        return runs_table(self, total=len(self)).bundle()
