"""Where two replays of an unstable run part, and what feeds it."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

import mm_jupyter as mm
from mm_jupyter.records import Cause, Judgement
from mm_jupyter.replaying.first_difference import FACTOR
from tests.browser.lab import execute, notebook


def ran(project: Path, *cells: str) -> None:
    nbformat.write(notebook("%load_ext mm_jupyter", *cells), project / "n.ipynb")
    execute(project / "n.ipynb", {**os.environ, "PYTHONHASHSEED": "0"})


def place(judged: Judgement) -> Cause:
    (found,) = [one for one in judged.causes if one.factor == FACTOR]
    assert found.confirmed
    return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MM_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_name_and_its_generator_are_named(project: Path) -> None:
    ran(
        project,
        "import random\nbase = [1, 2, 3]",
        "noise = [random.random() for _ in base]\nlength = len(noise)",
        "%%track drawn\nscore = sum(noise) * 2",
    )
    (judged,) = mm.replay("drawn/1", restore=False)
    assert judged.verdict == "unstable"
    found = place(judged)
    assert found.name.startswith("noise, in execution 3: noise = [random.random()")
    assert found.current == "it drew from random, which nobody had seeded"


def test_a_race_of_threads_is_named_by_its_code(project: Path) -> None:
    race = (
        "import threading, time, os\norder = []\n"
        "def work(n):\n"
        "    time.sleep(int.from_bytes(open('/dev/urandom', 'rb').read(1), 'big') / 2000)\n"
        "    order.append(n)\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]\n"
        "for t in threads: t.start()\nfor t in threads: t.join()\n"
    )
    ran(
        project,
        race + "del threads",
        "%%track raced\nscore = float(''.join(map(str, order)))",
    )
    (judged,) = mm.replay("raced/1")
    assert judged.verdict == "unstable"
    found = place(judged)
    assert found.name.startswith("order, in execution 2")
    assert "threads" in str(found.current)


def test_what_only_the_last_cell_shows_is_named_by_its_item(project: Path) -> None:
    cell = (
        "%%track shown\ny = x + 1.0\nprint('drawn', open('/dev/urandom', 'rb').read(3).hex()[:6])"
    )
    ran(project, "x = 1", cell)
    (judged,) = mm.replay("shown/1")
    assert judged.verdict == "unstable"
    assert place(judged).name.startswith("output stdout, in execution 3")


def test_an_explanation_names_it_behind_the_cause(project: Path) -> None:
    ran(project, "%%track drawn\nimport random\nscore = random.random() * 2")
    judged = mm.explain("drawn/1").judgement
    assert [one.factor for one in judged.causes if one.confirmed] == ["random state", FACTOR]
