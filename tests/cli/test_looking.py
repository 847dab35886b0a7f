"""runs, show, diff, best, verdict, log over a real store."""

from __future__ import annotations

SUMMARY = {"run", "kind", "status", "params", "metrics", "noise"}


def test_runs_lists_newest_first(mm, store) -> None:
    said = mm("runs")
    assert said.status == 0
    assert [line.split()[0] for line in said.out.splitlines()[:3]] == [
        "churn/3",
        "churn/2",
        "churn/1",
    ]
    assert "0.95" in said.out
    assert "+0.05 better" in said.out
    assert "depth 1 -> 2" in said.out
    assert "3 runs" in said.out


def test_runs_as_json_is_a_list_of_summaries(mm, store) -> None:
    rows = mm("runs", "--json").json
    assert [row["run"] for row in rows] == ["churn/3", "churn/2", "churn/1"]
    assert all(row.keys() == SUMMARY for row in rows)
    assert rows[1]["metrics"] == {"accuracy": 0.95}
    assert rows[0]["status"] == "failed"


def test_runs_takes_a_query_a_key_and_a_limit(mm, store) -> None:
    found = mm("runs", "metrics.accuracy > 0.92", "--json").json
    assert [row["run"] for row in found] == ["churn/2"]
    rows = mm("runs", "--sort", "metrics.accuracy", "-n", "1", "--json").json
    assert [row["run"] for row in rows] == ["churn/1"]
    assert "1 of 3 runs" in mm("runs", "-n", "1").out
    assert "No run fits" in mm("runs", "metrics.accuracy > 2").out


def test_a_wrong_query_gets_a_caret_under_the_fault(mm, store) -> None:
    said = mm("runs", "metrics.accuracy >> 1")
    assert said.status == 64
    assert "^" in said.err.splitlines()[-1]


def test_show_says_everything(mm, store) -> None:
    said = mm("show", "churn/2")
    assert said.status == 0
    assert "changed since churn/1" in said.out
    full = mm("show", "churn/2", "--json").json
    assert full.keys() > SUMMARY
    assert full["source"] == "depth = 2\naccuracy = 0.95"
    assert full["parent"] == "churn/1"
    assert mm("show", "churn/3", "--json").json["error"]["name"] == "ValueError"


def test_an_unknown_run_names_the_nearest(mm, store) -> None:
    said = mm("show", "churm/2")
    assert said.status == 64
    assert "churn/2" in said.err
    assert mm("show", "churn").status == 64


def test_diff(mm, store) -> None:
    found = mm("diff", "churn/1", "churn/2", "--json").json
    assert {"kind": "params", "name": "depth", "old": 1, "new": 2} in found["changes"]
    assert {"name": "accuracy", "old": 0.9, "new": 0.95} in found["metrics"]
    assert "depth  1  ->  2" in mm("diff", "churn/1", "churn/2").out


def test_best_reads_the_better_way_from_the_name(mm, store) -> None:
    assert mm("best", "churn", "accuracy", "--json").json["run"] == "churn/2"
    assert mm("best", "churn", "accuracy", "--min", "--json").json["run"] == "churn/1"
    assert mm("best", "churn", "accuracy").out.startswith("churn/2  accuracy 0.95")
    assert mm("best", "churn", "nothing").status == 64


def test_a_run_that_was_not_replayed_has_no_verdict(mm, store) -> None:
    said = mm("verdict", "churn/1")
    assert said.status == 3
    assert "mm replay churn/1" in said.out
    assert mm("verdict", "churn/1", "--json").json == []


def test_log_shows_who_did_what(mm, store) -> None:
    entries = mm("log", "--json").json
    assert entries
    assert {entry["who"] for entry in entries} == {"tester"}
    assert "tester" in mm("log", "-n", "1").out
