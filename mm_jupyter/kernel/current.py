"""What this process records into: at most one session. There is no other hidden state."""

from __future__ import annotations

from mm_jupyter.errors import BadInput
from mm_jupyter.kernel.blocks import active_block
from mm_jupyter.kernel.cells import CellRecorder
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.tracking import ActiveRun

_recorder: CellRecorder | None = None
_script: SessionLog | None = None


def recorder() -> CellRecorder | None:
    """The recorder of this kernel's cells, where the extension is loaded."""
    return _recorder


def set_recorder(new: CellRecorder | None) -> None:
    """Say which recorder listens to this kernel."""
    global _recorder
    _recorder = new


def session() -> SessionLog | None:
    """The session that runs are opened in: the kernel's, else the script's."""
    return _recorder.log if _recorder is not None else _script


def set_script(new: SessionLog) -> None:
    """Say which session this script's runs belong to."""
    global _script
    _script = new


def active_run() -> ActiveRun:
    """The run that is open here: of the innermost ``with mm.track(...)``, else of the tracked cell that runs.

    Raises:
        BadInput: no run is open.
    """
    run = active_block() or (_recorder.active if _recorder is not None else None)
    if run is None:
        raise BadInput("No run is open: log inside a %%track cell or a 'with mm.track(...)' block.")
    return run
