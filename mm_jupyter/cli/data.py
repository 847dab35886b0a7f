"""The command about data: versions of files, and what changed in them."""

from __future__ import annotations

import click

from mm_jupyter import wire
from mm_jupyter.cards import data_diff_view, data_view
from mm_jupyter.cli.group import answer, as_json, mm
from mm_jupyter.cli.screen import Screen


@mm.command()
@click.argument("words", nargs=-1, required=True, metavar="RUN | diff A [B] [PATH]")
@as_json
@click.pass_obj
def data(screen: Screen, words: tuple[str, ...], as_json: bool) -> None:
    """Show the data of RUN, or what changed in it.

    Of each file its version, whether it is kept, which executions read it, and which other runs have the
    same. With diff: rows, columns, types and distributions of a table, else where the bytes differ; from
    run A to run B, or to the files as they are now.

    \b
    mm data churn/7
    mm data diff churn/6 churn/7
    mm data diff churn/7 data/customers.csv
    """
    from mm_jupyter.api import data as api

    if words[0] != "diff":
        if len(words) > 1:
            raise click.UsageError("mm data takes one run; to compare two say: mm data diff A B")
        found = api.data(words[0])
        answer(screen, as_json, lambda: wire.run_data(found), lambda: data_view(found))
        return
    if not 2 <= len(words) <= 4:
        raise click.UsageError("mm data diff takes a run, or two, and the path of a file.")
    old, *rest = words[1:]
    new = rest.pop(0) if rest and _is_run(rest[0]) else None
    if len(rest) > 1:
        raise click.UsageError(
            f"{rest[0]!r} is no run: write EXPERIMENT/VERSION, for example churn/7."
        )
    with screen.progress() as step:
        diff = api.data_diff(old, new, path=rest[0] if rest else None, progress=step)
    answer(screen, as_json, lambda: wire.data_diff(diff), lambda: data_diff_view(diff))


def _is_run(word: str) -> bool:
    head, _, version = word.rpartition("/")
    return bool(head) and version.isdigit()
