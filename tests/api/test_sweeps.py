"""A sweep executes a notebook once for each point; what fails, stops or dies loses nothing of the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mm_jupyter.api import jobs, runs, sweeps
from mm_jupyter.api.work import read_sweep
from mm_jupyter.errors import BadInput, BadNotebook, JobsLeft, NoCluster, NoSuchFile, NotFound
from mm_jupyter.records.sweep import Sweep
from mm_jupyter.workspace import Workspace

CELL = """
import os, time
if depth == 4:
    raise ValueError("no four")
while os.path.exists("wait.flag") and depth > 2:
    time.sleep(0.05)
accuracy = 1 - lr / depth
"""


@pytest.fixture
def notebook(space: Workspace) -> Path:
    first = new_code_cell("lr = 0.5\ndepth = 3", metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[first, new_code_cell(CELL)]), "churn.ipynb")
    return Path("churn.ipynb")


def accuracies(found: Sweep) -> list[float | None]:
    return [
        None if point.row is None else point.row.metrics.get("accuracy") for point in found.points
    ]


def test_each_point_is_a_run_and_one_that_fails_stops_no_other(
    space: Workspace, notebook: Path
) -> None:
    points = sweeps.points_of({"lr": "0.5,0.25", "depth": "2,4,5"})
    found = sweeps.sweep(notebook, points, metric="accuracy", workspace=space)
    assert (found.state.done, found.state.failed, found.state.left) == (4, 2, 0)
    assert accuracies(found) == [0.75, None, 0.9, 0.875, None, 0.95]
    assert [point.said for point in found.points if point.state == "failed"] == [
        "ValueError: no four"
    ] * 2
    best = runs.get(str(found.best), workspace=space)
    assert best.row.metrics == {"accuracy": 0.95}
    assert {param.name: param.value for param in best.row.params} == {"lr": 0.25, "depth": 5}
    tagged = runs.find(f"tags.sweep == '{found.state.batch.id}'", workspace=space)
    assert {row.ref for row in tagged} == {p.row.ref for p in found.points if p.row is not None}
    assert {row.kind for row in tagged} == {"notebook"}


def test_an_interrupt_keeps_what_had_ended_and_the_rest_is_done_later(
    space: Workspace, notebook: Path
) -> None:
    def stop(progress: Any) -> None:
        if progress.phase == "ended":
            raise KeyboardInterrupt

    points = [{"lr": 0.5, "depth": depth} for depth in (2, 3, 5)]
    with pytest.raises(JobsLeft, match="2 jobs are left: 'mm resume sweep-"):
        sweeps.sweep(notebook, points, jobs=1, progress=stop, workspace=space)
    (state,) = jobs.batches(workspace=space)
    assert (state.done, state.waiting, state.running) == (1, 2, 0)
    first = space.store.jobs(state.batch.id)[0]
    found = jobs.resume(workspace=space)
    assert isinstance(found, Sweep)
    assert accuracies(found) == [0.75, pytest.approx(1 - 0.5 / 3), 0.9]
    assert space.store.jobs(state.batch.id)[0] == first
    assert space.store.count() == 3
    with pytest.raises(NotFound, match="Nothing is left"):
        jobs.resume(workspace=space)
    with pytest.raises(NotFound, match=f"Nothing of {state.batch.id} waits"):
        jobs.resume(state.batch.id, workspace=space)


def begin(*, jobs: int = 1) -> subprocess.Popen[bytes]:
    code = (
        "import mm_jupyter as mm\n"
        f"mm.sweep('churn.ipynb', [{{'depth': d}} for d in (2, 3, 5)], jobs={jobs})\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True)


def until(found: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def test_a_killed_process_loses_nothing_that_had_ended(space: Workspace, notebook: Path) -> None:
    Path("wait.flag").touch()
    child = begin()
    until(lambda: space.store.count() == 2)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    until(
        lambda: "crashed" in {row.status for row in runs.find(workspace=space)}
    )  # its kernel goes after it
    Path("wait.flag").unlink()
    (state,) = jobs.batches(workspace=space)
    assert (state.done, state.waiting, state.running) == (1, 2, 0)
    found = jobs.resume(workspace=space)
    assert isinstance(found, Sweep)
    assert (found.state.done, found.state.left) == (3, 0)
    statuses = [row.status for row in runs.find(limit=None, workspace=space)]
    assert sorted(statuses) == ["completed", "completed", "completed", "crashed"]
    assert [job.tries for job in space.store.jobs(state.batch.id)] == [1, 2, 1]


def test_two_sweeps_at_once_and_one_cancelled_from_outside(
    space: Workspace, notebook: Path
) -> None:
    Path("wait.flag").touch()
    children = [begin(jobs=2), begin(jobs=2)]
    until(lambda: len(b := space.store.batches(2)) == 2 and all(one.done == 1 for one in b))
    one, other = space.store.batches(2)
    assert jobs.cancel(one.batch.id, workspace=space) == 2
    Path("wait.flag").unlink()
    for child in children:
        child.wait(timeout=60)
    assert read_sweep(other.batch.id, workspace=space).state.done == 3
    state = read_sweep(one.batch.id, workspace=space).state
    assert (state.done, state.cancelled, state.left) == (1, 2, 0)


def test_a_notebook_that_has_changed_since_is_not_gone_on_with(
    space: Workspace, notebook: Path
) -> None:
    def stop(progress: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(JobsLeft):
        sweeps.sweep(notebook, [{"depth": 2}, {"depth": 3}], progress=stop, workspace=space)
    notebook.write_text(notebook.read_text().replace("no four", "never four"))
    with pytest.raises(BadInput, match=r"churn.ipynb has changed since sweep-"):
        jobs.resume(workspace=space)


@pytest.mark.parametrize(
    ("points", "options", "error", "says"),
    [
        ([], {}, BadInput, "at least one point"),
        ([{"depth": 2}], {"jobs": 0}, BadInput, "--jobs takes a number from 1 on"),
        ([{"depth": 2}], {"metric": "shoe"}, BadInput, "Which way is shoe better"),
        ([{"depth": 2}], {"on": "mars"}, NoCluster, "cannot be done on mars"),
        ([{"depth": 2}], {"on": "dask://127.0.0.1:1"}, NoCluster, "no scheduler answers"),
    ],
)
def test_a_bad_word_is_said_before_anything_runs(
    space: Workspace,
    notebook: Path,
    points: Any,
    options: Any,
    error: type[Exception],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mm_jupyter.api.clusters.PATIENCE", 1.0)
    with pytest.raises(error, match=says):
        sweeps.sweep(notebook, points, workspace=space, **options)
    assert space.store.count() == 0
    assert not [job for job in space.store.jobs() if job.state == "running"]
    with pytest.raises(BadNotebook):
        sweeps.sweep("none.ipynb", [{"a": 1}], workspace=space)


def test_points_come_from_a_file_with_one_value_for_all(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("lr,depth\n0.1,2\n0.2,3\n")
    assert sweeps.points_of({"seed": "7", "lr": "9"}, file=file) == [
        {"seed": 7, "lr": 0.1, "depth": 2},
        {"seed": 7, "lr": 0.2, "depth": 3},
    ]
    file.write_text(json.dumps([{"lr": None}]))
    assert sweeps.points_of({}, file=file) == [{"lr": None}]
    with pytest.raises(BadInput, match="takes one value for all points"):
        sweeps.points_of({"lr": "1,2"}, file=file)
    with pytest.raises(BadInput, match="say one of them"):
        sweeps.points_of({}, file=file, random=3)
    with pytest.raises(NoSuchFile):
        sweeps.points_of({}, file=tmp_path / "none.csv")
    with pytest.raises(BadInput, match="goes through parameters"):
        sweeps.points_of({})
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read"):
        sweeps.points_of({}, file=tmp_path / "bytes")
