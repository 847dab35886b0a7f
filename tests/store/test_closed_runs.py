"""What the store says of a run that it has just closed, and what it remembers for that."""

from __future__ import annotations

from typing import Any

import pytest

from mm_jupyter.errors import NoSuchRun
from mm_jupyter.records import Metric, Outcome, Param, RunId, SessionId
from mm_jupyter.store import Store


def test_what_close_run_returns_is_what_is_read(store: Store, hand: Any) -> None:
    hand.run(metrics={"z": 1.0, "a": -0.0})
    run, ref = hand.writer.open_run(hand.opening(), ())
    outcome = Outcome(
        status="completed",
        seconds=1.0,
        params=(Param(name="p\0", value=2**70), Param(name="q", value="a\ud800", origin="given")),
        metrics=tuple(Metric(name=name, value=1.5) for name in ("a", "b", "z")),
        tags={"k\ud800": "v"},
    )
    closed = hand.writer.close_run(run, outcome, None)
    row = store.row(ref)
    assert sorted(closed.params, key=lambda one: one.name) == sorted(
        row.params, key=lambda one: one.name
    )
    assert (closed.metrics, closed.tags, closed.parent) == (row.metrics, row.tags, row.parent)
    assert list(closed.metrics) == ["z", "a", "b"]
    assert (closed.touched, closed.parent_touched) == (False, False)


def test_close_run_says_when_more_was_said_of_the_run_or_its_parent(hand: Any) -> None:
    first = hand.run()
    run, ref = hand.writer.open_run(hand.opening(), ())
    hand.writer.set_note(ref, "mine")
    closed = hand.writer.close_run(run, Outcome(status="completed", seconds=1.0), None)
    assert (closed.parent, closed.touched, closed.parent_touched) == (first, True, False)
    run, _ = hand.writer.open_run(hand.opening(), ())
    closed = hand.writer.close_run(run, Outcome(status="completed", seconds=1.0), None)
    assert (closed.touched, closed.parent_touched) == (False, True)


def test_a_source_is_kept_where_its_run_ended_with_another_text(store: Store, hand: Any) -> None:
    running = hand.execution(seq=1, status="running", source="a = 1")
    run, _ = hand.writer.open_run(hand.opening(seq=1), [running])
    with pytest.raises(NoSuchRun):
        hand.writer.close_run(RunId(99), Outcome(status="completed", seconds=1.0), running)
    for source in ("a = 1", "a = 2"):
        ended = hand.execution(seq=1, source=source)
        hand.writer.close_run(run, Outcome(status="completed", seconds=1.0), ended)
        assert [one.source for one in store.executions(SessionId("s1"))] == [source]


def test_reading_waits_for_others_after_writing(local: Store, local_hand: Any) -> None:
    def waits() -> list[int]:
        pool = local._database._pool
        assert pool is not None
        return [one.execute("PRAGMA busy_timeout").fetchone()[0] for one in pool._free]

    local_hand.run()
    assert 0 in waits()
    for _ in range(4):
        local.runs()
    assert waits()[-1] == 1000 * local._database.patience
