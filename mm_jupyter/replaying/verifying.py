"""Recipe and outcomes in, verdict and causes out: slices are tried from the smallest, and verified, never trusted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from nbformat import NotebookNode

from mm_jupyter.analysis.comparing import Judged, Side, judge
from mm_jupyter.analysis.names import body, cell_names
from mm_jupyter.analysis.slicing import slice_executions
from mm_jupyter.errors import CannotReplay
from mm_jupyter.records import (
    BlobDigest,
    Execution,
    Judgement,
    NotCompared,
    Outcome,
    Recipe,
    Restored,
    Run,
    SeriesChunk,
    SliceName,
    Verdict,
)
from mm_jupyter.replaying.attempt import Attempt, Settings, attempt, missing_secrets
from mm_jupyter.replaying.causes import other_inputs, suspects
from mm_jupyter.replaying.inputs import Laid, gather
from mm_jupyter.replaying.recipe import make_recipe

SLICES: tuple[SliceName, ...] = ("optimistic", "conservative", "whole")
_GOOD: tuple[Verdict, ...] = ("identical", "equivalent")
_RANK: dict[Verdict, int] = {
    "identical": 0,
    "equivalent": 1,
    "unstable": 2,
    "diverged": 3,
    "failed": 4,
    "unverifiable": 5,
}

Progress = Callable[[str, int, int], None]
"""Called with what happens, the cell that ended, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was recorded of one run: the run, its session's executions up to it, its points, and its bytes."""

    run: Run
    executions: tuple[Execution, ...]
    series: tuple[SeriesChunk, ...]
    read: Callable[[BlobDigest], bytes]
    verified: tuple[int, ...] | None = None
    """The ``seq`` of a recipe that a replay has already found to reproduce the run."""
    verified_slice: SliceName = "optimistic"

    @property
    def side(self) -> Side:
        """The record as one side of a comparison."""
        row = self.run.row
        return Side(
            Outcome(
                status=row.status,
                seconds=row.seconds or 0.0,
                failure=self.run.failure,
                params=row.params,
                metrics=row.metric_records,
                tags=row.tags,
                series=self.series,
                values=self.run.values,
                models=self.run.models,
                outputs=self.run.outputs,
                artifacts=self.run.artifacts,
                files=self.run.files,
                not_kept=self.run.not_kept,
            ),
            self.read,
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """A judgement with the recipe notebook that was replayed, as it came back."""

    judgement: Judgement
    notebook: NotebookNode | None


@dataclass(frozen=True, slots=True)
class _Tried:
    recipe: Recipe
    laid: Laid
    attempts: tuple[Attempt, ...]
    judged: Judged


def recipes(record: Record) -> list[Recipe]:
    """The recipes to try, smallest first: one that was verified before, then the slices; equal ones once."""
    made: list[Recipe] = []
    if record.verified is not None:
        made.append(
            make_recipe(
                record.run,
                record.executions,
                record.verified_slice,
                verified=True,
                seqs=record.verified,
            )
        )
    # A notebook's or a script's own run is everything that ran.
    slices: tuple[SliceName, ...] = SLICES if record.run.row.kind == "cell" else ("whole",)
    made += [slice_of(record, how) for how in slices]
    unique: dict[tuple[int, ...], Recipe] = {}
    for recipe in made:
        unique.setdefault(tuple(step.seq for step in recipe.steps), recipe)
    return list(unique.values())


def slice_of(record: Record, how: SliceName) -> Recipe:
    """The recipe that one slice gives.

    Raises:
        CannotReplay: the session holds no execution to repeat.
    """
    seqs = slice_executions(record.executions, _target(record), how)
    return make_recipe(record.run, record.executions, how, seqs=seqs)


def _target(record: Record) -> int:
    """The ``seq`` at which a recipe ends: the tracked execution, or a notebook's last."""
    row = record.run.row
    if not record.executions:
        raise CannotReplay(row.ref, "its session holds no cell")
    return row.seq if row.seq is not None else record.executions[-1].seq


def verify(record: Record, settings: Settings, *, times: int, progress: Progress) -> Verified:
    """Replay a run until it reproduces, or until nothing is left to try, and say what the replays say.

    Args:
        times: replays that must agree; a first mismatch always triggers a second replay.

    Raises:
        CannotReplay: the run has no recipe: it is still running, or its session holds no cell.
    """
    if record.run.row.status in ("running", "crashed"):
        raise CannotReplay(record.run.row.ref, f"it is {record.run.row.status} and has no result")
    started = time.monotonic()
    by_seq = {execution.seq: execution for execution in record.executions}
    tried: list[_Tried] = []
    replays = 0
    for recipe in recipes(record):
        result = _try(record, recipe, by_seq, settings, progress)
        replays += len(result.attempts)
        tried.append(result)
        if result.judged.verdict in _GOOD:
            break
        if not result.attempts and not result.laid.missing:
            break  # a secret is missing: no longer slice can do without it
    # Of equals the longest speaks: a slicer's fault must not be taken for the run's.
    best = min(tried, key=lambda one: (_RANK[one.judged.verdict], -len(one.recipe.steps)))
    wanted = max(times, 1 if best.judged.verdict in _GOOD else 2)
    while best.attempts and len(best.attempts) < wanted and best.judged.verdict != "unverifiable":
        more = _replay(record, best.recipe, by_seq, best.laid, settings, progress)
        replays += 1
        attempts = (*best.attempts, more)
        best = _Tried(best.recipe, best.laid, attempts, _judge(record, attempts))
    return _verified(record, best, settings, replays, time.monotonic() - started)


def _try(
    record: Record,
    recipe: Recipe,
    by_seq: Mapping[int, Execution],
    settings: Settings,
    progress: Progress,
) -> _Tried:
    steps = [by_seq[step.seq] for step in recipe.steps]
    laid = gather(steps, settings.root, record.read, restore=settings.restore)
    if record.run.row.kind == "script" and not any(step.source.strip() for step in steps):
        why = "its source was not kept, for it was not in a file"
        missing = (NotCompared(kind="script", name="source", why=why),)
        return _Tried(recipe, laid, (), _unverifiable(why, missing))
    secrets = missing_secrets(recipe.steps, settings)
    if secrets:
        names = ", ".join(secrets)
        why = f"no environment variable holds the secret {names} that it needs"
        missing = (NotCompared(kind="secret", name=names, why=why),)
        return _Tried(recipe, laid, (), _unverifiable(why, missing))
    if laid.missing:
        first = laid.missing[0]
        return _Tried(
            recipe,
            laid,
            (),
            _unverifiable(f"its input {first.name} cannot be had: {first.why}", laid.missing),
        )
    one = _replay(record, recipe, by_seq, laid, settings, progress)
    return _Tried(recipe, laid, (one,), _judge(record, (one,)))


def _replay(
    record: Record,
    recipe: Recipe,
    by_seq: Mapping[int, Execution],
    laid: Laid,
    settings: Settings,
    progress: Progress,
) -> Attempt:
    phase = f"{recipe.slice} recipe, {len(recipe.steps)} of {recipe.of} executions"
    return attempt(
        record.run,
        recipe,
        by_seq,
        laid,
        record.read,
        settings,
        lambda cell, cells: progress(phase, cell, cells),
    )


def _judge(record: Record, attempts: Sequence[Attempt]) -> Judged:
    """Judge what the replays gave; one that did not reach its end speaks by why it did not."""
    broken = next((one for one in attempts if one.side is None), None)
    if broken is not None:
        said = str(broken.said).rstrip(".")
        judged = Judged("failed", f"The replay failed: {said}.", (), ())
    else:
        recorded, unset = _comparable(record, attempts[0])
        judged = judge(recorded, [one.side for one in attempts if one.side is not None])
        judged = replace(judged, not_compared=(*judged.not_compared, *unset))
    raised = broken or next((one for one in attempts if _raised(one)), None)
    if raised is None or record.run.failure is not None:
        return judged
    outside = _outside(record, raised)
    return judged if outside is None else _unverifiable(outside.why, (outside,))


def _raised(one: Attempt) -> bool:
    return one.side is not None and one.side.outcome.failure is not None


def _comparable(record: Record, one: Attempt) -> tuple[Side, tuple[NotCompared, ...]]:
    """The record without the params that no step of the recipe sets: papermill gave them, and nothing used them."""
    side = record.side
    if record.run.row.kind != "cell" or one.side is None:
        return side, ()
    seqs = {step.seq for step in one.recipe.steps}
    steps = [step for step in record.executions if step.seq in seqs]
    here = {param.name for param in one.side.outcome.params}
    for step in steps:
        here.update(step.bound, cell_names(body(step.source)).defines)
    unset = [
        param.name
        for param in side.outcome.params
        if param.origin == "author" and param.name not in here
    ]
    kept = tuple(param for param in side.outcome.params if param.name not in unset)
    notes = (
        NotCompared(kind="param", name=name, why="nothing that led to the run used it")
        for name in unset
    )
    return Side(replace(side.outcome, params=kept), side.read), tuple(notes)


def _outside(record: Record, broken: Attempt) -> NotCompared | None:
    """Why the recipe failed, where that lies outside of it: it asked for something that is not there."""
    seqs = {step.seq for step in broken.recipe.steps}
    asked = [one for step in record.executions if step.seq in seqs for one in step.asked]
    if any(one.kind == "input" for one in asked):
        return NotCompared(kind="input", name="keyboard", why="it asked for input at the keyboard")
    for kind, name in broken.refusals:
        if kind == "network":
            return NotCompared(
                kind="network",
                name=name,
                why=f"its result came from the network ({name}), which was refused",
            )
    return None


def _unverifiable(why: str, missing: tuple[NotCompared, ...]) -> Judged:
    return Judged("unverifiable", f"Nothing could be compared: {why}.", (), missing)


def _verified(
    record: Record, best: _Tried, settings: Settings, replays: int, seconds: float
) -> Verified:
    judged, recipe = best.judged, best.recipe
    last = best.attempts[-1] if best.attempts else None
    notes = [*best.laid.unseen] if best.attempts else []
    notes += [note for one in best.attempts[:1] for note in one.not_compared]
    refused = [
        NotCompared(kind=kind, name=name, why=f"the replay refused to {_VERBS.get(kind, kind)} it")
        for kind, name in dict.fromkeys(last.refusals if last else ())
    ]
    causes = (
        (
            *other_inputs(record.executions, recipe, last.inputs),
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
        restored=(*_random(recipe, settings), *best.laid.restored) if best.attempts else (),
        not_compared=tuple(dict.fromkeys((*judged.not_compared, *notes, *refused))),
        causes=causes,
        replays=replays,
        seconds=seconds,
        at=time.time(),
        steps=tuple(step.seq for step in recipe.steps),
    )
    return Verified(judgement, last.notebook if last else None)


_VERBS = {"write": "write", "delete": "delete", "network": "connect to", "process": "start"}


def _random(recipe: Recipe, settings: Settings) -> tuple[Restored, ...]:
    if not settings.restore:
        return ()
    states = dict.fromkeys(state.generator for step in recipe.steps for state in step.restores)
    seeds = dict.fromkeys(draw.source for step in recipe.steps for draw in step.entropy)
    return (
        *(Restored(kind="random state", name=name) for name in states),
        *(Restored(kind="seed", name=name) for name in seeds),
    )
