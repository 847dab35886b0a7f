"""The verbs about environments: what a run ran in, what differs, and how a colleague gets the same."""

from __future__ import annotations

import json
from pathlib import Path

from mm_jupyter.analysis.calls import changed_defaults
from mm_jupyter.analysis.environments import differing
from mm_jupyter.analysis.requirements import dockerfile, requirements
from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.api.replays import record_of
from mm_jupyter.api.runs import found
from mm_jupyter.errors import BadInput, CannotRebuild
from mm_jupyter.kernel.environment import capture
from mm_jupyter.records import DefaultChange, Environment, EnvironmentDiff, Run, RunRef
from mm_jupyter.replaying import environments
from mm_jupyter.replaying.current_defaults import current_defaults
from mm_jupyter.replaying.record import recipes
from mm_jupyter.workspace import Workspace

NOW = "now"
FORMATS = ("pylock.toml", "requirements.txt", "Dockerfile")


def environment(name: str, *, workspace: Workspace | None = None) -> Environment:
    """What a run ran in.

    Raises:
        NoSuchRun: with the nearest names.
        CannotRebuild: nothing was recorded of it.
    """
    return _of(found(workspace).store.run(RunRef.parse(name)))


def _of(run: Run) -> Environment:
    if run.environment is None:
        raise CannotRebuild(f"{run.row.ref} has no record of it")
    return run.environment


def environment_diff(
    old: str, new: str | None = None, *, workspace: Workspace | None = None
) -> EnvironmentDiff:
    """What differs from one run's environment to another's (None: to the one that this program runs in).

    Of changed defaults those that the recipe of the older run relies on.

    Raises:
        NoSuchRun, CannotRebuild: as ``environment``.
    """
    space = found(workspace)
    first = space.store.run(RunRef.parse(old))
    second = None if new is None else space.store.run(RunRef.parse(new))
    now = capture(Redactor(space.key)) if second is None else _of(second)
    facts, same = differing(_of(first), now)
    if (
        second is None
    ):  # this program loads no numerical library, and no kernel has set its variables
        facts = tuple(
            one for one in facts if one.kind not in ("blas", "threads") and one.name != "MPLBACKEND"
        )
    defaults = _changed_defaults(space, first, second) if facts else ()
    return EnvironmentDiff(old=old, new=new or NOW, facts=facts, defaults=defaults, same=same)


def _changed_defaults(space: Workspace, old: Run, new: Run | None) -> tuple[DefaultChange, ...]:
    """Between two runs as they were recorded; since a run, as the libraries are now."""
    if old.defaults is None or (new is not None and new.defaults is None):
        return ()
    before = json.loads(space.store.read_blob(old.defaults))
    after = (
        current_defaults(before)
        if new is None or new.defaults is None
        else json.loads(space.store.read_blob(new.defaults))
    )
    sources = [step.source for step in recipes(record_of(space, old.row.ref))[0].steps]
    return changed_defaults(before, after, sources)


def export_environment(
    name: str,
    path: str | Path,
    *,
    without: tuple[str, ...] = (),
    workspace: Workspace | None = None,
) -> Path:
    """Write a run's environment: a ``pylock.toml`` (PEP 751), a ``requirements.txt`` or a ``Dockerfile``, by the name.

    A Dockerfile gets its ``pylock.toml`` beside it.

    Raises:
        NoSuchRun, CannotRebuild: as ``environment``; a package cannot be had.
        BadInput: another kind of file, or it cannot be written.
    """
    made = environment(name, workspace=workspace)
    place = Path(path)
    kind = place.name.lower()
    try:
        if kind.endswith(".txt"):
            place.write_text("\n".join(requirements(made, without)) + "\n", "utf-8")
        elif kind.startswith("pylock") and kind.endswith(".toml"):
            place.write_text(environments.lock(made, without=without), "utf-8")
        elif "dockerfile" in kind:
            place.with_name(environments.LOCK).write_text(
                environments.lock(made, without=without), "utf-8"
            )
            place.write_text(dockerfile(made, environments.LOCK), "utf-8")
        else:
            raise BadInput(f"{place.name} is none of {', '.join(FORMATS)}.")
    except OSError as error:
        raise BadInput(f"{place} cannot be written: {error.strerror}.") from error
    return place
