"""The verbs that make runs again: recipe, replay, verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat

from mm_jupyter.analysis.comparing import UserRule, user_rules
from mm_jupyter.api.runs import find, found, writer
from mm_jupyter.configuration import configured
from mm_jupyter.errors import BadInput, CannotRebuild, CannotReplay
from mm_jupyter.records import Judgement, Recipe, RunRef, RunRow, SliceName, Verdict
from mm_jupyter.replaying import environments, minimising
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.recipe import to_notebook
from mm_jupyter.replaying.record import Record, recipes, slice_of
from mm_jupyter.replaying.several import Task, do_all, usual_jobs, verifying
from mm_jupyter.replaying.trying import GOOD, Progress
from mm_jupyter.replaying.verifying import Verified, check, verify
from mm_jupyter.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """Where a replay is: ``cell`` of ``cells`` have ended in this ``phase``; ``verdict`` comes last, and once."""

    run: RunRef
    phase: str
    cell: int
    cells: int
    verdict: Verdict | None = None


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


def replay(  # noqa: PLR0913 - each is a word of its own, and only the first has a place
    names: Sequence[str] | str,
    *,
    times: int = 1,
    jobs: int | None = None,
    restore: bool = True,
    allow: Sequence[str] = (),
    timeout: float | None = None,
    freeze_time: bool = False,
    environment: str = "current",
    without: Sequence[str] = (),
    progress: Callable[[ReplayProgress], None] | None = None,
    workspace: Workspace | None = None,
) -> list[Judgement]:
    """Execute the recipes of runs in fresh kernels and keep what they say: ``mm.replay("churn/7")``.

    Several runs are replayed at a time. Each judgement is kept as soon as it is there: an interrupt (Ctrl-C) stops all
    kernels and loses nothing that had ended. Where one run raises, the others are replayed and kept all the same.

    Args:
        times: replays that must agree.
        jobs: runs that are replayed at a time; by default as many as there are CPUs and free gigabytes of memory.
        restore: put back the recorded random state, inputs and modules; False shows what happens without help.
        allow: ``network``, ``process``, or paths outside the scratch directory that may be written.
        timeout: seconds for one replay; by default ten times the record, and at least a minute.
        freeze_time: let the clock show, in each cell, when that cell was recorded.
        environment: ``current``, ``recorded`` (rebuilt by uv), or the path of another interpreter that has ipykernel.
        without: packages to leave out of a rebuilt environment.
        progress: told after every cell and every verdict, in this thread.

    Returns:
        The judgements, in the order of ``names``.

    Raises:
        NoSuchRun, CannotReplay: before anything runs.
        CannotRebuild: the recorded environment cannot be made again; before anything runs.
        StoreUntrusted: replaying runs the store's code, and the store belongs to another user.
    """
    space = found(workspace)
    if times < 1:
        raise BadInput(f"--times takes a number from 1 on, not {times}.")
    if jobs is not None and jobs < 1:
        raise BadInput(f"--jobs takes a number from 1 on, not {jobs}.")
    refs = [RunRef.parse(name) for name in ([names] if isinstance(names, str) else names)]
    settings = _settings(space, allow, timeout, restore=restore, freeze_time=freeze_time)
    records = [record_of(space, ref) for ref in refs]
    for record in records:
        check(record)
    given = [
        within(
            record,
            _with_own_rules(space, record, settings),
            environment,
            without,
            teller(record, progress),
        )
        for record in records
    ]
    tasks = [verifying(record, own, times) for record, own in zip(records, given, strict=True)]
    tellers = [teller(record, progress) for record in records]
    return _judged(space, tasks, jobs or usual_jobs(len(tasks)), tellers, progress)


def _judged(
    space: Workspace,
    tasks: Sequence[Task[Verified]],
    jobs: int,
    tellers: Sequence[Progress],
    progress: Callable[[ReplayProgress], None] | None,
) -> list[Judgement]:
    """Verify the tasks and keep each judgement at once; then raise the first error, in the order of the tasks."""
    judged: dict[int, Judgement] = {}
    failed: dict[int, Exception] = {}

    def tell(at: int, phase: str, cell: int, cells: int) -> None:
        tellers[at](phase, cell, cells)

    with closing(do_all(tasks, jobs, tell)) as ends:
        for ended in ends:
            if isinstance(ended.result, Exception):
                failed[ended.at] = ended.result
                continue
            judgement = judged[ended.at] = kept(space, ended.result)
            if progress is not None:
                done = judgement.executions
                progress(ReplayProgress(judgement.run, "judged", done, done, judgement.verdict))
    if failed:
        raise failed[min(failed)]
    return [judged[at] for at in range(len(tasks))]


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
    settings = _settings(space, allow, timeout)
    ref = RunRef.parse(name)
    record = record_of(space, ref)
    settings = _with_own_rules(space, record, settings)
    tell = teller(record, progress)
    if record.verified is None:
        judgement = kept(space, verify(record, settings, times=1, progress=tell))
        if judgement.verdict not in GOOD:
            raise CannotReplay(ref, f"no replay reproduces it: {judgement.said.rstrip('.')}")
        record = record_of(space, ref)
    return kept(space, minimising.minimise(record, settings, progress=tell))


def settings_for(
    space: Workspace, record: Record, allow: Sequence[str], timeout: float | None
) -> Settings:
    """How to replay a run with all help: raises StoreUntrusted."""
    return _with_own_rules(space, record, _settings(space, allow, timeout))


def _settings(
    space: Workspace,
    allow: Sequence[str],
    timeout: float | None,
    *,
    restore: bool = True,
    freeze_time: bool = False,
) -> Settings:
    space.check_trust()
    space.store.sweep_crashed()
    return Settings(
        key=space.key,
        root=space.root,
        restore=restore,
        allow=frozenset(allowed(one) for one in allow),
        timeout=timeout,
        freeze_time=freeze_time,
        rules=user_rules(configured(space.root).noise, "pyproject.toml"),
    )


def within(
    record: Record,
    settings: Settings,
    environment: str,
    without: Sequence[str] = (),
    tell: Callable[[str, int, int], None] = lambda *_: None,
) -> Settings:
    """The settings with the interpreter that ``environment`` asks for.

    Raises:
        CannotRebuild: it cannot be had.
    """
    if environment == "current":
        return settings
    if environment != "recorded":
        python = environments.named(environment)
        return replace(settings, python=(str(python),), environment=str(python))
    if record.run.environment is None:
        raise CannotRebuild(f"{record.run.row.ref} has no record of it")
    built = environments.build(
        record.run.environment, without=without, told=lambda what: tell(what, 0, 1)
    )
    return replace(settings, python=(str(built.python),), environment="recorded")


def _with_own_rules(space: Workspace, record: Record, settings: Settings) -> Settings:
    """The settings with the rules that the run's cell has in its notebook (``"mm_jupyter": {"noise": ...}``)."""
    return replace(settings, rules=(*own_rules(space, record.run.row), *settings.rules))


def own_rules(space: Workspace, row: RunRow) -> tuple[UserRule, ...]:
    """The noise rules that a run's cell has in its notebook."""
    if row.notebook is None or row.cell_id is None:
        return ()
    try:
        notebook = nbformat.read(space.root / row.notebook, nbformat.NO_CONVERT)
    except Exception:  # noqa: BLE001 - it is gone, or no notebook any more: then it says nothing
        return ()
    for cell in notebook.get("cells", ()):
        if cell.get("id") == row.cell_id:
            said = cell.metadata.get("mm_jupyter", {}).get("noise", {})
            return user_rules(said, f"The metadata of the cell of {row.ref}")
    return ()


def teller(
    record: Record, progress: Callable[[ReplayProgress], None] | None
) -> Callable[[str, int, int], None]:
    """Tells ``progress``, where there is one, of a run."""

    def tell(phase: str, cell: int, cells: int) -> None:
        if progress is not None:
            progress(ReplayProgress(record.run.row.ref, phase, cell, cells))

    return tell


def kept(space: Workspace, verified: Verified) -> Judgement:
    """Keep a judgement and the notebook that was replayed."""
    judgement = verified.judgement
    change = writer(space)
    if verified.notebook is not None:
        text = nbformat.writes(verified.notebook).encode()
        judgement = replace(judgement, recipe=change.put(text))
    change.add_verdict(judgement)
    return judgement


def verdicts(name: str, *, workspace: Workspace | None = None) -> list[Judgement]:
    """What was said about a run, oldest first."""
    return list(found(workspace).store.verdicts(RunRef.parse(name)))


def resolve(
    names: Sequence[str],
    *,
    every: bool = False,
    query: str | None = None,
    workspace: Workspace | None = None,
) -> list[str]:
    """The names of the runs to replay: those given, all that ended, or those that fit a query.

    Raises:
        BadInput: none was asked for, or nothing fits.
    """
    if not names and not every and query is None:
        raise BadInput("Which runs? Name them, or say --all or --query.")
    chosen = list(names)
    if every or query is not None:
        rows = find(query, sort="started", limit=None, workspace=workspace)
        chosen += [str(row.ref) for row in rows if row.status not in ("running", "crashed")]
    if not chosen:
        raise BadInput("No run that ended fits." if query else "There is no run that ended yet.")
    return list(dict.fromkeys(chosen))


def allowed(text: str) -> str:
    """A word of ``allow`` as settings have it: paths are absolute. Raises BadInput."""
    if text in ("network", "process"):
        return text
    if "/" in text or "\\" in text or text.startswith((".", "~")):
        return str(Path(text).expanduser().absolute())
    raise BadInput(f"--allow takes 'network', 'process' or a path, not {text!r}.")


def record_of(space: Workspace, ref: RunRef) -> Record:
    """What was recorded of a run. Raises NoSuchRun."""
    run = space.store.run(ref)
    row = run.row
    good = [one for one in space.store.verdicts(ref) if one.verdict in GOOD and one.steps]
    return Record(
        run=run,
        executions=tuple(space.store.executions(row.session, row.seq)),
        series=tuple(space.store.series(row.id)),
        read=space.store.read_blob,
        verified=good[-1].steps if good else None,
        verified_slice=good[-1].slice if good else "optimistic",
    )
