"""Many processes, and processes that die: what was committed is there, and nothing else happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.records import Outcome, RunRef
from mm_jupyter.store import Store

WRITE = """
import itertools, os, sys
from mm_jupyter.records import *
from mm_jupyter.store import Store

store = Store.open(sys.argv[1])
writer = store.writer(who="child")
name = sys.argv[2]
writer.open_session(
    Session(id=name, notebook=None, started=1.0, user="u", host="h", pid=os.getpid(), cwd=".")
)
for number in range(int(sys.argv[3])) if sys.argv[3] != "0" else itertools.count():
    large = b"%d" % number * 30_000
    content = writer.put(os.urandom(70_000), large)
    execution = Execution(session=name, seq=number + 1, cell_id=None, count=1, source=f"x = {number}",
                          started=1.0, seconds=0.1, status="running")
    run, ref = writer.open_run(
        RunOpening(experiment="churn", kind="cell", session=name, seq=number + 1, cell_id=None,
                   started=1.0, source=f"x = {number}", environment=None), [execution])
    print("opened", ref, flush=True)
    writer.add_points(run, [SeriesChunk(name="loss", steps=(1,), values=(0.5,), times=(1.0,))])
    writer.close_run(run, Outcome(
        status="completed", seconds=1.0, params=(Param(name="n", value=number),),
        metrics=(Metric(name="m", value=0.5),),
        artifacts=(Artifact(name="a", media_type="b", content=content, digest="blake2b:0", size=1),)), None)
    print("closed", ref, flush=True)
"""


def child(store: Store, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, str(store.folder), name, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_eight_processes_lose_nothing(local: Store) -> None:
    children = [child(local, f"p{number}", 50) for number in range(8)]
    for each in children:
        _, errors = each.communicate()
        assert each.returncode == 0, errors
    rows = local.runs()
    assert sorted(row.ref.version for row in rows) == list(range(1, 401))
    assert {row.status for row in rows} == {"completed"}
    numbers = [entry.number for entry in local.audit()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert local.fsck() == ()


@pytest.mark.skipif(
    not hasattr(os, "fork"), reason="a hundred starts of an interpreter take too long"
)
def test_a_hundred_kernels_killed_while_writing_lose_nothing(local: Store, tmp_path: Path) -> None:
    told, rng = set[tuple[str, str]](), random.Random(1)
    for number in range(100):
        heard = tmp_path / "heard"
        process = os.fork()
        if process == 0:
            _write_for_ever(local, f"k{number}", heard)
        while not heard.exists():
            time.sleep(0.001)
        time.sleep(rng.random() * 0.05)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        for line in heard.read_text().splitlines():
            if line.endswith("."):  # the last one may be half a line
                what, ref = line.split()
                told.add((what, ref))
        heard.unlink()
    assert len(told) > 200
    rows = {str(row.ref): row.status for row in local.runs()}
    for what, ref in told:
        assert rows[ref.rstrip(".")] == "completed" or what == "opened"
    unfinished = {ref for ref, status in rows.items() if status == "running"}
    assert {str(ref) for ref in local.sweep_crashed()} == unfinished
    assert {row.status for row in local.runs()} <= {"completed", "crashed"}
    assert local.fsck() == ()


def _write_for_ever(parent: Store, name: str, heard: Path) -> None:
    """In a child: the same work as ``WRITE``, without starting an interpreter. Ends with the process."""
    with open(heard.with_suffix(".new"), "w", buffering=1) as out:

        def say(what: str, ref: object, **_: object) -> None:
            out.write(f"{what} {ref}.\n")
            if not heard.exists():
                os.rename(out.name, heard)

        try:
            sys.argv = ["-", str(parent.folder), name, "0"]
            exec(compile(WRITE, "child", "exec"), {"print": say})
        finally:
            os._exit(1)


def test_a_kernel_that_died_leaves_crashed_runs(store: Store, hand: Any, place: Any) -> None:
    run, ref = hand.writer.open_run(hand.opening(), ())
    other = Store.open(place)
    assert other.sweep_crashed() == ()
    store._locks.release_all()  # what the end of the process does
    assert other.sweep_crashed(who="bob") == (ref,)
    assert other.row(ref).status == "crashed"
    entry = other.audit(str(ref))[-1]
    assert (entry.what, entry.who, entry.before, entry.after) == (
        *("run.crashed", "bob"),
        *('{"status":"running"}', '{"status":"crashed"}'),
    )
    assert other.sweep_crashed() == ()
    hand.writer.close_run(run, Outcome(status="completed", seconds=1.0), None)
    assert other.row(ref).status == "completed"
    other.close()


def test_a_closed_session_holds_no_lock(store: Store, hand: Any, place: Any) -> None:
    _, ref = hand.writer.open_run(hand.opening(), ())
    hand.writer.close_session("s1", 9.0)
    other = Store.open(place)
    assert other.sweep_crashed() == (ref,)
    other.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_worker_leaves_the_connections_of_its_parent_alone(
    local: Store, local_hand: Any
) -> None:
    ref = local_hand.run()
    pending = local_hand.writer.put(b"the parent's")
    process = os.fork()
    if process == 0:
        fresh = local._database._pool.waiting == 0  # type: ignore[union-attr]
        local_hand.writer.set_note(RunRef("churn", 1), "from the child")
        os._exit(0 if fresh and local._blobs.read_pending(pending) is None else 1)
    assert os.waitpid(process, 0)[1] == 0
    local_hand.run()
    assert local.row(ref).note == "from the child"
    assert local.read_blob(pending) == b"the parent's"
    assert local.fsck() == ()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_worker_keeps_no_session_alive(
    local: Store, tmp_path: Path, local_hand: Any
) -> None:
    """A kernel that was killed is crashed, also while a worker that it forked lives on."""
    pids = tmp_path / "pids"
    kernel = os.fork()
    if kernel == 0:
        local_hand.session("s2")
        local_hand.run(session="s2", status="running")
        worker = os.fork()
        if worker != 0:
            pids.with_suffix(".new").write_text(str(worker))
            os.rename(pids.with_suffix(".new"), pids)
        time.sleep(60)
        os._exit(0)
    while not pids.exists():
        time.sleep(0.001)
    other = Store.open(local.folder or "")
    assert other.sweep_crashed() == ()
    os.kill(kernel, signal.SIGKILL)
    os.waitpid(kernel, 0)
    assert other.sweep_crashed() == (RunRef("churn", 1),)
    os.kill(int(pids.read_text()), signal.SIGKILL)
    other.close()
