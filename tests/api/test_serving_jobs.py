"""What the sidebar asks for stands in the store: a server that is started again goes on with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mm_jupyter.api.serving_jobs import JobServer
from mm_jupyter.errors import NoSuchRun, NotFound
from mm_jupyter.records import RunRef
from mm_jupyter.records.jobs import Job
from mm_jupyter.workspace import Workspace, find

Cells = Callable[..., str]
FAST, SLOW = RunRef("fast", 1), RunRef("slow", 1)


@pytest.fixture
def space(session: Cells) -> Iterator[Workspace]:
    Path("quick.flag").touch()
    session(
        "%%track fast\ny = 2",
        "import os, time\nif not os.path.exists('quick.flag'):\n    time.sleep(60)",
        "%%track slow\nz = time.__name__",
    )
    found = find(Path.cwd())
    assert found is not None
    yield found
    found.store.close()


def ended(space: Workspace, number: int, seconds: float = 90.0) -> Job:
    end = time.monotonic() + seconds
    while (job := space.store.job(number)) is None or job.ended is None:
        assert time.monotonic() < end, f"it did not end: {job}"
        time.sleep(0.1)
    return job


def test_what_one_server_left_the_next_one_does(space: Workspace) -> None:
    first = JobServer(space)
    (slow,) = first.add([SLOW])
    (fast,) = first.add([FAST])
    end = time.monotonic() + 60
    while space.store.job(slow.id).state != "running":  # type: ignore[union-attr]
        assert time.monotonic() < end
        time.sleep(0.05)
    first.close()
    assert [job.state for job in space.store.jobs(left=True)] == ["waiting", "waiting"]
    second = JobServer(space)
    second.cancel(slow.id)
    assert ended(space, fast.id).verdict == "identical"
    assert ended(space, slow.id).state == "cancelled"
    second.close()
    assert [one.verdict for one in space.store.verdicts(FAST)] == ["identical"]
    assert space.store.verdicts(SLOW) == ()


def test_the_same_is_not_asked_for_twice(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    server = JobServer(space)
    monkeypatch.setattr(server, "_start", lambda: None)
    first = server.add([FAST, SLOW])
    again = server.add([SLOW, FAST])
    assert [job.id for job in again] == [job.id for job in reversed(first)]
    assert len(server.add([FAST], "explain")) == 1
    assert len(space.store.jobs(left=True)) == 3
    with pytest.raises(NoSuchRun):
        server.add([RunRef("fast", 9)])
    with pytest.raises(NotFound):
        server.cancel(999)
    (batch,) = {job.batch for job in first}
    assert [job.state for job in server.cancel_batch(batch)] == ["cancelled", "cancelled"]


def test_a_process_that_cannot_even_begin_fails_its_job(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm_jupyter.api.serving_jobs.sys.executable", "/bin/false")
    server = JobServer(space)
    (job,) = server.add([FAST])
    assert ended(space, job.id).state == "failed"
    server.close()
