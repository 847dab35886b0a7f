"""``with mm.track("churn") as run:``: a run around a block of a script or of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import TracebackType

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel.failing import failure_of
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.tracking import ActiveRun, unkept_run
from mm_jupyter.kernel.warning import say_once, short
from mm_jupyter.records import Execution, Failure, Outcome, RunStatus

_active: ContextVar[ActiveRun | None] = ContextVar("mm_jupyter_run", default=None)


def active_block() -> ActiveRun | None:
    """The run of the innermost open block of this thread or task."""
    return _active.get()


class TrackedBlock:
    """A run that lasts as long as a ``with`` block. What the block raises goes on; the run is then ``failed``.

    Where the run cannot be kept the block still runs, with a run that keeps nothing, and one warning says why. A
    ``log`` of None is one that could not be opened; its reason was said.
    """

    def __init__(
        self,
        log: SessionLog | None,
        experiment: str,
        *,
        running: Execution | None,
        tags: Mapping[str, str] | None = None,
        note: str | None = None,
    ) -> None:
        self._log = log
        self._running = running
        self._experiment = experiment
        self._tags = dict(tags or {})
        self._note = note
        self._run: ActiveRun | None = None
        self._token: Token[ActiveRun | None] | None = None

    def __enter__(self) -> ActiveRun:
        self._run = self._open()
        run = self._run or unkept_run(self._experiment, Redactor(b"nothing is kept"))
        self._token = _active.set(run)
        return run

    def _open(self) -> ActiveRun | None:
        if self._log is None:
            return None
        try:
            return self._log.open_run(
                self._experiment,
                "script",
                running=self._running,
                source=self._running.source if self._running is not None else "",
                tags=self._tags,
                note=self._note,
            )
        except Exception as error:  # noqa: BLE001 - whatever the sink met, the block runs untracked
            say_once(f"{self._experiment} is not being tracked", short(error))
            return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        run, self._run = self._run, None
        if self._token is not None:
            _active.reset(self._token)
            self._token = None
        if run is None or self._log is None:
            return
        try:
            self._log.close_run(run, _outcome(run, error, self._log), None)
        except Exception as fault:  # noqa: BLE001 - the block's own result must go on, whatever we met
            say_once(f"The end of {run.ref} was not recorded", short(fault))


def _outcome(run: ActiveRun, error: BaseException | None, log: SessionLog) -> Outcome:
    status: RunStatus = "completed"
    failure: Failure | None = None
    if error is not None:
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        failure = failure_of(error, log.redactor.text)
    return Outcome(
        status=status,
        seconds=run.seconds,
        failure=failure,
        params=tuple(run.params.values()),
        metrics=run.final_metrics(),
        tags=run.tags,
        note=run.note,
        models=tuple(run.models.values()),
        artifacts=tuple(run.artifacts.values()),
        modules=tuple(log.modules.values()),
    )
