"""The verbs over runs."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mm_jupyter.api import runs
from mm_jupyter.errors import (
    BadInput,
    BadQuery,
    BadRunName,
    NoSuchExperiment,
    NoSuchRun,
    NotFound,
    NoWorkspace,
)
from mm_jupyter.workspace import Workspace


def _names(rows: Any) -> list[str]:
    return [str(row.ref) for row in rows]


@pytest.fixture
def three(hand: Any) -> None:
    hand.run(params={"depth": 3}, metrics={"accuracy": 0.8})
    hand.run(params={"depth": 5}, metrics={"accuracy": 0.9})
    hand.run("other", metrics={"loss": 0.1})


def test_without_a_workspace_there_is_one_sentence(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for verb in (runs.find, lambda: runs.get("churn/1"), lambda: runs.best("churn", "accuracy")):
        with pytest.raises(NoWorkspace, match=r"There is no \.mm folder here or above"):
            verb()


@pytest.mark.parametrize(
    ("query", "options", "expected"),
    [
        (None, {}, ["other/1", "churn/2", "churn/1"]),
        (None, {"limit": 1}, ["other/1"]),
        (None, {"limit": None, "sort": "started"}, ["churn/1", "churn/2", "other/1"]),
        ("metrics.accuracy > 0.85", {}, ["churn/2"]),
        ("experiment == 'churn'", {"sort": "metrics.accuracy"}, ["churn/1", "churn/2"]),
        ("params.depth < 5 or metrics.loss < 1", {"sort": "-started"}, ["other/1", "churn/1"]),
        (None, {"sort": "-metrics.accuracy"}, ["churn/2", "churn/1", "other/1"]),
        ("status == 'failed'", {}, []),
    ],
)
def test_runs_are_found_sorted_and_limited(
    space: Workspace, three: None, query: str | None, options: Any, expected: list[str]
) -> None:
    assert _names(runs.find(query, workspace=space, **options)) == expected
    if "limit" not in options:
        assert runs.count(query, workspace=space) == len(expected)


def test_a_fault_in_a_query_has_its_place(space: Workspace, three: None) -> None:
    with pytest.raises(BadQuery) as caught:
        runs.find("metrics.accuracy >", workspace=space)
    assert str(caught.value).splitlines()[-1].strip() == "^"
    with pytest.raises(BadQuery):
        runs.find(sort="-nonsense.", workspace=space)


def test_the_current_folders_workspace_is_taken(
    space: Workspace, three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = space.root / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    opened = runs.found(None)
    assert opened.root == space.root
    opened.store.close()


def test_a_run_that_is_not_there_offers_the_nearest(space: Workspace, three: None) -> None:
    assert runs.get("churn/2", workspace=space).source == "fit()"
    with pytest.raises(NoSuchRun, match=r"Did you mean churn/"):
        runs.get("churn/9", workspace=space)
    with pytest.raises(BadRunName):
        runs.get("churn", workspace=space)


def test_a_card_compares_with_the_version_before(space: Workspace, three: None) -> None:
    card = runs.card("churn/2", workspace=space)
    assert card.parent is not None
    assert str(card.parent.ref) == "churn/1"
    assert [(one.name, one.old, one.new) for one in card.changes if one.kind == "params"] == [
        ("depth", 3, 5)
    ]
    first = runs.card("churn/1", workspace=space)
    assert (first.parent, first.changes) == (None, ())


def test_a_diff_says_what_differs(space: Workspace, hand: Any) -> None:
    hand.run(source="a = 1\nfit(a)", params={"a": 1}, metrics={"acc": 0.5})
    hand.run(source="a = 2\nfit(a)", params={"a": 2}, metrics={"acc": 0.75})
    diff = runs.diff("churn/1", "churn/2", workspace=space)
    assert diff
    assert ("params", "a", 1, 2) in [(c.kind, c.name, c.old, c.new) for c in diff.changes]
    assert [(m.name, m.old, m.new) for m in diff.metrics] == [("acc", 0.5, 0.75)]
    assert "-a = 1" in diff.source
    assert "+a = 2" in diff.source
    assert not runs.diff("churn/1", "churn/1", workspace=space)
    with pytest.raises(NoSuchRun):
        runs.diff("churn/1", "churn/3", workspace=space)


# The best


@pytest.mark.parametrize(
    ("metric", "minimize", "expected"),
    [
        ("accuracy", None, "churn/2"),
        ("accuracy", True, "churn/1"),
        ("accuracy", False, "churn/2"),
        ("log_loss", None, "churn/1"),
        ("log_loss", False, "churn/2"),
        ("odd", True, "churn/1"),
    ],
)
def test_the_best_run_is_by_direction(
    space: Workspace, hand: Any, metric: str, minimize: bool | None, expected: str
) -> None:
    hand.run(metrics={"accuracy": 0.8, "log_loss": 0.1, "odd": 1.0})
    hand.run(metrics={"accuracy": 0.9, "log_loss": 0.2, "odd": 2.0})
    hand.run(metrics={"accuracy": math.nan, "log_loss": math.nan, "odd": math.nan})
    hand.run(metrics={"accuracy": 1.0, "log_loss": 0.0, "odd": 0.0}, status="failed")
    hand.run("other", metrics={"accuracy": 1.0, "log_loss": 0.0, "odd": 0.0})
    best = runs.best("churn", metric, minimize=minimize, workspace=space)
    assert str(best.ref) == expected


def test_what_has_no_best_is_said(space: Workspace, hand: Any, three: None) -> None:
    hand.run("odd", metrics={"depthness": 1.0})
    with pytest.raises(NoSuchExperiment, match=r"no experiment chrun\. Did you mean churn"):
        runs.best("chrun", "accuracy", workspace=space)
    with pytest.raises(BadInput, match="Which way is depthness better"):
        runs.best("odd", "depthness", workspace=space)
    with pytest.raises(BadInput, match=r"has a metric loss\. It has accuracy"):
        runs.best("churn", "loss", workspace=space)


# Saying things about runs


def test_tags_and_the_note_are_set_and_taken_away(space: Workspace, three: None) -> None:
    runs.tag("churn/1", {"stage": "base", "url": "http://x/?a=b"}, workspace=space)
    runs.tag("churn/1", {"stage": "prod", "url": None}, workspace=space)
    runs.note("churn/1", "first\ntry", workspace=space)
    row = runs.get("churn/1", workspace=space).row
    assert (row.tags, row.note) == ({"stage": "prod"}, "first\ntry")
    runs.note("churn/1", None, workspace=space)
    assert runs.get("churn/1", workspace=space).row.note is None
    for verb in (lambda: runs.tag("churn/9", {"a": "b"}, workspace=space),
                 lambda: runs.note("churn/9", "x", workspace=space)):  # fmt: skip
        with pytest.raises(NoSuchRun):
            verb()


def test_runs_are_deleted_together_or_not_at_all(space: Workspace, three: None) -> None:
    with pytest.raises(NoSuchRun):
        runs.delete(["churn/1", "churn/9"], workspace=space)
    assert len(runs.find(workspace=space)) == 3
    assert runs.delete(["churn/1", "churn/1", "other/1"], workspace=space) == 2
    assert _names(runs.find(workspace=space)) == ["churn/2"]


def test_a_deleted_version_is_never_given_again(space: Workspace, hand: Any) -> None:
    hand.run()
    hand.run()
    runs.delete(["churn/2"], workspace=space)
    assert hand.run() == "churn/3"


def test_a_series_comes_whole_or_is_said_not_to_be_there(space: Workspace, hand: Any) -> None:
    hand.run(series={"loss": (0.5, math.nan, 0.25)})
    chunk = runs.series("churn/1", "loss", workspace=space)
    assert chunk.steps == (0, 1, 2)
    assert chunk.values[::2] == (0.5, 0.25)
    assert math.isnan(chunk.values[1])
    with pytest.raises(NotFound, match="churn/1 has no series acc"):
        runs.series("churn/1", "acc", workspace=space)


def test_the_executions_of_a_run_end_with_it(space: Workspace, three: None) -> None:
    assert [one.seq for one in runs.executions("churn/2", workspace=space)] == [1, 2]


def test_who_has_a_name() -> None:
    assert runs.who()
