"""The queue of work and sweeps, as ``--json`` answers."""

from __future__ import annotations

from mm_jupyter.records.jobs import BatchState, Job
from mm_jupyter.records.sweep import Sweep
from mm_jupyter.wire.reports import Json, strict


def batch_state(state: BatchState) -> Json:
    """``mm jobs --json``: one of the list."""
    own = state.batch
    return {
        "batch": own.id,
        "kind": own.kind,
        "title": own.title,
        "who": own.who,
        "asked": own.asked,
        "started": state.started,
        "ended": state.ended,
        "waiting": state.waiting,
        "running": state.running,
        "done": state.done,
        "failed": state.failed,
        "cancelled": state.cancelled,
    }


def job_state(job: Job) -> Json:
    """``mm jobs BATCH --json``: one of the list."""
    return {
        "job": job.id,
        "batch": job.batch,
        "run": None if job.run is None else str(job.run),
        "kind": job.kind,
        "parameters": strict(dict(job.parameters)),
        "state": job.state,
        "tries": job.tries,
        "phase": job.phase,
        "cell": job.cell,
        "cells": job.cells,
        "started": job.started,
        "ended": job.ended,
        "verdict": job.verdict,
        "said": job.said,
    }


def sweep(found: Sweep) -> Json:
    """``mm sweep --json``."""
    return {
        **batch_state(found.state),
        "notebook": found.notebook,
        "metric": found.metric,
        "best": None if found.best is None else str(found.best),
        "points": [
            {
                "parameters": strict(dict(point.parameters)),
                "state": point.state,
                "run": None if point.row is None else str(point.row.ref),
                "metrics": {} if point.row is None else strict(dict(point.row.metrics)),
                "said": point.said,
            }
            for point in found.points
        ],
    }
