"""The worker of a server: does what the sidebar asked for, one job at a time, each in a process that can be stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from mm_jupyter.api.runs import writer
from mm_jupyter.errors import JobTaken, MmError, NotFound
from mm_jupyter.records import RunRef
from mm_jupyter.records.jobs import ENDED, Job, JobKind
from mm_jupyter.workspace import Workspace

OPTIONS = {
    "times": 1, "restore": True, "allow": [], "timeout": None, "freeze_time": False,
    "environment": "current", "without": [],
}  # fmt: skip
"""How the sidebar has runs replayed."""
CLOSING = 5.0
"""Seconds that a process may take to end what it does when the server stops."""
LOOK = 5.0
"""Seconds between two looks for jobs that another server left when it died."""


class JobServer:
    """Works off the jobs of kind ``sidebar`` of one workspace. They stand in its store: a server that is started again
    goes on with them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._child: tuple[int, subprocess.Popen[str]] | None = None
        self._lock, self._asked, self._over = threading.Lock(), threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        if self._waiting():
            self._start()

    def add(self, refs: Sequence[RunRef], kind: JobKind = "replay") -> list[Job]:
        """Ask for jobs. One that waits or runs already is not asked for twice.

        Raises:
            StoreUntrusted: replaying runs the store's code, and the store belongs to another user.
            NoSuchRun: with the nearest names; then none is asked for.
        """
        space = self._workspace
        space.check_trust()
        store = space.store
        known = {(job.run, job.kind): job for job in store.jobs(left=True)}
        new = [ref for ref in dict.fromkeys(refs) if (ref, kind) not in known]
        if new:
            title = str(new[0]) if len(new) == 1 else f"{len(new):,} runs"
            batch = writer(space).add_batch(
                "sidebar", title, OPTIONS, [(kind, ref, {}) for ref in new]
            )
            known.update(((job.run, job.kind), job) for job in store.jobs(batch.id))
        self._start()
        return [known[ref, kind] for ref in refs]

    def cancel(self, number: int) -> Job:
        """Stop a job that runs, wherever it does, or let one that waits never start.

        Raises:
            NotFound: there is no such job.
        """
        space = self._workspace
        job = space.store.job(number)
        if job is None:
            raise NotFound(f"There is no job {number}.")
        if job.state not in ENDED:
            writer(space).cancel_jobs([number])
            self._end_child(number)
        return space.store.job(number) or job

    def cancel_batch(self, batch: str) -> list[Job]:
        """Stop all that is left of a batch, whoever works on it, and return it. Raises NotFound."""
        store = self._workspace.store
        store.batch(batch)
        left = [job.id for job in store.jobs(batch, left=True)]
        writer(self._workspace).cancel_jobs(left)
        for number in left:
            self._end_child(number)
        return [job for job in store.jobs(batch) if job.id in set(left)]

    def close(self) -> None:
        """Stop working, at once. What has not ended waits for the next server."""
        self._over.set()
        self._asked.set()
        self._end_child(None)
        if self._thread is not None:
            self._thread.join(timeout=CLOSING)
            self._end_child(None, signal.SIGKILL)  # a worker that dies leaves its job to others
            self._thread.join(timeout=CLOSING)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._over.is_set():
                self._thread = threading.Thread(target=self._work, name="mm-jobs", daemon=True)
                self._thread.start()
        self._asked.set()

    def _waiting(self) -> list[Job]:
        with suppress(MmError):
            sidebar = self._workspace.store.sidebar_jobs()
            return [job for job in sidebar if job.state == "waiting"]
        return []

    def _work(self) -> None:
        while not self._over.is_set():
            with suppress(MmError):
                writer(self._workspace).requeue()
            waiting = self._waiting()
            if waiting:
                self._do(waiting[0])
            else:
                self._asked.wait(LOOK)
                self._asked.clear()

    def _do(self, job: Job) -> None:
        child = self._spawn(job)
        with self._lock:
            self._child = (job.id, child)
        if self._over.is_set():
            self._end_child(None)
        _, errors = child.communicate()
        with self._lock:
            self._child = None
        now = self._workspace.store.job(job.id)
        if (
            now is not None
            and now.state == "waiting"
            and now.tries == job.tries
            and not self._over.is_set()
        ):
            # It died before it took the job: it would do so for ever.
            said = (errors.strip().splitlines() or ["Its process died."])[-1]
            self._fail(job, said)

    def _fail(self, job: Job, said: str) -> None:
        from mm_jupyter.api.working import Worker

        with suppress(JobTaken), Worker(self._workspace) as worker:
            worker.take(job.id)
            worker.end(job.id, said=said, failed=True)

    def _spawn(self, job: Job) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "mm_jupyter.api.jobs", str(job.id)],
            cwd=self._workspace.root,
            env={**os.environ, "MM_STORE": self._workspace.location},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _end_child(self, number: int | None, by: signal.Signals = signal.SIGTERM) -> None:
        """End the process that does job ``number``; whatever it does, with None."""
        with self._lock:
            child = self._child
        if child is not None and number in (None, child[0]):
            with suppress(ProcessLookupError):
                os.killpg(child[1].pid, by)
