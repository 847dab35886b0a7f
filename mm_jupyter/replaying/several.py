"""Several replays at a time: each by a thread of this process, since the work is done in kernels."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.confine import can_confine
from mm_jupyter.replaying.job import Stop
from mm_jupyter.replaying.record import Record
from mm_jupyter.replaying.trying import Progress
from mm_jupyter.replaying.verifying import Verified, verify
from mm_jupyter.replaying.zygotes import Once, Zygotes

MEMORY = 1 << 30
"""Bytes of memory that must be free for each replay that runs beside others."""
MANY = 4
"""Runs from which on kernels are forked."""


class Strainable(Protocol):
    """What a task gives. ``strained``: it might be another one on a machine with less to do."""

    @property
    def strained(self) -> bool: ...


Result = TypeVar("Result", bound=Strainable)


@dataclass(frozen=True, slots=True)
class Task(Generic[Result]):
    """Replays that belong together: ``work`` makes them one after another, with ``settings`` that can stop it."""

    settings: Settings
    work: Callable[[Settings, Progress], Result]


@dataclass(frozen=True, slots=True)
class Ended(Generic[Result]):
    """The task at place ``at`` has ended: with what it gave, or with an error."""

    at: int
    result: Result | Exception


Tell = Callable[[int, str, int, int], None]
"""Called with the place of a task, what happens, the cell that ended, and how many there are."""


@dataclass(frozen=True, slots=True)
class _Told:
    at: int
    phase: str
    cell: int
    cells: int


_Word = _Told | Ended[Any] | None
"""What a worker says: something to tell, a task that has ended, or that the worker itself has."""


def usual_jobs(runs: int) -> int:
    """As many replays at a time as there are runs and CPUs for this process, with ``MEMORY`` free for each."""
    free = _free_memory()
    room = runs if free is None else free // MEMORY
    return max(1, min(runs, _cpus(), room))


def verifying(record: Record, settings: Settings, times: int) -> Task[Verified]:
    """The task of verifying a run: as ``verify``."""
    return Task(settings, lambda own, progress: verify(record, own, times=times, progress=progress))


def do_all(
    tasks: Sequence[Task[Result]], jobs: int, tell: Tell
) -> Generator[Ended[Result], None, None]:
    """Do tasks, at most ``jobs`` at a time, and give each as soon as it has ended; an error is given, not raised.

    ``tell`` is called in this thread. A replay that was too slow, killed or short of memory beside others is made
    again alone, after them, so that a verdict never depends on ``jobs``. Ctrl-C, closing the iterator, and the ``stop``
    of the first task's settings stop every kernel that runs; the iterator ends when all of them are gone.
    """
    jobs = min(jobs, len(tasks))
    zygotes = Zygotes()
    if len(tasks) >= MANY:
        tasks = [
            replace(task, settings=replace(task.settings, zygotes=Once(zygotes))) for task in tasks
        ]
    with closing(zygotes):
        yield from _done(tasks, jobs, tell)


def _done(
    tasks: Sequence[Task[Result]], jobs: int, tell: Tell
) -> Generator[Ended[Result], None, None]:
    if not tasks:
        return
    outer = tasks[0].settings.stop
    later = list(range(len(tasks)))
    if jobs > 1:
        later = []
        with _within(outer) as stop, closing(_at_a_time(tasks, jobs, stop, tell)) as ends:
            for ended in ends:
                if not isinstance(ended.result, Exception) and ended.result.strained:
                    later.append(ended.at)
                else:
                    yield ended
        if outer.asked:
            raise asyncio.CancelledError
    for at in later:
        with _within(outer) as stop:
            yield _ended(tasks, at, stop, tell)


@contextmanager
def _within(outer: Stop) -> Iterator[Stop]:
    """A stop of its own for work that ``outer`` ends, too."""
    stop = Stop()
    with outer.reaching(stop.ask):
        yield stop


def _ended(tasks: Sequence[Task[Result]], at: int, stop: Stop, tell: Tell) -> Ended[Result]:
    task = tasks[at]

    def progress(phase: str, cell: int, cells: int) -> None:
        tell(at, phase, cell, cells)

    try:
        return Ended(at, task.work(replace(task.settings, stop=stop), progress))
    except Exception as error:  # noqa: BLE001 - given to the caller, who raises it after the others
        return Ended(at, error)


def _at_a_time(
    tasks: Sequence[Task[Result]], jobs: int, stop: Stop, tell: Tell
) -> Generator[Ended[Result], None, None]:
    from papermill.iorw import local_file_io_cwd

    import mm_jupyter.replaying.performing  # noqa: F401 - papermill's imports, once and not by several threads
    from mm_jupyter.replaying.performing import ctrl_c_raises

    can_confine()
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for at in range(len(tasks)):
        left.put(at)
    said: queue.SimpleQueue[_Word] = queue.SimpleQueue()
    threads = [
        threading.Thread(target=_work, args=(tasks, left, said, stop), name="mm_jupyter replay")
        for _ in range(jobs)
    ]
    # What papermill and nbformat set for a moment and put back: threads would put back each other's.
    with warnings.catch_warnings(), local_file_io_cwd(), ctrl_c_raises():
        for thread in threads:
            thread.start()
        working = jobs
        try:
            while working:
                word = said.get()
                if word is None:
                    working -= 1
                elif isinstance(word, Ended):
                    yield word
                else:
                    tell(word.at, word.phase, word.cell, word.cells)
        finally:
            stop.ask()
            while (
                working
            ):  # not with join(): interrupted, it takes a thread for ended (Python 3.11)
                working -= said.get() is None
            for thread in threads:
                thread.join()


def _work(
    tasks: Sequence[Task[Any]],
    left: queue.SimpleQueue[int],
    said: queue.SimpleQueue[_Word],
    stop: Stop,
) -> None:
    """Do what is left, until nothing is or it is stopped."""

    def tell(at: int, phase: str, cell: int, cells: int) -> None:
        said.put(_Told(at, phase, cell, cells))

    try:
        while not stop.asked:
            said.put(_ended(tasks, left.get_nowait(), stop, tell))
    except (queue.Empty, asyncio.CancelledError):
        pass
    finally:
        said.put(None)


def _cpus() -> int:
    """CPUs that this process may use."""
    affine = hasattr(os, "sched_getaffinity")
    found = len(os.sched_getaffinity(0)) if affine else os.cpu_count() or 1
    quota, _, period = _text("/sys/fs/cgroup/cpu.max").strip().partition(" ")
    return min(found, -(-int(quota) // int(period))) if quota.isdigit() else found


def _free_memory() -> int | None:
    """Bytes that are free, or soon would be; None where nobody says."""
    lines = _text("/proc/meminfo").splitlines()
    free = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    limit = _text("/sys/fs/cgroup/memory.max").strip()
    free += [int(limit)] if limit.isdigit() else []
    return min(free, default=None)


def _text(path: str) -> str:
    """What Linux says in a file; nothing where there is none."""
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""
