"""Commands that let kernels record themselves: enable, disable."""

from __future__ import annotations

from pathlib import Path

import click

from mm_jupyter.cli.group import answer, as_json, mm
from mm_jupyter.cli.screen import Screen

_project = click.option(
    "--project",
    type=click.Path(path_type=Path),
    help="Only kernels started in or below this folder.",
)


@mm.command()
@_project
@as_json
@click.pass_obj
def enable(screen: Screen, project: Path | None, as_json: bool) -> None:
    """Record every new kernel, without %load_ext.

    \b
    mm enable                 every notebook of yours
    mm enable --project .     notebooks in this folder and below
    """
    from mm_jupyter.api import enabling

    written = enabling.enable(project)
    which = f"kernels in {project}" if project else "every new kernel"
    answer(
        screen,
        as_json,
        lambda: {
            "enabled": True,
            "project": str(project) if project else None,
            "written": str(written),
        },
        lambda: f"Recording is on for {which}: start or restart a notebook. {written} does it.",
    )


@mm.command()
@_project
@as_json
@click.pass_obj
def disable(screen: Screen, project: Path | None, as_json: bool) -> None:
    """Record only where a notebook says %load_ext mm_jupyter.

    \b
    mm disable
    """
    from mm_jupyter.api import enabling

    enabling.disable(project)
    which = f"kernels in {project}" if project else "new kernels"
    answer(
        screen,
        as_json,
        lambda: {"enabled": False, "project": str(project) if project else None},
        lambda: f"Recording is off for {which}, unless they say %load_ext mm_jupyter.",
    )
