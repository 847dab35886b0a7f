"""Reading runs: rows of a list, and one run whole."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Sequence
from typing import Any

from mm_jupyter.errors import NoSuchRun, StoreDamaged
from mm_jupyter.records import (
    Environment,
    GitState,
    Param,
    Run,
    RunId,
    RunRef,
    RunRow,
    from_json,
)
from mm_jupyter.store.connect import Row, Transaction
from mm_jupyter.store.details import outcome_of
from mm_jupyter.store.interning import names_by_id
from mm_jupyter.store.packed import unpack, unpack_json
from mm_jupyter.store.scalars import ORIGINS, scalar

_ROW = """
SELECT r.id, e.name, r.version, r.kind, r.status, r.started, r.seconds, s.key, s.notebook, r.seq, r.cell_id,
       r.note, r.verdict, r.models, pe.name, p.version, we.name, w.version
FROM runs r
JOIN experiments e ON e.id = r.experiment
JOIN sessions s ON s.id = r.session
LEFT JOIN runs p ON p.id = r.parent
LEFT JOIN experiments pe ON pe.id = p.experiment
LEFT JOIN runs w ON w.id = r.within
LEFT JOIN experiments we ON we.id = w.experiment
WHERE r.id IN (?)
"""
_ID = "SELECT r.id FROM runs r JOIN experiments e ON e.id = r.experiment WHERE e.name = ? AND r.version = ?"


def run_id(tx: Transaction, ref: RunRef) -> RunId:
    """The id of a run.

    Raises:
        NoSuchRun: with the nearest names.
    """
    row = tx.one(_ID, (ref.experiment, ref.version))
    if row is None:
        raise NoSuchRun(str(ref), near(tx, ref))
    return RunId(row[0])


def ids_of(tx: Transaction, refs: Sequence[RunRef]) -> list[RunId]:
    """The ids of those that are there, in their order."""
    found = (tx.one(_ID, (ref.experiment, ref.version)) for ref in refs)
    return [RunId(row[0]) for row in found if row is not None]


def near(tx: Transaction, ref: RunRef) -> tuple[str, ...]:
    """Up to three names of runs that someone who wrote ``ref`` may have meant."""
    latest: dict[str, int] = dict(
        tx.all(
            "SELECT e.name, MAX(r.version) FROM experiments e JOIN runs r ON r.experiment = e.id GROUP BY e.name"
        )
    )
    if ref.experiment in latest:
        return (f"{ref.experiment}/{latest[ref.experiment]}",)
    alike = difflib.get_close_matches(ref.experiment, list(latest), n=3, cutoff=0.6)
    found = []
    for name in alike:
        same = tx.one(_ID, (name, ref.version))
        found.append(f"{name}/{ref.version if same else latest[name]}")
    return tuple(found)


def read_rows(tx: Transaction, ids: Sequence[RunId]) -> tuple[RunRow, ...]:
    """The rows of the runs with these ids, in this order."""
    params, (metrics, noise), tags = _params(tx, ids), _metrics(tx, ids), _tags(tx, ids)
    rows = {
        row[0]: _row(
            row,
            params.get(row[0], ()),
            metrics.get(row[0], {}),
            noise.get(row[0], {}),
            tags.get(row[0], {}),
        )
        for row in tx.within(_ROW, ids)
    }
    for number in ids:
        if number not in rows:
            raise StoreDamaged(
                f"Run number {number}", "its session or experiment is not in the store"
            )
    return tuple(rows[number] for number in ids)


def read_run(tx: Transaction, ref: RunRef, environments: dict[int, Environment]) -> Run:
    """A run whole. ``environments`` remembers those that were read before: they never change.

    Raises:
        NoSuchRun: there is none of that name.
        StoreDamaged: a part of it is not what was written.
    """
    number = run_id(tx, ref)
    (row,) = read_rows(tx, [number])
    found = tx.one("SELECT source, environment, git, detail FROM runs WHERE id = ?", (number,))
    assert found is not None
    source, environment, git, detail = found
    points = tx.all(
        "SELECT n.name, SUM(s.points) FROM series s JOIN names n ON n.id = s.name WHERE s.run = ? "
        "GROUP BY n.name ORDER BY n.name",
        (number,),
    )
    outcome = outcome_of(unpack_json(detail))
    return Run(
        row=row,
        source=read_source(tx, source),
        failure=outcome.failure,
        values=outcome.values,
        models=outcome.models,
        outputs=outcome.outputs,
        artifacts=outcome.artifacts,
        files=outcome.files,
        series={name: int(count) for name, count in points},
        modules=outcome.modules,
        not_kept=outcome.not_kept,
        environment=_environment(tx, environment, environments),
        git=_kept(tx, GitState, "git_states", git),
        block=_block(tx, row),
        defaults=outcome.defaults,
    )


def _environment(
    tx: Transaction, number: int | None, known: dict[int, Environment]
) -> Environment | None:
    if number is None:
        return None
    if number not in known:
        known[number] = _kept(tx, Environment, "environments", number)
    return known[number]


def _block(tx: Transaction, row: RunRow) -> int:
    if row.kind != "script":
        return 0
    before = tx.one(
        "SELECT COUNT(*) FROM runs r JOIN sessions s ON s.id = r.session "
        "WHERE s.key = ? AND r.kind = 'script' AND r.id < ? "
        "AND (r.seq = ? OR (r.seq IS NULL AND CAST(? AS INTEGER) IS NULL))",
        (row.session, row.id, row.seq, row.seq),
    )
    return int(before[0]) if before else 0


def read_source(tx: Transaction, number: int) -> str:
    row = tx.one("SELECT data FROM sources WHERE id = ?", (number,))
    if row is None:
        raise StoreDamaged(f"The source number {number}", "it is not in the store")
    return unpack(row[0]).decode("utf-8", "surrogatepass")


def _kept(tx: Transaction, cls: type[Any], table: str, number: int | None) -> Any:
    if number is None:
        return None
    row = tx.one(f"SELECT data FROM {table} WHERE id = ?", (number,))
    if row is None:
        raise StoreDamaged(f"Entry {number} of {table}", "it is not in the store")
    return from_json(cls, unpack_json(row[0]))


def _row(
    row: Row,
    params: Sequence[Param],
    metrics: dict[str, float],
    noise: dict[str, float],
    tags: dict[str, str],
) -> RunRow:
    parent, within = row[14:16], row[16:18]
    return RunRow(
        id=row[0],
        ref=RunRef(row[1], row[2]),
        kind=row[3],
        status=row[4],
        started=row[5],
        seconds=row[6],
        session=row[7],
        notebook=row[8],
        seq=row[9],
        cell_id=row[10],
        note=row[11],
        verdict=row[12],
        models=tuple(json.loads(row[13])) if row[13] else (),
        parent=RunRef(*parent) if parent[0] is not None else None,
        within=RunRef(*within) if within[0] is not None else None,
        params=tuple(params),
        metrics=metrics,
        noise=noise,
        tags=tags,
    )


def _params(tx: Transaction, ids: Sequence[RunId]) -> dict[int, list[Param]]:
    rows = list(
        tx.within("SELECT run, name, type, number, text, origin FROM params WHERE run IN (?)", ids)
    )
    names = names_by_id(tx, (row[1] for row in rows))
    found: dict[int, list[Param]] = {}
    for run, name, kind, number, text, origin in rows:
        value = scalar(kind, number, text)
        found.setdefault(run, []).append(
            Param(name=names[name], value=value, origin=ORIGINS[origin])
        )
    return found


def metrics_of(tx: Transaction, ids: Sequence[RunId]) -> dict[int, dict[str, float]]:
    """The metrics of these runs, by run and name."""
    return _metrics(tx, ids)[0]


def _metrics(
    tx: Transaction, ids: Sequence[RunId]
) -> tuple[dict[int, dict[str, float]], dict[int, dict[str, float]]]:
    """Values and, where noise was measured, standard deviations."""
    sql = "SELECT run, name, number, deviation FROM metrics WHERE run IN (?)"
    rows = list(tx.within(sql, ids))
    names = names_by_id(tx, (row[1] for row in rows))
    found: dict[int, dict[str, float]] = {}
    noise: dict[int, dict[str, float]] = {}
    for run, name, number, deviation in rows:
        found.setdefault(run, {})[names[name]] = math.nan if number is None else number
        if deviation is not None:
            noise.setdefault(run, {})[names[name]] = deviation
    return found, noise


def _tags(tx: Transaction, ids: Sequence[RunId]) -> dict[int, dict[str, str]]:
    rows = list(tx.within("SELECT run, name, text FROM tags WHERE run IN (?)", ids))
    names = names_by_id(tx, (row[1] for row in rows))
    found: dict[int, dict[str, str]] = {}
    for run, name, text in rows:
        found.setdefault(run, {})[names[name]] = text
    return found


def ids_of_session(tx: Transaction, session: str) -> list[RunId]:
    sql = (
        "SELECT r.id FROM runs r JOIN sessions s ON s.id = r.session WHERE s.key = ? ORDER BY r.id"
    )
    return [RunId(row[0]) for row in tx.all(sql, (session,))]


def ids_within(tx: Transaction, run: RunId) -> list[RunId]:
    return [
        RunId(row[0]) for row in tx.all("SELECT id FROM runs WHERE within = ? ORDER BY id", (run,))
    ]


def experiments(tx: Transaction) -> dict[str, int]:
    """Names of experiments that have runs, and how many, by name."""
    return dict(
        tx.all(
            "SELECT e.name, c.count FROM (SELECT experiment, COUNT(*) AS count FROM runs GROUP BY experiment) c "
            "JOIN experiments e ON e.id = c.experiment ORDER BY e.name"
        )
    )


def names_in(tx: Transaction, table: str) -> tuple[str, ...]:
    """The names that a table uses: a look into each of its indexes a name. An OR within one look would use neither."""
    kept = {
        "metrics": ("d.number IS NOT NULL",),
        "params": ("d.number IS NOT NULL", "d.text IS NOT NULL"),
        "tags": ("d.text IS NOT NULL",),
    }[table]
    used = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} d WHERE d.name = n.id AND {each})" for each in kept
    )
    return tuple(row[0] for row in tx.all(f"SELECT n.name FROM names n WHERE {used} ORDER BY 1"))


def ids_of_cells(tx: Transaction, notebook: str) -> list[RunId]:
    sql = (
        "SELECT MAX(r.id) FROM sessions s JOIN runs r ON r.session = s.id "
        "WHERE s.notebook = ? AND r.cell_id IS NOT NULL GROUP BY r.cell_id"
    )
    return [RunId(row[0]) for row in tx.all(sql, (notebook,))]


def ids_of_cell(tx: Transaction, notebook: str, cell_id: str, limit: int) -> list[RunId]:
    sql = (
        "SELECT r.id FROM sessions s JOIN runs r ON r.session = s.id "
        "WHERE s.notebook = ? AND r.cell_id = ? ORDER BY r.id DESC LIMIT ?"
    )
    return [RunId(row[0]) for row in tx.all(sql, (notebook, cell_id, limit))]


def read_sources(tx: Transaction, ids: Sequence[RunId]) -> dict[RunId, str]:
    sql = "SELECT r.id, s.data FROM runs r JOIN sources s ON s.id = r.source WHERE r.id IN (?)"
    return {
        RunId(row[0]): unpack(row[1]).decode("utf-8", "surrogatepass")
        for row in tx.within(sql, ids)
    }
