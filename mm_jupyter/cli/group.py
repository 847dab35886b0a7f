"""The command ``mm`` and what its parts share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from mm_jupyter import __version__
from mm_jupyter.cards import Rendered
from mm_jupyter.cli.screen import Screen
from mm_jupyter.errors import BadInput

Function = TypeVar("Function", bound=Callable[..., object])

EXIT_STATUSES = """\b
Exit status: 0 identical or equivalent, 1 diverged or unstable, 2 failed,
3 unverifiable (the worst of several), 64 bad usage, 74 store, 130 interrupted.
"""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_STATUSES,
)
@click.version_option(__version__, message="mm_jupyter %(version)s")
def mm() -> None:
    """Every tracked cell is a run: find it, compare it, replay it, prove it.

    A run is written EXPERIMENT/VERSION, for example churn/7. The store is the folder .mm here or above, or MM_STORE.
    Each command takes --json and answers with strict JSON.

    \b
    mm runs 'metrics.accuracy > 0.9'      find runs
    mm replay churn/7                     does it reproduce, and if not, why?
    mm recipe churn/7 -o churn.ipynb      the cells that it really needs
    """


def write(path: Path, text: str) -> None:
    """Write a report. Raises BadInput."""
    try:
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadInput(f"The report cannot be written to {path}: {error.strerror}.") from error


def as_json(function: Function) -> Function:
    """Adds ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")(function)


def allowing(function: Function) -> Function:
    """Adds ``--allow``: what a replay may do."""
    return click.option(
        "--allow",
        multiple=True,
        metavar="WHAT",
        help="network, process, or a path that may be written.",
    )(function)


def limited(function: Function) -> Function:
    """Adds ``--timeout``: how long a replay may take."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="For each replay; else ten times the record.",
    )(function)


def at_a_time(function: Function) -> Function:
    """Adds ``--jobs``: how many at a time."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many at a time; else one for each CPU.",
    )(function)


def elsewhere(function: Function) -> Function:
    """Adds ``--on``: where the work is done."""
    return click.option(
        "--on",
        metavar="WHERE",
        help="processes, or a Dask cluster dask://HOST:PORT that sees the same files; else here.",
    )(function)


def answer(
    screen: Screen,
    wanted: bool,
    value: Callable[[], object],
    rendered: Callable[[], Rendered | str],
) -> None:
    """Give the JSON ``value`` where it is wanted, else show the view or say the sentence."""
    if wanted:
        screen.data(value())
        return
    view = rendered()
    if isinstance(view, str):
        screen.say(view)
    else:
        screen.show(view)
