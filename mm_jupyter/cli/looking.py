"""Commands that look: runs, show, diff, best, verdict, log."""

from __future__ import annotations

from dataclasses import replace

import click

from mm_jupyter import wire
from mm_jupyter.cards import diff_view, log_view, run_card, run_page, runs_table, verdict_card
from mm_jupyter.cli import status
from mm_jupyter.cli.group import answer, as_json, mm
from mm_jupyter.cli.screen import Screen

_SHOWN = 50


@mm.command()
@click.argument("query", required=False)
@click.option(
    "--sort", metavar="KEY", help="For example -metrics.accuracy; a minus means highest first."
)
@click.option(
    "-n", "limit", type=click.IntRange(min=1), help=f"At most so many ({_SHOWN}; all with --json)."
)
@as_json
@click.pass_obj
def runs(
    screen: Screen, query: str | None, sort: str | None, limit: int | None, as_json: bool
) -> None:
    """List runs, newest first, or those that fit QUERY.

    A query is a Python expression over metrics, params, tags and the run itself (experiment, version, status, kind,
    started, seconds, verdict, notebook, note).

    \b
    mm runs
    mm runs 'metrics.accuracy > 0.9 and params.n_estimators >= 100' --sort -metrics.accuracy -n 20
    mm runs 'tags.stage == "baseline" or status == "failed"'
    """
    from mm_jupyter.api import runs as api

    rows = api.find(query, sort=sort, limit=limit or (None if as_json else _SHOWN))
    answer(
        screen,
        as_json,
        lambda: [wire.run_summary(row) for row in rows],
        lambda: runs_table(rows, total=api.count(query), now=screen.now, query=query),
    )


@mm.command()
@click.argument("run")
@as_json
@click.pass_obj
def show(screen: Screen, run: str, as_json: bool) -> None:
    """Show everything that RUN kept.

    \b
    mm show churn/7
    """
    from mm_jupyter.api import runs as api

    whole = api.get(run)
    answer(
        screen,
        as_json,
        lambda: wire.run_full(whole),
        lambda: run_page(whole, api.card(run), now=screen.now),
    )


@mm.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@as_json
@click.pass_obj
def diff(screen: Screen, old: str, new: str, as_json: bool) -> None:
    """Show what differs from run A to run B.

    Data, params, code and environment that differ; every metric; how much is the same.

    \b
    mm diff churn/6 churn/7
    """
    from mm_jupyter.api import runs as api

    found = api.diff(old, new)
    answer(screen, as_json, lambda: wire.diff(found), lambda: diff_view(found))


@mm.command()
@click.argument("experiment")
@click.argument("metric")
@click.option(
    "--max/--min", "highest", default=None, help="Which way is better; else METRIC's name says it."
)
@as_json
@click.pass_obj
def best(screen: Screen, experiment: str, metric: str, highest: bool | None, as_json: bool) -> None:
    """Show the best completed run of EXPERIMENT by METRIC.

    \b
    mm best churn accuracy
    mm best churn log_loss --min
    """
    from mm_jupyter.api import runs as api

    row = api.best(experiment, metric, minimize=None if highest is None else not highest)
    answer(
        screen,
        as_json,
        lambda: wire.run_summary(row),
        lambda: run_card(replace(api.card(str(row.ref)), metric=metric)),
    )


@mm.command()
@click.argument("run")
@as_json
@click.pass_obj
def verdict(screen: Screen, run: str, as_json: bool) -> int:
    """Show what the newest replay of RUN said.

    It exits as that replay did. With --json: all of them, newest first.

    \b
    mm verdict churn/7
    """
    from mm_jupyter.api import replays as api

    judgements = sorted(api.verdicts(run), key=lambda judged: judged.at, reverse=True)
    answer(
        screen,
        as_json,
        lambda: [wire.judgement(judged) for judged in judgements],
        lambda: (
            verdict_card(judgements[0])
            if judgements
            else f"{run} has not been replayed yet: 'mm replay {run}' does it."
        ),
    )
    return status.of_verdicts([judged.verdict for judged in judgements[:1]] or ["unverifiable"])


@mm.command()
@click.option(
    "-n",
    "limit",
    type=click.IntRange(min=1),
    default=_SHOWN,
    show_default=True,
    help="At most so many.",
)
@as_json
@click.pass_obj
def log(screen: Screen, limit: int, as_json: bool) -> None:
    """Show who changed what, and when.

    Every change of the store is in this audit log; the newest entry comes last.

    \b
    mm log -n 10
    """
    from mm_jupyter.api import care as api

    entries = api.log(limit)
    answer(
        screen,
        as_json,
        lambda: [wire.audit_entry(entry) for entry in entries],
        lambda: log_view(entries, now=screen.now),
    )
