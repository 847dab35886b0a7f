"""Recording this kernel's cells into the workspace's store."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.api.closing import RememberingSink
from mm_jupyter.api.runs import writer
from mm_jupyter.configuration import Configuration, configured
from mm_jupyter.errors import BadInput, MmError
from mm_jupyter.kernel import current
from mm_jupyter.kernel.cell_run import RunFinished
from mm_jupyter.kernel.cells import CellRecorder, experiment_of
from mm_jupyter.kernel.options import USAGE
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.sink import Sink
from mm_jupyter.kernel.warning import guarded, say_once
from mm_jupyter.records import RunCard, SessionId
from mm_jupyter.records.names import experiment_name
from mm_jupyter.workspace import Workspace, open_or_create

TRACK_USAGE = USAGE


class Recording:
    """What this kernel records, and where."""

    def __init__(self, workspace: Workspace, recorder: CellRecorder) -> None:
        self.workspace = workspace
        self._recorder = recorder

    @property
    def complaint(self) -> str | None:
        """What is wrong with the ``%%track`` line of the cell that runs now, in a sentence; None: nothing."""
        return self._recorder.complaint

    @property
    def asked(self) -> bool:
        """Whether the cell that runs now begins with ``%%track``."""
        return self._recorder.asked

    def autotrack(self, experiment: str | None) -> None:
        """Track every cell from the next one on as a version of ``experiment``; None: only those that say so.

        Raises:
            BadName: ``experiment`` cannot name one.
        """
        self._recorder.autotrack = experiment_name(experiment) if experiment is not None else None

    @property
    def default_experiment(self) -> str:
        """The experiment that carries the notebook's name."""
        return experiment_of(self._recorder.log.session.notebook or "notebook") or "notebook"

    @property
    def session(self) -> SessionId:
        """The id of this kernel's session."""
        return self._recorder.log.session.id

    def begin_notebook(self, experiment: str, given: tuple[str, ...], tags: dict[str, str]) -> None:
        """Make everything from now on one run of kind ``notebook``."""
        self._recorder.begin_notebook(experiment, given, tags)

    def end_notebook(self) -> None:
        """Close the notebook's run."""
        self._recorder.end_notebook()

    def stop(self) -> None:
        """Stop recording and end the session."""
        self._recorder.stop()
        current.set_recorder(None)
        atexit.unregister(self._recorder.stop)


def start(
    shell: Any,
    show: Callable[[RunCard], None],
    *,
    notebook: str | None = None,
    in_cell: bool = True,
) -> Recording:
    """Record every cell of ``shell`` from now on; ``show`` gets the card of each run that ends.

    Args:
        notebook: the path of the notebook; found from the front end where None.
        in_cell: we are called from a cell, which is recorded from here on.

    Raises:
        StoreError: the store cannot be opened or written.
    """
    path = notebook or _notebook_path(shell)
    try:
        workspace = open_or_create(Path(path).parent if path else Path.cwd())
    except MmError:
        current.set_unrecorded()
        raise

    sink = RememberingSink(workspace)

    @guarded("The run's card")
    def finished(run: RunFinished) -> None:
        show(sink.card(run.ref))

    recorder = CellRecorder(shell, open_log(workspace, path, sink), finished=finished)
    recorder.start(running=in_cell)
    current.set_recorder(recorder)
    atexit.register(recorder.stop)
    return Recording(workspace, recorder)


def open_log(workspace: Workspace, notebook: str | None, sink: Sink | None = None) -> SessionLog:
    """A session in a workspace, not yet open. A project's settings that cannot be used are said, and left.

    ``sink`` takes what it records: the store's writer where None.
    """
    try:
        settings = configured(workspace.root)
    except BadInput as error:
        say_once("What the project says of itself was not used", str(error))
        settings = Configuration()
    return SessionLog(
        sink or writer(workspace),
        root=workspace.root,
        redactor=Redactor(workspace.key),
        notebook=workspace.relative(Path(notebook)) if notebook else None,
        ignore=(workspace.root / ".mm",),
        keep_bytes=settings.keep_bytes,
    )


def _notebook_path(shell: Any) -> str | None:
    """The notebook's path, as far as its front end tells the kernel: ours, JupyterLab, VS Code."""
    for path in (
        os.environ.get("MM_NOTEBOOK"),
        os.environ.get("JPY_SESSION_NAME"),
        shell.user_ns.get("__vsc_ipynb_file__"),
    ):
        if isinstance(path, str) and path:
            return os.path.abspath(path)
    return None
