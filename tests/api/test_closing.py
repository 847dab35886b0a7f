"""The card drawn from memory is the one that the store would give."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mm_jupyter import magics
from mm_jupyter.api import runs
from mm_jupyter.api.closing import RECENT, RememberingSink
from mm_jupyter.cards.run_cards import run_card
from mm_jupyter.records import (
    Environment,
    Execution,
    Failure,
    FileUse,
    Metric,
    Model,
    Noise,
    Outcome,
    Param,
    RunCard,
    RunOpening,
    RunRef,
    Session,
    SessionId,
    Spread,
    to_json,
)
from mm_jupyter.store import Store
from mm_jupyter.workspace import Workspace

SESSION = SessionId("1" * 26)


class Kernel:
    """Closes runs through the sink of a kernel, and counts what is read from the store meanwhile."""

    def __init__(self, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.space, self.sink, self.read = space, RememberingSink(space), 0
        self._numbers = itertools.count(1)
        self.sink.open_session(
            Session(
                id=SESSION, notebook="a\ud800.ipynb", started=1.0, user="ada", host="h", pid=1, cwd="."
            )
        )  # fmt: skip
        monkeypatch.setattr(Store, "run", self._counting(Store.run))

    def _counting(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def counted(store: Store, ref: RunRef) -> Any:
            self.read += 1
            return run(store, ref)

        return counted

    def open(self, experiment: str = "churn", **opening: Any) -> tuple[Any, RunRef]:
        seq = next(self._numbers)
        known: dict[str, Any] = {"kind": "cell", "environment": None, "source": f"fit({seq})"}
        return self.sink.open_run(
            RunOpening(
                experiment=experiment,
                session=SESSION,
                seq=seq,
                cell_id="c1",
                started=1.0 + seq,
                **{**known, **opening},
            ),
            [
                Execution(
                    session=SESSION, seq=seq, cell_id="c1", count=seq, source="", started=1.0,
                    seconds=0.0, status="running",
                )
            ],
        )  # fmt: skip

    def card(self, experiment: str = "churn", *, opening: Any = None, **outcome: Any) -> RunCard:
        run, ref = self.open(experiment, **(opening or {}))
        return self.close(run, ref, **outcome)

    def close(self, run: Any, ref: RunRef, **outcome: Any) -> RunCard:
        self.sink.close_run(
            run, Outcome(**{"status": "completed", "seconds": 0.25, **outcome}), None
        )
        return self.sink.card(ref)

    def stored(self, card: RunCard) -> RunCard:
        """The same card as the store gives it."""
        return runs.card(str(card.row.ref), workspace=self.space)


@pytest.fixture
def kernel(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(space, monkeypatch)


def same(one: RunCard, other: RunCard) -> bool:
    """Equal, also where a number is NaN, and shown alike."""
    order = [list(card.row.metrics) for card in (one, other)]
    drawn = [run_card(card).bundle() for card in (one, other)]
    return to_json(one) == to_json(other) and order[0] == order[1] and drawn[0] == drawn[1]


FAILURE = Failure(name="ValueError", message="bad \ud800 value", traceback="line 1")
MODEL = Model(
    name="model", type="sklearn.svm.SVC", state=None, form=None, format=None, content=None, size=9
)
OUTCOMES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "failed": {"status": "failed", "failure": FAILURE},
    "interrupted": {"status": "interrupted", "seconds": 7.5},
    "numbers": {
        "metrics": tuple(
            Metric(name=name, value=value)
            for name, value in (("z", 1), ("acc", 0.5), ("n", math.nan), ("i", -math.inf), ("m", -0.0))
        )
    },
    "params": {
        "params": tuple(
            Param(name=f"p{number}", value=value, origin="given")
            for number, value in enumerate((None, True, 2**70, 1.5, -0.0, math.nan, "a\0b\ud800", 3))
        )
    },
    "words": {"tags": {"stage": "b", "k\ud800": "v\0"}, "note": "a \ud800 note"},
    "model and files": {
        "models": (MODEL,),
        "files": (
            FileUse(path="a.csv", role="input", digest=None, size=3),
            FileUse(path="b.csv", role="output", digest=None, size=3),
        ),
    },
}  # fmt: skip


@pytest.mark.parametrize("second", OUTCOMES)
@pytest.mark.parametrize("first", OUTCOMES)
def test_a_card_from_memory_is_the_one_in_the_store(
    kernel: Kernel, first: str, second: str
) -> None:
    opening = {"tags": {"stage": "a", "who": "me"}, "note": "opened"}
    for name in (first, second):
        card = kernel.card(opening=opening, **OUTCOMES[name])
        assert kernel.read == 0
        assert same(card, kernel.stored(card))
        kernel.read = 0
    assert card.parent is not None


def test_metrics_stand_as_the_store_orders_them(kernel: Kernel) -> None:
    kernel.card(metrics=(Metric(name="b_loss", value=1.0), Metric(name="a_loss", value=1.0)))
    card = kernel.card(metrics=(Metric(name="a_loss", value=2.0), Metric(name="b_loss", value=1.0)))
    assert list(card.row.metrics) == ["b_loss", "a_loss"]
    assert same(card, kernel.stored(card))


def test_an_environment_that_changed_is_said(kernel: Kernel) -> None:
    old = Environment(
        python="3.11.7", implementation="CPython", platform="Linux", machine="x", processor="",
        cpus=2, packages=(), threads={"omp": 2}, blas=("openblas",), variables={"A": "1"},
    )  # fmt: skip
    digests = [kernel.sink.environment(one) for one in (old, replace(old, cpus=4))]
    kernel.card(opening={"environment": digests[0]})
    card = kernel.card(opening={"environment": digests[0]}, environment=digests[1])
    assert [(one.name, one.old, one.new) for one in card.changes if one.kind != "code"] == [
        ("cpus", "2", "4")
    ]
    assert same(card, kernel.stored(card))


def test_what_others_said_of_a_run_or_its_parent_is_on_the_card(
    kernel: Kernel, space: Workspace
) -> None:
    accuracy = (Metric(name="accuracy", value=0.5),)
    kernel.card(metrics=accuracy)
    spread = Spread(
        metric="accuracy", recorded=0.5, values=(0.5,), mean=0.5, deviation=0.25, low=0.0, high=1.0
    )
    noise = Noise(
        run=RunRef("churn", 1), said="", spreads=(spread,), replays=(), seeds=(), not_varied=(),
        seconds=1.0, at=1.0,
    )  # fmt: skip
    space.store.writer(who="bob").add_noise(noise)
    run, ref = kernel.open()
    runs.tag("churn/2", {"seen": "yes"}, workspace=space)
    card = kernel.close(run, ref, metrics=accuracy)
    assert card.parent is not None
    assert card.parent.noise == {"accuracy": 0.25}
    assert card.row.tags == {"seen": "yes"}
    assert same(card, kernel.stored(card))


def test_a_parent_that_was_deleted_is_none(kernel: Kernel, space: Workspace) -> None:
    kernel.card()
    run, ref = kernel.open()
    runs.delete(["churn/1"], workspace=space)
    card = kernel.close(run, ref)
    assert card.parent is None
    assert same(card, kernel.stored(card))


def test_a_version_of_another_kernel_is_the_parent(kernel: Kernel, hand: Any) -> None:
    kernel.card()
    hand.run("churn", metrics={"accuracy": 0.5})
    card = kernel.card(metrics=(Metric(name="accuracy", value=0.75),))
    assert card.parent is not None
    assert card.parent.metrics == {"accuracy": 0.5}
    assert same(card, kernel.stored(card))


def test_a_run_within_a_notebook_has_its_card(kernel: Kernel) -> None:
    outer, _ = kernel.open("book", kind="notebook")
    card = kernel.card(opening={"within": outer})
    assert card.row.within == RunRef("book", 1)
    assert same(card, kernel.stored(card))


def test_experiments_in_turn_are_each_compared_from_memory(kernel: Kernel) -> None:
    for _ in range(2):
        for name in ("churn", "bikes"):
            card = kernel.card(name)
    assert kernel.read == 0
    assert card.parent is not None
    for number in range(2 * RECENT):
        kernel.card(f"e{number}")
    assert len(kernel.sink._recent) == RECENT


@pytest.mark.parametrize("end", ["", "\n1/0", "\nraise KeyboardInterrupt"])
def test_a_cell_shows_the_card_that_the_store_gives(
    space: Workspace, end: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shown: list[RunCard] = []
    monkeypatch.setattr(magics, "_show", shown.append)
    magics.load_ipython_extension(shell, in_cell=False)
    try:
        for depth in (3, 4):
            shell.run_cell(f"%%track bench -t stage=a\ndepth = {depth}\nscore = sum([depth]){end}")
            card = shown[-1]
            assert same(card, runs.card(str(card.row.ref), workspace=space))
    finally:
        magics.unload_ipython_extension(shell)
    assert card.parent is not None
    assert [(one.name, one.new) for one in card.changes][:1] == [("depth", 4)]
