"""Several replays at a time say what one after another says, and stop together."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mm_jupyter.api import replays
from mm_jupyter.errors import CannotReplay, StoreDamaged
from mm_jupyter.records import BlobDigest, RunRef
from mm_jupyter.replaying import several
from mm_jupyter.replaying.record import Record
from mm_jupyter.workspace import Workspace, find

Cells = Callable[..., str]

# A replay is told apart from its record by a file that only the record finds.
HERE = "import os, time\nreplayed = not os.path.exists('record.flag')\n"
DRAW = "%%track draw\nimport random\nx = random.random()"


@pytest.fixture
def recorded(session: Cells) -> Cells:
    """Runs cells that see that they are recorded."""
    Path("record.flag").touch()
    return session


@pytest.fixture
def space() -> Iterator[Callable[[], Workspace]]:
    opened: list[Workspace] = []

    def open_() -> Workspace:
        found = find(Path.cwd())
        assert found is not None
        opened.append(found)
        return found

    yield open_
    for one in opened:
        one.store.close()


def test_the_verdicts_are_those_of_one_after_another_in_the_order_asked(
    recorded: Cells, space: Callable[[], Workspace]
) -> None:
    recorded(
        DRAW,
        f"%%track other\n{HERE}y = 2.5 + replayed",
        f"%%track raises\n{HERE}z = 1.5\nif replayed: raise ValueError('no such thing')",
    )
    names = ["raises/1", "draw/1", "other/1"]
    opened = space()
    told: dict[int, list[tuple[object, ...]]] = {}
    for jobs in (1, 3):
        before = list(warnings.filters)
        found = replays.replay(names, jobs=jobs, workspace=opened)
        assert [str(one.run) for one in found] == names
        told[jobs] = [
            (one.verdict, one.slice, one.executions, one.replays, one.not_compared,
             [(item.kind, item.name, item.verdict) for item in one.items])
            for one in found
        ]  # fmt: skip
        kept = [replays.verdicts(name, workspace=opened)[-1] for name in names]
        assert kept == found
    assert told[1] == told[3]
    assert [verdict for verdict, *_ in told[3]] == ["failed", "identical", "diverged"]
    assert warnings.filters == before


def test_progress_is_told_in_the_callers_thread_and_ends_with_each_verdict(
    session: Cells, space: Callable[[], Workspace]
) -> None:
    session("%%track a\nx = 1.5", "%%track b\ny = 2.5")
    told: list[tuple[str, object]] = []

    def progress(at: replays.ReplayProgress) -> None:
        assert threading.current_thread() is threading.main_thread()
        told.append((str(at.run), at.verdict))

    replays.replay(["a/1", "b/1"], jobs=2, progress=progress, workspace=space())
    for name in ("a/1", "b/1"):
        own = [verdict for run, verdict in told if run == name]
        assert own[-1] == "identical"
        assert len(own) > 1
        assert set(own[:-1]) == {None}


def test_it_works_inside_a_running_event_loop(
    session: Cells, space: Callable[[], Workspace]
) -> None:
    session("%%track a\nx = 1.5", "%%track b\ny = 2.5")

    async def within() -> list[str]:
        opened = space()
        return [one.verdict for one in replays.replay(["a/1", "b/1"], jobs=2, workspace=opened)]

    assert asyncio.run(within()) == ["identical", "identical"]


def _damaged(_: BlobDigest) -> bytes:
    raise StoreDamaged("The blob", "it is gone")


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_that_raises_does_not_lose_the_others(
    session: Cells,
    space: Callable[[], Workspace],
    monkeypatch: pytest.MonkeyPatch,
    jobs: int,
) -> None:
    session(DRAW, "%%track a\nx = 1.5", "%%track b\ny = 2.5")
    read = replays.record_of

    def broken(opened: Workspace, ref: RunRef) -> Record:
        record = read(opened, ref)
        return replace(record, read=_damaged) if ref.experiment == "draw" else record

    monkeypatch.setattr(replays, "record_of", broken)
    opened = space()
    with pytest.raises(StoreDamaged, match="it is gone"):
        replays.replay(["draw/1", "a/1", "b/1"], jobs=jobs, workspace=opened)
    verdicts = [replays.verdicts(name, workspace=opened) for name in ("draw/1", "a/1", "b/1")]
    assert [[one.verdict for one in some] for some in verdicts] == [
        [], ["identical"], ["identical"],
    ]  # fmt: skip


def test_what_cannot_be_replayed_is_said_before_anything_runs(
    session: Cells, space: Callable[[], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    session("%%track a\nx = 1.5", "%%track b\ny = 2.5")
    read = replays.record_of

    def empty(opened: Workspace, ref: RunRef) -> Record:
        record = read(opened, ref)
        return replace(record, executions=()) if ref.experiment == "b" else record

    monkeypatch.setattr(replays, "record_of", empty)
    opened = space()
    with pytest.raises(CannotReplay, match="b/1"):
        replays.replay(["a/1", "b/1"], workspace=opened)
    assert replays.verdicts("a/1", workspace=opened) == []


def test_a_progress_that_raises_stops_all(recorded: Cells, space: Callable[[], Workspace]) -> None:
    recorded(f"%%track slow\n{HERE}time.sleep(600 * replayed)\nx = 1.5", "%%track b\ny = 2.5")

    def progress(_: object) -> None:
        raise ZeroDivisionError

    opened = space()
    with pytest.raises(ZeroDivisionError):
        replays.replay(["slow/1", "b/1"], jobs=2, progress=progress, workspace=opened)
    assert not [one for one in threading.enumerate() if one.name == "mm_jupyter replay"]


def test_one_that_dies_beside_others_is_replayed_again_alone(
    recorded: Cells, space: Callable[[], Workspace], tmp_path: Path
) -> None:
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    recorded(
        f"%%track dies\n{HERE}folder = {str(deaths)!r}\n"
        "if replayed and len(os.listdir(folder)) < 2:\n"
        "    open(f'{folder}/{os.getpid()}', 'w').close()\n"
        "    os.kill(os.getpid(), 9)\ndel replayed\nx = 1.5",
        "%%track b\ny = 2.5",
    )
    found = replays.replay(["dies/1", "b/1"], jobs=2, allow=[str(deaths)], workspace=space())
    assert [one.verdict for one in found] == ["identical", "identical"]
    assert len(list(deaths.iterdir())) == 2


PROGRAM = """
import asyncio
from mm_jupyter.api import replays
async def within():
    replays.replay(["quick/1", "other/1", "slow/1", "late/1"], jobs=2)
try:
    asyncio.run(within()) if {loop} else within().send(None)  # what it awaits is nothing
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("loop", [False, True])
def test_ctrl_c_stops_every_kernel_and_keeps_what_had_ended(
    recorded: Cells, space: Callable[[], Workspace], tmp_path: Path, loop: bool
) -> None:
    waits = (  # where processes were started, a replay has all files of the project, the flag too
        "import os, subprocess, time\nreplayed = 'REPLAYED' in os.environ\n"
        "child = subprocess.Popen(['sleep', '600' if replayed else '0'])\n"
        "open('pids', 'w').write(f'{os.getpid()} {child.pid} .')\n"
        "time.sleep(600 * replayed)\nx = 1.5"
    )
    recorded(
        "%%track quick\ny = 2.5", "%%track other\ny = 2.5",
        f"%%track slow\n{waits}", f"%%track late\n{waits}",
    )  # fmt: skip
    scratch = tmp_path / "t"
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(loop=loop)],
        env={**os.environ, "TMPDIR": str(scratch), "REPLAYED": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        pids: list[str] = []
        deadline = time.monotonic() + 60
        while len(pids) < 6 and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()
            files = [path.read_text() for path in scratch.glob(f"mm-*{Path.cwd()}/pids")]
            pids = [word for text in files if text.endswith(".") for word in text.split()]
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (out, err) == ("interrupted\n", "")
    assert len(pids) == 6
    assert [pid for pid in pids if pid != "." and _runs(pid)] == []
    assert list(scratch.glob("mm*")) == []
    opened = space()
    assert [one.verdict for one in replays.verdicts("quick/1", workspace=opened)] == ["identical"]
    assert replays.verdicts("slow/1", workspace=opened) == []
    assert replays.verdicts("late/1", workspace=opened) == []


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("runs", "cpus", "free", "jobs"),
    [(10, 2, None, 2), (1, 2, None, 1), (10, 8, 3 << 30, 3), (10, 8, 1 << 20, 1), (0, 2, None, 1)],
)
def test_by_default_there_are_as_many_as_cpus_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, runs: int, cpus: int, free: int | None, jobs: int
) -> None:
    monkeypatch.setattr(several, "_cpus", lambda: cpus)
    monkeypatch.setattr(several, "_free_memory", lambda: free)
    assert several.usual_jobs(runs) == jobs
