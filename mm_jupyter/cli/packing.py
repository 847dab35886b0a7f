"""Commands about packs: one run in one file."""

from __future__ import annotations

from pathlib import Path

import click

from mm_jupyter import wire
from mm_jupyter.cards import pack_card, replay_report, verdict_card
from mm_jupyter.cli import status
from mm_jupyter.cli.group import answer, as_json, mm, write
from mm_jupyter.cli.screen import Screen


@mm.command()
@click.argument("run")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write it; else EXPERIMENT-VERSION.mm.zip here.",
)
@click.option(
    "--max-input",
    default="100MB",
    show_default=True,
    metavar="SIZE",
    help="Larger files stay out, all but their digest.",
)
@click.option(
    "--private",
    multiple=True,
    metavar="PATTERN",
    help="Files that fit stay out, all but their digest; may be repeated.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
@click.pass_obj
def pack(
    screen: Screen,
    run: str,
    output: Path | None,
    max_input: str,
    private: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> None:
    """Write RUN with all that a stranger needs to replay it into one file.

    It holds the record, the inputs, the recipe as a notebook, the lock of the environment, the verdicts and a
    page to read. Secrets were redacted when it was recorded. 'mm verify FILE' says whether it is whole,
    'mm verify FILE --run' replays it, on any machine.

    \b
    mm pack churn/7
    mm pack churn/7 -o churn-7.mm.zip --max-input 50MB --private 'data/patients*'
    """
    from mm_jupyter.api import packing as api

    with screen.progress() as step:
        made = api.pack(
            run, output, max_input=max_input, private=private, force=force, progress=step
        )
    answer(screen, as_json, lambda: wire.pack(made), lambda: pack_card(made, written=True))


def verify_pack(screen: Screen, path: Path, as_json: bool) -> int:
    """Say what a pack is. It raises where it is not whole."""
    from mm_jupyter.api import packing as api

    with screen.progress() as step:
        found = api.verify_pack(path, progress=step)
    answer(
        screen, as_json, lambda: wire.pack(found), lambda: pack_card(found, confined=api.confined())
    )
    return status.FINE


def replay_pack(  # noqa: PLR0913 - what the options of verify hold
    screen: Screen,
    path: Path,
    as_json: bool,
    *,
    environment: str,
    without: tuple[str, ...],
    inputs: tuple[str, ...],
    allow: tuple[str, ...],
    times: int,
    timeout: float | None,
    html: Path | None,
) -> int:
    """Replay a pack and say what came out."""
    from mm_jupyter.api import packing as api

    given: dict[str, str | Path] = {}
    for text in inputs:
        name, equals, where = text.rpartition("=")
        if not equals or not name or not where:
            raise click.UsageError(f"{text!r} names no input: write --input NAME=PATH.")
        given[name] = where
    with screen.progress() as step:
        done = api.replay_pack(
            path,
            times=times,
            environment=environment,
            without=without,
            inputs=given,
            allow=allow,
            timeout=timeout,
            progress=step,
        )
    if html is not None:
        write(html, replay_report(done.pack, done.judgement))
    if as_json:
        screen.data(wire.pack_replay(done.pack, done.judgement))
    else:
        screen.show(pack_card(done.pack, replayed=True))
        screen.show(verdict_card(done.judgement))
    return status.of_verdicts([done.judgement.verdict])
