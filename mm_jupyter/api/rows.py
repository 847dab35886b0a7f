"""A list of runs that a notebook shows as a table, and that becomes a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_jupyter.cards import runs_table
from mm_jupyter.records import RunRow
from mm_jupyter.records.table import RunTable

if TYPE_CHECKING:
    import pandas as pd


class Runs(list[RunRow]):
    """Rows in the order of their query."""

    def to_pandas(self) -> pd.DataFrame:
        """The rows as ``mm.frame`` has them.

        Raises:
            ImportError: pandas is not installed.
        """
        return frame_of(RunTable.of(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002 - IPython's protocol
        return runs_table(self, total=len(self)).bundle()


def frame_of(table: RunTable) -> pd.DataFrame:
    """A frame of columns.

    Raises:
        ImportError: pandas is not installed.
    """
    import pandas as pd

    columns: dict[str, object] = dict(table.attributes)
    started = pd.Series(table.attributes["started"], dtype=float)
    columns["started"] = pd.to_datetime(started, unit="s", utc=True)
    for kind, named in (("metrics", table.metrics), ("params", table.params), ("tags", table.tags)):
        columns |= {f"{kind}.{name}": column for name, column in named.items()}
    return pd.DataFrame(columns).set_index("run")
