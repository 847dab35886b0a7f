"""Executing whole notebooks with papermill, tracked without the notebook saying so."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbformat import NotebookNode

from mm_jupyter.analysis.names import cell_names
from mm_jupyter.api.notebook_shape import first_fault
from mm_jupyter.errors import BadInput, BadNotebook, KernelDied, KernelSideFailed, ReplayTimeout
from mm_jupyter.kernel.cells import experiment_of
from mm_jupyter.records import Failure, RunRow, SessionId
from mm_jupyter.replaying.engine import CellState, EngineJob, bootstrap_source, execute
from mm_jupyter.replaying.job import HASH_SEED, Stop
from mm_jupyter.workspace import Workspace, open_or_create


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookReport:
    """One execution of a notebook: its runs, the notebook's own first. ``failed`` is set where a cell stopped it."""

    session: SessionId
    notebook: str
    runs: tuple[RunRow, ...]
    failed: Failure | None


def run_notebook(
    path: str | Path,
    *,
    parameters: Mapping[str, object] | None = None,
    output: str | Path | None = None,
    tags: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    stop: Stop | None = None,
    workspace: Workspace | None = None,
) -> NotebookReport:
    """Execute a notebook in its own folder: one run of kind ``notebook``, and one for each ``%%track`` cell.

    Args:
        parameters: given to papermill, and params of the runs.
        output: where to write the executed notebook; nowhere when None.
        tags: of the notebook's own run.
        progress: called with the cells that ended and their number.
        stop: ends it from another thread; it then raises CancelledError.

    Raises:
        BadInput: the folder of ``output`` does not exist.
        BadNotebook: it cannot be read, holds no code, or its kernel is not there or speaks no Python.
        KernelDied: the kernel died; its runs are kept as crashed.
    """
    source = Path(path).absolute()
    notebook = read_notebook(source)
    if output is not None and not Path(output).absolute().parent.is_dir():
        raise BadInput(
            f"There is no folder {Path(output).absolute().parent} to write {Path(output).name} into."
        )
    space = workspace or open_or_create(source.parent)
    given = dict(parameters or {})
    with tempfile.TemporaryDirectory(prefix="mm-") as folder:
        report = Path(folder) / "session"
        asked = {"given": sorted({*_tagged_names(notebook), *given}), "tags": dict(tags or {})}
        engine = _engine_job(source, notebook, asked, space, report, progress)
        engine = engine if stop is None else replace(engine, stop=stop)
        try:
            done = execute(notebook, str(output) if output else None, engine, parameters=given)
            failed = _failure(done.failure) if done.failure is not None else None
        except (KernelDied, KernelSideFailed, ReplayTimeout) as error:
            if not report.exists():
                raise
            failed = Failure(name=type(error).__name__, message=str(error), traceback="")
        session = SessionId(report.read_text())
    space.store.sweep_crashed()
    rows = space.store.session_runs(session)
    return NotebookReport(
        session=session,
        notebook=space.relative(source),
        runs=tuple(sorted(rows, key=lambda row: (row.kind != "notebook", row.id))),
        failed=failed,
    )


def _engine_job(
    source: Path,
    notebook: NotebookNode,
    asked: Mapping[str, object],
    space: Workspace,
    report: Path,
    progress: Callable[[int, int], None] | None,
) -> EngineJob:
    """How to execute it: its kernel says its session's id in the file ``report``."""
    argument = report.with_name("job.json")
    job = {
        "notebook": str(source),
        "experiment": experiment_of(source.name) or "notebook",
        "report": str(report),
        **asked,
    }
    argument.write_text(json.dumps(job))
    return EngineJob(
        python=interpreter_of(source, notebook),
        cwd=str(source.parent),
        env={
            "MM_NOTEBOOK": str(source),
            "MM_STORE": space.location,
            "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", HASH_SEED),
        },
        bootstrap=bootstrap_source("mm_jupyter.magics", "begin_notebook", str(argument)),
        finish=bootstrap_source("mm_jupyter.magics", "end_notebook", str(argument)),
        on_cell=_watcher(progress),
    )


def _failure(error: Any) -> Failure:
    """A papermill error as records hold it."""
    return Failure(name=error.ename, message=error.evalue, traceback="\n".join(error.traceback))


def read_notebook(path: Path) -> NotebookNode:
    """Read and check a notebook.

    Raises:
        BadNotebook: says what is wrong with it.
    """
    name = path.name
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadNotebook(name, f"there is no such file in {path.parent}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadNotebook(name, f"it cannot be read ({type(error).__name__})") from error
    try:
        notebook: NotebookNode = nbformat.reads(text, as_version=4)
    except (
        Exception
    ) as error:  # nbformat raises what its JSON and its schema raise, of several kinds
        raise BadNotebook(name, "it is no notebook: its text is no notebook JSON") from error
    fault = first_fault(notebook)
    if fault is not None:
        raise BadNotebook(name, f"it is no whole notebook: {fault}")
    if not any(cell.cell_type == "code" and cell.source.strip() for cell in notebook.cells):
        raise BadNotebook(name, "it holds no code")
    return notebook


def _tagged_names(notebook: NotebookNode) -> set[str]:
    """Names that the cell tagged ``parameters`` sets."""
    return {
        name
        for cell in notebook.cells
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", ())
        for name in cell_names(cell.source).literals
    }


def interpreter_of(path: Path, notebook: NotebookNode) -> tuple[str, ...]:
    """The Python that the notebook asks for; ours where it asks for none, or for the usual ``python3``."""
    spec = notebook.metadata.get("kernelspec", {})
    language = notebook.metadata.get("language_info", {}).get("name") or spec.get("language")
    if language is not None and language.lower() != "python":
        raise BadNotebook(path.name, f"its kernel speaks {language}, and only Python is tracked")
    name = spec.get("name")
    if not name or name == "python3":
        return (sys.executable,)
    try:
        argv = KernelSpecManager().get_kernel_spec(name).argv
    except NoSuchKernel:
        raise BadNotebook(path.name, f"its kernel {name!r} is not installed here") from None
    if "ipykernel" not in " ".join(argv):
        raise BadNotebook(path.name, f"its kernel {name!r} is no IPython kernel")
    return tuple(argv[: argv.index("-m")]) if "-m" in argv else (argv[0],)


def _watcher(progress: Callable[[int, int], None] | None) -> Callable[[int, int, CellState], None]:
    def watch(index: int, total: int, state: CellState) -> None:
        if progress is not None and state != "running":
            progress(index + 1, total)

    return watch
