"""What was recorded of one run, as replays need it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mm_jupyter.analysis.comparing import Side
from mm_jupyter.analysis.slicing import slice_executions
from mm_jupyter.errors import CannotReplay
from mm_jupyter.records import (
    BlobDigest,
    Execution,
    Outcome,
    Recipe,
    Run,
    SeriesChunk,
    SliceName,
)
from mm_jupyter.replaying.recipe import make_recipe

SLICES: tuple[SliceName, ...] = ("optimistic", "conservative", "whole")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The run, its session's executions up to it, its points, and its bytes."""

    run: Run
    executions: tuple[Execution, ...]
    series: tuple[SeriesChunk, ...]
    read: Callable[[BlobDigest], bytes]
    verified: tuple[int, ...] | None = None
    """The ``seq`` of a recipe that a replay has already found to reproduce the run."""
    verified_slice: SliceName = "optimistic"
    of: int | None = None
    """How many executions its session had, where these are not all of them."""

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
                defaults=self.run.defaults,
            ),
            self.read,
        )

    def steps(self, recipe: Recipe) -> list[Execution]:
        """The executions that a recipe repeats, in its order."""
        known = {execution.seq: execution for execution in self.executions}
        return [known[step.seq] for step in recipe.steps]


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
    if record.of is not None:
        made = [replace(recipe, of=record.of) for recipe in made]
    unique: dict[tuple[int, ...], Recipe] = {}
    for recipe in made:
        unique.setdefault(tuple(step.seq for step in recipe.steps), recipe)
    return list(unique.values())


def slice_of(record: Record, how: SliceName) -> Recipe:
    """The recipe that one slice gives; ``minimal`` is the one that ``minimise`` found.

    Raises:
        CannotReplay: the session holds no execution to repeat, or no minimal recipe was found yet.
    """
    if how == "minimal":
        if record.verified is None or record.verified_slice != "minimal":
            why = "its fewest executions were not searched yet: 'mm recipe --minimise' does"
            raise CannotReplay(record.run.row.ref, why)
        seqs: tuple[int, ...] | list[int] = record.verified
    else:
        seqs = slice_executions(record.executions, _target(record), how)
    return make_recipe(
        record.run, record.executions, how, seqs=seqs, verified=tuple(seqs) == record.verified
    )


def _target(record: Record) -> int:
    """The ``seq`` at which a recipe ends: the tracked execution, or a notebook's last."""
    row = record.run.row
    if not record.executions:
        raise CannotReplay(row.ref, "its session holds no cell")
    return row.seq if row.seq is not None else record.executions[-1].seq
