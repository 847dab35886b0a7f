"""Working off jobs of the queue: they are taken, told about, and ended once, whoever else works on the same ones."""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Generic, TypeVar

from mm_jupyter.api import clusters
from mm_jupyter.api.runs import writer
from mm_jupyter.errors import JobCancelled, JobsLeft, JobTaken, MmError
from mm_jupyter.records.jobs import Step
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.job import Stop
from mm_jupyter.replaying.several import Ended, Strainable, Task, Tell, do_all, usual_jobs
from mm_jupyter.replaying.trying import Progress
from mm_jupyter.store import Lock, Writer
from mm_jupyter.workspace import Workspace

BEAT = 1.0
"""Seconds between two looks at the queue while work goes on: how soon others see where it is, or stop it."""
SILENCE = 15.0
"""Seconds after which a worker says that it lives, even where nothing moves."""

Result = TypeVar("Result", bound=Strainable)


@dataclass(frozen=True, slots=True)
class Unit(Generic[Result]):
    """A job and how to do it: ``task`` here; ``call``, a function and what it is given, in any other process. ``keep``
    ends it with what either gave and says whether it was still ours."""

    job: int
    task: Task[Result]
    call: clusters.Call
    keep: Callable[[Worker, Result], bool]


class Worker(AbstractContextManager["Worker"]):
    """Someone who takes jobs; what it has not ended when it goes waits again. From any thread."""

    def __init__(self, space: Workspace) -> None:
        self.name = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.writer: Writer = writer(space)
        self._steps: dict[int, Step] = {}
        self._stops: dict[int, Stop] = {}
        self._over, self._moved, self._mutex = (
            threading.Event(),
            threading.Event(),
            threading.Lock(),
        )
        self._lock: Lock | None = None
        self._thread = threading.Thread(target=self._beat, name="mm_jupyter jobs", daemon=True)

    def __enter__(self) -> Worker:
        self._lock = self.writer.work_as(self.name)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        try:
            if self._steps:
                self.writer.give_back(self.name)
        finally:
            if self._lock is not None:
                self._lock.release()

    def take(self, job: int) -> Stop:
        """Take a job; what is given ends it when somebody cancels it. A second time it does nothing.

        Raises:
            JobTaken: somebody else has it, or it has ended.
        """
        with self._mutex:
            known = self._stops.get(job)
        if known is not None:
            return known
        if not self.writer.take(job, self.name):
            raise JobTaken(job)
        with self._mutex:
            self._steps[job] = Step(job, "", 0, 0)
            return self._stops.setdefault(job, Stop())

    def tell(self, job: int, phase: str, cell: int, cells: int) -> None:
        """Say where a job is. It is written within a second."""
        with self._mutex:
            if job in self._steps:
                self._steps[job] = Step(job, phase, cell, cells)
        self._moved.set()

    def cancelled(self, job: int) -> bool:
        """Whether somebody has cancelled a job of ours."""
        with self._mutex:
            return job in self._stops and self._stops[job].asked

    def end(self, job: int, **given: Any) -> bool:
        """End a job: as ``Writer.end_job``."""
        ended = self.writer.end_job(job, self.name, **given)
        with self._mutex:
            self._steps.pop(job, None)
            self._stops.pop(job, None)
        return ended

    def task(self, unit: Unit[Result]) -> Task[Result]:
        """The task of a unit, begun by taking its job."""

        def work(settings: Settings, progress: Progress) -> Result:
            stop = self.take(unit.job)
            with _both(settings.stop, stop) as own:
                return unit.task.work(replace(settings, stop=own), progress)

        return Task(unit.task.settings, work)

    def _beat(self) -> None:
        """Tell the queue where our jobs are, and stop those that were cancelled there."""
        told = time.monotonic()
        while not self._over.wait(BEAT):
            with self._mutex:
                steps = list(self._steps.values())
            if not steps:
                continue
            moved = self._moved.is_set() or time.monotonic() - told > SILENCE
            self._moved.clear()
            try:
                lost = self.writer.seen(
                    self.name, steps if moved else [], [step.job for step in steps]
                )
            except MmError:
                continue  # locked for long, or a full disk: the next second is as good
            told = time.monotonic() if moved else told
            for job in lost:
                with self._mutex:
                    stop = self._stops.get(job)
                if stop is not None:
                    stop.ask()


@contextmanager
def _both(outer: Stop, own: Stop) -> Iterator[Stop]:
    """Work that ``outer`` ends with all the rest, and ``own`` alone.

    Raises:
        JobCancelled: ``own`` did.
    """
    try:
        with outer.reaching(own.ask):
            yield own
    except asyncio.CancelledError:
        if own.asked and not outer.asked:
            raise JobCancelled from None
        raise


@contextmanager
def working_off(
    space: Workspace,
    batch: str,
    units: Sequence[Unit[Any]],
    *,
    jobs: int | None,
    on: str | None,
    tell: Tell,
) -> Iterator[Iterator[Ended[Any]]]:
    """Do the jobs of a batch and give each as soon as it has ended and is kept; an error is given, not raised.

    ``jobs`` at a time, by default as many as this machine, or the cluster that ``on`` names, has room for.

    Raises:
        NoCluster: before anything runs, or when the cluster is gone.
        JobsLeft: Ctrl-C, within the block too; what had not ended waits in the queue.
    """
    try:
        with Worker(space) as worker, closing(_ends(worker, units, jobs, on, tell)) as ends:
            yield (_kept(worker, units[ended.at], ended) for ended in ends)
    except KeyboardInterrupt:
        raise JobsLeft(batch, space.store.batch(batch).left) from None


def _ends(
    worker: Worker, units: Sequence[Unit[Any]], jobs: int | None, on: str | None, tell: Tell
) -> Generator[Ended[Any], None, None]:
    if on is not None:
        return clusters.do_all([(unit.job, unit.call) for unit in units], worker, jobs, on)
    tasks = [worker.task(unit) for unit in units]

    def told(at: int, phase: str, cell: int, cells: int) -> None:
        worker.tell(units[at].job, phase, cell, cells)
        tell(at, phase, cell, cells)

    return do_all(tasks, jobs or usual_jobs(len(tasks)), told)


def _kept(worker: Worker, unit: Unit[Any], ended: Ended[Any]) -> Ended[Any]:
    result = ended.result
    if isinstance(result, JobTaken | JobCancelled):
        return ended
    if isinstance(result, Exception):
        said = str(result) if isinstance(result, MmError) else f"{type(result).__name__}: {result}"
        worker.end(unit.job, said=said, failed=True)
        return ended
    try:
        ours = unit.keep(worker, result)
    except MmError as error:
        return Ended(ended.at, error)
    return ended if ours else Ended(ended.at, JobCancelled())
