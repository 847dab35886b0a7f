"""The JSON that leaves the package. ``shapes`` are what a browser gets, each a tagged type; ``js/src/wire.ts`` is made
of them. ``page`` fills them from records; ``reports`` are the command line's ``--json``."""

from mm_jupyter.wire.reports import (
    Json,
    audit_entry,
    collected,
    data_diff,
    diff,
    dumps,
    error,
    execution_report,
    failure,
    fault,
    judgement,
    recipe,
    run_data,
    run_full,
    run_summary,
    strict,
)

__all__ = [
    "Json",
    "audit_entry",
    "collected",
    "data_diff",
    "diff",
    "dumps",
    "error",
    "execution_report",
    "failure",
    "fault",
    "judgement",
    "recipe",
    "run_data",
    "run_full",
    "run_summary",
    "strict",
]
