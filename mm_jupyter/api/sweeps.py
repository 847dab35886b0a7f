"""A notebook executed with many parameters: each point is a job of the queue, and gives a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mm_jupyter.analysis import grids
from mm_jupyter.api import clusters
from mm_jupyter.api.notebooks import read_notebook, run_notebook
from mm_jupyter.api.places import Place
from mm_jupyter.api.replays import ReplayProgress
from mm_jupyter.api.runs import writer
from mm_jupyter.api.work import read_sweep
from mm_jupyter.api.working import Unit, Worker, working_off
from mm_jupyter.errors import BadInput, NoSuchFile
from mm_jupyter.records import RunRef, Scalar
from mm_jupyter.records.direction import direction
from mm_jupyter.records.jobs import Batch, Job
from mm_jupyter.records.sweep import Sweep
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.several import Task
from mm_jupyter.replaying.trying import Progress
from mm_jupyter.workspace import Workspace, open_or_create

TAG = "sweep"
"""Of the run of each point: which sweep it belongs to."""


def points_of(
    parameters: Mapping[str, str],
    *,
    random: int | None = None,
    seed: int = 0,
    file: str | Path | None = None,
) -> list[grids.Point]:
    """The points that a user means: every combination of ``parameters``, ``random`` draws from them, or those of a file
    (CSV, JSON), each with the one value that ``parameters`` give.

    Raises:
        BadInput: what is wrong with them.
    """
    given = {name: grids.parse_values(name, text) for name, text in parameters.items()}
    if file is None:
        if not given:
            raise BadInput(
                "A sweep goes through parameters: name some with -p, or a file with --from."
            )
        return grids.grid(given) if random is None else grids.sample(given, random, seed)
    if random is not None:
        raise BadInput("--random draws from ranges, and --from lists points: say one of them.")
    fixed = {}
    for name, values in given.items():
        if not isinstance(values, grids.Listed) or len(values.values) != 1:
            raise BadInput(f"With --from, -p {name} takes one value for all points.")
        fixed[name] = values.values[0]
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NoSuchFile(str(file)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read ({type(error).__name__}).") from error
    return [{**fixed, **point} for point in grids.listed(text, Path(file).name)]


def sweep(
    notebook: str | Path,
    points: Sequence[Mapping[str, Scalar]],
    *,
    metric: str | None = None,
    minimize: bool | None = None,
    jobs: int | None = None,
    on: str | None = None,
    progress: Callable[[ReplayProgress], None] | None = None,
    workspace: Workspace | None = None,
) -> Sweep:
    """Execute a notebook once for each point, tracked: ``mm.sweep("churn.ipynb", [{"depth": 2}, {"depth": 4}])``.

    Each point is one run of kind ``notebook`` with the tag ``sweep``. One that fails does not stop the others. An
    interrupt (Ctrl-C) loses nothing that had ended; ``resume`` does the rest.

    Args:
        points: parameters, as papermill takes them.
        metric: what the best point is judged by. ``minimize``: whether less is better; by default its name says so.
        jobs, on: as of ``replay``.
        progress: told after every cell, in this thread.

    Raises:
        BadInput: there are no points, or nobody knows which way the metric is better.
        BadNotebook: it cannot be executed.
        NoCluster, JobsLeft: as of ``replay``.
    """
    path = Path(notebook).absolute()
    read_notebook(path)
    if not points:
        raise BadInput("A sweep has at least one point.")
    if jobs is not None and jobs < 1:
        raise BadInput(f"--jobs takes a number from 1 on, not {jobs}.")
    clusters.check(on)
    if metric is not None and minimize is None and direction(metric) is None:
        raise BadInput(
            f"Which way is {metric} better? Say --min or --max (minimize=True or False)."
        )
    space = workspace or open_or_create(path.parent)
    options = {
        "notebook": space.relative(path),
        "digest": _digest(path),
        "metric": metric,
        "minimize": direction(metric or "") == "down" if minimize is None else minimize,
    }
    title = f"{path.name}, {len(points):,} points"
    batch = writer(space).add_batch(
        "sweep", title, options, [("point", None, one) for one in points]
    )
    left = space.store.jobs(batch.id)
    return go_on(space, batch, left, jobs=jobs, on=on, progress=progress)


@dataclass(frozen=True, slots=True)
class _Ran:
    """What a point gave."""

    run: RunRef
    failed: str | None
    strained: bool = False


def go_on(
    space: Workspace,
    batch: Batch,
    left: Sequence[Job],
    *,
    jobs: int | None,
    on: str | None,
    progress: Callable[[ReplayProgress], None] | None,
) -> Sweep:
    """Do jobs of a sweep. Raises as ``sweep``, and BadInput where the notebook has changed since."""
    path = space.root / batch.options["notebook"]
    read_notebook(path)
    if _digest(path) != batch.options["digest"]:
        raise BadInput(
            f"{path.name} has changed since {batch.id} was asked for: its points would not be alike. "
            f"Start another sweep, or 'mm cancel {batch.id}'."
        )
    units = [
        Unit(
            job.id,
            Task(Settings(key=space.key, root=space.root), partial(_run, space, batch, job)),
            (run_elsewhere, (Place.of(space), batch, job)),
            partial(_keep, job.id),
        )
        for job in left
    ]
    names = [", ".join(f"{name} {value}" for name, value in job.parameters.items()) for job in left]

    def tell(at: int, phase: str, cell: int, cells: int) -> None:
        if progress is not None:
            progress(ReplayProgress(names[at], phase, cell, cells))

    with working_off(space, batch.id, units, jobs=jobs, on=on, tell=tell) as ends:
        for ended in ends:
            if progress is not None:
                progress(ReplayProgress(names[ended.at], "ended", 0, 0))
    return read_sweep(batch.id, workspace=space)


def _run(space: Workspace, batch: Batch, job: Job, settings: Settings, progress: Progress) -> _Ran:
    report = run_notebook(
        space.root / batch.options["notebook"],
        parameters=job.parameters,
        tags={TAG: batch.id},
        progress=lambda cell, cells: progress("executed", cell, cells),
        stop=settings.stop,
        workspace=space,
    )
    if not report.runs:
        raise BadInput("It left no run.")
    failed = report.failed
    said = (
        None if failed is None else f"{failed.name}: {failed.message.strip().partition(chr(10))[0]}"
    )
    return _Ran(report.runs[0].ref, said)


def run_elsewhere(place: Place, batch: Batch, job: Job) -> _Ran:
    """Execute a point in a process that may be on another machine."""
    with place.opened() as space:
        return _run(space, batch, job, Settings(key=space.key, root=space.root), lambda *_: None)


def _keep(job: int, worker: Worker, result: _Ran) -> bool:
    return worker.end(job, run=result.run, said=result.failed or "", failed=bool(result.failed))


def _digest(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
