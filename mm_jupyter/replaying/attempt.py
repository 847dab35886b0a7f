"""One replay: a recipe executed once in a fresh kernel, and what it gave."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from mm_jupyter.analysis.comparing import Side, UserRule
from mm_jupyter.analysis.names import track_line
from mm_jupyter.analysis.secrets import Redactor, marks_in
from mm_jupyter.errors import KernelDied, KernelSideFailed, ReplayTimeout, ScratchFull
from mm_jupyter.records import (
    BlobDigest,
    Environment,
    Execution,
    NotCompared,
    Outcome,
    Recipe,
    RecipeStep,
    ReplayJob,
    Run,
    to_json,
)
from mm_jupyter.replaying.bundles import Bundle, read_bundle
from mm_jupyter.replaying.confine import Confinement, can_confine
from mm_jupyter.replaying.engine import CellState, EngineJob, bootstrap_source, execute
from mm_jupyter.replaying.inputs import Laid
from mm_jupyter.replaying.job import Stop, executed
from mm_jupyter.replaying.recipe import to_notebook
from mm_jupyter.replaying.scratch import Scratch, lay_out
from mm_jupyter.replaying.zygotes import Once

MIN_TIMEOUT = 60.0
"""Seconds that any replay may take; a long run may take ``TIMEOUT_FACTOR`` times what it took when recorded."""
TIMEOUT_FACTOR = 10.0

_NO_MEMORY = ("MemoryError", "_ArrayMemoryError", "OutOfMemoryError")
"""What Python, numpy and torch raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to replay. ``allow`` holds ``network``, ``process`` and absolute paths; ``timeout`` is in seconds;
    ``freeze_time``: the clock shows when each step was recorded. ``rules``: what the user says about noise.
    ``hash_seed`` goes before the recorded one. ``python`` is the interpreter's command line; ``environment`` says for
    people which that is. ``put_back``: paths, or ``random state``, that are restored although ``restore`` is off.
    ``extra``: environment variables of the kernel, None takes one away. ``seed``: random states are not restored, the
    global generators start here. ``trace``: what every name holds after each cell is noted. ``stop`` ends replays from
    another thread. ``files``: where the project's files lie now, if not in ``root``: the record is another machine's,
    and what it read outside of the project is laid out, too. ``zygotes`` may fork the kernel of one replay."""

    key: bytes
    root: Path
    restore: bool = True
    allow: frozenset[str] = frozenset()
    timeout: float | None = None
    freeze_time: bool = False
    rules: tuple[UserRule, ...] = ()
    hash_seed: str | None = None
    python: tuple[str, ...] = (sys.executable,)
    environment: str = "current"
    put_back: frozenset[str] = frozenset()
    extra: Mapping[str, str | None] = field(default_factory=dict)
    seed: int | None = None
    trace: bool = False
    files: Path | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    stop: Stop = field(default_factory=Stop)
    zygotes: Once | None = None

    def restores(self, what: str) -> bool:
        """Whether a path, or the ``random state``, is as it was recorded."""
        if what == "random state" and self.seed is not None:
            return False
        return self.restore or what in self.put_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one replay gave. ``side`` is None where the recipe did not reach its end; ``said`` is then why.

    ``seen`` are its executions; ``traces`` the digests of the names that changed with each of its cells, where they
    were asked. ``strained``: it was stopped or found no memory, so that it might end otherwise on a machine with less
    to do.
    """

    recipe: Recipe
    side: Side | None
    said: str | None
    notebook: NotebookNode
    environment: Environment | None
    inputs: dict[str, str | None]
    refusals: tuple[tuple[str, str], ...]
    not_compared: tuple[NotCompared, ...]
    seconds: float
    seen: tuple[Execution, ...] = ()
    traces: tuple[Mapping[str, str], ...] = ()
    strained: bool = False


def attempt(
    run: Run,
    recipe: Recipe,
    executions: Mapping[int, Execution],
    laid: Laid,
    read: Callable[[BlobDigest], bytes],
    settings: Settings,
    on_cell: Callable[[int, int], None],
) -> Attempt:
    """Execute ``recipe`` once. What the recipe does to itself (raises, hangs, dies) is in the answer, not raised."""
    notebook = to_notebook(recipe, states=read, restore=settings.restores("random state"))
    steps = [executions[step.seq] for step in recipe.steps]
    started = time.monotonic()
    bundle: Bundle | None = None
    said: str | None = None
    stopped = strained = False
    with lay_out(
        str(settings.root),
        laid.files,
        cwd=steps[0].cwd,
        folders=laid.folders,
        times=laid.times,
    ) as scratch:
        path = scratch.private / "bundle.zip"
        job = _job(run, notebook, scratch, path, steps, settings, laid)
        try:
            done = execute(
                notebook,
                None,
                _engine_job(run, notebook, scratch, job, steps, settings, laid, on_cell),
            )
            notebook = done.notebook
            if done.failure is not None:
                failure = done.failure
                said = f"cell {failure.exec_count} raised {failure.ename}: {failure.evalue}"[:500]
                strained = failure.ename in _NO_MEMORY
        except (ReplayTimeout, KernelDied, ScratchFull, KernelSideFailed) as error:
            said, stopped = str(error), True
        if path.exists():
            bundle = read_bundle(path)
    # What a stopped replay had so far is no result.
    side = _side(run, bundle) if bundle is not None and not stopped else None
    if side is None and said is None:
        said = "the recipe ended without reaching the run"
    return Attempt(
        recipe=recipe,
        side=side,
        said=said,
        notebook=notebook,
        environment=bundle.environment if bundle else None,
        inputs=_inputs(bundle, settings.root) if bundle else {},
        refusals=bundle.refusals if bundle else (),
        not_compared=_unconfined(steps),
        seconds=time.monotonic() - started,
        seen=bundle.executions if bundle else (),
        traces=bundle.traces if bundle else (),
        strained=stopped or strained,
    )


def _engine_job(
    run: Run,
    notebook: NotebookNode,
    scratch: Scratch,
    job: Path,
    steps: Sequence[Execution],
    settings: Settings,
    laid: Laid,
    on_cell: Callable[[int, int], None],
) -> EngineJob:
    paths = tuple(path for path in settings.allow if path not in ("network", "process"))
    confinement = Confinement(
        writable=(str(scratch.base), *paths), network="network" in settings.allow
    )
    return EngineJob(
        python=settings.python,
        cwd=str(scratch.cwd),
        env={**scratch.environment(), **_hash_seed(run, settings), **settings.extra},
        bootstrap=bootstrap_source("mm_jupyter.kernel.bundle", "begin", str(job)),
        finish=bootstrap_source("mm_jupyter.kernel.bundle", "finish", str(job)),
        timeout=settings.timeout or _timeout(steps),
        on_cell=_watcher(scratch, _versions(notebook, laid), str(settings.root), on_cell),
        watch=scratch.check,
        substitutions=_secrets(notebook, settings),
        # Always where the machine can: writers in C++ raise no audit event for the guard to refuse.
        confine=confinement if can_confine() else None,
        graceful=False,
        stop=settings.stop,
        zygotes=settings.zygotes,
    )


def _unconfined(steps: Sequence[Execution]) -> tuple[NotCompared, ...]:
    if can_confine() or not _started_processes(steps):
        return ()
    why = "children not confined on this machine"
    return (NotCompared(kind="process", name="children", why=why),)


def _started_processes(steps: Sequence[Execution]) -> bool:
    return any(asked.kind == "process" for step in steps for asked in step.asked)


def _inputs(bundle: Bundle, root: Path) -> dict[str, str | None]:
    """The digests of what the replay read, by path as records have it."""
    found: dict[str, str | None] = {}
    for execution in bundle.executions:
        for use in execution.files:
            path = Path(use.path)
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else use.path
            if use.role == "input":
                found.setdefault(name, use.digest)
    return found


def missing_secrets(steps: tuple[RecipeStep, ...], settings: Settings) -> tuple[str, ...]:
    """Names of redacted secrets in a recipe that no environment variable holds."""
    redactor = Redactor(settings.key)
    text = "\n".join(step.source for step in steps)
    _, missing = redactor.reveal(text, settings.variables)
    return tuple(dict.fromkeys(mark.name for mark in missing))


def generators(steps: Iterable[Execution]) -> list[str]:
    """The generators that these executions drew from, by name."""
    return list(dict.fromkeys(state.generator for step in steps for state in step.random))


def _secrets(notebook: NotebookNode, settings: Settings) -> dict[str, str]:
    redactor = Redactor(settings.key)
    found = {}
    for mark in marks_in("\n".join(cell.source for cell in notebook.cells)):
        secret, missing = redactor.reveal(str(mark), settings.variables)
        if not missing:
            found[str(mark)] = secret
    return found


def _job(
    run: Run,
    notebook: NotebookNode,
    scratch: Scratch,
    bundle: Path,
    steps: Sequence[Execution],
    settings: Settings,
    laid: Laid,
) -> Path:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    kind = run.row.kind
    line = track_line(steps[-1].source)[0] or ""
    job = ReplayJob(
        bundle=str(bundle),
        root=str(scratch.root),
        base=str(scratch.base),
        key=settings.key.hex(),
        target=len(cells) if kind == "cell" else None,
        line=line if kind == "cell" and line else run.row.ref.experiment,
        notebook=kind == "notebook",
        given=tuple(param.name for param in run.row.params if param.origin == "author"),
        allow=tuple(settings.allow),
        processes=_started_processes(steps) or "process" in settings.allow,
        file_limit=scratch.limit,
        project=str(settings.root),
        clock=_clock(notebook, steps) if settings.freeze_time else (),
        seed=settings.seed,
        seeded=tuple(generators(steps)),
        trace=settings.trace,
        modules={
            name: str(scratch.place(str(settings.root), path))
            for name, path in laid.modules.items()
        },
        outside=tuple(path for path, _ in laid.files if os.path.isabs(path))
        if settings.files is not None
        else (),
    )
    path = scratch.private / "job.json"
    path.write_text(json.dumps(to_json(job)))
    return path


def _side(run: Run, bundle: Bundle) -> Side | None:
    """The outcome that stands for the run: the only one of its kind, or the block at its place among blocks."""
    outcomes = [outcome for opening, outcome in bundle.outcomes if opening.kind == run.row.kind]
    place = run.block if run.row.kind == "script" else -1
    if not outcomes or place >= len(outcomes):
        return None
    chosen: Outcome = outcomes[place]
    return Side(chosen, bundle.read)


def _hash_seed(run: Run, settings: Settings) -> dict[str, str | None]:
    """The recorded string hash seed; where there was none, none: what depends on it then shows as unstable."""
    if settings.hash_seed is not None:
        return {"PYTHONHASHSEED": settings.hash_seed}
    recorded = run.environment.variables.get("PYTHONHASHSEED") if run.environment else None
    return {"PYTHONHASHSEED": recorded}


def _timeout(steps: Sequence[Execution]) -> float:
    return max(MIN_TIMEOUT, TIMEOUT_FACTOR * sum(step.seconds for step in steps))


def _clock(notebook: NotebookNode, steps: Sequence[Execution]) -> tuple[float, ...]:
    """When each cell was recorded; a cell of ours has the time of the step that follows."""
    started = {step.seq: step.started for step in steps}
    times: list[float] = []
    now = steps[-1].started
    for cell in reversed([cell for cell in notebook.cells if executed(cell)]):
        now = started.get(cell.metadata.get("mm_jupyter", {}).get("seq"), now)
        times.append(now)
    return tuple(reversed(times))


def _versions(notebook: NotebookNode, laid: Laid) -> dict[int, tuple[tuple[str, bytes], ...]]:
    """What is laid out before a cell, by its place among those that run."""
    about = [cell.metadata.get("mm_jupyter", {}) for cell in notebook.cells if executed(cell)]
    return {
        at: laid.before[one["seq"]]
        for at, one in enumerate(about)
        if one.get("role") in ("step", "parameters") and one.get("seq") in laid.before
    }


def _watcher(
    scratch: Scratch,
    versions: Mapping[int, tuple[tuple[str, bytes], ...]],
    root: str,
    on_cell: Callable[[int, int], None],
) -> Callable[[int, int, CellState], None]:
    def watch(index: int, total: int, state: CellState) -> None:
        scratch.check()
        if state == "running":
            for path, content in versions.get(index, ()):
                scratch.put(root, path, content)
        if state != "running":
            on_cell(index + 1, total)

    return watch
