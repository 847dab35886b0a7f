"""Work done by an executor of ``concurrent.futures``: processes of this machine, or a Dask cluster.

What is sent is a function, the place of the store and the name of what to do; what comes back is a value. The queue is
held by the process that sends, so a worker that dies has nothing to lose: its job is sent again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from mm_jupyter.errors import JobCancelled, MmError, NoCluster
from mm_jupyter.replaying.several import Ended, usual_jobs

LOOK = 0.5
"""Seconds between two looks at what was cancelled."""
SENDS = 4
"""Times that a job is sent, where workers die over it."""
PATIENCE = 30.0
"""Seconds that a cluster's scheduler may take to answer."""
LOST = 5.0
"""Seconds after which a scheduler that is not heard of is gone."""
AHEAD = 2
"""Jobs sent for each place of a cluster, so that no worker waits for us."""

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Taker(Protocol):
    """Who has the jobs in the queue."""

    def take(self, job: int) -> object:
        """Take a job. Raises JobTaken."""

    def cancelled(self, job: int) -> bool:
        """Whether somebody has cancelled a job of ours."""


@dataclass(frozen=True, slots=True)
class _Crew:
    """``places``: jobs that it does at a time. ``died`` says whether an error means that a worker died; ``gone``, why
    nothing can be done here any more, None where all is well."""

    submit: Callable[..., Future[Any]]
    places: Callable[[], int]
    died: Callable[[BaseException], bool]
    gone: Callable[[], str | None] = lambda: None


def check(on: str | None) -> None:
    """Raises NoCluster where ``on`` names nothing that could do work."""
    if on is not None and on != "processes" and not on.startswith("dask://"):
        raise NoCluster(on, "--on takes 'processes' or 'dask://HOST:PORT'")


def do_all(
    asked: Sequence[tuple[int, Call]], worker: Taker, jobs: int | None, on: str
) -> Generator[Ended[Any], None, None]:
    """Do jobs wherever ``on`` says, and give each as soon as it has ended; an error is given, not raised.

    Raises:
        NoCluster: it cannot be reached; before anything is sent.
    """
    with _crew(on, jobs or usual_jobs(len(asked))) as crew:
        waiting = deque(range(len(asked)))
        flying: dict[Future[Any], int] = {}
        sent = [0] * len(asked)
        try:
            while waiting or flying:
                if (why := crew.gone()) is not None:
                    raise NoCluster(on, why)
                room = (jobs or AHEAD * max(crew.places(), 1)) - len(flying)
                for at in [waiting.popleft() for _ in range(min(room, len(waiting)))]:
                    job, (function, given) = asked[at]
                    try:
                        worker.take(job)
                    except MmError as taken:
                        yield Ended(at, taken)
                        continue
                    sent[at] += 1
                    flying[crew.submit(function, *given)] = at
                done, _ = wait(flying, timeout=LOOK, return_when=FIRST_COMPLETED)
                for future in done:
                    at = flying.pop(future)
                    error = _error(future)
                    if error is not None and crew.died(error) and sent[at] < SENDS:
                        waiting.append(at)
                    else:
                        yield Ended(at, _said(error) if error is not None else future.result())
                for future, at in list(flying.items()):
                    if worker.cancelled(asked[at][0]):
                        del flying[future]
                        future.cancel()
                        yield Ended(at, JobCancelled())
        finally:
            for future in flying:
                future.cancel()


def _error(future: Future[Any]) -> BaseException | None:
    try:
        return future.exception()
    except BaseException as error:  # noqa: BLE001 - a cluster's cancelled future raises, of several kinds
        return error


def _said(error: BaseException) -> Exception:
    return (
        error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
    )


@contextmanager
def _crew(on: str, jobs: int) -> Iterator[_Crew]:
    if on == "processes":
        with _processes(jobs) as crew:
            yield crew
    else:
        with _dask(on) as crew:
            yield crew


@contextmanager
def _processes(jobs: int) -> Iterator[_Crew]:
    """Fresh processes: a fork of ours would share its threads' locks."""
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    def fresh() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))

    pool = fresh()

    def submit(function: Callable[..., Any], *given: Any) -> Future[Any]:
        nonlocal pool
        try:
            return pool.submit(function, *given)
        except BrokenProcessPool:  # one of its processes died, and the pool with it
            pool = fresh()
            return pool.submit(function, *given)

    try:
        yield _Crew(submit, lambda: jobs, lambda error: isinstance(error, BrokenProcessPool))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _dask(on: str) -> Iterator[_Crew]:
    try:
        from distributed import Client as Untyped
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise NoCluster(
            on, "dask.distributed is not installed: pip install 'mm_jupyter[cluster]'"
        ) from None
    Client: Any = Untyped  # noqa: N806 - it ships no types for it
    address = "tcp://" + on.removeprefix("dask://")
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoCluster(
            on, f"no scheduler answers at {address} ({type(error).__name__})"
        ) from error
    executor = client.get_executor(pure=False)
    counted, places, ran = 0.0, 0, time.monotonic()

    def count() -> int:
        nonlocal counted, places
        if client.status == "running" and (time.monotonic() - counted > PATIENCE / 6 or not places):
            counted = time.monotonic()
            with suppress(OSError):  # it is going: gone() will say so
                places = sum(client.nthreads().values())
        return places

    def gone() -> str | None:
        nonlocal ran
        if client.status == "running":
            ran = time.monotonic()
        lost = client.status == "closed" or time.monotonic() - ran > LOST
        return f"the scheduler at {address} is gone" if lost else None

    def died(error: BaseException) -> bool:
        return isinstance(error, KilledWorker | CommClosedError) or client.status != "running"

    try:
        yield _Crew(executor.submit, count, died, gone)
    finally:
        executor.shutdown(wait=False)
        client.close(timeout=LOST)
