"""The verbs about recipes: the executions that make a run again, as a notebook, and the fewest of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat

from mm_jupyter.api.replays import ReplayProgress, kept, record_of, settings_for, teller
from mm_jupyter.api.runs import found
from mm_jupyter.errors import BadInput, CannotReplay
from mm_jupyter.records import Judgement, Recipe, RunRef, SliceName
from mm_jupyter.replaying import minimising
from mm_jupyter.replaying.recipe import to_notebook
from mm_jupyter.replaying.record import recipes, slice_of
from mm_jupyter.replaying.trying import GOOD
from mm_jupyter.replaying.verifying import verify
from mm_jupyter.workspace import Workspace


def recipe(
    name: str, *, how: SliceName | None = None, workspace: Workspace | None = None
) -> Recipe:
    """The executions that make a run again: the verified ones if a replay has found them, else the optimistic slice.

    Args:
        how: ask for one slice instead.

    Raises:
        NoSuchRun: with the nearest names.
    """
    record = record_of(found(workspace), RunRef.parse(name))
    if how is not None:
        return slice_of(record, how)
    return recipes(record)[0]


def recipe_notebook(
    name: str, *, how: SliceName | None = None, workspace: Workspace | None = None
) -> nbformat.NotebookNode:
    """The recipe as a notebook that plain Jupyter runs. Raises as ``recipe``."""
    space = found(workspace)
    return to_notebook(recipe(name, how=how, workspace=space), states=space.store.read_blob)


def write_recipe(
    name: str,
    path: str | Path,
    *,
    how: SliceName | None = None,
    workspace: Workspace | None = None,
) -> Recipe:
    """Write the recipe as a notebook that plain Jupyter runs.

    Raises:
        BadInput: the file cannot be written.
    """
    space = found(workspace)
    made = recipe(name, how=how, workspace=space)
    notebook = to_notebook(made, states=space.store.read_blob)
    try:
        nbformat.write(notebook, str(path))
    except OSError as error:
        raise BadInput(f"The recipe cannot be written to {path}: {error.strerror}.") from error
    return made


def minimise(
    name: str,
    *,
    allow: Sequence[str] = (),
    timeout: float | None = None,
    progress: Callable[[ReplayProgress], None] | None = None,
    workspace: Workspace | None = None,
) -> Judgement:
    """Find the fewest executions that reproduce a run, by replays; from then on they are its verified recipe.

    A run that was not replayed yet is replayed first. An interrupt (Ctrl-C) keeps the best that was found so far.

    Args:
        allow, timeout, progress: as of ``replay``.

    Raises:
        NoSuchRun: with the nearest names.
        CannotReplay: no replay reproduces the run.
        StoreUntrusted: as of ``replay``.
    """
    space = found(workspace)
    ref = RunRef.parse(name)
    record = record_of(space, ref)
    settings = settings_for(space, record, allow, timeout)
    tell = teller(record, progress)
    if record.verified is None:
        judgement = kept(space, verify(record, settings, times=1, progress=tell))
        if judgement.verdict not in GOOD:
            raise CannotReplay(ref, f"no replay reproduces it: {judgement.said.rstrip('.')}")
        record = record_of(space, ref)
    return kept(space, minimising.minimise(record, settings, progress=tell))
