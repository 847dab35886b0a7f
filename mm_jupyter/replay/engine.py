"""The papermill engine ``mm``: a notebook executed in a fresh kernel of any interpreter, with code of ours around it."""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import papermill
from nbformat import NotebookNode
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import load_notebook_node, write_ipynb

from mm_jupyter.errors import KernelDied, KernelSideFailed
from mm_jupyter.replay.bootstrap import bootstrap_source, package_path
from mm_jupyter.replay.cells import INTERRUPT_SECONDS, TOLERATED_TAG, Cells, CellState
from mm_jupyter.replay.confine import Confinement
from mm_jupyter.replay.kernels import running_kernel

__all__ = [
    "CellState",
    "EngineJob",
    "Executed",
    "MmEngine",
    "bootstrap_source",
    "execute",
    "package_path",
]

SAVE_SECONDS = 1.0
"""The executed notebook is written at most this often while its cells run."""

_METADATA = "mm_jupyter"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineJob:
    """How to execute one notebook.

    ``python`` is the interpreter's command line (it must have ipykernel), ``cwd`` and ``env`` (None removes) are the
    kernel's. ``bootstrap`` and ``finish`` are sources that run silently before the first cell and after the last,
    also after one that raised. ``timeout`` (seconds) is for all cells together. ``on_cell`` is told the index of a
    cell among those that run, their number and its state; it may raise an ``MmError`` to stop. ``graceful``: the
    kernel's atexit functions run. ``Cells`` says what ``substitutions`` do.
    """

    python: tuple[str, ...] = (sys.executable,)
    cwd: str | None = None
    env: Mapping[str, str | None] = field(default_factory=dict)
    bootstrap: str | None = None
    finish: str | None = None
    timeout: float | None = None
    startup_timeout: float = 60.0
    on_cell: Callable[[int, int, CellState], None] | None = None
    substitutions: Mapping[str, str] = field(default_factory=dict)
    confine: Confinement | None = None
    allow_errors: bool = False
    graceful: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """An executed notebook. ``failure`` is the error of the cell that stopped it; ``seconds`` count everything."""

    notebook: NotebookNode
    failure: PapermillExecutionError | None
    seconds: float


def execute(
    notebook: NotebookNode,
    output: str | None,
    job: EngineJob,
    *,
    parameters: Mapping[str, Any] | None = None,
    source: str | None = None,
    progress: bool = False,
) -> Executed:
    """Execute a notebook through papermill with this engine; ``notebook`` itself stays as it is.

    It is written to ``output`` while it runs and at the end, as papermill does; errors that were tolerated stand in
    their cells again. ``source`` is the path that its metadata names. The directory and the environment of this
    process are left alone; ``job.on_cell`` may be called in another thread.

    Raises:
        KernelDied: the kernel did not start, or ended before its time.
        KernelSideFailed: ``bootstrap`` or ``finish`` raised.
        ReplayTimeout: it took longer than ``job.timeout``.
    """
    started = time.monotonic()
    papermill_engines.register("mm", MmEngine)
    path = None if output is None else output.replace("{", "{{").replace("}", "}}")
    results: list[NotebookNode] = []
    failure = None
    try:
        papermill.execute_notebook(
            notebook, path, parameters=dict(parameters or {}), engine_name="mm",
            kernel_name=MmEngine.nb_kernel_name(notebook), language="python",
            progress_bar=progress, job=job, source=source, results=results,
        )  # fmt: skip
    except PapermillExecutionError as error:
        failure = error
    finally:
        if output is not None and os.path.exists(output):
            written = load_notebook_node(path)
            if _put_back(written):
                write_ipynb(written, output)
    (result,) = results
    _put_back(result)
    return Executed(notebook=result, failure=failure, seconds=time.monotonic() - started)


class MmEngine(Engine):  # type: ignore[misc] # papermill ships no types
    """Registered as ``mm`` in the entry point group ``papermill.engine``; ``job`` is an ``EngineJob``."""

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        source: str | None = None,
        **options: Any,
    ) -> NotebookNode:
        """As papermill's own, with a manager that saves less."""
        if isinstance(nb.metadata.papermill["input_path"], dict):  # the notebook itself, given as a value
            nb.metadata.papermill["input_path"] = source
        progress = _Progress(
            nb, output_path=output_path, progress_bar=progress_bar, log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )  # fmt: skip
        progress.notebook_start()
        try:
            cls.execute_managed_notebook(progress, kernel_name, log_output=log_output, **options)
        finally:
            progress.cleanup_pbar()
            progress.notebook_complete()
        return progress.nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,  # noqa: ARG003 # the job says which interpreter
        *,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        job: EngineJob | None = None,
        results: list[NotebookNode] | None = None,
        **_ignored: Any,
    ) -> None:
        """Execute ``nb_man.nb``; what a tagged cell raised is set aside, since papermill takes any error for a failure.

        ``results`` receives the notebook, also when papermill raises afterwards.
        """
        job = job or EngineJob()
        logs = {"log_output": log_output, "stdout_file": stdout_file, "stderr_file": stderr_file}
        try:
            _complete(lambda: _executed(nb_man, job, logs))
        finally:
            _set_aside(nb_man.nb, everywhere=job.allow_errors)
            if results is not None:
                results.append(NotebookNode({**nb_man.nb, "cells": list(nb_man.nb.cells)}))

    @classmethod
    def nb_kernel_name(cls, nb: NotebookNode, name: str | None = None) -> str:
        """A notebook that names no kernel is executed all the same."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "python3"

    @classmethod
    def nb_language(cls, nb: NotebookNode, language: str | None = None) -> str:
        return language or nb.metadata.get("kernelspec", {}).get("language") or "python"


class _Progress(NotebookExecutionManager):  # type: ignore[misc] # papermill ships no types
    """Saves at most every ``SAVE_SECONDS`` and at the end, not twice for each cell."""

    _saved = -SAVE_SECONDS

    def save(self, **options: Any) -> None:
        now = time.monotonic()
        if self.end_time is not None or now - self._saved >= SAVE_SECONDS:
            self._saved = now
            super().save(**options)


async def _executed(
    progress: NotebookExecutionManager, job: EngineJob, logs: dict[str, Any]
) -> None:
    async with running_kernel(
        job.python, cwd=job.cwd, env=job.env, startup_timeout=job.startup_timeout,
        confine=job.confine, graceful=job.graceful,
    ) as kernel:  # fmt: skip
        cells = Cells(
            progress, kernel, on_cell=job.on_cell, substitutions=job.substitutions,
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


def _complete(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``work`` to its end; Ctrl-C cancels it, so that it stops its kernel, and is raised again."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work())
        return
    _complete_beside(work)


def _complete_beside(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """The same where this thread already runs a loop, as a notebook's kernel does: in a thread of its own."""
    started: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
    raised: list[BaseException] = []

    async def told() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        started.put(lambda: loop.call_soon_threadsafe(task.cancel))
        await work()

    def run() -> None:
        try:
            asyncio.run(told())
        except BaseException as error:  # noqa: BLE001 # handed to the thread that waits
            raised.append(error)

    thread = threading.Thread(target=run, name="mm_jupyter replay")
    thread.start()
    cancel = started.get()
    try:
        thread.join()
    except KeyboardInterrupt:
        cancel()
        thread.join()
        raise
    if raised:
        raise raised[0]


def _set_aside(notebook: NotebookNode, *, everywhere: bool) -> None:
    for cell in notebook.cells:
        if cell.cell_type != "code" or not (
            everywhere or TOLERATED_TAG in cell.metadata.get("tags", ())
        ):
            continue
        errors = [
            {"at": at, "output": output}
            for at, output in enumerate(cell.outputs)
            if output.output_type == "error"
        ]
        if errors:
            cell.metadata[_METADATA] = {"tolerated": errors}
            cell.outputs = [output for output in cell.outputs if output.output_type != "error"]


def _put_back(notebook: NotebookNode) -> bool:
    """Undo ``_set_aside``; says whether there was anything to undo."""
    found = False
    for cell in notebook.cells:
        kept = cell.metadata.pop(_METADATA, None)
        if kept is None:
            continue
        found = True
        for error in kept["tolerated"]:
            cell.outputs.insert(error["at"], error["output"])
    return found
