"""The command that measures noise."""

from __future__ import annotations

import click

from mm_jupyter import wire
from mm_jupyter.cards import noise_card
from mm_jupyter.cli.group import allowing, answer, as_json, limited, mm
from mm_jupyter.cli.replaying import teller
from mm_jupyter.cli.screen import Screen


@mm.command()
@click.argument("run")
@click.option(
    "--seeds",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Replays with other seeds.",
)
@click.option(
    "--threads", default="", metavar="N,N", help="Numbers of threads to replay with, as 1,2."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Replays at a time; else one for each CPU.",
)
@allowing
@limited
@as_json
@click.pass_obj
def noise(
    screen: Screen,
    run: str,
    seeds: int,
    threads: str,
    jobs: int | None,
    allow: tuple[str, ...],
    timeout: float | None,
    as_json: bool,
) -> None:
    """Say how far the metrics of RUN move by chance.

    It is replayed with other seeds - those that its cells spell out and those that nobody set - and with other
    numbers of threads. The deviation stands beside its metrics from then on, and a difference of two runs that is
    within it is shown as noise, not as better or worse.

    \b
    mm noise churn/7
    mm noise churn/7 --seeds 20 --threads 1,2
    """
    from mm_jupyter.api.noise import noise as measured

    with screen.progress() as step:
        found = measured(
            run,
            seeds=seeds,
            threads=_numbers(threads),
            jobs=jobs,
            allow=allow,
            timeout=timeout,
            progress=teller(step, [run]),
        )
    answer(screen, as_json, lambda: wire.noise(found), lambda: noise_card(found))


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise click.UsageError(f"--threads takes numbers such as 1,2, not {text!r}.") from None
