"""Commands about what a run ran in, and why it comes out otherwise."""

from __future__ import annotations

from pathlib import Path

import click

from mm_jupyter import wire
from mm_jupyter.cards import environment_diff_view, environment_view, explanation_card
from mm_jupyter.cli import status
from mm_jupyter.cli.group import EXIT_STATUSES, allowing, answer, as_json, limited, mm
from mm_jupyter.cli.replaying import teller
from mm_jupyter.cli.screen import Screen


@mm.command("env")
@click.argument("words", nargs=-1, required=True, metavar="RUN | diff A [B] | export RUN")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="For export: pylock.toml, requirements.txt or Dockerfile.",
)
@click.option(
    "--without", multiple=True, metavar="PACKAGE", help="For export: leave a package out."
)
@as_json
@click.pass_obj
def env(
    screen: Screen,
    words: tuple[str, ...],
    output: Path | None,
    without: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the environment of RUN, compare two, or hand one over.

    Diff compares packages, Python, BLAS, threads, processor and variables of run A with those of run B, else
    with the environment now; and the defaults that changed of what A calls. Export writes a lock file
    (PEP 751): with it a colleague makes the same environment in two commands.

    \b
    mm env churn/7
    mm env diff churn/6 churn/7
    mm env export churn/7 -o pylock.toml
      uv venv && uv pip sync pylock.toml
    """
    from mm_jupyter.api import environments as api

    verb, *names = words
    if verb not in ("diff", "export"):
        if names:
            raise click.UsageError("mm env takes one run; to compare two say: mm env diff A B")
        found = api.environment(verb)
        answer(
            screen, as_json, lambda: wire.environment(found), lambda: environment_view(verb, found)
        )
    elif verb == "diff":
        if not 1 <= len(names) <= 2:
            raise click.UsageError("mm env diff takes a run, or two.")
        diff = api.environment_diff(*names)
        answer(
            screen,
            as_json,
            lambda: wire.environment_diff(diff),
            lambda: environment_diff_view(diff),
        )
    else:
        if len(names) != 1 or output is None:
            raise click.UsageError("mm env export takes a run, and -o FILE.")
        place = api.export_environment(names[0], output, without=without)
        answer(screen, as_json, lambda: {"path": str(place)}, lambda: f"Wrote {place}.")


@mm.command(epilog=EXIT_STATUSES)
@click.argument("run")
@click.option(
    "--no-restore",
    is_flag=True,
    help="Ask at once about the project as it is now: cells, modules, inputs, random state.",
)
@allowing
@limited
@as_json
@click.pass_obj
def explain(
    screen: Screen,
    run: str,
    no_restore: bool,
    allow: tuple[str, ...],
    timeout: float | None,
    as_json: bool,
) -> int:
    """Say why RUN does not come out as recorded, and prove it.

    Replays put one factor after another back - packages, Python, variables, threads - until the result comes
    again. Where it does reproduce, the project as it is now is replayed, and cells, modules, inputs and random
    states are put back. Each cause is confirmed, excluded or suspected.

    \b
    mm explain churn/7
    mm explain churn/7 --no-restore --json
    """
    from mm_jupyter.api.explaining import explain as asked

    with screen.progress() as step:
        found = asked(
            run,
            restore=not no_restore,
            allow=allow,
            timeout=timeout,
            progress=teller(step, [run]),
        )
    answer(screen, as_json, lambda: wire.explanation(found), lambda: explanation_card(found))
    return status.of_verdicts([found.judgement.verdict])
