"""What a session records reaches the store once, in order, and whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel import session as sessions
from mm_jupyter.kernel.bundle import BundleSink
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.records import Execution, Outcome, Session, SessionId
from mm_jupyter.store import Store


def _execution(log: SessionLog, source: str = "x = 1", **fields: Any) -> Execution:
    seq = log.next_seq()
    given = {"count": seq, "started": time.time(), "seconds": 0.1, "status": "ok", **fields}
    return Execution(session=log.session.id, seq=seq, cell_id=None, source=source, **given)


def _seqs(store: Store, log: SessionLog) -> list[int]:
    return [one.seq for one in store.executions(log.session.id)]


def _until(condition: Any) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def test_a_session_says_who_and_where(log: SessionLog, local: Store, tmp_path: Path) -> None:
    log.open()
    kept = local.session(log.session.id)
    assert kept == log.session
    assert kept.pid == os.getpid()
    assert kept.cwd == "."
    assert log.relative(str(tmp_path / "a" / "b")) == "a/b"
    assert log.relative("/elsewhere/x") == "/elsewhere/x"


def test_executions_reach_the_store_by_themselves(log: SessionLog, local: Store) -> None:
    log.open()
    log.append(_execution(log))
    log.append(_execution(log))
    _until(lambda: _seqs(local, log) == [1, 2])
    log.append(_execution(log))
    _until(lambda: _seqs(local, log) == [1, 2, 3])


def test_closing_sends_what_waits_and_twice_is_once(log: SessionLog, local: Store) -> None:
    log.open()
    log.append(_execution(log))
    log.close()
    assert _seqs(local, log) == [1]
    log.close()
    ends = [entry for entry in local.audit() if entry.what == "session.closed"]
    assert len(ends) == 1


class _Slow(BundleSink):
    """Takes its time with each append, and counts what had arrived when the session ended."""

    __slots__ = ("arrived",)

    def append(self, executions: Any) -> None:
        time.sleep(0.3)
        BundleSink.append(self, executions)

    def close_session(self, session: SessionId, ended: float) -> None:  # noqa: ARG002
        self.arrived = len(self.executions)


def test_closing_waits_for_what_is_on_its_way(
    redactor: Redactor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "FLUSH_SECONDS", 0.0)
    sink = _Slow()
    log = SessionLog(sink, root=tmp_path, redactor=redactor)
    log.open()
    log.append(_execution(log))
    _until(lambda: not log._pending)  # the thread has taken it
    log.close()
    assert sink.arrived == 1


def test_a_run_takes_what_waits_with_it(log: SessionLog, local: Store) -> None:
    log.open()
    log.append(_execution(log))
    running = _execution(log, status="running")
    run = log.open_run("churn", "cell", running=running, source="x", tags={"a": "b"}, note="n")
    assert _seqs(local, log) == [1, 2]
    row = local.row(run.ref)
    assert (row.status, row.seq, row.tags, row.note) == ("running", 2, {"a": "b"}, "n")
    run.log(loss=1.0)
    log.close_run(run, Outcome(status="completed", seconds=1.0), None)
    assert local.run(run.ref).series == {"loss": 1}
    assert local.run(run.ref).environment is not None


def test_what_the_store_refuses_waits_and_the_trouble_is_said_once(
    log: SessionLog, local: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.open()
    local._database.outside("ALTER TABLE executions RENAME TO gone")
    for _ in range(3):
        log.append(_execution(log))
        log.flush()
        log.say_trouble()
    assert capsys.readouterr().err.count("mm_jupyter: Cells are not being kept: ") == 1
    with pytest.raises(Exception, match="executions"):
        log.open_run("churn", "cell", running=None, source="x")
    local._database.outside("ALTER TABLE gone RENAME TO executions")
    log.flush()
    assert _seqs(local, log) == [1, 2, 3]


def test_what_is_lost_at_the_very_end_is_said(
    log: SessionLog, local: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    log.open()
    log.append(_execution(log))
    local._database.outside("ALTER TABLE executions RENAME TO gone")
    log.close()
    assert "mm_jupyter: Cells are not being kept: " in capsys.readouterr().err


def test_a_forked_child_leaves_the_session_to_its_parent(log: SessionLog, local: Store) -> None:
    log.open()
    log.append(_execution(log))
    child = os.fork()
    if child == 0:  # pragma: no cover - the child's end is all that counts
        log.close()
        os._exit(7 if log._closed else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log.append(_execution(log))
    log.close()
    assert _seqs(local, log) == [1, 2]


def test_the_environment_is_captured_once_until_something_counts(
    redactor: Redactor, tmp_path: Path
) -> None:
    sink = BundleSink()
    log = SessionLog(sink, root=tmp_path, redactor=redactor)
    assert log.environment() == log.environment()
    log._look_again = 0.0
    log.environment()
    assert len(sink.environments) == 1
    assert {package.name for package in sink.environments[0].packages} >= {"ipython"}


def test_the_repository_is_looked_at_and_serves_the_next_runs_too(
    log: SessionLog, local: Store, tmp_path: Path
) -> None:
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    log.open()
    runs = [log.open_run("churn", "script", running=None, source="") for _ in range(3)]
    _until(lambda: all(local.run(run.ref).git is not None for run in runs))
    assert len({local.run(run.ref).git.commit for run in runs}) == 1  # type: ignore[union-attr]


def test_sessions_have_names_of_their_own(redactor: Redactor, tmp_path: Path) -> None:
    made: list[Session] = [
        SessionLog(BundleSink(), root=tmp_path, redactor=redactor).session for _ in range(2)
    ]
    assert made[0].id != made[1].id


def test_a_process_that_just_ends_has_kept_its_cells(tmp_path: Path) -> None:
    """The extension's exit hook, in a process that never says stop."""
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "shell = InteractiveShell(config=Config({'HistoryManager': {'enabled': False}}))\n"
        "shell.run_cell('%load_ext mm_jupyter')\n"
        "shell.run_cell('kept = 1')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=120)
    with closing(Store.open(tmp_path / ".mm")) as store:
        (session,) = store.sessions()
        assert [one.source for one in store.executions(session.id)][-1] == "kept = 1"
