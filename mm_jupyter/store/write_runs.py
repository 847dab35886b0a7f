"""Writing runs: opened, fed with points, closed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mm_jupyter.errors import NoSuchRun
from mm_jupyter.records import (
    Execution,
    GitState,
    Metric,
    Outcome,
    Param,
    RunId,
    RunOpening,
    RunRef,
    Scalar,
    SeriesChunk,
    to_json,
)
from mm_jupyter.records.names import experiment_name
from mm_jupyter.store.change import Change
from mm_jupyter.store.details import outcome_detail
from mm_jupyter.store.interning import git_id, record_digest, source_id
from mm_jupyter.store.scalars import ORIGINS, columns, number_or_none, storable
from mm_jupyter.store.series import put_points
from mm_jupyter.store.write_sessions import put_executions

_NEXT = (
    "INSERT INTO experiments (name, last) VALUES (?, 1) "
    "ON CONFLICT (name) DO UPDATE SET last = experiments.last + 1 RETURNING id, last"
)
_PARENT = "SELECT id FROM runs WHERE experiment = ? AND kind = ? AND version < ? ORDER BY version DESC LIMIT 1"
_RUN = (
    "INSERT INTO runs (experiment, version, kind, status, started, session, seq, cell_id, within, parent, note, "
    "source, environment, git) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "(SELECT git FROM runs WHERE id = ?)) RETURNING id"
)
_GIT = (
    "UPDATE runs SET git = ? WHERE id = ? OR "
    "(git IS NULL AND id > ? AND session = (SELECT session FROM runs WHERE id = ?))"
)
_PARAM = (
    "INSERT INTO params (run, name, type, origin, number, text) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (run, name) DO UPDATE SET type = excluded.type, origin = excluded.origin, "
    "number = excluded.number, text = excluded.text"
)
_METRIC = (
    "INSERT INTO metrics (run, name, number) VALUES (?, ?, ?) "
    "ON CONFLICT (run, name) DO UPDATE SET number = excluded.number"
)
_TAG = (
    "INSERT INTO tags (run, name, text) VALUES (?, ?, ?) "
    "ON CONFLICT (run, name) DO UPDATE SET text = excluded.text"
)
_CLOSE = (
    "UPDATE runs SET status = ?, seconds = ?, note = COALESCE(?, note), models = ?, detail = ?, "
    "environment = COALESCE(?, environment) WHERE id = ?"
)


def open_run(
    change: Change, opening: RunOpening, executions: Sequence[Execution]
) -> tuple[RunId, RunRef]:
    """Add executions and a running run, the next version of its experiment."""
    tx, interned = change.tx, change.interned
    put_executions(change, executions)
    row = tx.one(_NEXT, (experiment_name(opening.experiment),))
    assert row is not None
    experiment, version = row
    parent = tx.one(_PARENT, (experiment, opening.kind, version))
    environment = opening.environment and interned.environment(tx, opening.environment)
    values = (
        experiment,
        version,
        opening.kind,
        opening.started,
        interned.session(tx, opening.session),
        opening.seq,
        opening.cell_id,
        opening.within,
        parent and parent[0],
        None if opening.note is None else storable(opening.note),
        source_id(tx, opening.source),
        environment,
        opening.git_of,
    )
    made = tx.one(_RUN, values)
    assert made is not None
    run, ref = RunId(made[0]), RunRef(opening.experiment, version)
    put_tags(change, run, opening.tags)
    after = {"kind": opening.kind, "session": opening.session, "seq": opening.seq}
    change.audit("run.opened", str(ref), None, after)
    return run, ref


def close_run(change: Change, run: RunId, outcome: Outcome, execution: Execution | None) -> None:
    """End a run with everything that it gave."""
    ref, status = named(change, run)
    if execution is not None:
        put_executions(change, [execution])
    params = {param.name: param for param in outcome.params}
    metrics = {metric.name: metric for metric in outcome.metrics}
    _put_params(change, run, params)
    _put_metrics(change, run, metrics)
    put_tags(change, run, outcome.tags)
    put_points(change.tx, change.interned, run, outcome.series)
    detail = outcome_detail(outcome)
    change.tx.run(
        _CLOSE,
        (
            outcome.status,
            outcome.seconds,
            None if outcome.note is None else storable(outcome.note),
            json.dumps([model.name for model in outcome.models]) if outcome.models else None,
            change.pack(detail) if detail else None,
            outcome.environment and change.interned.environment(change.tx, outcome.environment),
            run,
        ),
    )
    after = {
        "status": outcome.status,
        "seconds": outcome.seconds,
        "digest": outcome_digest(outcome.status, params.values(), metrics.values(), detail),
    }
    change.audit("run.closed", str(ref), {"status": status}, after)


def add_points(change: Change, run: RunId, chunks: Sequence[SeriesChunk]) -> None:
    ref, _ = named(change, run)
    put_points(change.tx, change.interned, run, chunks)
    counts: dict[str, int] = {}
    for chunk in chunks:
        counts[chunk.name] = counts.get(chunk.name, 0) + len(chunk.steps)
    change.audit("run.points", str(ref), None, counts)


def set_git(change: Change, run: RunId, git: GitState) -> None:
    """The repository as it was when a run was opened, and for those opened since until a newer look."""
    ref, _ = named(change, run)
    change.tx.run(_GIT, (git_id(change.tx, to_json(git)), run, run, run))
    after = {"commit": git.commit, "branch": git.branch, "dirty": git.dirty}
    change.audit("run.git", str(ref), None, after)


def named(change: Change, run: RunId) -> tuple[RunRef, str]:
    """The name and the status of a run.

    Raises:
        NoSuchRun: it was deleted.
    """
    row = change.tx.one(
        "SELECT e.name, r.version, r.status FROM runs r JOIN experiments e ON e.id = r.experiment WHERE r.id = ?",
        (run,),
    )
    if row is None:
        raise NoSuchRun(f"number {run}", ())
    return RunRef(row[0], row[1]), row[2]


def put_tags(change: Change, run: RunId, tags: dict[str, str]) -> None:
    rows = [
        (run, change.interned.name(change.tx, key), storable(value)) for key, value in tags.items()
    ]
    change.tx.many(_TAG, rows)


def outcome_digest(status: str, params: Any, metrics: Any, detail: dict[str, Any]) -> str:
    """The digest in the audit entry of a closed run: over status, params and metrics by name, and the detail.

    ``mm fsck`` derives it again from the rows.
    """
    return record_digest(
        [
            status,
            sorted([[storable(p.name), _plain(p.value), p.origin] for p in params], key=_first),
            sorted(
                [[storable(m.name), to_json(float(m.value) + 0.0)] for m in metrics], key=_first
            ),
            detail,
        ]
    )


def _plain(value: Scalar) -> Any:
    """A param's value in the digest's JSON: long integers in hexadecimal, which Python writes at any length."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int) and abs(value) > 2**53:
        return {"int": hex(value)}
    return to_json(value)


def _first(row: list[Any]) -> Any:
    return row[0]


def _put_params(change: Change, run: RunId, params: dict[str, Param]) -> None:
    rows = []
    for param in params.values():
        kind, number, text = columns(param.value)
        name = change.interned.name(change.tx, param.name)
        rows.append((run, name, kind, ORIGINS.index(param.origin), number, text))
    change.tx.many(_PARAM, rows)


def _put_metrics(change: Change, run: RunId, metrics: dict[str, Metric]) -> None:
    rows = []
    for metric in metrics.values():
        name = change.interned.name(change.tx, metric.name)
        rows.append((run, name, number_or_none(metric.value)))
    change.tx.many(_METRIC, rows)
