"""The verbs that make runs again: recipe, replay, verdicts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import nbformat

from mm_jupyter.analysis.comparing import UserRule, user_rules
from mm_jupyter.api import clusters
from mm_jupyter.api.places import Place
from mm_jupyter.api.runs import find, found, writer
from mm_jupyter.api.working import Unit, Worker, working_off
from mm_jupyter.configuration import configured
from mm_jupyter.errors import BadInput, CannotRebuild, JobsLeft
from mm_jupyter.records import Judgement, RunRef, RunRow, Verdict
from mm_jupyter.records.jobs import Batch, Job, JobKind
from mm_jupyter.replaying import environments
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.record import Record
from mm_jupyter.replaying.several import verifying
from mm_jupyter.replaying.trying import GOOD, Progress
from mm_jupyter.replaying.verifying import Verified, check, verify
from mm_jupyter.replaying.zygotes import Once, process_zygotes
from mm_jupyter.store import Writer
from mm_jupyter.workspace import Workspace

_REPLAY: JobKind = "replay"


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """Where a replay is: ``cell`` of ``cells`` have ended in this ``phase``; ``verdict`` comes last, and once.

    ``run`` is its name; a point of a sweep, which has none yet, is called by its parameters."""

    run: RunRef | str
    phase: str
    cell: int
    cells: int
    verdict: Verdict | None = None


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
    on: str | None = None,
    progress: Callable[[ReplayProgress], None] | None = None,
    workspace: Workspace | None = None,
) -> list[Judgement]:
    """Execute the recipes of runs in fresh kernels and keep what they say: ``mm.replay("churn/7")``.

    Several runs are replayed at a time, as jobs of the queue that everybody sees. Each judgement is kept as soon as it
    is there: an interrupt (Ctrl-C) stops all kernels and loses nothing that had ended; ``resume`` does the rest. Where
    one run raises, the others are replayed and kept all the same.

    Args:
        times: replays that must agree.
        jobs: runs that are replayed at a time; by default as many as there are CPUs and free gigabytes of memory.
        restore: put back the recorded random state, inputs and modules; False shows what happens without help.
        allow: ``network``, ``process``, or paths outside the scratch directory that may be written.
        timeout: seconds for one replay; by default ten times the record, and at least a minute.
        freeze_time: let the clock show, in each cell, when that cell was recorded.
        environment: ``current``, ``recorded`` (rebuilt by uv), or the path of another interpreter that has ipykernel.
        without: packages to leave out of a rebuilt environment.
        on: ``processes`` of this machine, or a Dask cluster ``dask://HOST:PORT`` whose workers see the same files;
            by default this process starts the kernels itself.
        progress: told after every cell and every verdict, in this thread.

    Returns:
        The judgements, in the order of ``names``.

    Raises:
        NoSuchRun, CannotReplay: before anything runs.
        CannotRebuild: the recorded environment cannot be made again; before anything runs.
        StoreUntrusted: replaying runs the store's code, and the store belongs to another user.
        NoCluster: ``on`` cannot be reached.
        JobsLeft: Ctrl-C among several runs; the others wait in the queue.
    """
    space = found(workspace)
    if times < 1:
        raise BadInput(f"--times takes a number from 1 on, not {times}.")
    if jobs is not None and jobs < 1:
        raise BadInput(f"--jobs takes a number from 1 on, not {jobs}.")
    clusters.check(on)
    refs = [RunRef.parse(name) for name in ([names] if isinstance(names, str) else names)]
    options = {
        "times": times,
        "restore": restore,
        "allow": sorted(allowed(one) for one in allow),
        "timeout": timeout,
        "freeze_time": freeze_time,
        "environment": environment,
        "without": list(without),
    }
    tellers = [partial(_told, progress, ref) for ref in refs]
    given = [asked(space, ref, options, tell) for ref, tell in zip(refs, tellers, strict=True)]
    title = str(refs[0]) if len(refs) == 1 else f"{len(refs):,} runs"
    batch = writer(space).add_batch("replay", title, options, [(_REPLAY, ref, {}) for ref in refs])
    left = space.store.jobs(batch.id)
    try:
        return worked(space, batch, left, given, jobs=jobs, on=on, progress=progress)
    except JobsLeft:
        if len(refs) > 1:
            raise
        writer(space).cancel_jobs(
            [job.id for job in left]
        )  # nobody asks for one replay again by a queue
        raise KeyboardInterrupt from None


def asked(
    space: Workspace, ref: RunRef, options: Mapping[str, Any], tell: Progress
) -> tuple[Record, Settings]:
    """A run and how ``options`` want it replayed.

    Raises:
        NoSuchRun, CannotReplay, CannotRebuild, StoreUntrusted: it cannot be.
    """
    record = record_of(space, ref)
    check(record)
    settings = _settings(
        space, options["allow"], options["timeout"], restore=options["restore"],
        freeze_time=options["freeze_time"],
    )  # fmt: skip
    settings = _with_own_rules(space, record, settings)
    return record, within(record, settings, options["environment"], options["without"], tell)


def worked(
    space: Workspace,
    batch: Batch,
    left: Sequence[Job],
    given: Sequence[tuple[Record, Settings]],
    *,
    jobs: int | None,
    on: str | None,
    progress: Callable[[ReplayProgress], None] | None,
) -> list[Judgement]:
    """Do jobs of a batch, and keep each judgement at once; then raise the first error, in their order."""
    judged: dict[int, Judgement] = {}
    failed: dict[int, Exception] = {}

    def keep(at: int, worker: Worker, result: Verified) -> bool:
        judged[at] = with_notebook(worker.writer, result)
        return worker.end(left[at].id, judgement=judged[at])

    units = [
        Unit(
            job.id,
            verifying(record, own, batch.options["times"]),
            (replay_elsewhere, (Place.of(space), str(job.run), dict(batch.options))),
            partial(keep, at),
        )
        for at, (job, (record, own)) in enumerate(zip(left, given, strict=True))
    ]
    tellers = [partial(_told, progress, record.run.row.ref) for record, _ in given]

    def tell(at: int, phase: str, cell: int, cells: int) -> None:
        tellers[at](phase, cell, cells)

    with working_off(space, batch.id, units, jobs=jobs, on=on, tell=tell) as ends:
        for ended in ends:
            if isinstance(ended.result, Exception):
                failed[ended.at] = ended.result
            elif progress is not None:
                judgement = judged[ended.at]
                done = judgement.executions
                progress(ReplayProgress(judgement.run, "judged", done, done, judgement.verdict))
    if failed:
        raise failed[min(failed)]
    return [judged[at] for at in range(len(units))]


def replay_elsewhere(place: Place, name: str, options: dict[str, Any]) -> Verified:
    """Replay a run in a process that may be on another machine; the one that asked keeps what comes out."""
    with place.opened() as space:
        record, settings = asked(space, RunRef.parse(name), options, lambda *_: None)
        settings = replace(settings, zygotes=Once(process_zygotes()))
        return verify(record, settings, times=options["times"], progress=lambda *_: None)


def _told(
    progress: Callable[[ReplayProgress], None] | None,
    ref: RunRef,
    phase: str,
    cell: int,
    cells: int,
) -> None:
    if progress is not None:
        progress(ReplayProgress(ref, phase, cell, cells))


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
    change = writer(space)
    judgement = with_notebook(change, verified)
    change.add_verdict(judgement)
    return judgement


def with_notebook(change: Writer, verified: Verified) -> Judgement:
    """The judgement, naming the notebook that was replayed, which is kept with whatever row names it."""
    if verified.notebook is None:
        return verified.judgement
    text = nbformat.writes(verified.notebook).encode()
    return replace(verified.judgement, recipe=change.put(text))


def verdicts(name: str, *, workspace: Workspace | None = None) -> list[Judgement]:
    """What was said about a run, oldest first."""
    return list(found(workspace).store.verdicts(RunRef.parse(name)))


def resolve(
    names: Sequence[str],
    *,
    every: bool = False,
    query: str | None = None,
    since: str | None = None,
    sample: float | None = None,
    workspace: Workspace | None = None,
) -> list[str]:
    """The names of the runs to replay: those given, all that ended, or those that fit a query.

    Args:
        since: only runs that started then or later, as a query writes it: ``1d``, ``12h``, ``2026-03-01``.
        sample: a share of those that fit, drawn at random, at least one.

    Raises:
        BadInput: none was asked for, or nothing fits.
    """
    if since is not None:
        when = since if "-" in since else f"-{since}"
        recent = f"started > {json.dumps(when)}"
        query = f"({query}) and {recent}" if query else recent
    if not names and not every and query is None:
        raise BadInput("Which runs? Name them, or say --all, --query or --since.")
    chosen = list(names)
    if every or query is not None:
        rows = find(query, sort="started", limit=None, workspace=workspace)
        chosen += [str(row.ref) for row in rows if row.status not in ("running", "crashed")]
    if not chosen:
        raise BadInput("No run that ended fits." if query else "There is no run that ended yet.")
    chosen = list(dict.fromkeys(chosen))
    if sample is not None:
        chosen = random.sample(chosen, max(1, round(sample * len(chosen))))
    return chosen


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
