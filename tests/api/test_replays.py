"""The verbs that make runs again, before any kernel starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from mm_jupyter.api import recipes, replays, runs
from mm_jupyter.errors import BadInput, BadRunName, CannotReplay, NoSuchRun
from mm_jupyter.records import RunRef
from mm_jupyter.workspace import Workspace


@pytest.fixture
def four(hand: Any) -> None:
    hand.run()
    hand.run(status="failed")
    hand.run("other")
    hand.run("other", status="running")


@pytest.mark.parametrize(
    ("names", "options", "expected"),
    [
        (["churn/1"], {}, ["churn/1"]),
        (["other/1", "churn/1", "other/1"], {}, ["other/1", "churn/1"]),
        ([], {"every": True}, ["churn/1", "churn/2", "other/1"]),
        ([], {"query": "experiment == 'other'"}, ["other/1"]),
        (["churn/2"], {"query": "status == 'completed'"}, ["churn/2", "churn/1", "other/1"]),
    ],
)
def test_which_runs_are_meant(
    space: Workspace, four: None, names: list[str], options: Any, expected: list[str]
) -> None:
    assert replays.resolve(names, workspace=space, **options) == expected


def test_where_none_is_meant_or_fits_it_is_said(space: Workspace, hand: Any) -> None:
    with pytest.raises(BadInput, match="Which runs"):
        replays.resolve([], workspace=space)
    with pytest.raises(BadInput, match="no run that ended yet"):
        replays.resolve([], every=True, workspace=space)
    with pytest.raises(BadInput, match="No run that ended fits"):
        replays.resolve([], query="status == 'failed'", workspace=space)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"allow": ["internet"]}, "'network', 'process' or a path, not 'internet'"),
        ({"allow": [""]}, "'network', 'process' or a path, not ''"),
        ({"times": 0}, "--times takes a number from 1 on, not 0"),
        ({"jobs": 0}, "--jobs takes a number from 1 on, not 0"),
    ],
)
def test_a_bad_option_is_said_before_anything_runs(
    space: Workspace, four: None, options: Any, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        replays.replay("churn/1", workspace=space, **options)
    assert replays.verdicts("churn/1", workspace=space) == []


@pytest.mark.parametrize("text", ["./out", "/tmp/x", "~/x", "out/put", "."])
def test_a_path_is_allowed_from_where_it_was_said(text: str) -> None:
    allowed = Path(replays.allowed(text))
    assert allowed.is_absolute()
    assert "~" not in str(allowed)


def test_one_bad_name_among_many_stops_all(space: Workspace, four: None) -> None:
    with pytest.raises(NoSuchRun):
        replays.replay(["churn/1", "churn/9"], workspace=space)
    with pytest.raises(BadRunName):
        replays.replay(["churn/1", "churn"], workspace=space)
    assert runs.get("churn/1", workspace=space).row.verdict is None


def test_a_run_that_goes_on_is_not_replayed(space: Workspace, four: None) -> None:
    with pytest.raises(CannotReplay, match="other/2 cannot be replayed"):
        replays.replay("other/2", workspace=space)


def test_a_recipe_is_a_notebook(space: Workspace, hand: Any, tmp_path: Path) -> None:
    name = hand.run(source="fit = 1")
    made = recipes.write_recipe(name, tmp_path / "r.ipynb", workspace=space)
    assert (made.slice, made.verified, made.of) == ("optimistic", False, 1)
    notebook = nbformat.read(tmp_path / "r.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[-1].source == "fit = 1"
    assert notebook.metadata.mm_jupyter.run == name
    json.loads((tmp_path / "r.ipynb").read_text())


def test_another_slice_is_given_on_demand(space: Workspace, hand: Any) -> None:
    hand.run("first", source="unrelated = 1")
    name = hand.run(source="fit = 1")
    assert [s.source for s in recipes.recipe(name, workspace=space).steps] == ["fit = 1"]
    whole = recipes.recipe(name, how="whole", workspace=space)
    assert [step.source for step in whole.steps] == ["unrelated = 1", "fit = 1"]
    with pytest.raises(CannotReplay, match="--minimise"):
        recipes.recipe(name, how="minimal", workspace=space)


@pytest.mark.parametrize("where", ["nowhere/r.ipynb", "."])
def test_a_recipe_that_cannot_be_written_is_one_sentence(
    space: Workspace, hand: Any, where: str
) -> None:
    name = hand.run()
    with pytest.raises(BadInput, match="The recipe cannot be written to"):
        recipes.write_recipe(name, where, workspace=space)


def test_a_verdict_is_kept_with_the_notebook_that_was_replayed(space: Workspace, hand: Any) -> None:
    name = hand.run(source="fit = 1 + 1", metrics={"fit": 2.0})
    told: list[replays.ReplayProgress] = []
    (judgement,) = replays.replay(name, progress=told.append, workspace=space)
    assert judgement.verdict == "identical", judgement
    assert replays.verdicts(name, workspace=space) == [judgement]
    assert judgement.recipe is not None
    kept = nbformat.reads(space.store.read_blob(judgement.recipe).decode(), as_version=4)
    assert kept.cells[-1].execution_count is not None
    assert {one.run for one in told} == {RunRef("churn", 1)}
    assert told[-1].cell == told[-1].cells
    assert runs.get(name, workspace=space).row.verdict == "identical"
    assert recipes.recipe(name, workspace=space).verified
