"""Bad input and faults: the cell works as without us, and one clear sentence says what happened."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mm_jupyter.api import care, replays, runs

MM = str(Path(sys.executable).with_name("mm"))
IMPATIENT = (
    "from mm_jupyter.store import Store\nStore.open.__func__.__kwdefaults__['patience'] = 0.5"
)
"""A locked store is waited for, for longer than a test should take."""


def test_a_locked_store_is_one_sentence_and_the_cell_works(
    kernels: Callable[..., object], project: Path
) -> None:
    kernel = kernels()
    kernel.ok(IMPATIENT)
    kernel.ok("%load_ext mm_jupyter")
    kernel.ok("%%track churn\nx = sum([1])")
    with closing(sqlite3.connect(project / ".mm" / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        first = kernel.ok("%%track churn\nx = 41 + 1\nx")
        again = kernel.ok("%%track churn\nx = 42 + 1\nx")
        other.execute("ROLLBACK")
    assert first.text.count("mm_jupyter:") == 1
    assert "was locked by another process" in first.text
    assert first.text.endswith("42")
    assert again.text == "43"
    assert kernel.ok("%%track churn\nx = sum([2])").cards
    assert runs.get("churn/2").row.metrics == {"x": 2.0}
    assert not care.fsck()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Whoever we are: permissions bind everybody but root, whom only a mount binds."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    bind = ["mount", "--bind", str(folder), str(folder)]
    if subprocess.run(bind, capture_output=True, check=False).returncode != 0:
        pytest.skip("root may not mount here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_store_on_a_read_only_disk_is_one_sentence_and_can_be_read(
    kernels: Callable[..., object], project: Path
) -> None:
    first = kernels()
    first.ok("%load_ext mm_jupyter")
    first.ok("%%track churn\nx = sum([1])")
    first.close()
    with read_only(project / ".mm"):
        kernel = kernels()
        loaded = kernel.ok("%load_ext mm_jupyter").text
        cell = kernel.ok("%%track churn\nx = 41 + 1\nx")
        assert runs.get("churn/1").row.metrics == {"x": 1.0}
        assert not care.fsck()
        kernel.close()
    assert loaded.count("mm_jupyter:") == 1
    assert "read-only" in loaded
    assert cell.text == "42"
    assert [str(row.ref) for row in runs.find()] == ["churn/1"]


def test_numbers_that_are_none_replay(kernel) -> None:
    kernel.ok(
        "%%track odd\na = float('nan') * 1\nb = 1e308 * 10\nbig = 10**400 + 0\n"
        "table = [a, b, -0.0]\nprint(a, b, -0.0)"
    )
    metrics = runs.get("odd/1").row.metrics
    assert math.isnan(metrics["a"])
    assert metrics["b"] == math.inf
    (judgement,) = replays.replay(["odd/1"])
    assert judgement.verdict == "identical", judgement


def test_a_value_that_cannot_be_pickled_is_named(kernel) -> None:
    cell = kernel.ok(
        "%%track odd --model thing\nimport threading\nthing = {'lock': threading.Lock()}\n1 + 1"
    )
    assert cell.text == "2"
    (note,) = [note for note in runs.get("odd/1").not_kept if note.kind == "model"]
    assert note.name == "thing"
    assert "lock" in note.why


def test_a_value_is_not_asked_anything(kernel) -> None:
    kernel.ok(
        "asked = []\n"
        "class Hostile:\n"
        "    def __getattr__(self, name): asked.append(name); raise RuntimeError(name)\n"
        "    def __repr__(self): asked.append('repr'); raise RuntimeError('no repr')\n"
        "    def __eq__(self, other): asked.append('eq'); raise RuntimeError('no eq')\n"
        "    def __reduce_ex__(self, protocol): asked.append('reduce'); raise RuntimeError('no')\n"
        "    __hash__ = None\n"
    )
    kernel.ok("%%track odd\na = Hostile()\nb = [Hostile() for _ in range(3)]\n")
    assert kernel.value("asked") == []
    assert runs.get("odd/1").row.status == "completed"


def test_a_namespace_that_is_emptied_tracks_on(kernel) -> None:
    kernel.ok("x = sum([1])")
    kernel.ok("%%track odd\nglobals().clear()")
    kernel.ok("%%track odd\nx = sum([2])")
    assert runs.get("odd/2").row.metrics == {"x": 2.0}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_cell_that_forks_is_one_run(kernel) -> None:
    kernel.ok(
        "%%track odd\nimport os\npid = os.fork()\nif pid == 0: os._exit(3)\nos.waitpid(pid, 0)"
    )
    kernel.ok("%%track odd\nx = sum([2])")
    assert [(str(row.ref), row.status) for row in runs.find(sort="version")] == [
        ("odd/1", "completed"),
        ("odd/2", "completed"),
    ]


def test_markup_in_notes_values_and_errors_stays_text(kernel) -> None:
    markup = "<script>alert(1)</script>"
    cell = kernel.run(
        f"%%track odd -t stage={markup} --note '{markup}'\nname = '{markup}'\nraise ValueError(name)"
    )
    assert "ValueError" in cell.text
    for card in (cell.cards[0], kernel.ok("%mm show odd/1").outputs[0]["data"]):
        assert "<script" not in card["text/html"]
        assert "&lt;script" in card["text/html"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("show chrun/1", "Did you mean churn/1?"),
        ("show churn/7", "Did you mean churn/1?"),
        ("show churn", "write EXPERIMENT/VERSION"),
        ("diff churn/1 churn/2", "Did you mean churn/1?"),
        ("best chrun x --max", "churn"),
        ("replay", "Which runs?"),
        ("runs 'metrics.x >'", "^"),
        ("tag churn/1 stage", "KEY=VALUE"),
        ("shwo churn/1", "show"),
    ],
)
def test_a_wrong_command_is_one_sentence(kernel, line: str, says: str) -> None:
    kernel.ok("%%track churn\nx = sum([1])")
    cell = kernel.run(f"%mm {line}")
    assert says in cell.text
    assert "Traceback" not in cell.text
    assert len(cell.text) < 300


def test_a_script_that_is_in_no_file_is_unverifiable(project: Path) -> None:
    text = "import mm_jupyter as mm\nwith mm.track('quick') as run: run.log_metrics({'a': 1})"
    subprocess.run([sys.executable, "-c", text], check=True)
    (judgement,) = replays.replay(["quick/1"])
    assert judgement.verdict == "unverifiable"
    assert "source was not kept" in judgement.said


def test_a_run_that_ends_while_the_store_is_locked_is_kept_when_it_is_free(
    kernels: Callable[..., object], project: Path
) -> None:
    kernel = kernels()
    kernel.ok(IMPATIENT)
    kernel.ok("%load_ext mm_jupyter")
    kernel.ok("import sqlite3")
    cell = kernel.ok(
        "%%track churn\n"
        "other = sqlite3.connect('.mm/store.db', isolation_level=None)\n"
        "_ = other.execute('BEGIN IMMEDIATE')\nx = sum([7])"
    )
    assert cell.text.count("mm_jupyter:") == 1
    assert "not kept yet" in cell.text
    kernel.ok("_ = other.execute('ROLLBACK'); other.close()")
    kernel.close()
    run = runs.get("churn/1")
    assert run.row.status == "completed"
    assert run.row.metrics == {"x": 7.0}


def test_a_kernel_keeps_its_store_while_cells_and_other_processes_open_it_too(
    kernel, project: Path
) -> None:
    for number in range(3):
        kernel.ok(f"%%track churn\nx = sum([{number}])")
        assert kernel.run("%mm runs").status == "ok"
        subprocess.run([MM, "gc"], check=True, cwd=project, capture_output=True)
        subprocess.run([MM, "tag", "churn/1", f"round={number}"], check=True, cwd=project)
    cell = kernel.ok("%%track churn\nx = sum([9])")
    assert "mm_jupyter:" not in cell.text
    assert runs.get("churn/4").row.metrics == {"x": 9.0}
    assert care.fsck() == []
