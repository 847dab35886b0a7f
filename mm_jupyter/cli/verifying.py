"""Commands that judge what others hand over: notebooks that were never tracked, and packs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mm_jupyter import wire
from mm_jupyter.cards import notebook_card
from mm_jupyter.cli import status
from mm_jupyter.cli.group import EXIT_STATUSES, allowing, as_json, mm, write
from mm_jupyter.cli.packing import replay_pack, verify_pack
from mm_jupyter.cli.screen import Screen, Steps

if TYPE_CHECKING:
    from mm_jupyter.api.verifying import VerifyProgress


@mm.command(epilog=EXIT_STATUSES)
@click.argument(
    "paths", nargs=-1, required=True, metavar="NOTEBOOK... | PACK", type=click.Path(path_type=Path)
)
@click.option(
    "--run", "replays", is_flag=True, help="Of a pack: replay it here, which runs its code."
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=PATH",
    help="Of a pack: a file for an input that is not inside; may be repeated.",
)
@click.option(
    "--times", type=click.IntRange(min=1), help="Of a pack: how often to replay it; else once."
)
@click.option(
    "--without",
    multiple=True,
    metavar="PACKAGE",
    help="Of a pack: leave a package out of the rebuilt environment.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Of a pack: also write what the replay says as a page.",
)
@allowing
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For each execution; else none for a notebook, ten times the record for a pack.",
)
@click.option(
    "--env",
    "environment",
    metavar="current|recorded|PATH",
    help="The environment. Of a notebook: its own kernel (current), or an interpreter. Of a pack: the recorded one "
    "rebuilt by uv (recorded), this one, or an interpreter.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Of notebooks: also write a JUnit report, for CI.",
)
@as_json
@click.pass_obj
def verify(  # noqa: PLR0913, PLR0917 - click passes an argument for each option
    screen: Screen,
    paths: tuple[Path, ...],
    replays: bool,
    inputs: tuple[str, ...],
    times: int | None,
    without: tuple[str, ...],
    html: Path | None,
    allow: tuple[str, ...],
    timeout: float | None,
    environment: str | None,
    junit: Path | None,
    as_json: bool,
) -> int:
    """Say whether NOTEBOOK still gives the outputs that it was saved with, or whether PACK is whole.

    A notebook need never have been tracked. A copy of its project is executed from top to bottom in a fresh
    kernel, and each cell compared with its saved output. A folder stands for the notebooks in it.

    A pack (a .mm.zip that 'mm pack' wrote) is read and checked, and nothing of it is run or unpacked. With --run it
    is replayed on this machine, in a temporary folder, and compared with its record.

    \b
    mm verify eda.ipynb
    mm verify notebooks/ --junit report.xml
    mm verify churn-7.mm.zip
    mm verify churn-7.mm.zip --run
    """
    if any(path.suffix == ".zip" for path in paths):
        if len(paths) > 1:
            raise click.UsageError("mm verify takes one pack at a time.")
        if junit is not None:
            raise click.UsageError("--junit is for notebooks.")
        if replays:
            return replay_pack(
                screen,
                paths[0],
                as_json,
                environment=environment or "recorded",
                without=without,
                inputs=inputs,
                allow=allow,
                times=times or 1,
                timeout=timeout,
                html=html,
            )
        if inputs or times or without or html or allow or timeout or environment:
            raise click.UsageError(
                "These options are for a replay: say --run, which runs the pack's code."
            )
        return verify_pack(screen, paths[0], as_json)
    if replays or inputs or times or without or html:
        raise click.UsageError(
            "--run, --input, --times, --without and --html are for a pack (.mm.zip)."
        )
    return _notebooks(screen, paths, allow, timeout, environment or "current", junit, as_json)


def _notebooks(
    screen: Screen,
    paths: tuple[Path, ...],
    allow: tuple[str, ...],
    timeout: float | None,
    environment: str,
    junit: Path | None,
    as_json: bool,
) -> int:
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
        write(junit, wire.junit(found))
    if as_json:
        screen.data([wire.notebook_judgement(judged) for judged in found])
    return status.of_verdicts(judged.verdict for judged in found)


def _teller(step: Steps, before: str) -> Callable[[VerifyProgress], None]:
    return lambda at: step(f"{before}{at.notebook} {at.phase}", at.cell, at.cells)
