"""What a person who looks through a history gets."""

from __future__ import annotations

from typing import Any

from mm_jupyter.api.groups import history
from mm_jupyter.api.history import page, sampled
from mm_jupyter.records import Outcome, RunOpening, SeriesChunk, Session, SessionId


def test_a_sampled_series_keeps_its_ends_and_every_spike() -> None:
    values = [0.0] * 10_000
    values[4321], values[8765] = 9.0, -9.0
    steps = tuple(range(10_000))
    found = sampled(
        SeriesChunk(name="loss", steps=steps, values=tuple(values), times=tuple(values)), 200
    )
    assert len(found.steps) <= 202
    assert (found.steps[0], found.steps[-1]) == (0, 9999)
    points = dict(zip(found.steps, found.values, strict=True))
    assert (points[4321], points[8765]) == (9.0, -9.0)


def test_a_history_of_one_notebook_and_of_a_search_in_it(space: Any, hand: Any) -> None:
    for number in range(3):
        hand.run("churn", metrics={"accuracy": number / 10})
    alone = history(notebook="work.ipynb", workspace=space)
    assert alone == history(workspace=space)  # all runs are of this notebook
    assert page(notebook="work.ipynb", workspace=space).total == 3
    other = SessionId("1" * 26)
    hand.sink.open_session(
        Session(
            id=other, notebook="other.ipynb", started=2000.0, user="tester", host="h", pid=1,
            cwd=".",
        )
    )  # fmt: skip
    run, _ = hand.sink.open_run(
        RunOpening(
            experiment="churn", kind="cell", session=other, seq=None, cell_id="c1", started=2001.0,
            source="fit()", environment=None, tags={},
        ),
        (),
    )  # fmt: skip
    hand.sink.close_run(run, Outcome(status="failed", seconds=1.0), None)
    both = history(workspace=space)
    assert (both.total, both.fits, both.experiments[0].count) == (4, 4, 4)
    assert history(notebook="work.ipynb", workspace=space) == alone
    assert page(notebook="work.ipynb", workspace=space).total == 3
    good = history("metrics.accuracy > 0.05", notebook="work.ipynb", workspace=space)
    assert (good.total, good.fits) == (3, 2)
    assert [(one.low, one.high, one.best) for one in good.experiments] == [(0.1, 0.2, 3)]
    none = history("metrics.accuracy > 1", workspace=space)
    assert (none.total, none.fits, none.experiments) == (4, 0, ())
