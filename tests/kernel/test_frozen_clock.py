"""A clock that stands is one clock, and the objects that it gives are real ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import datetime, pickle, time
from datetime import date, datetime as dt
{before}
from mm_jupyter.kernel.frozen_clock import stand_at
stand_at(1_700_000_000.25)
{code}
print(result)
"""


def _run(code: str, before: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(code=code, before=before)],
        capture_output=True, text=True, check=True, env={"TZ": "UTC"},
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("result = time.time()", "1700000000.25"),
        ("result = time.time_ns()", "1700000000250000000"),
        ("result = time.strftime('%Y-%m-%d %H:%M')", "2023-11-14 22:13"),
        ("result = time.strftime('%Y', time.gmtime(0))", "1970"),
        ("result = time.ctime()", "Tue Nov 14 22:13:20 2023"),
        ("result = time.localtime().tm_year, time.gmtime(0).tm_year", "(2023, 1970)"),
        ("result = datetime.datetime.now()", "2023-11-14 22:13:20.250000"),
        ("result = dt.now(datetime.timezone.utc)", "2023-11-14 22:13:20.250000+00:00"),
        ("result = dt.utcnow()", "2023-11-14 22:13:20.250000"),
        ("result = dt.today()", "2023-11-14 22:13:20.250000"),
        ("result = date.today()", "2023-11-14"),
        ("import pandas\nresult = pandas.Timestamp.now()", "2023-11-14 22:13:20.250000"),
        ("import pandas\nresult = pandas.Timestamp.today()", "2023-11-14 22:13:20.250000"),
        ("import pandas\nresult = pandas.Timestamp.now('UTC').year", "2023"),
        ("stand_at(0.0)\nresult = dt.now()", "1970-01-01 00:00:00"),
    ],
)
@pytest.mark.parametrize("before", ["", "import pandas"])
def test_every_clock_shows_the_time_it_stands_at(code: str, result: str, before: str) -> None:
    assert _run(code, before) == result


@pytest.mark.parametrize(
    "code",
    [
        "result = type(dt.now()) is dt",
        "result = pickle.loads(pickle.dumps(dt.now())) == dt.now()",
        "result = isinstance(date.today(), date) and not isinstance(date.today(), dt)",
        "class Mine(dt): pass\nresult = type(Mine.now()) is Mine",
        "a = time.perf_counter()\ntime.sleep(0.01)\nresult = time.perf_counter() - a >= 0.01",
        "a = time.monotonic()\ntime.sleep(0.01)\nresult = time.monotonic() - a >= 0.01",
    ],
)
def test_objects_are_real_and_what_measures_goes_on(code: str) -> None:
    assert _run(code) == "True"
