"""Commands that judge what others hand over: notebooks that were never tracked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mm_jupyter import wire
from mm_jupyter.cards import notebook_card
from mm_jupyter.cli import status
from mm_jupyter.cli.group import EXIT_STATUSES, as_json, mm
from mm_jupyter.cli.screen import Screen, Steps
from mm_jupyter.errors import BadInput

if TYPE_CHECKING:
    from mm_jupyter.api.verifying import VerifyProgress


@mm.command(epilog=EXIT_STATUSES)
@click.argument(
    "paths", nargs=-1, required=True, metavar="NOTEBOOK...", type=click.Path(path_type=Path)
)
@click.option(
    "--allow",
    multiple=True,
    metavar="WHAT",
    help="network, process, or a path that may be written.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For each execution of a notebook; else none.",
)
@click.option(
    "--env",
    "environment",
    default="current",
    show_default=True,
    metavar="current|PATH",
    help="The notebook's own kernel, or an interpreter.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a JUnit report, for CI.",
)
@as_json
@click.pass_obj
def verify(
    screen: Screen,
    paths: tuple[Path, ...],
    allow: tuple[str, ...],
    timeout: float | None,
    environment: str,
    junit: Path | None,
    as_json: bool,
) -> int:
    """Say whether NOTEBOOK still gives the outputs that it was saved with.

    It need never have been tracked. A copy of its project is executed from top to bottom in a fresh kernel, and
    each cell compared with its saved output. A folder stands for the notebooks in it.

    \b
    mm verify eda.ipynb
    mm verify notebooks/ --junit report.xml
    """
    from mm_jupyter.api import verifying as api

    notebooks = api.notebooks_in(paths)
    found = []
    for place, path in enumerate(notebooks, 1):
        before = f"{place}/{len(notebooks)} " if len(notebooks) > 1 else ""
        with screen.progress() as step:
            judged = api.verify_notebook(
                path,
                allow=allow,
                timeout=timeout,
                environment=environment,
                progress=_teller(step, before),
            )
        found.append(judged)
        if not as_json:
            screen.show(notebook_card(judged))
    if junit is not None:
        _write(junit, wire.junit(found))
    if as_json:
        screen.data([wire.notebook_judgement(judged) for judged in found])
    return status.of_verdicts(judged.verdict for judged in found)


def _teller(step: Steps, before: str) -> Callable[[VerifyProgress], None]:
    return lambda at: step(f"{before}{at.notebook} {at.phase}", at.cell, at.cells)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"The report cannot be written to {path}: {error.strerror}.") from error
