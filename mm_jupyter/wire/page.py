"""Records to the shapes that a browser gets."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from mm_jupyter.records import (
    Cause,
    CellVersion,
    Change,
    DataDiff,
    Diff,
    ExperimentLine,
    History,
    Judgement,
    Line,
    Names,
    NotCompared,
    NotKept,
    Output,
    Page,
    Run,
    RunPage,
    RunRow,
    SeriesChunk,
    better,
    direction,
    within_noise,
)
from mm_jupyter.records.history import Reproduced
from mm_jupyter.records.jobs import BatchState, Job, Work
from mm_jupyter.wire import shapes
from mm_jupyter.wire.reports import strict

RUN_FIELDS = [
    "experiment",
    "kind",
    "note",
    "notebook",
    "seconds",
    "started",
    "status",
    "verdict",
    "version",
]


def replays(how: Reproduced, work: Work) -> shapes.ReplaysShape:
    return {
        "tag": "replays",
        "jobs": [job(one) for one in (*work.running, *work.next, *work.ended)],
        "waiting": work.waiting,
        "batches": [batch(one, work) for one in work.batches],
        "verdicts": how.verdicts,
        "total": how.total,
        "causes": [
            {"cause": cause(why), "runs": [str(ref) for ref in refs]} for why, refs in how.causes
        ],
        "finished": [verdict(one) for one in how.finished],
    }


def job(one: Job) -> shapes.JobShape:
    return {
        "tag": "job",
        "id": str(one.id),
        "batch": one.batch,
        "run": None if one.run is None else str(one.run),
        "kind": one.kind,
        "parameters": ", ".join(f"{name} {value}" for name, value in one.parameters.items()),
        "state": one.state,
        "phase": one.phase,
        "cell": one.cell,
        "cells": one.cells,
        "asked": one.asked,
        "started": one.started,
        "ended": one.ended,
        "verdict": one.verdict,
        "said": one.said,
    }


def batch(state: BatchState, work: Work) -> shapes.BatchShape:
    own = state.batch
    refs, best = work.sweeps.get(own.id, ((), None))
    return {
        "tag": "batch",
        "id": own.id,
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
        "metric": own.options.get("metric"),
        "best": None if best is None else str(best),
        "runs": [str(ref) for ref in refs[:200]],
    }


def row(line: Line) -> shapes.RowShape:
    own = line.row
    return {
        "tag": "row",
        "run": str(own.ref),
        "experiment": own.ref.experiment,
        "version": own.ref.version,
        "kind": own.kind,
        "status": own.status,
        "started": own.started,
        "seconds": own.seconds,
        "notebook": own.notebook,
        "cell_id": own.cell_id,
        "metrics": [_metric(name, value, own, line.parent) for name, value in own.metrics.items()],
        "params": [
            {"name": param.name, "value": strict(param.value), "origin": param.origin}
            for param in own.params
        ],
        "tags": dict(own.tags),
        "note": own.note,
        "parent": str(own.parent) if own.parent else None,
        "verdict": own.verdict,
        "models": list(own.models),
        "changes": None if line.changes is None else [_change(change) for change in line.changes],
        "said": line.said,
        "progress": _progress(line),
    }


def _progress(line: Line) -> shapes.ProgressShape | None:
    found = line.progress
    if found is None:
        return None
    return {
        "tag": "progress",
        "step": found.step,
        "steps": found.steps,
        "seconds": found.seconds,
    }


def _metric(name: str, value: float, row: RunRow, parent: RunRow | None) -> shapes.MetricShape:
    before = parent.metrics.get(name) if parent else None
    own, its = row.noise.get(name), parent.noise.get(name) if parent else None
    change = 0.0 if before is None else value - before
    return {
        "name": name,
        "value": strict(value),
        "noise": strict(own if own is not None else its),
        "parent": None if before is None else strict(before),
        "direction": direction(name),
        "better": better(name, change, own, its),
        "within_noise": bool(change and within_noise(change, own, its)),
    }


def _change(change: Change) -> shapes.ChangeShape:
    return {
        "kind": change.kind,
        "name": change.name,
        "old": strict(change.old),
        "new": strict(change.new),
    }


def page(found: Page) -> shapes.PageShape:
    return {
        "tag": "page",
        "rows": [row(line) for line in found.lines],
        "offset": found.offset,
        "total": found.total,
    }


def history(found: History, root: str, read_only: bool) -> shapes.HistoryShape:
    return {
        "tag": "history",
        "root": root,
        "read_only": read_only,
        "experiments": [_experiment(line) for line in found.experiments],
        "total": found.total,
        "fits": found.fits,
    }


def _experiment(line: ExperimentLine) -> shapes.ExperimentShape:
    return {
        "tag": "experiment",
        "name": line.name,
        "count": line.count,
        "metric": line.metric,
        "direction": direction(line.metric) if line.metric else None,
        "spark": [(version, value) for version, value in line.spark if abs(value) != float("inf")],
        "low": _finite(line.low),
        "high": _finite(line.high),
        "best": line.best,
        "latest": strict(line.latest),
        "verdict": line.verdict,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or value != value or abs(value) == float("inf") else value


def names(found: Names) -> shapes.NamesShape:
    return {
        "tag": "names",
        "metrics": list(found.metrics),
        "params": list(found.params),
        "tags": list(found.tags),
        "run": RUN_FIELDS,
    }


def verdict(judged: Judgement) -> shapes.VerdictShape:
    return {
        "tag": "verdict",
        "run": str(judged.run),
        "verdict": judged.verdict,
        "said": judged.said,
        "at": judged.at,
        "seconds": judged.seconds,
        "replays": judged.replays,
        "slice": judged.slice,
        "executions": judged.executions,
        "of": judged.of,
        "items": [
            {
                "kind": item.kind,
                "name": item.name,
                "recorded": item.recorded,
                "replayed": item.replayed,
                "verdict": item.verdict,
                "why": item.why,
            }
            for item in judged.items
        ],
        "not_compared": [_missing(one) for one in judged.not_compared],
        "restored": [f"{one.kind} {one.name}".strip() for one in judged.restored],
        "causes": [cause(one) for one in judged.causes],
    }


def cause(one: Cause) -> shapes.CauseShape:
    return {
        "factor": one.factor,
        "name": one.name,
        "recorded": one.recorded,
        "current": one.current,
        "confirmed": one.confirmed,
    }


def _missing(one: NotCompared | NotKept) -> shapes.NotComparedShape:
    return {"kind": one.kind, "name": one.name, "why": one.why}


def diff(found: Diff) -> shapes.DiffShape:
    return {
        "tag": "diff",
        "old": str(found.old),
        "new": str(found.new),
        "changes": [_change(change) for change in found.changes],
        "source": list(found.source),
        "same": found.same,
    }


def data(found: DataDiff) -> shapes.DataDiffShape:
    changed = [one for one in found.files if one.differs]
    return {
        "tag": "data",
        "old": str(found.old),
        "new": str(found.new),
        "files": [
            {
                "path": one.path,
                "said": one.said,
                "rows": list(one.table.rows) if one.table else None,
            }
            for one in changed
        ],
        "same": len(found.files) - len(changed),
    }


def run(found: RunPage) -> shapes.RunShape:
    whole = found.run
    env = whole.environment
    return {
        "tag": "run",
        "row": row(found.line),
        "source": whole.source,
        "error": f"{whole.failure.name}: {whole.failure.message}" if whole.failure else None,
        "traceback": whole.failure.traceback if whole.failure else None,
        "changed": diff(found.changed) if found.changed else None,
        "series": [{"name": name, "points": points} for name, points in whole.series.items()],
        "outputs": [_output(output, found.blobs) for output in whole.outputs],
        "files": _files(whole, found.edited),
        "artifacts": [
            {
                "name": one.name,
                "media_type": one.media_type,
                "digest": one.digest,
                "size": one.size,
            }
            for one in whole.artifacts
        ],
        "models": [
            {
                "name": one.name,
                "type": one.type,
                "size": one.size,
                "kept": one.content is not None,
                "why": one.why,
            }
            for one in whole.models
        ],
        "environment": {
            "python": env.python,
            "platform": env.platform,
            "processor": env.processor or "",
            "cpus": env.cpus or 0,
            "packages": {package.name: package.version for package in env.packages},
        }
        if env
        else None,
        "verdict": verdict(found.verdict) if found.verdict else None,
        "not_kept": [_missing(one) for one in whole.not_kept],
        "loading": _loading(whole),
    }


def _loading(whole: Run) -> str:
    name = str(whole.row.ref)
    if whole.models:
        return f"import mm_jupyter as mm\n\nmodel = mm.load_model({name!r}, {whole.models[0].name!r}, trust=True)\n"
    return f"import mm_jupyter as mm\n\nrun = mm.show({name!r})\n"


def _output(output: Output, blobs: dict[str, bytes]) -> shapes.OutputShape:
    data = {}
    for mime, digest in output.data.items():
        content = blobs.get(digest)
        if content is None:
            continue
        binary = mime.startswith("image/") and mime != "image/svg+xml"
        data[mime] = (
            base64.b64encode(content).decode("ascii")
            if binary
            else content.decode("utf-8", "replace")
        )
    return {
        "kind": output.kind,
        "name": output.name,
        "data": data,
        "truncated": output.truncated,
    }


def _files(whole: Run, edited: dict[str, bool]) -> list[shapes.FileShape]:
    files: list[shapes.FileShape] = [
        {
            "path": use.path,
            "role": use.role,
            "digest": use.digest,
            "size": use.size,
            "edited": edited.get(use.path) if use.role == "input" else None,
        }
        for use in whole.files
    ]
    files += [
        {
            "path": module.path,
            "role": "module",
            "digest": module.digest,
            "size": None,
            "edited": edited.get(module.path),
        }
        for module in whole.modules
    ]
    return files


def series(run: str, chunk: SeriesChunk, points: int) -> shapes.SeriesShape:
    return {
        "tag": "series",
        "run": run,
        "name": chunk.name,
        "points": points,
        "steps": list(chunk.steps),
        "values": strict(chunk.values),
    }


def cells(notebook: str, found: Iterable[CellVersion]) -> shapes.CellsShape:
    return {
        "tag": "cells",
        "notebook": notebook,
        "cells": [
            {
                "cell_id": one.row.cell_id or "",
                "run": str(one.row.ref),
                "verdict": one.row.verdict,
                "status": one.row.status,
                "source": one.source,
            }
            for one in found
        ],
    }


def cell(cell_id: str, found: Iterable[CellVersion]) -> shapes.CellHistoryShape:
    return {
        "tag": "cell",
        "cell_id": cell_id,
        "versions": [
            {
                "run": str(one.row.ref),
                "started": one.row.started,
                "source": one.source,
                "verdict": one.row.verdict,
            }
            for one in found
        ],
    }
