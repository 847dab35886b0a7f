"""A user's noise rules are read from tables, and a wrong one is said in a sentence."""

from __future__ import annotations

import pytest

from mm_jupyter.analysis.comparing import UserRule, user_rules
from mm_jupyter.analysis.comparing.patterns import TooSlow, without
from mm_jupyter.errors import BadInput


def test_a_text_is_a_pattern_and_a_table_a_whole_rule() -> None:
    said = {"job": r"job \d+", "loose": {"item": "auc", "kind": "metric", "rtol": 1e-3}}
    assert user_rules(said, "here") == (
        UserRule(name="job", pattern=r"job \d+"),
        UserRule(name="loose", item="auc", kind="metric", rtol=1e-3),
    )


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"a": "("}, "is no regular expression"),
        ({"a": 3}, "takes a regular expression, or a table"),
        ({"a": {}}, "takes a regular expression, or a table"),
        ({"a": {"rtol": "x"}}, "has no use for rtol = 'x'"),
        ({"a": {"color": "red"}}, "has no use for color"),
        ({"a": {"pattern": "["}}, "is no regular expression"),
    ],
)
def test_what_is_no_rule_is_said(said: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as raised:
        user_rules(said, "pyproject.toml")
    assert "pyproject.toml" in str(raised.value)
    assert "'a'" in str(raised.value)


def test_what_a_pattern_matches_is_left_out() -> None:
    assert without(r"job \d+", ["job 1 done ä", "job 22 done ä"]) == [" done ä", " done ä"]


def test_a_pattern_that_runs_away_is_stopped() -> None:
    with pytest.raises(TooSlow, match=r"longer than 0\.5 s"):
        without(r"(a+)+$", ["a" * 60 + "b"], seconds=0.5)
