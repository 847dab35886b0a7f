"""Executing whole notebooks: tracked without the notebook saying so, and what goes wrong is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mm_jupyter.api import runs
from mm_jupyter.api.notebooks import read_notebook, run_notebook
from mm_jupyter.errors import BadNotebook
from mm_jupyter.workspace import Workspace


def _write(*cells: Any, name: str = "work.ipynb", **metadata: Any) -> Path:
    made = [
        new_code_cell(cell)
        if isinstance(cell, str)
        else new_code_cell(cell[0], metadata={"tags": [cell[1]]})
        for cell in cells
    ]
    path = Path(name)
    nbformat.write(new_notebook(cells=made, metadata=metadata), path)
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "there is no such file"),
        ("", "it is no notebook"),
        ("{", "it is no notebook"),
        ("[1, 2]", "it is no notebook"),
        ('{"a": 1}', "it is no notebook"),
        (json.dumps(new_notebook()), "it holds no code"),
        (json.dumps(new_notebook(cells=[new_markdown_cell("# hi")])), "it holds no code"),
        (json.dumps(new_notebook(cells=[new_code_cell(" \n")])), "it holds no code"),
    ],
)
def test_what_is_no_notebook_is_one_sentence(space: Workspace, text: str | None, says: str) -> None:
    if text is not None:
        Path("bad.ipynb").write_text(text)
    with pytest.raises(BadNotebook, match=f"bad.ipynb: {says}") as caught:
        run_notebook("bad.ipynb", workspace=space)
    assert "\n" not in str(caught.value)
    assert runs.find(workspace=space) == []


def test_a_folder_and_bytes_are_no_notebooks(space: Workspace) -> None:
    Path("folder.ipynb").mkdir()
    Path("bytes.ipynb").write_bytes(b"\xff\xfe\0")
    for name in ("folder.ipynb", "bytes.ipynb"):
        with pytest.raises(BadNotebook, match="it cannot be read"):
            read_notebook(Path(name))


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"kernelspec": {"name": "nosuch", "display_name": "x"}}, "'nosuch' is not installed here"),
        (
            {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}},
            "its kernel speaks R, and only Python is tracked",
        ),
        ({"language_info": {"name": "julia"}}, "its kernel speaks julia"),
    ],
)
def test_a_kernel_that_cannot_serve_is_said(
    space: Workspace, metadata: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadNotebook, match=says):
        run_notebook(_write("x = 1", **metadata), workspace=space)


def test_a_notebook_is_a_run_and_its_tracked_cells_are_runs_within(space: Workspace) -> None:
    path = _write(
        ("alpha = 0.5\nname = 'x'", "parameters"),
        "total = sum([1.0])",
        "%%track inner\nscore = alpha * 4",
        "total = sum([1.0, 1.0])\nprint('end')",
    )
    before = path.read_bytes()
    told: list[tuple[int, int]] = []
    report = run_notebook(
        path,
        parameters={"alpha": 0.25},
        output="out.ipynb",
        progress=lambda done, of: told.append((done, of)),
        workspace=space,
    )
    assert report.failed is None
    assert report.notebook == "work.ipynb"
    book, inner = report.runs
    assert (str(book.ref), book.kind, book.status) == ("work/1", "notebook", "completed")
    assert (book.param("alpha"), book.param("name")) == (0.25, "x")
    assert book.metrics == {"total": 2.0, "score": 1.0}
    assert (str(inner.ref), inner.kind, str(inner.within)) == ("inner/1", "cell", "work/1")
    assert (inner.metrics, inner.param("alpha")) == ({"score": 1.0}, 0.25)
    assert inner.notebook == "work.ipynb"
    assert path.read_bytes() == before
    assert told[-1] == (5, 5)  # papermill's own cell counts
    written = nbformat.read("out.ipynb", as_version=4)
    assert written.cells[-1].outputs[0].text == "end\n"
    assert [str(row.ref) for row in runs.find("kind == 'notebook'", workspace=space)] == ["work/1"]


def test_a_cell_that_raises_stops_the_notebook_and_its_runs_are_kept(space: Workspace) -> None:
    path = _write(
        ("1 / 0", "raises-exception"),
        "%%track good\nacc = sum([1.0])",
        "%%track bad\nso_far = sum([2.0])\nraise ValueError('no')",
        "never = 1",
    )
    report = run_notebook(path, workspace=space)
    assert report.failed is not None
    assert (report.failed.name, report.failed.message) == ("ValueError", "no")
    found = {str(row.ref): (row.status, row.metrics) for row in report.runs}
    assert found == {
        "work/1": ("failed", {"acc": 1.0, "so_far": 2.0}),
        "good/1": ("completed", {"acc": 1.0}),
        "bad/1": ("failed", {"so_far": 2.0}),
    }


def test_a_kernel_that_is_killed_leaves_crashed_runs(space: Workspace) -> None:
    path = _write(
        "%%track good\nacc = sum([1.0])", "%%track dead\nimport os\nos.kill(os.getpid(), 9)"
    )
    report = run_notebook(path, workspace=space)
    assert report.failed is not None
    assert report.failed.name == "KernelDied"
    assert {str(row.ref): row.status for row in report.runs} == {
        "work/1": "crashed", "good/1": "completed", "dead/1": "crashed",
    }  # fmt: skip
