"""run, recipe and replay with real notebooks in real kernels."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mm_jupyter.api.replays import ReplayProgress
from mm_jupyter.cli.replaying import parameter, teller
from mm_jupyter.records import RunRef

START = [sys.executable, "-c", "from mm_jupyter.cli import main; main()"]


def write(path: Path, *sources: str) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), str(path))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("True", True),
        ("False", False),
        ("None", None),
        ("200", 200),
        ("0.1", 0.1),
        ("1e-5", 1e-5),
        ("true", "true"),
        ("data/2026.csv", "data/2026.csv"),
        ("", ""),
    ],
)
def test_a_parameter_is_read_as_papermill_reads_it(text: str, value: object) -> None:
    assert parameter(text) == value
    assert type(parameter(text)) is type(value)


def test_a_notebook_is_run_shown_as_a_recipe_and_replayed(mm, empty: Path) -> None:
    write(
        empty / "churn.ipynb",
        "depth = 1",
        "import random\nnoise = random.random()",
        "unused = 3",
        "%%track churn\naccuracy = depth / 10 + noise",
    )
    ran = mm("run", "churn.ipynb", "-p", "depth", "4", "-o", "done.ipynb", "--json")
    assert ran.status == 0
    assert ran.json.keys() == {"session", "notebook", "runs"}
    kinds = {run["kind"]: run for run in ran.json["runs"]}
    assert kinds.keys() == {"notebook", "cell"}
    assert kinds["notebook"]["params"]["depth"] == 4
    assert (empty / "done.ipynb").exists()
    cell = kinds["cell"]["run"]

    recipe = mm("recipe", cell, "-o", "recipe.ipynb", "--json").json
    assert recipe["run"] == cell
    assert recipe["executions"] == len(recipe["cells"]) < recipe["of"] + 1
    assert "unused = 3" not in "".join(recipe["cells"])
    assert nbformat.read(str(empty / "recipe.ipynb"), as_version=4).cells

    replayed = mm("replay", cell, "--json")
    assert replayed.status == 0
    (judged,) = replayed.json
    assert judged["verdict"] == "identical"
    assert judged.keys() == {
        "run",
        "verdict",
        "recipe",
        "items",
        "restored",
        "not_compared",
        "causes",
        "replays",
        "seconds",
        "environment",
    }
    verdict = mm("verdict", cell)
    assert verdict.status == 0
    assert verdict.out.startswith(f"{cell}  = identical")


def test_a_cell_that_raises_stops_the_notebook_and_the_json_is_still_printed(
    mm, empty: Path
) -> None:
    write(empty / "bad.ipynb", "x = 1", "%%track bad\n1 / 0", "%%track bad\nnever = 1.5")
    ran = mm("run", "bad.ipynb", "--json")
    assert ran.status == 2
    assert {run["status"] for run in ran.json["runs"]} == {"failed"}
    assert "ZeroDivisionError" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("name", "text"), [("none.ipynb", None), ("no.ipynb", "no json"), ("list.ipynb", "[]")]
)
def test_a_notebook_that_is_none_is_bad_usage(mm, empty: Path, name: str, text: str | None) -> None:
    if text is not None:
        (empty / name).write_text(text)
    said = mm("run", name, "--json")
    assert said.status == 64
    assert said.json["error"]["code"] == "bad-notebook"


def test_control_c_is_one_sentence_and_status_130(empty: Path) -> None:
    write(
        empty / "slow.ipynb",
        "import time, pathlib",
        "pathlib.Path('started').touch()\ntime.sleep(60)",
    )
    with subprocess.Popen(
        [*START, "run", "slow.ipynb"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (empty / "started").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert err.strip().splitlines()[-1].startswith("Interrupted")


def test_nothing_to_replay_is_bad_usage(mm, store) -> None:
    assert mm("replay").status == 64
    assert mm("replay", "--query", "metrics.accuracy > 5").status == 64
    assert mm("replay", "churn/9").status == 64
    assert json.loads(mm("replay", "--json").out)["error"]["code"]


def test_the_fewest_cells_are_found_and_what_cannot_be_meant_is_said(mm, empty: Path) -> None:
    write(
        empty / "small.ipynb",
        "depth = 1",
        "prices = [3.5, 1.0]",
        "prices[1] = 9.0",
        "prices[1] = 1.0",
        "%%track small\nhighest = max(prices)",
    )
    assert mm("run", "small.ipynb").status == 0
    found = mm("recipe", "small/2", "--minimise", "--json")
    assert found.status == 0, found.err
    assert json.loads(found.out)["cells"] == ["prices = [3.5, 1.0]", "highest = max(prices)"]
    assert mm("recipe", "small/2", "--minimise", "--slice", "whole").status == 64
    assert mm("recipe", "small/2", "--timeout", "5").status == 64
    written = mm("recipe", "small/2", "-o", "small-2.ipynb")
    assert "2 of" in written.out


def test_progress_of_several_runs_names_those_at_work_and_counts_the_verdicts() -> None:
    said: list[tuple[str, int, int]] = []
    tell = teller(lambda *step: said.append(step), ["a/1", "b/1", "c/1", "d/1", "e/1"])
    for name in "abcde":
        tell(ReplayProgress(RunRef(name, 1), "optimistic recipe, 1 of 4 executions", 0, 3))
    assert said[0] == ("a/1 cell 0/3", 0, 5)
    assert said[-1] == ("a/1 cell 0/3, b/1 cell 0/3, c/1 cell 0/3, 2 more", 0, 5)
    tell(ReplayProgress(RunRef("b", 1), "judged", 3, 3, "identical"))
    assert said[-1] == ("a/1 cell 0/3, c/1 cell 0/3, d/1 cell 0/3, 1 more", 1, 5)
    for name in "acde":
        tell(ReplayProgress(RunRef(name, 1), "judged", 3, 3, "diverged"))
    assert said[-1] == ("e/1", 5, 5)


def test_progress_of_one_run_says_its_phase() -> None:
    said: list[tuple[str, int, int]] = []
    tell = teller(lambda *step: said.append(step), ["a/1"])
    tell(ReplayProgress(RunRef("a", 1), "optimistic recipe, 1 of 4 executions", 2, 3))
    tell(ReplayProgress(RunRef("a", 1), "judged", 3, 3, "identical"))
    assert said == [
        ("a/1 optimistic recipe, 1 of 4 executions", 2, 3),
        ("a/1 judged", 3, 3),
    ]
