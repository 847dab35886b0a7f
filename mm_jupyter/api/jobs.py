"""A queue of replays: one at a time, each in a process of its own that can be stopped.

The process is this module: ``python -m mm_jupyter.api.jobs replay churn/7`` (or ``explain``, ``noise``) writes a JSON
object a line - ``progress``, then ``done`` or ``failed`` - on its standard output, and works in the workspace of its
current folder.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mm_jupyter.errors import MmError, NotFound
from mm_jupyter.records import RunRef
from mm_jupyter.records.jobs import Job, JobKind
from mm_jupyter.workspace import Workspace

KEPT = 200
"""Jobs that have ended and are still told about."""


class ReplayQueue:
    """Replays of one workspace, in the order in which they were asked for. ``changed`` is called, from any thread,
    after each step of any."""

    def __init__(self, workspace: Workspace, changed: Callable[[], None]) -> None:
        self._workspace, self._changed = workspace, changed
        self._jobs: dict[str, Job] = {}
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._child: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def jobs(self) -> list[Job]:
        """Running and waiting ones, then those that have ended, newest first."""
        with self._lock:
            jobs = list(self._jobs.values())
        order = {"running": 0, "waiting": 1}
        return sorted(jobs, key=lambda job: (order.get(job.state, 2), -(job.ended or 0), job.asked))

    def add(self, ref: RunRef, kind: JobKind = "replay") -> Job:
        """Ask for a job. One that waits or runs already is not asked for twice.

        Raises:
            StoreUntrusted: replaying runs the store's code, and the store belongs to another user.
            NoSuchRun: with the nearest names.
        """
        self._workspace.check_trust()
        self._workspace.store.row(ref)
        with self._lock:
            for job in self._jobs.values():
                if (job.run, job.kind) == (ref, kind) and job.state in ("waiting", "running"):
                    return job
            key = secrets.token_hex(6)
            job = Job(id=key, run=ref, kind=kind, state="waiting", asked=time.time())
            self._jobs[job.id] = job
            ended = [key for key, one in self._jobs.items() if one.ended is not None]
            for key in ended[:-KEPT]:
                del self._jobs[key]
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mm-replays", daemon=True)
                self._thread.start()
        self._waiting.put(job.id)
        self._changed()
        return job

    def cancel(self, key: str) -> Job:
        """Stop a replay that runs, or let one that waits never start.

        Raises:
            NotFound: there is no such job.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                raise NotFound(f"There is no replay {key[:40]}.")
            if job.ended is not None:
                return job
            if job.state == "running" and self._child is not None:
                with suppress(ProcessLookupError):
                    os.killpg(self._child.pid, signal.SIGTERM)
            job = self._jobs[key] = replace(job, state="cancelled", ended=time.time())
        self._changed()
        return job

    def close(self) -> None:
        """Stop everything."""
        for job in self.jobs():
            if job.ended is None:
                self.cancel(job.id)
        self._waiting.put(None)

    def _work(self) -> None:
        while (key := self._waiting.get()) is not None:
            with self._lock:
                if self._jobs[key].state != "waiting":
                    continue
                self._jobs[key] = replace(self._jobs[key], state="running", started=time.time())
                self._child = self._spawn(self._jobs[key])
                child = self._child
            self._changed()
            last = ""
            for line in child.stdout or ():
                with suppress(ValueError):
                    self._step(key, **json.loads(line))
            _, last = child.communicate()
            self._finish(key, last)

    def _spawn(self, job: Job) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "mm_jupyter.api.jobs", job.kind, str(job.run)],
            cwd=self._workspace.root,
            env={**os.environ, "MM_STORE": self._workspace.location},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _step(self, key: str, **facts: Any) -> None:
        with self._lock:
            if self._jobs[key].ended is None:
                self._jobs[key] = replace(self._jobs[key], **facts)
        self._changed()

    def _finish(self, key: str, errors: str) -> None:
        with self._lock:
            self._child = None
            job = self._jobs[key]
            if job.ended is None:
                state = "failed" if job.state == "running" else job.state
                said = (
                    job.said or (errors.strip().splitlines() or ["The replay's process died."])[-1]
                )
                self._jobs[key] = replace(job, state=state, said=said, ended=time.time())
        self._changed()


def main(kind: str, name: str) -> None:
    """Do a job in this process, telling how far it is."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # 1.8 s that nothing here needs
    from mm_jupyter.api.explaining import explain
    from mm_jupyter.api.noise import noise
    from mm_jupyter.api.replays import ReplayProgress, replay

    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever else is printed is no message

    def tell(**facts: Any) -> None:
        out.write(json.dumps(facts) + "\n")

    def progress(at: ReplayProgress) -> None:
        if at.verdict is None:
            tell(phase=at.phase, cell=at.cell, cells=at.cells)

    try:
        if kind == "explain":
            explained = explain(name, progress=progress)
            tell(state="done", verdict=explained.judgement.verdict, said=explained.said)
        elif kind == "noise":
            tell(state="done", said=noise(name, progress=progress).said)
        else:
            (judgement,) = replay(name, progress=progress)
            tell(state="done", verdict=judgement.verdict, said=judgement.said)
    except MmError as error:
        tell(state="failed", said=str(error))


if __name__ == "__main__":
    # A cancelled replay stops as an interrupted one does: its kernel is shut down, its scratch directory removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main(sys.argv[1], sys.argv[2])
