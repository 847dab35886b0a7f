"""Kept models come back, after a word of trust."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy
import pytest
from sklearn.linear_model import LinearRegression

from mm_jupyter.api.models import NoSuchModel, load_model
from mm_jupyter.errors import NoSuchRun, Untrusted
from mm_jupyter.kernel.models import keep_model
from mm_jupyter.workspace import Workspace


class Spy:
    """Makes a folder when it is loaded."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("loaded",)


def _keep(hand: Any, **kept: Any) -> str:
    return str(
        hand.run(models=tuple(keep_model(name, one, hand.sink.put) for name, one in kept.items()))
    )


def test_the_only_model_comes_back_and_predicts(space: Workspace, hand: Any) -> None:
    points = numpy.arange(6.0).reshape(3, 2)
    name = _keep(hand, model=LinearRegression().fit(points, [1.0, 2.0, 3.0]))
    again = load_model(name, trust=True, workspace=space)
    assert again.predict(points) == pytest.approx([1.0, 2.0, 3.0])
    assert load_model(name, "model", trust=True, workspace=space).coef_.shape == (2,)


def test_without_a_word_of_trust_nothing_is_loaded(space: Workspace, hand: Any) -> None:
    name = _keep(hand, spy=Spy())
    with pytest.raises(Untrusted, match=r"say so: mm.load_model\('churn/1', 'spy', trust=True\)"):
        load_model(name, workspace=space)
    assert not Path("loaded").exists()
    load_model(name, trust=True, workspace=space)
    assert Path("loaded").exists()


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("gone", "keeps no model gone: it has a, b"),
        (None, "keeps no model without a name: it has a, b"),
    ],
)
def test_which_model_must_be_clear(
    space: Workspace, hand: Any, model: str | None, says: str
) -> None:
    name = _keep(hand, a={"w": 1}, b={"w": 2})
    with pytest.raises(NoSuchModel, match=says):
        load_model(name, model, trust=True, workspace=space)
    assert load_model(name, "b", trust=True, workspace=space) == {"w": 2}


def test_what_was_not_kept_says_why(space: Workspace, hand: Any) -> None:
    name = _keep(hand, odd=threading.Lock())
    with pytest.raises(NoSuchModel, match="it cannot be pickled"):
        load_model(name, trust=True, workspace=space)
    with pytest.raises(NoSuchModel, match="it has none"):
        load_model(hand.run(), trust=True, workspace=space)
    with pytest.raises(NoSuchRun):
        load_model("churn/9", trust=True, workspace=space)
