"""Commands that execute: run, recipe, replay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from mm_jupyter import wire
from mm_jupyter.cards import explanation_card, recipe_view, runs_table, verdict_card, verdicts_table
from mm_jupyter.cli import status
from mm_jupyter.cli.group import (
    EXIT_STATUSES,
    allowing,
    answer,
    as_json,
    at_a_time,
    elsewhere,
    limited,
    mm,
)
from mm_jupyter.cli.screen import Screen, Steps
from mm_jupyter.records import Explanation, SliceName

_SHOWN = 3
"""Runs that the progress of several names."""

if TYPE_CHECKING:
    from mm_jupyter.api.replays import ReplayProgress


@mm.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option(
    "-p",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A parameter; may be repeated.",
)
@click.option(
    "-o", "output", type=click.Path(path_type=Path), help="Where to write the executed notebook."
)
@as_json
@click.pass_obj
def run(
    screen: Screen,
    notebook: Path,
    parameters: tuple[tuple[str, str], ...],
    output: Path | None,
    as_json: bool,
) -> int:
    """Execute NOTEBOOK with papermill, tracked.

    The notebook need not say so. Its execution is one run, each %%track cell another. A cell that raises
    stops the notebook: the runs so far are
    kept and the exit status is 2.

    \b
    mm run churn.ipynb -p n_estimators 200 -p data data/2026.csv -o done.ipynb
    """
    from mm_jupyter.api.notebooks import run_notebook

    given = {name: parameter(value) for name, value in parameters}
    with screen.progress() as step:
        report = run_notebook(
            notebook,
            parameters=given,
            output=output,
            progress=lambda done, total: step(notebook.name, done, total),
        )
    answer(
        screen,
        as_json,
        lambda: wire.execution_report(report.session, report.notebook, report.runs),
        lambda: runs_table(report.runs, now=screen.now),
    )
    if report.failed is None:
        return status.FINE
    first = report.failed.message.strip().partition("\n")[0]
    screen.complain(f"{notebook.name} stopped: {report.failed.name}: {first}")
    return status.FAILED


def parameter(text: str) -> object:
    """A value as papermill's own ``-p`` reads it: ``True``, ``False``, ``None``, an integer, a float, else text."""
    named = {"True": True, "False": False, "None": None}
    if text in named:
        return named[text]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


@mm.command()
@click.argument("run")
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write it as a notebook.")
@click.option(
    "--slice",
    "slice_",
    type=click.Choice(get_args(SliceName)),
    help="Which cells; else the verified ones.",
)
@click.option(
    "--minimise",
    is_flag=True,
    help="First find the fewest cells, by replays; Ctrl-C keeps the best so far.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For each replay of --minimise.",
)
@as_json
@click.pass_obj
def recipe(
    screen: Screen,
    run: str,
    output: Path | None,
    slice_: SliceName | None,
    minimise: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Show or write the cells that RUN really needs.

    They stand in the order they ran, as a clean notebook. It runs in plain Jupyter: random states are
    restored by visible cells.

    \b
    mm recipe churn/7
    mm recipe churn/7 -o churn-7.ipynb
    mm recipe churn/7 --minimise
    """
    from mm_jupyter.api import recipes as api

    if minimise:
        if slice_ is not None:
            raise click.UsageError("--minimise finds a slice of its own: leave --slice out.")
        with screen.progress() as step:
            api.minimise(run, timeout=timeout, progress=teller(step, [run]))
    elif timeout is not None:
        raise click.UsageError("--timeout is for the replays of --minimise.")
    made = (
        api.recipe(run, how=slice_) if output is None else api.write_recipe(run, output, how=slice_)
    )
    written = f"Wrote {output}: {len(made.steps)} of {made.of} executions make {made.run}."
    answer(
        screen, as_json, lambda: wire.recipe(made), lambda: written if output else recipe_view(made)
    )


@mm.command(epilog=EXIT_STATUSES)
@click.argument("runs", nargs=-1, metavar="RUN...")
@click.option("--all", "every", is_flag=True, help="Every run.")
@click.option("--query", metavar="QUERY", help="The runs that fit, as in 'mm runs'.")
@click.option(
    "--times",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How often to replay each.",
)
@click.option(
    "--since", metavar="AGE", help="The runs of the last 1d, 12h or 30m, or since 2026-03-01."
)
@click.option(
    "--sample",
    type=click.FloatRange(min=0, max=1, min_open=True),
    metavar="SHARE",
    help="Only a share of them, drawn at random: 0.1.",
)
@at_a_time
@elsewhere
@click.option(
    "--no-restore", is_flag=True, help="Without restoring random states: what happens without help?"
)
@allowing
@limited
@click.option("--freeze-time", is_flag=True, help="Let the clock show when each cell was recorded.")
@click.option(
    "--env",
    "environment",
    default="current",
    show_default=True,
    metavar="current|recorded|PATH",
    help="The environment: this one, the recorded one rebuilt by uv, or an interpreter.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="PACKAGE",
    help="Leave a package out of the rebuilt environment.",
)
@click.option(
    "--explain",
    "why",
    is_flag=True,
    help="Where it does not reproduce, find out why ('mm explain').",
)
@as_json
@click.pass_obj
def replay(  # noqa: PLR0913, PLR0917 - click passes an argument for each option
    screen: Screen,
    runs: tuple[str, ...],
    every: bool,
    query: str | None,
    since: str | None,
    sample: float | None,
    times: int,
    jobs: int | None,
    on: str | None,
    no_restore: bool,
    allow: tuple[str, ...],
    timeout: float | None,
    freeze_time: bool,
    environment: str,
    without: tuple[str, ...],
    why: bool,
    as_json: bool,
) -> int:
    """Say whether RUN reproduces, and why not.

    Its recipe is executed in a fresh kernel and compared with the record, item by item. Files outside are
    not touched and the network is not asked, unless --allow says so.

    \b
    mm replay churn/7
    mm replay churn/6 churn/7 --times 3
    mm replay churn/7 --env recorded
    mm replay --query 'experiment == "churn"' --json
    mm replay --since 1d --sample 0.1
    """
    # The engine imports papermill, about a second: only what replays pays for it.
    from mm_jupyter.api import replays as api

    names = api.resolve(runs, every=every, query=query, since=since, sample=sample)
    with screen.progress() as step:
        judgements = api.replay(
            names,
            times=times,
            jobs=jobs,
            on=on,
            restore=not no_restore,
            allow=allow,
            timeout=timeout,
            freeze_time=freeze_time,
            environment=environment,
            without=without,
            progress=teller(step, names),
        )
    explained = {
        judged.run: _explained(screen, str(judged.run), not no_restore, allow, timeout)
        for judged in judgements
        if why and judged.verdict in ("diverged", "unstable", "failed")
    }
    if as_json:
        screen.data(
            [
                wire.explanation(explained[judged.run])
                if judged.run in explained
                else wire.judgement(judged)
                for judged in judgements
            ]
        )
    else:
        for judged in judgements:
            if judged.run in explained:
                screen.show(explanation_card(explained[judged.run]))
            elif len(judgements) <= 3 or judged.verdict not in ("identical", "equivalent"):
                screen.show(verdict_card(judged))
        if len(judgements) > 1:
            screen.show(verdicts_table(judgements))
    return status.of_verdicts(judged.verdict for judged in judgements)


def _explained(
    screen: Screen, name: str, restore: bool, allow: tuple[str, ...], timeout: float | None
) -> Explanation:
    from mm_jupyter.api.explaining import explain

    with screen.progress() as step:
        tell = teller(step, [name])
        return explain(name, restore=restore, allow=allow, timeout=timeout, progress=tell)


def teller(step: Steps, names: list[str]) -> Callable[[ReplayProgress], None]:
    """Says what is done to a run and how many of its cells have ended; of several runs, how many have a verdict."""
    working: dict[str, str] = {}
    judged = 0

    def tell(progress: ReplayProgress) -> None:
        nonlocal judged
        name = str(progress.run)
        if len(names) == 1:
            step(f"{name} {progress.phase}", progress.cell, progress.cells)
            return
        if progress.verdict is None:
            working[name] = f"{name} cell {progress.cell}/{progress.cells}"
        else:
            working.pop(name, None)
            judged += 1
        shown = list(working.values())[:_SHOWN]
        more = [f"{len(working) - _SHOWN} more"] if len(working) > _SHOWN else []
        step(", ".join([*shown, *more]) or name, judged, len(names))

    return tell
