"""Whatever a recipe does to its replay, the verdict says it in a sentence, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mm_jupyter.api import replays
from mm_jupyter.errors import NoSuchRun
from mm_jupyter.records import Judgement

# A replay is told apart from its record by a file that only the record finds.
HERE = "import os\nreplayed = not os.path.exists('record.flag')\n"


def replay(name: str, **options: object) -> Judgement:
    (judgement,) = replays.replay([name], **options)
    return judgement


@pytest.fixture
def recorded(kernel, project: Path):
    """A kernel whose cells see that they are recorded."""
    (project / "record.flag").touch()
    return kernel


ENDS = {
    "endless": ("while replayed: pass", "stopped after 4 s"),
    "exit": ("import os\nif replayed: os._exit(3)", "exit status 3"),
    "killed": ("import signal\nif replayed: os.kill(os.getpid(), 9)", "signal 9"),
    "segfault": ("import ctypes\nif replayed: ctypes.string_at(0)", "signal 11"),
    "system_exit": ("import sys\nif replayed: sys.exit(4)", "SystemExit"),
    "recursion": ("def f(): return f()\nif replayed: f()", "RecursionError"),
    "memory": ("if replayed: x = bytes(10**15)", "MemoryError"),
    "raises": ("if replayed: raise ValueError('no such file')", "no such file"),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_replay_that_does_not_end_well_says_how(recorded, name: str) -> None:
    cell, says = ENDS[name]
    recorded.ok(f"%%track {name}\n{HERE}{cell}\ny = 1.5")
    judgement = replay(f"{name}/1", timeout=4 if name == "endless" else 60)
    assert judgement.verdict in ("failed", "diverged"), judgement
    assert says in judgement.said


KEEPS_ON = {
    "shadowed": "print = None\nopen = 1\nlist = dict = len = isinstance = 3",
    "threads": "import threading, sys\nt = threading.Thread(target=sys.exit)\nt.start()\nt.join()\ndel t",
    "flood": "for i in range(20_000): print('x' * 100)",
    "wide": "print('x' * 3_000_000)",
    "emptied": "import sys\nsys.modules.pop('json', None)",
    "hooks": "import sys\nsys.excepthook = sys.displayhook = None\nsys.settrace(lambda *a: None)",
    "closed": "import sys, os\nos.close(os.dup(1))",
}


@pytest.mark.parametrize("name", KEEPS_ON)
def test_what_a_cell_does_to_its_kernel_replays(kernel, name: str) -> None:
    kernel.ok(f"%%track {name}\n{KEEPS_ON[name]}\ny = 1.5", timeout=120)
    judgement = replay(f"{name}/1")
    assert judgement.verdict == "identical", judgement


def test_a_session_of_many_cells_gives_a_short_recipe(kernel) -> None:
    kernel.ok("total = 0")
    for number in range(300):
        kernel.run(f"unrelated_{number % 7} = {number}")
    kernel.ok("total += 2")
    kernel.ok("%%track many\nx = total + 0.5")
    judgement = replay("many/1")
    assert (judgement.verdict, judgement.executions, judgement.of) == ("identical", 3, 304)


def test_of_several_names_none_is_replayed_where_one_is_unknown(kernel) -> None:
    kernel.ok("%%track known\nx = 1.5")
    with pytest.raises(NoSuchRun, match="known/9"):
        replays.replay(["known/1", "known/9"])
    assert replays.verdicts("known/1") == []


def test_ctrl_c_leaves_nothing_behind(kernel, project: Path, tmp_path: Path) -> None:
    kernel.ok("%%track slow\nimport time\ntime.sleep(3)\nx = 1.5")
    scratch = tmp_path / "t"
    scratch.mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    mm = subprocess.Popen(
        ["mm", "replay", "slow/1"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PATH": path, "TMPDIR": str(scratch)},
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not any(scratch.glob("mm-*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.5)
    mm.send_signal(signal.SIGINT)
    _, said = mm.communicate(timeout=30)
    assert mm.returncode == 130, said
    assert b"Traceback" not in said
    assert replays.verdicts("slow/1") == []
    assert list(scratch.glob("mm*")) == []


def test_a_run_that_looks_into_the_store_itself_cannot_be_verified(kernel) -> None:
    kernel.ok("%%track first\nscore = 1 / 2")
    kernel.ok(
        "import mm_jupyter as mm\nscores = [row.metrics['score'] for row in mm.runs('experiment == \"first\"')]"
    )
    kernel.ok("%%track second\nbest = max(scores)")
    judgement = replay("second/1")
    assert judgement.verdict == "unverifiable"
    assert "looks into the store of mm_jupyter itself" in judgement.said
    assert [one.kind for one in judgement.not_compared] == ["store"]


def test_an_error_that_only_speaks_of_a_store_is_a_failure(recorded) -> None:
    recorded.ok(f"{HERE}if replayed: raise ValueError('it said NoWorkspace: none')\nx = 1 / 2")
    recorded.ok("%%track speaks\ny = x * 3")
    assert replay("speaks/1").verdict == "failed"
