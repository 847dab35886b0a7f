"""One subject at one work: ``python harness.py ADAPTER WORK`` does a round for each line that it reads.

Each round answers with one line of JSON: figures by name. Runs in the subject's own environment, and so imports nothing
beyond the standard library by itself.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PARAMS = {f"param_{number}": number * 0.5 for number in range(10)}
METRICS = {f"metric_{number}": number * 0.25 for number in range(5)}
POINTS = 100_000
PROCESSES = 8
RUNS_EACH = 50
ARRAY = 50_000_000
KEPT = 20
RUNS = 10_000
PATIENCE = 20.0
"""Seconds after which no more runs are made for W3; the table says how many there were."""
LEAST = 97
"""Runs made for W3 in any case; metric_1, 0.25 + number % 97, is above 50 in 47 of them."""
SETTLED = 200
"""Runs whose bytes are counted: of few runs they would be the first pages of a database."""
CELLS = 5
TRIVIAL = "x = sum([1, 2])"
Figures = dict[str, float]


def disk(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def cpu_of(pid: int) -> float:
    """CPU seconds of a process that runs, threads that ended included (Linux: its CPU clock)."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def descendants(pid: int) -> list[int]:
    """Processes below one."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, todo = [], [pid]
    while todo:
        below = parents.get(todo.pop(), [])
        found += below
        todo += below
    return found


def below() -> float:
    """CPU seconds of the processes below this one, those that ended included."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    alive = sum(cpu_of(pid) for pid in descendants(os.getpid()))
    return ended.ru_utime + ended.ru_stime + alive


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds, of this process and of those below it, and wall seconds of some work."""
    others = below()
    mine, start = time.process_time(), time.perf_counter()
    work()
    wall, used = time.perf_counter() - start, time.process_time() - mine
    return used + below() - others, wall


def settled() -> int:
    """Bytes of all files here, the write-ahead logs of SQLite written back."""
    for log in Path().rglob("*-wal"):
        with contextlib.closing(sqlite3.connect(str(log)[: -len("-wal")], timeout=60)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return disk(Path())


def readable(it: Any) -> None:
    """What a subject needs before it can read what was written, if anything; it is not measured."""
    if hasattr(it, "index"):
        it.index()


def w1(it: Any) -> Iterator[Figures]:
    """One run: 10 params, 5 metrics, 1 tag."""
    it.start()
    it.run(0)
    begin = settled()
    for number in range(1, SETTLED + 1):
        it.run(number)
    size = (settled() - begin) / SETTLED
    while True:
        number += 1
        used, wall = spent(lambda: it.run(number))  # noqa: B023 - called at once
        yield {"CPU ms": used * 1e3, "ms": wall * 1e3, "bytes": size}


def w2(it: Any) -> Iterator[Figures]:
    """100,000 points of a noisy curve."""
    dice = random.Random(1)
    values = [1 / (1 + step / 1000) + dice.gauss(0, 0.01) for step in range(POINTS)]
    it.start()
    while True:
        before = settled()
        used, wall = spent(lambda: it.points(values))
        size = (settled() - before) / POINTS
        figures = {"points/s": POINTS / wall, "CPU s": used, "bytes/point": size}
        if hasattr(it, "read_points"):
            readable(it)
            start = time.perf_counter()
            count = it.read_points()
            figures["read s"] = time.perf_counter() - start
            assert count == POINTS, count
        yield figures


def w3(it: Any) -> Iterator[Figures]:
    """Newest 50, a filter and its top 20, the whole table in pandas, of up to 10,000 runs."""
    it.start()
    begin, made = time.monotonic(), 0
    while made < LEAST or (made < RUNS and time.monotonic() - begin < PATIENCE):
        it.run(made)
        made += 1
    readable(it)
    it.newest()
    it.frame()  # the import of pandas is not what is measured
    while True:
        _, newest = spent(it.newest)
        _, top = spent(it.top)
        _, frame = spent(it.frame)
        yield {
            "newest ms": newest * 1e3,
            "top ms": top * 1e3,
            "pandas ms": frame * 1e3,
            "runs": made,
        }


def w4(it: Any) -> Iterator[Figures]:
    """8 processes of 50 runs each into one store.

    A process that died, be it before its first run, is counted, and what it did not write is lost.
    """
    it.start()
    it.run(0)
    while True:
        command = [sys.executable, __file__, it.__name__, "worker"]
        workers = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]
        for one in workers:
            assert one.stdout is not None
            one.stdout.readline()  # imports, opening and a first run are not what is measured
        before = it.count()
        start = time.perf_counter()
        for one in workers:
            assert one.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it died before: its exit code says so
                one.stdin.write("\n")
                one.stdin.close()
        died = sum(one.wait() != 0 for one in workers)
        wall = time.perf_counter() - start
        lost = before + PROCESSES * RUNS_EACH - it.count()
        yield {"s": wall, "lost": lost, "died": died}


def worker(it: Any) -> Iterator[Figures]:
    """One of the processes of W4."""
    it.start()
    it.run(0)
    yield {}
    for number in range(RUNS_EACH):
        it.run(number)


def w5(it: Any) -> Iterator[Figures]:
    """The import, in a process of its own."""
    code = "\n".join(
        [
            "import time",
            "def rss():",
            "    with open('/proc/self/statm') as file:",
            f"        return int(file.read().split()[1]) * {resource.getpagesize()} / 1e6",
            "b, r = time.process_time(), rss()",
            it.IMPORT,
            "print(time.process_time() - b, rss() - r)",
        ]
    )
    while True:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        seconds, memory = done.stdout.split()[-2:]
        yield {"CPU s": float(seconds), "MB": float(memory)}


def w6(it: Any) -> Iterator[Figures]:
    """A 50 MB array kept 20 times, a hundredth of it changed before each."""
    import numpy as np

    it.start()
    dice = np.random.default_rng(1)
    while True:
        array = dice.random(ARRAY // 8)
        before, walls = settled(), []
        for number in range(KEPT):
            begin = (number * 7919 * 1000) % (len(array) - len(array) // 100)
            array[begin : begin + len(array) // 100] += 1
            walls.append(spent(lambda: it.keep(array))[1])  # noqa: B023 - called at once
        Path("array.npy").unlink(missing_ok=True)  # what an adapter kept it from
        yield {"MB": (settled() - before) / 1e6, "s each": sum(walls) / KEPT}


def w8(it: Any) -> Iterator[Figures]:
    """A tracked trivial cell in a kernel, against the same cell plain."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    pid = manager.provisioner.pid

    def run(source: str) -> None:
        reply = client.execute_interactive(source, output_hook=lambda _: None, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"]

    def cost(source: str) -> tuple[float, float]:
        def all_cpu() -> float:
            return cpu_of(pid) + sum(cpu_of(one) for one in descendants(pid))

        before, start = all_cpu(), time.perf_counter()
        for _ in range(CELLS):
            run(source)
        wall = (time.perf_counter() - start) / CELLS
        return (all_cpu() - before) / CELLS * 1e3, wall * 1e3

    try:
        run(it.PREPARE)
        run(it.CELL)
        while True:
            plain, tracked = cost(TRIVIAL), cost(it.CELL)
            yield {"CPU ms more": tracked[0] - plain[0], "ms more": tracked[1] - plain[1]}
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def w7(it: Any) -> Iterator[Figures]:
    """Ten notebooks of ten trivial cells re-executed."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    paths = []
    for number in range(10):
        cells = [new_code_cell(f"x{cell} = {cell} + {number}\nx{cell}") for cell in range(10)]
        paths.append(Path(f"notebook{number}.ipynb"))
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), paths[-1])
    it.prepare_notebooks(paths)
    while True:
        used, wall = spent(it.execute_notebooks)
        yield {"s": wall, "CPU s": used}


WORKS = {"W1": w1, "W2": w2, "W3": w3, "W4": w4, "W5": w5, "W6": w6, "W7": w7, "W8": w8, "worker": worker}  # fmt: skip


def main() -> None:
    """Answer until nothing more is asked."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what subjects print is no answer
    adapter, work = sys.argv[1:3]
    rounds = WORKS[work](importlib.import_module(adapter))
    if work == "worker":
        next(rounds)
        answers.write("ready\n")
    for _ in sys.stdin:
        figures = next(rounds, None)
        if figures is None:
            break
        answers.write(json.dumps(figures) + "\n")
    rounds.close()


if __name__ == "__main__":
    main()
