"""Recording by hand: runs of scripts and loops, and what a tracked cell logs."""

from __future__ import annotations

import atexit
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from mm_jupyter.errors import MmError
from mm_jupyter.kernel import current, files
from mm_jupyter.kernel.blocks import TrackedBlock
from mm_jupyter.kernel.failing import failure_of
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.warning import say_once, short
from mm_jupyter.records import Execution
from mm_jupyter.records.names import experiment_name


def track(
    experiment: str, *, tags: Mapping[str, str] | None = None, note: str | None = None
) -> TrackedBlock:
    """A run around a block: ``with mm.track("churn") as run:``. The next version of the experiment.

    In a script its session is the script; in a notebook the block belongs to the cell that runs it.

    Raises:
        BadName: ``experiment`` cannot name one.
    """
    experiment_name(experiment)
    recorder = current.recorder()
    if recorder is not None:
        return TrackedBlock(
            recorder.log, experiment, running=recorder.running, tags=tags, note=note
        )
    if current.unrecorded():  # why was said when the extension was loaded
        return TrackedBlock(None, experiment, running=None, tags=tags, note=note)
    try:
        log = current.session() or _open_script()
    except MmError as error:  # no store can be opened: the script runs untracked
        say_once("This script is not being recorded", short(error))
        return TrackedBlock(None, experiment, running=None, tags=tags, note=note)
    return TrackedBlock(log, experiment, running=_script[0], tags=tags, note=note)


def log(step: int | None = None, **values: float) -> None:
    """Add one point to each named series of the run that is open here: ``mm.log(loss=0.3, step=7)``.

    Raises:
        BadInput: no run is open, or a value is no real number.
    """
    current.active_run().log(step, **values)


def log_figure(figure: Any, name: str = "figure") -> None:
    """Keep a figure with the run that is open here."""
    current.active_run().log_figure(figure, name)


def log_artifact(content: Any, name: str | None = None) -> None:
    """Keep bytes or a file with the run that is open here."""
    current.active_run().log_artifact(content, name)


def log_model(model: Any, name: str = "model") -> None:
    """Keep a model with the run that is open here."""
    current.active_run().log_model(model, name)


def set_tag(key: str, value: Any) -> None:
    """Tag the run that is open here."""
    current.active_run().set_tag(key, value)


_script: list[Execution] = []
"""The execution that stands for this script, once a run was opened in it."""


def _open_script() -> SessionLog:
    """The session of this script: one execution, the script's whole text."""
    # Only a process without a recorder needs the store: a replay kernel has none of what it stands on.
    from mm_jupyter.api.recording import open_log
    from mm_jupyter.workspace import open_or_create

    log = open_log(open_or_create(Path.cwd()), notebook=None)
    log.open()
    execution = Execution(
        session=log.session.id,
        seq=log.next_seq(),
        cell_id=None,
        count=None,
        source=log.redactor.text(_script_source()),
        started=time.time(),
        seconds=0.0,
        status="running",
        cwd=log.session.cwd,
    )
    _script.append(execution)
    current.set_script(log)
    files.watch()
    files.begin(log.keep_bytes)
    atexit.register(_close_script, log)
    return log


def _close_script(log: SessionLog) -> None:
    (execution,) = _script
    error = getattr(sys, "last_value", None)  # what ended the script, where something did
    with suppress(Exception):  # at exit nobody is left to tell
        seen = files.end(log.root, log.ignore)
        log.changed_modules()
        ended = replace(
            execution,
            seconds=time.time() - execution.started,
            status="ok" if error is None else "raised",
            failure=failure_of(error, log.redactor.text) if error is not None else None,
            modules=tuple(log.modules.values()),
            asked=seen.asked,
        )
        log.append(ended, files.describe(seen, log.root, log.sink.put, log.keep_bytes))
        log.close()


def _script_source() -> str:
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    try:
        return Path(path).read_text(encoding="utf-8") if path else ""
    except (OSError, ValueError):
        return ""
