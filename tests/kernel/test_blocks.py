"""A run around a block: what the block does goes on as without it."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from mm_jupyter.kernel.blocks import TrackedBlock, active_block
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.records import Execution, RunRef
from mm_jupyter.store import Store


@pytest.fixture
def log(log: SessionLog) -> SessionLog:
    log.open()
    return log


@pytest.fixture
def running(log: SessionLog) -> Execution:
    return Execution(
        session=log.session.id,
        seq=log.next_seq(),
        cell_id="c1",
        count=1,
        source="for _ in range(2): ...",
        started=time.time(),
        seconds=0.0,
        status="running",
    )


def test_each_block_is_the_next_version(log: SessionLog, local: Store, running: Execution) -> None:
    for depth in (1, 2):
        with TrackedBlock(log, "churn", running=running, tags={"a": "b"}, note="hi") as run:
            assert active_block() is run
            run.log_params(depth=depth)
            run.log_metrics(acc=depth / 2)
            run.log(loss=0.5)
            run.log_artifact(b"x", "x.bin")
            run.set_tag("more", 1)
    assert active_block() is None
    run = local.run(RunRef("churn", 2))
    assert (run.row.kind, run.row.status, run.block) == ("script", "completed", 1)
    assert run.row.param("depth") == 2
    assert run.row.metrics == {"acc": 1.0, "loss": 0.5}
    assert run.row.tags == {"a": "b", "more": "1"}
    assert run.row.note == "hi"
    assert run.series == {"loss": 1}
    assert [artifact.name for artifact in run.artifacts] == ["x.bin"]
    assert run.source == running.source


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("no"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_what_the_block_raises_goes_on_and_is_kept(
    log: SessionLog, local: Store, error: BaseException, status: str
) -> None:
    def block() -> None:
        with TrackedBlock(log, "churn", running=None) as run:
            run.log_metrics(acc=1)
            raise error

    with pytest.raises(type(error)):
        block()
    kept = local.run(RunRef("churn", 1))
    assert kept.row.status == status
    assert kept.failure is not None
    assert kept.failure.name == type(error).__name__
    assert "in block" in kept.failure.traceback
    assert kept.row.metrics == {"acc": 1.0}
    assert active_block() is None


def test_the_innermost_block_of_a_thread_or_task_is_the_open_one(log: SessionLog) -> None:
    seen: list[object] = []
    with TrackedBlock(log, "outer", running=None) as outer:
        with TrackedBlock(log, "inner", running=None) as inner:
            assert active_block() is inner
        assert active_block() is outer
        thread = threading.Thread(target=lambda: seen.append(active_block()))
        thread.start()
        thread.join()

    async def work(name: str) -> bool:
        with TrackedBlock(log, name, running=None) as run:
            await asyncio.sleep(0.001)
            return active_block() is run

    async def both() -> list[bool]:
        return list(await asyncio.gather(work("a"), work("b")))

    assert asyncio.run(both()) == [True, True]
    assert seen == [None]


def test_where_the_store_fails_the_block_still_runs_and_one_sentence_says_why(
    log: SessionLog, local: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    local._database.outside("DROP TABLE runs")
    done = []
    for _ in range(2):
        with TrackedBlock(log, "churn", running=None) as run:
            run.log(loss=1.0)
            run.log_metrics(acc=1.0)
            assert active_block() is run
            done.append(run.name)
    assert done == ["churn/0", "churn/0"]
    assert active_block() is None
    assert capsys.readouterr().err.count("mm_jupyter: churn is not being tracked: ") == 1


def test_a_block_whose_end_cannot_be_kept_ends_all_the_same(
    log: SessionLog, local: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    with TrackedBlock(log, "churn", running=None):
        local._database.outside("DROP TABLE runs")
    assert capsys.readouterr().err.startswith("mm_jupyter: The end of churn/1 is not kept yet: ")


def test_without_a_session_the_block_runs(said: set[str]) -> None:
    with TrackedBlock(None, "churn", running=None) as run:
        run.log(loss=1.0)
    assert active_block() is None
