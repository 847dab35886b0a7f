"""A query is a checked condition or one sentence with a caret under the fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_jupyter.analysis.queries import MAX_LENGTH, parse_query, parse_sort
from mm_jupyter.errors import BadQuery
from mm_jupyter.records import And, Comparison, Condition, Field, Not, Or, SortKey

NOW = 1_800_000_000.0
ACCURACY = Field("metrics", "accuracy")
STAGE = Field("tags", "stage")


def run(name: str, operator: Any, value: Any) -> Comparison:
    return Comparison(Field("run", name), operator, value)


GOOD: dict[str, Condition] = {
    "metrics.accuracy > 0.9": Comparison(ACCURACY, ">", 0.9),
    "0.9 < metrics.accuracy": Comparison(ACCURACY, ">", 0.9),
    "0.8 <= metrics.accuracy < 0.9": And(
        (Comparison(ACCURACY, ">=", 0.8), Comparison(ACCURACY, "<", 0.9))
    ),
    'metrics["val acc"] == -1': Comparison(Field("metrics", "val acc"), "==", -1),
    "params.model.depth == 3": Comparison(Field("params", "model.depth"), "==", 3),
    "params.warm == True": Comparison(Field("params", "warm"), "==", True),
    "params.depth == None": Comparison(Field("params", "depth"), "==", None),
    "metrics.loss is not None": Comparison(Field("metrics", "loss"), "!=", None),
    "params.n in (1, 2)": Comparison(Field("params", "n"), "in", (1, 2)),
    'tags.stage not in ["a", "b"]': Comparison(STAGE, "not in", ("a", "b")),
    '"leak" in note': run("note", "in", "leak"),
    '"leak" not in note': run("note", "not in", "leak"),
    'status == "failed"': run("status", "==", "failed"),
    'verdict in ("identical", "equivalent")': run("verdict", "in", ("identical", "equivalent")),
    'experiment == "churn"': run("experiment", "==", "churn"),
    "seconds > 60": run("seconds", ">", 60),
    'started > "-24h"': run("started", ">", NOW - 86_400),
    'started > "-1.5d"': run("started", ">", NOW - 129_600),
    'started >= "2026-11-01T10:00:00+00:00"': run("started", ">=", 1_793_527_200.0),
    'not tags.stage == "a"': Not(Comparison(STAGE, "==", "a")),
    'metrics.accuracy > 0.9 and params.n >= 100 or tags.stage == "baseline"': Or(
        (
            And((Comparison(ACCURACY, ">", 0.9), Comparison(Field("params", "n"), ">=", 100))),
            Comparison(STAGE, "==", "baseline"),
        )
    ),
    " \n  metrics.accuracy\n > 1\0": Comparison(ACCURACY, ">", 1),
}


@pytest.mark.parametrize(("text", "condition"), GOOD.items())
def test_a_query(text: str, condition: Condition) -> None:
    assert parse_query(text, NOW) == condition


def test_no_query_is_every_run() -> None:
    assert parse_query("  ", NOW) is None


def test_a_date_is_local() -> None:
    condition = parse_query('started > "2026-11-01"', NOW)
    assert condition == run("started", ">", datetime(2026, 11, 1).astimezone().timestamp())


BAD = {
    "accuracy > 0.9": ("metrics.accuracy", "^accuracy"),
    'stage == "a"': ("tags.stage", "^stage"),
    'statsu == "failed"': ("status", "^statsu"),
    'status == "faild"': ('"faild": did you mean failed?', '^"faild"'),
    'status == "x"': ("running, completed", '^"x"'),
    "metric.accuracy > 1": ("metrics.accuracy", "^metric."),
    "run.status == 1": ("did you mean status?", "^run."),
    "metrics > 1": ("metrics.NAME", "^metrics"),
    "metrics.accuracy": ("Compare the field", "^metrics"),
    "metrics.a > metrics.b": ("not with another field", "^metrics.b"),
    'metrics.a > "0.9"': ("is a number", '^"0.9"'),
    "tags.stage == 5": ('"5" in quotes', "^5"),
    "1 < 2": ("One side must be a field", "^1"),
    "True": ("A condition compares", "^True"),
    "metrics.a = 1": ("'=='", "^= 1"),
    "metrics.a > 1 && params.b > 2": ("'and'", "^&&"),
    "(metrics.a > 1) & (params.b > 2)": ("'and'", "^& "),
    "metrics.a > 1 OR params.b > 2": ("'or'", "^OR"),
    "metrics.a >": ("ends too early", None),
    "(metrics.a > 1": ("bracket is never closed", "^(metrics"),
    'note == "abc': ("quote is never closed", '^"abc'),
    "metrics.a > 1; import os": ("This is no query", "^;"),
    "__import__('os').system('x') == 1": ("One side must be a field", "^__import__"),
    "metrics.a > open('x')": ("A value is a number", "^open"),
    "metrics.a > 1 if 1 else 2": ("A condition compares", "^metrics"),
    "metrics[a] > 1": ("field is metrics.NAME", "^metrics[a]"),
    "metrics.a > 1j": ("A value is a number", "^1j"),
    "metrics.a < None": ("None goes with", "^None"),
    "metrics.a == (1, 2)": ("goes with 'in'", "^(1"),
    'tags.stage in "ab"': ("list of values", '^"ab"'),
    "5 in params.n": ("Only a text", "^5"),
    'started > "soon"': ("a date", '^"soon"'),
    "metrics.ä > 1 and ü > 2": ("metrics.ü", "^ü"),
    "not " * 60 + "metrics.a > 1": ("nested too deeply", None),
    "(" * 300 + "metrics.a > 1" + ")" * 300: ("nested too deeply", None),
    "metrics." + "a" * MAX_LENGTH: ("2,008 characters", None),
}


@pytest.mark.parametrize(("text", "expected"), BAD.items(), ids=[text[:30] for text in BAD])
def test_a_wrong_query(text: str, expected: tuple[str, str | None]) -> None:
    why, under = expected
    with pytest.raises(BadQuery) as caught:
        parse_query(text, NOW)
    error = caught.value
    assert why in error.why
    assert "\n" not in error.why
    lines = str(error).split("\n")
    assert len(lines) == 3
    if under is not None:
        assert lines[1][lines[2].index("^") :].startswith(under[1:])


def test_sorting() -> None:
    assert parse_sort("-metrics.accuracy") == SortKey(ACCURACY, True)
    assert parse_sort(" started") == SortKey(Field("run", "started"), False)
    assert parse_sort('-metrics["val acc"]') == SortKey(Field("metrics", "val acc"), True)


@pytest.mark.parametrize(
    ("text", "why", "column"),
    [
        ("-accuracy", "metrics.accuracy", 1),
        ("", "missing", 0),
        ("-", "missing", 1),
        ("metrics.a > 1", "A field is", 0),
    ],
)
def test_a_wrong_order(text: str, why: str, column: int) -> None:
    with pytest.raises(BadQuery) as caught:
        parse_sort(text)
    assert why in caught.value.why
    assert caught.value.column == column


PIECES = st.sampled_from(
    "metrics params tags . [ ] ( ) , 'a' \"b\" 0.9 1 - + ~ not and or in is == != < <= > >= = & | status started "
    "verdict note None True lambda : if else for await yield := {x} f'{x}' * ** @ \\ # \n \t \0 é 1e999 ... ;".split(
        " "
    )
)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(PIECES, max_size=25).map(" ".join),
        st.lists(PIECES).map("".join),
    )
)
def test_any_text_is_a_condition_or_a_sentence(text: str) -> None:
    for parse in (lambda: parse_query(text, NOW), lambda: parse_sort(text)):
        wrong = _wrong(parse)
        if wrong is not None:
            assert 0 <= wrong.column <= len(wrong.text)
            assert len(str(wrong).split("\n")) == 3


def _wrong(parse: Callable[[], object]) -> BadQuery | None:
    try:
        parse()
    except BadQuery as error:
        return error
    return None
