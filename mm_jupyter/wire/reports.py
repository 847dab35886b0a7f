"""The JSON that leaves the package: one builder a shape. The keys are a promise; every value is strict JSON.

A float that JSON cannot hold stands as the text ``NaN``, ``Infinity`` or ``-Infinity``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from mm_jupyter.errors import MmError
from mm_jupyter.records import (
    AuditEntry,
    Cause,
    DataDiff,
    DataVersion,
    Diff,
    Environment,
    EnvironmentDiff,
    Explanation,
    Failure,
    FileUse,
    Item,
    Judgement,
    Noise,
    NotebookJudgement,
    Param,
    Recipe,
    Run,
    RunData,
    RunRow,
    SessionId,
    TableChange,
    to_json,
)

Json = dict[str, Any]
_HALF = re.compile("[\ud800-\udfff]")


def dumps(value: Any) -> str:
    """Strict JSON text, two spaces deep, in any script."""
    text = json.dumps(strict(value), indent=2, ensure_ascii=False, allow_nan=False)
    # Names of files may be no text; as escapes any terminal and any file takes them.
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def strict(value: Any) -> Any:
    """``value`` with the floats that JSON cannot hold as texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: strict(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(part) for part in value]
    return value


def run_summary(row: RunRow) -> Json:
    """``{"run", "kind", "status", "params", "metrics", "noise"}``: an element of ``mm runs --json``."""
    return {
        "run": str(row.ref),
        "kind": row.kind,
        "status": row.status,
        "params": _params(row.params),
        "metrics": strict(row.metrics),
        "noise": strict(row.noise),
    }


def run_full(run: Run) -> Json:
    """``mm show --json``: the summary and everything else that the run kept."""
    row = run.row
    return {
        **run_summary(row),
        "tags": dict(row.tags),
        "note": row.note,
        "inputs": [_file(file) for file in run.files if file.role == "input"],
        "output_files": [_file(file) for file in run.files if file.role == "output"],
        "artifacts": [
            {
                "name": artifact.name,
                "media_type": artifact.media_type,
                "digest": artifact.digest,
                "size": artifact.size,
            }
            for artifact in run.artifacts
        ],
        "models": [
            {
                "name": model.name,
                "type": model.type,
                "state": model.state,
                "format": model.format,
                "size": model.size,
                "why": model.why,
            }
            for model in run.models
        ],
        "environment": environment(run.environment) if run.environment else None,
        "source": run.source,
        "error": failure(run.failure),
        "parent": str(row.parent) if row.parent else None,
        "verdict": row.verdict,
        "seconds": strict(row.seconds),
    }


def failure(raised: Failure | None) -> Json | None:
    """``{"name", "message", "traceback"}``."""
    if raised is None:
        return None
    return {"name": raised.name, "message": raised.message, "traceback": raised.traceback}


def recipe(recipe: Recipe) -> Json:
    """``{"run", "slice", "verified", "executions", "of", "cells"}``."""
    return {
        "run": str(recipe.run),
        "slice": recipe.slice,
        "verified": recipe.verified,
        "executions": len(recipe.steps),
        "of": recipe.of,
        "cells": [step.source for step in recipe.steps],
    }


def judgement(judged: Judgement) -> Json:
    """An element of ``mm replay --json``."""
    return {
        "run": str(judged.run),
        "verdict": judged.verdict,
        "recipe": {
            "slice": judged.slice,
            "executions": judged.executions,
            "of": judged.of,
        },
        "items": [_item(item) for item in judged.items],
        "restored": [{"kind": help_.kind, "name": help_.name} for help_ in judged.restored],
        "not_compared": [to_json(missing) for missing in judged.not_compared],
        "causes": [_cause(cause) for cause in judged.causes],
        "replays": judged.replays,
        "seconds": strict(judged.seconds),
        "environment": judged.environment,
    }


def _item(item: Item) -> Json:
    return {
        "kind": item.kind,
        "name": item.name,
        "recorded": item.recorded,
        "replayed": item.replayed,
        "verdict": item.verdict,
    }


def _cause(cause: Cause) -> Json:
    return {
        "factor": cause.factor,
        "name": cause.name,
        "recorded": cause.recorded,
        "current": cause.current,
        "confirmed": cause.confirmed,
    }


def notebook_judgement(judged: NotebookJudgement) -> Json:
    """An element of ``mm verify --json``."""
    return {
        "notebook": judged.notebook,
        "verdict": judged.verdict,
        "said": judged.said,
        "cells": [
            {
                "place": cell.place,
                "count": cell.count,
                "line": cell.line,
                "verdict": cell.verdict,
                "said": cell.said,
                "items": [_item(item) for item in cell.items],
                "not_compared": [to_json(missing) for missing in cell.not_compared],
            }
            for cell in judged.cells
        ],
        "causes": [_cause(cause) for cause in judged.causes],
        "replays": judged.replays,
        "seconds": strict(judged.seconds),
    }


def noise(found: Noise) -> Json:
    """``mm noise --json``."""
    return {
        "run": str(found.run),
        "said": found.said,
        "spreads": [strict(to_json(one)) for one in found.spreads],
        "replays": [to_json(one) for one in found.replays],
        "seeds": list(found.seeds),
        "not_varied": [to_json(one) for one in found.not_varied],
        "seconds": strict(found.seconds),
    }


def explanation(found: Explanation) -> Json:
    """``mm explain --json``: a judgement with ``said``, ``helped`` and the ``experiments`` that show it."""
    return {
        **judgement(found.judgement),
        "said": found.said,
        "helped": found.helped,
        "experiments": [
            {
                "put_back": list(one.put_back),
                "verdict": one.verdict,
                "seconds": strict(one.seconds),
            }
            for one in found.experiments
        ],
    }


def environment_diff(found: EnvironmentDiff) -> Json:
    """``mm env diff --json``."""
    return {
        "old": found.old,
        "new": found.new,
        "facts": [to_json(fact) for fact in found.facts],
        "defaults": [to_json(one) for one in found.defaults],
        "same": found.same,
    }


def execution_report(session: SessionId, notebook: str, runs: Iterable[RunRow]) -> Json:
    """``mm run --json``: ``{"session", "notebook", "runs"}``."""
    return {"session": session, "notebook": notebook, "runs": [run_summary(row) for row in runs]}


def run_data(found: RunData) -> Json:
    """``{"run", "files": [{"path", "role", "digest", "size", "kept", "modified", "read_by", "same_in"}]}``."""
    return {"run": str(found.run), "files": [_data_version(one) for one in found.versions]}


def _data_version(version: DataVersion) -> Json:
    return {
        "path": version.path,
        "role": version.role,
        "digest": version.digest,
        "size": version.size,
        "kept": version.kept,
        "modified": version.modified,
        "read_by": list(version.read_by),
        "same_in": [str(ref) for ref in version.same_in],
    }


def data_diff(found: DataDiff) -> Json:
    """``{"old", "new", "files": [{"path", "differs", "said", "old", "new", "table"}]}``; ``table`` is null for what is
    none, else ``{"rows", "added", "removed", "moved", "columns": [{"name", "old", "new"}]}``."""
    return {
        "old": str(found.old),
        "new": str(found.new) if found.new is not None else None,
        "files": [
            {
                "path": one.path,
                "differs": one.differs,
                "said": one.said,
                "old": _data_version(one.old) if one.old else None,
                "new": _data_version(one.new) if one.new else None,
                "table": _table(one.table) if one.table else None,
            }
            for one in found.files
        ],
    }


def _table(change: TableChange) -> Json:
    return {
        "rows": list(change.rows),
        "added": change.added,
        "removed": change.removed,
        "moved": change.moved,
        "columns": [
            {
                "name": column.name,
                "differs": column.differs,
                "old": to_json(column.old) if column.old else None,
                "new": to_json(column.new) if column.new else None,
            }
            for column in change.columns
        ],
    }


def diff(found: Diff) -> Json:
    """``{"old", "new", "changes", "metrics", "tags", "source", "modules", "same"}``."""
    return {
        "old": str(found.old),
        "new": str(found.new),
        "changes": [
            {
                "kind": change.kind,
                "name": change.name,
                "old": strict(change.old),
                "new": strict(change.new),
            }
            for change in found.changes
        ],
        "metrics": [
            {"name": metric.name, "old": strict(metric.old), "new": strict(metric.new)}
            for metric in found.metrics
        ],
        "tags": [{"name": tag.name, "old": tag.old, "new": tag.new} for tag in found.tags],
        "source": list(found.source),
        "modules": [
            {"name": module.name, "path": module.path, "lines": list(module.lines)}
            for module in found.modules
        ],
        "same": found.same,
    }


def audit_entry(entry: AuditEntry) -> Json:
    """``{"number", "at", "who", "what", "object", "before", "after"}``; before and after are JSON values."""
    return {
        "number": entry.number,
        "at": entry.at,
        "who": entry.who,
        "what": entry.what,
        "object": entry.object,
        "before": _loads(entry.before),
        "after": _loads(entry.after),
    }


def fault(kind: str, name: str, why: str) -> Json:
    """An element of ``mm fsck --json``."""
    return {"kind": kind, "name": name, "why": why}


def collected(*, blobs: int, bytes: int, dry_run: bool, postponed: bool) -> Json:  # noqa: A002 - the key's name
    """``mm gc --json``. ``postponed``: a live kernel needed large blobs, which stay until the next time."""
    return {"blobs": blobs, "bytes": bytes, "dry_run": dry_run, "postponed": postponed}


def error(raised: MmError) -> Json:
    """``{"error": {"code", "message"}}``."""
    return {"error": {"code": raised.code, "message": str(raised)}}


def _params(params: Iterable[Param]) -> Json:
    return {param.name: strict(param.value) for param in params}


def _file(file: FileUse) -> Json:
    return {"path": file.path, "digest": file.digest, "size": file.size}


def environment(found: Environment) -> Json:
    """``mm env RUN --json``."""
    return {
        "python": found.python,
        "implementation": found.implementation,
        "platform": found.platform,
        "machine": found.machine,
        "processor": found.processor,
        "cpus": found.cpus,
        "packages": {package.name: package.version for package in found.packages},
        "blas": list(found.blas),
        "threads": dict(found.threads),
        "variables": dict(found.variables),
    }


def _loads(text: str | None) -> Any:
    return None if text is None else strict(json.loads(text))
