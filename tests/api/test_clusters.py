"""Work done by processes of this machine and by a Dask cluster is the same work, and survives its workers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mm_jupyter.api import jobs, replays, work
from mm_jupyter.errors import NoCluster
from mm_jupyter.workspace import Workspace, find

Cells = Callable[..., str]


@pytest.fixture
def space(session: Cells) -> Iterator[Workspace]:
    """Four runs: three that replay, one that does not."""
    Path("record.flag").touch()
    session(
        "x = 2", "%%track one\ny = x * 2", "%%track two\ny = x * 3", "%%track three\ny = x * 4",
        "import os\nhere = os.path.exists('record.flag')",
        "%%track odd\ny = x + here",
    )  # fmt: skip
    found = find(Path.cwd())
    assert found is not None
    yield found
    found.store.close()


NAMES = ["one/1", "two/1", "three/1", "odd/1"]
VERDICTS = ["identical", "identical", "identical", "diverged"]


def test_processes_give_the_verdicts_that_this_one_gives(space: Workspace) -> None:
    judged = replays.replay(NAMES, jobs=2, on="processes", workspace=space)
    assert [one.verdict for one in judged] == VERDICTS
    assert [str(one.run) for one in judged] == NAMES
    assert all(len(replays.verdicts(name, workspace=space)) == 1 for name in NAMES)


@dataclass
class Cluster:
    address: str
    scheduler: subprocess.Popen[str]
    workers: list[subprocess.Popen[str]]


def until(found: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler with two workers, each a process."""
    pytest.importorskip("distributed")
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "dask", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, cwd=tmp_path, start_new_session=True,
        )  # fmt: skip
        started.append(child)
        return child

    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    address = ""
    while not address:
        assert scheduler.stdout is not None
        line = scheduler.stdout.readline()
        assert line, "the scheduler ended"
        found = re.search(r"tcp://(127\.0\.0\.1:\d+)", line)
        address = found[1] if found else ""
    workers = [
        start("worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard")
        for _ in range(2)
    ]
    yield Cluster(f"dask://{address}", scheduler, workers)
    for child in started:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def test_a_cluster_does_them_and_a_worker_that_dies_loses_none(
    space: Workspace, cluster: Cluster
) -> None:
    killed = False

    def kill(_: object) -> None:
        nonlocal killed
        if not killed:
            killed = True
            os.killpg(cluster.workers[0].pid, signal.SIGKILL)

    judged = replays.replay(NAMES, on=cluster.address, progress=kill, workspace=space)
    assert killed
    assert [one.verdict for one in judged] == VERDICTS
    assert all(len(replays.verdicts(name, workspace=space)) == 1 for name in NAMES)
    assert work.work(workspace=space).running == ()


def test_a_scheduler_that_goes_leaves_the_jobs_waiting(space: Workspace, cluster: Cluster) -> None:
    for worker in cluster.workers:  # so that nothing ends before
        os.killpg(worker.pid, signal.SIGSTOP)

    def end() -> None:
        until(lambda: (states := space.store.batches(1)) and states[0].running)
        os.killpg(cluster.scheduler.pid, signal.SIGKILL)

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(NoCluster, match="is gone"):
        replays.replay(NAMES, on=cluster.address, workspace=space)
    ending.join()
    (state,) = space.store.batches(1)
    assert (state.waiting, state.running) == (4, 0)
    judged = jobs.resume(state.batch.id, workspace=space)
    assert isinstance(judged, list)
    assert [one.verdict for one in judged] == VERDICTS


def test_an_address_where_nobody_answers_is_said(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm_jupyter.api.clusters.PATIENCE", 0.5)
    with pytest.raises(NoCluster, match="no scheduler answers"):
        replays.replay(NAMES[:2], on="dask://127.0.0.1:9", workspace=space)
    assert replays.verdicts("one/1", workspace=space) == []
