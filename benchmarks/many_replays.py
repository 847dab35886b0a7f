"""Many replays: a Dask cluster whose workers are killed, and one local process against two.

    python benchmarks/many_replays.py [--runs 1000] [--kill 20] [--throughput 40] [--write]

Sessions of 50 tracked cells each are recorded. All runs are then replayed on a scheduler and two workers of this
machine, each a process; every ``--kill`` seconds one worker, in turn, is killed with signal 9 and another started.
Counted are the runs that ended with one verdict, with none and with several. Then ``--throughput`` runs, with a cell of
about half a second of CPU each, are replayed one at a time and two at a time, in a store of their own, twice in turn.
``--write`` puts the figures into docs/sweeps-measured.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)

from mm_jupyter.api.replays import ReplayProgress, replay, resolve  # noqa: E402
from mm_jupyter.workspace import Workspace, find  # noqa: E402

EACH = 50
BUSY = "total = sum(i * i for i in range(6_000_000))\n"
SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
shell.run_cell("%load_ext mm_jupyter")
first, count, busy = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
shell.run_cell("import random\\nbase = random.random()")
for n in range(first, first + count):
    shell.run_cell(f"%%track many\\n{busy}result = base * {n}", store_history=True)
"""


def record(folder: Path, runs: int, busy: str = "") -> Workspace:
    """So many runs, in sessions of ``EACH``."""
    for first in range(0, runs, EACH):
        words = [str(first), str(min(EACH, runs - first)), busy]
        made = [sys.executable, "-c", SHELL, *words]
        subprocess.run(made, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        print(f"\rrecorded {min(first + EACH, runs)} of {runs}", end="", file=sys.stderr)
    print(file=sys.stderr)
    space = find(folder)
    assert space is not None
    return space


class Cluster:
    """A scheduler and two workers, of which one is killed every so many seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.killed = 0
        self._over = threading.Event()
        self._scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"
        )
        assert self._scheduler.stdout is not None
        said = ""
        while not (found := re.search(r"tcp://(127\.0\.0\.1:\d+)", said)):
            said = self._scheduler.stdout.readline()
        self.address = found[1]
        threading.Thread(target=self._scheduler.stdout.read, daemon=True).start()
        self._workers = [self._worker(), self._worker()]

    def _start(self, *words: str) -> subprocess.Popen[str]:
        out = subprocess.PIPE if words[0] == "scheduler" else subprocess.DEVNULL
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words], cwd=self._folder, stdout=out,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def _worker(self) -> subprocess.Popen[str]:
        return self._start(
            "worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard"
        )

    def kill_every(self, seconds: float) -> None:
        while not self._over.wait(seconds):
            at = self.killed % len(self._workers)
            self._end(self._workers[at])
            self.killed += 1
            self._workers[at] = self._worker()

    def _end(self, child: subprocess.Popen[str]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def close(self) -> None:
        self._over.set()
        for child in (*self._workers, self._scheduler):
            self._end(child)


@contextmanager
def cluster(folder: Path, kill: float) -> Iterator[Cluster]:
    made = Cluster(folder)
    killer = threading.Thread(target=made.kill_every, args=(kill,))
    killer.start()
    try:
        yield made
    finally:
        made.close()
        killer.join()


def counting(total: int) -> object:
    done = 0

    def tell(progress: ReplayProgress) -> None:
        nonlocal done
        if progress.verdict is not None:
            done += 1
            print(f"\r{done} of {total}", end="", file=sys.stderr)

    return tell


def on_a_cluster(runs: int, kill: float) -> str:
    with tempfile.TemporaryDirectory(prefix="mm-many-") as name:
        space = record(Path(name), runs)
        names = resolve([], every=True, workspace=space)
        with cluster(Path(name), kill) as made:
            started = time.monotonic()
            replay(names, on=f"dask://{made.address}", progress=counting(runs), workspace=space)  # type: ignore[arg-type]
            seconds = time.monotonic() - started
            killed = made.killed
        print(file=sys.stderr)
        verdicts = [space.store.verdicts(row.ref) for row in space.store.runs()]
        counts = Counter(len(one) for one in verdicts)
        kinds = Counter(one.verdict for some in verdicts for one in some)
        tries = Counter(job.tries for job in space.store.jobs())
        space.store.close()
    said = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    return (
        f"- {runs:,} replays on a Dask cluster of two workers, one killed every {kill:g} s ({killed} times): "
        f"{seconds:.0f} s. Runs with exactly one verdict: {counts[1]:,}; with none: {counts[0]}; with several: "
        f"{sum(number for many, number in counts.items() if many > 1)}. Verdicts: {said}. "
        f"Jobs taken once: {tries[1]:,}."
    )


def one_and_two(runs: int) -> str:
    with tempfile.TemporaryDirectory(prefix="mm-many-") as name:
        space = record(Path(name), runs, BUSY)
        names = resolve([], every=True, workspace=space)
        took: dict[int, list[float]] = {1: [], 2: []}
        for jobs in (1, 2, 1, 2):
            started = time.monotonic()
            replay(names, jobs=jobs, workspace=space)
            took[jobs].append(time.monotonic() - started)
            print(f"{jobs} at a time: {took[jobs][-1]:.1f} s", file=sys.stderr)
        space.store.close()
    one, two = (statistics.mean(took[jobs]) for jobs in (1, 2))
    return (
        f"- {runs} replays of a cell of about 0.5 CPU s: {one:.1f} s one at a time, {two:.1f} s two at a time "
        f"(means of two): {one / two:.2f} times the throughput."
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--kill", type=float, default=20.0, metavar="SECONDS")
    parser.add_argument("--throughput", type=int, default=40, metavar="RUNS")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    lines = [one_and_two(given.throughput)] if given.throughput else []
    lines += [on_a_cluster(given.runs, given.kill)] if given.runs else []
    print("\n".join(lines))
    if given.write:
        head = (
            "# Many replays, measured\n\n"
            f"Made by `python benchmarks/many_replays.py --runs {given.runs} --kill {given.kill:g} "
            f"--throughput {given.throughput} --write` on {os.cpu_count()} cores, {platform.system()}, "
            f"Python {platform.python_version()}, load {load:.1f} at the start.\n\n"
        )
        (ROOT / "docs" / "sweeps-measured.md").write_text(head + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
