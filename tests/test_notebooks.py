"""The tour is true: each notebook runs tracked, gives the runs that its text promises, and replays identically."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

NAMES = ("compare_five", "failed_experiment", "quickstart")
MM = str(Path(sys.executable).with_name("mm"))


def mm(*words: str, folder: Path) -> Any:
    """What ``mm WORDS --json`` prints; its exit status must be 0."""
    done = subprocess.run(
        [MM, *words, "--json"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=NAMES)
def toured(
    request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, dict[str, dict[str, Any]]]:
    """A notebook executed in a folder of its own: its name, the folder, its tracked cells' runs by name."""
    name = str(request.param)
    folder = tmp_path_factory.mktemp(name)
    (folder / ".mm").mkdir()
    shutil.copy(checkout / "notebooks" / f"{name}.ipynb", folder)
    runs = mm("run", f"{name}.ipynb", folder=folder)["runs"]
    return name, folder, {run["run"]: run for run in runs if run["kind"] == "cell"}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_committed_is_clean(checkout: Path, name: str) -> None:
    notebook = nbformat.read(
        checkout / "notebooks" / f"{name}.ipynb", as_version=nbformat.NO_CONVERT
    )
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert [cell.id for cell in notebook.cells if not cell.id.replace("-", "").isalnum()] == []


def test_no_notebook_is_left_out(checkout: Path) -> None:
    assert sorted(path.stem for path in (checkout / "notebooks").glob("*.ipynb")) == list(NAMES)


def test_a_notebook_gives_the_runs_that_it_tells_of(
    toured: tuple[str, Path, dict[str, dict[str, Any]]],
) -> None:
    name, _, runs = toured
    statuses = {run: facts["status"] for run, facts in runs.items()}
    accuracy = {
        run: facts["metrics"]["accuracy"]
        for run, facts in runs.items()
        if "accuracy" in facts["metrics"]
    }
    match name:
        case "quickstart":
            assert statuses == dict.fromkeys((f"cancer/{n}" for n in (1, 2, 3, 4)), "completed")
            assert 200 in runs["cancer/3"]["params"].values()
            assert all(0.9 < value < 1 for value in accuracy.values())
            assert runs["cancer/4"]["metrics"].keys() == {"malignant_missed"}
        case "compare_five":
            assert statuses == dict.fromkeys((f"digits/{n}" for n in range(1, 6)), "completed")
            assert max(accuracy, key=lambda run: accuracy[run]) == "digits/4"
        case "failed_experiment":
            assert statuses == {"penguins/1": "failed", "penguins/2": "completed"}
            assert accuracy.keys() == {"penguins/2"}


def test_every_run_of_a_notebook_replays_identically(
    toured: tuple[str, Path, dict[str, dict[str, Any]]],
) -> None:
    _, folder, runs = toured
    verdicts = {judged["run"]: judged for judged in mm("replay", *runs, folder=folder)}
    assert {run: judged["verdict"] for run, judged in verdicts.items()} == dict.fromkeys(
        runs, "identical"
    )
    assert all(judged["items"] for judged in verdicts.values())
