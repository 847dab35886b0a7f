"""sweep, jobs, resume, cancel: in a terminal and as JSON."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mm_jupyter.api import sweeps


@pytest.fixture
def notebook(empty: Path) -> Path:
    first = new_code_cell("depth = 3", metadata={"tags": ["parameters"]})
    cells = [first, new_code_cell("assert depth != 4, 'no four'\nloss = 1 / depth")]
    nbformat.write(new_notebook(cells=cells), empty / "n.ipynb")
    return empty / "n.ipynb"


def test_a_sweep_is_shown_best_first_and_a_failed_point_is_its_status(mm, notebook: Path) -> None:
    said = mm("sweep", "n.ipynb", "-p", "depth", "2,4,8", "--best", "loss")
    assert said.status == 2
    lines = said.out.splitlines()
    assert "n.ipynb, 3 points: 2 done, 1 failed" in lines[0]
    assert lines[2].split()[:3] == ["n/3", "8", "0.125"] or lines[2].endswith("best")
    assert "failed: AssertionError: no four" in said.out
    listed = mm("jobs", "--json").json
    assert [(one["kind"], one["done"], one["failed"]) for one in listed] == [("sweep", 2, 1)]
    whole = mm("jobs", listed[0]["batch"], "--json").json
    assert [point["parameters"] for point in whole["points"]] == [{"depth": n} for n in (2, 4, 8)]
    assert whole["best"] == next(p["run"] for p in whole["points"] if p["parameters"]["depth"] == 8)
    assert listed[0]["batch"] in mm("jobs").out


def test_interrupted_resumed_and_cancelled(
    mm, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sweeps._run

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeps, "_run", interrupted)
    said = mm("sweep", "n.ipynb", "-p", "depth", "2,8", "--jobs", "1")
    assert said.status == 130
    assert "2 jobs are left: 'mm resume sweep-" in said.err
    monkeypatch.setattr(sweeps, "_run", run)
    said = mm("resume", "--json")
    assert (said.status, said.json["done"]) == (0, 2)
    assert mm("resume").status == 64
    batch = said.json["batch"]
    assert mm("cancel", batch).out == f"Nothing of {batch} was left.\n"


def test_replays_since_and_by_sample_are_jobs_too(mm, notebook: Path) -> None:
    mm("sweep", "n.ipynb", "-p", "depth", "2,8")
    said = mm("replay", "--since", "1d", "--sample", "0.5", "--json")
    assert (said.status, len(said.json)) == (0, 1)
    assert mm("jobs", "--json").json[0]["kind"] == "replay"
    (job,) = mm("jobs", mm("jobs", "--json").json[0]["batch"], "--json").json
    assert (job["state"], job["verdict"]) == ("done", "identical")
    assert "identical" in mm("jobs", job["batch"]).out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sweep", "none.ipynb", "-p", "a", "1"), "no such file"),
        (("sweep", "n.ipynb"), "goes through parameters"),
        (("sweep", "n.ipynb", "-p", "a", "1", "-p", "a", "2"), "Each -p names another"),
        (("sweep", "n.ipynb", "-p", "a", "1", "--min", "--max"), "exclude each other"),
        (("sweep", "n.ipynb", "-p", "a", "0.0:1"), "give a step (0:1:STEP)"),
        (("sweep", "n.ipynb", "-p", "a", "1", "--on", "mars"), "'processes' or 'dask://HOST:PORT'"),
        (("sweep", "n.ipynb", "--from", "none.csv"), "no file none.csv"),
        (("replay", "--all", "--sample", "2"), "--sample"),
    ],
)
def test_a_bad_word_gets_a_sentence(mm, notebook: Path, words: tuple[str, ...], says: str) -> None:
    said = mm(*words)
    assert said.status == 64
    assert says in said.err
    assert "Traceback" not in said.err


def test_a_batch_that_is_not_there(mm, store: Path) -> None:
    assert '  started > "-soon"' in mm("replay", "--since", "soon").err
    for command in ("jobs", "resume", "cancel"):
        said = mm(command, "replay-000000")
        assert said.status == 64
        assert "'mm jobs' lists them" in said.err
    assert "Nothing was asked for yet" in mm("jobs").out
