"""A notebook that was never tracked is judged by its saved outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import mm_jupyter as mm
from mm_jupyter.errors import BadInput, BadNotebook, CannotRebuild
from mm_jupyter.records import NotebookJudgement

Judge = Callable[..., NotebookJudgement]


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Saves cells as a front end does, executed in the order of ``order`` (places, from 0)."""

    def save(*cells: str, order: Sequence[int] | None = None) -> Path:
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
        client = NotebookClient(made, kernel_name="python3", allow_errors=True)
        with client.setup_kernel(cwd=str(tmp_path)):
            for place in range(len(cells)) if order is None else order:
                client.execute_cell(made.cells[place], place, store_history=True)
        path = tmp_path / "saved.ipynb"
        nbformat.write(made, path)
        return path

    return save


def verdicts(judged: NotebookJudgement) -> list[str]:
    return [cell.verdict for cell in judged.cells]


def test_outputs_that_come_again_are_identical_and_nothing_is_touched(saved, tmp_path) -> None:
    (tmp_path / "data.csv").write_text("a\n1\n2\n")
    path = saved(
        "import pandas as pd",
        "frame = pd.read_csv('data.csv')\nframe",
        "print('a'); print('b')\nframe.to_csv('out.csv')",
        "1 / 0",
    )
    (tmp_path / "out.csv").unlink()
    before = path.read_bytes()
    judged = mm.verify_notebook(path)
    assert judged.verdict == "identical", judged.said
    assert verdicts(judged) == ["unverifiable", "identical", "identical", "identical"]
    assert (judged.replays, judged.causes) == (1, ())
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["data.csv", "saved.ipynb"]


def test_another_input_diverges_and_says_where(saved, tmp_path) -> None:
    (tmp_path / "data.csv").write_text("a\n1\n2\n")
    path = saved("import pandas as pd", "pd.read_csv('data.csv').a.sum()", "'the same'")
    (tmp_path / "data.csv").write_text("a\n1\n3\n")
    judged = mm.verify_notebook(path)
    assert verdicts(judged) == ["unverifiable", "diverged", "identical"]
    assert (judged.verdict, judged.replays) == ("diverged", 2)
    assert judged.said.startswith("1 of 2 cells came out otherwise, first [2]")


def test_chance_is_unstable_and_the_clock_is_not_compared(saved) -> None:
    path = saved(
        "import random, time\nrandom.random()", "print(time.time())", "list({'a', 'b', 'cd'})"
    )
    judged = mm.verify_notebook(path)
    assert verdicts(judged)[:2] == ["unstable", "unverifiable"]
    assert judged.cells[2].verdict in ("identical", "unstable", "diverged")  # as the hashes fall
    assert "clock" in judged.cells[1].said
    assert judged.verdict == "unstable" or judged.cells[2].verdict == "diverged"


def test_cells_run_out_of_order_are_the_cause_and_a_replay_in_that_order_shows_it(saved) -> None:
    judged = mm.verify_notebook(saved("x = 1", "print(x)", "x = 2", order=(0, 2, 1)))
    assert (judged.verdict, judged.replays) == ("diverged", 3)
    (cause, *rest) = judged.causes
    assert (cause.factor, cause.recorded, cause.confirmed) == ("order of", "[1] [3] [2]", True)
    assert rest == []


def test_cells_that_are_gone_are_suspected(saved) -> None:
    path = saved("x = 2", "print(x)")
    notebook = nbformat.read(path, 4)
    notebook.cells[0].source = "x = 1"
    for cell, count in zip(notebook.cells, (4, 7), strict=True):
        cell.execution_count = count
    nbformat.write(notebook, path)
    causes = mm.verify_notebook(path).causes
    assert [(one.factor, one.recorded, one.confirmed) for one in causes] == [
        ("state of", "4 executions", None)
    ]


def test_one_that_raises_now_fails_and_the_cells_after_it_are_not_reached(saved) -> None:
    path = saved("value = 1\nprint(value)", "value + 1")
    notebook = nbformat.read(path, 4)
    notebook.cells[0].source = "value = none"
    nbformat.write(notebook, path)
    judged = mm.verify_notebook(path)
    assert verdicts(judged) == ["failed", "failed"]
    assert "NameError" in judged.said
    assert judged.cells[1].said == "The replay did not reach it."


def test_what_cannot_be_compared_is_unverifiable(saved) -> None:
    path = saved("1 + 1")
    notebook = nbformat.read(path, 4)
    notebook.cells[0].update(execution_count=None, outputs=[])
    nbformat.write(notebook, path)
    judged = mm.verify_notebook(path)
    assert judged.verdict == "unverifiable"
    assert "without having run" in judged.said
    assert "shows anything" in mm.verify_notebook(saved("x = 1")).said


def test_one_that_hangs_or_dies_is_stopped_with_a_reason(saved) -> None:
    path = saved("import os", "print(1)")
    notebook = nbformat.read(path, 4)
    for source, why in (("import time; time.sleep(60)", "2 s"), ("os._exit(3)", "died")):
        notebook.cells[1].source = source
        nbformat.write(notebook, path)
        judged = mm.verify_notebook(path, timeout=2)
        assert judged.verdict == "failed"
        assert why in judged.said


def test_our_own_cards_and_the_store_are_no_result(saved, tmp_path, monkeypatch) -> None:
    path = saved("%load_ext mm_jupyter", "%%track tried\nvalue = 3\nvalue")
    store = sorted((tmp_path / ".mm").rglob("*.db"))
    sizes = [one.stat().st_size for one in store]
    monkeypatch.setenv("MM_STORE", str(tmp_path / ".mm"))
    judged = mm.verify_notebook(path)
    assert judged.verdict == "identical", judged
    assert [one.stat().st_size for one in store] == sizes


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"environment": "recorded"}, BadInput, "no recorded environment"),
        ({"environment": "/no/such/python"}, CannotRebuild, "no interpreter"),
        ({"allow": ["everything"]}, BadInput, "--allow takes"),
    ],
)
def test_bad_words_get_a_sentence(saved, asked, error, says) -> None:
    with pytest.raises(error, match=says):
        mm.verify_notebook(saved("1"), **asked)


def test_what_is_no_notebook_gets_a_sentence(tmp_path) -> None:
    (tmp_path / "bad.ipynb").write_text("{}")
    with pytest.raises(BadNotebook, match="no notebook"):
        mm.verify_notebook(tmp_path / "bad.ipynb")


def test_noise_rules_of_the_project_and_of_a_cell_count(saved, tmp_path) -> None:
    path = saved("print('run 12')", "print('took 1')")
    notebook = nbformat.read(path, 4)
    notebook.cells[0].source, notebook.cells[1].source = "print('run 13')", "print('took 2')"
    nbformat.write(notebook, path)
    assert verdicts(mm.verify_notebook(path)) == ["diverged", "diverged"]
    (tmp_path / "pyproject.toml").write_text('[tool.mm_jupyter.noise]\nrun = "run [0-9]+"\n')
    notebook.cells[1].metadata["mm_jupyter"] = {"noise": {"took": "took [0-9]+"}}
    nbformat.write(notebook, path)
    assert verdicts(mm.verify_notebook(path)) == ["equivalent", "equivalent"]
