"""Writing runs: opened, fed with points, closed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from mm_jupyter.errors import NoSuchRun
from mm_jupyter.records import (
    Closed,
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
from mm_jupyter.store.interning import canonical_digest, git_id, source_id
from mm_jupyter.store.packed import canonical
from mm_jupyter.store.scalars import ORIGINS, columns, number_or_none, scalar, storable
from mm_jupyter.store.series import put_points
from mm_jupyter.store.write_sessions import put_executions

_NEXT = (
    "INSERT INTO experiments (name, last) VALUES (?, 1) "
    "ON CONFLICT (name) DO UPDATE SET last = experiments.last + 1 RETURNING id, last"
)
_PARENT = "(SELECT id FROM runs WHERE experiment = ? AND kind = ? AND version < ? ORDER BY version DESC LIMIT 1)"
_RUN = (
    "INSERT INTO runs (experiment, version, kind, status, started, session, seq, cell_id, within, parent, note, "
    f"source, environment, git) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, {_PARENT}, ?, ?, ?, "
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
_SAID = (
    "EXISTS (SELECT 1 FROM audit a WHERE a.object = e.name || '/' || {run}.version "
    "AND a.what <> 'run.opened' AND a.what <> 'run.closed' AND a.what <> 'run.points' AND a.what <> 'run.git')"
)
_CLOSING = (
    f"SELECT e.name, r.version, r.status, p.version, {_SAID.format(run='r')}, {_SAID.format(run='p')} FROM runs r "
    "JOIN experiments e ON e.id = r.experiment LEFT JOIN runs p ON p.id = r.parent WHERE r.id = ?"
)
"""A run that ends, its parent, and whether more was said of them than that they ran."""


def open_run(
    change: Change, opening: RunOpening, executions: Sequence[Execution]
) -> tuple[RunId, RunRef]:
    """Add executions and a running run, the next version of its experiment."""
    tx, interned = change.tx, change.interned
    put_executions(change, executions)
    row = tx.one(_NEXT, (experiment_name(opening.experiment),))
    assert row is not None
    experiment, version = row
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
        *(experiment, opening.kind, version),
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


def close_run(change: Change, run: RunId, outcome: Outcome, execution: Execution | None) -> Closed:
    """End a run with everything that it gave."""
    found = change.tx.one(_CLOSING, (run,))
    if found is None:
        raise NoSuchRun(f"number {run}", ())
    experiment, version, status, parent, touched, parent_touched = found
    if execution is not None:
        put_executions(change, [execution])
    params = {param.name: param for param in outcome.params}
    metrics = {metric.name: metric for metric in outcome.metrics}
    closed = Closed(
        parent=None if parent is None else RunRef(experiment, parent),
        touched=bool(touched),
        parent_touched=bool(parent_touched),
        params=_put_params(change, run, params),
        metrics=_put_metrics(change, run, metrics),
        tags=put_tags(change, run, outcome.tags),
    )
    put_points(change.tx, change.interned, run, outcome.series)
    detail = outcome_detail(outcome)
    record = canonical(detail)
    change.tx.run(
        _CLOSE,
        (
            outcome.status,
            outcome.seconds,
            None if outcome.note is None else storable(outcome.note),
            json.dumps([model.name for model in outcome.models]) if outcome.models else None,
            change.pack_record(record) if detail else None,
            outcome.environment and change.interned.environment(change.tx, outcome.environment),
            run,
        ),
    )
    after = {
        "status": outcome.status,
        "seconds": outcome.seconds,
        "digest": outcome_digest(outcome.status, params.values(), metrics.values(), record),
    }
    change.audit("run.closed", f"{experiment}/{version}", {"status": status}, after)
    return closed


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


def put_tags(change: Change, run: RunId, tags: dict[str, str]) -> dict[str, str]:
    """Set tags of a run. Returns them as they are read again: so do those who write its params and metrics."""
    kept = {}
    for key, value in tags.items():
        kept[change.interned.name(change.tx, key)] = (storable(key), storable(value))
    change.tx.many(_TAG, [(run, name, text) for name, (_, text) in kept.items()])
    return dict(kept[name] for name in sorted(kept))


def outcome_digest(status: str, params: Any, metrics: Any, record: bytes) -> str:
    """The digest in the audit entry of a closed run: over status, params and metrics by name, and the detail, whose
    canonical form ``record`` is.

    ``mm fsck`` derives it again from the rows.
    """
    rest = canonical(
        [
            status,
            sorted([[storable(p.name), _plain(p.value), p.origin] for p in params], key=_first),
            sorted(
                [[storable(m.name), to_json(float(m.value) + 0.0)] for m in metrics], key=_first
            ),
        ]
    )
    return canonical_digest(rest[:-1] + b"," + record + b"]")


def _plain(value: Scalar) -> Any:
    """A param's value in the digest's JSON: long integers in hexadecimal, which Python writes at any length."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int) and abs(value) > 2**53:
        return {"int": hex(value)}
    return to_json(value)


def _first(row: list[Any]) -> Any:
    return row[0]


def _put_params(change: Change, run: RunId, params: dict[str, Param]) -> tuple[Param, ...]:
    rows = {}
    for param in params.values():
        name = change.interned.name(change.tx, param.name)
        rows[name] = (param, columns(param.value))
    change.tx.many(
        _PARAM,
        [
            (run, name, kind, ORIGINS.index(param.origin), number, text)
            for name, (param, (kind, number, text)) in rows.items()
        ],
    )
    return tuple(
        Param(name=storable(param.name), value=scalar(*kept), origin=param.origin)
        for param, kept in (rows[name] for name in sorted(rows))
    )


def _put_metrics(change: Change, run: RunId, metrics: dict[str, Metric]) -> dict[str, float]:
    rows = {}
    for metric in metrics.values():
        name = change.interned.name(change.tx, metric.name)
        rows[name] = (storable(metric.name), number_or_none(metric.value))
    change.tx.many(_METRIC, [(run, name, number) for name, (_, number) in rows.items()])
    kept = (rows[name] for name in sorted(rows))
    return {name: math.nan if number is None else number for name, number in kept}
