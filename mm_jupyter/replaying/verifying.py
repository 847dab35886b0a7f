"""Recipe and outcomes in, verdict and causes out: slices are tried from the smallest, and verified, never trusted."""

from __future__ import annotations

import time
from dataclasses import dataclass

from nbformat import NotebookNode

from mm_jupyter.errors import CannotReplay
from mm_jupyter.records import Cause, Judgement, NotCompared, Recipe, Restored
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.causes import other_defaults, other_inputs, suspects, unconverged
from mm_jupyter.replaying.first_difference import first_difference
from mm_jupyter.replaying.hash_order import hash_order
from mm_jupyter.replaying.record import Record, recipes
from mm_jupyter.replaying.trying import GOOD, RANK, Progress, Tried, once_more, try_recipe


@dataclass(frozen=True, slots=True)
class Verified:
    """A judgement with the recipe notebook that was replayed, as it came back.

    ``strained``: it might be a better one on a machine with less to do.
    """

    judgement: Judgement
    notebook: NotebookNode | None
    strained: bool = False


def check(record: Record) -> None:
    """Say before anything runs what can be said then.

    Raises:
        CannotReplay: the run has no recipe: it is still running, or its session holds no cell.
    """
    row = record.run.row
    if row.status in ("running", "crashed"):
        raise CannotReplay(row.ref, f"it is {row.status} and has no result")
    if not record.executions:
        raise CannotReplay(row.ref, "its session holds no cell")


def verify(record: Record, settings: Settings, *, times: int, progress: Progress) -> Verified:
    """Replay a run until it reproduces, or until nothing is left to try, and say what the replays say.

    Args:
        times: replays that must agree; a first mismatch always triggers a second replay.

    Raises:
        CannotReplay: as ``check``.
    """
    check(record)
    started = time.monotonic()
    best, replays, known = search(record, settings, times=times, progress=progress)
    return verified(
        record,
        best,
        settings,
        replays=replays,
        seconds=time.monotonic() - started,
        known=known,
    )


def search(
    record: Record, settings: Settings, *, times: int, progress: Progress
) -> tuple[Tried, int, tuple[Cause, ...]]:
    """The recipe that speaks for the run, how many replays that took, and the causes that experiments confirmed."""
    tried: list[Tried] = []
    for recipe in recipes(record):
        result = try_recipe(record, recipe, settings, progress)
        tried.append(result)
        if result.judged.verdict in GOOD:
            break
        if not result.attempts and not result.laid.missing:
            break  # a secret is missing: no longer slice can do without it
    replays = sum(len(one.attempts) for one in tried)
    # Of equals the longest speaks: a slicer's fault must not be taken for the run's.
    best = min(tried, key=lambda one: (RANK[one.judged.verdict], -len(one.recipe.steps)))
    wanted = max(times, 1 if best.judged.verdict in GOOD else 2)
    while best.attempts and len(best.attempts) < wanted and best.judged.verdict != "unverifiable":
        best = once_more(record, best, settings, progress)
        replays += 1
    cause: Cause | None = None
    if best.judged.verdict == "unstable":
        cause, more = hash_order(record, best, settings, progress)
        replays += more
        if cause is None:
            cause, more = first_difference(record, best, settings, progress)
            replays += more
    return best, replays, () if cause is None else (cause,)


def verified(
    record: Record,
    best: Tried,
    settings: Settings,
    *,
    replays: int,
    seconds: float,
    known: tuple[Cause, ...] = (),
) -> Verified:
    """What a tried recipe says about the run, with all that was restored and that could not be compared.

    ``known``: causes that experiments have confirmed.
    """
    judged, recipe = best.judged, best.recipe
    last = best.attempts[-1] if best.attempts else None
    notes = [*best.laid.unseen, *_unrecorded(record, recipe)] if best.attempts else []
    notes += [note for one in best.attempts[:1] for note in one.not_compared]
    refused = [
        NotCompared(kind=kind, name=name, why=f"the replay refused to {_VERBS.get(kind, kind)} it")
        for kind, name in dict.fromkeys(last.refusals if last else ())
    ]
    causes = (
        (
            *other_inputs(record.executions, recipe, last.inputs),
            *unconverged(record.run.models),
            *other_defaults(record, recipe, last.side),
            *suspects(record.run.environment, last.environment),
        )
        if last is not None and judged.verdict in ("diverged", "unstable", "failed")
        else ()
    )
    judgement = Judgement(
        run=record.run.row.ref,
        verdict=judged.verdict,
        said=judged.said,
        slice=recipe.slice,
        executions=len(recipe.steps),
        of=recipe.of,
        items=judged.items,
        restored=_restored(best, settings),
        not_compared=tuple(dict.fromkeys((*judged.not_compared, *notes, *refused))),
        causes=(*known, *causes),
        replays=replays,
        seconds=seconds,
        at=time.time(),
        steps=tuple(step.seq for step in recipe.steps),
        environment=settings.environment,
    )
    strained = judged.verdict not in GOOD and any(one.strained for one in best.attempts)
    return Verified(judgement, last.notebook if last else None, strained)


_VERBS = {"write": "write", "delete": "delete", "network": "connect to", "process": "start"}


def _unrecorded(record: Record, recipe: Recipe) -> list[NotCompared]:
    """What led to the result and is in no record: bytes read unseen, randomness that nobody can give again."""
    steps = record.steps(recipe)
    asked = dict.fromkeys(
        (one.kind, one.name)
        for step in steps
        for one in step.asked
        if one.kind in ("secret", "random")
    )
    notes = [
        NotCompared(kind=kind, name=name, why="what it drew is not recorded")
        for kind, name in asked
    ]
    size = sum(step.unseen for step in steps)
    if size:
        why = f"{size / 1024**2:,.1f} MiB were read that nothing explains: a reader in C opened files unseen"
        notes.append(NotCompared(kind="input", name="unknown", why=why))
    return notes


def _restored(best: Tried, settings: Settings) -> tuple[Restored, ...]:
    if not best.attempts:
        return ()
    clock = (Restored(kind="clock", name="as recorded"),) if settings.freeze_time else ()
    return (*_random(best.recipe, settings), *best.laid.restored, *clock)


def _random(recipe: Recipe, settings: Settings) -> tuple[Restored, ...]:
    if not settings.restores("random state"):
        return ()
    states = dict.fromkeys(state.generator for step in recipe.steps for state in step.restores)
    seeds = dict.fromkeys(draw.source for step in recipe.steps for draw in step.entropy)
    return (
        *(Restored(kind="random state", name=name) for name in states),
        *(Restored(kind="seed", name=name) for name in seeds),
    )
