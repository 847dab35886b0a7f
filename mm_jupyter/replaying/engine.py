"""The papermill engine ``mm``: a notebook executed in a fresh kernel of any interpreter, with code of ours around it.

papermill loads this module while it is itself being imported (it looks for engines), and its import takes a second:
so it is imported where it is used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode

from mm_jupyter.replaying.bootstrap import bootstrap_source, package_path
from mm_jupyter.replaying.job import CellState, EngineJob
from mm_jupyter.replaying.tolerated import put_back, set_aside

if TYPE_CHECKING:
    from papermill.exceptions import PapermillExecutionError

__all__ = [
    "CellState",
    "EngineJob",
    "Executed",
    "MmEngine",
    "bootstrap_source",
    "execute",
    "package_path",
]


# papermill's own options, by who takes them; the rest means nothing here.
_OF_PROGRESS = ("progress_bar", "log_output", "autosave_cell_every")
_OF_LOGS = ("log_output", "stdout_file", "stderr_file")


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
    import papermill
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError

    started = time.monotonic()
    papermill_engines.register("mm", MmEngine)
    # papermill takes a path for a template.
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
        _put_back_in_file(output)
    (result,) = results
    put_back(result)
    return Executed(notebook=result, failure=failure, seconds=time.monotonic() - started)


def _put_back_in_file(output: str | None) -> None:
    from papermill.iorw import load_notebook_node, write_ipynb

    if output is not None and os.path.exists(output):
        written = load_notebook_node(output)
        if put_back(written):
            write_ipynb(written, output)


class MmEngine:
    """Registered as ``mm`` in the entry point group ``papermill.engine``: has what papermill asks of an ``Engine``.

    ``papermill.execute_notebook`` hands over what it does not know itself: ``job`` (an ``EngineJob``), ``source`` and
    ``results``, a list that receives the notebook also when papermill raises afterwards.
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,  # noqa: ARG003 # the job says which interpreter
        output_path: str | None = None,
        *,
        job: EngineJob | None = None,
        source: str | None = None,
        results: list[NotebookNode] | None = None,
        **options: Any,
    ) -> NotebookNode:
        """Execute ``nb`` in place and return it; what a tagged cell raised is set aside."""
        from mm_jupyter.replaying.performing import Progress, complete

        job = job or EngineJob()
        if isinstance(nb.metadata.papermill["input_path"], dict):  # the notebook, given as a value
            nb.metadata.papermill["input_path"] = source
        shown = {name: options[name] for name in _OF_PROGRESS if name in options}
        logs = {name: options[name] for name in _OF_LOGS if name in options}
        progress = Progress(nb, output_path=output_path, **shown)
        progress.notebook_start()
        try:
            complete(progress, job, logs)
        finally:
            set_aside(nb, everywhere=job.allow_errors)
            if results is not None:  # papermill adds marks to the list of cells when it raises
                results.append(NotebookNode({**nb, "cells": list(nb.cells)}))
            progress.cleanup_pbar()
            progress.notebook_complete()
        return nb

    @classmethod
    def nb_kernel_name(cls, nb: NotebookNode, name: str | None = None) -> str:
        """A notebook that names no kernel is executed all the same."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "python3"

    @classmethod
    def nb_language(cls, nb: NotebookNode, language: str | None = None) -> str:
        """Python where the notebook does not say."""
        return language or nb.metadata.get("kernelspec", {}).get("language") or "python"
