"""Runs of scripts: the script's own code runs as without us, and its runs replay."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mm_jupyter import track
from mm_jupyter.api import replays, runs
from mm_jupyter.api import tracking as by_hand
from mm_jupyter.errors import BadInput, BadName
from mm_jupyter.workspace import Workspace, open_or_create

LOOP = """\
import mm_jupyter as mm

for depth in (1, 2, 3):
    with mm.track("sweep", tags={"by": "script"}) as run:
        run.log_params(depth=depth)
        for step in range(3):
            mm.log(loss=1 / (depth + step))
        run.log_metrics(score=depth * 1.5)
print("the end")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MM_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def space(folder: Path) -> Iterator[Workspace]:
    with closing((opened := open_or_create(folder)).store):
        yield opened


def _script(source: str, *, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    Path("sweep.py").write_text(source)
    return subprocess.run(
        [sys.executable, "sweep.py"], capture_output=True, text=True, timeout=120, check=False
    )


def test_a_loop_of_blocks_in_a_script_is_a_run_each_and_they_replay(space: Workspace) -> None:
    done = _script(LOOP)
    assert (done.returncode, done.stdout, done.stderr) == (0, "the end\n", "")
    rows = runs.find(sort="started", workspace=space)
    assert [str(row.ref) for row in rows] == ["sweep/1", "sweep/2", "sweep/3"]
    assert rows[0].started < rows[1].started < rows[2].started
    last = [1 / (depth + 2) for depth in (1, 2, 3)]
    assert [row.metrics for row in rows] == [
        {"score": depth * 1.5, "loss": loss} for depth, loss in enumerate(last, 1)
    ]
    run = runs.get("sweep/2", workspace=space)
    assert (run.row.kind, run.row.status, run.block) == ("script", "completed", 1)
    assert (run.row.param("depth"), run.row.tags) == (2, {"by": "script"})
    assert runs.series("sweep/2", "loss", workspace=space).values == (1 / 2, 1 / 3, 1 / 4)
    assert run.source == LOOP
    (execution,) = runs.executions("sweep/2", workspace=space)
    assert (execution.status, execution.source) == ("ok", LOOP)
    (judgement,) = replays.replay("sweep/2", workspace=space)
    assert judgement.verdict == "identical", judgement
    assert {"param", "metric", "series"} <= {item.kind for item in judgement.items}


def test_what_a_script_raises_is_its_own(space: Workspace) -> None:
    done = _script(
        "import mm_jupyter as mm\nwith mm.track('a') as run:\n    run.log_metrics(x=1)\n    1 / 0\n"
    )
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    run = runs.get("a/1", workspace=space)
    assert (run.row.status, run.row.metrics) == ("failed", {"x": 1.0})
    (execution,) = runs.executions("a/1", workspace=space)
    assert execution.status == "raised"


def test_where_no_store_can_be_made_the_script_runs_and_one_sentence_says_why(
    folder: Path,
) -> None:
    (folder / ".mm").mkdir()
    (folder / ".mm" / "store.db").mkdir()  # no database can be opened there
    done = _script(LOOP)
    assert (done.returncode, done.stdout) == (0, "the end\n")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("mm_jupyter: This script is not being recorded: ")


def test_a_bad_name_is_refused_at_once() -> None:
    with pytest.raises(BadName):
        track("a/b")


def test_logging_where_no_run_is_open_is_refused() -> None:
    for verb in (
        lambda: by_hand.log(loss=1.0),
        lambda: by_hand.set_tag("a", "b"),
        lambda: by_hand.log_artifact(b"x", "x"),
        lambda: by_hand.log_model({}),
        lambda: by_hand.log_figure(None),
    ):
        with pytest.raises(BadInput, match="No run is open"):
            verb()
