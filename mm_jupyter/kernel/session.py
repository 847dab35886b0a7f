"""The log of one session: what waits, what was sent to the sink, and the environment it ran in."""

from __future__ import annotations

import getpass
import os
import socket
import sys
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel.audit import KEEP_BYTES
from mm_jupyter.kernel.defaults import Defaults
from mm_jupyter.kernel.environment import capture
from mm_jupyter.kernel.files import Uses, joined
from mm_jupyter.kernel.git import git_state
from mm_jupyter.kernel.local_modules import LocalModules
from mm_jupyter.kernel.sink import Sink
from mm_jupyter.kernel.tracking import ActiveRun
from mm_jupyter.kernel.warning import say_once, short
from mm_jupyter.records import (
    ContentDigest,
    Execution,
    LocalModule,
    Outcome,
    RunId,
    RunKind,
    RunOpening,
    Session,
    SessionId,
)

FLUSH_SECONDS = 0.5
"""A plain execution reaches the sink at most this much later, or with the next tracked one."""
RETRY_SECONDS = 2.0
"""What the sink refused is tried again after so long."""
GIT_SECONDS = 10.0
"""The repository is looked at again when the last look is older than this."""
LOOK_SECONDS = 1.0
"""The folders of installed packages are looked at for changes at most this often."""
_NUMERIC = ("numpy", "torch", "threadpoolctl", "scipy.linalg")


class SessionLog:
    """One session on its way into a sink. Every method may be called from any thread."""

    def __init__(
        self,
        sink: Sink,
        *,
        root: Path,
        redactor: Redactor,
        notebook: str | None = None,
        ignore: tuple[Path, ...] = (),
        git: bool = True,
        keep_bytes: int = KEEP_BYTES,
    ) -> None:
        """``keep_bytes``: files up to this size are kept whole."""
        self.sink = sink
        self.root = root
        self.ignore = ignore
        self.redactor = redactor
        self.keep_bytes = keep_bytes
        self.pid = os.getpid()
        self.seq = 0
        self._folder = "", ""
        self.session = Session(
            id=SessionId(uuid.uuid4().hex),
            notebook=notebook,
            started=time.time(),
            user=_user(),
            host=socket.gethostname(),
            pid=self.pid,
            cwd=self.folder(),
        )
        self.modules: dict[str, LocalModule] = {}
        self.defaults = Defaults()
        self._local = LocalModules(root)
        self._closings: list[tuple[ActiveRun, Outcome, Execution | None]] = []
        self._pending: list[tuple[Execution, Uses]] = []
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._trouble: str | None = None
        self._environment: tuple[object, ContentDigest] | None = None
        self._loaded: tuple[bool, ...] = ()
        self._look_again = 0.0
        self._git = git
        self._git_looked = -GIT_SECONDS
        self._git_thread: threading.Thread | None = None
        self._last_run: RunId | None = None

    def open(self) -> None:
        """Announce the session and start sending."""
        self.sink.open_session(self.session)
        threading.Thread(target=self._send_later, name="mm_jupyter", daemon=True).start()

    def close(self) -> None:
        """Send what waits and end the session. A forked child's copy does nothing: the session is its parent's."""
        if self._closed or os.getpid() != self.pid:
            return
        self._closed = True
        self._wake.set()
        if self._git_thread is not None:
            self._git_thread.join(timeout=10)
        self.flush()
        self.say_trouble()
        try:
            self.sink.close_session(self.session.id, time.time())
        except Exception as error:  # noqa: BLE001 - the process ends, and nobody is left to handle it
            say_once("The end of the session was not recorded", short(error))

    def folder(self) -> str:
        """The working directory, as records hold it."""
        here = os.getcwd()
        if self._folder[0] != here:
            self._folder = here, self.relative(here)
        return self._folder[1]

    def relative(self, path: str) -> str:
        """A path as records hold it: POSIX, relative to the root where it lies within."""
        try:
            return Path(path).relative_to(self.root).as_posix()
        except ValueError:
            return Path(path).as_posix()

    def changed_modules(self) -> tuple[LocalModule, ...]:
        """The project's modules imported or reloaded since the last call; ``modules`` holds the newest of each."""
        changed = self._local.changed(self.sink.put)
        self.modules.update((module.name, module) for module in changed)
        return changed

    def next_seq(self) -> int:
        """Number the execution that starts now."""
        self.seq += 1
        return self.seq

    def append(self, execution: Execution, uses: Uses = ()) -> None:
        """Add an execution that ended; it is sent within ``FLUSH_SECONDS``, once its large files are read."""
        self.defaults.note(execution.source)
        with self._lock:
            self._pending.append((execution, uses))
        self._wake.set()

    def flush(self) -> None:
        """Send what waits. What the sink refuses stays and is tried again; ``trouble`` says why."""
        with self._sending:  # one at a time: the end of the session waits for what is on its way
            if not self._close_waiting():
                return
            with self._lock:
                pending, self._pending = self._pending, []
            if not pending:
                return
            try:
                self.sink.append(_whole(pending))
            except Exception as error:  # noqa: BLE001 - a background thread has nobody to raise to: the next cell says it
                with self._lock:
                    self._pending[:0] = pending
                self._trouble = short(error)

    def _close_waiting(self) -> bool:
        """End the runs whose end the sink refused before; False where it still does."""
        while self._closings:
            run, outcome, execution = self._closings[0]
            try:
                run.flush()
                self.sink.close_run(run.id, outcome, execution)
            except Exception as error:  # noqa: BLE001 - as in flush
                self._trouble = short(error)
                return False
            self._closings.pop(0)
        return True

    def say_trouble(self) -> None:
        """Tell the user once, in a cell, what a background write met."""
        if self._trouble is not None:
            say_once("Cells are not being kept", self._trouble)
            self._trouble = None

    def _send_later(self) -> None:
        while self._wake.wait() and not self._closed:
            time.sleep(FLUSH_SECONDS)
            self._wake.clear()
            self.flush()
            if self._closings or self._pending:
                time.sleep(RETRY_SECONDS)
                self._wake.set()

    def open_run(
        self,
        experiment: str,
        kind: RunKind,
        *,
        running: Execution | None,
        source: str,
        within: RunId | None = None,
        tags: dict[str, str] | None = None,
        note: str | None = None,
    ) -> ActiveRun:
        """Open the next version of an experiment; ``running`` is its execution, not yet ended."""
        with self._lock:
            pending, self._pending = self._pending, []
        executions = _whole(pending)
        if running is not None:
            executions.append(running)
        opening = RunOpening(
            experiment=experiment,
            kind=kind,
            session=self.session.id,
            seq=running.seq if running else None,
            cell_id=running.cell_id if running else None,
            started=running.started if running and kind == "cell" else time.time(),
            source=source,
            environment=self.environment(),
            within=within,
            tags=tags or {},
            note=note,
            git_of=self._last_run,
        )
        try:
            id_, ref = self.sink.open_run(opening, executions)
        except Exception:
            with self._lock:
                self._pending[:0] = pending
            raise
        self._last_run = id_
        self._look_at_git(id_)
        return ActiveRun(self.sink, id_, ref, self.redactor)

    def close_run(self, run: ActiveRun, outcome: Outcome, execution: Execution | None) -> bool:
        """End a run with everything it gave. What the sink refuses is kept and tried again: then it says so and is
        False."""
        try:
            run.flush()
            self.sink.close_run(run.id, outcome, execution)
        except Exception as error:  # noqa: BLE001 - a locked store, a full disk: nothing may be lost for that
            self._closings.append((run, outcome, execution))
            self._wake.set()
            say_once(f"The end of {run.ref} is not kept yet", short(error))
            return False
        return True

    def environment(self) -> ContentDigest:
        """The digest of the environment as it is now; captured again only when something that counts has changed."""
        loaded = tuple(name in sys.modules for name in _NUMERIC)
        now = time.monotonic()
        if self._environment is not None and loaded == self._loaded and now < self._look_again:
            return self._environment[1]
        self._loaded, self._look_again = loaded, now + LOOK_SECONDS
        key = (loaded, _stamps())
        if self._environment is None or self._environment[0] != key:
            captured = capture(self.redactor)
            self._environment = (key, self.sink.environment(captured))
        return self._environment[1]

    def _look_at_git(self, run: RunId) -> None:
        """In the background: a large repository takes a second to compare, and the cell must not wait."""
        now = time.monotonic()
        if not self._git or now - self._git_looked < GIT_SECONDS:
            return
        self._git_looked = now

        def look() -> None:
            try:
                state = git_state(self.root, self.redactor.text)
                if state is not None:
                    self.sink.set_git(run, state)
            except Exception as error:  # noqa: BLE001 - as in flush
                self._trouble = short(error)

        self._git_thread = threading.Thread(target=look, name="mm_jupyter git", daemon=True)
        self._git_thread.start()


def _whole(pending: list[tuple[Execution, Uses]]) -> list[Execution]:
    return [replace(one, files=joined(uses)) if uses else one for one, uses in pending]


def _stamps() -> tuple[int, ...]:
    """When each folder of installed packages was last changed."""
    stamps = []
    for folder in sys.path:
        if folder.endswith(("site-packages", "dist-packages")):
            try:
                stamps.append(os.stat(folder).st_mtime_ns)
            except OSError:
                continue
    return tuple(stamps)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in the passwd file: containers
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
