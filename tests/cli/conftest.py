"""A real store in the current folder, and the command line on a real terminal screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.cli import run_command
from mm_jupyter.cli.terminal import TerminalScreen
from mm_jupyter.records import (
    Execution,
    Failure,
    Metric,
    Outcome,
    Param,
    RunOpening,
    Session,
    SessionId,
)
from mm_jupyter.workspace import open_or_create

SESSION = SessionId("0" * 26)


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


Mm = Callable[..., Said]


@pytest.fixture
def mm(capsys: pytest.CaptureFixture[str]) -> Mm:
    """``mm("runs", "--json")``."""

    def call(*args: str) -> Said:
        capsys.readouterr()
        status = run_command(list(args), TerminalScreen())
        out, err = capsys.readouterr()
        return Said(status, out, err)

    return call


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: no store here or above."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store(empty: Path) -> Path:
    """churn/1 (accuracy 0.9), churn/2 (0.95, verdict none) and churn/3 (raised), written as a kernel writes them."""
    space = open_or_create(empty)
    sink = space.store.writer(who="tester")
    sink.open_session(
        Session(
            id=SESSION,
            notebook="churn.ipynb",
            started=1_790_000_000.0,
            user="tester",
            host="h",
            pid=1,
            cwd=".",
        )
    )
    for version, accuracy in enumerate((0.9, 0.95, None), 1):
        _track(sink, version, accuracy)
    sink.close_session(SESSION, 1_790_000_100.0)
    return empty


def _track(sink: Any, version: int, accuracy: float | None) -> None:
    started = 1_790_000_000.0 + version
    source = f"depth = {version}\naccuracy = {accuracy}"
    failure = Failure(name="ValueError", message="no data", traceback="Traceback")
    running = Execution(
        session=SESSION,
        seq=version,
        cell_id=None,
        count=version,
        source=source,
        started=started,
        seconds=0.0,
        status="running",
    )
    opening = RunOpening(
        experiment="churn",
        kind="cell",
        session=SESSION,
        seq=version,
        cell_id=None,
        started=started,
        source=source,
        environment=None,
    )
    run, _ = sink.open_run(opening, [running])
    raised = accuracy is None
    outcome = Outcome(
        status="failed" if raised else "completed",
        seconds=0.5,
        failure=failure if raised else None,
        params=(Param(name="depth", value=version),),
        metrics=() if accuracy is None else (Metric(name="accuracy", value=accuracy),),
    )
    ended = Execution(
        session=SESSION,
        seq=version,
        cell_id=None,
        count=version,
        source=source,
        started=started,
        seconds=0.5,
        status="raised" if raised else "ok",
        failure=failure if raised else None,
    )
    sink.close_run(run, outcome, ended)
