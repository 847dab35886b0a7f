"""Numbers, times and sizes are shown as the interface's rules say."""

from __future__ import annotations

import math
import time

import pytest

from mm_jupyter.cards import numbers
from mm_jupyter.records import Scalar


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.8642, "0.8642"),
        (0.931, "0.931"),
        (0.123456789, "0.1235"),
        (0.5, "0.5"),
        (1.0, "1"),
        (7043.0, "7,043"),
        (1234567.0, "1,234,567"),
        (1234567.5, "1.23e6"),
        (0.000012, "1.2e-5"),
        (0.00012345, "1.23e-4"),
        (12345.6789, "12,345.68"),
        (0.0, "0"),
        (-0.25, "\N{MINUS SIGN}0.25"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "\N{MINUS SIGN}∞"),
        (None, "\N{EN DASH}"),
    ],
)
def test_a_metric_keeps_four_decimals_at_most(value: float | None, shown: str) -> None:
    assert numbers.metric(value) == shown


def test_a_column_has_the_same_decimals() -> None:
    values = [0.5, 0.93, 0.8642]
    places = numbers.decimals(values)
    assert [numbers.metric(value, places) for value in values] == ["0.5000", "0.9300", "0.8642"]


@pytest.mark.parametrize(
    ("change", "places", "shown"),
    [
        (0.0081, 4, "+0.0081"),
        (-0.0174, 4, "\N{MINUS SIGN}0.0174"),
        (0.00001, 4, "+1e-5"),
        (0.0, 4, "0"),
        (math.nan, 4, "\N{EN DASH}"),
        (1234.5, 1, "+1,234.5"),
    ],
)
def test_a_delta_has_its_sign_and_is_never_rounded_to_nothing(
    change: float, places: int, shown: str
) -> None:
    assert numbers.delta(change, places) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0002, "<1 ms"),
        (0.004, "4 ms"),
        (0.4, "0.4 s"),
        (6.81, "6.8 s"),
        (59.97, "1 min"),
        (72.0, "1 min 12 s"),
        (7500.0, "2 h 5 min"),
        (100_000.0, "1 d 3 h"),
        (None, "\N{EN DASH}"),
    ],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert numbers.duration(seconds) == shown


@pytest.mark.parametrize(
    ("past", "shown"),
    [
        (5, "now"),
        (-30, "now"),
        (12 * 60 + 40, "12 min"),
        (3 * 3600 + 1, "3 h"),
        (36 * 3600, "1 d"),
    ],
)
def test_ages_under_a_week(past: float, shown: str) -> None:
    assert numbers.age(1_795_000_000 - past, 1_795_000_000) == shown


def test_older_ages_are_a_day_then_a_month() -> None:
    now = time.mktime((2026, 11, 24, 12, 0, 0, 0, 0, -1))
    assert numbers.age(time.mktime((2026, 11, 14, 12, 0, 0, 0, 0, -1)), now) == "14 Nov"
    assert numbers.age(time.mktime((2025, 11, 14, 12, 0, 0, 0, 0, -1)), now) == "Nov 2025"


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (512, "512 B"), (1240, "1.2 kB"), (48_000_000, "48 MB"), (3 * 10**12, "3.0 TB")],
)
def test_sizes(count: int, shown: str) -> None:
    assert numbers.size(count) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "True"),
        (0.05, "0.05"),
        (1e-5, "1e-05"),
        ("sqrt", "sqrt"),
        ("two\nlines", "two lines"),
        ("  ", "'  '"),
        ("a" * 50, "a" * 39 + "…"),
        (None, "None"),
    ],
)
def test_params_fit_on_one_line(value: Scalar, shown: str) -> None:
    assert numbers.param(value) == shown
