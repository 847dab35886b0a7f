"""The verbs of someone who looks: the groups of a history, a page of runs, one run's page, the runs of a cell."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from mm_jupyter.analysis.queries import parse_query, parse_sort
from mm_jupyter.api.groups import NEWEST_FIRST, both, scope_of
from mm_jupyter.api.runs import found, shown_changes
from mm_jupyter.cards.facts import failure_line
from mm_jupyter.errors import NoSuchRun
from mm_jupyter.records import (
    Cause,
    CellVersion,
    Change,
    Comparison,
    Field,
    Judgement,
    Line,
    Names,
    Page,
    Progress,
    Query,
    Reproduced,
    Run,
    RunPage,
    RunRef,
    RunRow,
    SeriesChunk,
)
from mm_jupyter.replaying.inputs import digest_file
from mm_jupyter.workspace import Workspace

_OUTPUT_LIMIT = 4_000_000
_DIGEST_LIMIT = 200_000_000
_known_changes: OrderedDict[tuple[str, int, str], tuple[tuple[Change, ...], str | None]] = (
    OrderedDict()
)
"""What changed in a closed run never changes again: kept for the newest 20,000 looked at."""


def page(
    query: str | None = None,
    *,
    experiment: str | None = None,
    notebook: str | None = None,
    sort: str | None = None,
    offset: int = 0,
    limit: int = 50,
    with_changes: bool = True,
    workspace: Workspace | None = None,
) -> Page:
    """A page of runs, newest first, each with what changed since its parent.

    Raises:
        BadQuery: with a caret under the fault.
    """
    space = found(workspace)
    condition = both(scope_of(space, notebook), parse_query(query or "", time.time()))
    if experiment is not None:
        condition = both(condition, Comparison(Field("run", "experiment"), "==", experiment))
    key = parse_sort(sort) if sort else NEWEST_FIRST
    rows = space.store.runs(Query(condition=condition, sort=key, limit=limit, offset=offset))
    return Page(
        lines=lines(space, rows, with_changes=with_changes),
        offset=offset,
        total=space.store.count(condition),
    )


def lines(
    space: Workspace, rows: Sequence[RunRow], *, with_changes: bool = True
) -> tuple[Line, ...]:
    """Rows as a list shows them."""
    live = _live(space, [row for row in rows if row.status == "running"])
    at_hand: dict[RunRef, Run] = {}
    parents = {row.ref: row for row in rows}
    return tuple(
        _line(space, row, live.get(row.ref), at_hand, parents, with_changes) for row in rows
    )


def _live(
    space: Workspace, running: Sequence[RunRow]
) -> dict[RunRef, tuple[dict[str, float], Progress]]:
    """The newest values of runs that are going on, and how far they are: measured by their parents."""
    if not running:
        return {}
    parents = {row.parent: space.store.row(row.parent) for row in running if row.parent}
    ids = [row.id for row in running] + [parent.id for parent in parents.values()]
    points = space.store.latest_points(ids)
    found = {}
    for row in running:
        own = points.get(row.id, {})
        parent = parents[row.parent] if row.parent else None
        before = points.get(parent.id, {}) if parent else {}
        furthest = max(own, key=lambda name: own[name][0], default=None)
        ended = parent is not None and parent.status == "completed"
        progress = Progress(
            step=own[furthest][0] if furthest else None,
            steps=before[furthest][0] if furthest and ended and furthest in before else None,
            seconds=parent.seconds if parent and ended else None,
        )
        found[row.ref] = ({name: value for name, (_, value) in own.items()}, progress)
    return found


def _line(
    space: Workspace,
    row: RunRow,
    live: tuple[dict[str, float], Progress] | None,
    at_hand: dict[RunRef, Run],
    rows: dict[RunRef, RunRow],
    with_changes: bool,
) -> Line:
    progress = None
    if live:
        values, progress = live
        row = replace(row, metrics={**values, **row.metrics})
    if not with_changes:
        return Line(row=row, parent=rows.get(row.parent) if row.parent else None, progress=progress)
    parent = None
    if row.parent is not None:
        parent = rows.get(row.parent) or space.store.row(row.parent)
    changes, said = _changes(space, row, at_hand)
    return Line(row=row, parent=parent, changes=changes, said=said, progress=progress)


def _changes(
    space: Workspace, row: RunRow, at_hand: dict[RunRef, Run]
) -> tuple[tuple[Change, ...], str | None]:
    key = (space.location, row.id, f"{row.status} {row.parent}")
    known = _known_changes.get(key)
    if known is None:
        run = _whole(space, row.ref, at_hand)
        parent = _whole(space, row.parent, at_hand) if row.parent else None
        said = failure_line(run.failure) if run.failure else None
        known = (shown_changes(parent, run) if parent else (), said)
        if row.status != "running":
            _known_changes[key] = known
            while len(_known_changes) > 20_000:
                _known_changes.popitem(last=False)
    return known


def _whole(space: Workspace, ref: RunRef, at_hand: dict[RunRef, Run]) -> Run:
    if ref not in at_hand:
        at_hand[ref] = space.store.run(ref)
    return at_hand[ref]


def run_page(
    name: str, *, against: str | None = None, workspace: Workspace | None = None
) -> RunPage:
    """Everything that the page of a run shows, beside its parent or the run ``against``.

    Raises:
        NoSuchRun: with the nearest names.
    """
    from mm_jupyter.api.runs import difference

    space = found(workspace)
    run = space.store.run(RunRef.parse(name))
    other = RunRef.parse(against) if against else run.row.parent
    (line,) = lines(space, [run.row])
    judged = space.store.verdicts(run.row.ref)
    return RunPage(
        run=run,
        line=line,
        changed=difference(space.store.run(other), run) if other else None,
        verdict=judged[-1] if judged else None,
        edited=_edited(space, run),
        blobs=_blobs(space, run),
    )


def _edited(space: Workspace, run: Run) -> dict[str, bool]:
    told = [(use.path, use.digest, use.size) for use in run.files if use.role == "input"]
    told += [(module.path, module.digest, -1) for module in run.modules]
    edited = {}
    for path, digest, size in told:
        place = space.root / path
        try:
            now = place.stat().st_size
        except OSError:
            edited[path] = True
            continue
        if size not in (-1, now):
            edited[path] = True
        elif now <= _DIGEST_LIMIT and digest is not None:
            edited[path] = digest_file(place) != digest
    return edited


def _blobs(space: Workspace, run: Run) -> dict[str, bytes]:
    """The outputs' bytes, the best form of each first; past 4 MB the rest stays away."""
    blobs: dict[str, bytes] = {}
    left = _OUTPUT_LIMIT
    for output in run.outputs:
        for digest in output.data.values():
            if left > 0 and digest not in blobs:
                blobs[digest] = space.store.read_blob(digest)
                left -= len(blobs[digest])
    return blobs


def artifact(name: str, digest: str, *, workspace: Workspace | None = None) -> tuple[str, bytes]:
    """The media type and the bytes of an artifact of a run, found by its digest.

    Raises:
        NoSuchRun: there is no such run, or it has no such artifact.
    """
    space = found(workspace)
    run = space.store.run(RunRef.parse(name))
    for one in run.artifacts:
        if one.digest == digest:
            return one.media_type, space.store.read_blob(one.content)
    raise NoSuchRun(f"{name} with the artifact {digest[:40]}", ())


def compare(names: Sequence[str], *, workspace: Workspace | None = None) -> list[Run]:
    """Runs whole, in the order given.

    Raises:
        NoSuchRun: one of them does not exist.
    """
    space = found(workspace)
    return [space.store.run(RunRef.parse(name)) for name in names]


def cells(notebook: str, *, workspace: Workspace | None = None) -> list[CellVersion]:
    """The newest run of each tracked cell of a notebook."""
    space = found(workspace)
    return _with_sources(space, space.store.cells(notebook))


def cell(
    notebook: str, cell_id: str, *, limit: int = 200, workspace: Workspace | None = None
) -> list[CellVersion]:
    """The versions of one cell, newest first."""
    space = found(workspace)
    return _with_sources(space, space.store.cell_runs(notebook, cell_id, limit))


def _with_sources(space: Workspace, rows: Sequence[RunRow]) -> list[CellVersion]:
    sources = space.store.sources([row.id for row in rows])
    return [CellVersion(row=row, source=sources.get(row.id, "")) for row in rows]


def names(*, workspace: Workspace | None = None) -> Names:
    """What a query may name."""
    store = found(workspace).store
    return Names(
        metrics=store.names("metrics"), params=store.names("params"), tags=store.names("tags")
    )


def reproduced(*, limit: int = 50, workspace: Workspace | None = None) -> Reproduced:
    """How the runs of a workspace stand: verdicts, and the causes that explain most runs."""
    space = found(workspace)
    newest = space.store.newest_verdicts(500)
    latest: dict[RunRef, Judgement] = {}
    for judgement in newest:
        latest.setdefault(judgement.run, judgement)
    grouped: dict[tuple[str, str, str | None, str | None], list[RunRef]] = {}
    causes: dict[tuple[str, str, str | None, str | None], Cause] = {}
    for judgement in latest.values():
        for cause in judgement.causes:
            if cause.confirmed is not False:
                key = (cause.factor, cause.name, cause.recorded, cause.current)
                causes.setdefault(key, cause)
                grouped.setdefault(key, []).append(judgement.run)
    most = sorted(grouped, key=lambda key: -len(grouped[key]))
    return Reproduced(
        verdicts=space.store.verdict_counts(),
        total=space.store.count(),
        finished=newest[:limit],
        causes=tuple((causes[key], tuple(grouped[key])) for key in most),
    )


def sampled(chunk: SeriesChunk, points: int) -> SeriesChunk:
    """At most about ``points`` points of a series: the least and the greatest of each bucket, in order."""
    count = len(chunk.steps)
    if count <= points or points < 4:
        return chunk
    buckets = points // 2
    kept: list[int] = []
    for bucket in range(buckets):
        places = range(bucket * count // buckets, (bucket + 1) * count // buckets)
        finite = [i for i in places if chunk.values[i] == chunk.values[i]]
        if not finite:
            kept.append(places[0])
            continue
        ends = {
            min(finite, key=chunk.values.__getitem__),
            max(finite, key=chunk.values.__getitem__),
        }
        kept += sorted(ends)
    kept = sorted({0, *kept, count - 1})
    return SeriesChunk(
        name=chunk.name,
        steps=tuple(chunk.steps[i] for i in kept),
        values=tuple(chunk.values[i] for i in kept),
        times=tuple(chunk.times[i] for i in kept),
    )
