"""verify: notebooks judged by their saved outputs, in a terminal and in CI."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient


def save(path: Path, *cells: str) -> None:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    NotebookClient(made, kernel_name="python3").execute()
    path.parent.mkdir(exist_ok=True)
    nbformat.write(made, path)


def edit(path: Path, place: int, source: str) -> None:
    notebook = nbformat.read(path, 4)
    notebook.cells[place].source = source
    nbformat.write(notebook, path)


def test_notebooks_of_a_folder_are_judged_and_written_for_ci(mm, empty: Path) -> None:
    save(empty / "eda" / "a.ipynb", "x = 1", "x + 1")
    save(empty / "eda" / "b.ipynb", "print('<&\\x1b[0m>')", "2")
    edit(empty / "eda" / "b.ipynb", 1, "3")
    (empty / "eda" / ".ipynb_checkpoints").mkdir()
    save(empty / "eda" / ".ipynb_checkpoints" / "a.ipynb", "1")
    said = mm("verify", "eda", "--junit", "report.xml")
    assert said.status == 1
    assert "eda/a.ipynb  = identical: 1 cell gave what was saved." in said.out
    assert "eda/b.ipynb  != diverged: 1 of 2 cells came out otherwise, first [2]" in said.out
    suites = ET.parse(empty / "report.xml").getroot().findall("testsuite")
    counted = [
        [one.get(key) for key in ("tests", "failures", "errors", "skipped")] for one in suites
    ]
    assert counted == [["2", "0", "0", "1"], ["2", "1", "0", "0"]]
    assert suites[1].findall("testcase")[1].find("failure").get("type") == "diverged"


def test_json_holds_every_cell(mm, empty: Path) -> None:
    save(empty / "a.ipynb", "x = 1", "x")
    said = mm("verify", "a.ipynb", "--json")
    assert said.status == 0
    (judged,) = said.json
    assert (judged["notebook"], judged["verdict"]) == ("a.ipynb", "identical")
    assert [cell["verdict"] for cell in judged["cells"]] == ["unverifiable", "identical"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("verify",), "Missing argument"),
        (("verify", "none.ipynb"), "no such file"),
        (("verify", "."), "no notebook in"),
        (("verify", "a.ipynb", "--junit", "none/report.xml"), "cannot be written"),
    ],
)
def test_wrong_words_get_a_sentence(mm, empty: Path, words: tuple[str, ...], says: str) -> None:
    if "a.ipynb" in words:
        save(empty / "a.ipynb", "1")
    said = mm(*words)
    assert said.status == 64
    assert says in said.err
    assert "Traceback" not in said.err
