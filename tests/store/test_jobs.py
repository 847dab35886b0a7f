"""A job is taken by one worker, ends once, and outlives whoever works on it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.errors import NoSuchRun, NotFound
from mm_jupyter.records import Judgement, RunRef
from mm_jupyter.records.jobs import Step
from mm_jupyter.store import Store, jobs

Ask = Callable[..., list[int]]


@pytest.fixture
def ask(store: Store, hand: Any) -> Ask:
    """Adds a batch with a job for each of so many new runs, and gives the jobs' numbers."""

    def ask(count: int = 1) -> list[int]:
        refs = [hand.run() for _ in range(count)]
        batch = hand.writer.add_batch(
            "replay", "some", {"times": 1}, [("replay", ref, {}) for ref in refs]
        )
        return [job.id for job in store.jobs(batch.id)]

    return ask


def judgement(ref: RunRef, **fields: Any) -> Judgement:
    known = {
        "verdict": "identical", "slice": "whole", "steps": (1,), "executions": 1, "of": 1, "replays": 1,
        "items": (), "causes": (), "restored": (), "not_compared": (), "environment": "current",
        "seconds": 1.0, "at": 2.0, "said": "The same.",
    }  # fmt: skip
    return Judgement(run=ref, **{**known, **fields})


def test_a_job_is_taken_by_one_and_ends_once(store: Store, hand: Any, ask: Ask) -> None:
    (number,) = ask()
    writer = hand.writer
    assert writer.take(number, "first")
    assert not writer.take(number, "second")
    assert not writer.end_job(number, "second", said="mine")
    assert writer.end_job(number, "first", said="done")
    assert not writer.end_job(number, "first", said="again")
    job = store.job(number)
    assert job is not None
    assert (job.state, job.said, job.tries) == ("done", "done", 1)


def test_a_verdict_is_kept_with_the_end_of_its_job_or_not_at_all(
    store: Store, hand: Any, ask: Ask
) -> None:
    (number,) = ask()
    writer, run = hand.writer, RunRef("churn", 1)
    writer.take(number, "first")
    assert not writer.end_job(number, "second", judgement=judgement(run))
    assert store.verdicts(run) == ()
    assert writer.end_job(number, "first", judgement=judgement(run))
    assert not writer.end_job(number, "first", judgement=judgement(run))
    assert [one.verdict for one in store.verdicts(run)] == ["identical"]
    assert store.job(number).verdict == "identical"  # type: ignore[union-attr]


def test_others_see_where_a_job_is_and_the_worker_that_it_was_cancelled(
    store: Store, hand: Any, ask: Ask
) -> None:
    first, second = ask(2)
    writer = hand.writer
    for number in (first, second):
        writer.take(number, "w")
    assert writer.seen("w", [Step(first, "whole", 3, 7)], [first, second]) == frozenset()
    job = store.job(first)
    assert job is not None
    assert (job.phase, job.cell, job.cells) == ("whole", 3, 7)
    assert writer.cancel_jobs([second]) == 1
    assert writer.seen("w", [], [first, second]) == {second}
    assert not writer.end_job(second, "w", said="late")
    assert writer.cancel_jobs([second]) == 0


def test_what_a_worker_gives_back_waits_as_if_never_taken(
    store: Store, hand: Any, ask: Ask
) -> None:
    numbers = ask(3)
    for number in numbers[:2]:
        hand.writer.take(number, "w")
    hand.writer.end_job(numbers[0], "w")
    assert hand.writer.give_back("w") == 1
    assert [(job.state, job.tries) for job in store.jobs()] == [
        ("done", 1),
        ("waiting", 0),
        ("waiting", 0),
    ]


def test_the_jobs_of_a_dead_worker_wait_again_those_of_a_live_one_do_not(
    store: Store, hand: Any, ask: Ask
) -> None:
    first, second = ask(2)
    lock = hand.writer.work_as("alive")
    hand.writer.take(first, "alive")
    hand.writer.take(second, "dead")
    assert hand.writer.requeue() == 1
    assert [job.state for job in store.jobs()] == ["running", "waiting"]
    lock.release()
    assert hand.writer.requeue() == 1
    assert [job.state for job in store.jobs()] == ["waiting", "waiting"]


def test_a_worker_of_another_process_is_dead_when_it_is_killed(
    tmp_path: Path, local: Store, local_hand: Any
) -> None:
    ref = local_hand.run()
    batch = local_hand.writer.add_batch("replay", "one", {}, [("replay", ref, {})])
    (job,) = local.jobs(batch.id)
    code = (
        "import sys, time; from mm_jupyter.store import Store\n"
        f"writer = Store.open({str(tmp_path / '.mm')!r}).writer(who='other')\n"
        f"lock = writer.work_as('other'); writer.take({job.id}, 'other'); print('taken', flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "taken\n"
    assert local_hand.writer.requeue() == 0
    child.kill()
    child.communicate()
    assert local_hand.writer.requeue() == 1
    assert not local_hand.writer.end_job(job.id, "other")


def test_a_job_over_which_workers_die_again_and_again_has_failed(
    store: Store, hand: Any, ask: Ask
) -> None:
    (number,) = ask()
    for _ in range(jobs.TRIES):
        assert hand.writer.take(number, "dead")
        hand.writer.requeue()
    job = store.job(number)
    assert job is not None
    assert (job.state, job.tries) == ("failed", jobs.TRIES)
    assert "died over it" in str(job.said)


def test_where_there_are_no_locks_a_silent_worker_counts_as_dead(
    store: Store, hand: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (number,) = ask()
    hand.writer.take(number, "w")

    def none(*_: object, **__: object) -> None:
        raise OSError("no locks")

    monkeypatch.setattr(hand.writer._locks, "take", none)
    assert hand.writer.work_as("w") is None
    assert hand.writer.requeue() == 0
    later = time.time() + jobs.SILENT + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert hand.writer.requeue() == 1


def test_a_batch_counts_its_jobs_and_is_found_by_its_name(
    store: Store, hand: Any, ask: Ask
) -> None:
    numbers = ask(4)
    for number in numbers[:3]:
        hand.writer.take(number, "w")
    hand.writer.end_job(numbers[0], "w")
    hand.writer.end_job(numbers[1], "w", said="no", failed=True)
    (state,) = store.batches(5)
    assert (state.done, state.failed, state.running, state.waiting) == (1, 1, 1, 1)
    assert (state.total, state.left) == (4, 2)
    assert store.batch(state.batch.id) == state
    assert state.batch.options == {"times": 1}
    with pytest.raises(NotFound, match="no batch of jobs 'sweep-none'"):
        store.batch("sweep-none")


def test_a_batch_with_a_run_that_is_not_there_is_not_added(store: Store, hand: Any) -> None:
    ref = hand.run()
    with pytest.raises(NoSuchRun):
        hand.writer.add_batch(
            "replay", "two", {}, [("replay", ref, {}), ("replay", RunRef("churn", 9), {})]
        )
    assert store.batches(5) == ()
    assert store.jobs() == ()


def test_a_deleted_run_takes_its_jobs_with_it(store: Store, hand: Any, ask: Ask) -> None:
    (number,) = ask()
    hand.writer.take(number, "w")
    hand.writer.delete([RunRef("churn", 1)])
    assert store.job(number) is None
    assert not hand.writer.end_job(number, "w", judgement=judgement(RunRef("churn", 1)))


def test_asking_and_cancelling_are_in_the_audit_log_steps_are_not(
    store: Store, hand: Any, ask: Ask
) -> None:
    (number,) = ask()
    hand.writer.take(number, "w")
    before = len(store.audit())
    hand.writer.seen("w", [Step(number, "whole", 1, 2)], [number])
    assert len(store.audit()) == before
    hand.writer.cancel_jobs([number])
    assert [entry.what for entry in store.audit()][-1] == "jobs.cancelled"
    assert "jobs.asked" in [entry.what for entry in store.audit()]


def test_a_watch_tells_a_step_of_a_job_from_a_change_of_a_run(
    store: Store, hand: Any, ask: Ask, place: Path | str
) -> None:
    (number,) = ask()
    other = Store.open(place)
    watch = other.watch()
    hand.writer.take(number, "w")
    assert watch.changed() == ("jobs",)
    hand.writer.seen("w", [Step(number, "whole", 1, 2)], [number])
    assert watch.changed() == ("jobs",)
    assert watch.changed() == ()
    hand.run()
    assert watch.changed() == ("store",)
    watch.close()
    other.close()


def test_a_point_of_a_sweep_has_parameters_and_then_a_run(store: Store, hand: Any) -> None:
    asked = [("point", None, {"lr": 0.1, "name": "a", "on": True, "none": None})]
    batch = hand.writer.add_batch("sweep", "a sweep", {}, asked)
    (job,) = store.jobs(batch.id)
    assert job.run is None
    assert job.parameters == {"lr": 0.1, "name": "a", "on": True, "none": None}
    hand.writer.take(job.id, "w")
    ref = hand.run()
    hand.writer.end_job(job.id, "w", run=ref)
    assert store.job(job.id).run == ref  # type: ignore[union-attr]
