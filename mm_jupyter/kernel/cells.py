"""IPython's events become executions, and the tracked ones become runs."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from mm_jupyter.analysis.names import cell_names, track_line
from mm_jupyter.errors import BadOption
from mm_jupyter.kernel import files
from mm_jupyter.kernel.bound import all_literals, bound_names, loop_variables
from mm_jupyter.kernel.cell_run import CellRun, Ended, NotebookRun, RunFinished
from mm_jupyter.kernel.failing import failure_of
from mm_jupyter.kernel.observing import Observer
from mm_jupyter.kernel.options import TrackOptions, parse_track
from mm_jupyter.kernel.outputs import OutputTap
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.tracking import ActiveRun, unkept_run
from mm_jupyter.kernel.values import Wanted
from mm_jupyter.kernel.warning import guarded, say_once, short
from mm_jupyter.records import Execution, Failure, RunStatus

_PAPERMILL = re.compile(r"# Parameters\n")
"""The first line of the cell that papermill injects."""
_STATUS: dict[str, RunStatus] = {
    "ok": "completed",
    "raised": "failed",
    "interrupted": "interrupted",
}


@dataclass(slots=True)
class _Cell:
    """The execution under way."""

    execution: Execution
    request: str | None
    clock: float
    body: str
    run: CellRun | None = None
    capture: str | None = None


class CellRecorder:
    """Listens to one shell and records every cell into a session.

    ``choose`` decides which cells are tracked besides those that say ``%%track``: it gets the number of the cell
    (1, 2, ...) and returns its options, or None. ``finished`` is told of every run that was closed.
    """

    def __init__(
        self,
        shell: Any,
        log: SessionLog,
        *,
        finished: Callable[[RunFinished], None] | None = None,
        choose: Callable[[int], TrackOptions | None] | None = None,
    ) -> None:
        self.shell = shell
        self.log = log
        self.autotrack: str | None = None
        self.complaint: str | None = None
        self.asked = False
        self.notebook_run: NotebookRun | None = None
        self._finished = finished
        self._choose = choose
        self._given: dict[str, None] = {}
        self._tap = OutputTap(shell)
        self._observer = Observer(log, shell.user_ns)
        self._cell: _Cell | None = None
        self._unkept: ActiveRun | None = None
        self._nested = 0
        self._body_before = ""

    # The life of the recorder

    def start(self, *, running: bool = True) -> None:
        """Open the session and listen.

        ``running``: we are called from a cell of the user's (``%load_ext``), which is recorded from here on.
        """
        self.log.open()
        files.watch(getattr(self.shell, "kernel", None))
        running = running and self._tap.request() is not None
        for execution in self._earlier(running):
            self.log.append(execution)
            if execution.parameters:
                self.given((*all_literals(self._body_before), *all_literals(execution.source)))
            self._body_before = execution.source
        self.shell.events.register("pre_run_cell", self._before_cell)
        self.shell.events.register("post_run_cell", self._after_cell)
        if running:
            self._begin("", None)

    def stop(self) -> None:
        """Stop listening and end the session."""
        for event, hook in (
            ("pre_run_cell", self._before_cell),
            ("post_run_cell", self._after_cell),
        ):
            if hook in self.shell.events.callbacks[event]:
                self.shell.events.unregister(event, hook)
        self._tap.close()
        self.log.close()

    @property
    def active(self) -> ActiveRun | None:
        """The run of the tracked cell that runs now, else that of the notebook.

        Of a tracked cell whose run could not be opened it is one that keeps nothing.
        """
        if self._cell is not None and self._cell.run is not None:
            return self._cell.run.run
        if self._unkept is not None:
            return self._unkept
        if self._choose is not None and self.notebook_run is None:
            # Our host chose another cell: what this one logs belongs to a run that is not made again here.
            return unkept_run("replay", self.log.redactor)
        return self.notebook_run.inner.run if self.notebook_run is not None else None

    @property
    def running(self) -> Execution | None:
        """The execution under way."""
        return self._cell.execution if self._cell is not None else None

    def begin_notebook(
        self, experiment: str, given: tuple[str, ...], tags: dict[str, str] | None = None
    ) -> None:
        """Make everything from now on one run of kind ``notebook``; ``given`` names its parameters."""
        run = self.log.open_run(
            experiment, "notebook", running=None, source="", tags=dict(tags or {})
        )
        self.notebook_run = NotebookRun(CellRun(run, TrackOptions(experiment)), given)
        self.given(given)

    def given(self, names: Iterable[str]) -> None:
        """Take these names as params of every run from now on: papermill sets them."""
        self._given.update(dict.fromkeys(names))

    def end_notebook(self) -> None:
        """Close the notebook's run."""
        if self.notebook_run is not None:
            notebook_run, self.notebook_run = self.notebook_run, None
            self.log.flush()
            self._tell(notebook_run.close(self.log, self.shell.user_ns))

    # Before a cell

    @guarded("This cell")
    def _before_cell(self, info: Any) -> None:
        if os.getpid() != self.log.pid:
            return
        request = self._tap.request()
        if self._cell is not None:
            if request is None or request == self._cell.request:
                self._nested += 1
                return
            self._end(None)  # its end was never told: it was cancelled
        self._nested = 0
        self.log.say_trouble()
        self._begin(info.raw_cell, getattr(info, "cell_id", None))

    def _begin(self, source: str, cell_id: str | None) -> None:
        self.complaint = self._unkept = None
        line, body = track_line(source)
        self.asked = line is not None
        execution = Execution(
            session=self.log.session.id,
            seq=self.log.next_seq(),
            cell_id=cell_id,
            count=self.shell.execution_count,
            source=self.log.redactor.text(source),
            started=time.time(),
            seconds=0.0,
            status="running",
            cwd=self.log.folder(),
            parameters=_PAPERMILL.match(source) is not None,
        )
        cell = self._cell = _Cell(
            execution=execution,
            request=self._tap.request(),
            clock=0.0,
            body=body,
        )
        cell.run = self._open_run(line, body, execution)
        self._observer.begin(body, tracked=cell.run is not None)
        captures = [run.capture for run in (cell.run, self._notebook_cell()) if run is not None]
        if captures:
            cell.capture = self._tap.begin(*captures)
        self._observer.listen()
        cell.clock = time.perf_counter()

    def _notebook_cell(self) -> CellRun | None:
        return self.notebook_run.inner if self.notebook_run is not None else None

    def _open_run(self, line: str | None, body: str, execution: Execution) -> CellRun | None:
        try:
            options = self._options(line, body, execution)
        except BadOption as error:
            self.complaint = str(error)
            return None
        if options is None:
            return None
        assert options.experiment is not None
        notebook_run = self.notebook_run
        try:
            run = self.log.open_run(
                options.experiment,
                "cell",
                running=execution,
                source=self.log.redactor.text(body),
                within=notebook_run.inner.run.id if notebook_run else None,
                tags=options.tags,
                note=options.note,
            )
        except Exception as error:  # noqa: BLE001 - whatever the sink met, the cell runs untracked
            say_once(f"{options.experiment} is not being tracked", short(error))
            self._unkept = unkept_run(options.experiment, self.log.redactor)
            return None
        return CellRun(run, options, autotracked=line is None)

    def _options(self, line: str | None, body: str, execution: Execution) -> TrackOptions | None:
        """What makes this cell a run: its own line, our host's choice, or ``%mm autotrack on``."""
        if line is not None:
            options = parse_track(line)
            experiment = options.experiment or self._default_experiment()
            if experiment is None:
                raise BadOption("%%track needs an experiment: %%track churn")
            return replace(options, experiment=experiment)
        if self._choose is not None:
            return self._choose(execution.seq)
        if self.autotrack is not None and not cell_names(body).ours:
            return TrackOptions(self.autotrack)
        return None

    def _default_experiment(self) -> str | None:
        notebook = self.log.session.notebook
        return experiment_of(notebook) if notebook else None

    # After a cell

    @guarded("This cell")
    def _after_cell(self, result: Any) -> None:
        if os.getpid() != self.log.pid or self._cell is None:
            return
        if result is not None and not (result.info.raw_cell or "").strip():
            return  # the shell tells the end of a blank cell, and never its start
        if self._nested:
            self._nested -= 1
            return
        self._end(result)

    def _end(self, result: Any) -> None:
        cell, self._cell = self._cell, None
        self._unkept = None
        assert cell is not None
        seconds = time.perf_counter() - cell.clock
        if cell.capture is not None:
            self._tap.end(cell.capture)
        seen = self._observer.end()
        raw = result.info.raw_cell if result is not None else None
        if (
            not cell.execution.source and raw
        ):  # the cell that loaded us: its text was not told before
            cell.body = track_line(raw)[1]
            cell.execution = replace(
                cell.execution,
                source=self.log.redactor.text(raw),
                cell_id=getattr(result.info, "cell_id", None),
            )
        status, failure = self._how(result)
        execution = seen.noted(
            cell.execution,
            count=getattr(result, "execution_count", None) or cell.execution.count,
            seconds=seconds,
            status=status,
            failure=failure,
        )
        self._settle(cell, execution, seen.uses, self.shell.user_ns)

    def _settle(
        self, cell: _Cell, execution: Execution, uses: files.Uses, namespace: dict[str, Any]
    ) -> None:
        """Send the execution, with its run where it has one."""
        if execution.parameters and self._choose is None:
            # papermill puts its cell right below the one tagged ``parameters``, whose names have their defaults.
            self._given.update(dict.fromkeys((*all_literals(self._body_before), *execution.bound)))
        self._body_before = cell.body
        if cell.run is None and self.notebook_run is None:
            self.log.append(execution, uses)
            return
        if uses:
            execution = replace(execution, files=files.joined(uses))
        names = cell_names(cell.body)
        bound = bound_names(names, execution, namespace)
        loops = self._loops(cell.body)
        if self.notebook_run is not None:
            self.notebook_run.add(execution, bound, names.literals, loops)
        if cell.run is None:
            self.log.append(execution)
            return
        options = cell.run.options
        wanted = Wanted(
            bound=bound,
            touched=tuple(sorted(names.changes | names.may_change)),
            changed=execution.changed,
            literals=names.literals,
            given=tuple(self._given),
            loops=loops,
            params=options.params,
            metrics=options.metrics,
            models=options.models,
        )
        ended = Ended(
            _STATUS[execution.status], execution.seconds, execution.failure, execution.files
        )
        self._tell(cell.run.close(self.log, namespace, wanted, ended, execution))

    def _loops(self, body: str) -> frozenset[str]:
        if "for " not in body:
            return frozenset()
        try:
            return loop_variables(self.shell.transform_cell(body))
        except Exception:  # noqa: BLE001 - a transformer of the user's may raise anything
            return frozenset()

    def _how(self, result: Any) -> tuple[Any, Failure | None]:
        if result is None:  # cancelled by an interrupt before it had a result
            return "interrupted", None
        error = result.error_before_exec or result.error_in_exec
        if error is None:
            return "ok", None
        if isinstance(error, (KeyboardInterrupt, asyncio.CancelledError)):
            return "interrupted", failure_of(error, self.log.redactor.text)
        return "raised", failure_of(error, self.log.redactor.text)

    def _tell(self, finished: RunFinished | None) -> None:
        if self._finished is not None and finished is not None:
            self._finished(finished)

    def _earlier(self, running: bool) -> list[Execution]:
        """The cells that ran before we listened, from the shell's own history: text and order, no more."""
        history = getattr(self.shell.history_manager, "input_hist_raw", [])
        sources = history[1 : -1 if running else None]
        return [
            Execution(
                session=self.log.session.id,
                seq=self.log.next_seq(),
                cell_id=None,
                count=count,
                source=self.log.redactor.text(source),
                started=0.0,
                seconds=0.0,
                status="ok",
                parameters=_PAPERMILL.match(source) is not None,
            )
            for count, source in enumerate(sources, start=1)
        ]


def experiment_of(notebook: str) -> str | None:
    """An experiment's name made of a notebook's path: its stem, other characters as ``-``."""
    stem = re.sub(r"\.ipynb$", "", notebook.replace("\\", "/").rsplit("/", 1)[-1])
    name = re.sub(r"[^\w.\-]+", "-", stem).strip("-_.")
    return name[:100] or None
