"""What this process records into: at most one session. There is no other hidden state."""

from __future__ import annotations

from dataclasses import dataclass

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.errors import BadInput
from mm_jupyter.kernel.blocks import active_block
from mm_jupyter.kernel.cells import CellRecorder
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.tracking import ActiveRun, unkept_run


@dataclass(slots=True)
class _Process:
    recorder: CellRecorder | None = None
    script: SessionLog | None = None
    unkept: ActiveRun | None = None


_process = _Process()


def recorder() -> CellRecorder | None:
    """The recorder of this kernel's cells, where the extension is loaded."""
    return _process.recorder


def set_recorder(new: CellRecorder | None) -> None:
    """Say which recorder listens to this kernel."""
    _process.recorder = new
    _process.unkept = None


def set_unrecorded() -> None:
    """Say that this kernel's cells cannot be recorded: what they log is taken and kept nowhere."""
    _process.unkept = unkept_run("unrecorded", Redactor(b"nothing is kept"))


def unrecorded() -> bool:
    """Whether ``set_unrecorded`` was said."""
    return _process.unkept is not None


def session() -> SessionLog | None:
    """The session that runs are opened in: the kernel's, else the script's."""
    return _process.recorder.log if _process.recorder is not None else _process.script


def set_script(new: SessionLog) -> None:
    """Say which session this script's runs belong to."""
    _process.script = new


def active_run() -> ActiveRun:
    """The run that is open here: of the innermost ``with mm.track(...)``, else of the tracked cell that runs.

    Raises:
        BadInput: no run is open.
    """
    recorder = _process.recorder
    run = active_block() or (recorder.active if recorder is not None else _process.unkept)
    if run is None:
        raise BadInput("No run is open: log inside a %%track cell or a 'with mm.track(...)' block.")
    return run
