"""Commands that change or look after what is kept: tag, note, delete, gc, fsck, trust."""

from __future__ import annotations

from pathlib import Path

import click

from mm_jupyter import wire
from mm_jupyter.cards import faults_view
from mm_jupyter.cards.numbers import count, size
from mm_jupyter.cli import status
from mm_jupyter.cli.group import answer, as_json, mm
from mm_jupyter.cli.screen import Screen


@mm.command()
@click.argument("run")
@click.argument("tags", nargs=-1, required=True, metavar="KEY=VALUE...")
@as_json
@click.pass_obj
def tag(screen: Screen, run: str, tags: tuple[str, ...], as_json: bool) -> None:
    """Put tags on RUN.

    An empty value takes a tag away.

    \b
    mm tag churn/7 stage=production reviewed=
    """
    wanted: dict[str, str | None] = {}
    for text in tags:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise click.UsageError(
                f"{text!r} is no tag: write KEY=VALUE, for example stage=baseline."
            )
        wanted[key.strip()] = value or None
    from mm_jupyter.api import runs as api

    api.tag(run, wanted)
    said = ", ".join(key if value is None else f"{key}={value}" for key, value in wanted.items())
    answer(screen, as_json, lambda: {"run": run, "tags": wanted}, lambda: f"Tagged {run}: {said}.")


@mm.command()
@click.argument("run")
@click.argument("text")
@as_json
@click.pass_obj
def note(screen: Screen, run: str, text: str, as_json: bool) -> None:
    """Write a note on RUN.

    It replaces the one before.

    \b
    mm note churn/7 "six segments instead of four"
    """
    from mm_jupyter.api import runs as api

    api.note(run, text)
    answer(screen, as_json, lambda: {"run": run, "note": text}, lambda: f"Noted on {run}.")


@mm.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_obj
def delete(screen: Screen, runs: tuple[str, ...], yes: bool, as_json: bool) -> int:
    """Delete runs for good.

    'mm gc' then gives the space back. The audit log keeps that they were deleted.

    \b
    mm delete churn/3 churn/4
    """
    from mm_jupyter.api import runs as api

    if not yes:
        said = screen.confirm(f"Delete {', '.join(runs)}?")
        if said is None:
            raise click.UsageError("Nobody can be asked here: say --yes to delete.")
        if not said:
            screen.say("Nothing was deleted.")
            return status.FINE
    deleted = api.delete(list(runs))
    answer(
        screen,
        as_json,
        lambda: {"deleted": deleted},
        lambda: f"Deleted {count(deleted, 'run')}. 'mm gc' gives the space back.",
    )
    return status.FINE


@mm.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
@as_json
@click.pass_obj
def gc(screen: Screen, dry_run: bool, as_json: bool) -> None:
    """Give back the bytes that no run needs.

    \b
    mm gc --dry-run
    """
    from mm_jupyter.api import care as api

    done = api.gc(dry_run=dry_run)
    verb = "would be freed" if dry_run else "freed"
    later = " A live kernel needs more of them: say it again when it has ended."
    answer(
        screen,
        as_json,
        lambda: wire.collected(
            blobs=done.blobs, bytes=done.bytes, dry_run=done.dry_run, postponed=done.postponed
        ),
        lambda: (
            f"{size(done.bytes)} in {count(done.blobs, 'blob')} {verb}."
            + (later if done.postponed else "")
        ),
    )


@mm.command()
@as_json
@click.pass_obj
def fsck(screen: Screen, as_json: bool) -> int:
    """Name what is damaged in the store.

    Every digest is derived again. The exit status is 1 when something is damaged.

    \b
    mm fsck
    """
    from mm_jupyter.api import care as api

    with screen.progress() as step:
        faults = api.fsck(progress=lambda done, total: step("checking", done, total))
    named = [(fault.kind, fault.name, fault.why) for fault in faults]
    answer(
        screen,
        as_json,
        lambda: [wire.fault(*one) for one in named],
        lambda: faults_view(named),
    )
    return status.DIVERGED if faults else status.FINE


@mm.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@as_json
@click.pass_obj
def trust(screen: Screen, path: Path | None, as_json: bool) -> None:
    """Trust a store of another user.

    Replaying its runs executes their code. PATH is the store or a folder below it; else the current one.

    \b
    mm trust /shared/project
    """
    from mm_jupyter.api import care as api

    trusted = api.trust(path)
    answer(
        screen,
        as_json,
        lambda: {"trusted": str(trusted)},
        lambda: f"{trusted} is trusted from now on.",
    )
