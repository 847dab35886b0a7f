"""The queue and a sweep as people read them."""

from __future__ import annotations

from dataclasses import replace

from mm_jupyter.cards import batches_view, jobs_view, sweep_view
from mm_jupyter.records import RunRef
from mm_jupyter.records.jobs import Batch, BatchState, Job
from mm_jupyter.records.sweep import Point, Sweep
from tests.cards.conftest import MakeRow
from tests.cards.test_views import EVIL

BATCH = Batch(
    id="sweep-abc123", kind="sweep", title=f"{EVIL}.ipynb, 4 points", asked=100.0, who=EVIL
)
STATE = BatchState(batch=BATCH, done=2, failed=1, running=1, started=100.0, ended=160.0)


def text(view: object) -> str:
    return "\n".join("".join(span for span, _ in line) for line in view.lines)  # type: ignore[attr-defined]


def test_a_batch_says_how_far_it_is_and_how_long_it_will_take() -> None:
    said = text(batches_view([STATE], now=160.0))
    assert "[###############.....]" in said
    assert "2 done, 1 failed, 1 running, 20.0 s left" in said
    ended = replace(STATE, running=0, done=3)
    assert "3 done, 1 failed, 60 s" in text(batches_view([ended], now=500.0)).replace(
        "1 min", "60 s"
    )
    assert "'mm sweep' do" in text(batches_view([]))


def test_names_are_text_not_markup(row: MakeRow) -> None:
    job = Job(
        id=1,
        batch=BATCH.id,
        run=None,
        state="failed",
        asked=1.0,
        parameters={EVIL: EVIL},
        said=EVIL,
    )
    for html in (batches_view([STATE]).html, jobs_view([job]).html, sweep_view(sweep(row)).html):
        assert EVIL not in html


def test_jobs_are_called_by_run_or_parameters_and_many_are_cut() -> None:
    point = Job(
        id=1,
        batch="b",
        run=None,
        state="running",
        asked=1.0,
        parameters={"lr": 0.1, "n": 2},
        cell=1,
        cells=3,
        phase="executed",
    )
    replay = Job(
        id=2,
        batch="b",
        run=RunRef("churn", 7),
        state="done",
        asked=1.0,
        verdict="identical",
        said="The same.",
    )
    said = text(jobs_view([point, replay, *[replace(replay, id=n) for n in range(3, 303)]]))
    assert "lr 0.1, n 2" in said
    assert "executed, cell 1 of 3" in said
    assert "identical" in said
    assert "and 102 more" in said


def sweep(row: MakeRow) -> Sweep:
    points = (
        Point(parameters={"lr": 0.1}, state="done", row=row(1, metrics={"loss": 0.5}), said=None),
        Point(parameters={"lr": 0.2}, state="failed", row=None, said=EVIL),
        Point(parameters={"lr": 0.3}, state="done", row=row(2, metrics={"loss": 0.25}), said=None),
    )
    batch = replace(BATCH, options={"metric": "loss", "minimize": True})
    return Sweep(
        state=replace(STATE, batch=batch),
        notebook="n.ipynb",
        points=points,
        metric="loss",
        best=points[2].row.ref,
    )


def test_the_best_point_comes_first_and_says_so(row: MakeRow) -> None:
    lines = text(sweep_view(sweep(row))).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["run", "churn/2", "churn/1", "-"]
    assert lines[2].endswith("best")
    assert "failed: " in lines[4]
    assert (
        text(sweep_view(replace(sweep(row), metric=None, best=None)))
        .splitlines()[2]
        .startswith("  churn/1")
    )
