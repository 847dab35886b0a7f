"""A workspace in the current folder, and a hand that writes runs into it as a kernel does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.records import (
    Execution,
    Metric,
    Outcome,
    Param,
    RunId,
    RunOpening,
    Scalar,
    SeriesChunk,
    Session,
    SessionId,
)
from mm_jupyter.workspace import Workspace, open_or_create

SESSION = SessionId("0" * 26)


class Hand:
    """Keeps runs of one session, a second apart."""

    def __init__(self, space: Workspace) -> None:
        self.space = space
        self.sink = space.store.writer(who="tester")
        self._numbers = itertools.count(1)
        self.sink.open_session(
            Session(
                id=SESSION, notebook="work.ipynb", started=1000.0, user="tester", host="h", pid=1,
                cwd=".",
            )
        )  # fmt: skip

    def run(
        self,
        experiment: str = "churn",
        *,
        source: str = "fit()",
        params: dict[str, Scalar] | None = None,
        metrics: dict[str, float] | None = None,
        series: dict[str, tuple[float, ...]] | None = None,
        status: Any = "completed",
        **outcome: Any,
    ) -> str:
        """Keep a run and return its name; ``status`` running leaves it open."""
        seq = next(self._numbers)
        execution = Execution(
            session=SESSION, seq=seq, cell_id=f"c{seq}", count=seq,
            source=f"%%track {experiment}\n{source}", started=1000.0 + seq, seconds=0.5,
            status="running",
        )  # fmt: skip
        opening = RunOpening(
            experiment=experiment, kind="cell", session=SESSION, seq=seq, cell_id=f"c{seq}",
            started=1000.0 + seq, source=source, environment=None,
        )  # fmt: skip
        run, ref = self.sink.open_run(opening, [execution])
        self._points(run, series or {})
        if status != "running":
            self.sink.close_run(run, self._outcome(status, params, metrics, outcome), None)
        return str(ref)

    def _points(self, run: RunId, series: dict[str, tuple[float, ...]]) -> None:
        chunks = [
            SeriesChunk(
                name=name, steps=tuple(range(len(values))), values=values,
                times=(0.0,) * len(values),
            )
            for name, values in series.items()
        ]  # fmt: skip
        self.sink.add_points(run, chunks)

    def _outcome(
        self,
        status: Any,
        params: dict[str, Scalar] | None,
        metrics: dict[str, float] | None,
        more: dict[str, Any],
    ) -> Outcome:
        return Outcome(
            status=status,
            seconds=0.5,
            params=tuple(Param(name=name, value=value) for name, value in (params or {}).items()),
            metrics=tuple(
                Metric(name=name, value=value) for name, value in (metrics or {}).items()
            ),
            **more,
        )


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """An empty workspace, whose root is the current folder."""
    monkeypatch.delenv("MM_STORE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.chdir(root)
    opened = open_or_create(root)
    yield opened
    opened.store.close()


@pytest.fixture
def hand(space: Workspace) -> Hand:
    return Hand(space)
