"""Commands for much work: sweep, jobs, resume, cancel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mm_jupyter import wire
from mm_jupyter.cards import batches_view, jobs_view, sweep_view, verdicts_table
from mm_jupyter.cli import status
from mm_jupyter.cli.group import EXIT_STATUSES, answer, as_json, at_a_time, elsewhere, mm
from mm_jupyter.cli.screen import Screen, Steps
from mm_jupyter.records.sweep import Sweep

if TYPE_CHECKING:
    from mm_jupyter.api.replays import ReplayProgress


@mm.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option(
    "-p",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUES",
    help="A parameter and its values: 0.1,0.01 or 2:10 or 2:10:2 or 0.001:1:log; may be repeated.",
)
@click.option("--random", type=int, metavar="N", help="N points drawn from the values.")
@click.option("--seed", type=int, default=0, show_default=True, help="For --random.")
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path),
    help="The points, in a CSV file with a line of names, or JSON.",
)
@click.option("--best", "metric", metavar="METRIC", help="What the points are judged by.")
@click.option("--min", "less", is_flag=True, help="Less of it is better; else its name says.")
@click.option("--max", "more", is_flag=True, help="More of it is better; else its name says.")
@at_a_time
@elsewhere
@as_json
@click.pass_obj
def sweep(  # noqa: PLR0913, PLR0917 - click passes an argument for each option
    screen: Screen,
    notebook: Path,
    parameters: tuple[tuple[str, str], ...],
    random: int | None,
    seed: int,
    file: Path | None,
    metric: str | None,
    less: bool,
    more: bool,
    jobs: int | None,
    on: str | None,
    as_json: bool,
) -> int:
    """Execute NOTEBOOK once for each combination of parameters, tracked.

    Each point is a run with the tag sweep=..., several at a time. One that fails does not stop the others. Ctrl-C
    loses nothing that had ended; 'mm resume' does the rest. Exit status 2 where a point failed.

    \b
    mm sweep churn.ipynb -p lr 0.1,0.01 -p depth 2:10 --best accuracy
    mm sweep churn.ipynb -p lr 0.0001:1:log -p depth 2:10 --random 30
    mm sweep churn.ipynb --from points.csv --jobs 4
    """
    from mm_jupyter.api import sweeps

    if less and more:
        raise click.UsageError("--min and --max exclude each other.")
    names = [name for name, _ in parameters]
    if len(set(names)) < len(names):
        raise click.UsageError("Each -p names another parameter: list values as in -p lr 0.1,0.01.")
    points = sweeps.points_of(dict(parameters), random=random, seed=seed, file=file)
    with screen.progress() as step:
        found = sweeps.sweep(
            notebook,
            points,
            metric=metric,
            minimize=True if less else False if more else None,
            jobs=jobs,
            on=on,
            progress=counting(step, len(points)),
        )
    return _swept(screen, as_json, found)


def _swept(screen: Screen, as_json: bool, found: Sweep) -> int:
    answer(screen, as_json, lambda: wire.sweep(found), lambda: sweep_view(found))
    if not as_json:
        runs = [str(point.row.ref) for point in found.points if point.row is not None]
        if len(runs) > 1:
            screen.say(f"In the sidebar: Replays, {found.state.batch.id}, Compare.")
    return status.FAILED if found.state.failed else status.FINE


def counting(step: Steps, total: int) -> Callable[[ReplayProgress], None]:
    """Says which points are being worked on, and how many have ended."""
    working: dict[str, None] = {}
    ended = 0

    def tell(progress: ReplayProgress) -> None:
        nonlocal ended
        name = str(progress.run)
        if progress.phase == "ended":
            working.pop(name, None)
            ended += 1
        else:
            working[name] = None
        step("; ".join(list(working)[:2]) or "points", ended, total)

    return tell


@mm.command()
@click.argument("batch", required=False)
@as_json
@click.pass_obj
def jobs(screen: Screen, batch: str | None, as_json: bool) -> None:
    """Show what was asked for, and how far it is; the jobs of one BATCH.

    Replays of several runs, sweeps, and what the sidebar was asked for are jobs: they outlive whoever works on them.

    \b
    mm jobs
    mm jobs sweep-3fa9c1
    """
    from mm_jupyter.api import jobs as api
    from mm_jupyter.api.work import read_sweep

    if batch is None:
        states = api.batches()
        answer(
            screen,
            as_json,
            lambda: [wire.batch_state(one) for one in states],
            lambda: batches_view(states, screen.now),
        )
    elif batch.startswith("sweep-"):
        found = read_sweep(batch)
        answer(screen, as_json, lambda: wire.sweep(found), lambda: sweep_view(found))
    else:
        known = api.jobs(batch)
        answer(
            screen,
            as_json,
            lambda: [wire.job_state(one) for one in known],
            lambda: jobs_view(known),
        )


@mm.command(epilog=EXIT_STATUSES)
@click.argument("batch", required=False)
@at_a_time
@elsewhere
@as_json
@click.pass_obj
def resume(
    screen: Screen, batch: str | None, jobs: int | None, on: str | None, as_json: bool
) -> int:
    """Do what is left of a BATCH: it was interrupted, or its process died. Without one: of the newest.

    \b
    mm resume
    mm resume sweep-3fa9c1 --jobs 2
    """
    from mm_jupyter.api import jobs as api

    with screen.progress() as step:
        total = len([job for job in api.jobs(batch) if job.state == "waiting"])
        found = api.resume(batch, jobs=jobs, on=on, progress=counting(step, total))
    if isinstance(found, Sweep):
        return _swept(screen, as_json, found)
    answer(
        screen,
        as_json,
        lambda: [wire.judgement(one) for one in found],
        lambda: verdicts_table(found),
    )
    return status.of_verdicts(one.verdict for one in found)


@mm.command()
@click.argument("batch")
@as_json
@click.pass_obj
def cancel(screen: Screen, batch: str, as_json: bool) -> None:
    """End what is left of a BATCH, also where another process works on it.

    What has ended stays as it is.

    \b
    mm cancel sweep-3fa9c1
    """
    from mm_jupyter.api import jobs as api

    count = api.cancel(batch)
    said = f"Cancelled {count:,} jobs of {batch}." if count else f"Nothing of {batch} was left."
    answer(screen, as_json, lambda: {"batch": batch, "cancelled": count}, lambda: said)
