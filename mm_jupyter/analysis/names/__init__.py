"""One cell of a notebook -> what it defines, uses and may change, by its source alone. Standard library only."""

from mm_jupyter.analysis.names.facts import (
    PARAMETER,
    Bind,
    Call,
    CellNames,
    Effects,
    Names,
    Step,
    Store,
    Value,
)
from mm_jupyter.analysis.names.lines import body, track_line, without_ours
from mm_jupyter.analysis.names.reading import cell_names

__all__ = [
    "PARAMETER",
    "Bind",
    "Call",
    "CellNames",
    "Effects",
    "Names",
    "Step",
    "Store",
    "Value",
    "body",
    "cell_names",
    "track_line",
    "without_ours",
]
