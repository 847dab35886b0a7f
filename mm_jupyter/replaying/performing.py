"""One job of the engine, from the start of its kernel to the end."""

from __future__ import annotations

import asyncio
import queue
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from papermill.engines import NotebookExecutionManager

from mm_jupyter.errors import KernelDied, KernelSideFailed
from mm_jupyter.replaying.cells import INTERRUPT_SECONDS, Cells
from mm_jupyter.replaying.job import EngineJob
from mm_jupyter.replaying.kernels import running_kernel

SAVE_SECONDS = 1.0
"""The executed notebook is written at most this often while its cells run."""


class Progress(NotebookExecutionManager):  # type: ignore[misc] # papermill ships no types
    """Saves at most every ``SAVE_SECONDS`` and at the end, not twice for each cell."""

    _saved = -SAVE_SECONDS

    def save(self, **options: Any) -> None:
        now = time.monotonic()
        if self.end_time is not None or now - self._saved >= SAVE_SECONDS:
            self._saved = now
            super().save(**options)


async def _performed(
    progress: NotebookExecutionManager, job: EngineJob, logs: dict[str, Any]
) -> None:
    async with running_kernel(
        job.python, cwd=job.cwd, env=job.env, startup_timeout=job.startup_timeout,
        confine=job.confine, graceful=job.graceful,
        zygotes=job.zygotes.take() if job.zygotes else None,
    ) as kernel:  # fmt: skip
        cells = Cells(
            progress, kernel, on_cell=job.on_cell, watch=job.watch, substitutions=job.substitutions,
            allow_errors=job.allow_errors, **logs,
        )  # fmt: skip
        if job.bootstrap is not None:
            await cells.silently(job.bootstrap, "start", job.startup_timeout)
        try:
            await cells.execute_all(job.timeout)
        except BaseException:
            if job.finish is not None and kernel.alive():
                with suppress(KernelSideFailed, KernelDied):
                    await cells.silently(job.finish, "complete the recording", INTERRUPT_SECONDS)
            raise
        if job.finish is not None:
            await cells.silently(job.finish, "complete the recording")
        cells.set_widgets_metadata()


def complete(progress: NotebookExecutionManager, job: EngineJob, logs: dict[str, Any]) -> None:
    """Perform ``job`` on the notebook of ``progress``; Ctrl-C stops it and its kernel, and is raised again."""

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        with job.stop.reaching(lambda: loop.call_soon_threadsafe(task.cancel)):
            await _performed(progress, job, logs)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work())
    else:
        _complete_beside(work)


def _complete_beside(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Where this thread already runs a loop, as a notebook's kernel does: in a thread of its own."""
    started: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    async def told() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        started.put(lambda: loop.call_soon_threadsafe(task.cancel))
        await work()

    def run() -> None:
        raised: BaseException | None = None
        try:
            asyncio.run(told())
        except BaseException as error:  # noqa: BLE001 # handed to the thread that waits
            raised = error
        ended.put(raised)

    thread = threading.Thread(target=run, name="mm_jupyter replay")
    thread.start()
    cancel = started.get()
    # Not with join(): interrupted, it takes the thread for ended (Python 3.11).
    with ctrl_c_raises():
        try:
            raised = ended.get()
        except KeyboardInterrupt:
            cancel()
            ended.get()
            raise
        finally:
            thread.join()
    if raised is not None:
        raise raised


@contextmanager
def ctrl_c_raises() -> Iterator[None]:
    """Ctrl-C raises here: ``asyncio.run`` would cancel a task that cannot notice, since this thread waits."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
