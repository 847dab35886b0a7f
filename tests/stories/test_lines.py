"""Lines that are no Python: each is part of its cell, and replays as the table in docs/replay.md says."""

from __future__ import annotations

from pathlib import Path

import pytest

from mm_jupyter.api import recipes, replays
from mm_jupyter.records import Judgement


def replay(name: str) -> Judgement:
    (judgement,) = replays.replay([name])
    return judgement


# name -> the cells before the tracked one (with a "-" those that its recipe does without), and the tracked one
LINES: dict[str, tuple[list[str], str]] = {
    "shell": (["!echo 2.5 > n.txt"], "x = float(open('n.txt').read())"),
    "assigned_shell": (["lines = !echo 1.5"], "x = float(lines[0])"),
    "bash": (["%%bash\necho 3.5 > b.txt"], "x = float(open('b.txt').read())"),
    "bash_output": (["%%bash --out text\necho 4.5"], "x = float(text)"),
    "run": (["%run script.py"], "x = made * 2"),
    "time_cell": (["%%time\na = 1.25"], "x = a * 2"),
    "time_line": (["%time b = 1.75"], "x = b * 2"),
    "timeit": (["-%timeit -n1 -r1 sum(range(10))", "c = 2"], "x = c + 0.5"),
    "capture": (["%%capture shown\nprint('7.5')\nd = 1"], "x = float(shown.stdout) + d"),
    "env_line": (["%env RATE=0.5"], "import os\nx = float(os.environ['RATE'])"),
    "set_env": (["%set_env PLACE=here"], "import os\nx = len(os.environ['PLACE']) + 0.5"),
    "cd": (["%cd -q sub"], "x = float(open('in.txt').read())"),
    "matplotlib": (["-%matplotlib inline"], "x = 1.5"),
    "load_ext": (["%load_ext autoreload"], "x = 2.5"),
    "who": (["e = 3", "-%who"], "x = e + 0.5"),
    "writefile": (["%%writefile w.txt\n6.5"], "x = float(open('w.txt').read())"),
    "precision": (["%precision 3"], "x = 2.5\nx / 3"),
    "pip": (["-%pip --version"], "x = 4.75"),
    "help": (["-print?"], "x = 4.25"),
    "under_time": ([], "%%time\nf = 8.5\nf"),
    "under_capture": ([], "%%capture hidden\nprint('no')\ng = 9.5"),
    "line_in_cell": ([], "%time h = sum(range(10)) / 4\ni = !echo 2\nh, i[0]"),
}


@pytest.fixture
def project(project: Path) -> Path:
    (project / "script.py").write_text("made = 1.5\n")
    (project / "sub").mkdir()
    (project / "sub" / "in.txt").write_text("5.5")
    return project


def test_every_line_replays_with_its_treatment(kernel, project: Path) -> None:
    for name, (before, cell) in LINES.items():
        for source in before:
            kernel.ok(source.removeprefix("-"))
        kernel.ok(f"%%track {name}\n{cell}")
        kernel.ok(f"%cd -q {project}")
    wrong = []
    for name, (before, _) in LINES.items():
        judgement = replay(f"{name}/1")
        sources = {step.source for step in recipes.recipe(f"{name}/1").steps}
        needed = {source for source in before if source[0] != "-"}
        needless = {source[1:] for source in before if source[0] == "-"}
        if judgement.verdict != "identical" or needed - sources or needless & sources:
            wrong.append((name, judgement.verdict, judgement.said, sources))
    assert not wrong


def test_track_under_another_magic_is_said_and_nothing_runs(kernel) -> None:
    cell = kernel.run("%%time\n%%track nested\nx = 3.5")
    assert "%%track must be the first line of its cell" in cell.text
