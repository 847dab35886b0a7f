"""The queue of work, as people see it: what is asked for, how far it is; going on with it, and ending it.

As a program, ``python -m mm_jupyter.api.jobs 12`` does job 12 of the workspace of its current folder.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from mm_jupyter.api import explaining, noise, sweeps
from mm_jupyter.api.replays import (
    ReplayProgress,
    asked,
    record_of,
    settings_for,
    worked,
)
from mm_jupyter.api.runs import found, writer
from mm_jupyter.api.working import Unit, Worker, working_off
from mm_jupyter.errors import BadInput, JobTaken, MmError, NotFound
from mm_jupyter.records import Judgement, RunRef, Verdict
from mm_jupyter.records.jobs import BatchState, Job, JobKind
from mm_jupyter.records.sweep import Sweep
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.several import Task
from mm_jupyter.replaying.trying import Progress
from mm_jupyter.workspace import Workspace

SEEDS = 10
"""Replays of a measurement of noise that the sidebar asks for."""


def batches(*, limit: int = 20, workspace: Workspace | None = None) -> list[BatchState]:
    """What was asked for, newest first, and how far it is; what dead processes had begun waits again."""
    space = found(workspace)
    _requeue(space)
    return list(space.store.batches(limit))


def jobs(batch: str | None = None, *, workspace: Workspace | None = None) -> list[Job]:
    """The jobs of a batch in their order; without one, all that have not ended. Raises NotFound."""
    space = found(workspace)
    if batch is None:
        _requeue(space)
        return list(space.store.jobs(left=True))
    space.store.batch(batch)
    return list(space.store.jobs(batch))


def cancel(batch: str, *, workspace: Workspace | None = None) -> int:
    """End what is left of a batch, also where another process works on it, and say how many jobs that were.

    Raises:
        NotFound: there is no such batch.
    """
    space = found(workspace)
    space.store.batch(batch)
    return writer(space).cancel_jobs([job.id for job in space.store.jobs(batch, left=True)])


def resume(
    batch: str | None = None,
    *,
    jobs: int | None = None,
    on: str | None = None,
    progress: Callable[[ReplayProgress], None] | None = None,
    workspace: Workspace | None = None,
) -> list[Judgement] | Sweep:
    """Do what is left of a batch: it was interrupted, its process was killed, or some of its jobs are to be done here.

    Args:
        batch: the newest that is left, where None.
        jobs, on, progress: as of ``replay``.

    Returns:
        The judgements of replays; a sweep whole.

    Raises:
        NotFound: there is no such batch, or nothing is left.
        StoreUntrusted, JobsLeft: as of ``replay``.
    """
    space = found(workspace)
    space.check_trust()
    _requeue(space)
    state = space.store.batch(batch) if batch is not None else _newest(space)
    left = [job for job in space.store.jobs(state.batch.id, left=True) if job.state == "waiting"]
    if not left:
        busy = f" {state.running:,} are being worked on." if state.running else ""
        raise NotFound(f"Nothing of {state.batch.id} waits.{busy}")
    if state.batch.kind == "sweep":
        return sweeps.go_on(space, state.batch, left, jobs=jobs, on=on, progress=progress)
    given = [asked(space, _run(job), state.batch.options, lambda *_: None) for job in left]
    return worked(space, state.batch, left, given, jobs=jobs, on=on, progress=progress)


def _newest(space: Workspace) -> BatchState:
    for state in space.store.batches(200):
        if state.waiting:
            return state
    raise NotFound("Nothing is left: every job has ended or is being worked on.")


def _requeue(space: Workspace) -> None:
    if not space.store.read_only and space.store.jobs(left=True):
        writer(space).requeue()


def _run(job: Job) -> RunRef:
    assert job.run is not None
    return job.run


@dataclass(frozen=True, slots=True)
class _Said:
    """What an experiment of several replays comes to."""

    said: str
    verdict: Verdict | None = None
    strained: bool = False


def do(job: Job, *, workspace: Workspace) -> None:
    """Do one job of any kind, here.

    Raises:
        JobTaken: somebody else has it, or it has ended.
        MmError: why it failed, which the job says, too.
    """
    space = workspace
    batch = space.store.batch(job.batch).batch
    if job.kind == "replay":
        given = asked(space, _run(job), batch.options, lambda *_: None)
        worked(space, batch, [job], [given], jobs=1, on=None, progress=None)
        return
    if job.kind == "point":
        raise BadInput("The points of a sweep are done by 'mm resume'.")
    record = record_of(space, _run(job))
    work = partial(_WORK[job.kind], space, record)
    task = Task(settings_for(space, record, (), None), work)
    unit = Unit(job.id, task, (do, ()), partial(_keep, job.id))
    with working_off(space, batch.id, [unit], jobs=1, on=None, tell=lambda *_: None) as ends:
        for ended in ends:
            if isinstance(ended.result, Exception):
                raise ended.result


def _explain(space: Workspace, record: Any, settings: Settings, progress: Progress) -> _Said:
    found = explaining.explained(space, record, settings, restore=True, progress=progress)
    return _Said(found.said, found.judgement.verdict)


def _noise(space: Workspace, record: Any, settings: Settings, progress: Progress) -> _Said:
    return _Said(noise.measured(space, record, settings, SEEDS, (), None, progress).said)


_WORK: dict[JobKind, Callable[..., _Said]] = {"explain": _explain, "noise": _noise}


def _keep(job: int, worker: Worker, result: _Said) -> bool:
    return worker.end(job, verdict=result.verdict, said=result.said)


def main(number: str) -> int:
    """Do a job in this process; its end and its failure stand in the queue."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # 1.8 s that nothing here needs
    space = found(None)
    with_number = {job.id: job for job in space.store.jobs(left=True)}
    job = with_number.get(int(number))
    if job is None:
        return 0
    try:
        do(job, workspace=space)
    except JobTaken:
        return 0
    except MmError as error:
        with Worker(space) as worker:  # what could not even begin has failed, too
            try:
                worker.take(job.id)
                worker.end(job.id, said=str(error), failed=True)
            except JobTaken:
                return 0
    return 0


if __name__ == "__main__":
    # Asked to end, it stops as if interrupted: its kernel is shut down, its scratch directory removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1]))
