"""The JSON that leaves the package. ``shapes`` are what a browser gets, each a tagged type; ``js/src/wire.ts`` is made
of them. ``page`` fills them from records; ``reports`` are the command line's ``--json``."""

from mm_jupyter.wire.jobs import batch_state, job_state, sweep
from mm_jupyter.wire.junit import junit
from mm_jupyter.wire.packs import pack, pack_replay
from mm_jupyter.wire.reports import (
    Json,
    audit_entry,
    collected,
    data_diff,
    diff,
    dumps,
    environment,
    environment_diff,
    error,
    execution_report,
    explanation,
    failure,
    fault,
    judgement,
    noise,
    notebook_judgement,
    recipe,
    run_data,
    run_full,
    run_summary,
    strict,
)

__all__ = [
    "Json",
    "audit_entry",
    "batch_state",
    "collected",
    "data_diff",
    "diff",
    "dumps",
    "environment",
    "environment_diff",
    "error",
    "execution_report",
    "explanation",
    "failure",
    "fault",
    "job_state",
    "judgement",
    "junit",
    "noise",
    "notebook_judgement",
    "pack",
    "pack_replay",
    "recipe",
    "run_data",
    "run_full",
    "run_summary",
    "strict",
    "sweep",
]
