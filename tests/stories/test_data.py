"""The versions of a run's files are listed, and what changed in them is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mm_jupyter.api import data as api
from mm_jupyter.cards import data_diff_view, data_view
from mm_jupyter.cli import run_command
from mm_jupyter.cli.terminal import TerminalScreen
from mm_jupyter.errors import BadInput, NoSuchRun

CELL = (
    "%%track churn\nimport csv\nrows = list(csv.DictReader(open('customers.csv')))\n"
    "mean = sum(float(row['age']) for row in rows) / len(rows)\nopen('mean.txt', 'w').write(str(mean))"
)
OLD = "id,age\n1,20\n2,30\n3,40\n"
NEW = "id,age,plan\n1,20,a\n2,31,b\n3,40,a\n4,50,b\n"


@pytest.fixture
def runs(kernel, project: Path) -> Path:
    """churn/1 and churn/2 read the same version, churn/3 another; the file has changed since."""
    path = project / "customers.csv"
    path.write_text(OLD)
    kernel.ok("note = open('customers.csv').readline()")
    kernel.ok(CELL)
    kernel.ok(CELL)
    path.write_text(NEW)
    kernel.ok(CELL)
    path.write_text(OLD)
    return project


def _mm(*words: str) -> int:
    return run_command(list(words), TerminalScreen())


def test_versions_say_who_read_them_and_who_else_has_them(runs: Path) -> None:
    found = api.data("churn/2")
    source, made = found.versions
    assert (source.path, source.role, source.kept) == ("customers.csv", "input", True)
    assert source.digest is not None
    assert source.size == len(OLD)
    assert [str(ref) for ref in source.same_in] == ["churn/1"]
    assert (made.path, made.role) == ("mean.txt", "output")
    text = data_view(found).text
    assert "customers.csv" in text
    assert "same in churn/1" in text


def test_a_table_that_changed_is_told_in_rows_and_columns(runs: Path) -> None:
    (change,) = api.data_diff("churn/1", "churn/3").files
    assert change.table is not None
    assert change.table.rows == (3, 4)
    assert (change.table.added, change.table.removed) == (2, 1)
    text = data_diff_view(api.data_diff("churn/1", "churn/3")).text
    assert "3 -> 4 rows: 2 added, 1 removed; columns +plan" in text
    assert "<svg" in data_diff_view(api.data_diff("churn/1", "churn/3")).html


def test_what_is_the_same_is_counted(runs: Path) -> None:
    diff = api.data_diff("churn/1", "churn/2")
    assert [one.differs for one in diff.files] == [False]
    assert "0 files changed, 1 the same" in data_diff_view(diff).text


def test_a_run_is_compared_with_the_files_of_now(runs: Path) -> None:
    assert not api.data_diff("churn/1").files[0].differs
    assert api.data_diff("churn/3").files[0].table is not None
    (runs / "customers.csv").unlink()
    (change,) = api.data_diff("churn/3").files
    assert (change.new, change.said) == (None, "it is gone")


def test_names_from_users_are_no_markup(kernel, project: Path) -> None:
    name = "<em>&.csv"
    for text in ("<i>x</i>,y\n1,2\n", "<i>x</i>,y\n1,<script>\n"):
        (project / name).write_text(text)
        kernel.ok(f"%%track odd\nn = len(open({name!r}).read()) + 0.5")
    html = data_diff_view(api.data_diff("odd/1", "odd/2")).html + data_view(api.data("odd/1")).html
    assert "<em>" not in html
    assert "<i>" not in html
    assert "<script>" not in html


def test_bad_input_is_said(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoSuchRun):
        api.data("churn/9")
    with pytest.raises(BadInput, match=r"no input called 'x\.csv'; it has customers\.csv"):
        api.data_diff("churn/1", "churn/3", path="x.csv")
    assert _mm("data", "churn/1", "churn/2") == 64
    assert "mm data diff A B" in capsys.readouterr().err
    assert _mm("data", "diff", "churn/1", "customers.csv", "other.csv") == 64
    assert "is no run" in capsys.readouterr().err


def test_the_command_line_answers_with_json(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _mm("data", "churn/1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["path"] == "customers.csv"
    assert _mm("data", "diff", "churn/1", "churn/3", "customers.csv", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"][0]["table"]["rows"] == [3, 4]
