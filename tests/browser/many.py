"""A store with as many runs as one asks for, made by the writer itself."""

from __future__ import annotations

import os
import random
from pathlib import Path

from mm_jupyter.records import Metric, Outcome, Param, RunOpening, Session, SessionId
from mm_jupyter.workspace import open_or_create


def fill(folder: Path, runs: int, *, started: float = 1.7e9) -> None:
    """``runs`` runs with 50 params and 3 metrics in 5 experiments, one a second."""
    space = open_or_create(folder)
    change = space.store.writer(who="benchmark")
    session = Session(
        id=SessionId("bench"), notebook="many.ipynb", started=started, user="benchmark", host="bench",
        pid=os.getpid(), cwd=".",
    )  # fmt: skip
    change.open_session(session)
    dice = random.Random(0)
    for number in range(runs):
        opening = RunOpening(
            experiment=f"sweep{number % 5}", kind="cell", session=session.id, seq=None, cell_id=None,
            started=started + number, source="accuracy = fit(x)", environment=None,
        )  # fmt: skip
        run, _ = change.open_run(opening, ())
        params = tuple(
            Param(name=f"p{i}", value=dice.randint(0, 9) if i < 5 else i) for i in range(50)
        )
        metrics = tuple(
            Metric(name=name, value=dice.random()) for name in ("accuracy", "loss", "f1")
        )
        outcome = Outcome(status="completed", seconds=0.1, params=params, metrics=metrics)
        change.close_run(run, outcome, None)
    space.store.close()
